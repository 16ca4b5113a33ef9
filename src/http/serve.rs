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

/// How long request headers may take to arrive, and how long a connection may wait for its next request.
const HEADER_TIME: Duration = Duration::from_secs(15);

/// How long is waited after the machine had no room for another connection.
const AFTER_REFUSAL: Duration = Duration::from_millis(10);

/// Most connections at once. With [`LARGEST_HEAD`] this bounds what strangers can make us hold.
const MOST_CONNECTIONS: u64 = 12_000;

/// File descriptors that are not for senders: the database, Accurate, and some to spare.
const OTHER_FILES: u64 = 100;

/// Largest request head; also how much of a body is read at once.
const LARGEST_HEAD: usize = 16 * 1024;

/// Serves until `stopped` ends, then lets requests in flight end.
pub async fn serve(listener: TcpListener, router: Router, stopped: impl Future<Output = ()>) {
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
                speaking = Lingering::after_first_head(stream, LARGEST_HEAD) => speaking,
                () = tokio::time::sleep(HEADER_TIME) => None,
                () = sender.sent_away() => None,
                _ = stopping.changed() => None,
            };
            if let Some(stream) = speaking {
                // In a box of its own, since the many who say nothing need none.
                let conversation = Box::pin(converse(stream, Peer(peer.ip()), router, sender.clone(), watcher));
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
async fn converse(stream: Lingering, peer: Peer, router: Router, sender: Arc<Patient>, watcher: Watcher) {
    let service = service_fn(|request| seat::serve(router.clone(), sender.clone(), peer, request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
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
