//! What marketplaces are expected to pay: what is owed on each order, and a credit on one lowers no other.

use std::collections::BTreeMap;

use forstok_accurate::{
    domain::{document::Kind, payout::RowState},
    settings::Database,
    storage,
};
use serde_json::json;
use sqlx::Row as _;

use super::{on_both, world};
use crate::{
    storage::{replicas, unreadable::is_damaged},
    world::{Base, World, order},
};

on_both! {
    a_credit_that_is_left_does_not_lower_what_is_expected_for_other_orders;
    what_is_expected_follows_every_document_and_row_across_zero;
}

/// What each store is owed, calculated from the documents and rows of its orders.
const OWED: &str = "
    SELECT store_id, CAST(SUM(CASE WHEN owed > 0 THEN owed ELSE 0 END) AS BIGINT) AS owed FROM (
        SELECT o.store_id,
            (SELECT COALESCE(SUM(CASE d.kind WHEN 'invoice' THEN d.amount ELSE -d.amount END), 0) FROM documents d
             WHERE d.order_id = o.order_id AND d.accurate_id IS NOT NULL AND d.state <> 'gone')
            - (SELECT COALESCE(SUM(r.settles), 0) FROM settlement_rows r WHERE r.order_id = o.order_id) AS owed
        FROM orders o) AS one
    GROUP BY store_id";

async fn owed(world: &World) -> BTreeMap<String, i64> {
    match &world.place {
        Database::Sqlite(file) => {
            let connection = rusqlite::Connection::open(file).expect("the file can be opened");
            let mut statement = connection.prepare(OWED).expect("tables");
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("readable");
            rows.map(|row| row.expect("readable")).collect()
        }
        Database::Postgres(_) => {
            let rows = sqlx::query(OWED).fetch_all(&mut replicas::beside(&world.place).await).await.expect("readable");
            rows.into_iter().map(|row| (row.get(0), row.get(1))).collect()
        }
    }
}

async fn agrees(world: &World, after: &str) {
    let expected = world.storage.receivables().await.expect("readable");
    let mut owed = owed(world).await;
    owed.retain(|store, _| expected.iter().any(|one| one.store_id == *store));
    let expected: BTreeMap<_, _> = expected.into_iter().map(|one| (one.store_id, one.hundredths)).collect();
    assert_eq!(expected, owed, "after {after}");
}

async fn a_credit_that_is_left_does_not_lower_what_is_expected_for_other_orders(base: Base) {
    let mut world = world(base).await;
    world.mapping_changes("[payout]\n", "[returns]\nmode = \"auto\"\n\n[payout]\n").await;
    world.forstok_sends(order("7").price(75_000).pieces(2).ready_to_ship()).await;
    world.invoiced("8").await;
    world.paid("7", "a", 150_000, json!({"subtotal": 150_000})).await;
    assert_eq!(world.still_owed().await, 30_000_000);
    world.approves_all(Kind::Receipt).await;
    assert_eq!(world.still_owed().await, 15_000_000, "order 7 is paid");
    world.went_back("7", "r", json!({"pieces": [{"sku": "AAA2002", "quantity": 1}]})).await;
    assert_eq!(world.return_state("r").await, (RowState::Settled, ""), "a credit of 75.000 for the customer");
    assert_eq!(world.still_owed().await, 15_000_000, "the marketplace still owes all of order 8");
    agrees(&world, "the return").await;
}

/// Orders 7 and 8 are invoiced; 7 is paid in part, and a payout of 8 waits.
async fn two_orders(base: Base) -> World {
    let mut world = world(base).await;
    for id in ["7", "8"] {
        world.invoiced(id).await;
    }
    world.paid("7", "a", 60_000, json!({})).await;
    world.approves_all(Kind::Receipt).await;
    world.paid("8", "b", 150_000, json!({})).await;
    agrees(&world, "a payout").await;
    world
}

async fn what_is_expected_follows_every_document_and_row_across_zero(base: Base) {
    let world = two_orders(base).await;
    for sql in [
        "UPDATE settlement_rows SET settles = settles + 20000000",
        "UPDATE settlement_rows SET settles = settles - 12000000",
        "BEGIN; UPDATE settlement_rows SET settles = 40000000; UPDATE settlement_rows SET settles = 0;
         UPDATE documents SET amount = amount - 20000000; UPDATE documents SET amount = amount + 25000000; COMMIT",
        "BEGIN; UPDATE settlement_rows SET settles = 40000000; UPDATE documents SET amount = 1; ROLLBACK",
        "UPDATE documents SET state = CASE state WHEN 'gone' THEN 'exists' ELSE 'gone' END",
        "UPDATE documents SET state = CASE kind WHEN 'receipt' THEN 'exists' ELSE 'gone' END",
        "UPDATE documents SET accurate_id = NULL WHERE kind = 'receipt'",
        "UPDATE documents SET state = 'exists', accurate_id = 1000 + id, amount = 15000000",
        "UPDATE settlement_rows SET settles = 15000000 WHERE row_id = 'b'",
        "UPDATE settlement_rows SET order_id = CASE order_id WHEN '7' THEN '8' ELSE '7' END",
        "UPDATE settlement_rows SET order_id = '8', settles = settles + 5000000",
        "UPDATE settlement_rows SET order_id = '' WHERE row_id = 'b'",
        "UPDATE settlement_rows SET order_id = '7', settles = -1000 WHERE row_id = 'b'",
        "UPDATE orders SET store_id = '8278' WHERE order_id = '7'",
        "UPDATE documents SET amount = 0 WHERE order_id = '7'",
        "UPDATE orders SET store_id = '8277' WHERE order_id = '7'",
    ] {
        is_damaged(&world, sql).await;
        agrees(&world, sql).await;
    }
    if let Database::Sqlite(file) = &world.place {
        let problems = storage::verify(file).await.expect("it can be read").problems;
        let about = |problem: &&String| problem.contains("receivables") || problem.contains("owing");
        assert_eq!(problems.iter().find(about), None, "verify agrees");
    }
}

/// Several connections change what is owed on the same order at the same time.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_expected_is_right_after_transactions_at_the_same_time() {
    let world = two_orders(Base::Postgres).await;
    let place = world.place.clone();
    let changes = [
        "UPDATE settlement_rows SET settles = CASE settles WHEN 0 THEN 17000000 ELSE 0 END WHERE row_id = 'a'",
        "UPDATE settlement_rows SET settles = 14000000 - settles WHERE row_id = 'b'",
        "UPDATE documents SET amount = 21000000 - amount WHERE order_id = '7' AND kind = 'invoice'",
        "UPDATE documents SET state = CASE state WHEN 'gone' THEN 'exists' ELSE 'gone' END
         WHERE order_id = '7' AND kind = 'receipt'",
    ];
    let mut all = tokio::task::JoinSet::new();
    for sql in changes {
        let place = place.clone();
        all.spawn(async move {
            let mut connection = replicas::beside(&place).await;
            for _ in 0..51 {
                sqlx::query(sql).execute(&mut connection).await.expect("written");
            }
        });
    }
    while let Some(ended) = all.join_next().await {
        ended.expect("it ended");
    }
    agrees(&world, "all transactions").await;
}
