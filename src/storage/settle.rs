//! Settles attempts: writes outcome, order state and timeline in one commit.

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use serde_json::json;

use super::{
    AttemptResult, Counted, DocumentKey, Outcome, Result, Settled, State, StorageError,
    dialect::{Columns, Dialect},
    masters,
    rows::{document_key, hundredths, json as to_json, micros, state, storable, subject_of},
    timeline::append_entries,
};
use crate::domain::{
    document::{Kind, Progress},
    doubt::Remaining,
    ids::BookName,
    masters::MasterKind,
    money::Rupiah,
    order::OrderId,
    recheck::next_recheck_after,
};

/// The book, and the order's state, of a document whose claim is current.
struct Current {
    book: BookName,
    state: State,
}

/// Writes outcomes. A decision that was made before the outcome was known no longer applies: when the clock is set
/// forward, a lease can seem expired while its calls are still in flight.
pub(super) async fn settle<T: Dialect>(db: &mut T, results: &[AttemptResult], now: Timestamp) -> Result<Vec<Settled>> {
    let owners = owners(db, results).await?;
    let current = current(db, results).await?;
    let unlawful = |result: &AttemptResult| {
        let from = current.get(&result.document()).filter(|_| result.kind.leads_order())?.state;
        let to = next_state(&result.outcome).unwrap_or(from);
        (!from.may_become(to)).then_some(Settled::Unlawful { from, to })
    };
    // A result that cannot be written does not prevent the others.
    let taken: Vec<_> = results
        .iter()
        .filter(|result| !owners.contains_key(&result.order_id) && unlawful(result).is_none())
        .filter_map(|result| Some((result, current.get(&result.document())?)))
        .collect();
    write_documents(db, &taken, now).await?;
    write_orders(db, &taken, now).await?;
    begin_rechecks(db, &taken, now).await?;
    masters::question(db, &lists_in_question(&taken), now).await?;
    let entries = taken.iter().map(|(result, _)| (&result.order_id, result.entries.as_slice()));
    append_entries(db, entries).await?;
    let what = |result: &AttemptResult| match owners.get(&result.order_id) {
        Some(owner) => Settled::BelongsTo(owner.clone()),
        None if current.contains_key(&result.document()) => unlawful(result).unwrap_or(Settled::Written),
        None => Settled::Late,
    };
    Ok(results.iter().map(what).collect())
}

/// The lists from Accurate that could explain why orders are blocked.
fn lists_in_question<'a>(taken: &[(&AttemptResult, &'a Current)]) -> BTreeSet<(&'a BookName, MasterKind)> {
    let list = |(result, current): &(&AttemptResult, &'a Current)| match &result.outcome {
        Outcome::Blocked { findings, .. } => {
            let kind = MasterKind::explaining(findings.first()?)?;
            Some((&current.book, kind))
        }
        _ => None,
    };
    taken.iter().filter_map(list).collect()
}

/// Refuses a change of state that the domain does not allow.
pub(super) fn lawful(order_id: &OrderId, from: State, to: State) -> Result<()> {
    if from.may_become(to) {
        return Ok(());
    }
    Err(StorageError::Unlawful { order_id: order_id.clone(), from, to })
}

/// The documents to be settled whose claim is current. There is no other writer during this transaction.
async fn current<T: Dialect>(db: &mut T, results: &[AttemptResult]) -> Result<HashMap<DocumentKey, Current>> {
    let rows: Vec<_> = results
        .iter()
        .map(|result| json!([result.order_id, result.kind.as_str(), result.part.0, result.attempt]))
        .collect();
    let join = T::THEN_JOIN;
    let sql = format!(
        "SELECT d.order_id, d.kind, d.part, d.book, o.state
         FROM {} {join} documents d ON d.order_id = v.value ->> 0 AND d.kind = v.value ->> 1
                               AND d.part = CAST(v.value ->> 2 AS BIGINT) AND d.lease_until > 0
                               AND d.attempt = CAST(v.value ->> 3 AS BIGINT)
         {join} orders o ON o.order_id = d.order_id",
        T::ROWS
    );
    let mut current = HashMap::with_capacity(results.len());
    for row in db.fetch(sql, &[(&to_json(&rows)).into()]).await? {
        current.insert(document_key(&row)?, Current { book: row.text("book")?.into(), state: state(&row)? });
    }
    Ok(current)
}

