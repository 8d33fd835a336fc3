//! `cargo xtask test` and `cargo xtask ci`.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Result, bail};

use crate::shell::{binary, call, cargo, root, say, server};
use crate::{install, site};

/// Everything the sign-in and library pages load, compressed with brotli.
const ENTRY_BUDGET: u64 = 280_000;
/// What another page, or a part of one that is opened, may load on top.
const PAGE_BUDGET: u64 = 120_000;
/// Files that are loaded together.
struct Together {
    what: &'static str,
    /// Split files.
    names: &'static [&'static str],
    /// Split files that are there already: those of the page on which a part is opened.
    on: &'static [&'static str],
    /// Other files.
    others: &'static [&'static str],
}

const fn together(what: &'static str, names: &'static [&'static str], on: &'static [&'static str], others: &'static [&'static str]) -> Together {
    Together { what, names, on, others }
}

/// A page with the part it shows at once; parts on the page where they are opened, with their
/// library or engine.
const TOGETHER: [Together; 29] = [
    together("the filters of the library", &["part_facets"], &[], &["work.css"]),
    together("counting one's runs", &["part_watch"], &[], &[]),
    together("a twin or asset with its README", &["page_asset", "part_markdown"], &[], &["work.css"]),
    together("the form that starts a twin", &["part_start"], &["page_asset"], &[]),
    together("the history of an asset", &["part_history"], &["page_asset"], &[]),
    together("using an asset", &["part_use"], &["page_asset"], &[]),
    together("what a twin is made of", &["part_made_of"], &["page_asset"], &[]),
    together("a model's card", &["part_model"], &["page_asset", "part_file"], &[]),
    together("a graph, or checks", &["part_checks"], &["page_asset", "part_file"], &[]),
    together("a form of parameters", &["part_yaml"], &["page_edit"], &[]),
    together("a notebook", &["part_notebook"], &["page_asset", "part_file"], &[]),
    together("composing a twin", &["page_compose"], &["part_frame"], &["work.css"]),
    // Without its library, which comes after it: until then a plain field does.
    together("editing", &["page_edit"], &["part_frame"], &["work.css"]),
    together("changes", &["page_changes"], &["part_frame"], &["work.css"]),
    together("a workspace", &["page_workspace"], &["part_frame"], &["work.css", "boards.css"]),
    together("a federated twin", &["page_federated"], &["part_frame"], &["work.css", "boards.css"]),
    together("planning a federated twin", &["part_plan"], &["page_federated"], &[]),
    together("leading a federated run", &["part_lead"], &["page_federated"], &[]),
    together("an embedded view", &["page_embed"], &["part_markdown"], &["work.css", "boards.css", "embed.js"]),
    together("the form for links", &["part_embed"], &["page_asset", "part_use"], &["boards.css"]),
    together("formulas", &["part_math"], &["page_asset", "part_markdown"], &[]),
    together("runs", &["page_runs"], &[], &["work.css", "boards.css"]),
    // Without the plotting library, which comes when their results differ.
    together("two runs compared", &["page_compare"], &["page_runs"], &[]),
    together("the menus, and searching in files", &["part_frame"], &[], &[]),
    together("a run", &["page_run"], &[], &["work.css"]),
    together("the log of a job", &["part_log"], &["page_run"], &["logs.css", "logworker.js", "logengine.js", "logengine_bg.wasm"]),
    together("the stages of a run", &["part_timeline"], &["page_run"], &["boards.css"]),
    together("a dashboard", &["part_dashboard"], &["page_run"], &["panel.js", "uplot.js", "uplot.css", "boards.css"]),
    together("a result with its plot", &["part_file"], &["page_run"], &["plot.js", "uplot.js", "uplot.css"]),
];
/// The editor's library, alone.
const EDITOR: &str = "editor.js";

/// The pages that are there when `name` is opened.
pub fn on(name: &str) -> Vec<&'static str> {
    let Some(together) = TOGETHER.iter().find(|together| together.names.contains(&name)) else { return Vec::new() };
    together.on.iter().copied().chain(together.names.iter().copied().take_while(|before| *before != name)).collect()
}

/// Files of the first load; the rest is fetched when a page needs it.
pub fn is_entry(name: &str) -> bool {
    matches!(name, "twinport.js" | "twinport.wasm" | "main.css" | "__wasm_split.js")
}

fn budget() -> Result<()> {
    let kilobytes = |bytes: u64| bytes as f64 / 1e3;
    let entry = site::brotli_bytes(is_entry)?;
    say(&format!("first load {:.1} kB of {} kB", kilobytes(entry), ENTRY_BUDGET / 1000));
    let mut fits = entry <= ENTRY_BUDGET;
    let pages = site::pages()?;
    for Together { what, names, on, others } in TOGETHER {
        let of = |names: &[&str]| names.iter().filter_map(|name| pages.get(*name)).flatten().collect::<BTreeSet<&String>>();
        let files = &of(names) - &of(on);
        let own = site::brotli_bytes(|name| files.iter().any(|file| *file == name))?;
        let whole = own + site::brotli_bytes(|name| others.contains(&name))?;
        say(&format!("{what} {:.1} kB of {} kB", kilobytes(whole), PAGE_BUDGET / 1000));
        fits &= own > 0 && whole <= PAGE_BUDGET;
    }
    let editor = site::brotli_bytes(|name| name == EDITOR)?;
    say(&format!("the editor's library {:.1} kB of {} kB", kilobytes(editor), PAGE_BUDGET / 1000));
    fits &= editor > 0 && editor <= PAGE_BUDGET;
    // A page that nobody counts has no budget.
    if let Some(other) = pages.keys().find(|name| !TOGETHER.iter().any(|together| together.names.contains(&name.as_str()))) {
        bail!("{other} is split off and not counted: add it to TOGETHER in frontend/xtask/src/ci.rs");
    }
    if !fits {
        bail!("the site is larger than its budget: find what grew (the files are in target/site), or move it to a page of its own");
    }
    Ok(())
}

/// Unit, integration and browser tests.
pub fn test() -> Result<()> {
    install::for_build()?;
    install::for_jobs();
    install::for_stores();
    install::for_workspaces();
    install::for_services();
    install::for_containers();
    let browser = install::browser()?;
    cargo(&["test", "--workspace", "--exclude", "frontend"])?;
    site::build_beside_server()?;
    server(true)?;
    budget()?;
    let mut playwright = Command::new("npx");
    playwright.args(["playwright", "test"]).current_dir(root().join("end2end")).env("TWINPORT", binary(true)).env("CHROMIUM", browser);
    call(&mut playwright)
}

/// What continuous integration runs, step by step.
pub fn ci() -> Result<()> {
    install::for_build()?;
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"])?;
    cargo(&["clippy", "--package", "frontend", "--target", "wasm32-unknown-unknown", "--", "--deny", "warnings"])?;
    test()
}
