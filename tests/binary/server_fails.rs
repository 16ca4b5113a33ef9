//! Failures of the PostgreSQL server, or of the connection to it.

use std::{
    str::FromStr,
    sync::Arc,
    time::{Duration, Instant},
};

use forstok_accurate::sandbox::Running;
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
};

use super::server;
use crate::{
    forstok::{HEADER, hex_signature, order},
    service::{Home, SECRET, Service, accurate, eventually},
};

/// How long senders wait in these tests before they give up. The service answers after four seconds; the rest is for
/// slow machines. A connection that stays silent would keep them waiting for minutes.
const LONGEST_ANSWER: Duration = Duration::from_secs(20);

/// What happens to data on the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// It is delivered.
    Open,
    /// It is lost silently.
    Dark,
    /// Connections are closed, and new ones refused.
    Cut,
}

/// A connection to the server that can be interrupted.
struct Proxy {
    port: u16,
    way: watch::Sender<Way>,
}

impl Proxy {
    async fn to(url: &str) -> Self {
        let server = Arc::new(PgConnectOptions::from_str(url).expect("a URL"));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
        let port = listener.local_addr().expect("bound").port();
        let (way, watched) = watch::channel(Way::Open);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(carry(stream, server.clone(), watched.clone()));
            }
        });
        Self { port, way }
    }

    /// The database's URL through this connection.
    fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    fn becomes(&self, way: Way) {
        self.way.send_replace(way);
    }
}

async fn carry(mut near: TcpStream, server: Arc<PgConnectOptions>, mut way: watch::Receiver<Way>) {
    let now = *way.borrow_and_update();
    match now {
        Way::Cut => return,
        Way::Dark => {
            // The machine accepts the connection, but nobody answers.
            let _ = way.wait_for(|way| *way != Way::Dark).await;
            return;
        }
        Way::Open => {}
    }
    let carried = async {
        if let Some(folder) = server.get_socket() {
            let socket = folder.join(format!(".s.PGSQL.{}", server.get_port()));
            copy_bidirectional(&mut near, &mut UnixStream::connect(socket).await?).await
        } else {
            let there = TcpStream::connect((server.get_host(), server.get_port())).await?;
            copy_bidirectional(&mut near, &mut { there }).await
        }
    };
    let mut carried = Box::pin(carried);
    tokio::select! {
        _ = &mut carried => return,
        _ = way.wait_for(|way| *way != Way::Open) => {}
    }
    let now = *way.borrow();
    if now == Way::Dark {
        // Both ends stay open, and nothing is delivered: a failed network reports nothing.
        let _ = way.wait_for(|way| *way != Way::Dark).await;
    }
}

/// A service whose connection to its database can be interrupted.
async fn service_by(accurate: &Running) -> (Proxy, Service) {
    let url = server::url_of_new_database().await;
    let (_, database) = url.rsplit_once('/').expect("the URL names a database");
    let proxy = Proxy::to(&url).await;
    let service = Home::on(accurate, &proxy.url(database.trim_end_matches('?'))).serve().await;
    (proxy, service)
}

impl Service {
    /// Sends an order that is refused quickly; returns how long that took.
    async fn refuses_soon(&self, id: u64) -> Duration {
        let body = order(id).to_string().into_bytes();
        let asked = Instant::now();
        let signature = [(HEADER, hex_signature(SECRET, &body))];
        let answer = tokio::time::timeout(LONGEST_ANSWER, self.send_with(&signature, body))
            .await
            .expect("a sender hears soon that it cannot be stored");
        answer.problem(503, "not_stored");
        asked.elapsed()
    }

    /// Sends an order until it is accepted.
    async fn takes_at_last(&self, id: u64) {
        let body = order(id);
        eventually("it takes webhooks again", async || (self.send(&body).await.status == 200).then_some(())).await;
    }

    /// Every accepted order is invoiced once.
    async fn has_invoiced(&self, accurate: &Running, orders: u64) {
        self.get_until("/v1/summary", |summary| summary["by_state"]["invoiced"] == orders).await;
        assert_eq!(accurate.sandbox().invoice_count() as u64, orders);
        assert_eq!(accurate.sandbox().breach_count(), 0);
        eventually("it is ready", async || (self.get("/readyz").await.status == 200).then_some(())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_failure_is_503_soon_and_service_resumes_automatically() {
    let accurate = accurate().await;
    let (proxy, service) = service_by(&accurate).await;
    service.takes_at_last(1).await;
    for (way, id) in [(Way::Dark, 10), (Way::Cut, 20)] {
        proxy.becomes(way);
        let mut longest = Duration::ZERO;
        for nth in 0..5 {
            longest = longest.max(service.refuses_soon(id + nth).await);
        }
        println!("{way:?}: 503 after {:.2} seconds at most", longest.as_secs_f64());
        let ready = service.get("/readyz").await;
        assert_eq!(ready.status, 503, "{}", ready.text);
        assert_eq!(service.get("/healthz").await.status, 200, "it is still alive");
        proxy.becomes(Way::Open);
        service.takes_at_last(id).await;
    }
    service.has_invoiced(&accurate, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_keep_breaking_lose_and_duplicate_nothing() {
    let accurate = accurate().await;
    let (proxy, service) = service_by(&accurate).await;
    for id in 1..=40 {
        if id % 4 == 0 {
            proxy.becomes(Way::Cut);
            proxy.becomes(Way::Open);
        }
        service.takes_at_last(id).await;
    }
    service.has_invoiced(&accurate, 40).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_somebody_has_locked_is_503_for_webhooks_and_probes_alike() {
    let accurate = accurate().await;
    let url = server::url_of_new_database().await;
    let service = Home::on(&accurate, &url).serve().await;
    service.takes_at_last(1).await;
    let mut somebody = PgConnection::connect(&url).await.expect("the server is there");
    sqlx::raw_sql("BEGIN; LOCK TABLE deliveries IN ACCESS EXCLUSIVE MODE")
        .execute(&mut somebody)
        .await
        .expect("locked");
    service.refuses_soon(2).await;
    // On a busy machine, a probe may end before the server says why.
    service.get_until("/readyz", |ready| ready.to_string().contains("somebody holds a lock")).await;
    assert_eq!(service.get("/readyz").await.status, 503);
    sqlx::raw_sql("ROLLBACK").execute(&mut somebody).await.expect("a transaction is open");
    service.takes_at_last(2).await;
    service.has_invoiced(&accurate, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_server_was_killed_and_restarted_service_resumes() {
    let accurate = accurate().await;
    let server = server::OwnServer::start();
    let service = Home::on(&accurate, &server.url).serve().await;
    service.takes_at_last(1).await;
    for id in 2..=4 {
        server.kill().await;
        service.takes_at_last(id).await;
    }
    service.has_invoiced(&accurate, 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_may_only_be_read_is_503_and_says_so_until_it_may_be_written() {
    let accurate = accurate().await;
    let server = server::OwnServer::start();
    let service = Home::on(&accurate, &server.url).serve().await;
    service.takes_at_last(1).await;
    server.run(&["ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()"]).await;
    eventually("it takes nothing more", async || (service.send(&order(2)).await.status == 503).then_some(())).await;
    let ready = service.get("/readyz").await;
    assert!(ready.status == 503 && ready.text.contains("read"), "{}", ready.text);
    server.run(&["ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()"]).await;
    service.takes_at_last(2).await;
    service.has_invoiced(&accurate, 2).await;
}
