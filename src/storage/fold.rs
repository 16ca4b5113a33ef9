//! Folds deliveries into their orders: many at once, each snapshot into its order's history.

use std::collections::{HashMap, HashSet};

use sha2::{Digest, Sha256};

use super::{
    Folding, KeptDelivery, OrderFacts, Result, Unfolded,
    dialect::{Columns, Dialect, Value},
    reconciliation,
    rows::{from_json, json as to_json, micros, order_id, storable, timestamp},
    seen,
};
use crate::domain::{
    history::{History, Seen, Sighting},
    ids::DeliveryId,
    order::OrderId,
};

/// The state of an order while a batch is folded into it.
struct Known<'a> {
    history: History,
    revision: i64,
    /// The facts of the newest snapshot, if it is in this batch.
    facts: Option<&'a OrderFacts>,
    received_at: i64,
    changed: bool,
    /// A hash of the order's search terms and of what can be mapped; see [`hash_of`].
    terms: i64,
}

pub(super) async fn unfolded<T: Dialect>(db: &mut T, order_id: Option<&OrderId>, limit: i64) -> Result<Vec<Unfolded>> {
    let join = T::THEN_JOIN;
    let (sizes, values): (_, Vec<Value<'_>>) = match order_id {
        // A join might read all deliveries; a subquery reads one at a time.
        None => (
            format!(
                "SELECT u.delivery AS id, (SELECT {BODY_BYTES} FROM deliveries d WHERE d.id = u.delivery) AS bytes
                 FROM unfolded u ORDER BY u.delivery LIMIT $1"
            ),
            vec![limit.into()],
        ),
        Some(id) => (
            format!(
                "SELECT d.id, {BODY_BYTES} AS bytes FROM deliveries d {join} unfolded u ON u.delivery = d.id
                 WHERE d.order_id = $2 ORDER BY d.id LIMIT $1"
            ),
            vec![limit.into(), id.into()],
        ),
    };
    let rows = db.fetch(sizes, &values).await?;
    let ids = first_by_size(&rows, LARGEST_READ)?;
    let sql = format!(
        "SELECT d.id, d.received_at, d.body FROM {} {join} deliveries d ON d.id = CAST(v.value ->> 0 AS BIGINT)
         ORDER BY d.id",
        T::ROWS
    );
    db.fetch(sql, &[(&to_json(&ids)).into()]).await?.iter().map(read_unfolded).collect()
}

/// Most bytes of bodies read at once: a body may have megabytes, and hundreds are read together.
pub(super) const LARGEST_READ: i64 = 8 * 1024 * 1024;

/// The size of the body of delivery `d` in bytes, without reading the body.
pub(super) const BODY_BYTES: &str = "CAST(COALESCE(LENGTH(d.body), 0) AS BIGINT)";

/// The first ids whose `bytes` add up to at most `most`; at least one id if there are rows.
pub(super) fn first_by_size(rows: &[impl Columns], most: i64) -> Result<Vec<[i64; 1]>> {
    let mut ids = Vec::with_capacity(rows.len());
    let mut room = most;
    for row in rows {
        room -= row.number("bytes")?;
        if room < 0 && !ids.is_empty() {
            break;
        }
        ids.push([row.number("id")?]);
    }
    Ok(ids)
}

fn read_unfolded(row: &impl Columns) -> Result<Unfolded> {
    let received_at = timestamp(row.number("received_at")?)?;
    Ok(Unfolded { delivery: DeliveryId(row.number("id")?), received_at, body: row.bytes("body")? })
}

