//! Leases, attempts and their outcomes.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{
    Claim, Claimable, Counted, InvoiceRef, Lane, LongestWaits, Outcome, Result, Settled, Settlement, State,
    StorageError, Trouble, Wanted,
    dialect::{Columns, Dialect, Value},
    rows::{hundredths, json as to_json, json_column, micros, order_id, state, storable, subject_of, timestamp},
    timeline::{append, append_entries},
};
use crate::domain::{
    doubt::{Doubt, Remaining, SAVE_IS_OVER},
    money::Rupiah,
    order::OrderId,
    recheck::{Subject, next_recheck_after},
    timeline::Event,
};

/// Which lane an order is in: word for word the expression of the index `orders_by_lane`.
const LANE: &str = "(CASE WHEN state = 'void_due' THEN 2 WHEN tries > 0 THEN 1 ELSE 0 END)";

/// News is decided about first, for it may call off a deletion; unless an invoice may already exist: then only a
/// look at Accurate can tell.
const MAY_BE_CLAIMED: &str = "(undecided = 0 OR (state = 'due' AND doubt_since <> 0))";

/// Ids of orders of one lane in the order of their time, where `$1` is the book and `$2` the moment.
fn ids(lane: Lane, has_come: &str, direction: &str, limit: &str) -> String {
    let lane = lane as usize;
    format!(
        "SELECT order_id FROM orders
         WHERE book = $1 AND state IN ('due', 'void_due') AND {LANE} = {lane} AND {has_come} <= $2 AND {MAY_BE_CLAIMED}
         ORDER BY next_attempt_at {direction} LIMIT {limit}"
    )
}

pub(super) async fn claimable(db: &mut impl Dialect, book: &str, now: Timestamp, most: i64) -> Result<Claimable> {
    let count = |lane: Lane| {
        let ids = ids(lane, "next_attempt_at", "ASC", "$3");
        format!("(SELECT COUNT(*) FROM ({ids}) AS lane{n}) AS n{n}", n = lane as usize)
    };
    let sql = format!("SELECT {}", Lane::ALL.map(count).join(", "));
    let rows = db.fetch(sql, &[book.into(), now.into(), most.into()]).await?;
    let Some(row) = rows.first() else { return Ok(Claimable::default()) };
    Ok(Claimable::new([row.number("n0")?, row.number("n1")?, row.number("n2")?]))
}

pub(super) async fn claim<T: Dialect>(
    db: &mut T,
    book: &str,
    wanted: Wanted,
    now: Timestamp,
    lease_until: Timestamp,
) -> Result<Vec<Claim>> {
    let (ids, limit) = match wanted {
        Wanted::Due { lane, newest_first, limit } => {
            (ids(lane, "next_attempt_at", if newest_first { "DESC" } else { "ASC" }, "$4"), limit)
        }
        Wanted::Probe => {
            // What was tried before is nearest to its end.
            let first = [(Lane::Again, 1), (Lane::Fresh, 2), (Lane::Void, 3)].map(|(lane, turn)| {
                let first = ids(lane, "lease_until", "ASC", "1");
                format!("SELECT {turn} AS turn, order_id FROM ({first}) AS lane{turn}")
            });
            let first = first.join(" UNION ALL ");
            (format!("SELECT order_id FROM ({first}) AS firsts ORDER BY turn LIMIT $4"), 1)
        }
    };
    let which = format!("order_id IN ({ids})");
    take(db, &which, now, lease_until, &[book.into(), now.into(), lease_until.into(), limit.into()]).await
}

pub(super) async fn claim_blocked<T: Dialect>(
    db: &mut T,
    order_id: &OrderId,
    now: Timestamp,
    lease_until: Timestamp,
) -> Result<Option<Claim>> {
    let which = "order_id = $1 AND state = 'blocked' AND doubt_since <> 0 AND undecided = 0 AND lease_until <= $2
                 AND invoice_id IS NULL";
    let claims = take(db, which, now, lease_until, &[order_id.into(), now.into(), lease_until.into()]).await?;
    Ok(claims.into_iter().next())
}

