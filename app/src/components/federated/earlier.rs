//! The federated runs that there were.

use leptos::prelude::*;
use twin::asset::Owner;
use twin::run::ago;

use crate::browser;
use crate::components::problem_box::ProblemBox;
use crate::desks::Desk;
use crate::instances::Client;
use crate::problem::Problem;
use crate::queries::federated::{Answer, Ask, Earlier, lost, records};
use crate::queries::{Load, ask};
use crate::ui::dynamic::dynamic;
use crate::ui::empty::Empty;
use crate::ui::loaded::Skeleton;

fn row(instance: &str, owner: Owner, twin: &str, one: Earlier) -> AnyView {
    let href = Desk::Federated(owner, twin.to_owned(), Some(one.id.clone())).at(instance).to_string();
    match one.journal {
        Err(why) => view! { <tr><th scope="row">{one.id}</th><td colspan="4" class="faint">{format!("Cannot be shown: {why}.")}</td></tr> }.into_any(),
        Ok(journal) => {
            let when = browser::parse_time(&journal.begun).map(|time| ago((browser::now() - time) / 1000.0)).unwrap_or_default();
            let exact = browser::local_time(&journal.begun);
            let started = journal.seats.values().filter(|entry| !entry.attempts.is_empty()).count();
            view! {
                <tr>
                    <th scope="row"><a href=href>{one.id}</a></th>
                    <td>{journal.came_to.unwrap_or_else(|| "Going on".to_owned())}</td>
                    <td>{started}</td>
                    <td>{journal.by}</td>
                    <td><time datetime=journal.begun title=exact>{when}</time></td>
                </tr>
            }
            .into_any()
        }
    }
}

async fn listed(client: Client, owner: Owner, twin: String) -> Result<Vec<Earlier>, Problem> {
    match records(client, owner, twin, Ask::Earlier).await? {
        Answer::Earlier(list) => Ok(list),
        _ => Err(lost()),
    }
}

/// The list.
#[component]
pub fn EarlierRuns(client: Client, owner: Owner, twin: String) -> impl IntoView {
    let (stored, name) = (StoredValue::new(client.clone()), StoredValue::new(twin));
    let found = ask(|| (), move |()| listed(stored.get_value(), owner, name.get_value()));
    let instance = client.instance.id;
    dynamic(move || match found.state.get() {
        Load::Loading => view! { <Skeleton rows=3 label="Loading earlier runs"/> }.into_any(),
        Load::Failed(problem) => view! { <ProblemBox problem again=Callback::new(move |()| found.refresh())/> }.into_any(),
        Load::Ready(list) if list.is_empty() => {
            view! { <Empty title="Not run yet" text="A run of the whole federation is listed here once it was started, for everybody who may see this project."/> }.into_any()
        }
        Load::Ready(list) => {
            let rows = list.into_iter().map(|one| row(&instance, owner, &name.get_value(), one)).collect_view();
            view! {
                <table class="rows">
                    <caption class="only-read">"Federated runs, newest first"</caption>
                    <thead><tr><th scope="col">"Run"</th><th scope="col">"Came to"</th><th scope="col">"Members started"</th><th scope="col">"By"</th><th scope="col">"Begun"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            }
            .into_any()
        }
    })
}
