//! A PostgreSQL server for this test process, with a database for each test.
//!
//! `TEST_POSTGRES_URL` names a server; otherwise one is started that runs as long as this process. If neither is
//! possible, the test fails and says what is missing.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

use forstok_accurate::{
    settings::Database,
    storage::{Postgres, Storage},
};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// The URL and process of the server that was started. It stops when its pipe closes, at the latest when this process
/// ends.
static STARTED: LazyLock<(String, Child)> = LazyLock::new(start);

/// The URL of this database on the server.
pub(crate) fn server(database: &str) -> String {
    let url = std::env::var("TEST_POSTGRES_URL").unwrap_or_else(|_| STARTED.0.clone());
    let (rest, parameters) = url.split_once('?').map_or((&*url, ""), |(rest, parameters)| (rest, parameters));
    let (server, _) = rest.rsplit_once('/').expect("the URL names a database");
    format!("{server}/{database}?{parameters}")
}

/// Starts a server; returns its URL and its process, whose pipe keeps it running.
pub(crate) fn start() -> (String, Child) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/postgres-server");
    let mut command = Command::new(script);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut started = command.spawn().unwrap_or_else(|error| panic!("{script}: {error}"));
    let mut url = String::new();
    let said = started.stdout.take().expect("it is piped");
    BufReader::new(said).read_line(&mut url).expect("readable");
    if url.is_empty() {
        let mut why = String::new();
        started.stderr.take().expect("it is piped").read_to_string(&mut why).expect("readable");
        panic!("no PostgreSQL for this test: {why}");
    }
    (url.trim().to_owned(), started)
}

/// A new database with the schema.
pub(crate) async fn new_database() -> Database {
    static MADE: AtomicU64 = AtomicU64::new(0);
    let name = format!("test_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
    // The schema is created once and then copied, which is faster.
    run(&format!("DROP DATABASE IF EXISTS {name}")).await;
    run(&format!("CREATE DATABASE {name} TEMPLATE {}", template().await)).await;
    Database::Postgres(server(&name).into())
}

/// A new, empty database.
pub(crate) async fn empty_database(purpose: &str) -> Database {
    let name = format!("test_{}_{purpose}", std::process::id());
    run(&format!("DROP DATABASE IF EXISTS {name}")).await;
    run(&format!("CREATE DATABASE {name}")).await;
    Database::Postgres(server(&name).into())
}

async fn template() -> String {
    static MADE: tokio::sync::OnceCell<()> = tokio::sync::OnceCell::const_new();
    let made = MADE.get_or_init(|| async {
        let Database::Postgres(url) = empty_database("new").await else { unreachable!("it is a server's") };
        Postgres::open(&url).await.expect("the schema can be made").close().await;
    });
    made.await;
    format!("test_{}_new", std::process::id())
}

async fn run(sql: &str) {
    static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    let _turn = TURN.lock().await;
    let url = server("postgres");
    let mut connection = PgConnection::connect(&url).await.unwrap_or_else(|error| panic!("{url}: {error}"));
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.expect("run");
    connection.close().await.expect("closed");
}
