//! The body of an answer, on its way from an upstream to a client.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::pool::{self, Line};

/// What moves the bytes while the body is read, and what ends it.
pub(crate) struct Source {
    /// The workspace that the connection goes back to; none for what is asked once.
    pub key: Option<Arc<str>>,
    pub line: Line,
}

/// A body that is passed on as it comes.
pub struct Relayed {
    inner: Incoming,
    source: Option<Source>,
    stop: CancellationToken,
    /// Made when there is something to wait for.
    stopped: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
}

impl Relayed {
    pub(crate) fn new(inner: Incoming, source: Option<Source>, stop: CancellationToken) -> Self {
        let mut body = Self { inner, source, stop, stopped: None };
        if body.inner.is_end_stream() {
            body.release();
        }
        body
    }

    /// Gives the connection back once all has been read.
    fn release(&mut self) {
        if let Some(Source { key: Some(key), line }) = self.source.take() {
            pool::keep(&key, line);
        }
    }
}

impl Body for Relayed {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        // Nobody gets more of it who has signed out meanwhile.
        if self.stop.is_cancelled() {
            self.source = None;
            // An error, so that what breaks off does not look whole.
            return Poll::Ready(Some(Err("signed out".into())));
        }
        let mut polled = Pin::new(&mut self.inner).poll_frame(cx);
        if polled.is_pending()
            && let Some(source) = &mut self.source
        {
            source.line.drive(cx);
            polled = Pin::new(&mut self.inner).poll_frame(cx);
        }
        match &polled {
            Poll::Ready(None) => self.release(),
            Poll::Ready(Some(Ok(_))) if self.inner.is_end_stream() => self.release(),
            Poll::Ready(Some(Err(_))) => self.source = None,
            Poll::Pending => {
                let this = &mut *self;
                let stopped = this.stopped.get_or_insert_with(|| Box::pin(this.stop.clone().cancelled_owned()));
                if stopped.as_mut().poll(cx).is_ready() {
                    self.source = None;
                    return Poll::Ready(Some(Err("signed out".into())));
                }
            }
            _ => {}
        }
        polled.map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
