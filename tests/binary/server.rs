//! A PostgreSQL server for the real binary.

use std::{
    process::{Child, Command},
    time::Duration,
};

use forstok_accurate::settings::Database;
use secrecy::ExposeSecret;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::time::timeout;

use crate::{
    service::eventually,
    world::postgres::{empty_database, new_database, start},
};

/// Longest time for opening one connection.
const LONGEST_CONNECT: Duration = Duration::from_secs(5);

/// A separate server, for tests that break it.
pub(crate) struct OwnServer {
    /// URL of a new, empty database.
    pub(crate) url: String,
    _script: Child,
}

impl OwnServer {
    pub(crate) fn start() -> Self {
        let (url, script) = start();
        Self { url, _script: script }
    }

    /// Sends `SIGKILL`; the server is restarted automatically.
    pub(crate) async fn kill(&self) {
        // After the last kill, an answer may still come from a child process that has not noticed that its parent has
        // ended.
        self.is_there().await;
        let (_, host) = self.url.rsplit_once('@').expect("the URL names a user");
        let folder = host.trim_end_matches("/postgres").replace("%2F", "/");
        let pid = std::fs::read_to_string(format!("{folder}/data/postmaster.pid")).expect("the server is there");
        let pid = pid.lines().next().expect("its first line is the process");
        let killed = Command::new("sh").args(["-c", &format!("kill -9 {pid}")]).status().expect("every Unix has sh");
        assert!(killed.success(), "kill -9 {pid}");
    }

    /// Returns when it accepts connections again.
    pub(crate) async fn is_there(&self) {
        eventually("the server takes connections", async || {
            // A connection that nobody accepts any more is opened again instead of awaited.
            timeout(LONGEST_CONNECT, PgConnection::connect(&self.url)).await.ok()?.ok()
        })
        .await;
    }

    /// Runs statements, each in a transaction of its own.
    pub(crate) async fn run(&self, statements: &[&str]) {
        let mut connection = PgConnection::connect(&self.url).await.expect("the server is there");
        for sql in statements {
            sqlx::raw_sql(AssertSqlSafe((*sql).to_owned())).execute(&mut connection).await.expect("run");
        }
        connection.close().await.expect("closed");
    }
}

/// URL of a new database with the schema.
pub(crate) async fn url_of_new_database() -> String {
    url_of(&new_database().await)
}

/// URL of a new, empty database.
pub(crate) async fn url_of_empty_database(purpose: &str) -> String {
    url_of(&empty_database(purpose).await)
}

fn url_of(database: &Database) -> String {
    let Database::Postgres(url) = database else { unreachable!("it is a server's") };
    url.expose_secret().to_owned()
}