/// Folds recorded deliveries. A delivery that was folded in the meantime is skipped.
pub(super) async fn fold<T: Dialect>(db: &mut T, deliveries: &[Folding]) -> Result<()> {
    let ids: Vec<_> = deliveries.iter().map(|one| [one.delivery]).collect();
    let sql = format!(
        "DELETE FROM unfolded WHERE delivery IN (SELECT CAST(v.value ->> 0 AS BIGINT) FROM {}) RETURNING delivery",
        T::ROWS
    );
    let taken = db.fetch(sql, &[(&to_json(&ids)).into()]).await?;
    let taken = taken.iter().map(|row| Ok(DeliveryId(row.number("delivery")?))).collect::<Result<HashSet<_>>>()?;
    let taken: Vec<_> = deliveries.iter().filter(|one| taken.contains(&one.delivery)).collect();
    fold_new(db, &taken).await?;
    // Last, because this locks the count of unreadable webhooks, and recording another one waits for it.
    for one in &taken {
        // The older program that recorded it could read it; this version cannot. It is shown with the unreadable ones.
        if let Err(problem) = &one.facts {
            let sql = "UPDATE deliveries SET names_order = order_id, order_id = '', problem = $2 WHERE id = $1 AND NOT EXISTS
                           (SELECT 1 FROM deliveries o WHERE o.order_id = '' AND o.fingerprint = deliveries.fingerprint)";
            db.execute(sql, &[one.delivery.into(), (&*storable(problem)).into()]).await?;
        }
    }
    Ok(())
}

/// The bodies of unreadable deliveries after this one, oldest first, except those that were cleared.
pub(super) async fn unreadable_bodies<T: Dialect>(db: &mut T, after: DeliveryId, limit: i64) -> Result<Vec<Unfolded>> {
    let sql = format!(
        "SELECT d.id, {BODY_BYTES} AS bytes FROM deliveries d
         WHERE d.order_id = '' AND d.id > $1 AND d.body IS NOT NULL ORDER BY d.id LIMIT $2"
    );
    let rows = db.fetch(sql, &[after.into(), limit.into()]).await?;
    let ids = first_by_size(&rows, LARGEST_READ)?;
    let sql = format!(
        "SELECT d.id, d.received_at, d.body FROM {} {} deliveries d ON d.id = CAST(v.value ->> 0 AS BIGINT)
         WHERE d.order_id = '' ORDER BY d.id",
        T::ROWS,
        T::THEN_JOIN
    );
    db.fetch(sql, &[(&to_json(&ids)).into()]).await?.iter().map(read_unfolded).collect()
}

/// Folds deliveries that were unreadable when they arrived and are readable now; those folded in the meantime are
/// skipped. Returns how many were folded.
///
/// Such a delivery keeps the fingerprint of its raw body. If the same content arrives again, it therefore counts as a
/// new delivery, which is harmless.
pub(super) async fn fold_reread<T: Dialect>(db: &mut T, deliveries: &[Folding]) -> Result<usize> {
    let kept: Vec<_> = deliveries.iter().map(|one| (one.delivery, micros(one.received_at))).collect();
    let sql = format!(
        "SELECT d.id FROM {} {} deliveries d ON d.id = CAST(v.value ->> 0 AS BIGINT)
         WHERE d.order_id = '' AND d.received_at = CAST(v.value ->> 1 AS BIGINT)",
        T::ROWS,
        T::THEN_JOIN
    );
    let kept = db.fetch(sql, &[(&to_json(&kept)).into()]).await?;
    let kept = kept.iter().map(|row| Ok(DeliveryId(row.number("id")?))).collect::<Result<HashSet<_>>>()?;
    let readable = deliveries.iter().filter(|one| one.facts.is_ok());
    let taken: Vec<_> = readable.filter(|one| kept.contains(&one.delivery)).collect();
    fold_new(db, &taken).await?;
    let facts = taken.iter().filter_map(|one| Some((one.delivery, one.facts.as_ref().ok()?)));
    let rows: Vec<_> = facts.map(|(id, facts)| (id, &facts.order_id, &facts.event, &facts.status_text)).collect();
    // Last, because this locks the count of unreadable webhooks, and recording another one waits for it.
    let sql = format!(
        "UPDATE deliveries SET order_id = v.value ->> 1, event = v.value ->> 2, status = v.value ->> 3,
                problem = NULL, names_order = NULL
         FROM {} WHERE deliveries.id = CAST(v.value ->> 0 AS BIGINT)",
        T::ROWS
    );
    db.execute(sql, &[(&to_json(&rows)).into()]).await?;
    Ok(taken.len())
}

