//! One request on its way to an upstream, and the answer on its way back.

use std::any::Any;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Request, Response, StatusCode, Uri, Version};
use http_body::Body;
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio_util::sync::CancellationToken;

use crate::address::Address;
use crate::body::{Relayed, Source};
use crate::guard::Guard;
use crate::headers::{self, Told};
use crate::pool::{self, Line, Sent};
use crate::stream::{Metered, Stream};
use crate::tunnel::{self, Said};

pub use crate::headers::Own;

/// An answer begins within this time where a person waits for a page; exports are made while they wait.
const PAGE: Duration = Duration::from_secs(120);
/// Otherwise; long polls take their time.
const OTHER: Duration = Duration::from_secs(300);
/// Where something is sent, which may be large; a client that sends nothing is cut off by its guard.
const SENDING: Duration = Duration::from_secs(3600);

/// Why there is no answer, in words for a page.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// Nothing listens there.
    #[error("nothing answers there ({0})")]
    Away(std::io::Error),
    /// It took the request and said nothing.
    #[error("it took the request and did not answer within {} seconds", .0.as_secs())]
    Silent(Duration),
    /// What came is not HTTP, or more of it than anybody means.
    #[error("what it answered is no proper HTTP ({0})")]
    Garbage(String),
}

/// Everything that is known about a request that may pass.
pub struct Passage<'a> {
    /// The workspace; connections are kept under it.
    pub key: &'a Arc<str>,
    /// Where it is.
    pub address: &'a Address,
    /// What it is told.
    pub told: Told<'a>,
    /// Ends what is still going on.
    pub stop: &'a CancellationToken,
    /// Called whenever a tunnel moves something.
    pub moved: &'a Arc<dyn Fn() + Send + Sync>,
    /// What a tunnel holds while it lasts: places that others wait for.
    pub held: Option<Arc<dyn Any + Send + Sync>>,
}

/// Whether a request asks for a WebSocket.
#[must_use]
pub fn is_upgrade(headers: &HeaderMap) -> bool {
    headers.get_all(header::UPGRADE).iter().any(|value| value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"websocket"))
}

fn reason(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Waits for the head of an answer.
async fn head<T, E>(time: Duration, answer: impl Future<Output = Result<T, E>>) -> Result<Result<T, E>, Broken> {
    tokio::time::timeout(time, answer).await.map_err(|_| Broken::Silent(time))
}

fn patience(request: &Request<Incoming>) -> Duration {
    let page = request.headers().get("sec-fetch-mode").is_some_and(|mode| mode == "navigate");
    match (request.body().is_end_stream(), page) {
        (false, _) => SENDING,
        (true, true) => PAGE,
        (true, false) => OTHER,
    }
}

/// The request as the upstream gets it: the path byte for byte.
fn outgoing(request: &mut Request<Incoming>, told: Told<'_>) {
    headers::to_upstream(request.headers_mut(), told);
    if request.uri().scheme().is_some() || request.uri().authority().is_some() {
        *request.uri_mut() = request.uri().path_and_query().cloned().map_or_else(Uri::default, Uri::from);
    }
    *request.version_mut() = Version::HTTP_11;
}

/// Passes a request on, and its answer back: streamed, with what belongs to neighbours taken away.
pub async fn forward(mut request: Request<Incoming>, way: &Passage<'_>) -> Result<Response<Relayed>, Broken> {
    if is_upgrade(request.headers()) && request.version() == Version::HTTP_11 {
        return upgrade(request, way).await;
    }
    let time = patience(&request);
    outgoing(&mut request, way.told);
    // A body that has begun cannot be sent twice, but where nothing was sent all is still there.
    let mut request = request.map(Either::Left);
    let (mut answer, line) = loop {
        let (mut line, fresh) = match pool::take(way.key).await {
            Some(line) => (line, false),
            None => (Line::open(way.address).await.map_err(Broken::Away)?, true),
        };
        match head(time, line.send(request)).await? {
            Ok(answer) => break (answer, line),
            Err(mut error) => match error.take_message() {
                Some(whole) if !fresh => request = whole,
                _ => return Err(Broken::Garbage(reason(error.error()))),
            },
        }
    };
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Err(Broken::Garbage("it changes the protocol, and nobody asked".to_owned()));
    }
    headers::from_upstream(answer.headers_mut(), way.told, way.address);
    let source = Source { key: Some(way.key.clone()), line };
    Ok(answer.map(|body| Relayed::new(body, Some(source), way.stop.clone())))
}

