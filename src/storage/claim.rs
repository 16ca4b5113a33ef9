//! Claims: leases documents to workers and records the intent of each attempt.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::{
    AttemptResult, Claim, Claimable, DocumentKey, DocumentRef, Lane, Purpose, Result, Selection, StorageError, Trouble,
    dialect::{Columns, Dialect, Value},
    mappings::IS_ON,
    rows::{document_key, json as to_json, json_column, order_id, timestamp},
    settle,
    timeline::append,
};
use crate::domain::{
    about::About,
    document::{Drafted, Kind},
    doubt::{Doubt, SAVE_IS_OVER},
    ids::{AttemptNo, BookName},
    order::OrderId,
    reason::{Finding, Reason},
    recheck::Subject,
    timeline::{Entry, Event},
};

/// The lane of a document; must be identical to the expression of the index `documents_by_lane`. An invoice that was
/// tried or shadowed is looked up before it is saved, and so is a document in doubt in any lane: see
/// [`Claim::must_look_up`].
pub(super) const LANE: &str =
    "(CASE WHEN wanted = 'gone' THEN 2 WHEN kind = 'receipt' THEN 3 WHEN kind = 'return' THEN 4
          WHEN tries + shadowed > 0 THEN 1 ELSE 0 END)";

/// Whether nothing about the document is still to be decided. News comes first, because it may cancel a deletion or
/// change the content of a receipt or return. Except for a document in doubt: only a look-up in Accurate can tell
/// whether it exists. `$2` is the current time.
const IS_DECIDED: &str = "((wanted = 'exist' AND doubt_since <> 0)
     OR (EXISTS (SELECT 1 FROM orders o WHERE o.order_id = documents.order_id AND o.undecided = 0)
         AND (kind = 'invoice' OR (SELECT u.order_id FROM unsettled u
                                   WHERE u.order_id = documents.order_id AND u.due_at <= $2) IS NULL)))";

/// Conditions on the order's other documents: those that a document needs must exist before it is created, and those
/// that need it must be gone before it is deleted. A document in doubt is looked up in any case, because nothing is
/// decided about its order before. A return that probably does not exist and is no longer wanted is looked up too,
/// because the order's receipt may stay.
fn has_what_it_needs(lane: Lane) -> String {
    let others = "SELECT 1 FROM documents other WHERE other.order_id = documents.order_id AND other.kind";
    let mut conditions = Vec::new();
    for kind in Kind::ALL {
        let in_any_case = match (lane, kind) {
            (Lane::Deletion, Kind::Return) => " OR (accurate_id IS NULL AND doubt_since = 0)",
            (Lane::Deletion, _) => "",
            _ => " OR doubt_since <> 0",
        };
        let needed: Vec<_> = if lane == Lane::Deletion {
            let waits_for =
                |earlier: Kind| format!("NOT EXISTS ({others} = '{}' AND other.state <> 'gone')", earlier.as_str());
            kind.goes_after().map(waits_for).collect()
        } else {
            let waits_for =
                |needed: &Kind| format!("EXISTS ({others} = '{}' AND other.state = 'exists')", needed.as_str());
            kind.needs().iter().map(waits_for).collect()
        };
        if !needed.is_empty() {
            conditions.push(format!(" AND (kind <> '{}'{in_any_case} OR ({}))", kind.as_str(), needed.join(" AND ")));
        }
    }
    conditions.concat()
}

/// The ids of a lane's claimable documents, ordered by next attempt; `$1` is the book, `$2` the current time.
fn ids(lane: Lane, has_come: &str, direction: &str, limit: &str) -> String {
    format!(
        "SELECT id FROM documents
         WHERE book = $1 AND state = 'due' AND {LANE} = {n} AND {has_come} <= $2 AND {IS_DECIDED}{needs} AND {IS_ON}
         ORDER BY next_attempt_at {direction} LIMIT {limit}",
        n = lane as usize,
        needs = has_what_it_needs(lane),
    )
}

