//! A person's decision, as the OpenAPI document describes it: which decision needs which fields.

use utoipa::{
    ToSchema,
    openapi::schema::{Object, ObjectBuilder, Type},
};

use crate::domain::manual::Manual;

/// What is decided.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its description is used")]
#[serde(untagged)]
pub(crate) enum DecisionBody {
    /// A person has created the invoice in Accurate.
    ByHand(DecisionByHand),
    /// No invoice.
    Never(DecisionNever),
    /// Any other decision.
    Other(OtherDecision),
}

/// A person has created the invoice in Accurate.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct DecisionByHand {
    /// `by_hand`.
    #[schema(schema_with = by_hand)]
    decision: String,
    /// Why.
    #[schema(example = "the customer paid in cash", max_length = 500, pattern = r"\S")]
    reason: String,
    /// Number of the document in Accurate that the person created.
    #[schema(example = "SI.2026.11.00042", max_length = 500, pattern = r"\S")]
    document: String,
}

/// The order gets no invoice.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct DecisionNever {
    /// `never`.
    #[schema(schema_with = never)]
    decision: String,
    /// Why.
    #[schema(example = "a test order", max_length = 500, pattern = r"\S")]
    reason: String,
    /// Number of a document in Accurate that the decision is about.
    #[schema(max_length = 500)]
    document: Option<String>,
}

/// A decision that needs no reason.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct OtherDecision {
    /// `now`: create the invoice although the chosen status is not reached. `again`: create it again after it was
    /// deleted. `undo`: delete the order's receipts, returns and invoice from Accurate. `none`: take the decision back.
    #[schema(schema_with = others)]
    decision: String,
    /// Why.
    #[schema(example = "the buyer pays on delivery", max_length = 500)]
    reason: Option<String>,
    /// Number of a document in Accurate that the decision is about.
    #[schema(max_length = 500)]
    document: Option<String>,
}

fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

fn by_hand() -> Object {
    one_of([Manual::ByHand.as_str()])
}

fn never() -> Object {
    one_of([Manual::Never.as_str()])
}

fn others() -> Object {
    let without_reason = Manual::ALL.into_iter().filter(|decision| !decision.needs_reason());
    one_of(without_reason.map(Manual::as_str).chain(["none"]))
}
