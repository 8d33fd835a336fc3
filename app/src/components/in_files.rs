//! What was typed, as it stands in files: READMEs, descriptions, configurations. Asked of every
//! instance when one stops typing, under one's own rights.

use gitlab::search::Passage;
use leptos::prelude::*;
use leptos::task::spawn_local;
use twin::asset::{Owner, assets};

use super::asset_table::route_of;
use super::instance_mark::InstanceMark;
use crate::browser;
use crate::instances::Client;
use crate::problem::Problem;
use crate::queries::search::in_files;
use crate::ui::cell::Cell;
use crate::ui::dynamic::dynamic;

/// Milliseconds without a key before files are searched, and the fewest letters.
const PAUSE: u32 = 500;
pub const LETTERS: usize = 3;
/// So many places of an instance are shown.
const MOST: usize = 20;

/// One instance's places, or why there are none.
type Outcome = (Client, Result<Vec<(Owner, Passage)>, Problem>);
/// Searches an instance once more.
type Again = std::sync::Arc<dyn Fn(Client) + Send + Sync>;

/// The line of a passage that holds what was looked for.
fn line(passage: &Passage, text: &str) -> String {
    let wanted = text.to_lowercase();
    let line = passage.data.lines().find(|line| line.to_lowercase().contains(&wanted)).or(passage.data.lines().next()).unwrap_or_default();
    line.trim().chars().take(200).collect()
}

fn place(client: &Client, owner: Owner, passage: &Passage, text: &str) -> AnyView {
    let asset = assets(owner, [passage.path.as_str()]).into_iter().next();
    let path = passage.path.clone();
    let link = match asset {
        Some(asset) => view! { <a href=route_of(&client.instance.id, &asset).with_file(&passage.path)>{path}</a> }.into_any(),
        None => view! { <span>{path}</span> }.into_any(),
    };
    view! { <li>{link}" "<span class="tag" data-variant=owner.word()>{owner.label()}</span><p><code>{line(passage, text)}</code></p></li> }.into_any()
}

fn part((client, outcome): &Outcome, text: &str, again: &Again) -> AnyView {
    let body = match outcome {
        Err(problem) => {
            let (again, client) = (again.clone(), client.clone());
            let press = move |_| again(client.clone());
            view! { <p class="faint">{problem.title.clone()}" "{problem.advice.clone()}" "<button type="button" class="link" on:click=press>"Search there again"</button></p> }
                .into_any()
        }
        Ok(found) if found.is_empty() => view! { <p class="faint">"Nothing."</p> }.into_any(),
        Ok(found) => {
            let more = (found.len() > MOST).then(|| view! { <p class="faint">{format!("And in {} more places: type more to see them.", found.len() - MOST)}</p> });
            view! { <ul class="passages">{found.iter().take(MOST).map(|(owner, passage)| place(client, *owner, passage, text)).collect_view()}</ul>{more} }.into_any()
        }
    };
    // What guests may read is read and searched here; the rest of the files is not.
    let less = client.username.is_none().then(|| view! { <p class="faint">"Guests search in READMEs and descriptions. Sign in there to search in all files."</p> });
    view! { <section><h3><InstanceMark instance=client.instance.clone()/></h3>{body}{less}</section> }.into_any()
}

/// The places, below the table of names.
#[component]
pub fn InFiles(text: RwSignal<String>, clients: Vec<Client>) -> impl IntoView {
    let clients = StoredValue::new_local(clients);
    let found = Cell::new(Vec::<Outcome>::new());
    let asked = RwSignal::new(String::new());
    let newest = StoredValue::new(0_u32);
    // What is answered about what nobody looks for any more is let go.
    let search = move |client: Client| {
        let (number, Some(wanted)) = (newest.try_get_value(), asked.try_get_untracked()) else { return };
        spawn_local(async move {
            let outcome = in_files(client.clone(), wanted).await;
            if newest.try_get_value() == number {
                let mut all = found.peek(Clone::clone).unwrap_or_default();
                all.retain(|(known, _)| known.instance.id != client.instance.id);
                all.push((client, outcome));
                found.set(all);
            }
        });
    };
    let again: Again = std::sync::Arc::new(move |client: Client| {
        client.try_again();
        let mut all = found.peek(Clone::clone).unwrap_or_default();
        all.retain(|(known, _)| known.instance.id != client.instance.id);
        found.set(all);
        search(client);
    });
    Effect::new(move |_| {
        let wanted = text.get().trim().to_owned();
        let number = newest.try_update_value(|number| {
            *number += 1;
            *number
        });
        if wanted.chars().count() < LETTERS {
            asked.set(String::new());
            return;
        }
        spawn_local(async move {
            browser::sleep(PAUSE).await;
            if newest.try_get_value() != number {
                return;
            }
            found.set(Vec::new());
            let _ = asked.try_set(wanted.clone());
            clients.try_get_value().unwrap_or_default().into_iter().for_each(search);
        });
    });
    dynamic(move || {
        let text = asked.get();
        if text.is_empty() {
            return None;
        }
        let (done, whole) = (found.with(Vec::len), clients.with_value(Vec::len));
        let waiting = (done < whole).then(|| view! { <p class="faint" role="status">"Searching files…"</p> });
        let parts = found.with(|found| found.iter().map(|outcome| part(outcome, &text, &again)).collect_view());
        Some(view! { <section class="in-files"><h2>{format!("In files: “{text}”")}</h2>{parts}{waiting}</section> })
    })
}
