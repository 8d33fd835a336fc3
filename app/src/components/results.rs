//! What a run left: archives, their files, and one file at a time in place.

use leptos::prelude::*;
use leptos::task::spawn_local;
use twin::asset::Owner;
use twin::run::bytes;

use super::parts;
use super::problem_box::ProblemBox;
use crate::browser;
use crate::instances::Client;
use crate::queries::results::{Archive, archive, archives, file};
use crate::queries::run::RunView;
use crate::queries::{Load, ask};
use crate::ui::empty::Empty;
use crate::ui::icon::{Icon, Picture};
use crate::ui::loaded::Skeleton;
use crate::ui::toast::Toasts;

/// A file in an archive: the job's number, and the path.
type Chosen = (i64, String);

/// The file that people most likely want to see first.
fn first_of(archives: &[Archive]) -> Option<Chosen> {
    let all = || archives.iter().flat_map(|archive| archive.files.iter().flatten().map(|file| (archive.job.id.0, file.path.clone())));
    all().find(|(_, path)| path.ends_with(".csv")).or_else(|| all().next())
}

/// A path without the twin's own folder, which is the same for all of them.
fn within_twin(path: &str) -> &str {
    path.strip_prefix("digital_twins/").and_then(|rest| rest.split_once('/')).map_or(path, |(_, rest)| rest)
}

#[component]
fn ArchiveList(client: Client, owner: Owner, archive_of: Archive, chosen: RwSignal<Option<Chosen>>) -> impl IntoView {
    let job = archive_of.job.clone();
    let toasts = expect_context::<Toasts>();
    let number = job.id;
    let file_name = job.artifacts_file.as_ref().map(|file| file.filename.clone()).unwrap_or_default();
    let size = job.artifacts_file.as_ref().and_then(|file| file.size).map(bytes);
    let download = move |_| {
        let (client, file_name) = (client.clone(), file_name.clone());
        spawn_local(async move {
            match archive(client, owner, number).await {
                Ok(bytes) => browser::save(&file_name, &bytes),
                Err(problem) => toasts.bad(problem.title, problem.advice),
            }
        });
    };
    let files = archive_of.files.map(|files| {
        files
            .into_iter()
            .map(|file| {
                let key = (number.0, file.path.clone());
                let (now, set) = (key.clone(), key);
                let label = within_twin(&file.path).to_owned();
                view! {
                    <li><button type="button" class="file-link" aria-current=move || (chosen.get().as_ref() == Some(&now)).then_some("true") on:click=move |_| chosen.set(Some(set.clone()))>
                        <Picture icon=Icon::File/><span title=file.path.clone()>{label}</span><span class="faint">{file.size.map(bytes)}</span>
                    </button></li>
                }
            })
            .collect_view()
    });
    let expiry = job.artifacts_expire_at.as_deref().map(|time| format!("Kept until {}", browser::local_time(time)));
    view! {
        <div class="archive">
            <h2>{job.name.clone()}</h2>
            <ul>{files}</ul>
            <p class="faint">{expiry.unwrap_or_else(|| "Kept for good".to_owned())}</p>
            <button type="button" class="button" on:click=download>{format!("Download all{}", size.map(|size| format!(" ({size})")).unwrap_or_default())}</button>
        </div>
    }
}

/// The results.
#[component]
pub fn Results(client: Client, owner: Owner, #[prop(into)] run: Signal<RunView>) -> impl IntoView {
    let stored = StoredValue::new(client.clone());
    // Archives appear as jobs end; what counts is which jobs have one.
    let jobs = Memo::new(move |_| run.get().jobs().filter(|job| job.artifacts_file.is_some()).cloned().collect::<Vec<_>>());
    let found = ask(move || jobs.get(), move |jobs| archives(stored.get_value(), owner, jobs));
    let chosen = RwSignal::new(None::<Chosen>);
    let shown = Memo::new(move |_| chosen.get().or_else(|| found.get().as_deref().and_then(first_of)));
    let content = ask(
        move || shown.get(),
        move |shown| async move {
            match shown {
                Some((job, path)) => file(stored.get_value(), owner, gitlab::JobId(job), path.clone()).await.map(|bytes| Some((path, bytes))),
                None => Ok(None),
            }
        },
    );
    let preview = move || match content.state.get() {
        Load::Loading => view! { <Skeleton rows=4 label="Loading the file"/> }.into_any(),
        Load::Failed(problem) => view! { <ProblemBox problem again=Callback::new(move |()| content.refresh())/> }.into_any(),
        Load::Ready(Some((path, content))) => parts::file(path, content),
        Load::Ready(None) => ().into_any(),
    };
    move || match found.state.get() {
        Load::Loading => view! { <Skeleton rows=4 label="Loading the results"/> }.into_any(),
        Load::Failed(problem) => view! { <ProblemBox problem again=Callback::new(move |()| found.refresh())/> }.into_any(),
        Load::Ready(list) if list.is_empty() => {
            let words = if run.get_untracked().status.is_complete() {
                "A job keeps files when its CI file names them under artifacts."
            } else {
                "They appear here as soon as a job that keeps files has ended."
            };
            view! { <Empty title="No results yet" text=words/> }.into_any()
        }
        Load::Ready(list) => {
            let client = client.clone();
            view! {
                <div class="results">
                    <div>{list.into_iter().map(|archive_of| view! { <ArchiveList client=client.clone() owner archive_of chosen/> }).collect_view()}</div>
                    <div class="preview">{preview}</div>
                </div>
            }
            .into_any()
        }
    }
}