pub(super) async fn claimable(db: &mut impl Dialect, book: &BookName, now: Timestamp, most: i64) -> Result<Claimable> {
    let count = |lane: Lane| {
        let ids = ids(lane, "next_attempt_at", "ASC", "$3");
        format!("(SELECT COUNT(*) FROM ({ids}) AS lane{n}) AS n{n}", n = lane as usize)
    };
    let sql = format!("SELECT {}", Lane::ALL.map(count).join(", "));
    let rows = db.fetch(sql, &[book.into(), now.into(), most.into()]).await?;
    let Some(row) = rows.first() else { return Ok(Claimable::default()) };
    let mut counts = [0; Lane::ALL.len()];
    for (lane, count) in Lane::ALL.into_iter().zip(&mut counts) {
        *count = row.number(&format!("n{}", lane as usize))?;
    }
    Ok(Claimable::new(counts))
}

pub(super) async fn claim<T: Dialect>(
    db: &mut T,
    book: &BookName,
    selection: Selection,
    now: Timestamp,
    lease_until: Timestamp,
) -> Result<Vec<Claim>> {
    let (ids, limit) = match selection {
        Selection::Due { lane, newest_first, limit } => {
            (ids(lane, "next_attempt_at", if newest_first { "DESC" } else { "ASC" }, "$4"), limit)
        }
        Selection::Probe => {
            // Documents that were tried before come first, because they are closest to completion.
            let first =
                [(Lane::Again, 1), (Lane::Fresh, 2), (Lane::Deletion, 3), (Lane::Receipts, 4), (Lane::Returns, 5)].map(
                    |(lane, turn)| {
                        let first = ids(lane, "lease_until", "ASC", "1");
                        format!("SELECT {turn} AS turn, id FROM ({first}) AS lane{turn}")
                    },
                );
            let first = first.join(" UNION ALL ");
            (format!("SELECT id FROM ({first}) AS firsts ORDER BY turn LIMIT $4"), 1)
        }
    };
    let which = format!("id IN ({ids})");
    take(db, &which, now, lease_until, &[book.into(), now.into(), lease_until.into(), limit.into()]).await
}

pub(super) async fn claim_blocked<T: Dialect>(
    db: &mut T,
    document: &DocumentKey,
    now: Timestamp,
    lease_until: Timestamp,
) -> Result<Option<Claim>> {
    let which = "order_id = $1 AND kind = $4 AND part = $5 AND state = 'blocked' AND doubt_since <> 0
                 AND lease_until <= $2 AND accurate_id IS NULL
                 AND EXISTS (SELECT 1 FROM orders o WHERE o.order_id = documents.order_id AND o.undecided = 0)";
    let DocumentKey { order_id, kind, part } = document;
    let values = [order_id.into(), now.into(), lease_until.into(), kind.as_str().into(), part.0.into()];
    let claims = take(db, which, now, lease_until, &values).await?;
    Ok(claims.into_iter().next())
}

