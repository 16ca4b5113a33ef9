//! The HTTP surface: the webhook, `/v1` for operators, health, metrics, and the OpenAPI document of all of them.

mod accurate_webhook;
pub(crate) mod auth;
mod bodies;
pub(crate) mod filter;
mod headers;
mod health;
pub(crate) mod language;
mod metrics;
mod openapi;
pub(crate) mod origin;
pub(crate) mod paging;
pub(crate) mod params;
pub(crate) mod problem;
mod process;
mod reading;
mod refusals;
mod request_id;
mod responses;
mod serve;
pub(crate) mod session;
mod sign_in_limit;
mod stream;
mod time_limit;
mod token_limit;
pub(crate) mod uniform;
pub(crate) mod v1;
mod webhook;
pub(crate) mod wrong_field;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use jiff::Timestamp;
use metrics_exporter_prometheus::PrometheusHandle;
use reqwest::Url;
use secrecy::SecretString;
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;

use self::problem::Problem;
pub use self::{
    auth::Operators,
    openapi::{document, document_as_yaml},
    serve::serve,
};
use crate::{
    domain::{
        ids::BookName,
        operator::{Actor, OPERATOR, Role},
        reason::Language,
    },
    engine::Engine,
    forstok::signature::Verifier,
    inbox::record::Recorder,
    live::Live,
    settings::{Config, Sources},
    setup::{Changes, FirstWebhook},
};

/// Where Forstok sends its webhooks.
const WEBHOOKS: &str = "/webhooks/forstok";

/// The state of all handlers.
#[derive(Clone)]
pub struct App(Arc<Inside>);

/// What the service gives to the handlers, and what they remember between requests.
struct Inside {
    shared: Shared,
    /// Reads the bodies of webhooks.
    reading: reading::Reading,
    /// Limits wrong tokens on the sign-in page.
    sign_in_limit: sign_in_limit::SignInLimit,
    /// Whom the demo's link signs in.
    one_time_code: session::Once<Actor>,
    /// The webhook key that was generated last, until its page is opened.
    new_webhook_key: session::Once<SecretString>,
    /// Summarises refused requests for the log.
    refusals: refusals::Refusals,
    /// Limits wrong tokens in requests.
    token_limit: token_limit::TokenLimit,
    /// What is known about the proof of webhooks before the first one is taken.
    first_webhook: FirstWebhook,
    /// One file is imported at a time.
    importing: Arc<Semaphore>,
    /// When this replica last accepted an authentic webhook, in microseconds since 1970; 0 before the first.
    last_webhook: AtomicI64,
}

/// What the service gives to the handlers.
pub struct Shared {
    /// The secrets that are valid now.
    pub proofs: Arc<Live<Proofs>>,
    /// Stores webhooks.
    pub recorder: Recorder,
    /// Decides and posts.
    pub engine: Arc<Engine>,
    /// Changes secrets at the request of the setup page.
    pub changes: Changes,
    /// The mapping file, if the settings name one.
    pub mapping_file: Option<PathBuf>,
    /// The settings file's folder, in which a seller's own payout profiles lie.
    pub profiles: PathBuf,
    /// Where people reach the pages, if the settings say it.
    pub public_url: Option<Url>,
    /// The port on which webhooks arrive, if pages have another.
    pub webhook_port: Option<u16>,
    /// The language for readers whose browser requests none.
    pub language: Language,
    /// The SQLite database.
    pub file: Option<PathBuf>,
    /// Renders the metrics.
    pub metrics: PrometheusHandle,
}

/// The secrets of webhooks and operators. Replaced as a whole when the settings are read again.
pub struct Proofs {
    /// The secrets that prove webhooks.
    pub verifier: Verifier,
    /// Who may use the pages and `/v1`; if empty, both are closed.
    pub operators: Operators,
    /// The secrets in the addresses for Accurate's own webhooks, by book.
    pub hints: BTreeMap<BookName, SecretString>,
    /// Where the secrets come from.
    pub sources: Sources,
}

impl Proofs {
    /// The secrets of these settings.
    pub fn of(config: &Config) -> Self {
        Self {
            verifier: config.webhook.clone(),
            operators: Operators::of(config),
            hints: config.hints.clone(),
            sources: config.secrets.clone(),
        }
    }
}

impl std::ops::Deref for App {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0.shared
    }
}

impl App {
    /// The state for the routes.
    pub fn new(shared: Shared) -> Self {
        Self(Arc::new(Inside {
            shared,
            reading: reading::Reading::new(),
            sign_in_limit: sign_in_limit::SignInLimit::default(),
            one_time_code: session::Once::default(),
            new_webhook_key: session::Once::default(),
            refusals: refusals::Refusals::default(),
            token_limit: token_limit::TokenLimit::default(),
            first_webhook: FirstWebhook::default(),
            importing: Arc::new(Semaphore::new(1)),
            last_webhook: AtomicI64::new(0),
        }))
    }

