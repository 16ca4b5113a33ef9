//! Counts, filters and lists, and what a retry reaches.

use forstok_accurate::{
    clock::Clock,
    domain::reason::Reason,
    sandbox::{Fault, On},
    storage::{Count, Filter, State},
};

use super::{ALL, a_world_with_every_state, all, ids, text};
use crate::world::{Base, World, order, order_id};

pub(super) async fn the_counts_are_those_of_a_full_scan_after_every_kind_of_transition(base: Base) {
    let mut world = a_world_with_every_state(base).await;
    // An order that moves to another store is counted there.
    world.forstok_sends(order("827701").open().store(9001).updated_at("2024-01-20T09:00:00+07:00")).await;
    world.mapping_changes("auto_create_at = \"Ready to Ship\"", "auto_create_at = \"never\"").await;
    world.decide_all().await;
    world.mapping_changes("auto_create_at = \"never\"", "auto_create_at = \"Open\"").await;
    world.decide_all().await;
    world.operator_retries("747503").await;
    let mut counts = world.storage.counts().await.expect("readable");
    let mut scanned: Vec<Count> = Vec::new();
    for order in all(&world).await {
        let same = |count: &&mut Count| {
            (count.state, count.reason, &count.store_id) == (order.state, order.reason, &order.store_id)
        };
        match scanned.iter_mut().find(same) {
            Some(count) => count.orders += 1,
            None => {
                scanned.push(Count { state: order.state, reason: order.reason, store_id: order.store_id, orders: 1 });
            }
        }
    }
    let key = |count: &Count| (count.state, count.reason, count.store_id.clone());
    counts.sort_by_key(key);
    scanned.sort_by_key(key);
    assert_eq!(counts, scanned);
    assert!(counts.iter().any(|count| count.store_id == "9001"));
}

pub(super) async fn filters_find_what_they_name_and_nothing_else(base: Base) {
    let world = a_world_with_every_state(base).await;
    let everything = all(&world).await;
    for state in State::ALL {
        let expected: Vec<_> = everything.iter().filter(|order| order.state == state).collect();
        assert!(!expected.is_empty(), "the world must hold {state:?}");
        assert_eq!(ids(&world, &Filter { state: Some(state), ..ALL }).await.len(), expected.len(), "{state:?}");
    }
    let blocked = Filter { reason: Some(Reason::ItemNotFound), ..ALL };
    assert_eq!(ids(&world, &blocked).await, ["747503", "827703"]);
    assert_eq!(ids(&world, &Filter { store_id: Some("8277".to_owned()), ..blocked.clone() }).await, ["827703"]);
    assert_eq!(ids(&world, &Filter { state: Some(State::Due), ..blocked }).await, [""; 0]);
    assert_eq!(ids(&world, &text("827702")).await, ["827702"], "by order id");
    assert_eq!(ids(&world, &text("INV-827702")).await, ["827702"], "by marketplace and invoice number");
    assert_eq!(ids(&world, &text("INV-8277")).await.len(), 9, "by the beginning");
    assert_eq!(ids(&world, &text("27702")).await, ["827702"], "by the last digits");
    for nothing in ["%", "_", "' OR 1=1 --", "70", "nv-827702x", "\u{10ffff}"] {
        assert_eq!(ids(&world, &text(nothing)).await, [""; 0], "{nothing:?}");
    }
}

pub(super) async fn pages_show_every_order_once_newest_first(base: Base) {
    let mut world = World::on(base).await;
    for id in 1..=25 {
        world.forstok_sends(order(&id.to_string()).open()).await;
    }
    let (mut before, mut seen) = (None, Vec::new());
    loop {
        let page = world.storage.orders(&ALL, before, 4).await.expect("readable");
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        seen.extend(page.iter().map(|order| order.order_id.to_string()));
        // Orders that arrive meanwhile are before the first page and shift nothing.
        world.forstok_sends(order(&(100 + seen.len()).to_string()).open()).await;
    }
    assert_eq!(seen, (1..=25).rev().map(|id| id.to_string()).collect::<Vec<_>>());
}

pub(super) async fn a_retry_counts_what_it_rearmed_and_leaves_the_rest(base: Base) {
    let world = a_world_with_every_state(base).await;
    let now = world.clock.now();
    let rearm = async |filter: Filter| world.storage.rearm(&filter, "operator", now).await.expect("written");
    assert_eq!(rearm(Filter { reason: Some(Reason::ItemNotFound), ..ALL }).await, 2);
    assert_eq!(rearm(Filter { state: Some(State::Blocked), store_id: Some("7475".to_owned()), ..ALL }).await, 2);
    for state in [State::Invoiced, State::Voided, State::Ignored, State::Watching, State::Received] {
        assert_eq!(rearm(Filter { state: Some(state), ..ALL }).await, 0, "{state:?}");
    }
    assert_eq!(rearm(text("INV-747508")).await, 1, "a waiting one goes at once");
    assert_eq!(world.order("747508").await.next_attempt_at, Some(now));
    assert_eq!(world.storage.rearm_one(&order_id("747503"), "operator", now).await.expect("written"), Some(1));
    assert_eq!(
        world.storage.rearm_one(&order_id("827702"), "operator", now).await.expect("written"),
        Some(0),
        "it is invoiced"
    );
    assert_eq!(world.storage.rearm_one(&order_id("4711"), "operator", now).await.expect("written"), None);
}

pub(super) async fn the_oldest_due_order_is_the_one_that_waits_longest(base: Base) {
    let mut world = World::on(base).await;
    let start = world.clock.now();
    assert_eq!(world.storage.oldest_due().await.expect("readable"), None);
    world.accurate.next(On::InvoiceSaves, Fault::UpsssBefore, 1);
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.run_until_idle().await;
    world.advance(60);
    world.forstok_sends(order("2").ready_to_ship()).await;
    world.decide_all().await;
    assert_eq!(world.storage.oldest_due().await.expect("readable"), Some(start), "failing does not make it younger");
    world.run_until_settled().await;
    assert_eq!(world.storage.oldest_due().await.expect("readable"), None);
}
