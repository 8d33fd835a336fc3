//! The listening sockets. Connections have limits, so that a slow client holds nothing for long;
//! each is served by one of a few threads that never hand it on, and what workspaces say passes
//! through there and nowhere else. Requests for the app go to the pool of threads that all of it
//! runs on.

mod client;
pub mod serve;
mod threads;
mod tls;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ipnet::IpNet;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

pub use serve::Front;
pub use threads::Door;
pub use tls::acceptor;

/// Connections at once; fewer where the system gives fewer descriptors.
const MOST: u64 = 8192;
/// From one address, unless it is this machine (a proxy in front, say).
const MOST_FROM_ONE: usize = 256;

/// How many connections are held at once: under half of what the system lets us open, as a tunnel
/// takes two, and files and jobs need the rest.
fn room() -> usize {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap_or((1024, 1024));
    let wanted = hard.min(3 * MOST);
    let given = if soft < wanted && setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).is_ok() { wanted } else { soft.max(wanted.min(soft)) };
    usize::try_from((given * 2 / 5).min(MOST)).unwrap_or(512).max(16)
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

    fn enter(&self, address: IpAddr, trusted: &[IpNet]) -> Option<Guest> {
        let mut table = self.table();
        let from = neighbourhood(address);
        let count = table.entry(from).or_default();
        // A proxy in front is many.
        let many = address.is_loopback() || trusted.iter().any(|net| net.contains(&address));
        if *count >= MOST_FROM_ONE && !many {
            return None;
        }
        *count += 1;
        Some(Guest(self.clone(), from))
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

/// Whom an address is counted with: of IPv6 everybody has a whole /64 (RFC 6177), and is one all the same.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & (u128::MAX << 64)).into()),
        address => address,
    }
}

/// Has the system look now and then whether the other end is still there: a machine that was switched off says nothing, and
/// a tunnel may be quiet for hours.
fn keep_looking(stream: &tokio::net::TcpStream) {
    let looks = socket2::TcpKeepalive::new().with_time(Duration::from_secs(60)).with_interval(Duration::from_secs(15)).with_retries(4);
    let _ = socket2::SockRef::from(stream).set_tcp_keepalive(&looks);
}

/// A socket that is listened at.
pub struct Listener {
    /// It.
    pub socket: TcpListener,
    /// What comes in there.
    pub door: Door,
    /// Whether it is encrypted.
    pub tls: Option<TlsAcceptor>,
}

/// Serves `front` at every listener until `stop`; comes back when what was going on has ended.
pub async fn serve(listeners: Vec<Listener>, front: Front, stop: CancellationToken) {
    let threads = Arc::new(threads::Threads::start(&front, &stop));
    let (places, guests) = (Arc::new(Semaphore::new(room())), Guests::default());
    let accepting = listeners.into_iter().map(|listener| accept(listener, threads.clone(), places.clone(), (guests.clone(), front.trusted.clone()), stop.clone()));
    futures_util::future::join_all(accepting).await;
    if let Some(threads) = Arc::into_inner(threads) {
        let _ = tokio::task::spawn_blocking(|| threads.join()).await;
    }
}

async fn accept(listener: Listener, threads: Arc<threads::Threads>, places: Arc<Semaphore>, (guests, trusted): (Guests, Arc<[IpNet]>), stop: CancellationToken) {
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.socket.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of descriptors, most likely: the next one may be luckier.
                    tracing::warn!(%error, "failed to accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
            () = stop.cancelled() => return,
        };
        let Some(guest) = guests.enter(peer.ip().to_canonical(), &trusted) else { continue };
        // None free: whoever is slow is cut soon, and the next waits for that place.
        let place = tokio::select! {
            place = places.clone().acquire_owned() => place,
            () = stop.cancelled() => return,
        };
        let Ok(place) = place else { continue };
        let _ = stream.set_nodelay(true);
        keep_looking(&stream);
        threads.give(threads::Arrived { stream, peer: peer.ip().to_canonical(), door: listener.door, tls: listener.tls.clone(), held: Arc::new((guest, place)) });
    }
}

#[cfg(test)]
mod tests {
    use super::{Guests, MOST_FROM_ONE};

    #[test]
    fn a_network_is_one_guest() {
        let (guests, trusted) = (Guests::default(), ["2001:db8:ffff::/48".parse().expect("a net")]);
        let inside: Vec<_> = (0..MOST_FROM_ONE).map(|n| guests.enter(format!("2001:db8:0:1::{n:x}").parse().expect("an address"), &trusted)).collect();
        assert!(inside.iter().all(Option::is_some));
        for (address, comes_in) in [("2001:db8:0:1:ffff::1", false), ("2001:db8:0:2::1", true), ("192.0.2.1", true), ("::1", true)] {
            assert_eq!(guests.enter(address.parse().expect("an address"), &trusted).is_some(), comes_in, "{address}");
        }
        drop(inside);
        assert!(guests.table().is_empty());
    }
}