/// For each order whose document in Accurate belongs to another order: that other order.
///
/// There is no other writer during this transaction, so nothing that passes here violates the unique index
/// `documents_in_accurate`.
async fn owners<T: Dialect>(db: &mut T, results: &[AttemptResult]) -> Result<HashMap<OrderId, OrderId>> {
    let mut first: HashMap<(Kind, i64), &AttemptResult> = HashMap::new();
    let mut owners = HashMap::new();
    for result in results {
        if let Outcome::Exists { document } = &result.outcome {
            let owner = first.entry((result.kind, document.id)).or_insert(result);
            if owner.order_id != result.order_id {
                owners.insert(result.order_id.clone(), owner.order_id.clone());
            }
        }
    }
    if first.is_empty() {
        return Ok(owners);
    }
    let rows: Vec<_> =
        first.iter().map(|((kind, id), result)| json!([result.order_id, kind.as_str(), result.part.0, id])).collect();
    let join = T::THEN_JOIN;
    let sql = format!(
        "SELECT mine.order_id AS mine, other.order_id AS other
         FROM {} {join} documents mine ON mine.order_id = v.value ->> 0 AND mine.kind = v.value ->> 1
                                  AND mine.part = CAST(v.value ->> 2 AS BIGINT)
         {join} documents other ON other.book = mine.book AND other.kind = mine.kind
             AND other.accurate_id = CAST(v.value ->> 3 AS BIGINT)
             AND other.accurate_id IS NOT NULL AND other.state <> 'gone' AND other.order_id <> mine.order_id",
        T::ROWS
    );
    for row in db.fetch(sql, &[(&to_json(&rows)).into()]).await? {
        let id = |column| OrderId::parse(row.text(column)?).ok_or_else(|| StorageError::Unreadable(column.to_owned()));
        owners.insert(id("mine")?, id("other")?);
    }
    Ok(owners)
}

async fn write_documents<T: Dialect>(db: &mut T, taken: &[(&AttemptResult, &Current)], now: Timestamp) -> Result<()> {
    let rows: Vec<_> = taken.iter().map(|(result, _)| document_row(result, now)).collect();
    let sql = format!(
        "UPDATE documents SET
             lease_until = 0,
             state = COALESCE(v.value ->> 'state', state),
             waits_for = CASE WHEN v.value ->> 'state' IS NULL THEN waits_for
                              ELSE COALESCE(v.value ->> 'waits_for', '') END,
             recheck_at = CAST(v.value ->> 'recheck_at' AS BIGINT),
             findings = COALESCE(v.value ->> 'findings', {findings_kept}),
             doubt_since = CASE v.value ->> 'doubt' WHEN 'now' THEN {now} WHEN 'before' THEN doubt_before
                                                    WHEN 'look_up' THEN {greatest}(doubt_before, 1) ELSE 0 END,
             next_attempt_at = CAST(v.value ->> 'next_attempt_at' AS BIGINT),
             tries = tries - CAST(v.value ->> 'uncounted' AS BIGINT),
             failures = failures * CAST(v.value ->> 'in_a_row' AS BIGINT) + CAST(v.value ->> 'failed' AS BIGINT),
             failed_checks = CAST(v.value ->> 'failed_checks' AS BIGINT), trouble = v.value ->> 'trouble',
             due_since = CASE WHEN v.value ->> 'state' IS NULL THEN due_since END,
             number = COALESCE(v.value ->> 'number', number),
             accurate_id = COALESCE(CAST(v.value ->> 'id' AS BIGINT), accurate_id),
             total = COALESCE(v.value ->> 'total', total),
             amount = COALESCE(CAST(v.value ->> 'amount' AS BIGINT), amount),
             shown_at = CASE WHEN v.value ->> 'id' IS NULL THEN shown_at ELSE {now} END
         FROM {rows}
         WHERE documents.order_id = v.value ->> 'order_id' AND documents.kind = v.value ->> 'kind'
           AND documents.part = CAST(v.value ->> 'part' AS BIGINT)",
        // It is still known why Accurate refused what was given up.
        findings_kept = "CASE WHEN wanted = 'gone' AND accurate_id IS NULL THEN findings ELSE '[]' END",
        greatest = T::GREATEST,
        rows = T::ROWS,
        now = db.now("$2"),
    );
    let rows = to_json(&rows);
    let values = [(&rows).into(), now.into()];
    // With the server's clock, `$2` is not used, and PostgreSQL rejects a parameter that the statement does not use.
    let values = if sql.contains("$2") { &values[..] } else { &values[..1] };
    db.execute(sql, values).await?;
    Ok(())
}

