//! The listening socket: connections with limits, so that a slow client holds nothing for long,
//! and an end in order.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::Service;

/// Connections at once; fewer where the system gives fewer descriptors.
const MOST: u64 = 8192;
/// From one address, unless it is this machine (a proxy in front, say).
const MOST_FROM_ONE: usize = 256;
/// A client has so long for the head of a request.
const HEADER_TIME: Duration = Duration::from_secs(10);
/// Connections get so long to finish when the server stops.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// How many connections are held at once: half of what the system lets us open, files and jobs
/// need the rest.
fn room() -> usize {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap_or((1024, 1024));
    let wanted = hard.min(2 * MOST);
    let given = if soft < wanted && setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).is_ok() { wanted } else { soft };
    usize::try_from((given / 2).min(MOST)).unwrap_or(512).max(16)
}

/// Connections by address.
#[derive(Clone, Default)]
struct Guests(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One connection, until it is dropped.
struct Guest(Guests, IpAddr);

impl Guests {
    fn table(&self) -> std::sync::MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn enter(&self, address: IpAddr) -> Option<Guest> {
        let mut table = self.table();
        let count = table.entry(address).or_default();
        if *count >= MOST_FROM_ONE && !address.is_loopback() {
            return None;
        }
        *count += 1;
        Some(Guest(self.clone(), address))
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut table = self.0.table();
        if let Some(count) = table.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                table.remove(&self.1);
            }
        }
    }
}

/// Serves `router` until `stop`.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let graceful = GracefulShutdown::new();
    let mut make = router.into_make_service();
    let (places, guests) = (Arc::new(Semaphore::new(room())), Guests::default());
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of descriptors, most likely: the next one may be luckier.
                    tracing::warn!(%error, "failed to accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
            () = stop.cancelled() => break,
        };
        let Some(guest) = guests.enter(peer.ip().to_canonical()) else { continue };
        // None free: whoever is slow is cut soon, and the next waits for that place.
        let place = tokio::select! {
            place = places.clone().acquire_owned() => place,
            () = stop.cancelled() => break,
        };
        let Ok(place) = place else { continue };
        let _ = stream.set_nodelay(true);
        let Ok(service) = make.call(peer).await;
        let mut builder = Builder::new(TokioExecutor::new());
        // Without TLS browsers speak HTTP/1.1 alone, and finding out which it is has no time limit.
        builder = builder.http1_only();
        builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIME).max_buf_size(64 * 1024).keep_alive(true);
        let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service)).into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            let _held = (guest, place);
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(LAST_WORDS, graceful.shutdown()).await;
}
