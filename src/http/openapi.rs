//! The OpenAPI document, made from the handlers themselves.

use axum::Json;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        RefOr,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};

use super::{acknowledge, decision, health, mapping, metrics, orders, preview, problems, retry, summary, webhook};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "forstok-accurate",
        description = "Turns Forstok orders into exactly one correct sales invoice each in Accurate Online."
    ),
    paths(
        webhook::receive,
        orders::list,
        orders::one,
        retry::one,
        retry::many,
        decision::decide,
        acknowledge::acknowledge,
        problems::list,
        summary::summary,
        mapping::get,
        mapping::put,
        mapping::check,
        preview::show,
        health::alive,
        health::ready,
        metrics::render,
        serve
    ),
    tags(
        (name = "webhook", description = "For Forstok"),
        (name = "operators", description = "For people and their tools; closed without the operator token"),
        (name = "probes", description = "For health and metrics probes")
    ),
    modifiers(&OperatorToken, &NoPages)
)]
struct Document;

struct OperatorToken;

impl Modify for OperatorToken {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("operator_token", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    }
}

/// An action on all orders that match takes the list's filters, but not its pages.
struct NoPages;

impl Modify for NoPages {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let retry = document.paths.paths.get_mut("/v1/orders/retry").and_then(|path| path.post.as_mut());
        if let Some(parameters) = retry.and_then(|retry| retry.parameters.as_mut()) {
            parameters.retain(|parameter| {
                !matches!(parameter, RefOr::T(parameter) if ["limit", "cursor", "totals"].contains(&parameter.name.as_str()))
            });
        }
    }
}

/// The document of all routes.
pub fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// This document.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "probes",
    responses((status = 200, description = "The OpenAPI document", body = serde_json::Value))
)]
pub(super) async fn serve() -> Json<utoipa::openapi::OpenApi> {
    Json(document())
}
