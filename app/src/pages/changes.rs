//! What people want to change in an instance's projects: the list, and one of them to be judged.

use gitlab::merge_requests::{Act, MergeRequest, Note, State};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_meta::Title;
use twin::asset::Owner;
use twin::plain::plain;

use crate::actions::changes::{act, say};
use crate::browser;
use crate::components::diff_view::DiffView;
use crate::components::parts;
use crate::components::problem_box::ProblemBox;
use crate::components::status::StatusMark;
use crate::desks::Desk;
use crate::foreign::web;
use crate::instances::Client;
use crate::problem::Problem;
use crate::queries::changes::{Review, of_instance, review};
use crate::queries::{Load, Query, ask};
use crate::routes::Route;
use crate::ui::cell::Cell;
use crate::ui::dynamic::dynamic;
use crate::ui::empty::Empty;
use crate::ui::icon::{Icon, Picture};
use crate::ui::kept::kept;
use crate::ui::loaded::Skeleton;
use crate::ui::notice::{Notice, Tone};

fn mark(request: &MergeRequest) -> AnyView {
    let (variant, icon, word) = match (&request.state, request.draft) {
        (State::Merged, _) => ("good", Icon::Check, "Merged"),
        (State::Closed, _) => ("off", Icon::Dash, "Closed"),
        (_, true) => ("asks", Icon::Half, "Draft"),
        (State::Opened, _) => ("active", Icon::Hand, "Open"),
        _ => ("off", Icon::Circle, "Being merged"),
    };
    view! { <span class="status" data-variant=variant data-still=""><Picture icon/>{word}</span> }.into_any()
}

fn author(request: &MergeRequest) -> String {
    request.author.as_ref().map_or_else(|| "Somebody who is gone".to_owned(), |author| author.name.clone())
}

/// The list.
#[component]
pub fn Changes(client: Client) -> impl IntoView {
    let instance = client.instance.id.clone();
    let stored = StoredValue::new(client);
    let all = RwSignal::new(false);
    let found: Query<Vec<(Owner, MergeRequest)>> = ask(|| (), move |()| of_instance(stored.get_value()));
    let table = dynamic(move || match found.state.get() {
        Load::Loading => view! { <Skeleton rows=5 label="Loading changes"/> }.into_any(),
        Load::Failed(problem) => view! { <ProblemBox problem again=Callback::new(move |()| found.refresh())/> }.into_any(),
        Load::Ready(list) => {
            let shown: Vec<(Owner, MergeRequest)> = list.iter().filter(|(_, request)| all.get() || request.state == State::Opened).cloned().collect();
            if shown.is_empty() {
                let text = if list.is_empty() {
                    "Publish an asset from its page, under “Use”, or save an edit as a merge request: it waits here until somebody merges it."
                } else {
                    "Everything that was offered is merged or closed."
                };
                return view! { <Empty title="Nothing waits" text/> }.into_any();
            }
            let row = |(owner, request): (Owner, MergeRequest)| {
                let href = Desk::Change(owner, request.iid).at(&instance).to_string();
                let words =
                    format!("!{} by {} · {} → {} · {}", request.iid, author(&request), request.source_branch, request.target_branch, browser::local_time(&request.updated_at));
                view! {
                    <tr>
                        <th scope="row"><a href=href>{request.title.clone()}</a><p class="faint">{words}</p></th>
                        <td>{mark(&request)}</td><td><span class="tag" data-variant=owner.word()>{owner.label()}</span></td>
                        <td class="faint">{match request.user_notes_count { 0 => String::new(), 1 => "1 comment".to_owned(), many => format!("{many} comments") }}</td>
                    </tr>
                }
            };
            let rows = shown.into_iter().map(row).collect_view();
            view! {
                <table class="rows"><caption class="only-read">"Changes"</caption><thead><tr><th scope="col">"Change"</th><th scope="col">"State"</th><th scope="col">"For"</th><th scope="col">"Comments"</th></tr></thead><tbody>{rows}</tbody></table>
            }
            .into_any()
        }
    });
    let button = move |value: bool, label: &'static str| view! { <button type="button" aria-pressed=move || (all.get() == value).to_string() on:click=move |_| all.set(value)>{label}</button> };
    view! {
        <Title text="Changes"/>
        <div class="page-head"><h1>"Changes"</h1><span class="gap"></span><div class="choice" role="group" aria-label="Which">{button(false, "Open")}{button(true, "All")}</div></div>
        <p class="lead">"What people offer to your project and to the common assets, as merge requests on the backend."</p>
        {table}
    }
}

