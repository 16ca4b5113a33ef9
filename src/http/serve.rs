//! The accept loop: connections within limits of time, number and memory, and a graceful end.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::Router;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
    task::JoinHandle,
};

use super::{
    linger::Lingering,
    origin::Peer,
    patience::{Patience, Patient},
    seat,
};
use crate::supervisor::{Progress, Supervisor};

/// How long the first request's headers may take to arrive, from their first byte on.
const HEADER_TIME: Duration = Duration::from_secs(15);

/// How long a connection may be idle before its first request and between two. Load balancers close theirs after 60
/// seconds (nginx, AWS, Google Cloud); the side that closes first must be theirs, or a webhook that meets the close is
/// lost. The headers of a later request must arrive within the same time.
const IDLE_TIME: Duration = Duration::from_secs(90);

/// How long is waited after the machine had no room for another connection.
const AFTER_REFUSAL: Duration = Duration::from_millis(10);

/// Most connections at once. With [`LARGEST_HEAD`] this bounds what strangers can make us hold.
const MOST_CONNECTIONS: u64 = 12_000;

/// File descriptors that are not for senders: the database, Accurate, and some to spare.
const OTHER_FILES: u64 = 100;

/// Largest request head; also how much of a body is read at once.
const LARGEST_HEAD: usize = 16 * 1024;

const _: () = assert!(IDLE_TIME.as_secs() >= 75, "shorter than what load balancers keep connections for");

/// How long senders may take.
#[derive(Clone, Copy, Debug)]
struct Times {
    idle: Duration,
    head: Duration,
}

/// Serves until `stopped` ends, then lets requests in flight end. A loop that panics is started again on the same
/// socket, and one that keeps panicking or accepts nothing any more is reported under this name.
pub fn serve<F>(
    supervisor: &Arc<Supervisor>,
    name: &str,
    listener: TcpListener,
    router: Router,
    stopped: impl Fn() -> F + Send + 'static,
) -> JoinHandle<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let times = Times { idle: IDLE_TIME, head: HEADER_TIME };
    let socket = Socket::new(listener);
    supervisor
        .keep_running(name, move |progress| serve_within(times, socket.clone(), router.clone(), stopped(), progress))
}

/// A listening socket that outlives a panic of the loop that accepts on it, and is closed when that loop ends.
#[derive(Clone)]
struct Socket(Arc<Mutex<Option<Arc<TcpListener>>>>);

impl Socket {
    fn new(listener: TcpListener) -> Self {
        Self(Arc::new(Mutex::new(Some(Arc::new(listener)))))
    }

