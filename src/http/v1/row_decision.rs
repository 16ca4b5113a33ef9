//! What deciding about a payout and about a return have in common: a person has booked it in Accurate, or nothing is to
//! be booked for it.

use axum::Json;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{
    ToSchema,
    openapi::schema::{Object, ObjectBuilder, Type},
};

use crate::{
    domain::{
        document::Kind,
        money::Rupiah,
        operator::Actor,
        payout_file::{Notation, Written},
        row_fields,
    },
    http::{
        App,
        params::one_of,
        problem::Problem,
        wrong_field::{WrongField, typed},
    },
    storage::{ByHand, Marked},
};

/// Longest reason or document number, in characters.
const LONGEST_TEXT: usize = 500;

const BY_HAND: &str = "by_hand";
const NEVER: &str = "never";
const NONE: &str = "none";

/// What is decided about a row, as the OpenAPI document describes it.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) enum RowDecisionBody {
    /// A person has booked it in Accurate.
    ByHand(RowByHand),
    /// Nothing is to be booked for it.
    Never(RowNever),
    /// The mark is taken back.
    None(RowNotByHand),
}

/// A person has booked it in Accurate.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct RowByHand {
    /// Name of the row's source, for example the marketplace.
    #[schema(example = "shopee")]
    source: String,
    /// Id of the row in this source.
    #[schema(example = "row-1")]
    id: String,
    /// `by_hand`.
    #[schema(schema_with = by_hand)]
    decision: String,
    /// Why.
    #[schema(example = "booked with the bank statement", max_length = 500, pattern = r"\S")]
    reason: String,
    /// Number of the document in Accurate.
    #[schema(example = "RJN.2026.11.00042", max_length = 500, pattern = r"\S")]
    document: String,
}

/// What is decided about a return, as the OpenAPI document describes it.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) enum ReturnDecisionBody {
    /// A person has booked it in Accurate.
    ByHand(ReturnByHand),
    /// Nothing is to be booked for it.
    Never(RowNever),
    /// The mark is taken back.
    None(RowNotByHand),
}

/// A person has booked a return in Accurate.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct ReturnByHand {
    /// Name of the row's source, for example the marketplace.
    #[schema(example = "shopee")]
    source: String,
    /// Id of the row in this source.
    #[schema(example = "R-1")]
    id: String,
    /// `by_hand`.
    #[schema(schema_with = by_hand)]
    decision: String,
    /// Why.
    #[schema(example = "booked after the inspection", max_length = 500, pattern = r"\S")]
    reason: String,
    /// Number of the document in Accurate.
    #[schema(example = "RJN.2026.11.00042", max_length = 500, pattern = r"\S")]
    document: String,
    /// The total of that document, in rupiah: what it takes off the invoice, at most what earlier returns have left of
    /// it. Required if the record does not show it, or was corrected after it was booked; otherwise its pieces at the
    /// invoice's prices count, or the refund.
    #[schema(value_type = Option<f64>, example = 75_000, exclusive_minimum = 0)]
    amount: Option<serde_json::Number>,
}

/// Nothing is to be booked for it: it is a duplicate, or it did not happen.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct RowNever {
    /// Where the row comes from.
    #[schema(example = "shopee")]
    source: String,
    /// Which row of that source.
    #[schema(example = "row-1")]
    id: String,
    /// `never`.
    #[schema(schema_with = never)]
    decision: String,
    /// Why.
    #[schema(example = "also in the income report", max_length = 500, pattern = r"\S")]
    reason: String,
    /// Not used.
    #[schema(max_length = 500)]
    document: Option<String>,
}

/// It is not booked by hand.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct RowNotByHand {
    /// Name of the row's source, for example the marketplace.
    #[schema(example = "shopee")]
    source: String,
    /// Id of the row in this source.
    #[schema(example = "row-1")]
    id: String,
    /// `none`: take the mark back.
    #[schema(schema_with = none)]
    decision: String,
    /// Why.
    #[schema(max_length = 500)]
    reason: Option<String>,
    /// Not used.
    #[schema(max_length = 500)]
    document: Option<String>,
}

fn by_hand() -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some([BY_HAND])).build()
}

fn never() -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some([NEVER])).build()
}

fn none() -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some([NONE])).build()
}

fn decisions() -> Object {
    one_of([BY_HAND, NEVER, NONE])
}

/// What is decided about a row.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RowDecision {
    pub(crate) source: String,
    pub(crate) id: String,
    pub(crate) decision: String,
    pub(crate) reason: Option<String>,
    pub(crate) document: Option<String>,
    /// A number or, from a form, a text.
    pub(crate) amount: Option<Value>,
}

