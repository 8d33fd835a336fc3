//! Live values for panels: messages of a broker, decimated so that a browser can follow any rate. Of
//! each stretch of time the smallest, the largest and the last value are kept, so that no peak is lost;
//! how much is kept does not grow with the rate.

mod collect;
pub(super) mod topic;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use collect::Collector;
use futures_util::{Stream, StreamExt};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tower_sessions::Session;

use super::api::{refuse, still, whose};
use super::{Known, mqtt, rabbit};
use crate::State;
use crate::config::service::Kind;
use crate::failure::Failure;

/// Values go out in this rhythm, and a word that all is well in that one.
const RHYTHM: Duration = Duration::from_millis(100);
const ALIVE: Duration = Duration::from_secs(10);
/// Whether somebody may still follow is asked so often.
const LOOK: Duration = Duration::from_secs(2);
/// Streams of one sign-in at once.
const STREAMS: usize = 24;
/// Series that one panel follows.
const MOST: usize = 32;

/// One series that somebody follows.
#[derive(Debug, Clone, Deserialize)]
pub struct Want {
    /// The topic, which may hold wildcards.
    pub topic: String,
    /// Where the value is in a JSON message, keys with dots between; the message itself when empty.
    #[serde(default)]
    pub value: String,
}

/// Everybody who follows one service, over one connection to it.
pub struct Hub {
    rabbit: bool,
    viewers: Mutex<Viewers>,
    trouble: Mutex<Option<String>>,
    wanted: UnboundedSender<String>,
}

#[derive(Default)]
struct Viewers {
    list: Vec<Weak<Mutex<Collector>>>,
    /// Nobody joins any more: whoever brought the messages has gone.
    closed: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Milliseconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1000.0
}

impl Hub {
    /// A message came.
    pub fn take(&self, topic: &str, payload: &[u8]) {
        let at = now();
        // Read once, and only when somebody wants it.
        let mut value = None;
        for viewer in lock(&self.viewers).list.iter().filter_map(Weak::upgrade) {
            lock(&viewer).take(topic, payload, &mut value, at, self.rabbit);
        }
    }

    /// The connection broke, or came back.
    pub fn trouble(&self, why: Option<String>) {
        *lock(&self.trouble) = why;
    }

    /// Whether nobody follows any more; then nobody can join, and whoever asks must go.
    pub fn is_left(&self) -> bool {
        let mut viewers = lock(&self.viewers);
        viewers.list.retain(|viewer| viewer.strong_count() > 0);
        viewers.closed = viewers.list.is_empty();
        viewers.closed
    }

    /// Lets one more follow; `false` when it is too late.
    fn let_in(&self, collector: &Arc<Mutex<Collector>>) -> bool {
        let mut viewers = lock(&self.viewers);
        if !viewers.closed {
            viewers.list.push(Arc::downgrade(collector));
        }
        !viewers.closed
    }
}

/// Hubs by service.
#[derive(Default)]
pub struct Hubs(Mutex<HashMap<String, Weak<Hub>>>, Mutex<HashMap<String, Weak<()>>>);

impl std::fmt::Debug for Hubs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hubs")
    }
}

impl Hubs {
    /// One more stream of a sign-in, as long as it is kept; nothing when there are too many.
    fn seat(&self, grant: &str) -> Option<Arc<()>> {
        let mut people = lock(&self.1);
        people.retain(|_, held| held.strong_count() > 0);
        let held = people.get(grant).and_then(Weak::upgrade).unwrap_or_default();
        people.insert(grant.to_owned(), Arc::downgrade(&held));
        // One is this one's own.
        (Arc::strong_count(&held) <= STREAMS).then_some(held)
    }

    /// Joins those who follow `known`, or begins.
    fn join(&self, known: &Known, wants: &[Want]) -> (Arc<Hub>, Arc<Mutex<Collector>>) {
        let rabbit = known.settings.kind == Kind::Rabbitmq;
        let collector = Arc::new(Mutex::new(Collector::new(wants)));
        let key = format!("{}/{}", known.settings.instance, known.settings.id);
        let mut hubs = lock(&self.0);
        let before = hubs.get(&key).and_then(Weak::upgrade).filter(|hub| hub.let_in(&collector));
        let hub = before.unwrap_or_else(|| {
            let (wanted, coming) = unbounded_channel();
            let hub = Arc::new(Hub { rabbit, viewers: Mutex::default(), trouble: Mutex::default(), wanted });
            hub.let_in(&collector);
            hubs.insert(key, Arc::downgrade(&hub));
            let (known, followed) = (known.clone(), hub.clone());
            tokio::spawn(async move { if rabbit { rabbit::follow(&known, &followed, coming).await } else { mqtt::follow(&known, &followed, coming).await } });
            hub
        });
        for want in wants {
            let _ = hub.wanted.send(want.topic.clone());
        }
        (hub, collector)
    }
}