/// Replaces the stored problem of an unreadable delivery.
pub(super) async fn change_problem(db: &mut impl Dialect, kept: KeptDelivery, problem: &str) -> Result<()> {
    let sql = "UPDATE deliveries SET problem = $3
               WHERE id = $1 AND received_at = $2 AND order_id = '' AND problem <> $3";
    let KeptDelivery { id, received_at } = kept;
    db.execute(sql, &[id.into(), received_at.into(), (&*storable(problem)).into()]).await?;
    Ok(())
}

/// Removes an unreadable delivery whose content is now stored elsewhere.
pub(super) async fn remove_taken(db: &mut impl Dialect, kept: KeptDelivery) -> Result<()> {
    let sql = "DELETE FROM deliveries WHERE id = $1 AND received_at = $2 AND order_id = ''";
    db.execute(sql, &[kept.id.into(), kept.received_at.into()]).await?;
    Ok(())
}

/// Folds deliveries that are not part of any order yet.
async fn fold_new(db: &mut impl Dialect, deliveries: &[&Folding]) -> Result<()> {
    let facts = deliveries.iter().filter_map(|one| Some((*one, one.facts.as_deref().ok()?)));
    let mut known = load_orders(db, facts.clone().map(|(_, facts)| &facts.order_id)).await?;
    for (delivery, facts) in facts {
        fold_one(&mut known, delivery, facts);
    }
    write_orders(db, &known).await?;
    reconciliation::forstok::arrived(db, known.keys()).await
}

async fn load_orders<'a, 'b, T: Dialect>(
    db: &mut T,
    ids: impl Iterator<Item = &'b OrderId>,
) -> Result<HashMap<OrderId, Known<'a>>> {
    let ids: HashSet<_> = ids.map(|id| [id]).collect();
    let sql = format!(
        "SELECT order_id, history, revision, received_at, terms FROM orders WHERE order_id IN (SELECT v.value ->> 0 FROM {})",
        T::ROWS
    );
    let rows = db.fetch(sql, &[(&to_json(&ids)).into()]).await?;
    let mut known = HashMap::with_capacity(ids.len());
    for row in rows {
        let order = Known {
            history: from_json(row.text("history")?)?,
            revision: row.number("revision")?,
            facts: None,
            received_at: row.number("received_at")?,
            changed: false,
            terms: row.number("terms")?,
        };
        known.insert(order_id(&row)?, order);
    }
    Ok(known)
}

fn fold_one<'a>(known: &mut HashMap<OrderId, Known<'a>>, delivery: &Folding, facts: &'a OrderFacts) {
    let id = delivery.delivery;
    let at = facts.updated_at.unwrap_or(delivery.received_at);
    let status = Seen::of(facts.status, &facts.status_text);
    let unread_time = facts.unread_time.clone();
    let is_undated = facts.updated_at.is_none() && unread_time.is_none();
    let sighting = Sighting { status, at, is_undated, unread_time, delivery: id };
    let order = known.entry(facts.order_id.clone()).or_insert_with(|| Known {
        history: History::begin(&sighting),
        revision: 0,
        facts: Some(facts),
        received_at: micros(delivery.received_at),
        changed: true,
        terms: 0,
    });
    let before = order.history.clone();
    order.history.absorb(&sighting);
    if order.history != before {
        order.changed = true;
        order.received_at = micros(delivery.received_at);
    }
    if order.history.latest_delivery() == id {
        order.facts = Some(facts);
    }
}

