//! The form that starts a twin: what its files let one choose, and a look at what would go wrong.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_location;
use twin::asset::Asset;
use twin::declared::{Field, Kind, input_value};

use super::problem_box::ProblemBox;
use crate::actions::runs::{Start, start};
use crate::instances::Client;
use crate::problem::Problem;
use crate::queries::start::{BY_CONTRACT, Check, Choices, Verdict, choices, fields_on, preflight};
use crate::routes::Route;
use crate::ui::cell::Cell;
use crate::ui::dynamic::dynamic;
use crate::ui::icon::{Icon, Picture};
use crate::ui::loaded::Skeleton;
use crate::ui::notice::{Notice, Tone};
use crate::ui::onward::Onward;
use crate::ui::toast::Toasts;

/// What an address wishes: `?from=RUN&branch=…&tag=…&var.NAME=…`.
fn wished(name: &str) -> Option<String> {
    use_location().query.with_untracked(|query| query.get(name))
}

/// The value a field begins with: the address, else the run before, else the file.
fn first_value(field: &Field, choices: &Choices) -> String {
    let before = choices.before.iter().flat_map(|(_, given)| given).find(|given| given.key == field.name && field.kind == Kind::Variable);
    wished(&format!("var.{}", field.name)).or_else(|| before.map(|given| given.value.clone())).unwrap_or_else(|| field.value.clone())
}

fn entry(field: &Field, value: RwSignal<String>) -> AnyView {
    let id = format!("start-{}", field.name);
    let mut choices: Vec<String> = if field.form == "boolean" { vec!["true".into(), "false".into()] } else { field.options.clone() };
    // What is sent is what is seen: a value that is none of them, and none at all, are there to be seen too.
    let first = value.get_untracked();
    if !choices.is_empty() && !choices.contains(&first) {
        choices.insert(0, first);
    }
    let control = if choices.is_empty() {
        let kind = if field.form == "number" { "number" } else { "text" };
        view! { <input id=id.clone() type=kind step="any" required=field.required prop:value=value on:input=move |event| value.set(event_target_value(&event)) autocomplete="off" spellcheck="false"/> }.into_any()
    } else {
        let all = choices.into_iter().map(|option| {
            let chosen = {
                let option = option.clone();
                move || value.get() == option
            };
            let shown = if option.is_empty() { "Choose".to_owned() } else { option.clone() };
            view! { <option value=option selected=chosen>{shown}</option> }
        });
        view! { <select id=id.clone() required=field.required on:change=move |event| value.set(event_target_value(&event))>{all.collect_view()}</select> }.into_any()
    };
    let description = field.description.clone();
    view! { <div class="field"><label for=id>{field.name.clone()}{field.required.then_some(" (needed)")}</label>{control}{(!description.is_empty()).then(|| view! { <p class="faint">{description}</p> })}</div> }.into_any()
}

fn check_row(check: Check) -> AnyView {
    let (variant, icon, word, text) = match check.verdict {
        Verdict::Pass => ("good", Icon::Check, "good", String::new()),
        Verdict::Warn(text) => ("warn", Icon::Warning, "to know", text),
        Verdict::Stop(text) => ("bad", Icon::Cross, "would fail", text),
    };
    view! { <li data-variant=variant><Picture icon/><div><strong>{check.what}</strong><span class="only-read">{format!(": {word}")}</span>{(!text.is_empty()).then(|| view! { <p>{text}</p> })}</div></li> }.into_any()
}

/// What is declared, and what is typed for it.
type Values = Vec<(Field, RwSignal<String>)>;

