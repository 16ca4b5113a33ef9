//! Recording deliveries: many in one statement, without the lock that other writes take.

use std::collections::{HashMap, hash_map::Entry};

use super::session::Session;
use crate::storage::{
    Content, Delivery, Receipt, Result,
    dialect::Columns,
    rows::{micros, receipt, storable},
};

/// Ids are assigned in the order of arrival; the rows are inserted in sorted order, so that two replicas recording the
/// same content cannot deadlock. A repeated content adds no row, so no row has its new id. The same statement queues
/// new deliveries to be folded.
const APPEND: &str = r#"
    WITH given AS MATERIALIZED (
        SELECT nextval('delivery_ids') AS id, t.*
        FROM UNNEST($1::text[], $2::bytea[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[],
                    $8::text[], $9::text[], $10::bytea[], $11::text[]) WITH ORDINALITY
            AS t (order_id, fingerprint, event, status, received_at, last_at, times, problem, names_order, body, origin,
                  place)
    ), kept AS (
        INSERT INTO deliveries AS d
            (id, order_id, fingerprint, event, status, received_at, last_at, times, problem, names_order, body, origin)
        SELECT id, order_id, fingerprint, event, status, received_at, last_at, times, problem, names_order, body, origin
        FROM given ORDER BY order_id COLLATE "C", fingerprint
        ON CONFLICT (order_id, fingerprint) DO UPDATE SET
            times = d.times + excluded.times, last_at = GREATEST(d.last_at, excluded.last_at)
        RETURNING d.id, d.order_id
    ), marked AS (
        INSERT INTO unfolded (delivery)
        SELECT k.id FROM kept k JOIN given g ON g.id = k.id WHERE k.order_id <> ''
    )
    SELECT CASE WHEN k.id IS NULL THEN 1::bigint ELSE 0 END AS repeat,
           o.state, o.invoice_number, o.invoice_id
    FROM given g LEFT JOIN kept k ON k.id = g.id LEFT JOIN orders o ON o.order_id = g.order_id AND o.order_id <> ''
    ORDER BY g.place"#;

pub(super) async fn record(session: &mut Session, deliveries: &[Delivery]) -> Result<Vec<Receipt>> {
    let batch = Batch::of(deliveries);
    let query = sqlx::query(APPEND)
        .bind(batch.order_ids)
        .bind(batch.fingerprints)
        .bind(batch.events)
        .bind(batch.statuses)
        .bind(batch.received_at)
        .bind(batch.last_at)
        .bind(batch.times)
        .bind(batch.problems)
        .bind(batch.names_order)
        .bind(batch.bodies)
        .bind(batch.origins);
    let rows = session.under_way(async |connection| query.fetch_all(connection).await).await?;
    let mut seen = vec![false; rows.len()];
    let receipts = deliveries.iter().zip(batch.places).map(|(delivery, place)| {
        let row = &rows[place];
        let repeat = std::mem::replace(&mut seen[place], true) || row.number("repeat")? == 1;
        match &delivery.content {
            Content::Order { .. } => Ok(Receipt { repeat, ..receipt(row)? }),
            Content::Unreadable { .. } => Ok(Receipt::first()),
        }
    });
    receipts.collect()
}

/// Deliveries by column. A content that occurs several times in a batch has one row.
#[derive(Default)]
struct Batch<'a> {
    /// For each delivery, the index of its row.
    places: Vec<usize>,
    order_ids: Vec<&'a str>,
    fingerprints: Vec<&'a [u8]>,
    events: Vec<String>,
    statuses: Vec<String>,
    received_at: Vec<i64>,
    last_at: Vec<i64>,
    times: Vec<i64>,
    problems: Vec<Option<String>>,
    names_order: Vec<Option<&'a str>>,
    bodies: Vec<&'a [u8]>,
    origins: Vec<&'static str>,
}

impl<'a> Batch<'a> {
    fn of(deliveries: &'a [Delivery]) -> Self {
        let mut batch = Self::default();
        let mut known = HashMap::with_capacity(deliveries.len());
        for delivery in deliveries {
            let at = micros(delivery.received_at);
            let place = match known.entry((order_id(delivery), &delivery.fingerprint)) {
                Entry::Occupied(place) => {
                    let place = *place.get();
                    batch.times[place] += 1;
                    batch.last_at[place] = at.max(batch.last_at[place]);
                    place
                }
                Entry::Vacant(new) => {
                    batch.add(delivery, at);
                    *new.insert(batch.bodies.len() - 1)
                }
            };
            batch.places.push(place);
        }
        batch
    }

    fn add(&mut self, delivery: &'a Delivery, at: i64) {
        let (event, status, problem) = match &delivery.content {
            Content::Order { event, status_text, .. } => (&**event, &**status_text, None),
            Content::Unreadable { problem, .. } => ("", "", Some(storable(problem).into_owned())),
        };
        self.order_ids.push(order_id(delivery));
        self.fingerprints.push(&delivery.fingerprint);
        self.events.push(storable(event).into_owned());
        self.statuses.push(storable(status).into_owned());
        self.received_at.push(at);
        self.last_at.push(at);
        self.times.push(1);
        self.problems.push(problem);
        self.names_order.push(delivery.content.names_order());
        self.bodies.push(&delivery.body);
        self.origins.push(delivery.origin.as_str());
    }
}

/// Empty if the body cannot be read as an order.
fn order_id(delivery: &Delivery) -> &str {
    match &delivery.content {
        Content::Order { order_id, .. } => order_id.as_str(),
        Content::Unreadable { .. } => "",
    }
}
