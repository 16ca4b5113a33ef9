//! What people have booked in Accurate themselves.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    MarkedByHand, content, marked,
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
        "SELECT id, order_id, kind, content, by_hand, amount, part, reason,
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
        let is_corrected = row.number("is_corrected")? == 1;
        if !is_corrected || by_hand.document.is_none() {
            return Ok(Marked::BookedHere(ours));
        }
        if !is_ours {
            return Ok(Marked::CorrectedHere(ours));
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
    let invoice_id = invoice_of(db, order.as_ref()).await?;
    let earlier = marked(row)?;
    let is_taken_over = is_booked && by_hand.is_some();
    // On the invoice of another order it never was.
    let was_ours = order == before && (is_taken_over || earlier.as_ref().is_some_and(|earlier| earlier.was_ours));
    // The same mark again changes nothing of what was counted.
    let is_same = by_hand.is_some() && !is_booked && order == before;
    let earlier = earlier.filter(|earlier| is_same && earlier.was.is_none() && earlier.invoice_id == invoice_id);
    // Without an invoice, and for money that came when nothing was owed, the document is somewhere else.
    let is_elsewhere = invoice_id.is_none() || row.text("reason")? == Reason::PayoutLate.code();
    let by_hand = by_hand.map(|said| {
        let amount = match &earlier {
            _ if said.document.is_none() => None,
            _ if invoice_id.is_none() => Some(Rupiah::ZERO),
            Some(earlier) => said.amount.or(earlier.by_hand.amount.filter(Rupiah::is_zero)),
            None => said.amount.or(is_elsewhere.then_some(Rupiah::ZERO)),
        };
        ByHand { amount, ..said.clone() }
    });
    let by_hand = by_hand.as_ref();
    let (state, reason) = match (by_hand, &order) {
        (Some(ByHand { document: Some(_), .. }), _) => (RowState::Ignored, Reason::ByHand.code()),
        (Some(_), _) => (RowState::Ignored, Reason::Excluded.code()),
        (None, Some(_)) => (RowState::Waiting, ""),
        (None, None) => (RowState::Unmatched, ""),
    };
    // If a document that the person took over is deleted one day, its number is not used again.
    let sql = "UPDATE settlement_rows SET by_hand = CASE WHEN $2 = '' THEN NULL ELSE $2 END, state = $3, reason = $4,
                   finding = NULL, waits_for = NULL, waits = '', settles = CASE WHEN $5 = 1 THEN settles ELSE 0 END,
                   part = CASE WHEN order_id = $6 AND $7 = 0 THEN part END, order_id = $6
               WHERE id = $1";
    let json =
        by_hand.map(|by_hand| to_json(&MarkedByHand { by_hand: by_hand.clone(), was: None, invoice_id, was_ours }));
    let json = json.unwrap_or_default();
    let values = [
        row.number("id")?.into(),
        (&json).into(),
        state.as_str().into(),
        reason.into(),
        i64::from(earlier.is_some()).into(),
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

/// Accurate's id of an order's invoice, if it exists.
async fn invoice_of<T: Dialect>(db: &mut T, order: Option<&OrderId>) -> Result<Option<i64>> {
    let Some(order) = order else { return Ok(None) };
    let sql = "SELECT accurate_id FROM documents
               WHERE order_id = $1 AND kind = 'invoice' AND state <> 'gone' AND accurate_id IS NOT NULL";
    let rows = db.fetch(sql, &[order.into()]).await?;
    Ok(rows.first().map(|row| row.number_if_any("accurate_id")).transpose()?.flatten())
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
