//! A PostgreSQL server for this process, which syncs every commit to the disk that contains Cargo's target folder.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::machine::folder;

/// The server's URL and process. The server stops when its pipe closes, at the latest when this process ends.
static SERVER: LazyLock<(String, Child)> = LazyLock::new(|| {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/postgres-server");
    let mut command = Command::new(script);
    command.args(["fsync=on", "full_page_writes=on"]).env("FOLDER", folder());
    let mut server = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the script runs");
    let mut url = String::new();
    BufReader::new(server.stdout.take().expect("it is piped")).read_line(&mut url).expect("readable");
    assert!(!url.is_empty(), "the server did not start");
    (url.trim().to_owned(), server)
});

/// Creates an empty database; returns its URL.
pub(crate) fn new_database() -> String {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    let name = format!("bench_{}", MADE.fetch_add(1, Ordering::Relaxed));
    let url = &SERVER.0;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    // On a separate thread, because the caller may be inside a runtime.
    std::thread::scope(|scope| {
        scope.spawn(|| {
            runtime.block_on(async {
                let mut connection = PgConnection::connect(url).await.expect("the server is there");
                let sql = AssertSqlSafe(format!("CREATE DATABASE {name}"));
                sqlx::raw_sql(sql).execute(&mut connection).await.expect("made");
                connection.close().await.expect("closed");
            });
        });
    });
    let (server, _) = url.rsplit_once('/').expect("the URL names a database");
    format!("{server}/{name}")
}
