//! The stages of an order from its claim to its outcome, as spans of its trace.

use jiff::SignedDuration;
use tracing::{Instrument, Span, field::Empty};

use super::Posting;
use crate::{
    domain::ids::BookName,
    storage::{AttemptResult, Claim, Outcome, Result, Selection},
    traces::{self, orders},
};

impl Posting {
    /// Claims orders for this long, from now on.
    pub(super) async fn claim(
        &self,
        book: &BookName,
        selection: Selection,
        lease: SignedDuration,
    ) -> Result<Vec<Claim>> {
        let span = tracing::info_span!("claim", book = book.as_str(), order_id = Empty, orders = Empty);
        let now = self.now();
        let claims = self.storage.claim(book, selection, now, now + lease).instrument(span.clone()).await?;
        match claims.as_slice() {
            [] => traces::leave_out(&span),
            [claim] => {
                span.record("order_id", claim.order_id.as_str());
                traces::follow(&span, orders::recall(claim.order_id.as_str()));
            }
            claims => {
                span.record("orders", claims.len());
                link_to_orders(&span, claims);
            }
        }
        Ok(claims)
    }
}

/// The attempt for one claim.
pub(super) fn attempt(book: &BookName, claim: &Claim) -> Span {
    let (order_id, attempt, kind) = (claim.order_id.as_str(), claim.earlier_tries + 1, claim.kind.as_str());
    orders::next_stage(order_id, tracing::info_span!("attempt", book = book.as_str(), order_id, attempt, kind))
}

/// Attempts that share their calls. The span belongs to no order and points to all of them.
pub(super) fn bulk(book: &BookName, claims: &[Claim]) -> Span {
    let span = tracing::info_span!("bulk", book = book.as_str(), orders = claims.len());
    link_to_orders(&span, claims);
    span
}

fn link_to_orders(span: &Span, claims: &[Claim]) {
    for claim in claims {
        traces::link(span, orders::recall(claim.order_id.as_str()));
    }
}

/// The outcome of each attempt, once it is stored. After a bulk it belongs to the order's trace and points to the bulk.
pub(super) fn settled(results: &[AttemptResult]) {
    if !traces::are_sent() {
        return;
    }
    let around = traces::current();
    for result in results {
        let order_id = result.order_id.as_str();
        let outcome = match &result.outcome {
            Outcome::Exists { .. } => "exists",
            Outcome::Blocked { .. } => "blocked",
            Outcome::Postponed { .. } => "postponed",
            Outcome::Gone { .. } => "gone",
            Outcome::Reconsider => "reconsider",
        };
        let span = tracing::info_span!("settled", order_id, kind = result.kind.as_str(), outcome);
        if let (Some(around), Some(own)) = (around, orders::recall(order_id))
            && around.trace != own.trace
        {
            traces::follow(&span, Some(own));
            traces::link(&span, Some(around));
        }
    }
}
