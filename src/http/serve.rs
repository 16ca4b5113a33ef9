//! The accept loop: connections within limits of time, number and memory, and a graceful end.

use std::{
    convert::Infallible,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Router, extract::Request};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
    service::TowerToHyperService,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinHandle,
    time::timeout,
};
use tracing::Instrument;

use super::{headers::deny_by_default, origin::Peer, request_id, stream::Stream};
use crate::supervisor::{Progress, Supervisor};

/// How long the headers of a connection's first request may take to arrive, from the beginning of the connection on.
/// A connection that sends nothing is closed after this time.
const HEAD_TIME: Duration = Duration::from_secs(15);

/// How long a connection may be idle between two requests, and how long the headers of the later one may take. Load
/// balancers close idle connections after 60 seconds (nginx, AWS); theirs must be the side that closes first, or a
/// webhook that is sent at that moment is lost.
const KEEP_ALIVE: Duration = Duration::from_secs(90);

const _: () = assert!(KEEP_ALIVE.as_secs() >= 75, "shorter than what load balancers keep connections for");

/// How long nothing is accepted after the operating system could not accept another connection.
const AFTER_REFUSAL: Duration = Duration::from_millis(100);

/// How many connections may be open at the same time. With [`LARGEST_HEAD`] this limits the memory that strangers can
/// use.
const MOST_CONNECTIONS: u64 = 12_000;

/// File descriptors that are kept for the database, for Accurate, and as a reserve.
const OTHER_FILES: u64 = 100;

/// Largest request head; also how much of a body is read at once.
const LARGEST_HEAD: usize = 16 * 1024;

/// What all connections together, and each of them, may take.
#[derive(Clone, Copy, Debug)]
struct Limits {
    connections: usize,
    head: Duration,
    keep_alive: Duration,
}

/// Serves until `stopped` ends, then completes the requests in flight. A loop that panics is started again on the same
/// socket. A loop that keeps panicking, or no longer accepts connections, is reported under this name.
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
    let limits = Limits { connections: most_connections(), head: HEAD_TIME, keep_alive: KEEP_ALIVE };
    let socket = Socket::new(listener);
    supervisor
        .keep_running(name, move |progress| serve_within(limits, socket.clone(), router.clone(), stopped(), progress))
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

    /// Releases the socket, which is closed together with the last listener.
    fn close(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

async fn serve_within(
    limits: Limits,
    socket: Socket,
    router: Router,
    stopped: impl Future<Output = ()>,
    progress: Progress,
) {
    let Some(listener) = socket.listener() else { return };
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(limits.connections));
    let mut stopped = std::pin::pin!(stopped);
    let (serving, stopping) = watch::channel(());
    loop {
        // While the number of connections is at its limit, new ones wait in the operating system's queue.
        let accept = async { (places.clone().acquire_owned().await, listener.accept().await) };
        let next = async {
            tokio::select! {
                accepted = accept => Some(accepted),
                () = &mut stopped => None,
            }
        };
        let Some((place, accepted)) = progress.wait_for(next).await else { break };
        let (stream, peer) = match accepted {
            Ok(connected) => connected,
            Err(error) => {
                tracing::warn!("a connection could not be accepted: {error}");
                tokio::time::sleep(AFTER_REFUSAL).await;
                continue;
            }
        };
        // Small answers should be sent immediately. If this fails, they are only slower.
        let _ = stream.set_nodelay(true);
        let connection = Connection { stream, peer: Peer(peer.ip()), router: router.clone(), limits };
        let (watcher, stopping) = (graceful.watcher(), stopping.clone());
        tokio::spawn(async move {
            connection.serve(watcher, stopping).await;
            drop(place);
        });
    }
    socket.close();
    drop((listener, serving));
    graceful.shutdown().await;
}

/// A connection that was accepted.
struct Connection {
    stream: TcpStream,
    peer: Peer,
    router: Router,
    limits: Limits,
}

impl Connection {
    /// Serves all requests of the connection. Ends early if the first request does not arrive in time, or if the
    /// service stops before it arrives.
    async fn serve(self, watcher: Watcher, mut stopping: watch::Receiver<()>) {
        let Self { stream, peer, router, limits } = self;
        let stream = tokio::select! {
            stream = timeout(limits.head, Stream::after_first_head(stream, LARGEST_HEAD)) => stream.ok().flatten(),
            _ = stopping.changed() => None,
        };
        if let Some(stream) = stream {
            // Allocated separately, because the many connections that never send a head do not need it.
            Box::pin(answer(stream, peer, router, watcher, limits.keep_alive)).await;
        }
    }
}

