//! The minimum that a service must do to keep the promise that an acknowledged webhook is stored: check the signature,
//! parse the order into a typed struct, and add one row per delivery on a separate thread, in transactions that all
//! waiting deliveries share. It answers after the commit, which SQLite syncs to the disk. It has no timeouts, limits,
//! metrics, or tolerance for damaged bodies.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode, sync::mpsc};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use forstok_accurate::signing::hmac_sha256;
use rusqlite::{Connection, params};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::{Arguments, bare::Beside, machine::folder, service::WEBHOOK_SECRET};

const TABLE: &str = "
    CREATE TABLE deliveries (id INTEGER PRIMARY KEY, order_id TEXT NOT NULL, fingerprint BLOB NOT NULL,
        event TEXT NOT NULL, status TEXT NOT NULL, times INTEGER NOT NULL DEFAULT 1, body BLOB) STRICT;
    CREATE UNIQUE INDEX deliveries_of_order ON deliveries (order_id, fingerprint);";

const INSERT: &str = "
    INSERT INTO deliveries (order_id, fingerprint, event, status, body) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (order_id, fingerprint) DO UPDATE SET times = times + 1";

/// Most deliveries in one transaction.
const LARGEST_BATCH: usize = 256;

/// The process of the service.
pub(crate) struct Minimal {
    process: Beside,
    /// Declared last, so that it is dropped after the process.
    _folder: TempDir,
}

impl Minimal {
    /// The argument with which this executable runs as the minimal service.
    pub(crate) const ROLE: &str = "minimal";

    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir_in(folder()).expect("the folder takes folders");
        let file = folder.path().join("orders.db").display().to_string();
        Self { process: Beside::start_with(Self::ROLE, &file), _folder: folder }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.process.address.parse().expect("it prints its address")
    }

    pub(crate) fn process(&self) -> u32 {
        self.process.process()
    }

    /// Serves until the process is killed.
    pub(crate) fn serve(arguments: &Arguments) -> ExitCode {
        let connection = connect(&arguments.value(Self::ROLE, PathBuf::new()));
        let (sender, waiting) = mpsc::channel();
        std::thread::spawn(move || commit_always(&connection, &waiting));
        let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
            println!("{}", listener.local_addr().expect("it listens"));
            let routes = Router::new().route("/webhooks/forstok", post(receive)).with_state(sender);
            axum::serve(listener, routes).await.expect("it serves until it is killed");
        });
        ExitCode::SUCCESS
    }
}

fn connect(file: &std::path::Path) -> Connection {
    let connection = Connection::open(file).expect("the folder takes files");
    for (name, value) in [("page_size", "8192"), ("journal_mode", "WAL"), ("synchronous", "FULL")] {
        connection.pragma_update(None, name, value).expect("SQLite has the setting");
    }
    connection.execute_batch(TABLE).expect("a new file takes tables");
    connection
}

struct Delivery {
    order_id: u64,
    fingerprint: [u8; 32],
    event: String,
    status: String,
    body: Bytes,
    answer: oneshot::Sender<()>,
}

#[derive(Deserialize)]
struct Payload {
    event: String,
    order: Order,
}

/// The fields from which an invoice is created.
#[derive(Deserialize)]
#[expect(dead_code, reason = "parsing them is what is measured")]
struct Order {
    id: u64,
    status: String,
    store_id: serde_json::Value,
    channel: serde_json::Value,
    local_id: Option<String>,
    ordered_at: Option<String>,
    updated_at: Option<String>,
    total_price: serde_json::Value,
    item_lines: Vec<Line>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "parsing them is what is measured")]
struct Line {
    sku: Option<String>,
    name: Option<String>,
    price: serde_json::Value,
    #[serde(default)]
    quantity: serde_json::Value,
}

async fn receive(State(sender): State<mpsc::Sender<Delivery>>, headers: HeaderMap, body: Bytes) -> Response {
    let expected = hmac_sha256(WEBHOOK_SECRET, None, &body);
    let given = headers.get("x-forstok-signature").and_then(|value| hex::decode(value.as_bytes()).ok());
    if !given.is_some_and(|given| bool::from(given.ct_eq(&expected))) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let Ok(Payload { event, order }) = serde_json::from_slice(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let fingerprint = Sha256::digest(&body).into();
    let (answer, committed) = oneshot::channel();
    let (order_id, status) = (order.id, order.status);
    sender.send(Delivery { order_id, fingerprint, event, status, body, answer }).expect("the thread lives");
    committed.await.expect("the thread answers");
    Json(serde_json::json!({
        "message": "Success", "order_id": order_id.to_string(), "delivery": "accepted", "state": "received",
        "invoice": null
    }))
    .into_response()
}

fn commit_always(connection: &Connection, waiting: &mpsc::Receiver<Delivery>) {
    while let Ok(first) = waiting.recv() {
        let batch: Vec<_> = std::iter::once(first).chain(waiting.try_iter().take(LARGEST_BATCH - 1)).collect();
        let transaction = connection.unchecked_transaction().expect("nobody else writes");
        let mut insert = transaction.prepare_cached(INSERT).expect("the table is there");
        for one in &batch {
            let values = params![one.order_id.to_string(), one.fingerprint, one.event, one.status, &*one.body];
            insert.execute(values).expect("the disk has room");
        }
        drop(insert);
        transaction.commit().expect("the disk has room");
        for one in batch {
            let _ = one.answer.send(());
        }
    }
}