/// Leases orders and writes the intent of each attempt; `$2` is the moment, `$3` the end of the leases.
async fn take<T: Dialect>(
    db: &mut T,
    which: &str,
    now: Timestamp,
    lease_until: Timestamp,
    values: &[Value<'_>],
) -> Result<Vec<Claim>> {
    // As long as a save is in doubt no deletion is tried; an earlier attempt may have tried one.
    //
    // An attempt whose end is not known may have sent its save at any moment of its lease, hence the end of it by the
    // database's clock. Where nothing is saved the doubt stays as it is.
    let sql = format!(
        "UPDATE orders SET
             attempt = attempt + 1, tries = tries + 1,
             doubt_before = {least}(doubt_since, {now}),
             doubt_since = CASE WHEN state = 'due' THEN {now} + ($3 - $2) ELSE doubt_since END,
             deletion_tried = CASE WHEN state <> 'void_due' THEN 0
                                   WHEN doubt_since = 0 OR {now} - {least}(doubt_since, {now}) >= {over} THEN 1
                                   ELSE deletion_tried END,
             lease_until = $3, next_attempt_at = CASE WHEN state = 'blocked' THEN next_attempt_at ELSE $3 END
         WHERE {which}
         RETURNING order_id, attempt, revision, tries, failures, state, undecided, draft, warnings, findings, received_at,
                   waits_for, failed_checks, trouble, invoice_id, invoice_number, id,
                   CASE WHEN doubt_before <> 0 THEN {now} - doubt_before END AS doubt_age,
                   CASE WHEN invoice_shown_at <> 0 THEN {now} - invoice_shown_at END AS invoice_age",
        least = T::LEAST,
        over = SAVE_IS_OVER.as_micros(),
        now = db.now("$2"),
    );
    let mut rows = db.fetch(sql, values).await?;
    // A database returns them as it pleases.
    rows.sort_by_cached_key(|row| row.number("id").unwrap_or_default());
    let claims = rows.iter().map(|row| read_claim(row, lease_until)).collect::<Result<Vec<_>>>()?;
    let intents: Vec<_> = claims
        .iter()
        .map(|claim| {
            let ours = &claim.draft.body.number;
            let number = claim.invoice.as_ref().map_or(ours, |invoice| &invoice.number).clone();
            (&claim.order_id, [Event::Attempt { attempt: claim.earlier_tries + 1, number }])
        })
        .collect();
    append(db, intents.iter().map(|(id, events)| (*id, events.as_slice())), now).await?;
    Ok(claims)
}

fn read_claim(row: &impl Columns, lease_until: Timestamp) -> Result<Claim> {
    let attempt = row.number("attempt")?;
    let number = row.text_if_any("invoice_number")?.map(str::to_owned);
    let invoice = number.zip(row.number_if_any("invoice_id")?);
    Ok(Claim {
        order_id: order_id(row)?,
        attempt,
        lease_until,
        earlier_tries: row.number("tries")? - 1,
        failures: row.number("failures")?,
        state: state(row)?,
        undecided: row.number("undecided")? == 1,
        revision: row.number("revision")?,
        draft: json_column(row, "draft")?,
        invoice: invoice.map(|(number, id)| InvoiceRef { number, id }),
        invoice_age: age(row, "invoice_age")?,
        findings: json_column(row, "findings")?,
        trouble: Trouble { looks: row.number("failed_checks")?, words: row.text("trouble")?.to_owned() },
        warnings: json_column(row, "warnings")?,
        received_at: timestamp(row.number("received_at")?)?,
        waits_for: Subject::parse(row.text("waits_for")?),
        doubt: Doubt::of_age(age(row, "doubt_age")?, attempt - 1),
    })
}

/// How long ago something was; a clock that was set back does not make it lie ahead.
fn age(row: &impl Columns, column: &str) -> Result<Option<SignedDuration>> {
    Ok(row.number_if_any(column)?.map(|micros| SignedDuration::from_micros(micros.max(0))))
}

/// Writes outcomes. What was decided about an order before its outcome was known changes nothing any more: a clock that
/// was set forward has leases seem over while their calls are under way.
pub(super) async fn settle<T: Dialect>(db: &mut T, settlements: &[Settlement], now: Timestamp) -> Result<Vec<Settled>> {
    let owners = owners(db, settlements).await?;
    let free: Vec<_> = settlements.iter().filter(|settlement| !owners.contains_key(&settlement.order_id)).collect();
    let rows: Vec<_> = free.iter().map(|settlement| settled_row(settlement, now)).collect();
    let sql = format!(
        "UPDATE orders SET
             lease_until = 0, changed_at = $2, revision = revision + 1,
             state = COALESCE(v.value ->> 'state', state),
             reason = v.value ->> 'reason',
             findings = v.value ->> 'findings', subject = v.value ->> 'subject',
             amount = COALESCE(CAST(v.value ->> 'amount' AS BIGINT), amount),
             waits_for = CASE WHEN v.value ->> 'state' IS NULL THEN waits_for
                              ELSE COALESCE(v.value ->> 'waits_for', '') END,
             recheck_at = CAST(v.value ->> 'recheck_at' AS BIGINT),
             warnings = v.value ->> 'warnings',
             doubt_since = CASE v.value ->> 'doubt' WHEN 'now' THEN {now} WHEN 'before' THEN doubt_before
                                                     WHEN 'look_up' THEN {greatest}(doubt_before, 1) ELSE 0 END,
             next_attempt_at = CAST(v.value ->> 'next_attempt_at' AS BIGINT),
             tries = tries - CAST(v.value ->> 'uncounted' AS BIGINT),
             failures = failures * CAST(v.value ->> 'in_a_row' AS BIGINT) + CAST(v.value ->> 'failed' AS BIGINT),
             failed_checks = CAST(v.value ->> 'failed_checks' AS BIGINT), trouble = v.value ->> 'trouble',
             undecided = CASE WHEN revision = CAST(v.value ->> 'settles' AS BIGINT) THEN 0
                              ELSE {greatest}(undecided, CAST(v.value ->> 'reconsider' AS BIGINT)) END,
             due_since = CASE WHEN v.value ->> 'state' IS NULL THEN due_since END,
             invoice_number = COALESCE(v.value ->> 'number', invoice_number),
             invoice_id = COALESCE(CAST(v.value ->> 'id' AS BIGINT), invoice_id),
             invoice_total = COALESCE(v.value ->> 'total', invoice_total),
             invoiced_at = CASE WHEN v.value ->> 'id' IS NULL THEN invoiced_at ELSE $2 END,
             invoice_shown_at = CASE WHEN v.value ->> 'id' IS NULL THEN invoice_shown_at ELSE {now} END
         FROM {rows}
         WHERE orders.order_id = v.value ->> 'order_id' AND orders.attempt = CAST(v.value ->> 'attempt' AS BIGINT)
           AND lease_until > 0
         RETURNING order_id",
        greatest = T::GREATEST,
        rows = T::ROWS,
        now = db.now("$2"),
    );
    let settled = db.fetch(sql, &[(&to_json(&rows)).into(), now.into()]).await?;
    let taken = settled.iter().map(order_id).collect::<Result<HashSet<_>>>()?;
    begin_waits(db, settlements, &taken, now).await?;
    let entries = settlements
        .iter()
        .filter(|settlement| taken.contains(&settlement.order_id))
        .map(|settlement| (&settlement.order_id, settlement.entries.as_slice()));
    append_entries(db, entries).await?;
    let what = |settlement: &Settlement| match owners.get(&settlement.order_id) {
        Some(owner) => Settled::InvoiceOf(owner.clone()),
        None if taken.contains(&settlement.order_id) => Settled::Written,
        None => Settled::Late,
    };
    Ok(settlements.iter().map(what).collect())
}

/// Orders to be settled with an invoice that belongs to another order, with that other one.
///
/// Nobody else writes meanwhile, so the unique index `orders_by_invoice` never has to refuse what passes here.
async fn owners<T: Dialect>(db: &mut T, settlements: &[Settlement]) -> Result<HashMap<OrderId, OrderId>> {
    let mut first = HashMap::new();
    let mut owners = HashMap::new();
    for settlement in settlements {
        if let Outcome::Invoiced { invoice } = &settlement.outcome {
            let owner = first.entry(invoice.id).or_insert(&settlement.order_id);
            if **owner != settlement.order_id {
                owners.insert(settlement.order_id.clone(), (*owner).clone());
            }
        }
    }
    if first.is_empty() {
        return Ok(owners);
    }
    let rows: Vec<_> = first.iter().map(|(id, order_id)| json!([order_id, id])).collect();
    let join = T::THEN_JOIN;
    let sql = format!(
        "SELECT mine.order_id AS mine, other.order_id AS other
         FROM {} {join} orders mine ON mine.order_id = v.value ->> 0
         {join} orders other ON other.book = mine.book AND other.invoice_id = CAST(v.value ->> 1 AS BIGINT)
             AND other.invoice_id IS NOT NULL AND other.state <> 'voided' AND other.order_id <> mine.order_id",
        T::ROWS
    );
    for row in db.fetch(sql, &[(&to_json(&rows)).into()]).await? {
        let id = |column| OrderId::parse(row.text(column)?).ok_or_else(|| StorageError::Unreadable(column.to_owned()));
        owners.insert(id("mine")?, id("other")?);
    }
    Ok(owners)
}

/// What an order now waits for is looked at from now on, once for all that wait for it.
async fn begin_waits(
    db: &mut impl Dialect,
    settlements: &[Settlement],
    taken: &HashSet<OrderId>,
    now: Timestamp,
) -> Result<()> {
    for settlement in settlements.iter().filter(|settlement| taken.contains(&settlement.order_id)) {
        if let Outcome::Blocked { waits_for: Some(subject), .. } = &settlement.outcome {
            let sql = "INSERT INTO rechecks (book, subject, next_at)
                       SELECT book, $2, $3 FROM orders WHERE order_id = $1 ON CONFLICT (book, subject) DO NOTHING";
            let (subject, at) = (storable(&subject.to_string()).into_owned(), now + next_recheck_after(0));
            db.execute(sql, &[(&settlement.order_id).into(), (&subject).into(), at.into()]).await?;
        }
    }
    Ok(())
}

/// The columns that an outcome sets; a missing `state` leaves the order where it stands.
fn settled_row(settlement: &Settlement, now: Timestamp) -> serde_json::Value {
    let doubt = match settlement.doubt().remaining() {
        Remaining::Nothing => "nothing",
        Remaining::LookUp => "look_up",
        Remaining::AsBefore => "before",
        Remaining::SinceNow => "now",
    };
    let mut row = json!({
        "order_id": settlement.order_id, "attempt": settlement.attempt, "warnings": to_json(&settlement.warnings),
        "doubt": doubt, "failed_checks": settlement.trouble.looks, "trouble": settlement.trouble.words,
        "reason": "", "findings": "[]", "subject": "", "recheck_at": 0, "settles": -1,
        "next_attempt_at": 0, "uncounted": 0, "failed": 0, "in_a_row": 1, "reconsider": 0,
    });
    match &settlement.outcome {
        Outcome::Invoiced { invoice } => {
            row["state"] = json!(State::Invoiced.as_str());
            row["number"] = json!(invoice.number);
            row["id"] = json!(invoice.id);
            row["total"] = json!(invoice.total.normalize().to_string());
            row["amount"] = json!(hundredths(Rupiah::from_decimal(invoice.total)));
        }
        Outcome::Blocked { findings, waits_for, recheck_after } => {
            row["waits_for"] = json!(waits_for.as_ref().map(ToString::to_string));
            row["state"] = json!(State::Blocked.as_str());
            row["settles"] = json!(settlement.revision);
            row["reason"] = json!(findings.first().map_or("", |finding| finding.reason.code()));
            row["findings"] = json!(to_json(findings));
            row["subject"] = json!(subject_of(findings));
            row["recheck_at"] = json!(recheck_after.map_or(0, |after| micros(now + after)));
        }
        Outcome::Postponed { until, counted } => {
            row["next_attempt_at"] = json!(micros(*until));
            row["uncounted"] = json!(i32::from(*counted != Counted::Yes));
            row["failed"] = json!(i32::from(*counted == Counted::Yes));
            row["in_a_row"] = json!(i32::from(*counted != Counted::WentWell));
        }
        Outcome::Reconsider => {
            row["next_attempt_at"] = json!(micros(now));
            row["reconsider"] = json!(1);
        }
        Outcome::Voided { .. } => {
            row["state"] = json!(State::Voided.as_str());
            // What came while it was deleted may want a person to look.
            row["reconsider"] = json!(1);
        }
    }
    row
}

pub(super) async fn next_attempt_at(db: &mut impl Dialect, book: &str) -> Result<Option<Timestamp>> {
    let earliest = Lane::ALL.map(|lane| {
        let lane = lane as usize;
        format!(
            "SELECT MIN(next_attempt_at) AS at FROM orders
             WHERE book = $1 AND state IN ('due', 'void_due') AND {LANE} = {lane}"
        )
    });
    let sql = format!("SELECT MIN(at) AS at FROM ({}) AS lanes", earliest.join(" UNION ALL "));
    let rows = db.fetch(sql, &[book.into()]).await?;
    let at = rows.first().map(|row| row.number_if_any("at")).transpose()?.flatten();
    at.map(timestamp).transpose()
}

pub(super) async fn hasten(db: &mut impl Dialect, book: &str, now: Timestamp) -> Result<u64> {
    let sql = "UPDATE orders SET next_attempt_at = $2
               WHERE book = $1 AND state IN ('due', 'void_due') AND next_attempt_at > $2 AND lease_until = 0";
    db.execute(sql, &[book.into(), now.into()]).await
}

pub(super) async fn hasten_one<T: Dialect>(db: &mut T, order_id: &OrderId, now: Timestamp) -> Result<u64> {
    let sql = format!(
        "UPDATE orders SET next_attempt_at = {}(next_attempt_at, $2)
         WHERE order_id = $1 AND state = 'due' AND lease_until = 0",
        T::LEAST
    );
    db.execute(sql, &[order_id.into(), now.into()]).await
}

pub(super) async fn shorten_waits(
    db: &mut impl Dialect,
    book: &str,
    now: Timestamp,
    longest: LongestWaits,
) -> Result<u64> {
    let (attempt, lease) = (now + longest.attempt, now + longest.lease);
    let (look, recheck) = (now + longest.recheck, now + longest.order_recheck);
    // While an order is leased, its next attempt is at the end of the lease.
    let sql = format!(
        "UPDATE orders SET next_attempt_at = CASE WHEN lease_until > 0 THEN CAST($4 AS BIGINT) ELSE $2 END,
                           lease_until = CASE WHEN lease_until > 0 THEN CAST($4 AS BIGINT) ELSE 0 END
         WHERE book = $1 AND state IN ('due', 'void_due') AND {LANE} IN (0, 1, 2) AND next_attempt_at > $5
           AND next_attempt_at > CASE WHEN lease_until > 0 THEN CAST($4 AS BIGINT) ELSE $3 END"
    );
    let values = [book.into(), now.into(), attempt.into(), lease.into(), attempt.min(lease).into()];
    let orders = db.execute(sql, &values).await?;
    let sql = "UPDATE rechecks SET next_at = $2 WHERE book = $1 AND next_at > $3";
    let looks = db.execute(sql, &[book.into(), now.into(), look.into()]).await?;
    let sql = "UPDATE orders SET recheck_at = $2 WHERE book = $1 AND recheck_at > 0 AND recheck_at > $3";
    Ok(orders + looks + db.execute(sql, &[book.into(), now.into(), recheck.into()]).await?)
}

pub(super) async fn end_leases<T: Dialect>(db: &mut T, book: &str, now: Timestamp) -> Result<u64> {
    // From now on none of their saves leaves any more.
    let sql = format!(
        "UPDATE orders SET lease_until = 0, next_attempt_at = $2,
                doubt_since = CASE WHEN state = 'due' THEN {least}(doubt_since, {now}) ELSE doubt_since END
         WHERE book = $1 AND state IN ('due', 'void_due') AND lease_until > 0",
        least = T::LEAST,
        now = db.now("$2"),
    );
    db.execute(sql, &[book.into(), now.into()]).await
}
