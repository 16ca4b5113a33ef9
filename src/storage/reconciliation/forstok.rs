//! Orders that Forstok lists and that are missing here or out of date.

use std::collections::HashSet;

use jiff::Timestamp;

use super::{compared, conclude::write_findings, day, findings, runs};
use crate::{
    domain::{
        history::History,
        order::OrderId,
        reconciliation::{Action, Class, Facts, FindingState, Period},
        timeline::Event,
    },
    storage::{
        Acted, ForstokConclusion, Result, StorageError,
        dialect::{Columns, Dialect},
        rows::{from_json, json as to_json, json_column, storable},
        timeline::append,
    },
};

/// Classes that come from Forstok's orders; a comparison with Accurate says nothing about them.
pub(super) const CLASSES: &str = "'missed_webhook', 'stale'";

/// Findings that are examined at once.
const AT_ONCE: i64 = 500;

/// The oldest run whose comparison with Forstok's orders has not ended.
pub(in crate::storage) async fn next_part(db: &mut impl Dialect) -> Result<Option<(i64, Period)>> {
    let sql = "SELECT id, from_day, to_day FROM reconciliations
               WHERE asks_forstok = 1 AND forstok_ended_at IS NULL ORDER BY id LIMIT 1";
    let rows = db.fetch(sql, &[]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some((row.number("id")?, Period { from: day(row, "from_day")?, to: day(row, "to_day")? })))
}

/// Ends the comparison with Forstok's orders. Findings stay open until their order arrives or a person closes them,
/// even if Forstok no longer lists the order.
pub(in crate::storage) async fn conclude<T: Dialect>(
    db: &mut T,
    run: i64,
    conclusion: &ForstokConclusion,
    now: Timestamp,
) -> Result<()> {
    let sql = "UPDATE reconciliations SET forstok_ended_at = $2, forstok_orders = $3, forstok_failure = $4
               WHERE id = $1 AND asks_forstok = 1 AND forstok_ended_at IS NULL RETURNING from_day, to_day";
    let orders = i64::try_from(conclusion.orders).unwrap_or(i64::MAX);
    let failure = conclusion.incomplete.as_deref().map(storable).unwrap_or_default();
    // Another replica may have ended it.
    let rows = db.fetch(sql, &[run.into(), now.into(), orders.into(), (&*failure).into()]).await?;
    let Some(row) = rows.first() else { return Ok(()) };
    let period = Period { from: day(row, "from_day")?, to: day(row, "to_day")? };
    compared::note(db, compared::FORSTOK, period, conclusion.incomplete.as_ref()).await?;
    for (book, found) in &conclusion.findings {
        write_findings(db, book, run, found, now).await?;
    }
    // What has arrived while the list was read.
    let mut after = 0;
    loop {
        let sql = format!(
            "SELECT id, order_id FROM findings WHERE state = 'open' AND class IN ({CLASSES}) AND id > $1
             ORDER BY id LIMIT $2"
        );
        let rows = db.fetch(sql, &[after.into(), AT_ONCE.into()]).await?;
        let Some(last) = rows.last() else { break };
        after = last.number("id")?;
        let orders = rows.iter().map(|row| Ok(row.text("order_id")?.to_owned())).collect::<Result<HashSet<_>>>()?;
        release(db, orders.iter().map(String::as_str)).await?;
    }
    runs::end_if_done(db, run, now).await
}

/// Findings about these orders are gone if what Forstok listed has arrived by now.
pub(in crate::storage) async fn arrived<T: Dialect>(
    db: &mut T,
    orders: impl Iterator<Item = &OrderId> + Send,
) -> Result<()> {
    // There is none as a rule.
    let sql = format!("SELECT 1 AS one FROM finding_counts WHERE state = 'open' AND class IN ({CLASSES}) AND n > 0");
    if db.fetch(sql, &[]).await?.is_empty() {
        return Ok(());
    }
    release(db, orders.map(OrderId::as_str)).await
}

async fn release<T: Dialect>(db: &mut T, orders: impl Iterator<Item = &str> + Send) -> Result<()> {
    let ids: Vec<_> = orders.map(|id| [id]).collect();
    let sql = format!(
        "SELECT f.id, f.class, f.facts, o.history
         FROM {} {then} findings f ON f.order_id = v.value ->> 0 AND f.order_id <> '' AND f.class IN ({CLASSES})
             AND f.state = 'open'
         {then} orders o ON o.order_id = f.order_id",
        T::ROWS,
        then = T::THEN_JOIN
    );
    let mut gone: [Vec<[i64; 1]>; 2] = Default::default();
    for row in &db.fetch(sql, &[(&to_json(&ids)).into()]).await? {
        let word = row.text("class")?;
        let class = Class::parse(word).ok_or_else(|| StorageError::Unreadable(format!("class {word:?}")))?;
        let facts: Facts = json_column(row, "facts")?;
        let history: History = from_json(row.text("history")?)?;
        if facts.forstok.is_none_or(|listed| listed.has_arrived(class, history.progress())) {
            gone[usize::from(class == Class::Stale)].push([row.number("id")?]);
        }
    }
    // One class after the other, as they are counted, so that two replicas cannot deadlock.
    for ids in gone.iter().filter(|ids| !ids.is_empty()) {
        let sql = format!(
            "UPDATE findings SET state = '{}' WHERE id IN (SELECT CAST(v.value ->> 0 AS BIGINT) FROM {})
                 AND state = 'open'",
            FindingState::Gone.as_str(),
            T::ROWS
        );
        db.execute(sql, &[(&to_json(ids)).into()]).await?;
    }
    Ok(())
}

/// The order of a finding has been imported: the finding is gone, and the order's timeline says who did it.
pub(in crate::storage) async fn note_import<T: Dialect>(
    db: &mut T,
    id: i64,
    actor: &str,
    reason: &str,
    now: Timestamp,
) -> Result<Acted> {
    let Some(finding) = findings::one(db, id).await? else { return Ok(Acted::Unknown) };
    let action = Action::ImportOrder;
    let fits = Action::fitting(finding.class).contains(&action) && finding.state != FindingState::Closed;
    let (true, Some(order_id)) = (fits, finding.order_id) else { return Ok(Acted::NoLongerFits) };
    let events =
        [Event::FindingActed { class: finding.class, action, actor: actor.to_owned(), reason: reason.to_owned() }];
    append(db, std::iter::once((&order_id, events.as_slice())), now).await?;
    let sql = format!(
        "UPDATE findings SET state = '{}', closed_at = $2, closed_by = $3, closed_reason = $4 WHERE id = $1",
        FindingState::Gone.as_str()
    );
    let reason = if reason.is_empty() { action.as_str() } else { reason };
    db.execute(sql, &[id.into(), now.into(), actor.into(), reason.into()]).await?;
    Ok(Acted::Done)
}
