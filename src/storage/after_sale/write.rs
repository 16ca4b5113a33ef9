//! Writes what was decided about orders after the sale.

use std::collections::{HashMap, HashSet};

use jiff::{Timestamp, civil::Date};
use serde_json::json;

use super::{matching, read::documents_of_orders, record, rows_of};
use crate::{
    domain::{
        WIB,
        after_sale::{Outcome, Settlement},
        document::{self, Drafted, Kind, Part, Progress},
        money::Rupiah,
        order::OrderId,
        reason::Reason,
        recheck::tried_again_after,
        timeline::Event,
    },
    storage::{
        OrderDocument, Result, RowContent, SettlementVerdict,
        decide::{self, is_free},
        dialect::{Columns, Dialect},
        restored,
        rows::{hundredths, json as to_json, micros, order_id, storable},
        timeline::append,
    },
};

/// A document that must exist.
struct Wanted {
    kind: Kind,
    part: Part,
    draft: Drafted,
}

/// Writes decisions; returns the orders for which they took effect. A decision changes nothing if its order has news by
/// now, or if its mapping is no longer active.
pub(in crate::storage) async fn settle<T: Dialect>(
    db: &mut T,
    verdicts: &[SettlementVerdict],
    now: Timestamp,
) -> Result<HashSet<OrderId>> {
    let current = current(db, verdicts, now).await?;
    let verdicts: Vec<_> = verdicts.iter().filter(|verdict| current.contains(&verdict.order_id)).collect();
    if verdicts.is_empty() {
        return Ok(current);
    }
    let ids: Vec<_> = verdicts.iter().map(|verdict| verdict.order_id.clone()).collect();
    let mut stored = documents_of_orders(db, &ids).await?;
    let mut documents = Vec::new();
    for verdict in &verdicts {
        let stored = stored.remove(&verdict.order_id).unwrap_or(Ok(Vec::new()))?;
        documents.extend(changes(&verdict.order_id, wanted(&verdict.settlement), &stored, now));
    }
    write_documents(db, &documents, now).await?;
    let events = write_rows(db, &verdicts).await?;
    append(db, events.iter().map(|(id, events)| (id, events.as_slice())), now).await?;
    end(db, &verdicts).await?;
    // After it: what moves is news of orders that may be in the same batch.
    let moving: Vec<_> = verdicts.iter().flat_map(|verdict| &verdict.moving).copied().collect();
    if !moving.is_empty() {
        matching::move_on(db, &moving).await?;
    }
    let orders: Vec<_> = verdicts.iter().filter_map(|verdict| verdict.order.as_ref()).collect();
    if !orders.is_empty() {
        decide::write(db, &orders, now).await?;
    }
    for verdict in &verdicts {
        if let Some(cancelled) = &verdict.settlement.add {
            record::record(db, &[RowContent::Return(cancelled.clone())], now).await?;
        }
    }
    Ok(current)
}

/// The orders whose verdict is based on their newest state and on the active mapping.
async fn current<T: Dialect>(db: &mut T, verdicts: &[SettlementVerdict], now: Timestamp) -> Result<HashSet<OrderId>> {
    let values = |verdict: &SettlementVerdict| {
        let order_revision = verdict.order.as_ref().map(|order| order.revision);
        json!([verdict.order_id, verdict.revision, verdict.mapping_revision, order_revision])
    };
    let rows: Vec<_> = verdicts.iter().map(values).collect();
    let join = T::THEN_JOIN;
    let sql = format!(
        "SELECT o.order_id FROM {} {join} unsettled u
             ON u.order_id = v.value ->> 0 AND u.revision = CAST(v.value ->> 1 AS BIGINT)
         {join} orders o ON o.order_id = u.order_id
         WHERE o.undecided = 0 AND {}
           AND CAST(v.value ->> 2 AS BIGINT) = (SELECT COALESCE(MAX(revision), 0) FROM mappings)
           AND o.revision = COALESCE(CAST(v.value ->> 3 AS BIGINT), o.revision)",
        T::ROWS,
        is_free("$2")
    );
    db.fetch(sql, &[(&to_json(&rows)).into(), now.into()]).await?.iter().map(order_id).collect()
}