/// A request of our own, such as whether anybody is there; at most `time` for the head of the answer.
pub async fn ask(address: &Address, path: &str, host: &HeaderValue, time: Duration) -> Result<Response<Relayed>, Broken> {
    let mut line = Line::open(address).await.map_err(Broken::Away)?;
    let uri: Uri = path.parse().map_err(|_| Broken::Garbage(format!("“{path}” is no path")))?;
    let body: Sent = Either::Right(Full::default());
    let mut request = Request::builder().method(Method::GET).uri(uri).body(body).map_err(|error| Broken::Garbage(error.to_string()))?;
    request.headers_mut().insert(header::HOST, host.clone());
    let answer = head(time, line.send(request)).await?.map_err(|error| Broken::Garbage(reason(error.error())))?;
    let source = Source { key: None, line };
    Ok(answer.map(|body| Relayed::new(body, Some(source), CancellationToken::new())))
}

/// What an upgraded connection is made of, and what was read of it already.
fn parts_of_client(upgraded: Upgraded) -> (Box<dyn tunnel::Duplex>, Vec<u8>) {
    match upgraded.downcast::<TokioIo<Guard<Stream>>>() {
        Ok(parts) => (Box::new(parts.io.into_inner().into_inner()), parts.read_buf.to_vec()),
        Err(other) => (Box::new(TokioIo::new(other)), Vec::new()),
    }
}

fn parts_of_upstream(upgraded: Upgraded) -> (Box<dyn tunnel::Duplex>, Vec<u8>) {
    match upgraded.downcast::<TokioIo<Metered>>() {
        Ok(parts) => (Box::new(parts.io.into_inner().into_inner()), parts.read_buf.to_vec()),
        Err(other) => (Box::new(TokioIo::new(other)), Vec::new()),
    }
}

/// Passes a request for a WebSocket on. Not one byte that follows it does, before the upstream has
/// agreed.
async fn upgrade(mut request: Request<Incoming>, way: &Passage<'_>) -> Result<Response<Relayed>, Broken> {
    let time = patience(&request);
    let client = hyper::upgrade::on(&mut request);
    outgoing(&mut request, way.told);
    for (name, value) in [(header::CONNECTION, "Upgrade"), (header::UPGRADE, "websocket")] {
        request.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    let (stream, allowance) = Metered::new(way.address.connect().await.map_err(Broken::Away)?);
    allowance.begin();
    let (mut sender, connection) = pool::builder().handshake::<_, Incoming>(TokioIo::new(stream)).await.map_err(|error| Broken::Garbage(reason(&error)))?;
    let driven = tokio::spawn(connection.with_upgrades());
    let mut answer = match head(time, sender.send_request(request)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => return Err(Broken::Garbage(reason(&error))),
        Err(silent) => {
            driven.abort();
            return Err(silent);
        }
    };
    allowance.lift();
    let agreed = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
    if agreed && !is_upgrade(answer.headers()) {
        return Err(Broken::Garbage("it changes to another protocol than was asked for".to_owned()));
    }
    let upstream = agreed.then(|| hyper::upgrade::on(&mut answer));
    headers::from_upstream(answer.headers_mut(), way.told, way.address);
    let Some(upstream) = upstream else {
        // Whatever the client has sent behind its request is nobody's.
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        return Ok(answer.map(|body| Relayed::new(body, None, way.stop.clone())));
    };
    for (name, value) in [(header::CONNECTION, "upgrade"), (header::UPGRADE, "websocket")] {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    let (stop, moved, held) = (way.stop.clone(), way.moved.clone(), way.held.clone());
    tokio::spawn(async move {
        let _held = held;
        let both = tokio::time::timeout(Duration::from_secs(30), async { tokio::try_join!(client, upstream) });
        let Ok(Ok((client, upstream))) = both.await else { return };
        let ((mut client, early), (mut upstream, first)) = (parts_of_client(client), parts_of_upstream(upstream));
        tunnel::join(&mut *client, &mut *upstream, Said { client: early, upstream: first }, &stop, moved).await;
    });
    Ok(answer.map(|body| Relayed::new(body, None, CancellationToken::new())))
}
