//! One connection: strict HTTP/1.1, or HTTP/2 where TLS has agreed on it; each request goes to the
//! app or to the gate before the workspaces, by the host that it asks for.

use std::any::Any;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use hyper::body::{Bytes, Frame, Incoming, SizeHint};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use ipnet::IpNet;
use proxy::Relayed;
use proxy::guard::Guard;
use proxy::stream::Stream;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tower::ServiceExt;

use super::client::client;
use super::threads::Door;
use crate::workspaces::gate::Gate;

/// A client has so long for the head of a request, and for agreeing on encryption.
const HEADER_TIME: Duration = Duration::from_secs(10);
/// Bytes of a head.
const HEAD: usize = 64 * 1024;
/// An HTTP/2 connection that asks nothing for so long is ended; one of HTTP/1.1 has [`HEADER_TIME`].
const QUIET: Duration = Duration::from_secs(90);
/// Requests at once on an HTTP/2 connection.
const STREAMS: u32 = 100;

/// What answers.
#[derive(Clone)]
pub struct Front {
    /// The app.
    pub router: Router,
    /// The gate, where there are workspaces.
    pub gate: Option<Arc<Gate>>,
    /// Proxies in front whose word counts.
    pub trusted: Arc<[IpNet]>,
    /// Where the app runs.
    pub main: tokio::runtime::Handle,
}

