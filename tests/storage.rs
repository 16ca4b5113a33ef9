//! The contract of storage, through its traits: repeats, late writes, counts and lists.

mod allowance;
mod documents;
mod imports;
mod master_lists;
mod pages;
mod people;
mod replicas;
mod seen;
mod shared;
mod statistics;
mod trouble;
mod unreadable;
mod work;

use axum::body::Bytes;
use forstok_accurate::{
    clock::Clock,
    domain::{doubt::Doubt, ids::AttemptNo, reason::Reason},
    inbox::record::delivery,
    sandbox::{Action, Fault, On},
    storage::{
        Count, Counted, DocumentRef, Filter, Lane, OrderRecord, Outcome, Selection, Settled, Settlement, State,
        Undecided, Verdict,
    },
};
use jiff::{SignedDuration, Timestamp};

use crate::world::{BOOK, Base, Order, World, fold_all, order, order_id};

/// Runs each case on both databases.
macro_rules! on_both {
    ($($case:ident of $place:path),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $case() {
                use $place as cases;
                cases::$case(crate::world::Base::Sqlite).await;
            })*
        }

        mod postgres {
            $(#[tokio::test]
            async fn $case() {
                use $place as cases;
                cases::$case(crate::world::Base::Postgres).await;
            })*
        }
    };
}

