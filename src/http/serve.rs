//! The accept loop: connections within limits of time, number and memory, and a graceful end.

use std::{future::Future, sync::Arc, time::Duration};

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
};

use super::{
    linger::Lingering,
    origin::Peer,
    patience::{Patience, Patient},
    seat,
};

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

/// Serves until `stopped` ends, then lets requests in flight end.
pub async fn serve(listener: TcpListener, router: Router, stopped: impl Future<Output = ()>) {
    serve_within(Times { idle: IDLE_TIME, head: HEADER_TIME }, listener, router, stopped).await;
}

async fn serve_within(times: Times, listener: TcpListener, router: Router, stopped: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let patience = Arc::new(Patience::default());
    let seats = Arc::new(Semaphore::new(seats()));
    let mut stopped = std::pin::pin!(stopped);
    let (serving, stopping) = watch::channel(());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stopped => break,
        };
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
            Err(_) => match seats.clone().acquire_owned().await {
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
    use std::{future::pending, net::SocketAddr};

    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
        time::Instant,
    };

    use super::*;

    const TIMES: Times = Times { idle: Duration::from_secs(4), head: Duration::from_millis(500) };

    async fn served() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("bound");
        let router = Router::new().route("/", get(async || "here"));
        tokio::spawn(serve_within(TIMES, listener, router, pending()));
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
}