fn wanted(settlement: &Settlement) -> Vec<Wanted> {
    let receipts = settlement.receipts.iter().map(|planned| Wanted {
        kind: Kind::Receipt,
        part: planned.part,
        draft: Drafted::Receipt(planned.draft.clone()),
    });
    let returns = settlement.returns.iter().map(|planned| Wanted {
        kind: Kind::Return,
        part: planned.part,
        draft: Drafted::Return(planned.draft.clone()),
    });
    receipts.chain(returns).collect()
}

/// The rows of `documents` that a decision changes.
fn changes(
    order_id: &OrderId,
    wanted: Vec<Wanted>,
    stored: &[OrderDocument],
    now: Timestamp,
) -> Vec<serde_json::Value> {
    let mut changes = Vec::new();
    let mut keys = HashSet::new();
    for Wanted { kind, part, draft } in wanted {
        keys.insert((kind, part));
        let before = stored.iter().find(|document| (document.kind, document.part) == (kind, part));
        // What exists, or may exist, was sent as it is.
        if let Some(before) = before.filter(|before| before.may_exist()) {
            // A person who wanted it deleted has taken that back.
            if before.wanted == document::Wanted::Gone {
                let progress = if before.id.is_some() { Progress::Exists } else { Progress::Due };
                changes.push(row(order_id, kind, part, None, "exist", progress));
            }
            continue;
        }
        let changes_it = before.is_none_or(|before| {
            before.progress == Progress::Gone
                || before.wanted == document::Wanted::Gone
                || before.draft.as_ref() != Some(&draft)
        });
        if changes_it {
            let refused = before.filter(|before| before.refused_before().is_some());
            let change = match refused.filter(|before| before.draft.as_ref() == Some(&draft)) {
                Some(refused) => blocked_as_before(order_id, refused, &draft, now),
                None => row(order_id, kind, part, Some(&draft), "exist", Progress::Due),
            };
            changes.push(change);
        }
    }
    // What is to be deleted already goes its own way: a new attempt each time would never pause.
    let unwanted = stored.iter().filter(|document| {
        document.kind != Kind::Invoice
            && document.progress != Progress::Gone
            && document.wanted == document::Wanted::Exist
            && !keys.contains(&(document.kind, document.part))
    });
    for document in unwanted {
        // What was never sent needs no deletion; what was tried is looked up before it counts as gone, unless nobody
        // knows any more what was sent: it does not exist.
        let is_looked_up = document.was_tried && document.draft.is_some();
        let progress = if document.may_exist() || is_looked_up { Progress::Due } else { Progress::Gone };
        changes.push(row(order_id, document.kind, document.part, None, "gone", progress));
    }
    changes
}

/// Something that Accurate refused is wanted again, after it was given up: it is blocked as before.
fn blocked_as_before(
    order_id: &OrderId,
    refused: &OrderDocument,
    draft: &Drafted,
    now: Timestamp,
) -> serde_json::Value {
    let mut row = row(order_id, refused.kind, refused.part, Some(draft), "exist", Progress::Blocked);
    row["findings"] = json!(to_json(&refused.findings));
    row["recheck_at"] = json!(micros(now + tried_again_after(refused.tries - 1)));
    row
}

fn row(
    order_id: &OrderId,
    kind: Kind,
    part: Part,
    draft: Option<&Drafted>,
    wanted: &str,
    progress: Progress,
) -> serde_json::Value {
    let mut row = json!({
        "order_id": order_id, "kind": kind.as_str(), "part": part.0, "wanted": wanted, "state": progress.as_str(),
    });
    let (text, book, day, customer_no) = match draft {
        None | Some(Drafted::Invoice(_)) => return row,
        Some(Drafted::Receipt(draft)) => (to_json(draft), &draft.book, draft.body.trans_date, &draft.body.customer_no),
        Some(Drafted::Return(draft)) => (to_json(draft), &draft.book, draft.body.trans_date, &draft.body.customer_no),
    };
    row["draft"] = json!(text);
    row["book"] = json!(book);
    row["day"] = json!(day);
    row["customer_no"] = json!(storable(customer_no));
    row["number"] = json!(storable(draft.map_or("", |draft| draft.number().as_str())));
    row
}

