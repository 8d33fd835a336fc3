//! Panels over what a run left, over its logs, and over services, alive while it runs.

mod feed;
mod gauges;
mod matrix;
mod picture;

use std::rc::Rc;

use dashboard::{Board, Kind, Panel, Series, Source};
use leptos::prelude::*;
use leptos::task::spawn_local;
use twin::asset::Asset;

use super::parts;
use super::problem_box::ProblemBox;
use crate::browser::tab;
use crate::instances::Client;
use crate::problem::Problem;
use crate::queries::dashboard::{Target, board};
use crate::ui::cell::Cell;
use crate::ui::dynamic::dynamic;
use crate::ui::empty::Empty;
use crate::ui::icon::{Icon, Picture};
use crate::ui::loaded::Skeleton;
use crate::ui::notice::{Notice, Tone};
use feed::{Feed, Followed, feed};

/// Members that are laid over each other at most, and those in a matrix.
const MOST: usize = 60;
const MOST_FIELDS: usize = 400;
/// Notes below a panel.
const NOTES: usize = 4;

/// A member of a federation: its name, and what it was started with.
#[derive(Clone)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Pipeline variables.
    pub variables: Vec<(String, String)>,
}

/// Which run a member's is; that of the twin itself without a name.
pub type Whose = Rc<dyn Fn(Option<&str>) -> Option<Target>>;

/// What panels need to know beside themselves.
#[derive(Clone)]
pub struct Around {
    /// Who asks services: those of the twin's own instance.
    pub client: Client,
    /// Whose runs are meant.
    pub whose: Whose,
    /// Whether they may still change.
    pub live: Signal<bool>,
    /// Members that a `*` in a series' `member` may mean.
    pub members: Rc<Vec<Member>>,
    /// The folder that links of texts start from.
    pub folder: String,
}

/// What is to be watched for, said where it holds.
fn alarms(panel: &Panel, feeds: &[Feed]) -> AnyView {
    let (alarms, feeds) = (panel.alarms.clone(), feeds.iter().map(|feed| (feed.name.clone(), feed.last)).collect::<Vec<_>>());
    let all = move || {
        let said = |(name, last): &(String, Cell<Option<f64>>)| {
            let value = last.with(|last| *last)?;
            alarms.iter().find_map(|alarm| alarm.says(value)).map(|text| format!("{name} is {}: {text}", gauges::short(value)))
        };
        feeds.iter().filter_map(said).collect::<Vec<String>>()
    };
    view! { <div role="status">{dynamic(move || all().into_iter().map(|text| view! { <p class="panel-alarm"><Picture icon=Icon::Warning/>{text}</p> }).collect_view())}</div> }
        .into_any()
}

/// Why values are missing, where they are.
fn notes(feeds: &[Feed]) -> AnyView {
    let notes: Vec<RwSignal<Option<String>>> = feeds.iter().map(|feed| feed.note).collect();
    let all = move || {
        let mut said: Vec<String> = notes.iter().filter_map(|note| note.get()).collect();
        said.dedup();
        // One line for each of hundreds would bury the rest.
        let more = said.len().saturating_sub(NOTES);
        said.truncate(NOTES);
        said.extend((more > 0).then(|| format!("So it is with {more} more.")));
        said
    };
    dynamic(move || all().into_iter().map(|text| view! { <p class="faint panel-note">{text}</p> }).collect_view()).into_any()
}

/// Series of several members at once: one for each that fits the pattern.
fn spread(series: Vec<Series>, members: &[Member], most: usize) -> Vec<Series> {
    let one = |series: Series| match series.member.as_deref().and_then(|member| member.split_once('*')) {
        None => vec![series],
        Some((start, end)) => {
            let fits = |name: &&String| name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end);
            members
                .iter()
                .map(|member| &member.name)
                .filter(fits)
                .take(most)
                .map(|name| Series { name: format!("{} {}", name, series.name), member: Some(name.clone()), ..series.clone() })
                .collect()
        }
    };
    series.into_iter().flat_map(one).collect()
}

