//! A client's side of a connection: read strictly, and not for ever.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use crate::framing::Framing;

/// A client that sends a body, or takes an answer, moves at least [`LEAST`] bytes in this time.
/// The head of a request has a limit of its own, which hyper keeps.
pub const WINDOW: Duration = Duration::from_secs(10);
/// See [`WINDOW`].
pub const LEAST: u64 = 512;

/// A client that was refused gets so long to hear it, and may say so much meanwhile.
const LINGER: Duration = Duration::from_secs(1);
/// See [`LINGER`].
const DRAIN: usize = 1024 * 1024;

/// How much moved in this window.
#[derive(Default)]
struct Pace {
    moved: u64,
    end: Option<Pin<Box<Sleep>>>,
}

impl Pace {
    /// It moved.
    fn moved(&mut self, bytes: usize) {
        self.moved += bytes as u64;
        if self.moved >= LEAST {
            (self.moved, self.end) = (0, None);
        }
    }

    /// It waits for the client; whether it has waited too long.
    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        let end = self.end.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + WINDOW)));
        end.as_mut().poll(cx).is_ready()
    }
}

/// The guarded side.
pub struct Guard<S> {
    inner: S,
    framing: Framing,
    /// Something was sent that cannot be read in one way only: nothing more is read but the rest of this.
    poison: Option<&'static [u8]>,
    sending: Pace,
    taking: Pace,
    lingers: Option<Pin<Box<Sleep>>>,
    drained: usize,
}

/// hyper answers what it cannot read with 400, in its turn and with a close: so it gets this. The end
/// of a head belongs to it, as hyper reads no head before its end has come.
const POISON: &[u8] = b"\0\r\n\r\n";

impl<S> Guard<S> {
    /// Hands on as much of the poison as there is room for; nothing, which is an end, when it is all gone.
    fn give(&mut self, buf: &mut ReadBuf<'_>) {
        let rest = self.poison.unwrap_or_default();
        let (now, later) = rest.split_at(rest.len().min(buf.remaining()));
        buf.put_slice(now);
        self.poison = Some(later);
    }

    /// Around a fresh connection.
    pub fn new(inner: S) -> Self {
        Self { inner, framing: Framing::default(), poison: None, sending: Pace::default(), taking: Pace::default(), lingers: None, drained: 0 }
    }

    /// What is inside, once HTTP is over.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

fn slow() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the client is too slow")
}

impl<S: AsyncRead + Unpin> AsyncRead for Guard<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.poison.is_some() {
            self.give(buf);
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        let Poll::Ready(outcome) = Pin::new(&mut self.inner).poll_read(cx, buf) else {
            let late = self.framing.in_body() && self.sending.is_over(cx);
            return if late { Poll::Ready(Err(slow())) } else { Poll::Pending };
        };
        outcome?;
        let fresh = &buf.filled()[before..];
        let bytes = fresh.len();
        if let Some(kept) = self.framing.feed(fresh) {
            buf.set_filled(before + kept);
            self.poison = Some(POISON);
            self.give(buf);
        }
        if self.framing.in_body() {
            self.sending.moved(bytes);
        } else {
            self.sending = Pace::default();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> Guard<S> {
    fn paced(&mut self, cx: &mut Context<'_>, outcome: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match outcome {
            Poll::Ready(Ok(bytes)) => {
                if self.taking.end.is_some() {
                    self.taking.moved(bytes);
                }
                Poll::Ready(Ok(bytes))
            }
            Poll::Pending if self.taking.is_over(cx) => Poll::Ready(Err(slow())),
            other => other,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Guard<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.paced(cx, outcome)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.paced(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.inner).poll_flush(cx))?;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.inner).poll_shutdown(cx))?;
        // What nobody has read when a socket is closed makes the system reset the connection, and then
        // the client may never see the answer that says why (RFC 9112 §9.6).
        let this = &mut *self;
        let end = this.lingers.get_or_insert_with(|| Box::pin(tokio::time::sleep(LINGER)));
        let mut scratch = [0; 4096];
        while this.poison.is_some() && this.drained < DRAIN && end.as_mut().poll(cx).is_pending() {
            let mut buf = ReadBuf::new(&mut scratch);
            match ready!(Pin::new(&mut this.inner).poll_read(cx, &mut buf)) {
                Ok(()) if !buf.filled().is_empty() => this.drained += buf.filled().len(),
                _ => break,
            }
        }
        Poll::Ready(Ok(()))
    }
}
