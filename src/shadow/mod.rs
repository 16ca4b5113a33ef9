//! Shadow mode: compares drafts that are not sent with the invoices that another integration has created.
//!
//! It only reads, in the background: its calls give way to all others and use at most half of Accurate's limit. The
//! comparison itself is [`crate::domain::shadow::compare`].

use jiff::{SignedDuration, Timestamp};

use crate::{
    accurate::{booked, client::Session, outcome::Failure},
    clock::Clock,
    domain::{
        ids::DocumentNumber,
        invoice::Draft,
        order::OrderId,
        shadow::{Booked, compare},
    },
    storage::{Compared, ComparisonResult, Comparisons, Result, ToCompare},
};

/// Drafts that are compared before the results are written.
const BATCH: i64 = 8;

/// When a draft without an equal invoice is compared again: the invoice may have been created or corrected.
const AGAIN_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// The same for an invoice that Accurate did not show.
const UNREAD_AGAIN_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// What a round of comparisons did.
#[derive(Debug, Default)]
pub struct Round {
    /// Drafts that were compared.
    pub compared: usize,
    /// Whether a call was made.
    pub has_called: bool,
    /// Why the last call failed, if it did.
    pub failure: Option<Failure>,
}

/// Compares some drafts of the session's book; stops at a failure that other calls would share.
pub async fn compare_some(storage: &dyn Comparisons, session: &Session, clock: &dyn Clock) -> Result<Round> {
    let mut round = Round::default();
    let mut compared = Vec::new();
    let due = storage.drafts_to_compare(session.name(), clock.now(), BATCH).await?;
    for ToCompare { order_id, revision, marketplace_number, draft } in due {
        if !session.may_call() {
            break;
        }
        let draft = match draft {
            Ok(draft) => draft,
            Err(problem) => {
                tracing::error!(%order_id, "the draft of order {order_id} is not compared: it cannot be read: {problem}");
                compared.push(not_compared(order_id, revision, clock.now() + AGAIN_AFTER));
                continue;
            }
        };
        let found = find(session, &draft.body.number, &marketplace_number).await;
        round.has_called = true;
        round.failure = found.as_ref().err().cloned();
        if round.failure.as_ref().is_some_and(concerns_other_calls) {
            break;
        }
        compared.push(outcome(order_id, revision, &draft, found, clock.now()));
    }
    storage.write_comparisons(&compared, clock.now()).await?;
    round.compared = compared.iter().filter(|one| one.result.is_some()).count();
    Ok(round)
}

/// The invoice with our number, else the one with the marketplace's number, which other integrations use.
async fn find(
    session: &Session,
    ours: &DocumentNumber,
    marketplaces: &DocumentNumber,
) -> std::result::Result<Option<Booked>, Failure> {
    match booked::by_number_in_background(session, ours).await? {
        None if !marketplaces.is_empty() && !ours.is_same_as(marketplaces) => {
            booked::by_number_in_background(session, marketplaces).await
        }
        found => Ok(found),
    }
}

/// The outcome for a draft whose invoice was looked up.
fn outcome(
    order_id: OrderId,
    revision: i64,
    draft: &Draft,
    found: std::result::Result<Option<Booked>, Failure>,
    now: Timestamp,
) -> Compared {
    let (result, invoice, again_after) = match found {
        Err(_) => (None, None, Some(UNREAD_AGAIN_AFTER)),
        Ok(None) => (Some(ComparisonResult::Absent), None, Some(AGAIN_AFTER)),
        Ok(Some(booked)) if compare(draft, &booked).is_empty() => (Some(ComparisonResult::Equal), Some(booked), None),
        Ok(Some(booked)) => (Some(ComparisonResult::Differs), Some(booked), Some(AGAIN_AFTER)),
    };
    let differences = invoice.iter().flat_map(|booked| compare(draft, booked)).collect();
    let again_at = again_after.map(|after| now + after);
    Compared { order_id, revision, result, invoice, differences, again_at }
}

/// A draft keeps its result until it is compared again.
fn not_compared(order_id: OrderId, revision: i64, again_at: Timestamp) -> Compared {
    Compared { order_id, revision, result: None, invoice: None, differences: Vec::new(), again_at: Some(again_at) }
}

/// Whether a failure says more about the book than about the one invoice that was asked for.
fn concerns_other_calls(failure: &Failure) -> bool {
    matches!(failure, Failure::SlowDown(_) | Failure::NotSent(_) | Failure::BookRefused(_) | Failure::RightMissing(_))
}