on_both!(
    an_order_is_known_by_its_id_and_by_its_marketplace_number of crate::storage::imports,
    how_a_snapshot_came_is_kept_as_it_came_first of crate::storage::imports,
    columns_that_a_person_chose_are_remembered of crate::storage::imports,
    one_reading_of_forstok_at_a_time_and_a_late_one_changes_nothing of crate::storage::imports,
    a_command_gets_its_share_of_the_limit_while_the_service_gives_it_up of crate::storage::allowance,
    a_session_lasts_until_its_end_or_until_it_is_ended of crate::storage::people,
    days_stores_and_snapshots_are_those_of_the_orders of crate::storage::people,
    only_the_very_same_content_is_a_repeat of crate::storage,
    a_repeat_is_no_news of crate::storage,
    two_deliveries_of_one_order_in_one_commit_are_folded_into_one of crate::storage,
    a_receipt_tells_where_the_order_stands of crate::storage,
    what_cannot_be_read_is_kept_and_listed of crate::storage,
    an_order_that_cannot_be_read_is_skipped_and_explained of crate::storage::unreadable,
    a_document_that_cannot_be_read_blocks_its_order_and_no_other of crate::storage::unreadable,
    a_save_in_doubt_is_looked_up_though_its_draft_cannot_be_read of crate::storage::unreadable,
    a_draft_to_compare_that_cannot_be_read_is_put_off of crate::storage::unreadable,
    a_decision_about_old_news_changes_nothing of crate::storage,
    a_decision_about_an_order_under_a_lease_changes_nothing of crate::storage,
    an_outcome_counts_once_and_only_from_the_current_claim of crate::storage,
    a_claim_is_exclusive_until_its_lease_ends_and_a_probe_takes_one of crate::storage,
    the_counts_are_those_of_a_full_scan_after_every_kind_of_transition of crate::storage,
    filters_find_what_they_name_and_nothing_else of crate::storage,
    pages_show_every_order_once_newest_first of crate::storage,
    a_retry_counts_what_it_rearmed_and_leaves_the_rest of crate::storage,
    the_oldest_due_order_is_the_one_that_waits_longest of crate::storage,
    opening_the_file_again_keeps_everything of crate::storage,
    old_bodies_are_cleared_in_steps_and_what_is_needed_is_looked_at_again of crate::storage,
    what_was_cleared_counts_as_new_when_it_comes_again of crate::storage,
    a_text_finds_any_part_that_people_have of crate::storage::pages,
    days_are_those_of_jakarta_and_sort_the_list of crate::storage::pages,
    pages_with_every_filter_show_each_order_once of crate::storage::pages,
    blocked_orders_are_grouped_by_their_cause of crate::storage::pages,
    a_cause_that_is_gone_is_no_group of crate::storage::pages,
    an_acknowledged_warning_no_longer_needs_attention_until_it_changes of crate::storage::pages,
    a_decision_of_a_person_is_written_once_and_refused_where_it_cannot_be of crate::storage::pages,
    what_is_folded_later_is_answered_first_and_folded_once of crate::storage::work,
    an_order_is_the_same_whether_folded_now_later_or_out_of_order of crate::storage::work,
    what_can_no_longer_be_read_when_it_is_folded_is_shown_with_the_unreadable of crate::storage::work,
    large_bodies_are_read_a_few_at_a_time of crate::storage::work,
    text_that_no_database_likes_is_kept of crate::storage::work,
    what_may_be_claimed_is_counted_by_lane_up_to_a_limit of crate::storage::work,
    a_claim_takes_the_longest_due_first_or_the_newest of crate::storage::work,
    a_lease_that_is_ended_leaves_a_doubt_and_the_order_goes_on_at_once of crate::storage::work,
    an_order_whose_lease_ran_out_is_claimed_in_doubt of crate::storage::work,
    hastening_makes_waiting_orders_due_but_not_claimed_ones of crate::storage::work,
    one_look_serves_all_that_wait_for_the_same of crate::storage::work,
    nobody_is_looked_for_whom_nobody_waits_for of crate::storage::work,
    bodies_that_may_still_be_invoiced_are_given_newest_first of crate::storage::work,
    warnings_are_counted_and_found_as_long_as_an_order_carries_them of crate::storage::work,
    a_deletion_that_fails_leaves_the_invoice_known of crate::storage::work,
    what_orders_contain_is_noted_once_per_product_store_and_warehouse of crate::storage::seen,
    a_product_is_brought_up_to_date_by_later_orders of crate::storage::seen,
    orders_that_wait_are_counted_by_what_they_wait_for of crate::storage::seen,
    an_unlawful_change_of_state_is_refused_and_nothing_is_written of crate::storage::documents,
    what_a_document_needs_exists_before_it_and_goes_after_it of crate::storage::documents,
    a_list_is_shown_only_once_it_was_read_in_full of crate::storage::master_lists,
    a_reading_that_failed_leaves_what_was_shown_before of crate::storage::master_lists,
    a_late_reader_changes_nothing of crate::storage::master_lists,
    rows_are_found_by_any_part_of_number_or_name of crate::storage::master_lists,
    pages_of_a_list_show_every_row_once of crate::storage::master_lists,
    a_request_has_a_list_read_and_a_blocked_order_not_too_often of crate::storage::master_lists,
    a_mapping_replaces_the_one_it_was_made_for_and_no_other of crate::storage::shared,
    a_mapping_has_all_orders_decided_again_that_it_may_change of crate::storage::shared,
    a_verdict_by_another_mapping_changes_nothing of crate::storage::shared,
    a_book_is_taken_once_and_then_kept of crate::storage::shared,
    a_store_that_can_be_written_to_says_so_as_often_as_it_is_asked of crate::storage::shared,
);

const ALL: Filter = Filter {
    state: None,
    reason: None,
    subject: None,
    warning: None,
    acknowledged: None,
    store_id: None,
    text: None,
    days: None,
};

/// Records these in one commit and folds them; returns which were repeats.
async fn record(world: &World, orders: &[Order]) -> Vec<bool> {
    let deliveries: Vec<_> = orders.iter().map(|order| delivery(order.body(), world.clock.now())).collect();
    let receipts = world.storage.record(&deliveries).await.expect("recorded");
    fold_all(world.storage.as_ref()).await;
    receipts.into_iter().map(|receipt| receipt.repeat).collect()
}

async fn undecided(world: &World) -> Vec<Undecided> {
    world.storage.undecided(world.clock.now(), 100).await.expect("readable").orders
}

async fn decide(world: &World, verdict: Verdict) -> usize {
    world.storage.decide(&[verdict], world.clock.now()).await.expect("written").len()
}

