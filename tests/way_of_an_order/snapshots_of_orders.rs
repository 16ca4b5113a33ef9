//! Snapshots arrive in any order and more than once.

use forstok_accurate::{
    domain::reason::{Language, Warning},
    sandbox::Invoice,
};

use super::{NUMBER, ORDER};
use crate::world::{Order, World, order, order_id};

/// All permutations of these.
fn permutations(of: &[Order]) -> Vec<Vec<Order>> {
    if of.len() <= 1 {
        return vec![of.to_vec()];
    }
    let mut all = Vec::new();
    for first in 0..of.len() {
        let mut rest = of.to_vec();
        let first = rest.remove(first);
        for mut tail in permutations(&rest) {
            tail.insert(0, first.clone());
            all.push(tail);
        }
    }
    all
}

fn without_id(mut invoice: Invoice) -> Invoice {
    invoice.id = 0;
    invoice.saved_at = jiff::Timestamp::UNIX_EPOCH;
    invoice
}

#[tokio::test]
async fn the_order_of_arrival_changes_neither_the_state_nor_the_invoice() {
    let snapshots = [
        order(ORDER).open().price(70_000),
        order(ORDER).ready_to_ship().price(75_000),
        order(ORDER).shipped().price(80_000),
    ];
    let mut invoices = Vec::new();
    for arrival in permutations(&snapshots) {
        let mut world = World::new().await;
        for snapshot in arrival.iter().chain(&arrival[..2]) {
            world.forstok_sends(snapshot.clone()).await;
        }
        world.run_until_settled().await;
        assert_eq!(world.state(ORDER).await, "invoiced");
        assert_eq!(world.saves(), 2, "once refused for the missing customer, once saved");
        invoices.extend(world.accurate.invoices().into_iter().map(without_id));
    }
    assert_eq!(invoices.len(), 6, "one each");
    for invoice in &invoices {
        assert_eq!(invoice, &invoices[0]);
    }
    assert_eq!(invoices[0].trans_date.to_string(), "2023-11-27", "the day it became ready to ship");
    assert_eq!(invoices[0].total_amount, 80_000.into(), "the newest amounts");
}

#[tokio::test]
async fn a_cancellation_counts_at_any_place_among_the_snapshots() {
    let snapshots =
        [order(ORDER).open(), order(ORDER).ready_to_ship(), order(ORDER).shipped(), order(ORDER).cancelled()];
    for arrival in permutations(&snapshots) {
        let mut world = World::new().await;
        for snapshot in arrival {
            world.forstok_sends(snapshot).await;
        }
        world.run_until_settled().await;
        assert_eq!(world.state(ORDER).await, "ignored: cancelled");
        assert!(world.accurate.calls().is_empty());
    }
}

#[tokio::test]
async fn snapshots_that_arrive_while_the_order_is_worked_on_never_leave_a_wrong_invoice() {
    for seed in 0..40 {
        let mut chance = fastrand::Rng::with_seed(seed);
        let mut world = World::new().await;
        let mut snapshots = vec![order(ORDER).open(), order(ORDER).ready_to_ship(), order(ORDER).shipped()];
        let is_cancelled = chance.bool();
        if is_cancelled {
            snapshots.push(order(ORDER).cancelled());
        }
        snapshots.extend(snapshots.clone());
        chance.shuffle(&mut snapshots);
        for snapshot in snapshots {
            world.forstok_sends(snapshot).await;
            match chance.u8(..3) {
                0 => world.run_until_settled().await,
                1 => {
                    world.decide_all().await;
                }
                _ => {}
            }
        }
        world.run_until_settled().await;
        let standing = world.accurate.invoices_numbered(NUMBER).len();
        let state = world.state(ORDER).await;
        if is_cancelled {
            // Once the parcel is known to have left, a return takes the place of deleting the invoice.
            let (rows, _) = world.storage.booked(&order_id(ORDER)).await.expect("readable");
            let kept = usize::from(state == "invoiced");
            assert!(kept == 1 || state == "voided" || state == "ignored: cancelled", "seed {seed}: {state}");
            assert_eq!((standing, rows.len()), (kept, kept), "seed {seed}");
        } else {
            assert_eq!((state.as_str(), standing), ("invoiced", 1), "seed {seed}");
        }
    }
}

#[tokio::test]
async fn the_same_snapshot_again_is_a_repeat_that_shows_the_invoice() {
    let mut world = World::new().await;
    let first = world.forstok_sends(order(ORDER).ready_to_ship()).await;
    assert!(!first.repeat && first.invoice.is_none());
    world.run_until_settled().await;
    let calls = world.accurate.calls().len();
    let again = world.forstok_sends(order(ORDER).ready_to_ship()).await;
    assert!(again.repeat);
    assert_eq!(again.invoice.expect("it exists").number.as_str(), NUMBER);
    world.run_until_settled().await;
    assert_eq!(world.accurate.calls().len(), calls, "a repeat leads to no call");
}

#[tokio::test]
async fn who_pays_the_courier_is_asked_when_it_cannot_be_read_and_shipping_was_paid() {
    let mut world = World::new().await;
    let order = |id: &str, shipping: i64| {
        order(id).ready_to_ship().with("cashless", "maybe".into()).with("shipping_price", shipping.into())
    };
    world.forstok_sends(order("1", 11_000)).await;
    world.forstok_sends(order("2", 0)).await;
    world.run_until_settled().await;
    assert_eq!(world.state("1").await, "blocked: amount_unreadable");
    let about = world.order("1").await.findings[0].about.in_words(Language::English);
    assert!(about.contains("order.cashless: \"maybe\" is neither true nor false"), "{about}");
    assert_eq!(world.state("2").await, "invoiced");
    assert!(world.warnings("2").await.contains(&Warning::AmountUnreadable), "{:?}", world.warnings("2").await);
}