/// Leases documents and records the intent of each attempt; `$2` is the current time, `$3` the end of the leases.
async fn take<T: Dialect>(
    db: &mut T,
    which: &str,
    now: Timestamp,
    lease_until: Timestamp,
    values: &[Value<'_>],
) -> Result<Vec<Claim>> {
    // While a save is in doubt, no deletion is tried; an earlier attempt may have tried one.
    //
    // Until an attempt is settled, its save may be sent at any time during its lease, so doubt counts from the end of
    // the lease by the database's clock. An attempt that saves nothing leaves the doubt unchanged.
    let sql = format!(
        "UPDATE documents SET
             attempt = attempt + 1, tries = tries + 1,
             doubt_before = {least}(doubt_since, {now}),
             doubt_since = CASE WHEN state = 'due' AND wanted = 'exist' THEN {now} + ($3 - $2) ELSE doubt_since END,
             deletion_tried = CASE WHEN state <> 'due' OR wanted <> 'gone' THEN 0
                                   WHEN doubt_since = 0 OR {now} - {least}(doubt_since, {now}) >= {over} THEN 1
                                   ELSE deletion_tried END,
             lease_until = $3, next_attempt_at = CASE WHEN state = 'blocked' THEN next_attempt_at ELSE $3 END
         WHERE {which}
         RETURNING order_id, kind, part, attempt, tries, failures, shadowed, draft, waits_for, failed_checks, trouble, accurate_id,
                   number, wanted, state, findings, CASE WHEN doubt_before <> 0 THEN {now} - doubt_before END AS doubt_age,
                   CASE WHEN shown_at <> 0 THEN {now} - shown_at END AS shown_age",
        least = T::LEAST,
        over = SAVE_IS_OVER.as_micros(),
        now = db.now("$2"),
    );
    let rows = db.fetch(sql, values).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let orders = orders(db, &rows, now).await?;
    let (mut claims, mut unreadable) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in &rows {
        let id = order_id(row)?;
        let order =
            orders.get(&id).ok_or_else(|| StorageError::Unreadable(format!("a document of order {id} without it")))?;
        // An unreadable document must not prevent the others from being posted.
        match read_claim(row, order, lease_until) {
            Ok(claim) => claims.push((order.number("id")?, claim)),
            Err(problem) => unreadable.push(block(row, order, &problem, now)?),
        }
    }
    if !unreadable.is_empty() {
        settle::settle(db, &unreadable, now).await?;
    }
    // `RETURNING` has no defined order.
    claims.sort_by_key(|(id, _)| *id);
    let claims: Vec<_> = claims.into_iter().map(|(_, claim)| claim).collect();
    let intents: Vec<_> = claims
        .iter()
        .map(|claim| {
            let ours = claim.draft.number();
            let number = claim.existing.as_ref().map_or(ours, |existing| &existing.number).clone();
            (&claim.order_id, [Event::Attempt { attempt: claim.earlier_tries + 1, document: claim.kind, number }])
        })
        .collect();
    append(db, intents.iter().map(|(id, events)| (*id, events.as_slice())), now).await?;
    Ok(claims)
}

/// The columns of these documents' orders that the attempts need.
async fn orders<T: Dialect>(db: &mut T, documents: &[T::Row], now: Timestamp) -> Result<HashMap<OrderId, T::Row>> {
    let ids = documents.iter().map(|row| Ok([order_id(row)?])).collect::<Result<Vec<_>>>()?;
    let existing = Kind::ALL.map(|kind| {
        let kind = kind.as_str();
        format!(
            "(SELECT COUNT(*) FROM documents d
              WHERE d.order_id = o.order_id AND d.kind = '{kind}' AND d.state = 'exists') AS existing_{kind}"
        )
    });
    let sql = format!(
        "SELECT o.order_id, o.id, o.channel_order_id, o.invoice_id, o.revision, o.undecided, o.warnings, o.findings, o.received_at,
             (SELECT COUNT(*) FROM unsettled u WHERE u.order_id = o.order_id AND u.due_at <= $2) AS unsettled,
             {existing}
         FROM {} {} orders o ON o.order_id = v.value ->> 0",
        T::ROWS,
        T::THEN_JOIN,
        existing = existing.join(", "),
    );
    let rows = db.fetch(sql, &[(&to_json(&ids)).into(), now.into()]).await?;
    rows.into_iter().map(|row| Ok((order_id(&row)?, row))).collect()
}