/// A decision that ignores an order.
fn ignoring(order: &Undecided) -> Verdict {
    Verdict {
        order_id: order.order_id.clone(),
        revision: order.revision,
        mapping_revision: 1,
        state: State::Ignored,
        reason: Some(Reason::StoreOff),
        findings: Vec::new(),
        warnings: Vec::new(),
        draft: None,
        events: Vec::new(),
        look_up_first: false,
    }
}

async fn all(world: &World) -> Vec<OrderRecord> {
    world.storage.orders(&ALL, None, 1_000).await.expect("readable")
}

async fn ids(world: &World, filter: &Filter) -> Vec<String> {
    let orders = world.storage.orders(filter, None, 1_000).await.expect("readable");
    orders.iter().map(|order| order.order_id.to_string()).collect()
}

fn text(text: &str) -> Filter {
    Filter { text: Some(text.to_owned()), ..ALL }
}

/// Orders of two stores in every state: 1 is open, 2 invoiced, 3 blocked for its item, 4 cancelled, 5 voided, 6 to be
/// voided (7475 only), 7 blocked for its sku, 8 waiting (7475 only), 9 received.
async fn a_world_with_every_state(base: Base) -> World {
    let mut world = World::on(base).await;
    for store in [8277, 7475] {
        let id = |n: i64| (store * 100 + n).to_string();
        world.forstok_sends(order(&id(1)).open().store(store)).await;
        world.forstok_sends(order(&id(2)).ready_to_ship().store(store)).await;
        world.forstok_sends(order(&id(3)).ready_to_ship().store(store).sku("BARU-01")).await;
        world.forstok_sends(order(&id(4)).cancelled().store(store)).await;
        world.forstok_sends(order(&id(5)).ready_to_ship().store(store)).await;
        world.forstok_sends(order(&id(6)).ready_to_ship().store(store)).await;
        world.forstok_sends(order(&id(7)).ready_to_ship().store(store).sku("")).await;
    }
    world.run_until_settled().await;
    for store in [8277, 7475] {
        let id = |n: i64| (store * 100 + n).to_string();
        world.forstok_sends(order(&id(5)).cancelled().store(store)).await;
        world.run_until_settled().await;
        world.accurate.next(Action::InvoiceDelete, Fault::DroppedBefore, 1);
        world.forstok_sends(order(&id(6)).cancelled().store(store)).await;
        world.run_until_idle().await;
        world.accurate.next(On::InvoiceSaves, Fault::UpsssBefore, 1);
        world.forstok_sends(order(&id(8)).ready_to_ship().store(store)).await;
        world.run_until_idle().await;
        world.forstok_sends(order(&id(9)).ready_to_ship().store(store)).await;
    }
    world
}