/// The state that an outcome for its invoice gives an order; `None` leaves it as it is.
fn next_state(outcome: &Outcome) -> Option<State> {
    match outcome {
        Outcome::Exists { .. } => Some(State::Invoiced),
        Outcome::Blocked { .. } => Some(State::Blocked),
        Outcome::Gone { .. } => Some(State::Voided),
        Outcome::Postponed { .. } | Outcome::Reconsider => None,
    }
}

/// The state that an outcome gives the document itself; `None` leaves it as it is.
fn next_progress(outcome: &Outcome) -> Option<Progress> {
    match outcome {
        Outcome::Exists { .. } => Some(Progress::Exists),
        Outcome::Blocked { .. } => Some(Progress::Blocked),
        Outcome::Gone { .. } => Some(Progress::Gone),
        Outcome::Postponed { .. } | Outcome::Reconsider => None,
    }
}

/// The columns of a document that an outcome sets; a missing `state` leaves it as it is.
fn document_row(result: &AttemptResult, now: Timestamp) -> serde_json::Value {
    let doubt = match result.doubt().remaining() {
        Remaining::Nothing => "nothing",
        Remaining::LookUp => "look_up",
        Remaining::AsBefore => "before",
        Remaining::SinceNow => "now",
    };
    let progress = next_progress(&result.outcome);
    let mut row = json!({
        "order_id": result.order_id, "kind": result.kind.as_str(), "part": result.part.0,
        "state": progress.map(Progress::as_str), "doubt": doubt,
        "failed_checks": result.trouble.looks, "trouble": result.trouble.words,
        "recheck_at": 0, "next_attempt_at": 0, "uncounted": 0, "failed": 0, "in_a_row": 1,
    });
    match &result.outcome {
        Outcome::Exists { document } => {
            row["number"] = json!(document.number);
            row["id"] = json!(document.id);
            row["total"] = json!(document.total.normalize().to_string());
            row["amount"] = json!(hundredths(Rupiah::from_decimal(document.total)));
        }
        Outcome::Blocked { findings, waits_for, recheck_after } => {
            // An invoice's findings are stored with its order.
            if !result.kind.leads_order() {
                row["findings"] = json!(to_json(findings));
            }
            row["waits_for"] = json!(waits_for.as_ref().map(ToString::to_string));
            row["recheck_at"] = json!(recheck_after.map_or(0, |after| micros(now + after)));
        }
        Outcome::Postponed { until, counted } => {
            row["next_attempt_at"] = json!(micros(*until));
            row["uncounted"] = json!(i32::from(*counted != Counted::Yes));
            row["failed"] = json!(i32::from(*counted == Counted::Yes));
            row["in_a_row"] = json!(i32::from(*counted != Counted::WentWell));
        }
        Outcome::Reconsider => row["next_attempt_at"] = json!(micros(now)),
        Outcome::Gone { .. } => {}
    }
    row
}

