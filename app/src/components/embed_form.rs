//! "Show this elsewhere": a link for a page of somebody's own, the words to paste there, and the links
//! that were made before.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::problem_box::ProblemBox;
use super::snippet::snippet;
use crate::actions::embed::{Link, Links, Made, Offer, list, make, revoke};
use crate::browser;
use crate::problem::Problem;
use crate::queries::{Load, Query, ask};
use crate::ui::cell::Cell;
use crate::ui::dynamic::dynamic;
use crate::ui::notice::{Notice, Tone};

/// What a frame of ours needs, and no more.
const SANDBOX: &str = "allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox";

fn words(made: &Made, title: &str) -> AnyView {
    let home = made.url.split("/embed/").next().unwrap_or_default();
    let title = title.replace(['"', '<', '>', '&'], " ");
    let frame = format!(
        "<iframe src=\"{}\" title=\"{title}\" width=\"100%\" height=\"420\"\n  sandbox=\"{SANDBOX}\"\n  referrerpolicy=\"strict-origin-when-cross-origin\" loading=\"lazy\"></iframe>",
        made.url
    );
    let element = format!("<script type=\"module\" src=\"{home}/embed/view.js\"></script>\n<twinport-view src=\"{}\" label=\"{title}\"></twinport-view>", made.url);
    let badge = format!("![{title}]({})", made.badge);
    view! {
        <div class="snippets">
            {snippet("Address", "For a page that unfolds addresses, or to look at it; it is shown here once.", made.url.clone())}
            {snippet("Element", "Grows with what it shows, and follows the theme of its page.", element)}
            {snippet("Frame", "The same without a script of ours.", frame)}
            {snippet("Badge", "Markdown, for a README or a wiki.", badge)}
        </div>
    }
    .into_any()
}

fn about(link: &Link) -> String {
    let text = |name: &str| link.subject[name].as_str().map(str::to_owned).or_else(|| link.subject[name].as_i64().map(|number| number.to_string()));
    let parts: Vec<String> = [text("view"), text("project"), text("twin"), text("run").map(|run| format!("run {run}")), text("job").map(|job| format!("job {job}")), text("path")]
        .into_iter()
        .flatten()
        .collect();
    parts.join(" · ")
}

/// The form.
#[component]
pub fn EmbedForm(instance: String, project: String, #[prop(into)] offers: Signal<Vec<Offer>>) -> impl IntoView {
    let (stored, of) = (StoredValue::new(instance), StoredValue::new(project));
    let found: Query<Links> = ask(|| (), move |()| list(stored.get_value()));
    Effect::new(|_| browser::tab::boards());
    let (chosen, days, path, busy) = (RwSignal::new(0_usize), RwSignal::new(30_i64), RwSignal::new(String::new()), RwSignal::new(false));
    let made: Cell<Option<(Made, String)>> = Cell::new(None);
    let problem: Cell<Option<Problem>> = Cell::new(None);
    let offer = move || offers.get().get(chosen.get()).cloned();
    let wants_path = move || offer().is_some_and(|offer| offer.view == "plot");
    let go = move || {
        let (Some(offer), instance, project) = (offers.get_untracked().get(chosen.get_untracked()).cloned(), stored.get_value(), of.get_value()) else { return };
        let (path, days) = (path.get_untracked(), days.get_untracked());
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            let outcome = make(&instance, &project, &offer, &path, days).await;
            if busy.try_set(false).is_some() {
                return;
            }
            match outcome {
                Ok(one) => {
                    made.set(Some((one, offer.label)));
                    found.refresh();
                }
                Err(error) => {
                    problem.set(Some(error));
                }
            }
        });
    };
    let take_back = move |id: String| {
        let instance = stored.get_value();
        spawn_local(async move {
            let outcome = revoke(instance, id).await;
            if found.state.try_get_untracked().is_none() {
                return;
            }
            match outcome {
                Ok(()) => found.refresh(),
                Err(error) => {
                    problem.set(Some(error));
                }
            }
        });
    };
    let links = dynamic(move || {
        match found.state.get() {
        Load::Ready(all) if all.parents.is_empty() => {
            Some(view! { <Notice tone=Tone::Plain title="No page may show views of this Twinport yet" text="Whoever runs this server names the pages that may in allowed_parents of [embed]."/> }.into_any())
        }
        Load::Ready(all) if !all.links.is_empty() => {
            let rows = all.links.into_iter().map(|link| {
                let (words, until, id) = (about(&link), browser::clock_day(link.until * 1000.0), link.id.clone());
                view! { <li><span>{words}</span><span class="faint">{format!("until {until}")}</span><button type="button" class="button" data-variant="quiet" on:click=move |_| take_back(id.clone())>"Take back"</button></li> }
            });
            Some(view! { <h3>"Links that you have made"</h3><ul class="embed-links">{rows.collect_view()}</ul> }.into_any())
        }
        Load::Failed(problem) => Some(view! { <ProblemBox problem again=Callback::new(move |()| found.refresh())/> }.into_any()),
        _ => None,
    }
    });
    let ready = move || matches!(found.state.get(), Load::Ready(all) if !all.parents.is_empty());
    let options = move || offers.get().into_iter().enumerate().map(|(at, offer)| view! { <option value=at.to_string()>{offer.label}</option> }).collect_view();
    view! {
        {dynamic(move || ready().then(|| view! {
            <form class="embed-form" on:submit=move |event| { event.prevent_default(); go(); }>
                <div class="field"><label for="embed-view">"View"</label><select id="embed-view" on:change=move |event| chosen.set(event_target_value(&event).parse().unwrap_or(0))>{options()}</select></div>
                {dynamic(move || wants_path().then(|| view! { <div class="field"><label for="embed-path">"Result"</label><input id="embed-path" required placeholder="results/levels.csv" prop:value=path on:input=move |event| path.set(event_target_value(&event))/></div> }))}
                <div class="field"><label for="embed-days">"Good for"</label><select id="embed-days" on:change=move |event| days.set(event_target_value(&event).parse().unwrap_or(30))>
                    <option value="1">"a day"</option><option value="7">"a week"</option><option value="30" selected=true>"a month"</option><option value="365">"a year"</option>
                </select></div>
                <button type="submit" class="button" data-variant="primary" disabled=move || busy.get()>"Make a link"</button>
            </form>
            <p class="faint">"Whoever sees the page sees this, and nothing else: it only reads, and you can take it back."</p>
        }))}
        {dynamic(move || problem.with(|problem| problem.clone().map(|problem| view! { <ProblemBox problem again=Callback::new(move |()| go())/> })))}
        {dynamic(move || made.with(|made| made.as_ref().map(|(made, title)| words(made, title))))}
        {links}
    }
}
