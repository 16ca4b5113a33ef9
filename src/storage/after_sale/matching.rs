//! Which order a row is about: the one with its marketplace number and, if the row names one, its store.

use std::collections::{BTreeSet, HashMap};

use super::{content, record::unsettle};
use crate::{
    domain::{order::OrderId, payout::RowState},
    storage::{
        Result, RowContent,
        dialect::{Columns, Dialect},
        rows::{json as to_json, order_id, storable},
    },
};

/// Orders with the marketplace numbers of these rows: their store and Forstok's id.
pub(super) async fn orders<T: Dialect>(
    db: &mut T,
    rows: &[RowContent],
) -> Result<HashMap<String, Vec<(String, OrderId)>>> {
    let numbers: BTreeSet<_> = rows.iter().map(|row| row.order().1).filter(|number| !number.is_empty()).collect();
    let mut orders = HashMap::new();
    // One by one: PostgreSQL would read all orders to find hundreds of numbers that it has no statistics about.
    for number in numbers {
        let sql = "SELECT order_id, store_id FROM orders WHERE channel_order_id = $1 LIMIT 50";
        let found = db.fetch(sql, &[(&*storable(number)).into()]).await?;
        let order = |row: &T::Row| Ok((row.text("store_id")?.to_owned(), order_id(row)?));
        orders.insert(number.to_owned(), found.iter().map(order).collect::<Result<Vec<_>>>()?);
    }
    Ok(orders)
}

/// Whether a row may be about this order.
fn fits(row: &RowContent, order: &OrderId, orders: &HashMap<String, Vec<(String, OrderId)>>) -> bool {
    let (store_id, number) = row.order();
    let mut of_number = orders.get(number).into_iter().flatten();
    of_number.any(|(store, id)| id == order && (store_id.is_empty() || store == store_id))
}

/// The order that a row is about; `None` unless exactly one fits.
pub(super) fn order_of(row: &RowContent, orders: &HashMap<String, Vec<(String, OrderId)>>) -> Option<OrderId> {
    let (store_id, number) = row.order();
    let fits = |(store, _): &&(String, OrderId)| store_id.is_empty() || store == store_id;
    let mut fitting = orders.get(number).into_iter().flatten().filter(fits);
    match (fitting.next(), fitting.next()) {
        (Some((_, order_id)), None) => Some(order_id.clone()),
        _ => None,
    }
}

/// The order that a row names now: its own, if that still fits.
pub(super) async fn order_now<T: Dialect>(
    db: &mut T,
    content: &RowContent,
    before: Option<&OrderId>,
) -> Result<Option<OrderId>> {
    let fitting = orders(db, std::slice::from_ref(content)).await?;
    match before {
        Some(before) if fits(content, before, &fitting) => Ok(Some(before.clone())),
        _ => Ok(order_of(content, &fitting)),
    }
}

/// Moves rows to the order that they name now, or out of every order.
pub(super) async fn move_on<T: Dialect>(db: &mut T, rows: &[i64]) -> Result<()> {
    let sql = format!(
        "SELECT settlement_rows.id, settlement_rows.kind, settlement_rows.content, settlement_rows.order_id
         FROM {} {} settlement_rows ON settlement_rows.id = CAST(v.value ->> 0 AS BIGINT)",
        T::ROWS,
        T::THEN_JOIN
    );
    let rows: Vec<_> = rows.iter().map(|row| [row]).collect();
    for row in &db.fetch(sql, &[(&to_json(&rows)).into()]).await? {
        let (content, before) = (content(row)?, order_id(row)?);
        let order = order_now(db, &content, Some(&before)).await?;
        if order.as_ref() == Some(&before) {
            continue;
        }
        let state = if order.is_some() { RowState::Waiting } else { RowState::Unmatched };
        let order = order.as_ref().map(OrderId::as_str).unwrap_or_default();
        let sql = "UPDATE settlement_rows SET order_id = $2, part = NULL, state = $3, reason = '', finding = NULL,
                       waits_for = NULL, waits = '', settles = 0 WHERE id = $1";
        db.execute(sql, &[row.number("id")?.into(), order.into(), state.as_str().into()]).await?;
        unsettle(db, [order].into_iter().filter(|order| !order.is_empty())).await?;
    }
    Ok(())
}