/// The decision that is in effect.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RowDecided {
    /// Name of the row's source, for example the marketplace.
    #[schema(example = "shopee")]
    source: String,
    /// Id of the row in this source.
    #[schema(example = "row-1")]
    id: String,
    /// The decision.
    #[schema(schema_with = decisions)]
    decision: &'static str,
}

/// Carries out what the body of a request says.
pub(super) async fn decide_by(app: &App, actor: &Actor, kind: Kind, body: &[u8]) -> Result<Json<RowDecided>, Problem> {
    let request: RowDecision = serde_json::from_slice(body)
        .map_err(|error| Problem::BadRequest(format!("the body is not a decision: {error}")))?;
    let (source, id) = (request.source.trim().to_owned(), request.id.trim().to_owned());
    let decision = decide(app, actor, kind, request).await?;
    Ok(Json(RowDecided { source, id, decision }))
}

/// Marks a row as booked by hand or as not to be booked, or takes the mark back; for the API and for the pages. Returns
/// the decision that is in effect.
pub(crate) async fn decide(
    app: &App,
    actor: &Actor,
    kind: Kind,
    request: RowDecision,
) -> Result<&'static str, Problem> {
    let text = |name: &'static str, text: Option<String>| {
        let text = typed(name, text.as_deref().unwrap_or_default(), LONGEST_TEXT)?;
        Ok::<_, WrongField>(Some(text).filter(|text| !text.is_empty()))
    };
    let (reason, document) = (text("reason", request.reason)?, text("document", request.document)?);
    let amount = said_amount(request.amount.as_ref())?;
    if amount.is_some() && (kind != Kind::Return || request.decision != BY_HAND) {
        let problem = "amount: only a return that is booked by hand has one; leave it out";
        return Err(Problem::BadRequest(problem.to_owned()));
    }
    let by_hand = match request.decision.as_str() {
        BY_HAND => Some(ByHand {
            reason: reason.ok_or(WrongField::ReasonMissing)?,
            document: Some(document.ok_or(WrongField::DocumentMissing)?),
            amount,
            actor: actor.name.clone(),
            at: app.engine.now(),
        }),
        NEVER => Some(ByHand {
            reason: reason.ok_or(WrongField::ReasonMissing)?,
            document: None,
            amount: None,
            actor: actor.name.clone(),
            at: app.engine.now(),
        }),
        NONE => None,
        word => {
            let all = format!("{BY_HAND}, {NEVER}, {NONE}");
            return Err(WrongField::NotOneOf { name: "decision", word: word.to_owned(), all }.into());
        }
    };
    let key = (request.source.trim(), request.id.trim());
    let marked = app.engine.mark_by_hand(kind, key, by_hand.as_ref(), actor).await;
    match marked.map_err(|error| Problem::not_stored(&error))? {
        Marked::Done => Ok(match by_hand {
            Some(ByHand { document: Some(_), .. }) => BY_HAND,
            Some(_) => NEVER,
            None => NONE,
        }),
        Marked::Unknown => Err(Problem::UnknownRow { source_name: key.0.to_owned(), id: key.1.to_owned() }),
        Marked::BookedHere(number) => Err(Problem::BookedHere(number)),
        Marked::CorrectedHere(number) => Err(Problem::CorrectedHere(number)),
        Marked::AmountMissing => Err(WrongField::AmountMissing.into()),
        Marked::AmountAbove(left) => {
            let amount = amount.unwrap_or_default();
            Err(WrongField::AmountAbove { amount, left }.into())
        }
    }
}

/// The amount that a person gave; `None` if they left it out, or empty in a form.
fn said_amount(value: Option<&Value>) -> Result<Option<Rupiah>, WrongField> {
    let Some(value) = value.filter(|value| value.as_str().is_none_or(|text| !text.trim().is_empty())) else {
        return Ok(None);
    };
    let wrong = |problem: String| {
        let text = value.as_str().map_or_else(|| value.to_string(), |text| text.trim().to_owned());
        WrongField::NotAnAmount { text, problem }
    };
    // In a form, a dot separates thousands, as on the page.
    let amount = match value.as_str().map(Written::of) {
        Some(Written::Either { indonesian, .. } | Written::Only(Notation::Indonesian, indonesian)) => indonesian,
        Some(Written::Plain(amount)) => amount,
        _ => row_fields::amount("amount", value).map_err(wrong)?,
    };
    let problem = || format!("amount: {amount} is not above 0; give the total of the sales return in Accurate");
    if amount.is_positive() { Ok(Some(amount)) } else { Err(wrong(problem())) }
}
