//! Decisions that were overtaken by a correction.

use forstok_accurate::{
    clock::Clock,
    deciding::{after_sale, mapping},
    domain::{
        day_in_wib,
        payout::{Payout, RowState},
    },
    storage::{RowContent, SettlementVerdict},
};
use serde_json::json;

use super::{on_both, world};
use crate::world::{Base, World, order};

on_both! {
    a_return_that_waits_is_decided_again_once_forstok_changes_its_order;
    a_decision_that_was_overtaken_changes_nothing_however_often_the_order_was_decided_since;
}

/// The reader and the writer of a row on threads of their own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_is_never_decided_in_an_older_version_than_its_revision_says_on_sqlite() {
    a_row_is_never_decided_in_an_older_version_than_its_revision_says(Base::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_is_never_decided_in_an_older_version_than_its_revision_says_on_postgresql() {
    a_row_is_never_decided_in_an_older_version_than_its_revision_says(Base::Postgres).await;
}

const CORRECTIONS: i64 = 500;

/// A payout of order 7.
fn payout(net: i64) -> RowContent {
    let payout: Payout = serde_json::from_value(json!({
        "source": "shopee", "id": "a", "store_id": "8277", "channel_order_id": "INV-7", "paid_at": "2024-01-31",
        "net": net, "amounts": {},
    }))
    .expect("a payout");
    RowContent::Payout(payout)
}

/// What is decided about the only order with news.
async fn verdict(world: &World) -> SettlementVerdict {
    let now = world.clock.now();
    let active = mapping::current(world.storage.as_ref()).await.expect("readable");
    let news = world.storage.unsettled(now, 10).await.expect("readable");
    let [order] = &news.orders[..] else { panic!("one order has news: {news:?}") };
    SettlementVerdict {
        order_id: order.order.order_id.clone(),
        revision: order.revision,
        mapping_revision: active.revision,
        settlement: after_sale::settle(order, &active, day_in_wib(now)),
        moving: Vec::new(),
        order: None,
    }
}

async fn a_decision_that_was_overtaken_changes_nothing_however_often_the_order_was_decided_since(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    let now = world.clock.now();
    world.storage.record_rows(&[payout(150_000)], now).await.expect("recorded");
    let overtaken = verdict(&world).await;
    // Somebody else decides the same, and the row is corrected and decided again.
    assert_eq!(world.storage.settle_orders(std::slice::from_ref(&overtaken), now).await.expect("written").len(), 1);
    world.storage.record_rows(&[payout(0)], now).await.expect("recorded");
    let newest = verdict(&world).await;
    assert_eq!(world.storage.settle_orders(std::slice::from_ref(&overtaken), now).await.expect("written").len(), 0);
    assert_eq!(world.storage.settle_orders(&[newest], now).await.expect("written").len(), 1);
    assert_eq!(world.payout_state("a").await.0, RowState::Settled, "nothing was paid");
    assert_eq!(world.storage.settle_orders(&[overtaken], now).await.expect("written").len(), 0);
    assert_eq!(world.payout_state("a").await.0, RowState::Settled, "nothing was paid");
}

async fn a_row_is_never_decided_in_an_older_version_than_its_revision_says(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    let now = world.clock.now();
    let storage = world.storage.clone();
    storage.record_rows(&[payout(0)], now).await.expect("recorded");
    // Every correction makes a revision.
    let first = verdict(&world).await.revision;
    let corrections = tokio::spawn(async move {
        for net in 1..=CORRECTIONS {
            storage.record_rows(&[payout(net)], now).await.expect("recorded");
        }
    });
    loop {
        let news = world.storage.unsettled(now, 10).await.expect("readable");
        let RowContent::Payout(payout) = &news.orders[0].rows[0].content else { panic!("a payout") };
        let (revision, net) = (news.orders[0].revision, payout.net.hundredths() / 100);
        assert!(net >= revision - first, "revision {revision} came with the payout over {net}");
        if net == CORRECTIONS {
            break;
        }
    }
    corrections.await.expect("it ends");
}

async fn a_return_that_waits_is_decided_again_once_forstok_changes_its_order(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.went_back("7", "r", json!({"pieces": [{"sku": "AAA2002", "quantity": 1}]})).await;
    assert_eq!(world.return_state("r").await, (RowState::Waiting, ""));
    let replaced = || order("7").price(150_000).ready_to_ship();
    world.forstok_sends(replaced().sku("BBB1001").updated_at("2023-12-01T10:00:00+07:00")).await;
    world.run_until_settled().await;
    assert_eq!(world.return_state("r").await, (RowState::Blocked, "return_needs_person"));
    world.forstok_sends(replaced().updated_at("2023-12-02T10:00:00+07:00")).await;
    world.run_until_settled().await;
    assert_eq!(world.return_state("r").await, (RowState::Waiting, ""), "it was a mistake");
}
