//! What arrives: repeats, receipts, and bodies that cannot be read.

use axum::body::Bytes;
use forstok_accurate::{
    clock::Clock,
    inbox::record::delivery,
    storage::{DocumentRef, State},
};

use super::{all, record, undecided};
use crate::world::{Base, World, order};

pub(super) async fn only_the_very_same_content_is_a_repeat(base: Base) {
    let world = World::on(base).await;
    let (open, ready) = (order("1").open(), order("1").ready_to_ship());
    assert_eq!(record(&world, &[open.clone(), open.clone(), ready.clone()]).await, [false, true, false]);
    assert_eq!(record(&world, &[ready.clone(), order("1").open().price(5), open]).await, [true, false, true]);
    assert_eq!(record(&world, &[order("2").ready_to_ship(), ready]).await, [false, true]);
    let timeline = world.timeline("1").await;
    assert!(
        timeline.contains("\"Open\" (orders/update), 3 times") && timeline.contains("\"Ready to Ship\""),
        "{timeline}"
    );
}

pub(super) async fn a_repeat_is_no_news(base: Base) {
    let mut world = World::on(base).await;
    record(&world, &[order("1").ready_to_ship()]).await;
    let first = undecided(&world).await[0].revision;
    record(&world, &[order("1").ready_to_ship()]).await;
    assert_eq!(undecided(&world).await[0].revision, first, "a decision that is being made stays valid");
    world.run_until_settled().await;
    record(&world, &[order("1").ready_to_ship()]).await;
    assert!(undecided(&world).await.is_empty());
}

pub(super) async fn two_deliveries_of_one_order_in_one_commit_are_folded_into_one(base: Base) {
    for newest_first in [false, true] {
        let world = World::on(base).await;
        let mut orders = [order("1").ready_to_ship().price(70_000), order("1").shipped().price(80_000)];
        if newest_first {
            orders.reverse();
        }
        record(&world, &orders).await;
        let waiting = undecided(&world).await;
        assert_eq!(waiting.len(), 1);
        assert_eq!(world.order("1").await.status, "Shipped");
        assert_eq!(waiting[0].body.clone().map(Bytes::from), Some(order("1").shipped().price(80_000).body()));
    }
}

pub(super) async fn a_receipt_contains_the_state_of_the_order(base: Base) {
    let mut world = World::on(base).await;
    let first = world.forstok_sends(order("1").ready_to_ship()).await;
    assert_eq!((first.state, first.invoice), (State::Received, None));
    world.run_until_settled().await;
    let second = world.forstok_sends(order("1").shipped()).await;
    let invoice = DocumentRef { number: "INV-1".into(), id: 1 };
    assert_eq!((second.repeat, second.state, second.invoice), (false, State::Invoiced, Some(invoice)));
}

pub(super) async fn what_cannot_be_read_is_kept_and_listed(base: Base) {
    let world = World::on(base).await;
    let bodies = ["{\"event\":\"orders/update\"}", "not JSON", "{\"event\":\"orders/update\"}"];
    for body in bodies {
        let delivery = delivery(Bytes::from_static(body.as_bytes()), world.clock.now());
        world.storage.record(&[delivery]).await.expect("recorded");
    }
    let newest = world.storage.unreadable(None, 10).await.expect("readable");
    let count = world.storage.unreadable_count().await.expect("readable");
    assert_eq!((count, newest.len()), (2, 2));
    assert!(newest[0].problem.contains("not JSON"), "{newest:?}");
    assert_eq!((newest[1].times, newest[1].problem.as_str()), (2, "order: is missing"));
    assert_eq!(world.storage.unreadable(None, 1).await.expect("readable").len(), 1);
    let older = world.storage.unreadable(Some(newest[0].id), 10).await.expect("readable");
    assert_eq!(older, newest[1..]);
    let (one, body) = world.storage.unreadable_one(newest[0].id).await.expect("readable").expect("it is there");
    assert_eq!((&one, body.as_deref()), (&newest[0], Some(&b"not JSON"[..])));
    assert_eq!(one.bytes, 8);
    assert!(all(&world).await.is_empty() && undecided(&world).await.is_empty());
}
