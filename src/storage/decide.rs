//! Orders with news, and what was decided about them.

use std::collections::HashSet;

use jiff::Timestamp;
use serde_json::json;

use super::{
    Filter, News, Result, Saves, Undecided, UnreadableOrder, Verdict,
    dialect::{Columns, Dialect},
    fold::{BODY_BYTES, LARGEST_READ, first_by_size},
    list::{Binds, conditions},
    rows::{
        hundredths, json as to_json, json_column, micros, moment, optional_json, order_id, reason, state, subject_of,
        timestamp,
    },
    timeline::append,
};
use crate::domain::{order::OrderId, reason::Reason, timeline::Event};

pub(super) async fn undecided<T: Dialect>(db: &mut T, now: Timestamp, limit: i64) -> Result<News> {
    // The body is looked up for each order that is given; joined, all deliveries might be read for it.
    let sizes = format!(
        "SELECT o.id, (SELECT {BODY_BYTES} FROM deliveries d WHERE d.id = o.latest_delivery) AS bytes FROM orders o
         WHERE o.undecided = 1 AND o.lease_until <= $1 AND NOT (o.state = 'due' AND o.doubt_since <> 0)
         ORDER BY o.id LIMIT $2"
    );
    let rows = db.fetch(sizes, &[now.into(), limit.into()]).await?;
    let ids = first_by_size(&rows, LARGEST_READ)?;
    let sql = format!(
        "SELECT o.order_id, o.revision, o.state, o.history, o.received_at, o.draft, o.reason, o.findings,
                o.warnings, o.store_id, o.ordered_at, o.deletion_tried, o.decision,
                o.doubt_since, o.attempt,
                (SELECT d.body FROM deliveries d WHERE d.id = o.latest_delivery) AS body,
                (SELECT d.received_at FROM deliveries d WHERE d.id = o.latest_delivery) AS body_received_at,
                CASE WHEN o.invoice_id IS NOT NULL AND o.state <> 'voided' THEN o.invoice_id END AS standing
         FROM {} {} orders o ON o.id = CAST(v.value ->> 0 AS BIGINT)
         WHERE o.undecided = 1 AND o.lease_until <= $2 AND NOT (o.state = 'due' AND o.doubt_since <> 0)
         ORDER BY o.id",
        T::ROWS,
        T::THEN_JOIN
    );
    let mut news = News::default();
    for row in &db.fetch(sql, &[(&to_json(&ids)).into(), now.into()]).await? {
        // One order that cannot be read must not keep all others from being decided.
        match read_undecided(row) {
            Ok(order) => news.orders.push(order),
            Err(problem) => news.unreadable.push(UnreadableOrder {
                order_id: order_id(row)?,
                revision: row.number("revision")?,
                problem: problem.to_string(),
            }),
        }
    }
    Ok(news)
}

fn read_undecided(row: &impl Columns) -> Result<Undecided> {
    Ok(Undecided {
        order_id: order_id(row)?,
        revision: row.number("revision")?,
        state: state(row)?,
        history: json_column(row, "history")?,
        body: row.bytes_if_any("body")?,
        store_id: row.text("store_id")?.to_owned(),
        ordered_at: moment(row, "ordered_at")?,
        received_at: timestamp(row.number("received_at")?)?,
        body_received_at: moment(row, "body_received_at")?,
        deletion_tried: row.number("deletion_tried")? == 1,
        draft: optional_json(row, "draft")?,
        reason: reason(row)?,
        findings: json_column(row, "findings")?,
        invoice_stands: row.number_if_any("standing")?.is_some(),
        saves: match (row.number("doubt_since")?, row.number("attempt")?) {
            (0, 0) => Saves::NoneSent,
            (0, _) => Saves::AccountedFor,
            _ => Saves::InDoubt,
        },
        warnings: json_column(row, "warnings")?,
        manual: optional_json(row, "decision")?,
    })
}

