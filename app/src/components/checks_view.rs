//! What does not fit in a twin, with the change that would help where one is certain.

use compose::lint::{Finding, Severity};
use leptos::prelude::*;
use twin::asset::Asset;

use super::problem_box::ProblemBox;
use crate::desks::Desk;
use crate::instances::Client;
use crate::queries::checks::{Checked, check};
use crate::queries::{Load, ask};
use crate::ui::dynamic::dynamic;
use crate::ui::icon::{Icon, Picture};
use crate::ui::loaded::Skeleton;
use crate::ui::notice::{Notice, Tone};

fn look(severity: Severity) -> (&'static str, Icon, &'static str) {
    match severity {
        Severity::Error => ("bad", Icon::Cross, "Error"),
        Severity::Warning => ("warn", Icon::Warning, "Warning"),
        Severity::Info => ("info", Icon::Circle, "To know"),
    }
}

/// The address of the editor with a file open at a line, and a change to be made there.
fn editor(instance: &str, asset: &Asset, finding: &Finding) -> String {
    let route = Desk::Edit(asset.clone()).at(instance);
    let mut address = format!("{}&line={}", route.with_file(&finding.path), finding.line);
    if finding.fix.is_some() {
        address += &format!("&fix={}", finding.code);
    }
    address
}

fn row(instance: &str, asset: &Asset, finding: &Finding) -> AnyView {
    let (variant, icon, word) = look(finding.severity);
    let address = editor(instance, asset, finding);
    let there = finding.code != "no-ci-file" && finding.code != "no-readme";
    let fix = finding.fix.clone().map(|fix| {
        let address = address.clone();
        view! { " "<a class="button" href=address>{fix.title}</a> }
    });
    let place =
        if there { view! { <a href=address>{format!("{}:{}", finding.path, finding.line)}</a> }.into_any() } else { view! { <span>{finding.path.clone()}</span> }.into_any() };
    view! {
        <li data-variant=variant>
            <Picture icon/>
            <div><p class="finding"><span class="only-read">{format!("{word}: ")}</span>{finding.message.clone()}</p><p class="faint">{place}" · "{finding.code}</p>{fix}</div>
        </li>
    }
    .into_any()
}

fn words(checked: &Checked) -> (String, String) {
    let count = |severity| checked.findings.iter().filter(|finding| finding.severity == severity).count();
    let plural = |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
    match (count(Severity::Error), count(Severity::Warning)) {
        (0, 0) => {
            ("Everything fits together.".to_owned(), format!("{} files of the twin and {} models were looked at.", checked.project.texts.len(), checked.project.models.len()))
        }
        (errors, warnings) => (
            format!("{}, {}", plural(errors, "error"), plural(warnings, "warning")),
            "Errors keep the twin from running; warnings are about other machines and other people.".to_owned(),
        ),
    }
}

/// What others look for before they use a twin.
fn health(checked: &Checked, asset: &Asset) -> AnyView {
    let start = format!("{}/", asset.path());
    let has = |wanted: &dyn Fn(&str) -> bool| checked.project.files.keys().filter_map(|path| path.strip_prefix(&start)).any(|path| wanted(&path.to_lowercase()));
    let all = [
        ("README", has(&|path| path == "readme.md")),
        ("Description", has(&|path| path == "description.md")),
        ("Licence", has(&|path| path.starts_with("licen") || path.starts_with("copying"))),
        ("Lifecycle scripts", has(&|path| path.starts_with("lifecycle/"))),
        ("CI file", has(&|path| path == ".gitlab-ci.yml")),
        ("No errors", checked.findings.iter().all(|finding| finding.severity != Severity::Error)),
    ];
    let count = all.iter().filter(|(_, good)| *good).count();
    let row = |(name, good): (&'static str, bool)| {
        let (variant, icon, word) = if good { ("good", Icon::Check, "there") } else { ("off", Icon::Dash, "missing") };
        view! { <li data-variant=variant><Picture icon/>{name}<span class="only-read">{format!(": {word}")}</span></li> }
    };
    view! { <h2>{format!("Health: {count} of {}", all.len())}</h2><ul class="health">{all.into_iter().map(row).collect_view()}</ul> }.into_any()
}

/// The list.
#[component]
pub fn ChecksView(client: Client, asset: Asset) -> impl IntoView {
    let instance = client.instance.id.clone();
    let (client, of) = (StoredValue::new(client), StoredValue::new(asset.clone()));
    let found = ask(|| (), move |()| check(client.get_value(), of.get_value()));
    dynamic(move || match found.state.get() {
        Load::Loading => view! { <Skeleton rows=5 label="Checking how the parts fit"/> }.into_any(),
        Load::Failed(problem) => view! { <ProblemBox problem again=Callback::new(move |()| found.refresh())/> }.into_any(),
        Load::Ready(checked) => {
            let (title, text) = words(&checked);
            let rows = checked.findings.iter().map(|finding| row(&instance, &asset, finding)).collect_view();
            let unread = (!checked.unread.is_empty()).then(|| {
                let text = format!("Nothing is said about {}.", checked.unread.join(", "));
                view! { <Notice tone=Tone::Bad title="Some files could not be read." text=text/> }
            });
            view! {
                {health(&checked, &asset)}
                <p class="checks-sum"><strong>{title}</strong>" "<span class="faint">{text}</span></p>
                {unread}
                <ul class="checks findings">{rows}</ul>
                <div class="actions"><button type="button" class="button" on:click=move |_| found.refresh()><Picture icon=Icon::Again/>"Check again"</button></div>
            }
            .into_any()
        }
    })
}
