//! A few threads, each with a runtime of its own: a connection stays on one of them, with the
//! upstream connections that it uses, so that no byte of it ever waits for another thread.

use std::any::Any;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::serve::{Front, Guest, connection};

/// Connections get so long to finish when the server stops.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// Between looks at upstream connections that nobody uses.
const SWEEP: Duration = Duration::from_secs(5);

/// Which listener a connection came in by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The app's, and that of workspaces with a host each.
    Main,
    /// The second port, for workspaces alone.
    Workspaces,
}

/// A connection that was accepted.
pub struct Arrived {
    pub stream: TcpStream,
    pub peer: IpAddr,
    pub door: Door,
    pub tls: Option<TlsAcceptor>,
    /// What it holds while it lasts.
    pub held: Arc<dyn Any + Send + Sync>,
}

/// All of them.
pub struct Threads {
    threads: Vec<(UnboundedSender<Arrived>, JoinHandle<()>)>,
    next: AtomicUsize,
}

impl Threads {
    /// As many as there are processors.
    pub fn start(front: &Front, stop: &CancellationToken) -> Self {
        let count = std::thread::available_parallelism().map_or(2, usize::from);
        let threads = (0..count).map(|number| one(number, front.clone(), stop.child_token())).collect();
        Self { threads, next: AtomicUsize::new(0) }
    }

    /// In turn.
    pub fn give(&self, arrived: Arrived) {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.threads.len();
        let _ = self.threads[turn].0.send(arrived);
    }

    /// Waits until all of them have ended.
    pub fn join(self) {
        for (sender, thread) in self.threads {
            drop(sender);
            let _ = thread.join();
        }
    }
}

fn one(number: usize, front: Front, stop: CancellationToken) -> (UnboundedSender<Arrived>, JoinHandle<()>) {
    let (sender, receiver) = unbounded_channel();
    let body = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a thread for connections can have a runtime");
        runtime.block_on(run(receiver, front, stop));
    };
    let thread = std::thread::Builder::new().name(format!("edge-{number}")).spawn(body).expect("a thread for connections can be started");
    (sender, thread)
}

async fn run(mut receiver: UnboundedReceiver<Arrived>, front: Front, stop: CancellationToken) {
    let connections = TaskTracker::new();
    let sweeping = tokio::spawn(async {
        let mut times = tokio::time::interval(SWEEP);
        loop {
            times.tick().await;
            proxy::pool::sweep();
        }
    });
    loop {
        let arrived = tokio::select! {
            arrived = receiver.recv() => arrived,
            () = stop.cancelled() => break,
        };
        let Some(Arrived { stream, peer, door, tls, held }) = arrived else { break };
        // A socket belongs to the runtime that it was made on, until it is made anew on another.
        let Ok(stream) = stream.into_std().and_then(TcpStream::from_std) else { continue };
        let (front, stop) = (front.clone(), stop.clone());
        connections.spawn(async move {
            if let Err(error) = connection(stream, Guest { peer, door, held }, tls, front, stop).await {
                tracing::debug!(error, "a connection ended early");
            }
        });
    }
    sweeping.abort();
    connections.close();
    let _ = tokio::time::timeout(LAST_WORDS, connections.wait()).await;
}
