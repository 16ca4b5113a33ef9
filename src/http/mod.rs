//! The outside surface: webhook, operators' routes, health, metrics, the document of all of them.

mod attempts;
pub(crate) mod auth;
mod bodies;
mod closing;
pub(crate) mod filter;
mod guesses;
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
mod responses;
mod serve;
pub(crate) mod session;
pub(crate) mod uniform;
pub(crate) mod v1;
mod webhook;
pub(crate) mod wrong_field;

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use jiff::Timestamp;
use metrics_exporter_prometheus::PrometheusHandle;
use reqwest::Url;
use tower_http::{catch_panic::CatchPanicLayer, timeout::TimeoutLayer};

use self::problem::Problem;
pub use self::{
    auth::Operators,
    openapi::{document, document_as_yaml},
    serve::serve,
};
use crate::{
    domain::{
        operator::{Actor, OPERATOR, Role},
        reason::Language,
    },
    engine::Engine,
    forstok::signature::Verifier,
    inbox::record::Recorder,
    live::Live,
    settings::Config,
};

/// How long an operator's request may take.
const OPERATOR_TIME: Duration = Duration::from_secs(30);

/// What handlers share.
#[derive(Clone)]
pub struct App(Arc<Inside>);

/// What handlers share, and what they know of each other.
struct Inside {
    shared: Shared,
    /// Reads the bodies of webhooks.
    reading: reading::Reading,
    /// Wrong tokens on the sign-in page.
    guesses: guesses::Guesses,
    /// Of the demo's link.
    one_time_code: session::OneTimeCode,
    /// What was refused, for the log.
    refusals: refusals::Refusals,
    /// Wrong tokens.
    attempts: attempts::Attempts,
    /// When this replica last took an authentic webhook, in microseconds since 1970; 0 before the first.
    last_webhook: AtomicI64,
}

/// What handlers share.
pub struct Shared {
    /// Who is believed, by now.
    pub proofs: Arc<Live<Proofs>>,
    /// Commits them.
    pub recorder: Recorder,
    /// Decides and posts.
    pub engine: Arc<Engine>,
    /// Where people reach the pages, when it was told.
    pub public_url: Option<Url>,
    /// Of sentences for readers who ask for none.
    pub language: Language,
    /// Renders metrics.
    pub metrics: PrometheusHandle,
}

/// Who is believed. Replaced as a whole when the settings are read again.
pub struct Proofs {
    /// Proof of webhooks.
    pub verifier: Verifier,
    /// Who may use the pages and `/v1`; with nobody in it both are closed.
    pub operators: Operators,
}

impl Proofs {
    /// Those of the settings.
    pub fn of(config: &Config) -> Self {
        Self { verifier: config.webhook.clone(), operators: Operators::of(config) }
    }
}

impl std::ops::Deref for App {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0.shared
    }
}

impl App {
    /// For the routes.
    pub fn new(shared: Shared) -> Self {
        Self(Arc::new(Inside {
            shared,
            reading: reading::Reading::new(),
            guesses: guesses::Guesses::default(),
            one_time_code: session::OneTimeCode::default(),
            refusals: refusals::Refusals::default(),
            attempts: attempts::Attempts::default(),
            last_webhook: AtomicI64::new(0),
        }))
    }

    /// Whether people reach the pages over HTTPS, so that cookies need not travel without it.
    pub(crate) fn is_secure(&self) -> bool {
        self.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
    }

    /// A path that signs the admin of `server.operator_token` in, once.
    pub fn sign_in_once(&self) -> String {
        self.0.one_time_code.make(Actor { name: OPERATOR.to_owned(), role: Role::Admin })
    }

    pub(crate) fn one_time_code(&self) -> &session::OneTimeCode {
        &self.0.one_time_code
    }

    pub(crate) fn guesses(&self) -> &guesses::Guesses {
        &self.0.guesses
    }

    fn reading(&self) -> &reading::Reading {
        &self.0.reading
    }

    fn refusals(&self) -> &refusals::Refusals {
        &self.0.refusals
    }

    /// An authentic webhook was taken.
    fn webhook_came(&self, at: Timestamp) {
        self.0.last_webhook.fetch_max(at.as_microsecond(), Ordering::Relaxed);
    }

    /// When the newest authentic webhook arrived. The database knows it of all replicas, but not of a repeat, which
    /// only the replica knows that took it.
    pub(crate) async fn newest_webhook(&self) -> Result<Option<Timestamp>, Problem> {
        let at = self.0.last_webhook.load(Ordering::Relaxed);
        let here = Timestamp::from_microsecond(at).ok().filter(|_| at > 0);
        Ok(self.engine.storage().newest_webhook().await?.max(here))
    }

    /// For how many seconds the order that waits longest for its invoice has been due; 0 when none is.
    async fn oldest_due_seconds(&self) -> Result<f64, Problem> {
        Ok(self.seconds_since(self.engine.storage().oldest_due().await?))
    }

    /// How many seconds ago a moment is; 0 when there is none.
    fn seconds_since(&self, moment: Option<Timestamp>) -> f64 {
        moment.map_or(0.0, |moment| self.engine.now().duration_since(moment).as_secs_f64().max(0.0))
    }

    fn attempts(&self) -> &attempts::Attempts {
        &self.0.attempts
    }
}

/// What Forstok and probes need; beside it the operators' surface, when that has an address of its own.
pub fn public(app: &App) -> Router {
    finished(for_senders().merge(for_probes()), app)
}

/// What people and their tools need; `pages` are what a browser shows.
pub fn operators(app: &App, pages: Router<App>) -> Router {
    finished(for_operators(app, pages).merge(for_probes()), app)
}

/// All of it on one address.
pub fn together(app: &App, pages: Router<App>) -> Router {
    finished(for_senders().merge(for_operators(app, pages)).merge(for_probes()), app)
}

fn for_senders() -> Router<App> {
    Router::new().route("/webhooks/forstok", post(webhook::receive))
}

fn for_probes() -> Router<App> {
    Router::new().route("/healthz", get(health::alive)).route("/readyz", get(health::ready))
}

fn for_operators(app: &App, pages: Router<App>) -> Router<App> {
    v1::routes(app)
        .merge(pages)
        .layer(DefaultBodyLimit::max(reading::LARGEST))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, OPERATOR_TIME))
        .route("/metrics", get(metrics::render))
        .route("/openapi.json", get(openapi::serve))
}

/// Forbids browsers whatever no answer needs: around everything else, so that no answer is without it.
pub fn deny_by_default(routes: Router) -> Router {
    routes.layer(middleware::from_fn(headers::deny_by_default))
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
    // The panic hook has logged where; what it says may hold a buyer's data, so it is not repeated.
    Problem::Broken.into_response()
}