async fn write_documents<T: Dialect>(db: &mut T, rows: &[serde_json::Value], now: Timestamp) -> Result<()> {
    let (drafted, others): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.get("draft").is_some());
    if !drafted.is_empty() {
        let sql = format!(
            "INSERT INTO documents (order_id, kind, part, book, number, draft, wanted, state, due_since,
                                    next_attempt_at, day, customer_no, findings, recheck_at, {})
             SELECT v.value ->> 'order_id', v.value ->> 'kind', CAST(v.value ->> 'part' AS BIGINT), v.value ->> 'book',
                    v.value ->> 'number', v.value ->> 'draft', v.value ->> 'wanted', v.value ->> 'state',
                    CAST($2 AS BIGINT), CAST($2 AS BIGINT), v.value ->> 'day', v.value ->> 'customer_no',
                    COALESCE(v.value ->> 'findings', '[]'), COALESCE(CAST(v.value ->> 'recheck_at' AS BIGINT), 0), {}
             FROM {} WHERE true
             ON CONFLICT (order_id, kind, part) DO UPDATE SET
                 book = excluded.book, number = excluded.number, draft = excluded.draft, wanted = excluded.wanted,
                 day = excluded.day, customer_no = excluded.customer_no, state = excluded.state, lease_until = 0,
                 failures = 0, recheck_at = excluded.recheck_at, waits_for = '', findings = excluded.findings,
                 deletion_tried = 0, failed_checks = 0, due_since = excluded.due_since,
                 next_attempt_at = excluded.next_attempt_at,
                 accurate_id = NULL, total = NULL, shown_at = 0",
            restored::COLUMNS,
            restored::values("v.value ->> 'order_id'", "v.value ->> 'state'", "v.value ->> 'wanted'"),
            T::ROWS
        );
        db.execute(sql, &[(&to_json(&drafted)).into(), now.into()]).await?;
    }
    if !others.is_empty() {
        let sql = format!(
            // What Accurate refused stays known; what waited for something in Accurate is tried at once if it is wanted
            // again. A deletion that may have been sent is looked up before what was deleted counts as existing.
            "UPDATE documents SET wanted = v.value ->> 'wanted', lease_until = 0,
                 state = CASE WHEN v.value ->> 'state' = 'exists' AND documents.state = 'due'
                                   AND documents.deletion_tried = 1 THEN 'due' ELSE v.value ->> 'state' END,
                 findings = CASE WHEN waits_for = '' AND v.value ->> 'wanted' = 'gone' THEN findings ELSE '[]' END,
                 failures = 0, recheck_at = 0, waits_for = '', due_since = NULL,
                 deletion_tried = CASE WHEN v.value ->> 'wanted' = 'gone' THEN deletion_tried ELSE 0 END,
                 next_attempt_at = CASE WHEN documents.state = 'due' AND documents.wanted = 'gone'
                                        THEN documents.next_attempt_at ELSE CAST($2 AS BIGINT) END
             FROM {} WHERE documents.order_id = v.value ->> 'order_id' AND documents.kind = v.value ->> 'kind'
               AND documents.part = CAST(v.value ->> 'part' AS BIGINT)",
            T::ROWS
        );
        db.execute(sql, &[(&to_json(&others)).into(), now.into()]).await?;
    }
    Ok(())
}

