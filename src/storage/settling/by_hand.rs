//! What people have booked in Accurate themselves.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    content,
    matching::order_now,
    record::{MAY_BE_BOOKED, unsettle},
    rows_of, was,
};
use crate::{
    domain::{
        document::Kind, ids::DocumentNumber, money::Rupiah, order::OrderId, payout::RowState, reason::Reason,
        timeline::Event,
    },
    storage::{
        ByHand, Marked, Result,
        dialect::{Columns, Dialect},
        rows::{hundredths, json as to_json, optional_json, order_id},
        timeline::append,
    },
};

/// Whether a row was corrected after its document was created: a person corrects the document in Accurate, which then is
/// theirs.
const IS_CORRECTED: &str = "(state = 'blocked' AND finding LIKE '%\"what\":\"corrected\"%'
     AND NOT EXISTS (SELECT 1 FROM documents d
                     WHERE d.order_id = settlement_rows.order_id AND d.part = settlement_rows.part AND d.kind = $4
                       AND (d.state <> 'exists' OR d.lease_until > $5)))";

/// Marks a row as booked by hand, or as not to be booked; with `None`, takes the mark back. What the row says now counts
/// from then on, for the order that it names now. Refused where a document of ours exists or may exist, unless the row
/// was corrected afterwards and the mark names that document; also where the amount of a return is missing, or more than
/// is left. A document that was only planned is dropped in the same commit.
pub(in crate::storage) async fn mark<T: Dialect>(
    db: &mut T,
    kind: Kind,
    (source, id): (&str, &str),
    by_hand: Option<&ByHand>,
    actor: &str,
    now: Timestamp,
) -> Result<Marked> {
    let sql = format!(
        "SELECT id, order_id, kind, content, by_hand, amount, part,
             CAST(CASE WHEN {MAY_BE_BOOKED} THEN 1 ELSE 0 END AS BIGINT) AS is_booked,
             CAST(CASE WHEN {IS_CORRECTED} THEN 1 ELSE 0 END AS BIGINT) AS is_corrected,
             COALESCE((SELECT d.number FROM documents d WHERE d.order_id = settlement_rows.order_id
                           AND d.part = settlement_rows.part AND d.kind = $4), '') AS number
         FROM settlement_rows WHERE kind = $1 AND source = $2 AND row_id = $3"
    );
    let values = [rows_of(kind).into(), source.into(), id.into(), kind.as_str().into(), now.into()];
    let rows = db.fetch(sql, &values).await?;
    let Some(row) = rows.first() else { return Ok(Marked::Unknown) };
    let ours: DocumentNumber = row.text("number")?.into();
    let is_booked = row.number("is_booked")? == 1;
    if let Some(by_hand) = by_hand.filter(|_| is_booked) {
        // Under another number, ours would exist beside it.
        let is_ours = by_hand.document.as_ref().is_some_and(|document| ours.is_same_as(&document.as_str().into()));
        if !is_ours || row.number("is_corrected")? == 0 {
            return Ok(Marked::BookedHere(ours));
        }
    }
    if by_hand.is_none() && row.text_if_any("by_hand")?.is_none() {
        return Ok(Marked::Done);
    }
    let before: Option<OrderId> = if row.text("order_id")?.is_empty() { None } else { Some(order_id(row)?) };
    let order = order_now(db, &content(row)?, before.as_ref()).await?;
    if let (Kind::Return, Some(by_hand), Some(order)) = (kind, by_hand.filter(|one| one.document.is_some()), &order)
        && let Some(refused) = refused_amount(db, row, by_hand, order).await?
    {
        return Ok(refused);
    }
    // Money that no order was known for is booked somewhere else than on an invoice.
    let nowhere = Some(Rupiah::ZERO).filter(|_| before.is_none() && order.is_none());
    let by_hand = by_hand.map(|said| match said.document {
        Some(_) => ByHand { amount: said.amount.or(nowhere), ..said.clone() },
        None => said.clone(),
    });
    let by_hand = by_hand.as_ref();
    let (state, reason) = match (by_hand, &order) {
        (Some(ByHand { document: Some(_), .. }), _) => (RowState::Ignored, Reason::ByHand.code()),
        (Some(_), _) => (RowState::Ignored, Reason::Excluded.code()),
        (None, Some(_)) => (RowState::Waiting, ""),
        (None, None) => (RowState::Unmatched, ""),
    };
    // The same mark again changes nothing of what was counted. If a document that the person took over is deleted one
    // day, its number is not used again.
    let is_same = by_hand.is_some() && was(row)?.is_none() && !is_booked && order == before;
    let is_taken_over = is_booked && by_hand.is_some();
    let sql = "UPDATE settlement_rows SET by_hand = CASE WHEN $2 = '' THEN NULL ELSE $2 END, state = $3, reason = $4,
                   finding = NULL, waits_for = NULL, waits = '', settles = CASE WHEN $5 = 1 THEN settles ELSE 0 END,
                   part = CASE WHEN order_id = $6 AND $7 = 0 THEN part END, order_id = $6
               WHERE id = $1";
    let json = by_hand.map(to_json).unwrap_or_default();
    let values = [
        row.number("id")?.into(),
        (&json).into(),
        state.as_str().into(),
        reason.into(),
        i64::from(is_same).into(),
        order.as_ref().map(OrderId::as_str).unwrap_or_default().into(),
        i64::from(is_taken_over).into(),
    ];
    db.execute(sql, &values).await?;
    // Until the order is decided again, nothing that was only planned may be sent. What exists was corrected by the
    // person, and is theirs from now on.
    let sql = "UPDATE documents SET state = 'gone', wanted = 'gone', due_since = NULL, recheck_at = 0, waits_for = ''
               WHERE order_id = $1 AND kind = $2 AND state <> 'gone'
                 AND (state = 'exists' OR (accurate_id IS NULL AND doubt_since = 0)) AND part = $3";
    if let Some((before, part)) = before.as_ref().zip(row.number_if_any("part")?) {
        db.execute(sql, &[before.into(), kind.as_str().into(), part.into()]).await?;
    }
    unsettle(db, before.iter().chain(&order).map(OrderId::as_str)).await?;
    let (source, id, actor) = (source.to_owned(), id.to_owned(), actor.to_owned());
    let event = match by_hand {
        Some(ByHand { document: Some(number), reason, amount, .. }) => {
            let (number, reason, amount) = (number.as_str().into(), reason.clone(), *amount);
            Event::BookedByHand { document: kind, source, id, number, amount, reason, actor }
        }
        Some(ByHand { reason, .. }) => Event::RowExcluded { document: kind, source, id, reason: reason.clone(), actor },
        None => Event::NotByHand { document: kind, source, id, actor },
    };
    // Both orders tell of a row that moves.
    let orders: BTreeSet<_> = before.iter().chain(&order).collect();
    append(db, orders.into_iter().map(|order| (order, std::slice::from_ref(&event))), now).await?;
    Ok(Marked::Done)
}

