//! Orders about whose payouts and returns nothing can be decided: people see that, and nothing is booked meanwhile.

use jiff::Timestamp;

use super::rows_of;
use crate::{
    domain::{
        about::About,
        document::Kind,
        order::OrderId,
        payout::RowState,
        reason::{Finding, Reason},
        timeline::Event,
    },
    storage::{
        Result, UnreadableOrder,
        dialect::{Columns, Dialect},
        rows::json as to_json,
        timeline::append,
    },
};

/// Blocks the rows of orders that cannot be decided; they are tried again at `again_at`, and as soon as there is news.
/// What was only planned is dropped, because it may not be what the rows want by now; what is to be deleted goes on.
/// Returns the orders for which anything has changed. An order that has news by now is left as it is.
pub(in crate::storage) async fn block<T: Dialect>(
    db: &mut T,
    orders: &[UnreadableOrder],
    again_at: Timestamp,
    now: Timestamp,
) -> Result<Vec<OrderId>> {
    let mut blocked = Vec::new();
    for UnreadableOrder { order_id, revision, problem } in orders {
        let sql = "SELECT revision FROM unsettled WHERE order_id = $1 AND revision = $2";
        if db.fetch(sql, &[order_id.into(), (*revision).into()]).await?.is_empty() {
            continue;
        }
        let sql =
            "UPDATE documents SET state = 'gone', wanted = 'gone', due_since = NULL, recheck_at = 0, waits_for = ''
                   WHERE order_id = $1 AND kind <> 'invoice' AND wanted = 'exist' AND state <> 'gone'
                     AND accurate_id IS NULL AND doubt_since = 0";
        db.execute(sql, &[order_id.into()]).await?;
        let finding =
            Finding { reason: Reason::StoredDataUnreadable, about: About::Unreadable { problem: problem.clone() } };
        let events = block_rows(db, order_id, &finding).await?;
        if !events.is_empty() {
            append(db, std::iter::once((order_id, events.as_slice())), now).await?;
            blocked.push(order_id.clone());
        }
        // A change of a document in this commit has counted as news.
        let sql = "UPDATE unsettled SET due_at = $2 WHERE order_id = $1";
        db.execute(sql, &[order_id.into(), again_at.into()]).await?;
    }
    Ok(blocked)
}

/// What a person has booked, and what an order's own reason excludes, needs nobody.
async fn block_rows<T: Dialect>(db: &mut T, order_id: &OrderId, finding: &Finding) -> Result<Vec<Event>> {
    let sql = "UPDATE settlement_rows SET state = 'blocked', reason = $2, finding = $3, waits_for = NULL, waits = ''
               WHERE order_id = $1 AND order_id <> '' AND by_hand IS NULL AND state <> 'ignored'
                 AND (state <> 'blocked' OR reason <> $2 OR COALESCE(finding, '') <> $3)
               RETURNING kind, source, row_id, amount";
    let json = to_json(finding);
    let rows = db.fetch(sql, &[order_id.into(), finding.reason.code().into(), (&json).into()]).await?;
    let event = |row: &T::Row| {
        Ok(Event::RowDecided {
            document: if row.text("kind")? == rows_of(Kind::Return) { Kind::Return } else { Kind::Receipt },
            source: row.text("source")?.to_owned(),
            id: row.text("row_id")?.to_owned(),
            hundredths: row.number_if_any("amount")?.unwrap_or_default(),
            state: RowState::Blocked,
            finding: Some(finding.clone()),
        })
    };
    rows.iter().map(event).collect()
}

/// Has an order whose rows are blocked because they could not be read decided again. Returns whether there was one.
pub(in crate::storage) async fn retry(db: &mut impl Dialect, order_id: &OrderId) -> Result<bool> {
    let sql = "UPDATE unsettled SET revision = revision + 1, due_at = 0
               WHERE order_id = $1 AND EXISTS (SELECT 1 FROM settlement_rows r
                   WHERE r.order_id = $1 AND r.order_id <> '' AND r.state = 'blocked' AND r.reason = $2)";
    Ok(db.execute(sql, &[order_id.into(), Reason::StoredDataUnreadable.code().into()]).await? > 0)
}