async fn only_the_very_same_content_is_a_repeat(base: Base) {
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

async fn a_repeat_is_no_news(base: Base) {
    let mut world = World::on(base).await;
    record(&world, &[order("1").ready_to_ship()]).await;
    let first = undecided(&world).await[0].revision;
    record(&world, &[order("1").ready_to_ship()]).await;
    assert_eq!(undecided(&world).await[0].revision, first, "a decision that is being made stays valid");
    world.run_until_settled().await;
    record(&world, &[order("1").ready_to_ship()]).await;
    assert!(undecided(&world).await.is_empty());
}

async fn two_deliveries_of_one_order_in_one_commit_are_folded_into_one(base: Base) {
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

async fn a_receipt_tells_where_the_order_stands(base: Base) {
    let mut world = World::on(base).await;
    let first = world.forstok_sends(order("1").ready_to_ship()).await;
    assert_eq!((first.state, first.invoice), (State::Received, None));
    world.run_until_settled().await;
    let second = world.forstok_sends(order("1").shipped()).await;
    let invoice = DocumentRef { number: "INV-1".to_owned(), id: 1 };
    assert_eq!((second.repeat, second.state, second.invoice), (false, State::Invoiced, Some(invoice)));
}

async fn what_cannot_be_read_is_kept_and_listed(base: Base) {
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

async fn a_decision_about_old_news_changes_nothing(base: Base) {
    let world = World::on(base).await;
    record(&world, &[order("1").open()]).await;
    let stale = undecided(&world).await.remove(0);
    record(&world, &[order("1").ready_to_ship()]).await;
    assert_eq!(decide(&world, ignoring(&stale)).await, 0);
    assert_eq!(world.state("1").await, "received");
    let fresh = undecided(&world).await.remove(0);
    assert_eq!(decide(&world, ignoring(&fresh)).await, 1);
    assert_eq!(world.state("1").await, "ignored: store_off");
    assert_eq!(decide(&world, ignoring(&fresh)).await, 0, "it is decided already");
}

async fn a_decision_about_an_order_under_a_lease_changes_nothing(base: Base) {
    let mut world = World::on(base).await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    let waiting = undecided(&world).await.remove(0);
    let claim = world.only_claim().await;
    world.forstok_sends(order("1").cancelled()).await;
    assert!(undecided(&world).await.is_empty());
    let verdict = Verdict { revision: waiting.revision + 1, ..ignoring(&waiting) };
    assert_eq!(decide(&world, verdict.clone()).await, 0);
    // Nor afterwards, as long as an unknown invoice may exist.
    world.advance(600);
    assert_eq!(decide(&world, verdict.clone()).await, 0);
    let outcome = Outcome::Postponed { until: world.clock.now(), counted: Counted::Yes };
    let settlement = Settlement::with_doubt(&claim, Doubt::of_age(None, 0), outcome);
    assert_eq!(world.storage.settle(&[settlement], world.clock.now()).await.expect("written"), [Settled::Written]);
    assert_eq!(decide(&world, verdict).await, 0, "it was made before the outcome was known");
    let verdict = ignoring(&undecided(&world).await.remove(0));
    assert_eq!(decide(&world, verdict).await, 1);
}

async fn an_outcome_counts_once_and_only_from_the_current_claim(base: Base) {
    let mut world = World::on(base).await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    let claim = world.only_claim().await;
    let outcome = Outcome::Blocked { findings: Vec::new(), waits_for: None, recheck_after: None };
    let settlement = |attempt| {
        let mut settlement = Settlement::of(&claim, outcome.clone());
        settlement.attempt = attempt;
        settlement
    };
    let settle =
        async |attempt| world.storage.settle(&[settlement(attempt)], world.clock.now()).await.expect("written");
    assert_eq!(settle(AttemptNo(claim.attempt.0 - 1)).await, [Settled::Late]);
    assert_eq!(settle(AttemptNo(claim.attempt.0 + 1)).await, [Settled::Late]);
    assert_eq!(world.state("1").await, "due");
    assert_eq!(settle(claim.attempt).await, [Settled::Written]);
    assert_eq!(settle(claim.attempt).await, [Settled::Late], "twice is once");
}

async fn a_claim_is_exclusive_until_its_lease_ends_and_a_probe_takes_one(base: Base) {
    let mut world = World::on(base).await;
    for id in 1..=5 {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
    }
    world.decide_all().await;
    let now = world.clock.now();
    let fresh = |limit| Selection::Due { lane: Lane::Fresh, newest_first: false, limit };
    let claim = async |wanted, now: Timestamp| {
        let claims = world.storage.claim(BOOK, wanted, now, now + SignedDuration::from_secs(10)).await;
        claims.expect("claimed").into_iter().map(|claim| claim.order_id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(claim(Selection::Probe, now).await.len(), 1);
    assert_eq!(claim(fresh(3), now).await.len(), 3);
    assert_eq!(claim(fresh(8), now).await.len(), 1);
    assert_eq!(claim(Selection::Probe, now).await.len(), 0, "all are under a lease");
    let later = now + SignedDuration::from_secs(10);
    assert_eq!(claim(fresh(8), later).await.len(), 0, "all were tried");
    let again = Selection::Due { lane: Lane::Again, newest_first: false, limit: 8 };
    assert_eq!(claim(again, later).await.len(), 5);
    assert_eq!(world.storage.claim("another", fresh(8), now, now).await.expect("claimed").len(), 0);
}

async fn the_counts_are_those_of_a_full_scan_after_every_kind_of_transition(base: Base) {
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

async fn filters_find_what_they_name_and_nothing_else(base: Base) {
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

async fn pages_show_every_order_once_newest_first(base: Base) {
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

async fn a_retry_counts_what_it_rearmed_and_leaves_the_rest(base: Base) {
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

async fn the_oldest_due_order_is_the_one_that_waits_longest(base: Base) {
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

async fn opening_the_file_again_keeps_everything(base: Base) {
    let world = a_world_with_every_state(base).await;
    let look = async |world: &World| {
        let orders = all(world).await;
        let mut timelines = Vec::new();
        for order in &orders {
            timelines.push(world.timeline(order.order_id.as_str()).await);
        }
        let mut counts = world.storage.counts().await.expect("readable");
        counts.sort_by_key(|count| (count.state, count.reason, count.store_id.clone()));
        (format!("{orders:?}"), timelines, counts, world.storage.mapping().await.expect("readable"))
    };
    let before = look(&world).await;
    let world = world.dies_and_starts_again().await;
    assert_eq!(look(&world).await, before);
    assert!(before.3.is_some_and(|mapping| mapping.revision == 1));
}

/// Clears bodies older than a day in steps of 7; returns how many each step cleared.
async fn clear(world: &World) -> Vec<u64> {
    let mut steps = Vec::new();
    loop {
        let now = world.clock.now();
        let step = world.storage.clear_bodies(now - SignedDuration::from_hours(24), now, 7).await.expect("written");
        assert!(step.bodies <= step.examined && step.examined <= 7, "{step:?}");
        steps.push(step.bodies);
        if step.examined < 7 {
            return steps;
        }
    }
}

async fn old_bodies_are_cleared_in_steps_and_what_is_needed_is_looked_at_again(base: Base) {
    let mut world = a_world_with_every_state(base).await;
    assert_eq!(clear(&world).await, [0], "nothing is old");
    world.advance(2 * 86_400);
    let young = order("5").cancelled();
    record(&world, std::slice::from_ref(&young)).await;
    let before = (format!("{:?}", all(&world).await), world.timeline("827705").await);
    // 1, 3 and 7 of each store are kept, and of 7475 also the newest of 6, 8 and 9.
    let cleared = clear(&world).await;
    assert_eq!((cleared.len(), cleared.iter().sum::<u64>()), (4, 22 - 3 - 6), "{cleared:?}");
    assert_eq!((format!("{:?}", all(&world).await), world.timeline("827705").await), before);
    assert_eq!(clear(&world).await, [0], "what is kept is not looked at at once");
    let waiting = world.storage.waiting_bodies(100).await.expect("readable");
    assert!(waiting.iter().all(|body| !body.is_empty()) && !waiting.is_empty());

    world.accurate.add_item("BARU-01", "Barang baru");
    world.operator_retries("827703").await;
    world.run_until_settled().await;
    assert_eq!(world.state("827703").await, "invoiced");
    world.advance(2 * 86_400);
    let cleared = clear(&world).await.iter().sum::<u64>();
    assert!(cleared > 4, "all that has ended meanwhile: {cleared}");
}

async fn what_was_cleared_counts_as_new_when_it_comes_again(base: Base) {
    let mut world = World::on(base).await;
    let sent = order("1").ready_to_ship();
    world.forstok_sends(sent.clone()).await;
    world.run_until_settled().await;
    world.advance(2 * 86_400);
    assert_eq!(clear(&world).await, [1]);
    let saves = world.saves();
    record(&world, &[order("1").open()]).await;
    assert_eq!(undecided(&world).await[0].body, None);
    let invoiced = format!("{:?}", world.order("1").await.invoice);
    assert_eq!(record(&world, &[sent.clone(), sent]).await, [false, true]);
    assert!(undecided(&world).await[0].body.is_some());
    world.run_until_settled().await;
    assert_eq!(world.state("1").await, "invoiced");
    assert_eq!(format!("{:?}", world.order("1").await.invoice), invoiced);
    assert_eq!(world.saves(), saves);
}