/// Why it can or cannot be merged now (GitLab's `detailed_merge_status`, doc/api/merge_requests.md).
fn standing(word: Option<&str>) -> (bool, &'static str) {
    match word.unwrap_or_default() {
        "mergeable" => (true, "It can be merged."),
        "conflict" => (false, "It conflicts with the target: both changed the same lines. Whoever offers it has to bring the target into its branch."),
        "draft_status" => (false, "It is marked as a draft."),
        "commits_status" => (false, "It has no commits that the target lacks."),
        "ci_must_pass" => (false, "Its pipeline has to pass first."),
        "ci_still_running" => (false, "Its pipeline is still running."),
        "not_approved" => (false, "It needs an approval."),
        "discussions_not_resolved" => (false, "Somebody's question is still open."),
        "need_rebase" => (false, "Its branch has to be rebased."),
        "not_open" => (false, ""),
        "checking" | "unchecked" | "preparing" | "" => (true, "The backend has not looked yet whether it can be merged."),
        _ => (false, "The backend says that it cannot be merged yet; its own page says why."),
    }
}

fn note(note: Note) -> AnyView {
    let who = note.author.as_ref().map_or_else(|| "Somebody".to_owned(), |author| author.name.clone());
    let when = browser::local_time(&note.created_at);
    if note.system {
        return view! { <li class="note-system faint">{format!("{who} {} · {when}", note.body)}</li> }.into_any();
    }
    view! { <li class="note"><p class="faint"><strong>{who}</strong>" · "{when}</p>{parts::markdown(note.body, String::new())}</li> }.into_any()
}

