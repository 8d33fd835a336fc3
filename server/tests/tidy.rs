//! What reviews forget, found by plain search over the files of the repository. Each failure says
//! what to do instead.

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Tracked files (and new ones that are not ignored) with their text.
fn files(wanted: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let output = Command::new("git").args(["ls-files", "--cached", "--others", "--exclude-standard"]).current_dir(root()).output().expect("git lists the files");
    let list = String::from_utf8(output.stdout).expect("paths are UTF-8");
    let text = |path: &str| std::fs::read_to_string(root().join(path)).ok().map(|text| (path.to_owned(), text));
    list.lines().filter(|path| wanted(path)).filter_map(text).collect()
}

fn rust(start: &'static str) -> Vec<(String, String)> {
    files(move |path| path.starts_with(start) && path.ends_with(".rs"))
}

/// A file's text before its tests.
fn product(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text)
}

fn none(found: Vec<String>, instead: &str) {
    assert!(found.is_empty(), "{instead}\n{}", found.join("\n"));
}

/// Lines of `list` that hold one of `words` outside comments.
fn lines_with(list: Vec<(String, String)>, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in list {
        for (number, line) in product(&text).lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if words.iter().any(|word| code.contains(word)) {
                found.push(format!("{path}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    found
}

#[test]
fn pure_crates_stay_pure() {
    let words = ["leptos", "web_sys", "js_sys", "gloo", "tokio", "axum", "sqlx"];
    for start in ["app/twin/src", "app/gitlab/src", "app/joblog/src", "app/fmu/src", "app/compose/src", "app/federation/src", "server/forge/src/ci"] {
        none(lines_with(rust(start), &words), "This crate is pure: move what needs the browser or the server to `app` or `server`.");
    }
}

#[test]
fn only_queries_and_actions_ask_backends() {
    let allowed = ["app/src/queries", "app/src/actions", "app/src/instances.rs", "app/src/session.rs", "app/src/problem.rs", "app/src/browser"];
    let others = rust("app/src").into_iter().filter(|(path, _)| !allowed.iter().any(|start| path.starts_with(start))).collect();
    let words =
        ["gitlab::endpoint", "gitlab::pipelines::Get", "gitlab::pipelines::List", "gitlab::pipelines::C", "gitlab::repository", "gitlab::trace", "gitlab::artifacts", "Transport"];
    none(lines_with(others, &words), "Ask in `queries/` or act in `actions/`; views get what those return.");
}

#[test]
fn one_door_to_the_browser() {
    let others = rust("app/src").into_iter().filter(|(path, _)| !path.starts_with("app/src/browser")).collect();
    none(lines_with(others, &["js_sys", "gloo_net", "web_sys::window"]), "Add a function to `app/src/browser.rs` or a file below it.");
}

#[test]
fn urls_are_written_in_the_route_tables() {
    let allowed = |path: &str| path.ends_with("routes.rs") || path.starts_with("app/src/shell.rs");
    let others = rust("app/src").into_iter().filter(|(path, _)| !allowed(path)).collect();
    none(lines_with(others, &["\"/i/", "\"/auth", "\"/forge", "href=\"/", "\"/api"]), "Write URLs in `app/src/routes.rs`, as a `Route`.");
}

#[test]
fn layers_look_down_only() {
    none(
        lines_with(rust("app/src/ui/"), &["crate::pages", "crate::components", "crate::queries", "crate::actions", "crate::instances", "crate::routes"]),
        "`ui/` knows nothing of ours: give it what it needs as properties.",
    );
    none(lines_with(rust("app/src/components/"), &["crate::pages", "crate::layouts"]), "`components/` know no page.");
    none(lines_with(rust("server/proxy/src"), &["Session", "instance", "username"]), "`proxy` knows no user, no instance and no session.");
}

#[test]
fn rendering_asks_nobody() {
    let pages = files(|path| path == "server/src/pages.rs");
    none(lines_with(pages, &["http.get", "caller_of", "reqwest", "grants"]), "Server rendering makes no request and knows no token.");
}

/// E2 of SECURITY.md: what a page asks of this server is a route of its own, with its own check of who asks.
#[test]
fn there_are_no_server_functions() {
    none(lines_with(rust("app/src"), &["#[server", "server_fn"]), "Add a route to `server/src/routes.rs` that asks `is_asked_by_the_app`.");
}

#[test]
fn html_is_made_in_one_place() {
    let others = rust("app/src").into_iter().filter(|(path, _)| path != "app/src/components/markdown.rs").collect();
    none(lines_with(others, &["inner_html"]), "Show text as text, or go through `components/markdown.rs`.");
}

#[test]
fn states_are_not_compared_as_text() {
    let words = ["== \"success\"", "== \"failed\"", "== \"running\"", "== \"pending\"", "== \"canceled\""];
    let list = rust("app/src").into_iter().chain(rust("app/twin")).collect();
    none(lines_with(list, &words), "Compare with `gitlab::Status`.");
}

#[test]
fn files_are_short_and_say_what_they_are() {
    let list = files(|path| [".rs", ".css", ".js"].iter().any(|end| path.ends_with(end)));
    let long = list.iter().map(|(path, text)| (path, product(text).lines().count())).filter(|(_, lines)| *lines > 400);
    none(long.map(|(path, lines)| format!("{path}: {lines} lines")).collect(), "Split these files: none is over 400 lines.");
    let mute = list.iter().filter(|(path, text)| path.ends_with(".rs") && !text.starts_with("//!") && !text.starts_with("#![doc"));
    none(mute.map(|(path, _)| path.clone()).collect(), "Begin each Rust file with a caption: `//! What it is.`");
    let vague = ["util", "utils", "helpers", "helper", "common", "misc", "types", "models", "services", "manager"];
    let named = list.iter().filter(|(path, _)| Path::new(path).file_stem().is_some_and(|stem| vague.iter().any(|word| stem == *word)));
    none(named.map(|(path, _)| path.clone()).collect(), "Name the file for what it holds.");
    none(files(|path| path.ends_with("/mod.rs")).into_iter().map(|(path, _)| path).collect(), "Use `name.rs` beside `name/`.");
}

#[test]
fn crates_say_what_they_are_for() {
    for name in ["app/twin", "app/gitlab", "app/joblog", "app/fmu", "app/compose", "app/federation", "server/forge", "server/proxy"] {
        let text = std::fs::read_to_string(root().join(name).join("src/lib.rs")).unwrap_or_default();
        assert!(text.contains("include_str!(\"../README.md\")"), "{name}: give the crate a README.md and include it as its documentation");
    }
    let lines = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap_or_default().lines().count();
    assert!((50..=150).contains(&lines), "ARCHITECTURE.md has {lines} lines; it is useful between 50 and 150");
}

#[test]
fn the_top_level_is_as_agreed() {
    let allowed = ["app", "frontend", "server", "style", "public", "end2end"];
    let list = files(|path| path.contains('/') && !path.starts_with('.'));
    let strange = list.into_iter().map(|(path, _)| path).filter(|path| !allowed.contains(&path.split('/').next().unwrap_or_default()));
    none(strange.collect(), "Put this into one of the agreed folders.");
}