    /// Whether people reach the pages over HTTPS, so that cookies can be limited to it.
    pub(crate) fn is_secure(&self) -> bool {
        self.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
    }

    /// A path that signs the admin of `server.operator_token` in, once.
    pub fn sign_in_once(&self) -> String {
        let actor = Actor { name: OPERATOR.to_owned(), role: Role::Admin };
        format!("/login/once/{}", self.0.one_time_code.keep(actor))
    }

    pub(crate) fn one_time_code(&self) -> &session::Once<Actor> {
        &self.0.one_time_code
    }

    pub(crate) fn new_webhook_key(&self) -> &session::Once<SecretString> {
        &self.0.new_webhook_key
    }

    pub(crate) fn sign_in_limit(&self) -> &sign_in_limit::SignInLimit {
        &self.0.sign_in_limit
    }

    pub(crate) fn importing(&self) -> &Arc<Semaphore> {
        &self.0.importing
    }

    fn reading(&self) -> &reading::Reading {
        &self.0.reading
    }

    fn refusals(&self) -> &refusals::Refusals {
        &self.0.refusals
    }

    /// What is known about the proof of webhooks before the first one is taken.
    pub(crate) fn first_webhook(&self) -> &FirstWebhook {
        &self.0.first_webhook
    }

    /// Records that an authentic webhook was accepted.
    fn note_webhook(&self, at: Timestamp) {
        self.0.first_webhook.was_taken();
        self.engine.webhook_was_accepted();
        self.0.last_webhook.fetch_max(at.as_microsecond(), Ordering::Relaxed);
    }

    /// When the newest authentic webhook arrived. The database has the time for all replicas, but only the replica that
    /// accepted a repeat knows of it.
    pub(crate) async fn newest_webhook(&self) -> Result<Option<Timestamp>, Problem> {
        let at = self.0.last_webhook.load(Ordering::Relaxed);
        let here = Timestamp::from_microsecond(at).ok().filter(|_| at > 0);
        Ok(self.engine.storage().newest_webhook().await?.max(here))
    }

    /// For how many seconds the order that waits longest for its invoice has been due; 0 if none is due.
    async fn oldest_due_seconds(&self) -> Result<f64, Problem> {
        Ok(self.seconds_since(self.engine.storage().oldest_due().await?))
    }

    /// How many seconds ago a time is; 0 if there is none.
    fn seconds_since(&self, moment: Option<Timestamp>) -> f64 {
        moment.map_or(0.0, |moment| self.engine.now().duration_since(moment).as_secs_f64().max(0.0))
    }

    fn token_limit(&self) -> &token_limit::TokenLimit {
        &self.0.token_limit
    }
}

/// The routes for Forstok and probes, if the routes for operators have a separate address.
pub fn public(app: &App) -> Router {
    let probes = alive().route("/readyz", get(health::ready_in_public));
    finished(for_senders().merge(probes), app)
}

/// The routes for people and their tools; `pages` are for browsers.
pub fn operators(app: &App, pages: Router<App>) -> Router {
    finished(for_operators(app, pages).merge(for_probes()), app)
}

/// All routes on one address.
pub fn together(app: &App, pages: Router<App>) -> Router {
    finished(for_senders().merge(for_operators(app, pages)).merge(for_probes()), app)
}

fn for_senders() -> Router<App> {
    Router::new()
        .route(WEBHOOKS, post(webhook::receive))
        .route("/webhooks/accurate/{book}/{secret}", post(accurate_webhook::receive))
}

fn for_probes() -> Router<App> {
    alive().route("/readyz", get(health::ready))
}

fn alive() -> Router<App> {
    Router::new().route("/healthz", get(health::alive))
}

fn for_operators(app: &App, pages: Router<App>) -> Router<App> {
    v1::routes(app)
        .merge(pages)
        .layer(DefaultBodyLimit::max(reading::LARGEST))
        .layer(middleware::from_fn(time_limit::within_limit))
        .route("/metrics", get(metrics::render))
        .route("/openapi.json", get(openapi::serve))
}

/// Takes webhooks without the layers of all other routes, which only change answers that are not its own: a webhook
/// must cost little. Any other method of its path goes to the other routes, which refuse it.
pub fn webhooks_first(others: Router, app: &App) -> Router {
    let receive = post(webhook::receive).layer(CatchPanicLayer::custom(webhook::panicked)).with_state(app.clone());
    Router::new().route(WEBHOOKS, receive.fallback_service(others.clone())).fallback_service(others)
}

fn finished(routes: Router<App>, app: &App) -> Router {
    routes
        .method_not_allowed_fallback(async || Problem::WrongMethod)
        .fallback(async || Problem::UnknownRoute)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn(uniform::problems_for_programs))
        .with_state(app.clone())
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    // The panic hook has logged the location. The message may contain a buyer's data, so it is not repeated.
    Problem::Broken.into_response()
}