/// One of them.
#[component]
pub fn Change(client: Client, owner: Owner, number: i64) -> impl IntoView {
    let back = Desk::Changes.at(&client.instance.id).to_string();
    let instance = client.instance.id.clone();
    let stored = StoredValue::new(client);
    let found: Query<Review> = ask(|| (), move |()| review(stored.get_value(), owner, number));
    let (text, busy) = (kept(format!("comment {instance} {} {number}", owner.word())), RwSignal::new(false));
    let problem: Cell<Option<Problem>> = Cell::new(None);
    let wish = move |wish: Act, sha: Option<String>| {
        busy.set(true);
        problem.set(None);
        let acting = act(stored.get_value(), owner, number, wish, sha);
        spawn_local(async move {
            match acting.await {
                Ok(()) => found.refresh(),
                Err(error) => {
                    problem.set(Some(error));
                }
            }
            let _ = busy.try_set(false);
        });
    };
    let send = move |_| {
        let words = text.get_untracked();
        if words.trim().is_empty() {
            return;
        }
        busy.set(true);
        let saying = say(stored.get_value(), owner, number, words);
        spawn_local(async move {
            match saying.await {
                Ok(()) => {
                    let _ = text.try_set(String::new());
                    found.refresh();
                }
                // What was typed stays.
                Err(error) => {
                    problem.set(Some(error));
                }
            }
            let _ = busy.try_set(false);
        });
    };
    let body = dynamic(move || match found.state.get() {
        Load::Loading => view! { <Skeleton rows=8 label="Loading the change"/> }.into_any(),
        Load::Failed(problem) => view! { <ProblemBox problem again=Callback::new(move |()| found.refresh())/> }.into_any(),
        Load::Ready(Review { request, diffs, notes, approvals }) => {
            let open = request.state == State::Opened;
            let (can, words) = standing(request.detailed_merge_status.as_deref());
            let may = request.user.as_ref().is_none_or(|rights| rights.can_merge);
            let sha = request.sha.clone();
            let (agree, merge_sha) = (sha.clone(), sha);
            let approved: Vec<String> = approvals.approved_by.iter().map(|one| one.user.name.clone()).collect();
            let run = request.head_pipeline.clone().filter(|_| request.source_project_id == Some(request.target_project_id)).map(|head| {
                let href = Route::Run { instance: instance.clone(), owner, pipeline: head.id.0, job: None }.to_string();
                view! { <p>"Pipeline: "<a href=href>{format!("{}", head.id.0)}</a>" "<StatusMark status=Signal::derive(move || head.status.clone())/></p> }
            });
            let acts = open.then(|| {
                let approve = approvals.user_has_approved;
                let agree = agree.clone();
                view! {
                    <div class="actions">
                        <button type="button" class="button" data-variant="primary" disabled=move || busy.get() || !can || !may on:click=move |_| wish(Act::Merge, merge_sha.clone())>"Merge"</button>
                        {(approvals.user_can_approve || approve).then(|| view! { <button type="button" class="button" disabled=move || busy.get() on:click=move |_| wish(if approve { Act::Unapprove } else { Act::Approve }, agree.clone())>{if approve { "Take back the approval" } else { "Approve" }}</button> })}
                        <button type="button" class="button" disabled=move || busy.get() on:click=move |_| wish(Act::Close, None)>"Close"</button>
                    </div>
                    {(!may).then(|| view! { <p class="faint">"Your role does not let you merge here: its maintainers can."</p> })}
                }
            });
            let reopen = (request.state == State::Closed)
                .then(|| view! { <div class="actions"><button type="button" class="button" on:click=move |_| wish(Act::Reopen, None)>"Reopen"</button></div> });
            view! {
                <Title text=request.title.clone()/>
                <div class="page-head"><h1>{request.title.clone()}</h1>{mark(&request)}<span class="tag" data-variant=owner.word()>{owner.label()}</span></div>
                <p class="lead">{format!("!{} by {} · {} → {}", request.iid, author(&request), plain(&request.source_branch), plain(&request.target_branch))}</p>
                {request.description.clone().filter(|text| !text.trim().is_empty()).map(|text| parts::markdown(text, String::new()))}
                <div class="panel">
                    {(!words.is_empty()).then(|| view! { <p>{words}</p> })}
                    {(!approved.is_empty()).then(|| view! { <p class="faint">{format!("Approved by {}.", approved.join(", "))}</p> })}
                    {run}{acts}{reopen}
                    {web(&request.web_url).map(|url| view! { <p class="faint"><a href=url rel="external noopener noreferrer" target="_blank">"On its backend"</a></p> })}
                </div>
                {dynamic(move || problem.with(Clone::clone).map(|problem| view! { <Notice tone=Tone::Bad title=problem.title text=problem.advice/> }))}
                <h2>{format!("Files ({})", diffs.len())}</h2>
                <DiffView diffs/>
                <h2>"Comments"</h2>
                <ol class="notes">{notes.into_iter().map(note).collect_view()}</ol>
            }
            .into_any()
        }
    });
    let form = dynamic(move || {
        found.get().is_some().then(|| {
            view! {
                <div class="field"><label for="comment">"Comment"</label><textarea id="comment" rows="3" prop:value=text on:input=move |event| text.set(event_target_value(&event))></textarea></div>
                <div class="actions"><button type="button" class="button" disabled=move || busy.get() || text.get().trim().is_empty() on:click=send>"Send"</button></div>
            }
        })
    });
    view! { <nav class="crumbs" aria-label="Path"><a href=back>"Changes"</a></nav>{body}{form} }
}