impl Hubs {
    /// What `wants` ask of a service, as it comes: lines of JSON, each with its end.
    pub fn lines(&self, known: &Known, wants: &[Want]) -> impl Stream<Item = String> + Send + 'static {
        let (hub, collector) = self.join(known, wants);
        futures_util::stream::unfold((hub, collector, tokio::time::Instant::now(), None::<String>), |(hub, collector, mut spoke, mut before)| async move {
            loop {
                tokio::time::sleep(RHYTHM).await;
                let mut text = String::new();
                let trouble = lock(&hub.trouble).clone();
                if trouble != before {
                    text = format!("{}\n", json!({ "trouble": trouble }));
                    before = trouble;
                }
                if let Some(line) = lock(&collector).flush() {
                    text = format!("{text}{line}\n");
                }
                if text.is_empty() && spoke.elapsed() > ALIVE {
                    text = "{}\n".to_owned();
                }
                if !text.is_empty() {
                    spoke = tokio::time::Instant::now();
                    return Some((text, (hub, collector, spoke, before)));
                }
            }
        })
    }
}

/// What is wanted.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    want: String,
}

/// `GET /services/{instance}/{id}/stream?want=[{topic, value}]`: lines of JSON. `{"s": [[series, ms since
/// 1970, smallest, largest, last, how many], …], "x": [[series, ms, text], …]}`, and `{"trouble": why}`
/// while the broker cannot be reached.
pub async fn stream(
    Shared(state): Shared<State>,
    session: Session,
    headers: HeaderMap,
    Path((instance, id)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Failure> {
    let (known, own) = match whose(&state, &session, &headers, &instance, &id).await? {
        Ok(found) => found,
        Err(refusal) => return Ok(refusal),
    };
    if !matches!(known.settings.kind, Kind::Mqtt | Kind::Rabbitmq) {
        return Ok(refuse(StatusCode::BAD_REQUEST, "no_stream", "This service has no topics to follow."));
    }
    let wants: Vec<Want> = serde_json::from_str(&wanted.want).unwrap_or_default();
    if wants.is_empty() || wants.len() > MOST || wants.iter().any(|want| want.topic.len() > 500 || !topic::is_whole(&want.topic, known.settings.kind == Kind::Rabbitmq)) {
        return Ok(refuse(StatusCode::BAD_REQUEST, "bad_wish", "A dashboard follows 1 to 32 topics of a service at once, each with “#” only at its end."));
    }
    let rabbit = known.settings.kind == Kind::Rabbitmq;
    if let Some(want) = wants.iter().find(|want| !known.settings.topics.iter().any(|allowed| topic::covers(allowed, &want.topic, rabbit))) {
        let words = format!("The topic {} may not be watched: whoever runs this Twinport has to name it in the topics of the service {id}.", want.topic);
        return Ok(refuse(StatusCode::FORBIDDEN, "not_watched", &words));
    }
    let Some(seat) = state.hubs.seat(&own.grant) else {
        return Ok(refuse(StatusCode::TOO_MANY_REQUESTS, "too_many", "You follow too much at once: close some dashboards."));
    };
    let lines = Box::pin(state.hubs.lines(&known, &wants));
    let body = futures_util::stream::unfold((lines, tokio::time::Instant::now(), seat), move |(mut lines, mut asked, seat)| {
        let (state, own, instance) = (state.clone(), own.clone(), instance.clone());
        async move {
            let line = lines.next().await?;
            // Whoever signed out, or belongs there no more, sees no more.
            if asked.elapsed() > LOOK {
                asked = tokio::time::Instant::now();
                if !still(&state, &own, &instance).await {
                    return None;
                }
            }
            Some((Ok::<Bytes, std::convert::Infallible>(Bytes::from(line)), (lines, asked, seat)))
        }
    });
    let headers = [(header::CONTENT_TYPE, "application/x-ndjson"), (header::CACHE_CONTROL, "no-store"), (header::HeaderName::from_static("x-accel-buffering"), "no")];
    Ok((headers, Body::from_stream(body)).into_response())
}