/// Answers all requests of a connection. How the connection ends does not matter: what was answered with 2xx is on
/// disk.
async fn answer(stream: Stream, peer: Peer, router: Router, watcher: Watcher, keep_alive: Duration) {
    let service = service_fn(|mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        let (id, span) = request_id::begin(&mut request);
        let answering = TowerToHyperService::new(router.clone()).call(request).instrument(span.clone());
        async move {
            let mut response = answering.await?;
            span.record("status", response.status().as_u16());
            // Outside all layers, so that no answer lacks them.
            deny_by_default(&mut response);
            request_id::write(id, response.headers_mut());
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(keep_alive)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let _ = watcher.watch(connection).await;
}

/// How many connections the operating system allows.
fn most_connections() -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    // The soft limit exists for old programs that cannot handle more. Any process may raise it to the hard limit.
    if limit.current != limit.maximum {
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        if setrlimit(Resource::Nofile, raised).is_ok() {
            limit = raised;
        }
    }
    let files = limit.current.unwrap_or(u64::MAX).saturating_sub(OTHER_FILES).max(OTHER_FILES);
    let most = files.min(MOST_CONNECTIONS);
    if most < MOST_CONNECTIONS {
        tracing::info!(
            "at most {most} connections are open at once: the limit of open files (ulimit -n) allows no more"
        );
    }
    most as usize
}

#[cfg(test)]
mod tests {
    use std::{
        future::pending,
        net::SocketAddr,
        sync::atomic::{AtomicBool, Ordering::Relaxed},
    };

    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        time::Instant,
    };

    use super::*;
    use crate::clock::SystemClock;

    const LIMITS: Limits =
        Limits { connections: 5, head: Duration::from_millis(250), keep_alive: Duration::from_secs(2) };

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
            serve_within(LIMITS, socket.clone(), router(), pending(), progress)
        });
        address
    }

    /// Sends a request on a connection; false if the connection has been closed.
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
    async fn a_connection_stays_open_between_two_requests_and_is_closed_when_it_is_idle_for_long() {
        let mut stream = TcpStream::connect(served().await).await.expect("it listens");
        for _ in 0..2 {
            assert!(is_answered(&mut stream).await);
            tokio::time::sleep(LIMITS.head * 2).await;
        }
        assert!(is_answered(&mut stream).await);
        let idle = closed_after(&mut stream).await;
        assert!(idle >= LIMITS.keep_alive.mul_f64(0.9), "closed after {idle:?}");
    }

    #[tokio::test]
    async fn a_connection_whose_first_headers_do_not_arrive_is_closed_sooner() {
        let address = served().await;
        for beginning in ["", "G", "GET / HTTP/1.1\r\n"] {
            let mut stream = TcpStream::connect(address).await.expect("it listens");
            stream.write_all(beginning.as_bytes()).await.expect("it is open");
            let waited = closed_after(&mut stream).await;
            assert!(waited >= LIMITS.head.mul_f64(0.9), "{beginning:?}: closed after {waited:?}");
            assert!(waited < LIMITS.keep_alive, "{beginning:?}: closed after {waited:?}");
        }
    }

    #[tokio::test]
    async fn connections_that_send_nothing_keep_another_out_for_no_longer_than_headers_may_take() {
        let address = served().await;
        let mut silent = Vec::new();
        for _ in 0..LIMITS.connections {
            silent.push(TcpStream::connect(address).await.expect("it listens"));
        }
        let began = Instant::now();
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        assert!(is_answered(&mut stream).await);
        let waited = began.elapsed();
        assert!(waited >= LIMITS.head.mul_f64(0.5), "answered after {waited:?}: the places were not all taken");
        assert!(waited < LIMITS.keep_alive, "answered after {waited:?}");
    }

    #[tokio::test]
    async fn a_loop_that_panics_accepts_again_on_the_same_socket_and_a_stopped_one_closes_it() {
        let (listener, address) = listening().await;
        let (stop, stopping) = watch::channel(false);
        let panics = Arc::new(AtomicBool::new(true));
        let stopped = move || {
            let (panics, mut stopping) = (panics.swap(false, Relaxed), stopping.clone());
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