fn panel(mut panel: Panel, number: usize, around: &Around, followed: &mut Vec<Followed>) -> AnyView {
    let most = if panel.kind == Kind::Matrix { MOST_FIELDS } else { MOST };
    panel.series = spread(panel.series, &around.members, most);
    let cut = (around.members.len() > most && panel.series.len() >= most).then(|| view! { <p class="faint panel-note">{format!("These are the first {most} members.")}</p> });
    let title = if panel.title.is_empty() { format!("Panel {}", number + 1) } else { panel.title.clone() };
    let feeds: Vec<Feed> = panel.series.iter().map(|series| Feed::new(&series.name)).collect();
    let body = match panel.kind {
        Kind::TimeSeries => picture::picture(&panel, &title, &feeds),
        Kind::Gauge => gauges::gauges(&panel, &feeds),
        Kind::Matrix => matrix::matrix(&panel, &title, &feeds, around),
        Kind::State => gauges::states(&feeds),
        Kind::Table => gauges::table(&panel, &feeds),
        Kind::Text => parts::markdown(panel.body.clone(), around.folder.clone()),
        Kind::Image => picture::image(panel.body.clone(), title.clone(), around.clone()),
        Kind::Grafana => {
            view! { <iframe class="panel-frame" src=panel.body.clone() title=title.clone() sandbox="allow-scripts allow-same-origin" referrerpolicy="no-referrer"></iframe> }
                .into_any()
        }
    };
    for (place, series) in panel.series.iter().enumerate() {
        match &series.source {
            Source::Topic { service, topic, value } => {
                followed.push(Followed { service: service.clone(), want: (topic.clone(), value.clone()), place, feed: feeds[place].clone() })
            }
            _ => feed(series.clone(), place, feeds[place].clone(), around.clone()),
        }
    }
    let wide = panel.wide.then_some("");
    let heading = format!("panel-{number}");
    let named = heading.clone();
    view! {
        <section class="panel" data-wide=wide aria-labelledby=named>
            <h3 id=heading>{title}</h3>
            {alarms(&panel, &feeds)}
            {body}
            {cut}
            {notes(&feeds)}
        </section>
    }
    .into_any()
}

/// The dashboard of a twin, or how to make one.
#[component]
pub fn DashboardOf(asset: Asset, around: StoredValue<Around, LocalStorage>) -> impl IntoView {
    let (client, of) = (StoredValue::new(around.with_value(|around| around.client.clone())), StoredValue::new(asset));
    let found: Cell<Option<Result<Option<Board>, Problem>>> = Cell::new(None);
    let load = move || {
        found.set(None);
        let Some((client, asset)) = client.try_get_value().zip(of.try_get_value()) else { return };
        spawn_local(async move {
            found.set(Some(board(client, asset).await));
        });
    };
    Effect::new(move |_| {
        tab::boards();
        load();
    });
    dynamic(move || match found.with(Clone::clone) {
        None => view! { <Skeleton rows=6 label="Loading the dashboard"/> }.into_any(),
        Some(Err(problem)) => view! { <ProblemBox problem again=Callback::new(move |()| load())/> }.into_any(),
        Some(Ok(None)) => {
            let text = format!(
                "Add {}/dashboard.json: panels over tables that a run leaves, numbers in its log, topics of a broker and series of a database. The guide has an example.",
                of.get_value().path()
            );
            view! { <Empty title="No dashboard yet" text/> }.into_any()
        }
        Some(Ok(Some(board))) => view! { <BoardView board around=around.get_value()/> }.into_any(),
    })
}

/// All panels; what is wrong with one is said in its place.
#[component]
pub fn BoardView(board: Board, around: Around) -> impl IntoView {
    if board.panels.is_empty() {
        return view! { <Empty title="This dashboard has no panels" text="Add some to dashboard.json."/> }.into_any();
    }
    let mut followed = Vec::new();
    let one = |(number, found): (usize, Result<Panel, String>)| match found {
        Ok(found) => panel(found, number, &around, &mut followed),
        Err(why) => view! { <section class="panel"><Notice tone=Tone::Bad title=format!("Panel {} cannot be shown.", number + 1) text=why/></section> }.into_any(),
    };
    let title = (!board.title.is_empty()).then(|| view! { <h2>{board.title.clone()}</h2> });
    let panels = board.panels.into_iter().enumerate().map(one).collect_view();
    feed::follow_all(followed, around);
    view! { {title}<div class="panels">{panels}</div> }.into_any()
}
