//! The real binary as a process, with settings, mapping and database in a separate folder on a real disk.

use std::{
    fs::File,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use forstok_accurate::{sandbox::samples, settings::Database};
use serde_json::Value;
use tempfile::TempDir;

use super::{Arguments, machine::folder, postgres};

/// The secret that signs webhooks.
pub(crate) const WEBHOOK_SECRET: &str = "secret-of-the-webhook";

const OPERATOR_TOKEN: &str = "token-of-the-operator";

const SQLITE: &str = "sqlite://orders.db";

/// How long a start may take, and how long deciding all orders may take.
const LONGEST_START: Duration = Duration::from_mins(1);

/// The folder with settings, mapping and database; removed when this is dropped.
pub(crate) struct Home {
    folder: TempDir,
    /// `database.url`.
    database: String,
}

impl Home {
    /// For a service whose only book is at this address, with these further settings of that book; on SQLite, or on a
    /// server if this process was started with `--postgres`.
    pub(crate) fn new(account_url: &str, of_the_book: &str) -> Self {
        let on_a_server = Arguments::of_this_process().has("postgres");
        let database = if on_a_server { postgres::new_database() } else { SQLITE.to_owned() };
        Self::on(&database, account_url, of_the_book)
    }

    /// As [`Home::new`], on this database.
    pub(crate) fn on(database: &str, account_url: &str, of_the_book: &str) -> Self {
        let folder = tempfile::tempdir_in(folder()).expect("the folder takes folders");
        let home = Self { folder, database: database.to_owned() };
        let settings = format!(
            r#"
            [server]
            listen = "127.0.0.1:0"
            operator_token = "{OPERATOR_TOKEN}"
            [database]
            url = "{database}"
            [forstok.webhook]
            scheme = "hmac-sha256"
            secrets = ["{WEBHOOK_SECRET}"]
            [mapping]
            file = "mapping.toml"
            [books.main]
            account_url = "{account_url}"
            api_token = "sandbox-token"
            signature_secret = "sandbox-secret"
            {of_the_book}
            "#
        );
        std::fs::write(home.path().join("settings.toml"), settings).expect("the folder takes files");
        std::fs::write(home.path().join("mapping.toml"), samples::MAPPING).expect("the folder takes files");
        home
    }

    /// A command of this build with these arguments, run in this folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_forstok-accurate"));
        command.args(arguments).current_dir(self.path()).env("NO_COLOR", "1");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// The location of the database.
    pub(crate) fn database(&self) -> Database {
        if self.database == SQLITE {
            Database::Sqlite(self.path().join("orders.db"))
        } else {
            Database::Postgres(self.database.clone().into())
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Starts the service of this build and waits until it accepts webhooks.
    pub(crate) fn serve(&self) -> Service {
        self.serve_with(Path::new(env!("CARGO_BIN_EXE_forstok-accurate")))
    }

    /// As [`Home::serve`], with any build.
    pub(crate) fn serve_with(&self, binary: &Path) -> Service {
        let log = tempfile::Builder::new().prefix("log").tempfile_in(self.path()).expect("the folder takes files");
        let log = log.into_temp_path().keep().expect("it stays as long as the folder");
        let written = File::create(&log).expect("the folder takes files");
        let mut command = Command::new(binary);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("FORSTOK_ACCURATE_")) {
            command.env_remove(name);
        }
        command.args(["serve", "--config", "settings.toml"]).current_dir(self.path()).env("NO_COLOR", "1");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(written);
        let started = Instant::now();
        let mut child = command.spawn().expect("the binary starts");
        let address = loop {
            let text = std::fs::read_to_string(&log).expect("the log is text");
            if let Some(address) = address_in(&text) {
                break address;
            }
            let left = child.try_wait().expect("our own child");
            assert!(left.is_none() && started.elapsed() < LONGEST_START, "the service did not start:\n{text}");
            std::thread::sleep(Duration::from_micros(500));
        };
        let service = Service { child, address, started };
        while service.get("/readyz").is_none() {
            assert!(started.elapsed() < LONGEST_START, "the service is never ready");
        }
        service
    }
}

/// The first address in the log. Each build names it in words of its own.
fn address_in(log: &str) -> Option<SocketAddr> {
    let (_, after) = log.split_once("http://")?;
    let end = after.find(|next: char| !next.is_ascii_digit() && !".:".contains(next))?;
    after[..end].parse().ok()
}

/// A service that accepts webhooks. It is killed when this is dropped.
pub(crate) struct Service {
    child: Child,
    pub(crate) address: SocketAddr,
    /// Just before the process was started.
    pub(crate) started: Instant,
}

impl Service {
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Requests a path as the operator; returns the length of the answer in bytes, without keeping it.
    pub(crate) fn count_bytes(&self, path: &str) -> usize {
        let mut stream = self.asked_for(path).expect("it listens");
        let (mut bytes, mut piece) = (0, vec![0; 64 * 1024]);
        loop {
            match stream.read(&mut piece).expect("it answers to the end") {
                0 => return bytes,
                length => bytes += length,
            }
        }
    }

    /// Requests a path as the operator; returns the JSON answered with HTTP 200, or `None`.
    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        serde_json::from_str(&self.body(path)?).ok()
    }

    /// As [`Service::get`], but returns the body as text, which may be a page.
    pub(crate) fn body(&self, path: &str) -> Option<String> {
        answered(self.asked_for(path).ok()?)
    }

    /// Posts a body as the operator; returns the body of the answer.
    pub(crate) fn posted(&self, path: &str, body: &str) -> Option<String> {
        answered(self.sends("POST", path, body).ok()?)
    }

    fn asked_for(&self, path: &str) -> std::io::Result<TcpStream> {
        self.sends("GET", path, "")
    }

    fn sends(&self, method: &str, path: &str, body: &str) -> std::io::Result<TcpStream> {
        let mut stream = TcpStream::connect(self.address)?;
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {OPERATOR_TOKEN}\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes())?;
        Ok(stream)
    }

    /// The number of payouts in this state.
    pub(crate) fn payouts(&self, state: &str) -> u64 {
        let metrics = self.body("/metrics").expect("the metrics are answered");
        let name = format!("forstok_accurate_payouts{{state=\"{state}\"}} ");
        let count = metrics.lines().find_map(|line| line.strip_prefix(name.as_str()));
        count.and_then(|count| count.parse().ok()).unwrap_or_default()
    }

    /// The number of orders.
    pub(crate) fn orders(&self) -> u64 {
        self.get("/v1/summary").and_then(|summary| summary["orders"].as_u64()).expect("the summary counts orders")
    }

    /// The number of orders in this state.
    pub(crate) fn count(&self, state: &str) -> u64 {
        let summary = self.get("/v1/summary").expect("the summary is answered");
        summary["by_state"][state].as_u64().expect("every state is counted")
    }

    /// Waits until every order is decided; panics after a minute.
    pub(crate) fn all_are_decided(&self) {
        let waiting_since = Instant::now();
        while self.count("received") > 0 {
            assert!(waiting_since.elapsed() < LONGEST_START, "the orders are never decided");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Both fail if the process has already ended, which is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The body of an answer with HTTP 200 to 209, with a replacement character for every byte that is not text; `None` for
/// any other status.
fn answered(mut stream: TcpStream) -> Option<String> {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.starts_with("HTTP/1.1 20").then(|| body.to_owned())
}