/// Writes the outcomes of the rows. Returns the timeline entries: what has changed about a row.
async fn write_rows<T: Dialect>(db: &mut T, verdicts: &[&SettlementVerdict]) -> Result<Vec<(OrderId, Vec<Event>)>> {
    let mut rows = Vec::new();
    let mut outcomes: HashMap<(&str, &str, &str), &Outcome> = HashMap::new();
    for verdict in verdicts {
        let settlement = &verdict.settlement;
        for row in &settlement.rows {
            let part = settlement.receipts.iter().find(|planned| planned.of == row.of).map(|planned| planned.part);
            rows.push(row_values(Kind::Receipt, (&row.of.source, &row.of.id), &row.outcome, row.amount, part));
            outcomes.insert((rows_of(Kind::Receipt), &row.of.source, &row.of.id), &row.outcome);
        }
        for record in &settlement.records {
            let part = settlement.returns.iter().find(|planned| planned.of == record.of).map(|planned| planned.part);
            let key = (&*record.of.source, &*record.of.id);
            rows.push(row_values(Kind::Return, key, &record.outcome, record.amount, part));
            outcomes.insert((rows_of(Kind::Return), &record.of.source, &record.of.id), &record.outcome);
        }
    }
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "UPDATE settlement_rows SET state = v.value ->> 'state', reason = v.value ->> 'reason',
             finding = v.value ->> 'finding', waits_for = v.value ->> 'waits_for', waits = v.value ->> 'waits',
             settles = CAST(v.value ->> 'settles' AS BIGINT), amount = CAST(v.value ->> 'amount' AS BIGINT),
             part = COALESCE(CAST(v.value ->> 'part' AS BIGINT), settlement_rows.part)
         FROM {} WHERE settlement_rows.kind = v.value ->> 'kind' AND settlement_rows.source = v.value ->> 'source'
           AND settlement_rows.row_id = v.value ->> 'id'
           AND (settlement_rows.state <> v.value ->> 'state' OR settlement_rows.reason <> v.value ->> 'reason'
                OR COALESCE(settlement_rows.finding, '') <> COALESCE(v.value ->> 'finding', '')
                OR settlement_rows.settles <> CAST(v.value ->> 'settles' AS BIGINT)
                OR settlement_rows.amount IS DISTINCT FROM CAST(v.value ->> 'amount' AS BIGINT)
                OR COALESCE(settlement_rows.waits_for, '') <> COALESCE(v.value ->> 'waits_for', '')
                OR COALESCE(settlement_rows.part, 0) <> COALESCE(CAST(v.value ->> 'part' AS BIGINT),
                                                                 settlement_rows.part, 0))
         RETURNING settlement_rows.order_id, settlement_rows.kind, settlement_rows.source, settlement_rows.row_id,
                   settlement_rows.amount",
        T::ROWS
    );
    let changed = db.fetch(sql, &[(&to_json(&rows)).into()]).await?;
    let mut events = Vec::with_capacity(changed.len());
    for row in &changed {
        let (kind, source, id) = (row.text("kind")?, row.text("source")?, row.text("row_id")?);
        let Some(outcome) = outcomes.get(&(kind, source, id)) else { continue };
        let event = Event::RowDecided {
            document: if kind == rows_of(Kind::Return) { Kind::Return } else { Kind::Receipt },
            source: source.to_owned(),
            id: id.to_owned(),
            hundredths: row.number_if_any("amount")?.unwrap_or_default(),
            state: outcome.state(),
            finding: outcome.finding().cloned(),
        };
        events.push((order_id(row)?, vec![event]));
    }
    Ok(events)
}

fn row_values(
    kind: Kind,
    (source, id): (&str, &str),
    outcome: &Outcome,
    amount: Option<Rupiah>,
    part: Option<Part>,
) -> serde_json::Value {
    let waits = match outcome {
        Outcome::Waiting(waits_for) => waits_for.what().as_str(),
        _ => "",
    };
    let (reason, finding, waits_for) = match outcome {
        Outcome::Waiting(waits_for) => ("", None, Some(to_json(waits_for))),
        Outcome::Due | Outcome::Settled | Outcome::Ignored(None) => ("", None, None),
        Outcome::Ignored(Some(reason)) => (reason.code(), None, None),
        Outcome::ByHand(_) => (Reason::ByHand.code(), None, None),
        Outcome::Blocked(finding) | Outcome::ByHandCorrected(_, finding) => {
            (finding.reason.code(), Some(to_json(finding)), None)
        }
    };
    json!({
        "kind": rows_of(kind), "source": source, "id": id, "state": outcome.state().as_str(), "reason": reason,
        "finding": finding, "waits_for": waits_for, "waits": waits, "part": part.map(|part| part.0),
        "settles": hundredths(outcome.booked_by_hand()), "amount": amount.map(hundredths),
    })
}

/// The orders need no decision until the day that the decision names, or until there is news.
async fn end<T: Dialect>(db: &mut T, verdicts: &[&SettlementVerdict]) -> Result<()> {
    // A change of a document in this commit has counted as news. The order's revision stays: counted anew, it could
    // make an outdated decision look current.
    let rows: Vec<_> =
        verdicts.iter().map(|verdict| json!([verdict.order_id, verdict.settlement.again_on.map(begins)])).collect();
    let sql = format!(
        "UPDATE unsettled SET due_at = CAST(v.value ->> 1 AS BIGINT)
         FROM {} WHERE unsettled.order_id = v.value ->> 0",
        T::ROWS
    );
    db.execute(sql, &[(&to_json(&rows)).into()]).await?;
    Ok(())
}

/// The first moment of a day in Jakarta.
fn begins(day: Date) -> i64 {
    WIB.to_timestamp(day.at(0, 0, 0, 0)).map_or(0, micros)
}
