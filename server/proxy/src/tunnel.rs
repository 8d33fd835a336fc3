//! Two connections joined after an upgrade. Frames are never parsed: bytes are copied until both
//! sides have ended, or until nobody may any more. What has nothing to say has no buffer.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio_util::sync::CancellationToken;

/// When one side has ended, the other gets so long.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// A close frame with the code 4001 (RFC 6455 §5.5.1; 4000 and above are for applications).
const SIGNED_OUT: [u8; 4] = [0x88, 0x02, 0x0f, 0xa1];

thread_local! {
    /// Read into by every tunnel of a thread, one at a time.
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; 64 * 1024].into_boxed_slice());
}

/// One direction.
#[derive(Default)]
struct Way {
    /// What the taker had no room for.
    left: Vec<u8>,
    at: usize,
    /// Written since the last flush.
    dirty: bool,
    ended: bool,
    shut: bool,
}

impl Way {
    fn poll(&mut self, cx: &mut Context<'_>, mut from: &mut dyn Duplex, mut to: &mut dyn Duplex, moved: &dyn Fn()) -> Poll<io::Result<()>> {
        if self.shut {
            return Poll::Ready(Ok(()));
        }
        loop {
            while self.at < self.left.len() {
                match ready!(Pin::new(&mut to).poll_write(cx, &self.left[self.at..]))? {
                    0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                    bytes => self.at += bytes,
                }
                self.dirty = true;
            }
            (self.left, self.at) = (Vec::new(), 0);
            if self.ended {
                ready!(Pin::new(&mut to).poll_shutdown(cx))?;
                self.shut = true;
                return Poll::Ready(Ok(()));
            }
            let read = SCRATCH.with_borrow_mut(|scratch| {
                let mut buf = ReadBuf::new(scratch);
                let Poll::Ready(outcome) = Pin::new(&mut from).poll_read(cx, &mut buf) else { return Poll::Pending };
                outcome?;
                let bytes = buf.filled();
                if bytes.is_empty() {
                    return Poll::Ready(Ok(0));
                }
                let written = match Pin::new(&mut to).poll_write(cx, bytes) {
                    Poll::Ready(written) => written?,
                    Poll::Pending => 0,
                };
                self.dirty = true;
                if written < bytes.len() {
                    self.left = bytes[written..].to_vec();
                }
                Poll::Ready(Ok::<usize, io::Error>(bytes.len()))
            });
            match read {
                Poll::Pending => {
                    if self.dirty {
                        ready!(Pin::new(&mut to).poll_flush(cx))?;
                        self.dirty = false;
                    }
                    return Poll::Pending;
                }
                Poll::Ready(bytes) => {
                    self.ended = bytes? == 0;
                    moved();
                }
            }
        }
    }
}

/// Something that bytes go through both ways.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// What each side has said already, behind its head.
pub(crate) struct Said {
    pub client: Vec<u8>,
    pub upstream: Vec<u8>,
}

/// Copies until both sides have ended, one of them breaks, or `stop`. `moved` is called whenever
/// something has moved.
pub(crate) async fn join(client: &mut dyn Duplex, upstream: &mut dyn Duplex, said: Said, stop: &CancellationToken, moved: Arc<dyn Fn() + Send + Sync>) {
    let (mut out, mut back) = (Way { left: said.client, ..Way::default() }, Way { left: said.upstream, ..Way::default() });
    let copy = async {
        let mut last_words: Option<Pin<Box<tokio::time::Sleep>>> = None;
        std::future::poll_fn(|cx| {
            let there = out.poll(cx, client, upstream, &*moved)?;
            let here = back.poll(cx, upstream, client, &*moved)?;
            if there.is_ready() && here.is_ready() {
                return Poll::Ready(Ok::<(), io::Error>(()));
            }
            if there.is_ready() || here.is_ready() {
                let end = last_words.get_or_insert_with(|| Box::pin(tokio::time::sleep(LAST_WORDS)));
                return end.as_mut().poll(cx).map(Ok);
            }
            Poll::Pending
        })
        .await
    };
    let ended = tokio::select! {
        _ = copy => true,
        () = stop.cancelled() => false,
    };
    if !ended {
        let _ = tokio::time::timeout(Duration::from_secs(1), client.write_all(&SIGNED_OUT)).await;
    }
    let _ = tokio::time::timeout(Duration::from_secs(1), async { tokio::join!(client.shutdown(), upstream.shutdown()) }).await;
}

#[cfg(test)]
mod tests {
    use super::{Said, join};
    use std::sync::Arc;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio_util::sync::CancellationToken;

    fn said(client: &[u8]) -> Said {
        Said { client: client.to_vec(), upstream: Vec::new() }
    }

    #[tokio::test]
    async fn every_byte_comes_through_a_narrow_pipe() {
        let ((mut a, mut b), (mut c, mut d)) = (duplex(7), duplex(5));
        let stop = CancellationToken::new();
        let joined = tokio::spawn(async move { join(&mut b, &mut c, said(b"before "), &stop, Arc::new(|| ())).await });
        let text: Vec<u8> = (0..200_000_u32).map(|n| (n % 251) as u8).collect();
        let sent = text.clone();
        let writer = tokio::spawn(async move {
            a.write_all(&sent).await.expect("it is written");
            a.shutdown().await.expect("it ends");
            let mut back = Vec::new();
            a.read_to_end(&mut back).await.expect("the answer comes");
            back
        });
        let mut got = Vec::new();
        d.read_to_end(&mut got).await.expect("all of it comes");
        d.write_all(b"thanks").await.expect("it is written");
        drop(d);
        assert_eq!((&got[..7], &got[7..] == text.as_slice()), (&b"before "[..], true));
        assert_eq!(writer.await.expect("it ended"), b"thanks");
        joined.await.expect("it ended");
    }

    #[tokio::test]
    async fn signing_out_ends_it_with_a_reason() {
        let ((mut a, mut b), (mut c, mut d)) = (duplex(64), duplex(64));
        let stop = CancellationToken::new();
        let other = stop.clone();
        let joined = tokio::spawn(async move { join(&mut b, &mut c, said(b""), &other, Arc::new(|| ())).await });
        a.write_all(b"x").await.expect("it is written");
        assert_eq!(d.read_u8().await.expect("it comes"), b'x');
        stop.cancel();
        let mut rest = Vec::new();
        a.read_to_end(&mut rest).await.expect("it ends");
        assert_eq!(rest, super::SIGNED_OUT);
        assert_eq!(d.read_to_end(&mut rest).await.expect("it ends"), 0);
        joined.await.expect("it ended");
    }
}