pub(super) async fn decide<T: Dialect>(db: &mut T, verdicts: &[Verdict], now: Timestamp) -> Result<HashSet<OrderId>> {
    let rows: Vec<_> = verdicts
        .iter()
        .map(|verdict| {
            json!([
                verdict.order_id,
                verdict.revision,
                verdict.state.as_str(),
                verdict.reason.map_or("", Reason::code),
                to_json(&verdict.findings),
                to_json(&verdict.warnings),
                verdict.mapping_revision,
                verdict.draft.as_ref().map(|draft| &draft.book),
                verdict.draft.as_ref().map(to_json),
                subject_of(&verdict.findings),
                verdict.draft.as_ref().map(|draft| hundredths(draft.total)),
                i64::from(verdict.look_up_first),
            ])
        })
        .collect();
    let sql = format!(
        "UPDATE orders SET
             undecided = CAST(v.value ->> 11 AS BIGINT), failures = 0, changed_at = $2, recheck_at = 0,
             doubt_since = CASE WHEN CAST(v.value ->> 11 AS BIGINT) = 1 AND doubt_since = 0 THEN 1 ELSE doubt_since END,
             waits_for = CASE WHEN v.value ->> 2 = 'blocked' THEN '' ELSE waits_for END,
             state = v.value ->> 2, reason = v.value ->> 3, findings = v.value ->> 4, warnings = v.value ->> 5,
             mapping_revision = CAST(v.value ->> 6 AS BIGINT), book = COALESCE(v.value ->> 7, book),
             draft = COALESCE(v.value ->> 8, draft), subject = v.value ->> 9,
             deletion_tried = CASE WHEN state = 'void_due' THEN deletion_tried ELSE 0 END,
             failed_checks = CASE WHEN v.value ->> 8 <> draft THEN 0 ELSE failed_checks END,
             amount = COALESCE(CAST(v.value ->> 10 AS BIGINT), amount),
             invoice_number = {kept} invoice_number END, invoice_id = {kept} invoice_id END,
             invoice_total = {kept} invoice_total END, invoiced_at = {kept} invoiced_at END,
             due_since = CASE WHEN v.value ->> 2 <> 'due' THEN NULL
                              WHEN state = 'due' THEN due_since ELSE $2 END,
             next_attempt_at = CASE WHEN v.value ->> 2 NOT IN ('due', 'void_due') THEN 0
                                    WHEN state = v.value ->> 2 THEN next_attempt_at ELSE $2 END
         FROM {rows}
         WHERE orders.order_id = v.value ->> 0 AND orders.revision = CAST(v.value ->> 1 AS BIGINT) AND undecided = 1
           AND lease_until <= $2 AND NOT (state = 'due' AND doubt_since <> 0)
           AND CAST(v.value ->> 6 AS BIGINT) = (SELECT COALESCE(MAX(revision), 0) FROM mappings)
         RETURNING order_id",
        rows = T::ROWS,
        // A deleted invoice is forgotten by an order that goes on.
        kept = "CASE WHEN state <> 'voided' OR v.value ->> 2 = 'voided' THEN",
    );
    let decided = db.fetch(sql, &[(&to_json(&rows)).into(), now.into()]).await?;
    let decided = decided.iter().map(order_id).collect::<Result<HashSet<_>>>()?;
    let taken = verdicts.iter().filter(|verdict| decided.contains(&verdict.order_id));
    append(db, taken.map(|verdict| (&verdict.order_id, verdict.events.as_slice())), now).await?;
    Ok(decided)
}

/// Blocked orders are decided again; waiting ones go at once. Nothing leased is touched. Where only a person could
/// look for an invoice under another number, the retry says that there is none.
const REARM: &str = "UPDATE orders SET
        undecided = CASE WHEN state = 'blocked' THEN 1 ELSE undecided END,
        revision = revision + 1, failures = 0,
        next_attempt_at = CASE WHEN state = 'blocked' THEN next_attempt_at ELSE $1 END,
        doubt_since = CASE WHEN state = 'blocked' AND findings LIKE '%\"kind\":\"not_searchable\"%' THEN 0
                            ELSE doubt_since END
     WHERE state IN ('blocked', 'due', 'void_due') AND lease_until <= $1";

pub(super) async fn rearm<T: Dialect>(db: &mut T, filter: &Filter, actor: &str, now: Timestamp) -> Result<u64> {
    let mut binds = Binds::default();
    binds.number(micros(now));
    let Some(conditions) = conditions(db, filter, &mut binds).await? else { return Ok(0) };
    let rows = db.fetch(format!("{REARM} AND {conditions} RETURNING order_id"), &binds.values()).await?;
    let ids = rows.iter().map(order_id).collect::<Result<Vec<_>>>()?;
    let events = [Event::Rearmed { actor: actor.to_owned() }];
    append(db, ids.iter().map(|id| (id, events.as_slice())), now).await?;
    Ok(ids.len() as u64)
}

pub(super) async fn rearm_one(
    db: &mut impl Dialect,
    order_id: &OrderId,
    actor: &str,
    now: Timestamp,
) -> Result<Option<u64>> {
    let known = db.fetch("SELECT order_id FROM orders WHERE order_id = $1", &[order_id.into()]).await?;
    if known.is_empty() {
        return Ok(None);
    }
    let sql = format!("{REARM} AND order_id = $2");
    let rearmed = db.execute(sql, &[now.into(), order_id.into()]).await?;
    if rearmed > 0 {
        let events = [Event::Rearmed { actor: actor.to_owned() }];
        append(db, std::iter::once((order_id, events.as_slice())), now).await?;
    }
    Ok(Some(rearmed))
}
