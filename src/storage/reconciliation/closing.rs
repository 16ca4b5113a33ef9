//! Findings that a person closes: one, or many with one reason.

use std::collections::HashSet;

use jiff::Timestamp;
use serde_json::json;

use super::findings::{conditions, one};
use crate::{
    domain::{
        order::OrderId,
        reconciliation::{Class, FindingState},
        timeline::Event,
    },
    storage::{
        Acted, ClosedFindings, Closing, FindingFilter, Result, StorageError,
        dialect::{Columns, Dialect},
        list::Binds,
        rows::{json as to_json, micros, order_id},
        timeline::append,
    },
};

/// Findings that are named although they were not closed.
const MOST_NAMED: i64 = 100;

/// What is needed of a finding that was closed.
const CLOSED: &str = "RETURNING id, class, order_id";

/// A person has dealt with a finding.
pub(in crate::storage) async fn close(
    db: &mut impl Dialect,
    id: i64,
    actor: &str,
    reason: &str,
    now: Timestamp,
) -> Result<Acted> {
    let sql = format!(
        "UPDATE findings SET state = 'closed', closed_at = $2, closed_by = $3, closed_reason = $4
         WHERE id = $1 AND state <> 'closed' {CLOSED}"
    );
    let rows = db.fetch(sql, &[id.into(), now.into(), actor.into(), reason.into()]).await?;
    if !rows.is_empty() {
        note(db, &rows, actor, reason, now).await?;
        return Ok(Acted::Done);
    }
    Ok(if one(db, id).await?.is_some() { Acted::NoLongerFits } else { Acted::Unknown })
}

/// Closes open findings, `step` of those that a filter shows at most.
pub(in crate::storage) async fn close_many<T: Dialect>(
    db: &mut T,
    which: Closing<'_>,
    actor: &str,
    reason: &str,
    now: Timestamp,
    step: i64,
) -> Result<ClosedFindings> {
    match which {
        Closing::Seen(seen) => close_seen(db, seen, actor, reason, now).await,
        Closing::Shown(filter) => {
            let mut binds = Binds::default();
            let (at, by, why) = (binds.number(micros(now)), binds.text(actor), binds.text(reason));
            let shown = open(filter, &mut binds);
            let step = binds.number(step);
            let sql = format!(
                "UPDATE findings SET state = 'closed', closed_at = {at}, closed_by = {by}, closed_reason = {why}
                 WHERE id IN (SELECT id FROM findings WHERE {shown} ORDER BY id LIMIT {step}) {CLOSED}"
            );
            let rows = db.fetch(sql, &binds.values()).await?;
            note(db, &rows, actor, reason, now).await?;
            Ok(ClosedFindings { closed: rows.len() as u64, ..ClosedFindings::default() })
        }
    }
}

async fn close_seen<T: Dialect>(
    db: &mut T,
    seen: &[(i64, Timestamp)],
    actor: &str,
    reason: &str,
    now: Timestamp,
) -> Result<ClosedFindings> {
    let cells: Vec<_> = seen.iter().map(|(id, changed_at)| json!([id, micros(*changed_at)])).collect();
    let sql = format!(
        "UPDATE findings SET state = 'closed', closed_at = $2, closed_by = $3, closed_reason = $4
         FROM {} WHERE findings.id = CAST(v.value ->> 0 AS BIGINT) AND changed_at = CAST(v.value ->> 1 AS BIGINT)
           AND state = 'open' {CLOSED}",
        T::ROWS
    );
    let rows = db.fetch(sql, &[(&to_json(&cells)).into(), now.into(), actor.into(), reason.into()]).await?;
    note(db, &rows, actor, reason, now).await?;
    let closed = rows.iter().map(|row| row.number("id")).collect::<Result<HashSet<_>>>()?;
    let left: Vec<_> = seen.iter().map(|(id, _)| *id).filter(|id| !closed.contains(id)).collect();
    let ids: Vec<_> = left.iter().map(|id| [id]).collect();
    let sql =
        format!("SELECT f.id FROM {} {} findings f ON f.id = CAST(v.value ->> 0 AS BIGINT)", T::ROWS, T::THEN_JOIN);
    let known = db.fetch(sql, &[(&to_json(&ids)).into()]).await?;
    let known = known.iter().map(|row| row.number("id")).collect::<Result<HashSet<_>>>()?;
    let (changed, unknown) = left.into_iter().partition(|id| known.contains(id));
    Ok(ClosedFindings { closed: closed.len() as u64, changed, unknown })
}

/// Open findings that a filter shows now, and that have changed since `seen`; the newest.
pub(in crate::storage) async fn changed_since(
    db: &mut impl Dialect,
    filter: &FindingFilter,
    seen: Timestamp,
) -> Result<Vec<i64>> {
    let mut binds = Binds::default();
    let shown = open(&FindingFilter { unchanged_since: None, ..filter.clone() }, &mut binds);
    let (seen, most) = (binds.number(micros(seen)), binds.number(MOST_NAMED));
    let sql = format!("SELECT id FROM findings WHERE {shown} AND changed_at > {seen} ORDER BY id DESC LIMIT {most}");
    db.fetch(sql, &binds.values()).await?.iter().map(|row| row.number("id")).collect()
}

/// How many open findings a filter shows.
pub(in crate::storage) async fn count(db: &mut impl Dialect, filter: &FindingFilter) -> Result<i64> {
    let mut binds = Binds::default();
    let shown = open(filter, &mut binds);
    let rows = db.fetch(format!("SELECT COUNT(*) AS n FROM findings WHERE {shown}"), &binds.values()).await?;
    rows.first().map(|row| row.number("n")).transpose().map(Option::unwrap_or_default)
}

/// What is true of the open findings that a filter shows.
fn open(filter: &FindingFilter, binds: &mut Binds) -> String {
    let open = FindingFilter { state: Some(FindingState::Open), ..filter.clone() };
    conditions(&open, binds).join(" AND ")
}

/// Adds the closing to the timelines of the orders that are known here.
async fn note<T: Dialect>(db: &mut T, closed: &[T::Row], actor: &str, reason: &str, now: Timestamp) -> Result<()> {
    let mut entries = Vec::with_capacity(closed.len());
    for row in closed.iter().filter(|row| row.text("order_id").is_ok_and(|id| !id.is_empty())) {
        let word = row.text("class")?;
        let unknown = || StorageError::Unreadable(format!("class of a finding {word:?}"));
        let class = Class::parse(word).ok_or_else(unknown)?;
        let event = Event::FindingClosed { class, actor: actor.to_owned(), reason: reason.to_owned() };
        entries.push((order_id(row)?, [event]));
    }
    if entries.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = entries.iter().map(|(id, _)| [id]).collect();
    let sql = format!("SELECT o.order_id FROM {} {} orders o ON o.order_id = v.value ->> 0", T::ROWS, T::THEN_JOIN);
    let known = db.fetch(sql, &[(&to_json(&ids)).into()]).await?;
    let known = known.iter().map(order_id).collect::<Result<HashSet<OrderId>>>()?;
    let entries = entries.iter().filter(|(id, _)| known.contains(id));
    append(db, entries.map(|(id, event)| (id, event.as_slice())), now).await
}
