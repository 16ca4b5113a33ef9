//! Leases, attempts and their outcomes.

use std::collections::HashSet;

use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection, SqlitePool};

use super::{
    decide::{append, append_entries},
    rows::{json as to_json, json_column, micros, moment, order_id, state, timestamp},
};
use crate::{
    domain::{
        order::OrderId,
        timeline::Event,
        waiting::{Subject, look_again_after},
    },
    store::{Claim, Claimable, Counted, Lane, Outcome, Result, Settlement, State, Wanted},
};

/// Which lane an order is in: word for word the expression of the index `orders_by_lane`.
const LANE: &str = "(CASE WHEN state = 'void_due' THEN 2 WHEN tries > 0 THEN 1 ELSE 0 END)";

/// News is decided about first, unless an invoice may already stand: then only a look at Accurate can tell.
const MAY_BE_CLAIMED: &str = "(undecided = 0 OR unsure_since <> 0 OR state = 'void_due')";

/// Ids of orders of one lane in the order of their time, where `$1` is the book and `$2` the moment.
fn ids(lane: Lane, has_come: &str, direction: &str, limit: &str) -> String {
    let lane = lane as usize;
    format!(
        "SELECT order_id FROM orders
         WHERE book = $1 AND state IN ('due', 'void_due') AND {LANE} = {lane} AND {has_come} <= $2 AND {MAY_BE_CLAIMED}
         ORDER BY next_attempt_at {direction} LIMIT {limit}"
    )
}

pub(super) async fn claimable(readers: &SqlitePool, book: &str, now: Timestamp, most: i64) -> Result<Claimable> {
    let counts =
        Lane::ALL.map(|lane| format!("(SELECT COUNT(*) FROM ({}))", ids(lane, "next_attempt_at", "ASC", "$3")));
    let row = sqlx::query(AssertSqlSafe(format!("SELECT {}", counts.join(", "))))
        .bind(book)
        .bind(micros(now))
        .bind(most)
        .fetch_one(readers)
        .await?;
    Ok(Claimable::new([row.try_get(0)?, row.try_get(1)?, row.try_get(2)?]))
}

pub(super) async fn claim(
    connection: &mut SqliteConnection,
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
            let first = [Lane::Again, Lane::Fresh, Lane::Void]
                .map(|lane| format!("SELECT order_id FROM ({})", ids(lane, "lease_until", "ASC", "1")));
            (format!("SELECT order_id FROM ({}) LIMIT $4", first.join(" UNION ALL ")), 1)
        }
    };
    // An attempt whose end is not known may have sent its save at any moment of its lease.
    let sql = format!(
        "UPDATE orders SET
             attempt = attempt + 1, tries = tries + 1,
             unsure_before = CASE WHEN lease_until > 0 AND state = 'due' THEN MIN(lease_until, $2)
                                  ELSE unsure_since END,
             unsure_since = CASE WHEN state = 'due' THEN $2 ELSE unsure_since END,
             lease_until = $3, next_attempt_at = $3
         WHERE order_id IN ({ids})
         RETURNING order_id, attempt, tries, failures, state, undecided, draft, invoice_id, warnings, received_at,
                   waits_for, unsure_before"
    );
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(book)
        .bind(micros(now))
        .bind(micros(lease_until))
        .bind(limit)
        .fetch_all(&mut *transaction)
        .await?;
    let mut claims = Vec::with_capacity(rows.len());
    for row in &rows {
        claims.push(Claim {
            order_id: order_id(row)?,
            attempt: row.try_get("attempt")?,
            lease_until,
            earlier_tries: row.try_get::<i64, _>("tries")? - 1,
            failures: row.try_get("failures")?,
            state: state(row)?,
            undecided: row.try_get::<i64, _>("undecided")? == 1,
            draft: json_column(row, "draft")?,
            invoice_id: row.try_get("invoice_id")?,
            warnings: json_column(row, "warnings")?,
            received_at: timestamp(row.try_get("received_at")?)?,
            waits_for: Subject::parse(row.try_get("waits_for")?),
            unsure_since: moment(row, "unsure_before")?,
        });
    }
    let intents: Vec<_> = claims
        .iter()
        .map(|claim| {
            let number = claim.draft.body.number.clone();
            (&claim.order_id, [Event::Attempt { attempt: claim.earlier_tries + 1, number }])
        })
        .collect();
    append(&mut transaction, intents.iter().map(|(id, events)| (*id, events.as_slice())), now).await?;
    transaction.commit().await?;
    Ok(claims)
}