#[component]
fn Form(client: Client, asset: Asset, choices: Choices) -> impl IntoView {
    let first_branch = wished("branch").or_else(|| choices.branches.first().cloned()).unwrap_or_default();
    let (branch, tag) = (RwSignal::new(first_branch), RwSignal::new(wished("tag").unwrap_or_else(|| client.instance.runner_tag.clone())));
    let values: Values = choices.fields.iter().map(|field| (field.clone(), RwSignal::new(first_value(field, &choices)))).collect();
    let values = Cell::new(values);
    let unread = Cell::new(choices.unread.clone());
    // What the run before was given beyond what is declared now.
    let known = |key: &str| BY_CONTRACT.contains(&key) || choices.fields.iter().any(|field| field.name == key);
    let more = choices.before.iter().flat_map(|(_, given)| given).filter(|given| !known(&given.key));
    let more: Vec<(RwSignal<String>, RwSignal<String>)> = more.map(|given| (RwSignal::new(given.key.clone()), RwSignal::new(given.value.clone()))).collect();
    let extra = Cell::new(more);
    let checks: Cell<Option<Vec<Check>>> = Cell::new(None);
    let problem: Cell<Option<Problem>> = Cell::new(None);
    let busy = RwSignal::new(false);
    let (stored, of, project) = (StoredValue::new(client.clone()), StoredValue::new(asset.clone()), StoredValue::new(choices.project.clone()));
    let round = StoredValue::new(0_u32);
    let look = move || {
        // A browser says that a field has changed also when the page it was on is taken away.
        let (Some(branch), Some(tag)) = (branch.try_get_untracked(), tag.try_get_untracked()) else { return };
        checks.set(None);
        round.update_value(|round| *round += 1);
        let own = round.get_value();
        spawn_local(async move {
            let found = preflight(stored.get_value(), of.get_value(), project.get_value(), branch, tag).await;
            if round.try_get_value() == Some(own) {
                checks.set(Some(found));
            }
        });
    };
    // Another branch may declare others. What was typed under a name stays, on the way there and back.
    let typed: StoredValue<Values, LocalStorage> = StoredValue::new_local(values.peek(Clone::clone).unwrap_or_default());
    let given = StoredValue::new_local(choices.clone());
    let value = move |field: Field| {
        let known = typed.with_value(|typed| typed.iter().find(|(old, _)| old.name == field.name).map(|(_, value)| *value));
        // A variable that the run before was given becomes a field where the branch declares it.
        let more = extra.peek(Clone::clone).unwrap_or_default();
        let (same, others): (Vec<_>, Vec<_>) = more.into_iter().partition(|(key, _)| key.get_untracked() == field.name);
        let value = known.or(same.first().map(|(_, value)| *value)).unwrap_or_else(|| RwSignal::new(given.with_value(|given| first_value(&field, given))));
        if !same.is_empty() {
            extra.set(others);
        }
        if known.is_none() {
            typed.update_value(|typed| typed.push((field.clone(), value)));
        }
        (field, value)
    };
    let declare = move |chosen: String| {
        let Some((client, of)) = stored.try_get_value().zip(of.try_get_value()) else { return };
        let owner = of.owner;
        spawn_local(async move {
            let outcome = fields_on(&client, owner, &chosen).await;
            if branch.try_get_untracked() != Some(chosen.clone()) {
                return;
            }
            match outcome {
                Ok((fields, why)) => {
                    values.set(fields.into_iter().map(value).collect());
                    unread.set(why);
                }
                // What was declared before stays, and so does what was typed.
                Err(error) => drop(problem.set(Some(Problem::new(&error, &format!("read what {chosen} declares"), &client.instance.name)))),
            }
        });
    };
    let first = branch.get_untracked();
    let elsewhere = Some(first).filter(|first| choices.branches.first() != Some(first));
    Effect::new(move |_| {
        look();
        elsewhere.clone().into_iter().for_each(declare);
    });
    let (toasts, onward) = (expect_context::<Toasts>(), Onward::here());
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let mut wish = Start { branch: Some(branch.get_untracked()), tag: Some(tag.get_untracked()), variables: Vec::new(), inputs: Vec::new() };
        for (field, value) in values.peek(Clone::clone).unwrap_or_default() {
            let value = value.get_untracked();
            match field.kind {
                Kind::Variable => wish.variables.push((field.name, value)),
                Kind::Input if value == field.value && !field.required => {}
                Kind::Input => match input_value(&field, &value) {
                    Ok(json) => wish.inputs.push((field.name, json)),
                    Err(title) => {
                        problem.set(Some(Problem { title, advice: String::new(), sign_in: false }));
                        return;
                    }
                },
            }
        }
        let pairs = extra.peek(|extra| extra.iter().map(|(key, value)| (key.get_untracked(), value.get_untracked())).collect::<Vec<_>>()).unwrap_or_default();
        wish.variables.extend(pairs.into_iter().filter(|(key, _)| !key.trim().is_empty()));
        let (client, asset) = (stored.get_value(), of.get_value());
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            let instance = client.instance.id.clone();
            match start(client, asset.owner, asset.name, wish).await {
                Ok(pipeline) => {
                    if !onward.to(&Route::Run { instance, owner: asset.owner, pipeline, job: None }.to_string()) {
                        toasts.good(format!("Run {pipeline} was started."));
                    }
                }
                Err(error) => {
                    problem.set(Some(error));
                }
            }
            let _ = busy.try_set(false);
        });
    };
    // An address may name a branch that is not among the first hundred, or a tag.
    let named = branch.get_untracked();
    let others = Some(named).filter(|named| !named.is_empty() && !choices.branches.contains(named));
    let branches = others.into_iter().chain(choices.branches.clone()).map(move |name| {
        let chosen = {
            let name = name.clone();
            move || branch.get() == name
        };
        let shown = name.clone();
        view! { <option value=name selected=chosen>{shown}</option> }
    });
    let rows = dynamic(move || {
        let row = |(key, value): (RwSignal<String>, RwSignal<String>)| {
            view! {
                <div class="pair">
                    <input type="text" aria-label="Name of the variable" placeholder="NAME" pattern="[A-Za-z0-9_]+" prop:value=key on:input=move |event| key.set(event_target_value(&event))/>
                    <input type="text" aria-label="Its value" placeholder="value" prop:value=value on:input=move |event| value.set(event_target_value(&event))/>
                </div>
            }
        };
        extra.with(Clone::clone).into_iter().map(row).collect_view()
    });
    let add = move |_| {
        let mut list = extra.peek(Clone::clone).unwrap_or_default();
        list.push((RwSignal::new(String::new()), RwSignal::new(String::new())));
        extra.set(list);
    };
    let stops = move || checks.with(|checks| checks.as_ref().is_some_and(|checks| checks.iter().any(|check| matches!(check.verdict, Verdict::Stop(_)))));
    let looked = dynamic(move || match checks.with(Clone::clone) {
        None => view! { <p class="faint" role="status">"Looking at rights, CI file, trigger and runner."</p> }.into_any(),
        Some(list) => view! { <div role="status"><ul class="checks">{list.into_iter().map(check_row).collect_view()}</ul></div> }.into_any(),
    });
    let prefilled = choices.before.map(|(run, _)| view! { <p class="faint">{format!("Filled with what run {run} was given.")}</p> });
    view! {
        <form class="start" on:submit=submit>
            <div class="fields">
                {prefilled}
                {dynamic(move || unread.with(Clone::clone).map(|why| view! { <Notice tone=Tone::Plain title="What the CI file declares cannot be read." text=why/> }))}
                <div class="field"><label for="start-branch">"Branch"</label>
                    <select id="start-branch" on:change=move |event| { let chosen = event_target_value(&event); branch.set(chosen.clone()); look(); declare(chosen); }>{branches.collect_view()}</select></div>
                <div class="field"><label for="start-tag">"Runner tag"</label>
                    <input id="start-tag" type="text" prop:value=tag on:change=move |event| { tag.set(event_target_value(&event)); look(); } autocomplete="off" spellcheck="false"/>
                    <p class="faint">"Jobs run on a runner that has it."</p></div>
                {dynamic(move || values.with(|values| values.iter().map(|(field, value)| entry(field, *value)).collect_view()))}
                <fieldset><legend>"More variables"</legend>{rows}<button type="button" class="button" on:click=add>"Add a variable"</button></fieldset>
            </div>
            <div class="preflight">
                <h2>"Before the start"</h2>
                {looked}
                <div class="actions">
                    <button type="submit" class="button" data-variant="primary" disabled=move || busy.get() || stops()><Picture icon=Icon::Play/>{dynamic(move || if busy.get() { "Starting" } else { "Start the run" })}</button>
                    <button type="button" class="button" on:click=move |_| look()><Picture icon=Icon::Again/>"Look again"</button>
                </div>
                {dynamic(move || problem.with(Clone::clone).map(|problem| view! { <Notice tone=Tone::Bad title=problem.title text=problem.advice/> }))}
            </div>
        </form>
    }
}

/// The form, once what can be chosen is known.
#[component]
pub fn StartForm(client: Client, asset: Asset) -> impl IntoView {
    let from = wished("from").and_then(|run| run.parse::<i64>().ok());
    let (stored, of) = (StoredValue::new(client), StoredValue::new(asset));
    let found: Cell<Option<Result<Choices, Problem>>> = Cell::new(None);
    let load = move || {
        found.set(None);
        spawn_local(async move {
            found.set(Some(choices(stored.get_value(), of.get_value(), from).await));
        });
    };
    Effect::new(move |_| load());
    dynamic(move || match found.with(Clone::clone) {
        None => view! { <Skeleton rows=5 label="Loading what can be chosen"/> }.into_any(),
        Some(Err(problem)) => view! { <ProblemBox problem again=Callback::new(move |()| load())/> }.into_any(),
        Some(Ok(choices)) => view! { <Form client=stored.get_value() asset=of.get_value() choices/> }.into_any(),
    })
}