/// Why the amount of a person's return cannot be: it is missing although nothing here says it, or it is more than is left
/// of the invoice of this order.
async fn refused_amount<T: Dialect>(
    db: &mut T,
    row: &T::Row,
    by_hand: &ByHand,
    order: &OrderId,
) -> Result<Option<Marked>> {
    let sql = "SELECT (SELECT CAST(SUM(CASE d.kind WHEN 'invoice' THEN d.amount WHEN 'return' THEN -d.amount ELSE 0 END)
                              AS BIGINT)
                       FROM documents d WHERE d.order_id = $1 AND d.accurate_id IS NOT NULL AND d.state <> 'gone'
                         AND NOT (d.kind = 'return' AND $3 = d.order_id AND d.part = $4))
                      - (SELECT CAST(COALESCE(SUM(r.settles), 0) AS BIGINT) FROM settlement_rows r
                         WHERE r.order_id = $1 AND r.order_id <> '' AND r.kind = 'return' AND r.id <> $2) AS left_of_it";
    let (before, part) = (row.text("order_id")?, row.number_if_any("part")?.unwrap_or_default());
    let left = db.fetch(sql, &[order.into(), row.number("id")?.into(), before.into(), part.into()]).await?;
    let Some(left) = left.first().map(|row| row.number_if_any("left_of_it")).transpose()?.flatten() else {
        return Ok(None);
    };
    // The amount of an earlier mark is what a person said, not what the record says.
    let was_said = optional_json::<ByHand>(row, "by_hand")?.is_some_and(|earlier| earlier.amount.is_some());
    let is_as_booked = was(row)?.is_none() && row.number("is_booked")? == 0;
    let is_known = row.number_if_any("amount")?.is_some() && !was_said && is_as_booked;
    Ok(match by_hand.amount {
        Some(amount) if hundredths(amount) > left => Some(Marked::AmountAbove(Rupiah::from_hundredths(left.max(0)))),
        None if left > 0 && !is_known => Some(Marked::AmountMissing),
        _ => None,
    })
}
