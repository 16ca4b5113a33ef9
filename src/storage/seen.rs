//! Products and warehouses that orders contain: written while orders are folded, so that no query reads the history.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    OrderFacts, Result, SeenSku, SkuInStore, Sums, WarehouseInStore,
    dialect::{Columns, Dialect},
    rows::{json as to_json, timestamp},
};
use crate::domain::{
    reason::Reason,
    seen::{SeenProduct, Uses},
};

/// Age from which on a row is brought up to date, in microseconds: an hour. Every order would write the rows of its
/// products otherwise.
const REFRESHED_AFTER: i64 = 3_600_000_000;

/// Notes what these orders contain, each with the time at which it arrived in microseconds.
pub(super) async fn note<'a, T: Dialect>(
    db: &mut T,
    orders: impl Iterator<Item = (&'a OrderFacts, i64)> + Clone,
) -> Result<()> {
    let mut products: BTreeMap<&str, (&SeenProduct, i64, i64)> = BTreeMap::new();
    let (mut in_stores, mut warehouses) = (BTreeSet::new(), BTreeMap::new());
    for (facts, at) in orders {
        for product in &facts.products {
            let known = products.entry(&product.sku).or_insert((product, 0, at));
            *known = (product, known.1 | product.uses.number(), known.2.max(at));
            in_stores.insert((&product.sku, &facts.store_id));
        }
        if let Some(warehouse) = &facts.warehouse {
            warehouses.insert((&warehouse.id, &facts.store_id), (&warehouse.code, at));
        }
    }
    note_products(db, &products).await?;
    if !in_stores.is_empty() {
        let sql = format!(
            "INSERT INTO seen_sku_stores (sku, store_id) SELECT v.value ->> 0, v.value ->> 1 FROM {} WHERE true
             ON CONFLICT DO NOTHING",
            T::ROWS
        );
        db.execute(sql, &[(&to_json(&in_stores)).into()]).await?;
    }
    if !warehouses.is_empty() {
        let rows: Vec<_> = warehouses.iter().map(|((id, store), (code, at))| (id, store, code, at)).collect();
        // Only rows that are new or old are written: PostgreSQL would lock each row of a conflict, even to leave it
        // as it is.
        let sql = format!(
            "INSERT INTO seen_warehouses AS w (warehouse_id, store_id, code, first_at, last_at)
             SELECT v.value ->> 0, v.value ->> 1, v.value ->> 2, CAST(v.value ->> 3 AS BIGINT), CAST(v.value ->> 3 AS BIGINT)
             FROM {} WHERE NOT EXISTS
                 (SELECT 1 FROM seen_warehouses AS k
                  WHERE k.warehouse_id = v.value ->> 0 AND k.store_id = v.value ->> 1
                    AND k.last_at + {REFRESHED_AFTER} > CAST(v.value ->> 3 AS BIGINT))
             ON CONFLICT (warehouse_id, store_id) DO UPDATE SET code = excluded.code, last_at = excluded.last_at",
            T::ROWS
        );
        db.execute(sql, &[(&to_json(&rows)).into()]).await?;
    }
    Ok(())
}

async fn note_products<T: Dialect>(db: &mut T, products: &BTreeMap<&str, (&SeenProduct, i64, i64)>) -> Result<()> {
    if products.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = products.iter().map(|(sku, (product, uses, at))| (sku, &product.name, uses, at)).collect();
    let sql = format!(
        "INSERT INTO seen_skus AS s (sku, name, uses, first_at, last_at)
         SELECT v.value ->> 0, v.value ->> 1, CAST(v.value ->> 2 AS BIGINT),
                CAST(v.value ->> 3 AS BIGINT), CAST(v.value ->> 3 AS BIGINT)
         FROM {} WHERE NOT EXISTS
             (SELECT 1 FROM seen_skus AS k
              WHERE k.sku = v.value ->> 0 AND k.uses | CAST(v.value ->> 2 AS BIGINT) = k.uses
                AND k.last_at + {REFRESHED_AFTER} > CAST(v.value ->> 3 AS BIGINT))
         ON CONFLICT (sku) DO UPDATE SET
             name = excluded.name, uses = s.uses | excluded.uses, last_at = {}(s.last_at, excluded.last_at)",
        T::ROWS,
        T::GREATEST
    );
    db.execute(sql, &[(&to_json(&rows)).into()]).await?;
    Ok(())
}

/// By SKU, beginning behind `after`.
pub(super) async fn skus(db: &mut impl Dialect, after: &str, limit: i64) -> Result<Vec<SeenSku>> {
    let sql = "SELECT sku, name, uses, first_at, last_at FROM seen_skus WHERE sku > $1 ORDER BY sku LIMIT $2";
    let rows = db.fetch(sql, &[after.into(), limit.into()]).await?;
    let read = |row: &_| {
        Ok(SeenSku {
            sku: Columns::text(row, "sku")?.to_owned(),
            name: Columns::text(row, "name")?.to_owned(),
            uses: Uses::from_number(Columns::number(row, "uses")?),
            first_at: timestamp(Columns::number(row, "first_at")?)?,
            last_at: timestamp(Columns::number(row, "last_at")?)?,
        })
    };
    rows.iter().map(read).collect()
}

/// By SKU and store, beginning behind the SKU `after`.
pub(super) async fn skus_in_stores(db: &mut impl Dialect, after: &str, limit: i64) -> Result<Vec<SkuInStore>> {
    let sql = "SELECT sku, store_id FROM seen_sku_stores WHERE sku > $1 ORDER BY sku, store_id LIMIT $2";
    let rows = db.fetch(sql, &[after.into(), limit.into()]).await?;
    let read = |row: &_| {
        Ok(SkuInStore {
            sku: Columns::text(row, "sku")?.to_owned(),
            store_id: Columns::text(row, "store_id")?.to_owned(),
        })
    };
    rows.iter().map(read).collect()
}

pub(super) async fn warehouses(db: &mut impl Dialect, limit: i64) -> Result<Vec<WarehouseInStore>> {
    let sql = "SELECT warehouse_id, store_id, code, first_at, last_at FROM seen_warehouses
               ORDER BY warehouse_id, store_id LIMIT $1";
    let rows = db.fetch(sql, &[limit.into()]).await?;
    let read = |row: &_| {
        Ok(WarehouseInStore {
            id: Columns::text(row, "warehouse_id")?.to_owned(),
            store_id: Columns::text(row, "store_id")?.to_owned(),
            code: Columns::text(row, "code")?.to_owned(),
            first_at: timestamp(Columns::number(row, "first_at")?)?,
            last_at: timestamp(Columns::number(row, "last_at")?)?,
        })
    };
    rows.iter().map(read).collect()
}

/// Blocked orders by what they are about, for one reason.
pub(super) async fn blocked_by_subject(db: &mut impl Dialect, reason: Reason) -> Result<Vec<(String, Sums)>> {
    let sql = "SELECT subject, n, total FROM cause_counts WHERE reason = $1 AND n > 0";
    let rows = db.fetch(sql, &[reason.code().into()]).await?;
    let read = |row: &_| {
        let sums = Sums { orders: Columns::number(row, "n")?, hundredths: Columns::number(row, "total")?, exact: true };
        Ok((Columns::text(row, "subject")?.to_owned(), sums))
    };
    rows.iter().map(read).collect()
}