/// Blocks the order of a claimed document that cannot be read; a person can have it prepared again.
fn block(row: &impl Columns, order: &impl Columns, problem: &StorageError, now: Timestamp) -> Result<AttemptResult> {
    let document = document_key(row)?;
    let (order_id, kind) = (&document.order_id, document.kind.as_str());
    tracing::error!(%order_id, "order {order_id} is blocked: what is stored about its {kind} cannot be read: {problem}");
    let about = About::Unreadable { problem: problem.to_string() };
    let findings = vec![Finding { reason: Reason::StoredDataUnreadable, about }];
    let entry = Entry::new(now, Event::blocked(document.kind, findings.clone()));
    let (attempt, revision) = (AttemptNo(row.number("attempt")?), order.number("revision")?);
    let mut result = AttemptResult::of_unreadable(document, attempt, revision, doubt(row)?, findings);
    result.warnings = json_column(order, "warnings").unwrap_or_default();
    result.entries.push(entry);
    Ok(result)
}

fn read_claim(row: &impl Columns, order: &impl Columns, lease_until: Timestamp) -> Result<Claim> {
    let DocumentKey { order_id, kind, part } = document_key(row)?;
    let number = row.text("number")?.into();
    Ok(Claim {
        order_id,
        kind,
        part,
        attempt: AttemptNo(row.number("attempt")?),
        lease_until,
        earlier_tries: row.number("tries")? - 1,
        is_shadowed: row.number("shadowed")? == 1,
        invoice_id: order.number_if_any("invoice_id")?,
        marketplace_number: order.text("channel_order_id")?.into(),
        failures: row.number("failures")?,
        purpose: purpose(row)?,
        undecided: is_undecided(order, kind)?,
        revision: order.number("revision")?,
        draft: drafted(row, kind)?,
        existing: row.number_if_any("accurate_id")?.map(|id| DocumentRef { number, id }),
        existing_age: age(row, "shown_age")?,
        // An invoice's findings are stored with its order.
        findings: if kind.leads_order() { json_column(order, "findings")? } else { json_column(row, "findings")? },
        trouble: Trouble { looks: row.number("failed_checks")?, words: row.text("trouble")?.to_owned() },
        warnings: json_column(order, "warnings")?,
        received_at: timestamp(order.number("received_at")?)?,
        waits_for: Subject::parse(row.text("waits_for")?),
        doubt: doubt(row)?,
    })
}

/// Whether the order must be decided before a document of this kind is saved, because of news, or because a document
/// that it needs no longer exists.
fn is_undecided(order: &impl Columns, kind: Kind) -> Result<bool> {
    if order.number("undecided")? == 1 || (!kind.leads_order() && order.number("unsettled")? == 1) {
        return Ok(true);
    }
    for needed in kind.needs() {
        if order.number(&format!("existing_{}", needed.as_str()))? == 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Parses the draft.
pub(super) fn drafted(row: &impl Columns, kind: Kind) -> Result<Drafted> {
    Ok(match kind {
        Kind::Invoice => Drafted::Invoice(json_column(row, "draft")?),
        Kind::Receipt => Drafted::Receipt(json_column(row, "draft")?),
        Kind::Return => Drafted::Return(json_column(row, "draft")?),
    })
}

/// The purpose of the attempt.
fn purpose(row: &impl Columns) -> Result<Purpose> {
    Ok(match (row.text("state")?, row.text("wanted")?) {
        ("blocked", _) => Purpose::LookUp,
        ("due", "gone") => Purpose::Delete,
        ("due", "exist") => Purpose::Create,
        (state, wanted) => {
            return Err(StorageError::Unreadable(format!("a document that is {state:?} and wanted as {wanted:?}")));
        }
    })
}

/// The doubt that earlier attempts left.
fn doubt(row: &impl Columns) -> Result<Doubt> {
    Ok(Doubt::of_age(age(row, "doubt_age")?, row.number("attempt")? - 1))
}

/// An age stored in microseconds; at least zero, even if the clock was set back.
fn age(row: &impl Columns, column: &str) -> Result<Option<SignedDuration>> {
    Ok(row.number_if_any(column)?.map(|micros| SignedDuration::from_micros(micros.max(0))))
}