async fn write_orders<T: Dialect>(db: &mut T, known: &HashMap<OrderId, Known<'_>>) -> Result<()> {
    let mut changed: Vec<_> = known.iter().filter(|(_, order)| order.changed).collect();
    if changed.is_empty() {
        return Ok(());
    }
    // Sorted, so that orders seen first get lower ids, by which lists are ordered.
    changed.sort_by_key(|(_, order)| order.history.latest_delivery());
    let (with_facts, without): (Vec<_>, Vec<_>) = changed.into_iter().partition(|(_, order)| order.facts.is_some());
    let rows: Vec<_> = with_facts
        .iter()
        .filter_map(|(id, order)| {
            let facts = order.facts?;
            Some((
                id,
                &facts.store_id,
                &facts.store_name,
                &facts.channel,
                &facts.channel_order_id,
                &facts.status_text,
                facts.ordered_at.map(micros),
                order.received_at,
                to_json(&order.history),
                order.history.latest_delivery(),
                order.revision + 1,
                facts.hundredths,
                hash_of(facts),
            ))
        })
        .collect();
    let sql = format!(
        "INSERT INTO orders (order_id, store_id, store_name, channel, channel_order_id, status, ordered_at,
                             received_at, history, latest_delivery, revision, undecided, state, created_at, changed_at,
                             amount, terms)
         SELECT v.value ->> 0, v.value ->> 1, v.value ->> 2, v.value ->> 3, v.value ->> 4, v.value ->> 5,
                CAST(v.value ->> 6 AS BIGINT), CAST(v.value ->> 7 AS BIGINT), v.value ->> 8,
                CAST(v.value ->> 9 AS BIGINT), CAST(v.value ->> 10 AS BIGINT), 1, 'received',
                CAST(v.value ->> 7 AS BIGINT), CAST(v.value ->> 7 AS BIGINT),
                CAST(v.value ->> 11 AS BIGINT), CAST(v.value ->> 12 AS BIGINT)
         FROM {} WHERE true
         ON CONFLICT (order_id) DO UPDATE SET
             store_id = excluded.store_id, store_name = excluded.store_name, channel = excluded.channel,
             channel_order_id = excluded.channel_order_id, status = excluded.status,
             ordered_at = excluded.ordered_at, received_at = excluded.received_at, history = excluded.history,
             latest_delivery = excluded.latest_delivery, revision = excluded.revision, undecided = 1,
             amount = CASE WHEN orders.invoice_id IS NULL THEN excluded.amount ELSE orders.amount END,
             terms = excluded.terms",
        T::ROWS
    );
    if !rows.is_empty() {
        db.execute(sql, &[(&to_json(&rows)).into()]).await?;
        let with_new_terms: Vec<_> = with_facts
            .iter()
            .filter_map(|(id, order)| {
                let facts = order.facts.filter(|facts| hash_of(facts) != order.terms)?;
                Some((*id, facts, order.received_at))
            })
            .collect();
        write_terms(db, &with_new_terms).await?;
        seen::note(db, with_new_terms.iter().map(|(_, facts, at)| (*facts, *at))).await?;
    }
    // Older snapshots that arrived late change only the history, not the order's other columns.
    let rows: Vec<_> = without
        .iter()
        .map(|(id, order)| (id, order.received_at, to_json(&order.history), order.revision + 1))
        .collect();
    let sql = format!(
        "UPDATE orders SET received_at = CAST(v.value ->> 1 AS BIGINT), history = v.value ->> 2,
                revision = CAST(v.value ->> 3 AS BIGINT), undecided = 1
         FROM {} WHERE orders.order_id = v.value ->> 0",
        T::ROWS
    );
    if !rows.is_empty() {
        db.execute(sql, &[(&to_json(&rows)).into()]).await?;
    }
    Ok(())
}

/// Writes the search terms of these orders.
async fn write_terms<T: Dialect>(db: &mut T, orders: &[(&OrderId, &OrderFacts, i64)]) -> Result<()> {
    let rows: Vec<_> =
        orders.iter().flat_map(|(id, facts, _)| facts.terms.iter().map(move |term| (id, term))).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "INSERT INTO order_terms (term, id) SELECT v.value ->> 1, orders.id FROM {} {} orders ON orders.order_id = v.value ->> 0
         ON CONFLICT DO NOTHING",
        T::ROWS,
        T::THEN_JOIN
    );
    db.execute(sql, &[(&to_json(&rows)).into()]).await?;
    Ok(())
}

/// A hash of an order's search terms, products, store and warehouse, which most webhooks do not change. Never 0, which
/// means that nothing was hashed yet.
fn hash_of(facts: &OrderFacts) -> i64 {
    let products: Vec<_> = facts.products.iter().map(|one| (&one.sku, one.uses.number())).collect();
    let warehouse = facts.warehouse.as_ref().map(|warehouse| &warehouse.id);
    let digest = Sha256::digest(to_json(&(&facts.terms, products, &facts.store_id, warehouse)));
    let first = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    (first >> 1 | 1) as i64
}
