//! The binary as a child process, with settings, mapping and database in a temporary folder.

use std::{
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use forstok_accurate::sandbox::{Options, Running, Sandbox, samples};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tempfile::{NamedTempFile, TempDir};

/// The operator token of these tests.
pub(crate) const OPERATOR_TOKEN: &str = "token-of-the-operator";

/// The webhook secret of [`Home::new`].
pub(crate) const SECRET: &str = "secret-of-the-webhook";

/// The webhook settings of [`Home::new`].
const WEBHOOK: &str = "scheme = \"hmac-sha256\"\nsecrets = [\"secret-of-the-webhook\"]";

/// End of the log line that contains the webhook address.
const ADDRESS_IN_LOG: (&str, &str) = ("webhooks are accepted at http://", "/webhooks/forstok");

/// The database, unless a test chooses another one.
const SQLITE: &str = "sqlite://data/orders.db";

/// Number of log lines that a failed test shows.
const LINES_SHOWN: usize = 40;

/// How often a condition is checked.
const LOOKS_A_MINUTE: u32 = 1200;
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// The longest duration of such a minute, including the checks themselves.
const LONGEST_MINUTE: Duration = Duration::from_mins(5);

/// Checks until there is a result, for at most a minute.
pub(crate) async fn eventually<T>(what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    within_minutes(1, what, look).await
}

/// Checks until there is a result, for at most this many minutes, not counting the checks themselves.
pub(crate) async fn within_minutes<T>(minutes: u32, what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    within(minutes, look).await.unwrap_or_else(|| panic!("it never came to this: {what}"))
}

/// The same; returns `None` if there is no result in this time.
pub(crate) async fn within<T>(minutes: u32, mut look: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let begun = Instant::now();
    for _ in 0..minutes * LOOKS_A_MINUTE {
        if let Some(seen) = look().await {
            return Some(seen);
        }
        // Checks that take seconds each would otherwise continue for hours.
        if begun.elapsed() > minutes * LONGEST_MINUTE {
            break;
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    None
}

/// A sandbox with all masters that the samples need.
pub(crate) async fn accurate() -> Running {
    accurate_with(Options::with_sample_masters()).await
}

pub(crate) async fn accurate_with(options: Options) -> Running {
    Sandbox::new(options).start(([127, 0, 0, 1], 0).into()).await.expect("a port is free")
}

/// Settings, mapping and database of one service. They outlive its process and are deleted when this value is dropped.
pub(crate) struct Home(Arc<TempDir>);

impl Home {
    /// Everything that a service needs: HMAC in hex, an operator token, the mapping of the samples.
    pub(crate) fn new(accurate: &Running) -> Self {
        Self::with_webhook(accurate, WEBHOOK)
    }

    /// The same with another database.
    pub(crate) fn on(accurate: &Running, database: &str) -> Self {
        let settings = settings(&accurate.url(), &format!("operator_token = \"{OPERATOR_TOKEN}\""), WEBHOOK);
        Self::with_settings(&settings.replace(SQLITE, database))
    }

    /// The same with other webhook settings.
    pub(crate) fn with_webhook(accurate: &Running, webhook: &str) -> Self {
        Self::with_settings(&settings(&accurate.url(), &format!("operator_token = \"{OPERATOR_TOKEN}\""), webhook))
    }

    /// The same without an operator token.
    pub(crate) fn closed_to_operators(accurate: &Running) -> Self {
        Self::with_settings(&settings(&accurate.url(), "", WEBHOOK))
    }

    /// These settings and the mapping of the samples.
    pub(crate) fn with_settings(settings: &str) -> Self {
        let home = Self(Arc::new(tempfile::tempdir().expect("a folder for the test")));
        std::fs::write(home.path("mapping.toml"), mapping()).expect("the folder takes files");
        std::fs::write(home.path("settings.toml"), settings).expect("the folder takes files");
        home
    }

    /// Replaces a part of the settings.
    pub(crate) fn change_settings(&self, part: &str, other: &str) {
        let settings = std::fs::read_to_string(self.path("settings.toml")).expect("the settings of this test");
        assert!(settings.contains(part), "{part} is not in\n{settings}");
        self.write("settings.toml", &settings.replace(part, other));
    }

    pub(crate) fn write(&self, name: &str, content: &str) {
        std::fs::write(self.path(name), content).expect("the folder takes files");
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The binary with these arguments and `--config`, without the settings of this process's environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = binary(arguments);
        command.current_dir(self.0.path()).arg("--config").arg(self.path("settings.toml"));
        command
    }

    /// Starts the service and waits until it accepts webhooks.
    pub(crate) async fn serve(&self) -> Service {
        self.serve_with(&[]).await
    }

    /// The same with these environment variables.
    pub(crate) async fn serve_with(&self, environment: &[(&str, &str)]) -> Service {
        let mut command = self.command(&["serve"]);
        command.envs(environment.iter().copied());
        self.start(command).await
    }

    /// The same through a shell that prepares something first; its script ends with `exec "$0" "$@"`.
    pub(crate) async fn serve_by(&self, script: &str) -> Service {
        self.start(self.command_by(script)).await
    }

    /// `serve` through a shell.
    pub(crate) fn command_by(&self, script: &str) -> Command {
        let serve = self.command(&["serve"]);
        let mut command = Command::new("sh");
        command.args(["-c", script]).arg(serve.get_program()).args(serve.get_args()).current_dir(self.0.path());
        for (name, value) in serve.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    async fn start(&self, mut command: Command) -> Service {
        let log = Log::new();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log.writer());
        let mut child = command.spawn().expect("it starts");
        let address = eventually("the service says where it listens", async || {
            if let Some(status) = child.try_wait().expect("our own child") {
                panic!("the service left with {status}:\n{}", log.text());
            }
            log.address()
        })
        .await;
        Service { child, log, address, client: client(), _home: self.0.clone() }
    }
}

/// The mapping of the samples, without the nightly reconciliation: a service that is started at that time of day would
/// begin one, make more calls and count one more run.
pub(crate) fn mapping() -> String {
    format!("{}\n[reconcile]\nat = \"\"\n", samples::MAPPING)
}

/// The binary with these arguments, without the settings of this process's environment.
pub(crate) fn binary(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_forstok-accurate"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("FORSTOK_ACCURATE_")) {
        command.env_remove(name);
    }
    command.args(arguments).env("NO_COLOR", "1").env("LC_ALL", "C.UTF-8");
    command
}

fn settings(accurate: &str, server: &str, webhook: &str) -> String {
    format!(
        r#"
        [server]
        listen = "127.0.0.1:0"
        {server}
        [database]
        url = "{SQLITE}"
        [forstok.webhook]
        {webhook}
        [books.main]
        account_url = "{accurate}"
        api_token = "sandbox-token"
        signature_secret = "sandbox-secret"
        [mapping]
        file = "mapping.toml"
        "#
    )
}

/// Standard error of a process so far. It is a file, so that everything that the process logged before an answer is
/// available with the answer.
#[derive(Clone)]
pub(crate) struct Log(Arc<NamedTempFile>);

impl Log {
    fn new() -> Self {
        Self(Arc::new(NamedTempFile::new().expect("a file for the log")))
    }

    /// For the process that writes it.
    fn writer(&self) -> Stdio {
        let file = std::fs::File::options().append(true).open(self.0.path());
        file.expect("our own file can be written to").into()
    }

    pub(crate) fn text(&self) -> String {
        let bytes = std::fs::read(self.0.path()).expect("our own file can be read");
        String::from_utf8_lossy(&bytes).trim_end().to_owned()
    }

    fn address(&self) -> Option<SocketAddr> {
        let text = self.text();
        let (_, after) = text.split_once(ADDRESS_IN_LOG.0)?;
        after.split_once(ADDRESS_IN_LOG.1)?.0.parse().ok()
    }
}

/// A client that ignores this machine's proxy.
pub(crate) fn client() -> reqwest::Client {
    // Fails if one is already installed, which is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().expect("a client can be made")
}

/// A service that accepts webhooks. It is killed when this value is dropped.
pub(crate) struct Service {
    child: Child,
    pub(crate) log: Log,
    pub(crate) address: SocketAddr,
    client: reqwest::Client,
    _home: Arc<TempDir>,
}

impl Service {
    /// Sends `SIGKILL`; returns when the process has ended.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("our own child");
        self.child.wait().expect("our own child");
    }

    /// Sends `SIGTERM`; returns immediately.
    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends `SIGHUP`; returns when the settings have been read again, with or without success.
    pub(crate) async fn read_settings_again(&self) {
        let times = || self.log.text().matches("settings were read again").count();
        let before = times();
        self.signal("HUP");
        eventually("the settings are read again", async || (times() > before).then_some(())).await;
    }

    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        let status = Command::new("sh").args(["-c", &kill]).status().expect("every Unix has sh");
        assert!(status.success(), "{kill}");
    }

    /// The exit code, after the process has exited.
    pub(crate) async fn exit_code(&mut self) -> Option<i32> {
        let child = &mut self.child;
        eventually("the service leaves", async || child.try_wait().expect("our own child")).await.code()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// GET as the operator.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        let headers = [("authorization", format!("Bearer {OPERATOR_TOKEN}"))];
        self.ask(Method::GET, path, &headers, Vec::new()).await
    }

    /// POST as the operator.
    pub(crate) async fn post(&self, path: &str) -> Answer {
        let headers = [("authorization", format!("Bearer {OPERATOR_TOKEN}"))];
        self.ask(Method::POST, path, &headers, Vec::new()).await
    }

    /// POST of a JSON body as the operator.
    pub(crate) async fn post_json(&self, path: &str, body: &Value) -> Answer {
        let headers = [("authorization", format!("Bearer {OPERATOR_TOKEN}"))];
        self.ask(Method::POST, path, &headers, body.to_string().into_bytes()).await
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, headers: &[(&str, String)], body: Vec<u8>) -> Answer {
        let mut request = self.client.request(method, self.url(path)).body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let response = request.send().await.expect("the service answers");
        let status = response.status();
        let header = |name: &str| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        let (kind, retry_after) = (header("content-type"), header("retry-after"));
        let text = response.text().await.expect("the answer has an end");
        Answer { status, kind, retry_after, text }
    }

    /// The answer's JSON once it fulfils the condition.
    pub(crate) async fn get_until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        eventually(&format!("GET {path} answers as it should"), async || {
            Some(self.get(path).await.json()).filter(|json| wanted(json))
        })
        .await
    }

    /// The number of orders in this state.
    pub(crate) async fn count(&self, state: &str) -> u64 {
        self.get("/v1/summary").await.json()["by_state"][state].as_u64().expect("every state is counted")
    }

    /// An order once it is in this state.
    pub(crate) async fn order_once(&self, id: &str, state: &str) -> Value {
        self.get_until(&format!("/v1/orders/{id}"), |order| order["state"] == state).await
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Both fail if the process has already exited, which is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let text = self.log.text();
            let lines: Vec<_> = text.lines().collect();
            let newest = &lines[lines.len().saturating_sub(LINES_SHOWN)..];
            eprintln!("What the service logged last:\n{}", newest.join("\n"));
        }
    }
}

/// A complete answer of the service.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// `Content-Type`.
    pub(crate) kind: String,
    /// `Retry-After`.
    pub(crate) retry_after: String,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// Asserts that this is a problem with this status and code; returns its detail.
    pub(crate) fn problem(&self, status: u16, code: &str) -> String {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.kind, "application/problem+json", "{}", self.text);
        let body = self.json();
        assert_eq!(body["status"], status, "{body}");
        assert_eq!(body["code"], code, "{body}");
        assert_eq!(body["type"], "about:blank", "{body}");
        assert!(body["title"].is_string(), "{body}");
        body["detail"].as_str().expect("a problem has a detail").to_owned()
    }
}
