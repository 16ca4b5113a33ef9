//! `POST /v1/orders/{order_id}/decision`: what a person decides about one order.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::HeaderMap,
};
use serde::Deserialize;

use super::{
    App,
    auth::By,
    bodies::DecisionBody,
    orders::{OrderWithTimeline, known_id, language, show},
    problem::{Problem, ProblemBody},
    wrong_field::WrongField,
};
use crate::{
    domain::manual::Manual,
    storage::{ManualChange, Written},
};

/// Longest reason or document number, in characters.
const LONGEST_TEXT: usize = 500;

/// The word that takes a decision back.
const NONE: &str = "none";

/// What is decided.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DecisionRequest {
    /// `by_hand`: a person has created the invoice in Accurate; needs `reason` and `document`. `never`: no invoice;
    /// needs `reason`. `now`: create the invoice although the chosen status is not reached. `again`: create it again
    /// after it was deleted. `undo`: delete what exists for the order. `none`: take the decision back.
    pub(crate) decision: String,
    /// Why.
    pub(crate) reason: Option<String>,
    /// Number of the document in Accurate that the person created.
    pub(crate) document: Option<String>,
}

/// Decides about one order; the decision stays in effect until it is taken back.
///
/// It survives restarts, mapping changes, retries and checks, and is shown wherever the order is. An order whose
/// invoice may be on its way is looked up in Accurate first.
#[utoipa::path(
    post,
    operation_id = "decideOrder",
    path = "/v1/orders/{order_id}/decision",
    tag = "operators",
    params(("order_id" = String, Path, description = "Forstok's order id", example = "138163394")),
    request_body = DecisionBody,
    responses(
        (status = 200, description = "The order", body = OrderWithTimeline),
        (status = 400, description = "The body is not a decision, or its reason or document is missing", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "Operator token missing or wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "No operator token is set, or the role does not allow it", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such order", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The order is in no state for it; `code` says why", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database does not answer", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("operator_token" = []))
)]
pub(super) async fn decide(
    State(app): State<App>,
    By(actor): By,
    headers: HeaderMap,
    Path(order_id): Path<String>,
    body: Bytes,
) -> Result<Json<OrderWithTimeline>, Problem> {
    let id = known_id(&order_id)?;
    let request = serde_json::from_slice(&body)
        .map_err(|error| Problem::BadRequest(format!("the body is not a decision: {error}")))?;
    let change = change(request, actor.name)?;
    match app.engine.decide_manually(&id, &change).await? {
        Written::Changed | Written::Unchanged => show(&app, &id, language(&app, &headers)).await,
        Written::Refused(refused) => Err(Problem::Refused(refused)),
        Written::Unknown => Err(Problem::UnknownOrder(order_id)),
    }
}

/// What a request asks for; `by_hand` and `never` without their reason are refused.
pub(crate) fn change(request: DecisionRequest, actor: String) -> Result<ManualChange, Problem> {
    let text = |name: &'static str, text: Option<String>| match text.map(|text| text.trim().to_owned()) {
        Some(text) if text.chars().count() > LONGEST_TEXT => Err(WrongField::TooLong { name, most: LONGEST_TEXT }),
        text => Ok(text.filter(|text| !text.is_empty())),
    };
    let (reason, document) = (text("reason", request.reason)?, text("document", request.document)?);
    let decision = match request.decision.as_str() {
        NONE => None,
        word => Some(Manual::parse(word).ok_or_else(|| {
            let all = format!("{}, {NONE}", Manual::ALL.map(Manual::as_str).join(", "));
            WrongField::NotOneOf { name: "decision", word: word.to_owned(), all }
        })?),
    };
    if decision.is_some_and(Manual::needs_reason) && reason.is_none() {
        return Err(WrongField::ReasonMissing.into());
    }
    if decision.is_some_and(Manual::needs_document) && document.is_none() {
        return Err(WrongField::DocumentMissing.into());
    }
    Ok(ManualChange { decision, reason, document, actor })
}