    fn listener(&self) -> Option<Arc<TcpListener>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Releases the socket: it closes with the last listener that was given out.
    fn close(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

async fn serve_within(
    times: Times,
    socket: Socket,
    router: Router,
    stopped: impl Future<Output = ()>,
    progress: Progress,
) {
    let Some(listener) = socket.listener() else { return };
    let graceful = GracefulShutdown::new();
    let patience = Arc::new(Patience::default());
    let seats = Arc::new(Semaphore::new(seats()));
    let mut stopped = std::pin::pin!(stopped);
    let (serving, stopping) = watch::channel(());
    loop {
        let next = async {
            tokio::select! {
                accepted = listener.accept() => Some(accepted),
                () = &mut stopped => None,
            }
        };
        let Some(accepted) = progress.wait_for(next).await else { break };
        let (stream, peer) = match accepted {
            Ok(connected) => connected,
            Err(error) => {
                tracing::warn!("a connection could not be accepted: {error}");
                patience.lose();
                tokio::time::sleep(AFTER_REFUSAL).await;
                continue;
            }
        };
        let seat = match seats.clone().try_acquire_owned() {
            Ok(seat) => seat,
            // Where nobody keeps us waiting we are at work for all of them, and the newcomer has to come again.
            Err(_) if patience.lose().is_none() => continue,
            Err(_) => match progress.wait_for(seats.clone().acquire_owned()).await {
                Ok(seat) => seat,
                Err(_) => break,
            },
        };
        // Answers are small and must not wait for company; failing to say so only costs time.
        let _ = stream.set_nodelay(true);
        let sender = Arc::new(Patient::new(&patience));
        sender.is_waited_for();
        let (router, watcher, mut stopping) = (router.clone(), graceful.watcher(), stopping.clone());
        tokio::spawn(async move {
            // Who says nothing holds up no end.
            let speaking = tokio::select! {
                speaking = Lingering::after_first_head(stream, LARGEST_HEAD, times.idle, times.head) => speaking,
                () = sender.sent_away() => None,
                _ = stopping.changed() => None,
            };
            if let Some(stream) = speaking {
                // In a box of its own, since the many who say nothing need none.
                let conversation =
                    Box::pin(converse(stream, Peer(peer.ip()), router, sender.clone(), watcher, times.idle));
                // How a connection ends is its sender's business: what was answered with 2xx is on disk.
                tokio::select! {
                    () = conversation => {}
                    () = sender.sent_away() => {}
                }
            }
            drop(seat);
        });
    }
    socket.close();
    drop((listener, serving));
    graceful.shutdown().await;
}

/// All requests of one connection.
async fn converse(
    stream: Lingering,
    peer: Peer,
    router: Router,
    sender: Arc<Patient>,
    watcher: Watcher,
    idle: Duration,
) {
    let service = service_fn(|request| seat::serve(router.clone(), sender.clone(), peer, request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(idle)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    drop(watcher.watch(connection).await);
}

/// How many connections the machine lets us have.
fn seats() -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    // The usual limit is there for programs of old that cannot count further; whoever may raise it, may.
    if limit.current != limit.maximum {
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        if setrlimit(Resource::Nofile, raised).is_ok() {
            limit = raised;
        }
    }
    let files = limit.current.unwrap_or(u64::MAX).saturating_sub(OTHER_FILES).max(OTHER_FILES);
    let seats = files.min(MOST_CONNECTIONS);
    if seats < MOST_CONNECTIONS {
        tracing::info!(
            "at most {seats} connections are kept at once: the limit of open files (ulimit -n) allows no more"
        );
    }
    seats as usize
}

#[cfg(test)]
mod tests {
    use std::{
        future::pending,
        net::SocketAddr,
        sync::atomic::{AtomicBool, Ordering},
    };

    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
        time::Instant,
    };

    use super::*;
    use crate::clock::SystemClock;

    const TIMES: Times = Times { idle: Duration::from_secs(4), head: Duration::from_millis(500) };

    fn supervisor() -> Arc<Supervisor> {
        Supervisor::new(Arc::new(SystemClock))
    }

    async fn listening() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("bound");
        (listener, address)
    }

    fn router() -> Router {
        Router::new().route("/", get(async || "here"))
    }

    async fn served() -> SocketAddr {
        let (listener, address) = listening().await;
        let socket = Socket::new(listener);
        supervisor().keep_running("accepting", move |progress| {
            serve_within(TIMES, socket.clone(), router(), pending(), progress)
        });
        address
    }

    /// Asks on a connection; false when it has been closed.
    async fn is_answered(stream: &mut TcpStream) -> bool {
        let mut answer = Vec::new();
        if stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.is_err() {
            return false;
        }
        while !answer.ends_with(b"here") {
            if !stream.read_buf(&mut answer).await.is_ok_and(|bytes| bytes > 0) {
                return false;
            }
        }
        answer.starts_with(b"HTTP/1.1 200")
    }

    /// How long it takes until a connection is closed.
    async fn closed_after(stream: &mut TcpStream) -> Duration {
        let began = Instant::now();
        let _ = stream.read_to_end(&mut Vec::new()).await;
        began.elapsed()
    }

    #[tokio::test]
    async fn an_idle_connection_stays_open_before_its_first_request_and_between_two() {
        let mut stream = TcpStream::connect(served().await).await.expect("it listens");
        for _ in 0..2 {
            tokio::time::sleep(TIMES.head * 2).await;
            assert!(is_answered(&mut stream).await);
        }
        let idle = closed_after(&mut stream).await;
        assert!(idle >= TIMES.idle.mul_f64(0.9), "closed after {idle:?}");
    }

    #[tokio::test]
    async fn headers_that_do_not_end_are_not_waited_for_as_long() {
        let mut stream = TcpStream::connect(served().await).await.expect("it listens");
        stream.write_all(b"GET / HTTP/1.1\r\n").await.expect("it is open");
        let waited = closed_after(&mut stream).await;
        assert!(waited < TIMES.idle, "closed after {waited:?}");
    }

    #[tokio::test]
    async fn a_loop_that_panics_accepts_again_on_the_same_socket_and_a_stopped_one_closes_it() {
        let (listener, address) = listening().await;
        let (stop, stopping) = watch::channel(false);
        let panics = Arc::new(AtomicBool::new(true));
        let stopped = move || {
            let (panics, mut stopping) = (panics.swap(false, Ordering::SeqCst), stopping.clone());
            async move {
                assert!(!panics, "on purpose");
                let _ = stopping.wait_for(|stopped| *stopped).await;
            }
        };
        let serving = serve(&supervisor(), "accepting", listener, router(), stopped);
        let mut stream = TcpStream::connect(address).await.expect("it listens all the while");
        assert!(is_answered(&mut stream).await);
        stop.send(true).expect("it is served");
        serving.await.expect("it ends");
        assert!(TcpStream::connect(address).await.is_err(), "the socket is closed");
    }

    #[tokio::test]
    async fn a_loop_that_keeps_panicking_is_named() {
        let (listener, _) = listening().await;
        let supervisor = supervisor();
        let panicking = || async { panic!("on purpose") };
        let serving = serve(&supervisor, "accepting", listener, router(), panicking);
        let named = loop {
            if let Some(named) = supervisor.standstills().pop() {
                break named;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        serving.abort();
        assert_eq!(named.task, "accepting");
    }
}
