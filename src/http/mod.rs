//! The outside surface: webhook, operators' routes, health, metrics, the document of all of them.

mod acknowledge;
mod attempts;
pub(crate) mod auth;
mod bodies;
pub(crate) mod decision;
pub(crate) mod export;
pub(crate) mod filter;
mod guesses;
mod headers;
mod health;
mod linger;
mod mapping;
mod mapping_history;
mod metrics;
mod openapi;
pub(crate) mod orders;
pub(crate) mod origin;
mod patience;
mod preview;
pub(crate) mod problem;
mod problems;
mod process;
mod reading;
mod refusals;
mod retry;
mod seat;
mod serve;
pub(crate) mod session;
mod snapshots;
mod summary;
mod totals;
pub(crate) mod uniform;
mod unreadable;
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
    routing::{get, post, put},
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
    /// Bodies of webhooks that are arriving.
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

    /// When this replica last took an authentic webhook, a repeat included.
    fn last_webhook(&self) -> Option<Timestamp> {
        let at = self.0.last_webhook.load(Ordering::Relaxed);
        Timestamp::from_microsecond(at).ok().filter(|_| at > 0)
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
    let readers = Router::new()
        .route("/v1/orders", get(orders::list))
        .route("/v1/orders/export", get(export::file))
        .route("/v1/totals", get(totals::list))
        .route("/v1/orders/{order_id}", get(orders::one))
        .route("/v1/orders/{order_id}/snapshots/{id}", get(snapshots::body))
        .route("/v1/problems", get(problems::list))
        .route("/v1/unreadable", get(unreadable::list))
        .route("/v1/unreadable/{id}", get(unreadable::body))
        .route("/v1/summary", get(summary::summary))
        .route("/v1/mapping", get(mapping::get))
        .route("/v1/mapping/history", get(mapping_history::list))
        .route("/v1/mapping/revisions/{revision}", get(mapping_history::one))
        .route("/v1/mapping/check", post(mapping::check))
        .route("/v1/preview", post(preview::show));
    let workers = Router::new()
        .route("/v1/orders/retry", post(retry::many))
        .route("/v1/orders/{order_id}/retry", post(retry::one))
        .route("/v1/unreadable/{id}/retry", post(unreadable::retry))
        .route("/v1/orders/{order_id}/decision", post(decision::decide))
        .route("/v1/orders/{order_id}/warnings/{code}/acknowledge", post(acknowledge::acknowledge))
        .route_layer(middleware::from_fn(auth::workers_only));
    let admins =
        Router::new().route("/v1/mapping", put(mapping::put)).route_layer(middleware::from_fn(auth::admins_only));
    readers
        .merge(workers)
        .merge(admins)
        .route_layer(middleware::from_fn_with_state(app.clone(), auth::operators_only))
        .merge(pages)
        .layer(DefaultBodyLimit::max(webhook::LARGEST_BODY))
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
