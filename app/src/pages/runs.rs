//! The runs of an instance, private and common, newest first.

use leptos::prelude::*;
use leptos_meta::Title;
use twin::asset::Owner;

use crate::components::problem_box::ProblemBox;
use crate::components::run_table::RunTable;
use crate::instances::Client;
use crate::queries::runs::{RunRow, of_owner};
use crate::queries::{Load, Query, ask};
use crate::routes::Route;
use crate::ui::empty::Empty;
use crate::ui::loaded::Skeleton;

/// The page.
#[component]
pub fn Runs(client: Client) -> impl IntoView {
    let instance = client.instance.id.clone();
    let stored = StoredValue::new(client);
    let of = |owner: Owner| ask(move || owner, move |owner| of_owner(stored.get_value(), owner, None));
    let queries: [Query<Vec<RunRow>>; 2] = [of(Owner::Private), of(Owner::Common)];
    let rows = Memo::new(move |_| {
        let mut rows: Vec<RunRow> = queries.iter().flat_map(|query| query.get().unwrap_or_default()).collect();
        rows.sort_by(|a, b| b.pipeline.created_at.cmp(&a.pipeline.created_at));
        rows
    });
    let loading = move || queries.iter().any(|query| query.state.get() == Load::Loading);
    let failed = move || queries.iter().any(|query| matches!(query.state.get(), Load::Failed(_)));
    let problems = move || {
        let box_of = |query: Query<Vec<RunRow>>| match query.state.get() {
            Load::Failed(problem) => Some(view! { <ProblemBox problem again=Callback::new(move |()| query.refresh())/> }),
            _ => None,
        };
        queries.into_iter().filter_map(box_of).collect_view()
    };
    let library = StoredValue::new(Route::Library { instance: instance.clone(), kind: Some(::twin::asset::Kind::Twin) }.to_string());
    view! {
        <Title text="Runs"/>
        <div class="page-head"><h1>"Runs"</h1></div>
        {problems}
        <Show when=move || !rows.get().is_empty()><RunTable instance=instance.clone() rows with_twin=true/></Show>
        <Show when=loading><Skeleton rows=5 label="Loading runs"/></Show>
        <Show when=move || !loading() && !failed() && rows.get().is_empty()>
            <Empty title="No runs yet" text="Choose a twin and press Run."><a class="button" href=library.get_value()>"Go to the twins"</a></Empty>
        </Show>
    }
}
