//! The whole service in this process: storage, engine and HTTP server, started and stopped together.

use std::{future::Future, io::ErrorKind, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
    task::JoinHandle,
};

use crate::{
    accurate::{client::Session, wire::HttpWire},
    clock::{Clock, SharedClock, SystemClock},
    deciding::mapping::{self, ActiveMapping, Applied, Document, OfFile},
    domain::{
        ids::BookName,
        mapping::{Mapping, PostingMode},
    },
    engine::{Engine, run::Running},
    forstok::api::ForstokApi,
    http::{self, App, Proofs},
    inbox::record::Recorder,
    live::Live,
    notices::{Channels, READ_OF_REPLY},
    posting::lending::share_always,
    settings::{BookConfig, Config, Database, MappingFile},
    setup::{Changes, Request},
    storage::{self, Allowance, MAPPING_FILE_AUTHORS, Mappings},
    web,
};

/// How long calls in flight may take to finish when the service stops.
pub const STOP_DEADLINE: Duration = Duration::from_secs(20);

/// Name of the task that accepts connections, for health checks.
const ACCEPTING: &str = "accepting connections";

/// Author of the first mapping.
const SETUP_AUTHOR: &str = "setup";

/// How often applying a mapping file is tried while others change the mapping at the same time.
const MAPPING_TRIES: usize = 5;

/// How often the samples of the metrics' histograms are aggregated.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

/// The addresses of the service.
pub struct Listeners {
    /// For Forstok and probes; for everybody if there is no other.
    pub public: TcpListener,
    /// For operators and their tools.
    pub operators: Option<TcpListener>,
}

impl Listeners {
    /// One address for everybody.
    pub fn one(listener: TcpListener) -> Self {
        Self { public: listener, operators: None }
    }
}

/// A running service.
pub struct Service {
    /// Decides and posts; the demo's table uses it.
    pub engine: Arc<Engine>,
    proofs: Arc<Live<Proofs>>,
    changes: tokio::sync::Mutex<mpsc::Receiver<Request>>,
    running: Running,
    recording: Vec<JoinHandle<()>>,
    app: App,
    serving: Vec<JoinHandle<()>>,
    upkeep: JoinHandle<()>,
    sharing: JoinHandle<()>,
    stop_serving: watch::Sender<bool>,
}

