//! Honest senders during an attack: how long does a webhook take, and how much memory does the service use?
//!
//! `cargo bench --bench hostile` starts the real binary and a sandbox, opens ten thousand idle connections and a
//! thousand that send their bodies in small pieces, and floods the service with headers and with large unsigned bodies.
//! Meanwhile eight honest senders send orders, each waiting for its answer. `HOSTILE_SECONDS` sets the duration (20 by
//! default).

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, ExitCode, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use forstok_accurate::{
    sandbox::{Options, Sandbox, samples},
    signing::hmac_sha256,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{io::AsyncReadExt, io::AsyncWriteExt, net::TcpStream as AsyncStream};

const IDLE: usize = 10_000;
const SLOW: usize = 1_000;
const FLOODS: usize = 4;
const HONEST: usize = 8;

/// How long an honest sender pauses between an answer and its next order. The senders together send at most eight
/// hundred orders per second, a hundred times as many as Accurate accepts calls.
const REST: Duration = Duration::from_millis(10);

const MIB: usize = 1024 * 1024;
const SLOWEST_PIECE: usize = 1024;
const BETWEEN_PIECES: Duration = Duration::from_millis(100);

/// The limits that must be met.
const LONGEST_P99: Duration = Duration::from_millis(100);
const MOST_MEMORY_KIB: u64 = 128 * 1024;

const SECRET: &str = "secret-of-the-bench";

fn main() -> ExitCode {
    // Arguments are ignored, because Cargo passes its own.
    let seconds = std::env::var("HOSTILE_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(20);
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    setrlimit(Resource::Nofile, raised).expect("a soft limit may be raised to the hard one");
    let files = limit.maximum.unwrap_or(u64::MAX);
    if files < (IDLE + SLOW) as u64 + 500 {
        println!("ulimit -Hn is {files}: {} connections need more; raise it and run this again", IDLE + SLOW);
        return ExitCode::FAILURE;
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    let accurate = runtime.block_on(Sandbox::new(Options::with_sample_masters()).start(([127, 0, 0, 1], 0).into()));
    let accurate = accurate.expect("a port is free");
    let home = tempfile::tempdir().expect("a folder can be made");
    let service = Service::start(home.path(), &accurate.url());

    let quiet = honest_senders(service.address, 1, Duration::from_secs(5));
    println!("quiet:   {quiet}");
    println!("         {} KiB of memory used at most (VmHWM)", service.most_memory());

    let world = Arc::new(World { at: service.address, over: AtomicBool::new(false), counts: Counts::default() });
    for nth in 0..IDLE {
        runtime.spawn(idle(world.clone(), nth));
    }
    for _ in 0..SLOW {
        runtime.spawn(slow(world.clone()));
    }
    while world.counts.open.load(Relaxed) < (IDLE + SLOW) as u64 {
        std::thread::sleep(Duration::from_millis(50));
    }
    let floods: Vec<_> = (0..FLOODS)
        .map(|nth| {
            let world = world.clone();
            std::thread::spawn(move || flood(&world, nth))
        })
        .collect();
    let hostile = honest_senders(service.address, 2, Duration::from_secs(seconds));
    let open = world.counts.open.load(Relaxed);
    world.over.store(true, Relaxed);
    for flood in floods {
        flood.join().expect("a flood does not panic");
    }
    let memory = service.most_memory();
    println!("hostile: {hostile}");
    println!("         {open} hostile connections open at the end; {}", world.counts);
    println!("         {memory} KiB of memory used at most (VmHWM)");
    let fast = hostile.quantile(0.99) < LONGEST_P99;
    let small = memory < MOST_MEMORY_KIB;
    println!("p99 under {LONGEST_P99:?}: {}", said(fast));
    println!("memory under {} MiB: {}", MOST_MEMORY_KIB / 1024, said(small));
    println!("every honest webhook taken: {}", said(hostile.refused == 0));
    runtime.shutdown_background();
    if fast && small && hostile.refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn said(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}

/// The real binary.
struct Service {
    child: Child,
    address: SocketAddr,
}

impl Service {
    fn start(home: &Path, accurate: &str) -> Self {
        std::fs::write(home.join("mapping.toml"), samples::MAPPING).expect("the folder takes files");
        let settings = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n[log]\nfilter = \"warn,forstok_accurate::cli=info\"\n\
             [database]\nurl = \"sqlite://orders.db\"\n[forstok.webhook]\nscheme = \"hmac-sha256\"\nsecrets = [\"{SECRET}\"]\n\
             [books.main]\naccount_url = \"{accurate}\"\napi_token = \"sandbox-token\"\n\
             signature_secret = \"sandbox-secret\"\n[mapping]\nfile = \"mapping.toml\"\n"
        );
        std::fs::write(home.join("settings.toml"), settings).expect("the folder takes files");
        let mut child = Command::new(env!("CARGO_BIN_EXE_forstok-accurate"))
            .args(["serve", "--config", "settings.toml"])
            .current_dir(home)
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(child.stderr.take().expect("it is piped")).lines().map_while(Result::ok);
        let address = lines
            .find_map(|line| line.split_once("at http://")?.1.split_once('/')?.0.parse().ok())
            .expect("it says where it listens");
        // Reads the rest of the log, so that it does not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }

    /// Peak resident memory of the process so far, in KiB.
    fn most_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        line.trim().trim_end_matches(" kB").parse().unwrap_or(u64::MAX)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The latencies of honest webhooks.
struct Times {
    sorted: Vec<Duration>,
    refused: usize,
    lasted: Duration,
}

impl Times {
    fn quantile(&self, quantile: f64) -> Duration {
        let last = self.sorted.len().saturating_sub(1);
        self.sorted.get((last as f64 * quantile) as usize).copied().unwrap_or(Duration::MAX)
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rate = self.sorted.len() as f64 / self.lasted.as_secs_f64();
        let [half, most, nearly_all, all] = [0.5, 0.95, 0.99, 1.0].map(|quantile| self.quantile(quantile));
        write!(formatter, "{} webhooks by {HONEST} honest senders, {rate:.0} a second, ", self.sorted.len())?;
        write!(formatter, "{} refused: p50 {half:.1?}, p95 {most:.1?}, p99 {nearly_all:.1?}, ", self.refused)?;
        write!(formatter, "longest {all:.1?}")
    }
}

fn honest_senders(at: SocketAddr, round: usize, lasting: Duration) -> Times {
    let begun = Instant::now();
    let senders: Vec<_> = (0..HONEST)
        .map(|nth| std::thread::spawn(move || honest(at, round * 100_000_000 + nth * 1_000_000, begun + lasting)))
        .collect();
    let mut times = Times { sorted: Vec::new(), refused: 0, lasted: lasting };
    for sender in senders {
        let (taken, refused) = sender.join().expect("an honest sender does not panic");
        times.sorted.extend(taken);
        times.refused += refused;
    }
    times.sorted.sort_unstable();
    times
}

/// Sends one order after the other. A closed connection is reopened, which counts towards the latency.
fn honest(at: SocketAddr, first: usize, until: Instant) -> (Vec<Duration>, usize) {
    let sample = samples::SAMPLES[0];
    let mut body = sample.json();
    let (mut taken, mut refused, mut id) = (Vec::new(), 0, first);
    let mut stream = None;
    while Instant::now() < until {
        id += 1;
        body["order"]["id"] = id.into();
        body["order"]["local_name"] = format!("H{id}").into();
        let text = body.to_string();
        let signature = hex::encode(hmac_sha256(SECRET, None, text.as_bytes()));
        let request = format!(
            "POST /webhooks/forstok HTTP/1.1\r\nhost: x\r\nx-forstok-signature: {signature}\r\ncontent-length: {}\r\n\r\n{text}",
            text.len()
        );
        let began = Instant::now();
        match ask(&mut stream, at, request.as_bytes()).or_else(|| ask(&mut stream, at, request.as_bytes())) {
            Some(200) => taken.push(began.elapsed()),
            other => {
                println!("         an honest webhook was answered {other:?}");
                refused += 1;
            }
        }
        std::thread::sleep(REST);
    }
    (taken, refused)
}

/// Sends a request; returns the status of the answer, or `None` if the connection was closed.
fn ask(slot: &mut Option<TcpStream>, at: SocketAddr, request: &[u8]) -> Option<u16> {
    let mut stream = match slot.take() {
        Some(stream) => stream,
        None => TcpStream::connect(at).ok()?,
    };
    stream.set_nodelay(true).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    stream.write_all(request).ok()?;
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let bytes = stream.read(&mut piece).ok().filter(|bytes| *bytes > 0)?;
        answer.extend_from_slice(&piece[..bytes]);
        let text = String::from_utf8_lossy(&answer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        if length.is_some_and(|length: usize| body.len() >= length) {
            let status = head.split(' ').nth(1)?.parse().ok();
            *slot = Some(stream);
            return status;
        }
    }
}

/// What all attackers share.
struct World {
    at: SocketAddr,
    over: AtomicBool,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    open: AtomicU64,
    closed: AtomicU64,
    floods: AtomicU64,
}

impl std::fmt::Display for Counts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (closed, floods) = (self.closed.load(Relaxed), self.floods.load(Relaxed));
        write!(formatter, "{closed} were closed and came again; {floods} floods")
    }
}

impl World {
    fn goes_on(&self) -> bool {
        !self.over.load(Relaxed)
    }

    async fn connect(&self) -> Option<AsyncStream> {
        let stream = AsyncStream::connect(self.at).await.ok()?;
        self.counts.open.fetch_add(1, Relaxed);
        Some(stream)
    }

    fn closed(&self) {
        self.counts.open.fetch_sub(1, Relaxed);
        self.counts.closed.fetch_add(1, Relaxed);
    }
}

/// Sends nothing, or half a request head, until the service closes the connection; then reconnects.
async fn idle(world: Arc<World>, nth: usize) {
    while world.goes_on() {
        let Some(mut stream) = world.connect().await else { continue };
        if nth.is_multiple_of(2) {
            let _ = stream.write_all(b"POST /webhooks/forstok HTTP/1.1\r\nhost: x\r\nx-").await;
        }
        let _ = stream.read(&mut [0; 64]).await;
        world.closed();
    }
}

/// Announces a body of one mebibyte and sends it in small pieces.
async fn slow(world: Arc<World>) {
    let head = format!("POST /webhooks/forstok HTTP/1.1\r\nhost: x\r\ncontent-length: {MIB}\r\n\r\n");
    while world.goes_on() {
        let Some(mut stream) = world.connect().await else { continue };
        let mut went = stream.write_all(head.as_bytes()).await;
        let mut answer = [0; 64];
        while went.is_ok() && world.goes_on() {
            // The service has answered or closed the connection before the end of the body.
            if tokio::time::timeout(BETWEEN_PIECES, stream.read(&mut answer)).await.is_ok() {
                break;
            }
            went = stream.write_all(&[b' '; SLOWEST_PIECE]).await;
        }
        world.closed();
    }
}

/// Repeatedly sends ten thousand headers, a header of one mebibyte, or an unsigned body of one mebibyte.
fn flood(world: &World, nth: usize) {
    let many: String = (0..10_000).flat_map(|nth| ["x-".to_owned(), nth.to_string(), ": 1\r\n".to_owned()]).collect();
    let long = format!("x-long: {}\r\n", "a".repeat(MIB));
    let post = format!("POST /webhooks/forstok HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {MIB}\r\n");
    let floods = [
        format!("GET / HTTP/1.1\r\nhost: x\r\n{many}\r\n"),
        format!("GET / HTTP/1.1\r\nhost: x\r\n{long}\r\n"),
        format!("{post}\r\n{}", " ".repeat(MIB)),
        format!("{post}x-forstok-signature: {}\r\n\r\n{}", "0".repeat(64), " ".repeat(MIB)),
    ];
    let request = floods[nth % floods.len()].as_bytes();
    while world.goes_on() {
        let Ok(mut stream) = TcpStream::connect(world.at) else { continue };
        if stream.write_all(request).is_ok() {
            let _ = stream.read_to_end(&mut Vec::new());
        }
        world.counts.floods.fetch_add(1, Relaxed);
    }
}
