//! The accept loop: connections with a time limit on their headers, and a graceful end.

use std::{future::Future, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::net::TcpListener;

/// How long request headers may take to arrive, and how long a connection may wait for its next request.
const HEADER_TIME: Duration = Duration::from_secs(15);

/// How long is waited after the machine had no room for another connection.
const AFTER_REFUSAL: Duration = Duration::from_millis(100);

/// Serves until `stopped` ends, then lets requests in flight end.
pub async fn serve(listener: TcpListener, router: Router, stopped: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let mut stopped = std::pin::pin!(stopped);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stopped => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!("a connection could not be accepted: {error}");
                tokio::time::sleep(AFTER_REFUSAL).await;
                continue;
            }
        };
        // Answers are small and must not wait for company; failing to say so only costs time.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIME)
            .serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        // How a connection ends is its sender's business: what was answered with 2xx is on disk.
        tokio::spawn(async move { drop(connection.await) });
    }
    drop(listener);
    graceful.shutdown().await;
}
