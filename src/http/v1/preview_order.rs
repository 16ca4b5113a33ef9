//! `POST /v1/preview`: what would happen to one order, and the exact invoice. Sends and stores nothing.

use axum::{Json, body::Bytes, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    deciding::preview::{self, preview},
    domain::{ids::BookName, money::exact_number, reason::Reason},
    http::{
        App,
        bodies::PreviewBody,
        language::Preferred,
        problem::Problem,
        responses::{BodyErrors, OperatorErrors},
    },
};

/// What would happen to an order if this body were all that is known of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Preview {
    /// Forstok's order id.
    #[schema(example = "138163394")]
    order_id: String,
    /// The number that the buyer sees.
    channel_order_id: String,
    /// The state that the order would have: `watching`, `due`, `blocked` or `ignored`.
    #[schema(example = "due")]
    state: &'static str,
    /// Why, when it would be blocked or ignored: a stable code.
    reason: Option<&'static str>,
    /// The decision in words.
    decision: String,
    /// Everything that blocks the invoice, and every warning.
    findings: Vec<PreviewFinding>,
    /// The Accurate database that it would go to.
    #[schema(value_type = Option<String>)]
    book: Option<BookName>,
    /// The invoice's total in rupiah.
    #[schema(value_type = Option<f64>)]
    total: Option<serde_json::Number>,
    /// The exact body of `sales-invoice/save.do`.
    #[schema(value_type = Option<Object>)]
    body: Option<serde_json::Value>,
    /// Revision of the mapping that was used; 0 if that is only a file.
    mapping_revision: i64,
}

/// One finding of a preview.
#[derive(Debug, Serialize, ToSchema)]
struct PreviewFinding {
    /// `error`: it blocks the invoice; `warning`: it blocks nothing, but a person should check it.
    #[schema(example = "error")]
    severity: &'static str,
    /// Stable code.
    code: &'static str,
    /// What is wrong.
    sentence: &'static str,
    /// Details, for example a product or a store.
    detail: String,
    /// What to do.
    remedy: &'static str,
}

impl From<preview::Preview> for Preview {
    fn from(preview: preview::Preview) -> Self {
        Self {
            order_id: preview.order_id.to_string(),
            channel_order_id: preview.channel_order_id,
            state: preview.state.as_str(),
            reason: preview.reason.map(Reason::code),
            decision: preview.decision,
            findings: preview.findings.into_iter().map(Into::into).collect(),
            book: preview.book,
            total: preview.total.map(|total| exact_number(total.decimal())),
            body: preview.body.map(|body| body.to_json()),
            mapping_revision: preview.mapping_revision,
        }
    }
}

impl From<preview::PreviewFinding> for PreviewFinding {
    fn from(finding: preview::PreviewFinding) -> Self {
        let preview::PreviewFinding { severity, code, sentence, detail, remedy } = finding;
        Self { severity: severity.as_str(), code, sentence, detail, remedy }
    }
}

/// Shows what would happen to one order.
#[utoipa::path(
    post,
    path = "/v1/preview",
    operation_id = "previewOrder",
    tag = "operators",
    request_body(content = PreviewBody, description = "A webhook's body, unsigned"),
    responses(
        (status = 200, description = "The decision, every finding, and the exact body", body = Preview),
        (status = 400, description = "The body is not an order that can be read"),
        BodyErrors,
        OperatorErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    Preferred(language): Preferred,
    body: Bytes,
) -> Result<Json<Preview>, Problem> {
    let engine = &app.engine;
    let preview = preview(&body, &engine.mapping(), engine.now(), language)
        .map_err(|problem| Problem::BadRequest(problem.to_string()))?;
    Ok(Json(preview.into()))
}