impl Service {
    /// Opens the storage, applies a changed mapping file, continues unfinished work, and receives webhooks.
    pub async fn start(config: Config, listeners: Listeners, metrics: PrometheusHandle) -> anyhow::Result<Self> {
        let clock: SharedClock = Arc::new(SystemClock);
        let opened = storage::open(&config.database).await;
        let storage =
            opened.context("the service has not started and does not try again; start it once this is solved")?;
        let mapping = match &config.mapping {
            Some(file) => with_file(storage.as_ref(), file, clock.as_ref(), MAPPING_FILE_AUTHORS[0]).await?,
            None if config.lacks_secrets() => first_mapping(storage.as_ref(), clock.as_ref()).await?,
            None => stored_mapping(storage.as_ref()).await?,
        };
        let wire = Arc::new(HttpWire::new().context("the HTTP client could not be made")?);
        let session = |(name, book): (&BookName, &BookConfig)| Session::new(name, book, wire.clone(), clock.clone());
        let sessions = config.books.iter().map(session).collect();
        // Jitter needs no secrecy; two processes must only differ.
        let seed = clock.now().as_microsecond() as u64 ^ u64::from(std::process::id());
        let engine = Engine::new(storage, clock.clone(), sessions, mapping, seed);
        let engine = engine.leading_for(config.term).following_hints(config.hints.keys().cloned());
        let engine = match &config.notices {
            Some(notices) => {
                let wire = HttpWire::new().context("the HTTP client for notices could not be made")?;
                let channels = Channels::new(notices.clone(), Arc::new(wire.reading_only(READ_OF_REPLY)));
                engine.with_notices(channels, config.public_url.as_ref().map(AsRef::as_ref))
            }
            None => engine,
        };
        let engine = Arc::new(match &config.forstok_api {
            Some(api) => {
                let api = ForstokApi::new(api.clone(), wire.clone(), clock.clone());
                engine.asking_forstok(api, config.backfill.clone())
            }
            None => engine,
        });
        let allowance = Allowance::of(&config.database, clock.as_ref()).await?;
        let (lender, allowance) = (engine.posting().clone(), Arc::new(tokio::sync::Mutex::new(allowance)));
        let share = move |progress| share_always(lender.clone(), allowance.clone(), progress);
        let sharing = engine.supervisor().keep_running("sharing calls with commands", share);
        let running = Running::start(&engine, config.keep_bodies);
        let (recorder, recording) = Recorder::start(engine.inbox(), engine.supervisor());
        let proofs = Arc::new(Live::new(Proofs::of(&config)));
        let (changes, requested) = Changes::new();
        let app = App::new(http::Shared {
            proofs: proofs.clone(),
            changes,
            recorder,
            engine: engine.clone(),
            mapping_file: config.mapping.as_ref().map(|file| file.path.clone()),
            profiles: config.folder,
            public_url: config.public_url,
            webhook_port: listeners.operators.as_ref().and_then(|_| Some(listeners.public.local_addr().ok()?.port())),
            language: config.language,
            file: match &config.database {
                Database::Sqlite(path) => Some(path.clone()),
                Database::Postgres(_) => None,
            },
            metrics: metrics.clone(),
        });
        let (stop_serving, stopped) = watch::channel(false);
        let supervisor = engine.supervisor();
        let serve = |name, listener, router| {
            let stopped = stopped.clone();
            let stopped = move || {
                let mut stopped = stopped.clone();
                async move {
                    // An error means that nobody can stop the service any more.
                    let _ = stopped.wait_for(|stopped| *stopped).await;
                }
            };
            http::serve(supervisor, name, listener, router, stopped)
        };
        let pages = web::pages(&app);
        let serving = match listeners.operators {
            None => {
                let routes = web::for_browsers(http::together(&app, pages), &app);
                vec![serve(ACCEPTING, listeners.public, http::webhooks_first(routes, &app))]
            }
            Some(operators) => vec![
                serve(ACCEPTING, listeners.public, http::webhooks_first(http::public(&app), &app)),
                serve("accepting operators", operators, web::for_browsers(http::operators(&app, pages), &app)),
            ],
        };
        let upkeep = engine.supervisor().keep_running("upkeep of metrics", move |progress| {
            let metrics = metrics.clone();
            async move {
                loop {
                    progress.wait_for(tokio::time::sleep(METRICS_UPKEEP)).await;
                    metrics.run_upkeep();
                }
            }
        });
        let changes = tokio::sync::Mutex::new(requested);
        Ok(Self { engine, proofs, changes, running, recording, app, serving, upkeep, sharing, stop_serving })
    }

    /// Applies the mapping file while the service runs, if it has changed.
    pub async fn read_mapping_again(&self, file: &MappingFile) -> anyhow::Result<()> {
        let active = with_file(self.engine.storage().as_ref(), file, &SystemClock, MAPPING_FILE_AUTHORS[1]).await?;
        if active.revision != self.engine.mapping().revision {
            self.engine.set_mapping(active);
        }
        Ok(())
    }

    /// Replaces the secrets of webhooks, operators and Accurate databases by those of these settings.
    pub fn replace_secrets(&self, config: &Config) {
        self.proofs.set(Proofs::of(config));
        for (name, book) in &config.books {
            self.engine.set_credentials(name, book.credentials());
        }
    }

    /// The next change that somebody requests on the setup page; never, once nobody can any more.
    pub async fn next_change(&self) -> Request {
        match self.changes.lock().await.recv().await {
            Some(request) => request,
            None => std::future::pending().await,
        }
    }

    /// A path that signs the admin in, once: for the demo's link.
    pub fn sign_in_once(&self) -> String {
        self.app.sign_in_once()
    }

