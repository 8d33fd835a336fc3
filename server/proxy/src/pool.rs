//! Connections to upstreams that wait for the next request. They are kept by workspace, never
//! shared between two, and by thread: whoever has one moves its bytes, so that a request costs no
//! task of its own.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use hyper_util::rt::TokioIo;

use crate::address::Address;
use crate::stream::{Allowance, Metered};

/// What is sent: what a client sends, or something of our own.
pub type Sent = Either<Incoming, Full<Bytes>>;

/// How many wait, for one workspace on one thread.
const MOST: usize = 64;
/// How long one waits; upstreams close theirs after some time as well, and who is first is safe.
const REST: Duration = Duration::from_secs(15);
/// The largest head of an answer.
const HEAD: usize = 128 * 1024;

/// A connection with its two ends: where requests go in, and what moves the bytes.
pub(crate) struct Line {
    sender: SendRequest<Sent>,
    /// None once it has ended: what was queued in it comes back then.
    connection: Option<Connection<TokioIo<Metered>, Sent>>,
    allowance: Allowance,
    since: Instant,
}

thread_local! {
    static WAITING: RefCell<HashMap<Arc<str>, Vec<Line>>> = RefCell::new(HashMap::new());
}

/// What every connection to an upstream has.
pub(crate) fn builder() -> Builder {
    let mut builder = Builder::new();
    // As many headers as are read without memory of their own, a hundred: what is named in numbers costs each answer two
    // allocations of six kilobytes.
    builder.max_buf_size(HEAD);
    builder
}

fn drive(connection: &mut Option<Connection<TokioIo<Metered>, Sent>>, cx: &mut Context<'_>) {
    if connection.as_mut().is_some_and(|connection| Pin::new(connection).poll(cx).is_ready()) {
        *connection = None;
    }
}

impl Line {
    /// A new one.
    pub(crate) async fn open(address: &Address) -> io::Result<Self> {
        let (stream, allowance) = Metered::new(address.connect().await?);
        let (sender, connection) = builder().handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        Ok(Self { sender, connection: Some(connection), allowance, since: Instant::now() })
    }

    /// Moves what there is to move.
    pub(crate) fn drive(&mut self, cx: &mut Context<'_>) {
        drive(&mut self.connection, cx);
    }

    /// Sends a request; gives back the head of the answer, or the request where nothing of it was sent.
    pub(crate) async fn send(&mut self, request: Request<Sent>) -> Result<Response<Incoming>, TrySendError<Request<Sent>>> {
        self.allowance.begin();
        let mut answer = std::pin::pin!(self.sender.try_send_request(request));
        let answer = std::future::poll_fn(|cx| {
            drive(&mut self.connection, cx);
            answer.as_mut().poll(cx)
        })
        .await;
        self.allowance.lift();
        answer
    }

    /// Whether it can take a request now.
    pub(crate) fn is_ready(&mut self, cx: &mut Context<'_>) -> bool {
        self.drive(cx);
        self.connection.is_some() && matches!(self.sender.poll_ready(cx), Poll::Ready(Ok(())))
    }
}

/// One that waits for `key`, if it is still good.
pub(crate) async fn take(key: &Arc<str>) -> Option<Line> {
    std::future::poll_fn(|cx| {
        loop {
            let Some(mut line) = WAITING.with_borrow_mut(|waiting| waiting.get_mut(key)?.pop()) else { return Poll::Ready(None) };
            if line.since.elapsed() < REST && line.is_ready(cx) {
                return Poll::Ready(Some(line));
            }
        }
    })
    .await
}

/// Keeps one for later.
pub(crate) fn keep(key: &Arc<str>, mut line: Line) {
    // Not while something of a request is still on its way, or more of an answer.
    if !line.is_ready(&mut Context::from_waker(std::task::Waker::noop())) {
        return;
    }
    line.since = Instant::now();
    // Gone when the thread ends; then nobody asks any more.
    let _ = WAITING.try_with(|waiting| {
        let mut waiting = waiting.borrow_mut();
        let of = match waiting.get_mut(key) {
            Some(of) => of,
            None => waiting.entry(key.clone()).or_default(),
        };
        if of.len() < MOST {
            of.push(line);
        }
    });
}

/// Closes what has waited for too long on this thread. Whoever runs a thread calls it every few
/// seconds: nobody else looks at connections that wait.
pub fn sweep() {
    WAITING.with_borrow_mut(|waiting| {
        waiting.retain(|_, lines| {
            lines.retain(|line| line.since.elapsed() < REST);
            !lines.is_empty()
        });
    });
}
