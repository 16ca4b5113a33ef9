//! What people have booked in Accurate themselves.

use jiff::Timestamp;

use super::{
    content,
    record::{MAY_BE_BOOKED, fits, order_of, orders, unsettle},
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

/// What returns have left of the invoice of a row's order, in hundredths, without the row itself; `NULL` without one.
const RETURNABLE: &str =
    "(SELECT CAST(SUM(CASE d.kind WHEN 'invoice' THEN d.amount WHEN 'return' THEN -d.amount ELSE 0 END) AS BIGINT)
      FROM documents d
      WHERE d.order_id = settlement_rows.order_id AND d.accurate_id IS NOT NULL AND d.state <> 'gone'
        AND NOT (d.kind = 'return' AND d.part = COALESCE(settlement_rows.part, 0)))
     - (SELECT CAST(COALESCE(SUM(r.settles), 0) AS BIGINT) FROM settlement_rows r
        WHERE r.order_id = settlement_rows.order_id AND r.order_id <> '' AND r.kind = 'return'
          AND r.id <> settlement_rows.id)";

/// Whether a row was corrected after its document was created: a person corrects the document in Accurate, which then is
/// theirs.
const IS_CORRECTED: &str = "(state = 'blocked' AND finding LIKE '%\"what\":\"corrected\"%'
     AND NOT EXISTS (SELECT 1 FROM documents d
                     WHERE d.order_id = settlement_rows.order_id AND d.part = settlement_rows.part AND d.kind = $4
                       AND (d.state <> 'exists' OR d.lease_until > $5)))";

/// Marks a row as booked by hand, or as not to be booked; with `None`, takes the mark back. What the row says now counts
/// from then on. Refused
/// where a document of ours exists or may exist, unless the row was corrected afterwards and the mark names that
/// document; also where the amount of a return is missing, or more than is left. A document that was only planned is
/// dropped in the same commit.
pub(in crate::storage) async fn mark<T: Dialect>(
    db: &mut T,
    kind: Kind,
    (source, id): (&str, &str),
    by_hand: Option<&ByHand>,
    actor: &str,
    now: Timestamp,
) -> Result<Marked> {
    let sql = format!(
        "SELECT order_id, kind, content, by_hand, amount, part, {RETURNABLE} AS returnable,
             CAST(CASE WHEN {MAY_BE_BOOKED} THEN 1 ELSE 0 END AS BIGINT) AS is_booked,
             CAST(CASE WHEN {IS_CORRECTED} THEN 1 ELSE 0 END AS BIGINT) AS is_corrected,
             COALESCE((SELECT d.number FROM documents d WHERE d.order_id = settlement_rows.order_id
                           AND d.part = settlement_rows.part AND d.kind = $4), '') AS number
         FROM settlement_rows WHERE kind = $1 AND source = $2 AND row_id = $3"
    );
    let key = [rows_of(kind).into(), source.into(), id.into()];
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
    let their_document = by_hand.filter(|by_hand| by_hand.document.is_some());
    if let (Kind::Return, Some(by_hand), Some(left)) = (kind, their_document, row.number_if_any("returnable")?) {
        // The amount of an earlier mark is what a person said, not what the record says.
        let was_said = optional_json::<ByHand>(row, "by_hand")?.is_some_and(|earlier| earlier.amount.is_some());
        let is_as_booked = was(row)?.is_none() && !is_booked;
        let is_known = row.number_if_any("amount")?.is_some() && !was_said && is_as_booked;
        match by_hand.amount {
            Some(amount) if hundredths(amount) > left => {
                return Ok(Marked::AmountAbove(Rupiah::from_hundredths(left.max(0))));
            }
            None if left > 0 && !is_known => return Ok(Marked::AmountMissing),
            _ => {}
        }
    }
    if by_hand.is_none() && row.text_if_any("by_hand")?.is_none() {
        return Ok(Marked::Done);
    }
    let before: Option<OrderId> = if row.text("order_id")?.is_empty() { None } else { Some(order_id(row)?) };
    // What a person had booked stayed with its order, whatever a correction said; now that counts.
    let order = if was(row)?.is_some() || is_booked {
        let content = content(row)?;
        let fitting = orders(db, std::slice::from_ref(&content)).await?;
        if before.as_ref().is_some_and(|before| fits(&content, before, &fitting)) {
            before.clone()
        } else {
            order_of(&content, &fitting)
        }
    } else {
        before.clone()
    };
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
    let json = by_hand.map(to_json).unwrap_or_default();
    let sql = "UPDATE settlement_rows SET by_hand = CASE WHEN $4 = '' THEN NULL ELSE $4 END, state = $5, reason = $6,
                   finding = NULL, waits_for = NULL, waits = '',
                   settles = 0,
                   part = CASE WHEN order_id = $7 AND $8 = 0 THEN part END, order_id = $7
               WHERE kind = $1 AND source = $2 AND row_id = $3";
    let [kind_of_row, source_value, id_value] = key;
    let moved_to = order.as_ref().map(OrderId::as_str).unwrap_or_default();
    // If the document that the person took over is deleted one day, its number is not used again.
    let is_taken_over = i64::from(is_booked && by_hand.is_some());
    let values = [
        kind_of_row,
        source_value,
        id_value,
        (&json).into(),
        state.as_str().into(),
        reason.into(),
        moved_to.into(),
        is_taken_over.into(),
    ];
    db.execute(sql, &values).await?;
    unsettle(db, before.iter().map(OrderId::as_str)).await?;
    // Until the order is decided again, nothing that was only planned may be sent. What exists was corrected by the
    // person, and is theirs from now on.
    let sql = "UPDATE documents SET state = 'gone', wanted = 'gone', due_since = NULL, recheck_at = 0, waits_for = ''
               WHERE order_id = $1 AND kind = $2 AND state <> 'gone'
                 AND (state = 'exists' OR (accurate_id IS NULL AND doubt_since = 0)) AND part = $3";
    if let Some((before, part)) = before.as_ref().zip(row.number_if_any("part")?) {
        db.execute(sql, &[before.into(), kind.as_str().into(), part.into()]).await?;
    }
    let Some(order) = order else { return Ok(Marked::Done) };
    unsettle(db, std::iter::once(order.as_str())).await?;
    let (source, id, actor) = (source.to_owned(), id.to_owned(), actor.to_owned());
    let event = match by_hand {
        Some(ByHand { document: Some(number), reason, amount, .. }) => {
            let (number, reason, amount) = (number.as_str().into(), reason.clone(), *amount);
            Event::BookedByHand { document: kind, source, id, number, amount, reason, actor }
        }
        Some(ByHand { reason, .. }) => Event::RowExcluded { document: kind, source, id, reason: reason.clone(), actor },
        None => Event::NotByHand { document: kind, source, id, actor },
    };
    append(db, std::iter::once((&order, [event].as_slice())), now).await?;
    Ok(Marked::Done)
}
