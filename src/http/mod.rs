//! The outside surface: webhook, operators' routes, health, metrics, the document of all of them.

mod auth;
mod health;
mod linger;
mod mapping;
mod metrics;
mod openapi;
mod orders;
mod patience;
mod preview;
mod problem;
mod reading;
mod retry;
mod seat;
mod serve;
mod summary;
mod webhook;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use metrics_exporter_prometheus::PrometheusHandle;
use tower_http::{catch_panic::CatchPanicLayer, timeout::TimeoutLayer};

use self::problem::Problem;
pub use self::{auth::Operators, openapi::document, serve::serve};
use crate::{
    config::Config,
    domain::reason::Language,
    forstok::signature::Verifier,
    live::Live,
    pipeline::{Engine, record::Recorder},
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
}

/// What handlers share.
pub struct Shared {
    /// Who is believed, by now.
    pub proofs: Arc<Live<Proofs>>,
    /// Commits them.
    pub recorder: Recorder,
    /// Decides and posts.
    pub engine: Arc<Engine>,
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
    fn reading(&self) -> &reading::Reading {
        &self.0.reading
    }
}

/// All routes.
pub fn router(shared: Shared) -> Router {
    let app = App(Arc::new(Inside { shared, reading: reading::Reading::new() }));
    let readers = Router::new()
        .route("/v1/orders", get(orders::list))
        .route("/v1/orders/{order_id}", get(orders::one))
        .route("/v1/summary", get(summary::summary))
        .route("/v1/mapping", get(mapping::get))
        .route("/v1/mapping/check", post(mapping::check))
        .route("/v1/preview", post(preview::show));
    let workers = Router::new()
        .route("/v1/orders/retry", post(retry::many))
        .route("/v1/orders/{order_id}/retry", post(retry::one))
        .route_layer(middleware::from_fn(auth::workers_only));
    let admins =
        Router::new().route("/v1/mapping", put(mapping::put)).route_layer(middleware::from_fn(auth::admins_only));
    let operators = readers
        .merge(workers)
        .merge(admins)
        .layer(DefaultBodyLimit::max(webhook::LARGEST_BODY))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, OPERATOR_TIME))
        .route_layer(middleware::from_fn_with_state(app.clone(), auth::operators_only));
    Router::new()
        .route("/webhooks/forstok", post(webhook::receive))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::render))
        .route("/openapi.json", get(openapi::serve))
        .merge(operators)
        .method_not_allowed_fallback(async || Problem::WrongMethod)
        .fallback(async || Problem::UnknownRoute)
        .layer(CatchPanicLayer::custom(panicked))
        .with_state(app)
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    // The panic hook has logged where; what it says may hold a buyer's data, so it is not repeated.
    Problem::Broken.into_response()
}