/// The order follows its invoice; receipts and returns leave its state as it is.
async fn write_orders<T: Dialect>(db: &mut T, taken: &[(&AttemptResult, &Current)], now: Timestamp) -> Result<()> {
    let leading = taken.iter().filter(|(result, _)| result.kind.leads_order());
    let rows: Vec<_> = leading.map(|(result, _)| order_row(result)).collect();
    let sql = format!(
        "UPDATE orders SET
             changed_at = $2, revision = revision + 1, state = COALESCE(v.value ->> 'state', state), reason = v.value ->> 'reason',
             findings = v.value ->> 'findings', subject = v.value ->> 'subject', warnings = v.value ->> 'warnings',
             amount = COALESCE(CAST(v.value ->> 'amount' AS BIGINT), amount),
             undecided = CASE WHEN revision = CAST(v.value ->> 'settles' AS BIGINT) THEN 0
                              ELSE {greatest}(undecided, CAST(v.value ->> 'reconsider' AS BIGINT)) END,
             invoice_number = COALESCE(v.value ->> 'number', invoice_number),
             invoice_id = COALESCE(CAST(v.value ->> 'id' AS BIGINT), invoice_id),
             invoice_total = COALESCE(v.value ->> 'total', invoice_total),
             invoiced_at = CASE WHEN v.value ->> 'id' IS NULL THEN invoiced_at ELSE $2 END
         FROM {rows} WHERE orders.order_id = v.value ->> 'order_id'",
        greatest = T::GREATEST,
        rows = T::ROWS,
    );
    db.execute(sql, &[(&to_json(&rows)).into(), now.into()]).await?;
    Ok(())
}

/// The columns of the order that an outcome for its invoice sets.
fn order_row(result: &AttemptResult) -> serde_json::Value {
    let mut row = json!({
        "order_id": result.order_id, "state": next_state(&result.outcome).map(State::as_str),
        "warnings": to_json(&result.warnings), "reason": "", "findings": "[]", "subject": "",
        "settles": -1, "reconsider": 0,
    });
    match &result.outcome {
        Outcome::Exists { document } => {
            row["number"] = json!(document.number);
            row["id"] = json!(document.id);
            row["total"] = json!(document.total.normalize().to_string());
            row["amount"] = json!(hundredths(Rupiah::from_decimal(document.total)));
        }
        Outcome::Blocked { findings, .. } => {
            row["settles"] = json!(result.revision);
            row["reason"] = json!(findings.first().map_or("", |finding| finding.reason.code()));
            row["findings"] = json!(to_json(findings));
            row["subject"] = json!(subject_of(findings));
        }
        // Webhooks that arrived during the deletion may need a decision.
        Outcome::Reconsider | Outcome::Gone { .. } => row["reconsider"] = json!(1),
        Outcome::Postponed { .. } => {}
    }
    row
}

/// Starts to recheck what blocked documents wait for, once for all documents that wait for the same thing.
async fn begin_rechecks(db: &mut impl Dialect, taken: &[(&AttemptResult, &Current)], now: Timestamp) -> Result<()> {
    let mut begun = HashSet::new();
    for (result, Current { book, .. }) in taken {
        if let Outcome::Blocked { waits_for: Some(subject), .. } = &result.outcome
            && begun.insert((book, subject))
        {
            let sql = "INSERT INTO rechecks (book, subject, next_at) VALUES ($1, $2, $3)
                       ON CONFLICT (book, subject) DO NOTHING";
            let (subject, at) = (storable(&subject.to_string()).into_owned(), now + next_recheck_after(0));
            db.execute(sql, &[book.into(), (&subject).into(), at.into()]).await?;
        }
    }
    Ok(())
}
