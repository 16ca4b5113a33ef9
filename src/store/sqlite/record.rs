//! Recording deliveries: many in one commit.
//!
//! Statements that follow each other go to SQLite's thread in one text: with the processors busy, each time the
//! two threads hand over to each other may cost more than the statement does.

use std::collections::HashMap;

use sqlx::{AssertSqlSafe, Connection, SqliteConnection, sqlite::SqliteRow};

use crate::store::{
    Content, Delivery, Fold, Receipt, Result, State,
    fold::fold_new,
    rows::{json as to_json, micros, receipt},
    talk::Columns,
};

/// `$1`: the deliveries' rows, `$2`: their fingerprints and bodies as one blob that the statement cuts up, so that
/// nothing is escaped or copied twice. The very same content again adds no row.
const APPEND: &str = "
    INSERT INTO deliveries (id, order_id, fingerprint, event, status, received_at, last_at, problem, body, names_order)
    SELECT value ->> 0, value ->> 1, substr($2, value ->> 6, 32), value ->> 2, value ->> 3, value ->> 4,
           value ->> 4, value ->> 5, substr($2, (value ->> 6) + 32, value ->> 7), value ->> 8
    FROM json_each($1) WHERE true
    ON CONFLICT (order_id, fingerprint) DO UPDATE SET times = times + 1, last_at = MAX(last_at, excluded.last_at);";

/// Those of them that are new, from `$3` on, and about an order wait to be folded.
const FOLD_LATER: &str = "
    INSERT INTO unfolded (delivery) SELECT id FROM deliveries WHERE id >= $3 AND order_id <> '';";

/// What there is to say of them: nothing of a new delivery of an order that was never heard of.
const RECEIPTS: &str = "
    SELECT v.key AS nth, d.id IS NULL AS repeat, o.state, o.invoice_number, o.invoice_id
    FROM json_each($1) AS v
    LEFT JOIN deliveries AS d ON d.id = v.value ->> 0
    LEFT JOIN orders AS o ON o.order_id = v.value ->> 1
    WHERE d.id IS NULL OR o.order_id IS NOT NULL;";

/// Records deliveries, the first under the id `first_id`: no row has this one or a later one.
pub(super) async fn record(
    connection: &mut SqliteConnection,
    first_id: i64,
    deliveries: &[Delivery],
    fold: Fold,
) -> Result<Vec<Receipt>> {
    let (rows, blob) = laid_out(first_id, deliveries);
    if fold == Fold::Later {
        let sql = format!("BEGIN IMMEDIATE; {APPEND} {FOLD_LATER} {RECEIPTS} COMMIT");
        let said = sqlx::query(AssertSqlSafe(sql)).bind(rows).bind(blob).bind(first_id).fetch_all(connection).await?;
        return receipts(deliveries, &said);
    }
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let sql = AssertSqlSafe(format!("{APPEND} {RECEIPTS}"));
    let said = sqlx::query(sql).bind(rows).bind(blob).fetch_all(&mut *transaction).await?;
    let receipts = receipts(deliveries, &said)?;
    let new = deliveries.iter().zip(&receipts).zip(first_id..).filter(|((_, receipt), _)| !receipt.repeat);
    let new: Vec<_> = new.map(|((delivery, _), id)| (id, delivery)).collect();
    fold_new(&mut *transaction, &new).await?;
    transaction.commit().await?;
    Ok(receipts)
}

/// The rows of deliveries as JSON, and one blob of their fingerprints and bodies.
fn laid_out(first_id: i64, deliveries: &[Delivery]) -> (String, Vec<u8>) {
    let mut blob = Vec::with_capacity(deliveries.iter().map(|delivery| delivery.body.len() + 32).sum());
    let rows: Vec<_> = deliveries
        .iter()
        .zip(first_id..)
        .map(|(delivery, id)| {
            let (order_id, event, status, problem) = match &delivery.content {
                Content::Order(facts) => (facts.order_id.as_str(), &*facts.event, &*facts.status_text, None),
                Content::Unreadable { problem, .. } => ("", "", "", Some(problem)),
            };
            let start = blob.len() + 1;
            blob.extend_from_slice(&delivery.fingerprint);
            blob.extend_from_slice(&delivery.body);
            let (at, names) = (micros(delivery.received_at), delivery.content.names_order());
            (id, order_id, event, status, at, problem, start, delivery.body.len(), names)
        })
        .collect();
    (to_json(&rows), blob)
}

fn receipts(deliveries: &[Delivery], said: &[SqliteRow]) -> Result<Vec<Receipt>> {
    let mut by_place = HashMap::with_capacity(said.len());
    for row in said {
        by_place.insert(row.number("nth")? as usize, receipt(row, row.number("repeat")? == 1)?);
    }
    let new = || Receipt { repeat: false, state: State::Received, invoice: None };
    let receipt = |(nth, delivery): (usize, &Delivery)| match &delivery.content {
        Content::Order(_) => by_place.remove(&nth).unwrap_or_else(new),
        Content::Unreadable { .. } => new(),
    };
    Ok(deliveries.iter().enumerate().map(receipt).collect())
}
