//! What people decide about one order, and what they acknowledge.

use jiff::Timestamp;

use super::{
    Acknowledgement, ManualChange, Result, State, Written,
    dialect::{Columns, Dialect},
    rows::{json as to_json, json_column, optional_json, reason, state},
    timeline::append,
};
use crate::domain::{
    history::History,
    manual::{Invoice, Manual, ManualDecision, Situation},
    order::OrderId,
    reason::{OrderWarning, Reason, Warning},
    timeline::Event,
};

pub(super) async fn decide(
    db: &mut impl Dialect,
    order_id: &OrderId,
    change: &ManualChange,
    now: Timestamp,
) -> Result<Written> {
    let sql = "SELECT state, reason, invoice_id, history, decision,
                      (SELECT d.doubt_since FROM documents d
                       WHERE d.order_id = orders.order_id AND d.kind = 'invoice' AND d.part = 0) AS doubt_since
               FROM orders WHERE order_id = $1";
    let rows = db.fetch(sql, &[order_id.into()]).await?;
    let Some(row) = rows.first() else { return Ok(Written::Unknown) };
    let (state, history): (_, History) = (state(row)?, json_column(row, "history")?);
    let current: Option<ManualDecision> = optional_json(row, "decision")?;
    let invoice = match (state, row.number_if_any("invoice_id")?) {
        (State::VoidDue, _) => Invoice::Deleting,
        (State::Voided, _) => Invoice::Deleted,
        (_, Some(_)) => Invoice::Exists,
        (_, None) if row.number_if_any("doubt_since")?.is_some_and(|since| since > 0) => Invoice::Unsure,
        (_, None) => Invoice::Missing,
    };
    // An order that went on after it was cancelled is for a person to decide about.
    let is_contradicted = reason(row)? == Some(Reason::ProgressedAfterCancel);
    let cancelled = history.cancelled_at.is_some() && !is_contradicted;
    let situation = Situation { invoice, cancelled };
    let ManualChange { decision, reason, document, actor } = change.clone();
    let wanted = decision.map(|decision| {
        let (reason, document, actor) = (reason.clone(), document.clone(), actor.clone());
        ManualDecision { decision, reason, document, actor, at: now }
    });
    let is_known = match (&current, &wanted) {
        (Some(current), Some(wanted)) => current.says_the_same_as(wanted),
        (current, wanted) => current.is_none() && wanted.is_none(),
    };
    if is_known {
        return Ok(Written::Unchanged);
    }
    if let Err(refused) = situation.allows(decision) {
        return Ok(Written::Refused(refused));
    }
    // Decided like any other news: an order whose save may still arrive is looked up first.
    let sql = "UPDATE orders SET decision = CASE WHEN $2 = '' THEN NULL ELSE $2 END, undecided = 1,
                      revision = revision + 1, changed_at = $3
               WHERE order_id = $1";
    let json = wanted.as_ref().map(to_json).unwrap_or_default();
    db.execute(sql, &[order_id.into(), (&json).into(), now.into()]).await?;
    if decision == Some(Manual::Undo) {
        // What was approved is deleted: whether it is booked again on another invoice is for a person to say.
        let sql = "UPDATE settlement_rows SET approved_at = NULL, approved_by = ''
                   WHERE order_id = $1 AND order_id <> '' AND approved_at IS NOT NULL";
        db.execute(sql, &[order_id.into()]).await?;
    }
    let events = [Event::Decided { decision, reason, document, actor }];
    append(db, std::iter::once((order_id, events.as_slice())), now).await?;
    Ok(Written::Changed)
}

pub(super) async fn acknowledge(
    db: &mut impl Dialect,
    order_id: &OrderId,
    warning: Warning,
    actor: &str,
    now: Timestamp,
) -> Result<Written> {
    let rows = db.fetch("SELECT warnings, acknowledged FROM orders WHERE order_id = $1", &[order_id.into()]).await?;
    let Some(row) = rows.first() else { return Ok(Written::Unknown) };
    let warnings: Vec<OrderWarning> = json_column(row, "warnings")?;
    let mut acknowledged: Vec<Acknowledgement> = json_column(row, "acknowledged")?;
    let present: Vec<_> = warnings.into_iter().filter(|one| one.warning == warning).collect();
    if present.is_empty() {
        return Ok(Written::Unknown);
    }
    let is_known =
        |one: &OrderWarning| acknowledged.iter().any(|known| known.warning == one.warning && known.about == one.about);
    let new: Vec<_> = present.iter().filter(|one| !is_known(one)).cloned().collect();
    if new.is_empty() {
        return Ok(Written::Unchanged);
    }
    // What it was about before is of no more use.
    acknowledged.retain(|known| known.warning != warning || present.iter().any(|one| one.about == known.about));
    acknowledged.extend(new.into_iter().map(|OrderWarning { warning, about }| Acknowledgement {
        warning,
        about,
        actor: actor.to_owned(),
        at: now,
    }));
    let sql = "UPDATE orders SET acknowledged = $2 WHERE order_id = $1";
    db.execute(sql, &[order_id.into(), (&to_json(&acknowledged)).into()]).await?;
    let events = [Event::Acknowledged { warning, actor: actor.to_owned() }];
    append(db, std::iter::once((order_id, events.as_slice())), now).await?;
    Ok(Written::Changed)
}
