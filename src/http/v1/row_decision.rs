//! What deciding about a payout and about a return have in common: a person has booked it in Accurate.

use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::{
    ToSchema,
    openapi::schema::{Object, ObjectBuilder, Type},
};

use crate::{
    domain::{document::Kind, operator::Actor},
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
const NONE: &str = "none";

/// What is decided about a row, as the OpenAPI document describes it.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) enum RowDecisionBody {
    /// A person has booked it in Accurate.
    ByHand(RowByHand),
    /// The mark is taken back.
    None(RowNotByHand),
}

/// A person has booked it in Accurate.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct RowByHand {
    /// Where the row comes from.
    #[schema(example = "shopee")]
    source: String,
    /// Which row of that source.
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

/// It is not booked by hand.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct RowNotByHand {
    /// Where the row comes from.
    #[schema(example = "shopee")]
    source: String,
    /// Which row of that source.
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

fn none() -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some([NONE])).build()
}

fn decisions() -> Object {
    one_of([BY_HAND, NONE])
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
}

/// The decision that is in effect.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RowDecided {
    /// Where the row comes from.
    #[schema(example = "shopee")]
    source: String,
    /// Which row of that source.
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
    let is_marked = decide(app, actor, kind, request).await?;
    Ok(Json(RowDecided { source, id, decision: if is_marked { BY_HAND } else { NONE } }))
}

/// Marks a row as booked by hand, or takes the mark back; for the API and for the pages. Returns whether it is marked.
pub(crate) async fn decide(app: &App, actor: &Actor, kind: Kind, request: RowDecision) -> Result<bool, Problem> {
    let text = |name: &'static str, text: Option<String>| {
        let text = typed(name, text.as_deref().unwrap_or_default(), LONGEST_TEXT)?;
        Ok::<_, WrongField>(Some(text).filter(|text| !text.is_empty()))
    };
    let (reason, document) = (text("reason", request.reason)?, text("document", request.document)?);
    let by_hand = match request.decision.as_str() {
        BY_HAND => Some(ByHand {
            reason: reason.ok_or(WrongField::ReasonMissing)?,
            document: document.ok_or(WrongField::DocumentMissing)?,
            actor: actor.name.clone(),
            at: app.engine.now(),
        }),
        NONE => None,
        word => {
            let all = format!("{BY_HAND}, {NONE}");
            return Err(WrongField::NotOneOf { name: "decision", word: word.to_owned(), all }.into());
        }
    };
    let key = (request.source.trim(), request.id.trim());
    let marked = app.engine.mark_by_hand(kind, key, by_hand.as_ref(), actor).await;
    match marked.map_err(|error| Problem::not_stored(&error))? {
        Marked::Done => Ok(by_hand.is_some()),
        Marked::Unknown => Err(Problem::UnknownRow { source_name: key.0.to_owned(), id: key.1.to_owned() }),
        Marked::BookedHere(number) => Err(Problem::BookedHere(number)),
    }
}