/// An answer of the app, or of a workspace.
pub enum Answer {
    /// Made here.
    Own(Body),
    /// Passed on.
    Passed(Box<Relayed>),
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match &mut *self {
            Self::Own(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
            Self::Passed(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Own(body) => body.is_end_stream(),
            Self::Passed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Own(body) => body.size_hint(),
            Self::Passed(body) => body.size_hint(),
        }
    }
}

fn plain(status: StatusCode, text: String) -> Response<Answer> {
    let mut response = Response::new(Answer::Own(Body::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

impl Front {
    async fn answer(&self, request: Request<Incoming>, peer: Peer<'_>) -> Response<Answer> {
        let upgrade = proxy::is_upgrade(request.headers());
        let mut response = self.decide(request, peer).await;
        // Behind such a request nothing is read strictly any more, so nothing more is read at all.
        if upgrade && response.status() != StatusCode::SWITCHING_PROTOCOLS {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    async fn decide(&self, request: Request<Incoming>, peer: Peer<'_>) -> Response<Answer> {
        if let Err(refusal) = proxy::front::check(&request) {
            return plain(StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST), refusal.to_string());
        }
        match &self.gate {
            Some(gate) if gate.is_for(&request, peer.guest.door) => {
                // Without a proxy in front, which is nearly always, there is nothing to find out.
                let other = (!self.trusted.is_empty()).then(|| shown(client(peer.guest.peer, request.headers(), &self.trusted)));
                gate.answer(request, other.as_ref().unwrap_or(peer.shown), &peer.guest.held).await
            }
            _ => self.app(request, peer.guest.peer).await,
        }
    }

    /// The app answers on its own threads: what it does may take a while.
    async fn app(&self, mut request: Request<Incoming>, peer: IpAddr) -> Response<Answer> {
        let caller = Caller(client(peer, request.headers(), &self.trusted));
        // From this machine comes everybody, where a proxy is in front that nobody named: they are not counted as one.
        request.extensions_mut().insert(forge::auth::Peer(Some(caller.0).filter(|address| !address.to_canonical().is_loopback())));
        request.extensions_mut().insert(caller);
        // In HTTP/2 the host is in `:authority` (RFC 9113 §8.3.1); everything behind reads `Host`.
        let host = request.uri().authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
        if let Some(host) = host.filter(|_| !request.headers().contains_key(header::HOST)) {
            request.headers_mut().insert(header::HOST, host);
        }
        // When the client goes, nobody reads for it any more; what it asked to be changed is carried through, never left half done.
        let reads = request.method().is_safe();
        let working = self.main.spawn(self.router.clone().oneshot(request.map(Body::new)));
        let outcome = if reads { AbortOnDropHandle::new(working).await } else { working.await };
        match outcome {
            Ok(Ok(response)) => response.map(Answer::Own),
            Ok(Err(never)) => match never {},
            Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "something went wrong here; the server's log says what".to_owned()),
        }
    }
}

/// The other end of a connection, and how it is written.
#[derive(Clone, Copy)]
struct Peer<'a> {
    shown: &'a HeaderValue,
    guest: &'a Guest,
}

fn shown(address: IpAddr) -> HeaderValue {
    HeaderValue::from_str(&address.to_string()).unwrap_or(HeaderValue::from_static("unknown"))
}

/// Who is calling, for the app.
#[derive(Debug, Clone, Copy)]
pub struct Caller(pub IpAddr);

/// A connection that was let in.
pub struct Guest {
    /// Its other end.
    pub peer: IpAddr,
    /// Where it came in.
    pub door: Door,
    /// What it holds while it lasts, and what tunnels of it hold.
    pub held: Arc<dyn Any + Send + Sync>,
}

/// Comes back when nothing was asked for [`HEADER_TIME`], or nothing more for [`QUIET`].
async fn quiet(asked: &AtomicU64) {
    tokio::time::sleep(HEADER_TIME).await;
    let mut before = asked.load(Ordering::Relaxed);
    while before != 0 {
        tokio::time::sleep(QUIET).await;
        let now = asked.load(Ordering::Relaxed);
        if now == before {
            return;
        }
        before = now;
    }
}

/// Serves one connection to its end.
pub async fn connection(stream: TcpStream, guest: Guest, tls: Option<TlsAcceptor>, front: Front, stop: CancellationToken) -> Result<(), String> {
    // What all requests of a connection share is made once.
    let shared = Arc::new((front, shown(guest.peer), guest));
    let asked = Arc::new(AtomicU64::new(0));
    let count = asked.clone();
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let shared = shared.clone();
        count.fetch_add(1, Ordering::Relaxed);
        async move {
            let (front, shown, guest) = &*shared;
            Ok::<_, std::convert::Infallible>(front.answer(request, Peer { shown, guest }).await)
        }
    });
    let (stream, second) = match tls {
        None => (Stream::Tcp(stream), false),
        Some(tls) => {
            let agreed = tokio::time::timeout(HEADER_TIME, tls.accept(stream)).await.map_err(|_| "TLS was not agreed on in time")?;
            let agreed = agreed.map_err(|error| error.to_string())?;
            let second = agreed.get_ref().1.alpn_protocol() == Some(b"h2");
            (Stream::Tls(Box::new(agreed.into())), second)
        }
    };
    if second {
        let mut builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        builder.timer(TokioTimer::new()).max_concurrent_streams(STREAMS).max_header_list_size(HEAD as u32);
        builder.keep_alive_interval(Duration::from_secs(20)).keep_alive_timeout(HEADER_TIME).max_local_error_reset_streams(Some(100));
        let mut served = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
        tokio::select! {
            biased;
            ended = served.as_mut() => return ended.map_err(|error| error.to_string()),
            () = stop.cancelled() => {}
            () = quiet(&asked) => {
                if asked.load(Ordering::Relaxed) == 0 {
                    return Ok(());
                }
            }
        }
        // It makes place for others; what is still answered there is answered.
        served.as_mut().graceful_shutdown();
        return served.await.map_err(|error| error.to_string());
    }
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADER_TIME).max_buf_size(HEAD).keep_alive(true);
    let mut served = std::pin::pin!(builder.serve_connection(TokioIo::new(Guard::new(stream)), service).with_upgrades());
    tokio::select! {
        biased;
        ended = served.as_mut() => return ended.map_err(|error| error.to_string()),
        () = stop.cancelled() => {}
    }
    served.as_mut().graceful_shutdown();
    served.await.map_err(|error| error.to_string())
}
