//! Where the values of one series come from, and who is told of them.

use dashboard::{Series, Source};
use gitlab::Error;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::{Value, json};

use super::Around;
use crate::browser;
use crate::browser::panel::{Picture, follow, matches};
use crate::problem::Problem;
use crate::queries::dashboard::{Target, Values, columns, database};
use crate::routes::stream_url;
use crate::ui::cell::Cell;

/// Milliseconds between two looks at what a run has left or said so far, and at a database.
const AGAIN: u32 = 4_000;
/// States that are remembered.
const STATES: usize = 500;

/// The values of one series, for whoever shows them.
#[derive(Clone)]
pub struct Feed {
    /// In the legend.
    pub name: String,
    /// The newest value.
    pub last: Cell<Option<f64>>,
    /// The smallest and the largest.
    pub ends: Cell<(f64, f64)>,
    /// Texts, each since when, in milliseconds since 1970.
    pub states: Cell<Vec<(f64, String)>>,
    /// Why there is nothing newer.
    pub note: RwSignal<Option<String>>,
    /// The picture that draws them, once it is there, and what came before it was.
    pub picture: Cell<Option<Picture>>,
    before: Cell<Option<Values>>,
}

impl Feed {
    /// With nothing yet.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            last: Cell::new(None),
            ends: Cell::new((f64::INFINITY, f64::NEG_INFINITY)),
            states: Cell::new(Vec::new()),
            note: RwSignal::new(None),
            picture: Cell::new(None),
            before: Cell::new(None),
        }
    }

    /// The picture is there: what came before it goes in.
    pub fn show_in(&self, picture: Picture, place: usize) {
        if let Some(Some((x, y))) = self.before.peek(Clone::clone) {
            picture.set(place, &x, &y);
            self.before.set(None);
        }
        self.picture.set(Some(picture));
    }

    fn whole(&self, place: usize, values: Values) -> bool {
        let (x, y) = &values;
        let ends = y.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| (least.min(*value), most.max(*value)));
        let alive = self.last.set(y.last().copied());
        self.ends.set(ends);
        let drawn = self.picture.peek(|picture| picture.as_ref().map(|picture| picture.set(place, x, y)).is_some()).unwrap_or(true);
        if !drawn {
            self.before.set(Some(values));
        }
        alive
    }

    /// Stretches of a stream: of each the smallest, the largest and the last value.
    fn more(&self, place: usize, rows: &[[f64; 4]]) {
        let _ = self.picture.peek(|picture| {
            for ([at, least, most, last], picture) in rows.iter().filter_map(|row| Some((row, picture.as_ref()?))) {
                // Beside each other, or only the last of them would be drawn.
                let peaks = [(*at - 2.0, *least), (*at - 1.0, *most)].into_iter().filter(|(_, value)| value != last);
                peaks.chain([(*at, *last)]).for_each(|(at, value)| picture.push(place, at, value));
            }
        });
        if let Some([.., last]) = rows.last() {
            let (least, most) = self.ends.peek(|ends| *ends).unwrap_or((f64::INFINITY, f64::NEG_INFINITY));
            self.ends.set(rows.iter().fold((least, most), |(low, high), [_, least, most, _]| (low.min(*least), high.max(*most))));
            self.last.set(Some(*last));
        }
    }

    fn state(&self, at: f64, text: &str) {
        let mut states = self.states.peek(Clone::clone).unwrap_or_default();
        if states.last().is_none_or(|(_, known)| known != text) {
            states.push((at, text.to_owned()));
            let more = states.len().saturating_sub(STATES);
            states.drain(..more);
            self.states.set(states);
        }
    }
}

/// A series that follows a topic.
pub struct Followed {
    /// The service.
    pub service: String,
    /// The topic, and where the value is in a message.
    pub want: (String, String),
    /// Its place in its panel.
    pub place: usize,
    /// Who is told.
    pub feed: Feed,
}

/// Series in one connection at most.
const MOST: usize = 32;

/// A line of a stream.
fn hear(feeds: &[(Feed, usize)], line: &str) {
    let Ok(value) = serde_json::from_str::<Value>(line) else { return };
    let number = |row: &Value, at: usize| row[at].as_f64().unwrap_or(f64::NAN);
    let mut rows: Vec<Vec<[f64; 4]>> = vec![Vec::new(); feeds.len()];
    for row in value["s"].as_array().into_iter().flatten() {
        if let Some(rows) = row[0].as_u64().and_then(|place| rows.get_mut(usize::try_from(place).ok()?)) {
            rows.push([number(row, 1), number(row, 2), number(row, 3), number(row, 4)]);
        }
    }
    for ((feed, place), rows) in feeds.iter().zip(rows) {
        if let Some(trouble) = value.get("trouble") {
            let words = trouble.as_str().map(|why| format!("{} is not followed just now: {}.", feed.name, why.trim_end_matches('.')));
            let _ = feed.note.try_set(words);
        }
        feed.more(*place, &rows);
    }
    for row in value["x"].as_array().into_iter().flatten() {
        if let Some((feed, _)) = row[0].as_u64().and_then(|place| feeds.get(usize::try_from(place).ok()?)) {
            feed.state(number(row, 1), row[2].as_str().unwrap_or_default());
        }
    }
}