pub(super) async fn settle(
    connection: &mut SqliteConnection,
    settlements: &[Settlement],
    now: Timestamp,
) -> Result<Vec<bool>> {
    let rows: Vec<_> = settlements.iter().map(|settlement| settled_row(settlement, now)).collect();
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let settled = sqlx::query(
        "UPDATE orders SET
             lease_until = 0, changed_at = $2,
             state = COALESCE(v.value ->> 'state', state),
             reason = v.value ->> 'reason',
             findings = v.value ->> 'findings',
             waits_for = CASE WHEN v.value ->> 'state' IS NULL THEN waits_for
                              ELSE COALESCE(v.value ->> 'waits_for', '') END,
             warnings = v.value ->> 'warnings',
             unsure_since = CASE WHEN v.value ->> 'state' = 'voided' THEN 0 WHEN state = 'void_due' THEN unsure_since
                                 ELSE v.value ->> 'unsure_since' END,
             next_attempt_at = v.value ->> 'next_attempt_at',
             tries = MAX(tries - (v.value ->> 'uncounted'), v.value ->> 'unsure_since' <> 0),
             failures = CASE WHEN v.value ->> 'failed' THEN failures + 1 ELSE failures END,
             undecided = CASE WHEN v.value ->> 'reconsider' THEN 1 ELSE undecided END,
             due_since = CASE WHEN v.value ->> 'state' IS NULL THEN due_since END,
             invoice_number = COALESCE(v.value ->> 'number', invoice_number),
             invoice_id = COALESCE(v.value ->> 'id', invoice_id),
             invoice_total = COALESCE(v.value ->> 'total', invoice_total),
             invoiced_at = CASE WHEN v.value ->> 'id' IS NULL THEN invoiced_at ELSE $2 END
         FROM json_each($1) AS v
         WHERE orders.order_id = v.value ->> 'order_id' AND orders.attempt = v.value ->> 'attempt' AND lease_until > 0
         RETURNING order_id",
    )
    .bind(to_json(&rows))
    .bind(micros(now))
    .fetch_all(&mut *transaction)
    .await?;
    let mut taken = HashSet::with_capacity(settled.len());
    for row in &settled {
        taken.insert(order_id(row)?);
    }
    begin_waits(&mut transaction, settlements, &taken, now).await?;
    let entries = settlements
        .iter()
        .filter(|settlement| taken.contains(&settlement.order_id))
        .map(|settlement| (&settlement.order_id, settlement.entries.as_slice()));
    append_entries(&mut transaction, entries).await?;
    transaction.commit().await?;
    Ok(settlements.iter().map(|settlement| taken.contains(&settlement.order_id)).collect())
}

/// What an order now waits for is looked at from now on, once for all that wait for it.
async fn begin_waits(
    connection: &mut SqliteConnection,
    settlements: &[Settlement],
    taken: &HashSet<OrderId>,
    now: Timestamp,
) -> Result<()> {
    for settlement in settlements.iter().filter(|settlement| taken.contains(&settlement.order_id)) {
        if let Outcome::Blocked { waits_for: Some(subject), .. } = &settlement.outcome {
            sqlx::query(
                "INSERT INTO waits (book, subject, next_at)
                 SELECT book, $2, $3 FROM orders WHERE order_id = $1 ON CONFLICT (book, subject) DO NOTHING",
            )
            .bind(settlement.order_id.as_str())
            .bind(subject.to_string())
            .bind(micros(now + look_again_after(0)))
            .execute(&mut *connection)
            .await?;
        }
    }
    Ok(())
}

/// The columns that an outcome sets; a missing `state` leaves the order where it stands.
fn settled_row(settlement: &Settlement, now: Timestamp) -> Value {
    let mut row = json!({
        "order_id": settlement.order_id, "attempt": settlement.attempt, "warnings": to_json(&settlement.warnings), "reason": "", "findings": "[]",
        "unsure_since": 0, "next_attempt_at": 0, "uncounted": 0, "failed": false, "reconsider": false,
    });
    match &settlement.outcome {
        Outcome::Invoiced { invoice, unsure_since } => {
            row["unsure_since"] = json!(unsure_since.map_or(0, micros));
            row["state"] = json!(State::Invoiced.as_str());
            row["number"] = json!(invoice.number);
            row["id"] = json!(invoice.id);
            row["total"] = json!(invoice.total.normalize().to_string());
        }
        Outcome::Blocked { findings, waits_for } => {
            row["waits_for"] = json!(waits_for.as_ref().map(ToString::to_string));
            row["state"] = json!(State::Blocked.as_str());
            row["reason"] = json!(findings.first().map_or("", |finding| finding.reason.code()));
            row["findings"] = json!(to_json(findings));
        }
        Outcome::Postponed { until, counted, unsure_since } => {
            row["next_attempt_at"] = json!(micros(*until));
            row["uncounted"] = json!(i32::from(*counted == Counted::No));
            row["failed"] = json!(*counted == Counted::Yes);
            row["unsure_since"] = json!(unsure_since.map_or(0, micros));
        }
        Outcome::Reconsider => {
            row["next_attempt_at"] = json!(micros(now));
            row["reconsider"] = json!(true);
        }
        Outcome::Voided => row["state"] = json!(State::Voided.as_str()),
    }
    row
}

pub(super) async fn next_attempt_at(readers: &SqlitePool, book: &str) -> Result<Option<Timestamp>> {
    let earliest = Lane::ALL.map(|lane| {
        let lane = lane as usize;
        format!(
            "SELECT MIN(next_attempt_at) AS at FROM orders
             WHERE book = $1 AND state IN ('due', 'void_due') AND {LANE} = {lane}"
        )
    });
    let sql = format!("SELECT MIN(at) AS at FROM ({})", earliest.join(" UNION ALL "));
    let row = sqlx::query(AssertSqlSafe(sql)).bind(book).fetch_one(readers).await?;
    row.try_get::<Option<i64>, _>("at")?.map(timestamp).transpose()
}

pub(super) async fn hasten(connection: &mut SqliteConnection, book: &str, now: Timestamp) -> Result<u64> {
    let result = sqlx::query(
        "UPDATE orders SET next_attempt_at = $2
         WHERE book = $1 AND state IN ('due', 'void_due') AND next_attempt_at > $2 AND lease_until = 0",
    )
    .bind(book)
    .bind(micros(now))
    .execute(connection)
    .await?;
    Ok(result.rows_affected())
}

pub(super) async fn end_leases(connection: &mut SqliteConnection, now: Timestamp) -> Result<u64> {
    let result = sqlx::query(
        "UPDATE orders SET lease_until = 0, next_attempt_at = $1,
                unsure_since = CASE WHEN state = 'due' THEN $1 ELSE unsure_since END
         WHERE state IN ('due', 'void_due') AND lease_until > 0",
    )
    .bind(micros(now))
    .execute(connection)
    .await?;
    Ok(result.rows_affected())
}
