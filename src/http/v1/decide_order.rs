//! `POST /v1/orders/{order_id}/decision`: what a person decides about one order.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
};
use serde::Deserialize;

use super::order_with_timeline::{OrderWithTimeline, show};
use crate::{
    domain::{manual::Manual, operator::Actor, order::OrderId},
    http::{
        App,
        auth::By,
        bodies::DecisionBody,
        language::Preferred,
        params::order_id,
        problem::Problem,
        responses::{BodyErrors, RoleErrors},
        wrong_field::{WrongField, typed},
    },
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
    /// after it was deleted. `undo`: delete the order's receipts, returns and invoice from Accurate. `none`: take the
    /// decision back.
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
        (status = 400, description = "The body is not a decision, or its reason or document is missing"),
        (status = 404, description = "No such order"),
        (status = 409, description = "The order's state does not allow this decision; `code` says why"),
        BodyErrors,
        RoleErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    By(actor): By,
    Preferred(language): Preferred,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<OrderWithTimeline>, Problem> {
    let id = order_id(&id)?;
    let request = serde_json::from_slice(&body)
        .map_err(|error| Problem::BadRequest(format!("the body is not a decision: {error}")))?;
    decide(&app, &id, request, actor).await?;
    show(&app, &id, language).await
}

/// Writes down what a person decides, for the API and for the pages; returns the decision, `None` for `none`.
pub(crate) async fn decide(
    app: &App,
    id: &OrderId,
    request: DecisionRequest,
    actor: Actor,
) -> Result<Option<Manual>, Problem> {
    let change = change(request, actor.name)?;
    match app.engine.decide_manually(id, &change).await? {
        Written::Changed | Written::Unchanged => Ok(change.decision),
        Written::Refused(refused) => Err(Problem::Refused(refused)),
        Written::Unknown => Err(Problem::UnknownOrder(id.to_string())),
    }
}

/// What a request asks for; `by_hand` and `never` without their reason are refused.
fn change(request: DecisionRequest, actor: String) -> Result<ManualChange, Problem> {
    let text = |name: &'static str, text: Option<String>| {
        let text = typed(name, text.as_deref().unwrap_or_default(), LONGEST_TEXT)?;
        Ok::<_, WrongField>(Some(text).filter(|text| !text.is_empty()))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(decision: &str, reason: &str, document: &str) -> Result<ManualChange, String> {
        let text = |text: &str| Some(text.to_owned());
        let request = DecisionRequest { decision: decision.to_owned(), reason: text(reason), document: text(document) };
        change(request, "accounting".to_owned()).map_err(|problem| problem.to_string())
    }

    fn refused(decision: &str, reason: &str, document: &str) -> String {
        read(decision, reason, document).expect_err("refused")
    }

    #[test]
    fn reason_and_document_are_demanded_where_a_decision_needs_them() {
        assert_eq!(refused("never", " ", ""), "reason: say why");
        let without_document = refused("by_hand", "paid in cash", " ");
        assert_eq!(without_document, "document: give the number of the document in Accurate");
        let by_hand = read("by_hand", " paid in cash ", "SI.1").expect("complete");
        assert_eq!(by_hand.decision, Some(Manual::ByHand));
        assert_eq!((by_hand.reason.as_deref(), by_hand.document.as_deref()), (Some("paid in cash"), Some("SI.1")));
        assert_eq!(read("none", "", "").map(|change| (change.decision, change.reason)), Ok((None, None)));
    }

    #[test]
    fn unknown_words_and_texts_that_are_too_long_are_refused() {
        let unknown = refused("maybe", "", "");
        assert!(unknown.starts_with("decision: \"maybe\" is not one of ") && unknown.ends_with(", none"), "{unknown}");
        let long = "x".repeat(LONGEST_TEXT + 1);
        assert_eq!(refused("never", &long, ""), "reason: is longer than 500 characters");
        let words = "contains the character U+0000, which cannot be stored; remove it";
        assert_eq!(refused("never", "paid\0in cash", ""), format!("reason: {words}"));
        assert_eq!(refused("by_hand", "paid", "SI\0 1"), format!("document: {words}"));
    }
}