/// Follows all topics of a dashboard, those of one service over one connection: a browser has six for a
/// host, and the rest of the app needs some.
pub fn follow_all(followed: Vec<Followed>, around: Around) {
    let mut services: std::collections::BTreeMap<String, Vec<Followed>> = std::collections::BTreeMap::new();
    for one in followed {
        services.entry(one.service.clone()).or_default().push(one);
    }
    for (service, list) in services {
        for some in list.chunks(MOST) {
            let wants: Vec<Value> = some.iter().map(|one| json!({ "topic": one.want.0, "value": one.want.1 })).collect();
            let url = stream_url(&around.client.instance.id, &service, &Value::from(wants).to_string());
            let feeds: Vec<(Feed, usize)> = some.iter().map(|one| (one.feed.clone(), one.place)).collect();
            Effect::new(move |_| {
                let (url, feeds) = (url.clone(), feeds.clone());
                spawn_local(async move {
                    follow(&url, move |line| {
                        hear(&feeds, &line);
                        feeds.first().is_some_and(|(feed, _)| feed.last.peek(|_| ()).is_some())
                    })
                    .await;
                });
            });
        }
    }
}

/// What a run says of a series so far; nothing while it says nothing. What is wrong comes with whether asking again may help.
async fn of_run(target: &Target, source: &Source) -> Result<Option<Values>, (String, bool)> {
    let failed = |error: Error| (Problem::new(&error, &format!("look at run {}", target.pipeline), &target.client.instance.name).title, true);
    match source {
        Source::Csv { path, x, y } => match target.file(path).await.map_err(failed)? {
            Some(bytes) => columns(&bytes, x.as_deref(), y).map(Some).map_err(|why| (why, false)),
            None => Ok(None),
        },
        Source::Log { job, pattern } => {
            let text = target.logs(job.as_deref()).await.map_err(failed)?;
            let found = matches(&text, pattern).await.map_err(|why| (format!("The expression {pattern} cannot be used: {why}."), false))?;
            Ok((!found.is_empty()).then(|| ((1..=found.len()).map(|number| number as f64).collect(), found)))
        }
        _ => Ok(None),
    }
}

/// Looks again and again at what a run says of a series, and rests once it has ended: another try may come.
async fn follow_run(series: &Series, source: &Source, place: usize, feed: &Feed, around: &Around) {
    let (mut ended, mut shown) = (None, None);
    // Known before the question: what a run leaves as it ends comes with the answer.
    while let Some(live) = around.live.try_get_untracked() {
        let target = (around.whose)(series.member.as_deref());
        let (run, over) = (target.as_ref().map(|target| target.pipeline), !live || target.as_ref().is_some_and(|target| target.over));
        if !over || ended != Some(run) {
            let found = match &target {
                Some(target) => of_run(target, source).await,
                None => Ok(None),
            };
            let failed = matches!(found, Err((_, true)));
            if !matches!(found, Ok(Some(_))) && shown.is_some_and(|shown| shown != run) {
                // What an earlier attempt left is not what this one did.
                feed.whole(place, (Vec::new(), Vec::new()));
                shown = None;
            }
            let note = match found {
                Ok(Some(values)) => {
                    feed.whole(place, values);
                    shown = Some(run);
                    None
                }
                Ok(None) if over => Some(format!("{} has no values: the run left none.", feed.name)),
                Ok(None) => Some(format!("{} has no values yet.", feed.name)),
                Err((why, _)) => Some(why),
            };
            if feed.note.try_set(note).is_some() {
                return;
            }
            ended = (over && !failed).then_some(run);
        }
        browser::sleep(AGAIN).await;
    }
}

/// Begins to bring values to `feed`, until whoever shows them is gone.
pub fn feed(series: Series, place: usize, feed: Feed, around: Around) {
    Effect::new(move |_| {
        let (series, feed, around) = (series.clone(), feed.clone(), around.clone());
        spawn_local(async move {
            match &series.source {
                Source::Query { service, query } => loop {
                    let note = match database(&around.client, service, query).await {
                        Ok(values) => {
                            let empty = values.0.is_empty();
                            if !feed.whole(place, values) {
                                return;
                            }
                            empty.then(|| format!("{service} has no values for {}.", feed.name))
                        }
                        Err(why) => Some(why),
                    };
                    if feed.note.try_set(note).is_some() {
                        return;
                    }
                    browser::sleep(AGAIN * 2).await;
                },
                source => follow_run(&series, source, place, &feed, &around).await,
            }
        });
    });
}