    /// Accepts no new work, waits for work in flight, and returns at the latest after [`STOP_DEADLINE`].
    pub async fn stop(self) {
        let _ = self.stop_serving.send(true);
        drop(self.app);
        let serving_ends = async {
            for serving in self.serving {
                let _ = serving.await;
            }
            // Dropping the routes drops the last recorder, and with it the tasks that commit.
            for recording in self.recording {
                let _ = recording.await;
            }
        };
        let (served, posted) =
            tokio::join!(tokio::time::timeout(STOP_DEADLINE, serving_ends), self.running.stop(STOP_DEADLINE));
        if served.is_err() || !posted {
            tracing::warn!("not everything ended in time; the next start looks up the outcome of calls to Accurate");
        }
        self.upkeep.abort();
        self.sharing.abort();
        self.engine.storage().close().await;
    }
}

async fn stored_mapping(storage: &dyn Mappings) -> anyhow::Result<ActiveMapping> {
    let active = mapping::current(storage).await.context("set mapping.file to replace it")?;
    if active.revision == 0 {
        tracing::warn!("there is no mapping yet: orders are blocked with store_unmapped; set mapping.file");
    }
    Ok(active)
}

/// The stored mapping. The first one sends nothing: somebody sees the first invoice on the setup page before it is
/// created.
async fn first_mapping(storage: &dyn Mappings, clock: &dyn Clock) -> anyhow::Result<ActiveMapping> {
    let active = mapping::current(storage).await?;
    if active.revision > 0 {
        return Ok(active);
    }
    let rules = Mapping { posting: PostingMode::Shadow, ..active.mapping };
    let document = Document::from_table(&rules.to_table()).map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    match mapping::apply(storage, clock, document, SETUP_AUTHOR, Some(0)).await? {
        Applied::Equal(active) | Applied::Changed(active, _) => Ok(active),
        // Another replica was faster.
        Applied::Stale(_) => Ok(mapping::current(storage).await?),
    }
}

/// The active mapping, after the file was applied if it has changed.
async fn with_file(
    storage: &dyn Mappings,
    file: &MappingFile,
    clock: &dyn Clock,
    author: &str,
) -> anyhow::Result<ActiveMapping> {
    let document = Document { text: file.text.clone(), mapping: file.mapping.clone() };
    for _ in 0..MAPPING_TRIES {
        match mapping::apply_file(storage, clock, document.clone(), author).await? {
            OfFile::Unchanged(active) => {
                if active.mapping != document.mapping {
                    let (path, revision) = (file.path.display(), active.revision);
                    tracing::info!(
                        revision,
                        "mapping file {path} has not changed since it was applied: revision {revision}, which is newer, \
                         stays active; `mapping apply {path}` applies the file again"
                    );
                }
                return Ok(active);
            }
            OfFile::Changed(Applied::Equal(active) | Applied::Changed(active, _)) => return Ok(active),
            // Most likely another replica applied the same file at the same time.
            OfFile::Changed(Applied::Stale(_)) => {}
        }
    }
    anyhow::bail!("other processes keep changing the mapping at the same moment; try again")
}

/// Why the address in `setting` cannot be used, and what to do.
pub fn cannot_listen(setting: &str, address: SocketAddr, error: &std::io::Error) -> anyhow::Error {
    let remedy = match error.kind() {
        ErrorKind::AddrInUse => "another program listens there: stop it, or choose another port",
        ErrorKind::PermissionDenied => {
            "ports below 1024 need a right that this user does not have: choose a port above 1023 and let the proxy in \
             front forward to it, or give the service CAP_NET_BIND_SERVICE"
        }
        ErrorKind::AddrNotAvailable => "this machine does not have that address: choose one it has, or 0.0.0.0 for all",
        _ => "choose another address",
    };
    anyhow::anyhow!("{setting} = {address}: cannot listen there ({error}); {remedy}")
}

/// Returns when the process is asked to stop: SIGTERM or Ctrl-C.
pub fn asked_to_stop() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("the handler for SIGTERM cannot be installed")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("the handler for Ctrl-C cannot be installed")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
