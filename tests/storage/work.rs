//! Deliveries that are folded later, leases and queues, and what orders wait for.

use axum::body::Bytes;
use forstok_accurate::{
    clock::Clock,
    domain::{
        doubt::Doubt,
        reason::{Reason, Warning},
        recheck::Subject,
    },
    inbox::{delivery, folding},
    sandbox::{Action, Fault, On},
    storage::{Folding, Lane, Selection, State, Unfolded},
};
use jiff::SignedDuration;

use super::{all, record, undecided};
use crate::world::{BOOK, Base, Order, World, order, order_id};

const FRESH: Selection = Selection::Due { lane: Lane::Fresh, newest_first: false, limit: 100 };

/// Records these in one commit and does not fold them; returns which were repeats.
async fn record_only(world: &World, orders: &[Order]) -> Vec<bool> {
    let deliveries: Vec<_> = orders.iter().map(|order| delivery(order.body(), world.clock.now())).collect();
    let receipts = world.storage.record(&deliveries).await.expect("recorded");
    assert!(receipts.iter().all(|receipt| receipt.state == State::Received));
    receipts.into_iter().map(|receipt| receipt.repeat).collect()
}

async fn unfolded(world: &World) -> Vec<Unfolded> {
    world.storage.unfolded(None, 100).await.expect("readable")
}

/// As the deciding loop does it.
fn read_again(unfolded: &[Unfolded]) -> Vec<Folding> {
    unfolded.iter().map(|one| folding(one.delivery, &one.body, one.received_at)).collect()
}

pub(super) async fn what_is_folded_later_is_answered_first_and_folded_once(base: Base) {
    let world = World::on(base).await;
    let (open, ready) = (order("1").open(), order("1").ready_to_ship());
    let batch = [open.clone(), order("2").open(), open.clone(), ready.clone()];
    assert_eq!(record_only(&world, &batch).await, [false, false, true, false]);
    assert_eq!(record_only(&world, &[ready.clone(), order("3").open()]).await, [true, false]);
    assert!(all(&world).await.is_empty() && undecided(&world).await.is_empty());
    assert_eq!(world.count(State::Received).await, 3, "they are counted, though nothing is known of them yet");

    let waiting = unfolded(&world).await;
    let bodies = [open.body(), order("2").open().body(), ready.body(), order("3").open().body()];
    assert_eq!(waiting.iter().map(|one| Bytes::from(one.body.clone())).collect::<Vec<_>>(), bodies, "oldest first");
    assert_eq!(world.storage.unfolded(None, 3).await.expect("readable").len(), 3);
    assert_eq!(world.storage.unfolded(Some(&order_id("1")), 100).await.expect("readable").len(), 2);

    world.storage.fold(&read_again(&waiting)).await.expect("folded");
    assert!(unfolded(&world).await.is_empty());
    assert_eq!(world.order("1").await.status, "Ready to Ship");
    let revisions = async || undecided(&world).await.iter().map(|one| one.revision).collect::<Vec<_>>();
    let before = revisions().await;
    world.storage.fold(&read_again(&waiting)).await.expect("folded");
    assert_eq!(revisions().await, before, "what was folded meanwhile is no news");
    assert_eq!(world.count(State::Received).await, 3);
}

pub(super) async fn an_order_is_the_same_whether_folded_now_later_or_out_of_order(base: Base) {
    let snapshots = [order("1").open(), order("1").ready_to_ship().price(70_000), order("1").shipped().price(80_000)];
    let mut seen = Vec::new();
    for first in 0..snapshots.len() {
        let world = World::on(base).await;
        record_only(&world, &snapshots[first..=first]).await;
        record(&world, &snapshots).await;
        let waiting = unfolded(&world).await;
        world.storage.fold(&read_again(&waiting)).await.expect("folded");
        let one = undecided(&world).await.remove(0);
        seen.push((world.order("1").await.status, one.body, one.history.cancelled_at));
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{seen:?}");
    assert_eq!(seen[0].0, "Shipped");
}

pub(super) async fn what_can_no_longer_be_read_when_it_is_folded_is_shown_with_the_unreadable(base: Base) {
    let world = World::on(base).await;
    record_only(&world, &[order("1").open(), order("2").open()]).await;
    let mut waiting = read_again(&unfolded(&world).await);
    let problem = "written by an older program".to_owned();
    waiting[0].facts = Err(problem);
    world.storage.fold(&waiting).await.expect("folded");
    let newest = world.storage.unreadable(None, 10).await.expect("readable");
    let count = world.storage.unreadable_count().await.expect("readable");
    assert_eq!((count, newest[0].problem.as_str()), (1, "written by an older program"));
    assert_eq!(all(&world).await.len(), 1);
}

pub(super) async fn large_bodies_are_read_a_few_at_a_time(base: Base) {
    let world = World::on(base).await;
    let large = |id: &str| order(id).open().with("note", "x".repeat(5 * 1024 * 1024).into());
    let orders = [order("1").open(), large("2"), large("3"), order("4").open()];
    record_only(&world, &orders).await;
    let mut seen = Vec::new();
    loop {
        let waiting = unfolded(&world).await;
        if waiting.is_empty() {
            break;
        }
        seen.push(waiting.len());
        world.storage.fold(&read_again(&waiting)).await.expect("folded");
    }
    assert_eq!(seen, [2, 2], "at most 8 MiB together, and one at least");
    assert_eq!(undecided(&world).await.len(), 2);
    assert!(world.decide_all().await);
    assert_eq!(world.count(State::Watching).await, 4);
}

pub(super) async fn text_that_no_database_likes_is_kept(base: Base) {
    let mut world = World::on(base).await;
    let odd = "A\0B'\"\\ \u{10ffff} 😀 %_";
    let sent = order("1").ready_to_ship().with("local_name", odd.into()).with("store_name", odd.into()).sku(odd);
    record(&world, std::slice::from_ref(&sent)).await;
    assert_eq!(undecided(&world).await[0].body.clone().map(Bytes::from), Some(sent.body()), "the body is as it came");
    let kept = world.order("1").await;
    assert_eq!(kept.channel_order_id, odd.replace('\0', "\u{fffd}"));
    let found = super::ids(&world, &super::text(&odd[..4])).await;
    assert_eq!(found, ["1"], "it is found by what was typed");
    world.run_until_idle().await;
    assert_eq!(world.state("1").await, "blocked: item_not_found", "it goes the way of any order");
    record(&world, &[order("2").status(odd), order("3").with("channel", odd.into())]).await;
    let odd_store = order("4").with("store_id", odd.into()).with("warehouse_id", odd.into());
    record(&world, &[odd_store, order("5").with("id", "5\0".into())]).await;
    assert_eq!(all(&world).await.len(), 4);
    assert_eq!(world.storage.unreadable_count().await.expect("readable"), 1, "what names no order is kept as well");
}

pub(super) async fn what_may_be_claimed_is_counted_by_lane_up_to_a_limit(base: Base) {
    let mut world = super::a_world_with_every_state(base).await;
    let now = world.clock.now() + SignedDuration::from_hours(2);
    for id in 20..24 {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
    }
    world.decide_all().await;
    let counts = async |most| {
        let claimable = world.storage.claimable(BOOK, now, most).await.expect("readable");
        Lane::ALL.map(|lane| claimable.of(lane))
    };
    let all_of_them = counts(100).await;
    assert_eq!(all_of_them.iter().sum::<i64>(), world.count(State::Due).await + world.count(State::VoidDue).await);
    assert!(all_of_them[..3].iter().all(|count| *count > 0), "{all_of_them:?}");
    assert_eq!(counts(1).await, [1, 1, 1, 0, 0]);
    for lane in Lane::ALL {
        let selection = Selection::Due { lane, newest_first: true, limit: 100 };
        let claims =
            world.storage.claim(BOOK, selection, now, now + SignedDuration::from_mins(1)).await.expect("claimed");
        assert_eq!(claims.len() as i64, all_of_them[lane as usize], "{lane:?}");
    }
    assert_eq!(counts(100).await, [0; 5], "all are under a lease");
}

pub(super) async fn a_claim_takes_the_longest_due_first_or_the_newest(base: Base) {
    let mut world = World::on(base).await;
    for id in 1..=6 {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
        world.decide_all().await;
        world.advance(1);
    }
    let now = world.clock.now();
    let claim = async |newest_first| {
        let selection = Selection::Due { lane: Lane::Fresh, newest_first, limit: 2 };
        let claims =
            world.storage.claim(BOOK, selection, now, now + SignedDuration::from_mins(1)).await.expect("claimed");
        claims.into_iter().map(|claim| claim.order_id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(claim(false).await, ["1", "2"]);
    assert_eq!(claim(true).await, ["5", "6"]);
}

pub(super) async fn a_lease_that_is_ended_leaves_a_doubt_and_the_order_continues_immediately(base: Base) {
    let mut world = World::on(base).await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    let first = world.only_claim().await;
    assert_eq!((first.earlier_tries, first.doubt.exists()), (0, false));
    world.advance(1);
    let now = world.clock.now();
    assert_eq!(world.storage.end_leases(&"another".into(), now).await.expect("written"), 0, "only the book's own");
    assert_eq!(world.storage.end_leases(BOOK, now).await.expect("written"), 1);
    assert_eq!(world.storage.end_leases(BOOK, now).await.expect("written"), 0);
    assert_eq!(world.storage.next_attempt_at(BOOK).await.expect("readable"), Some(now));
    let second = world.only_claim().await;
    assert!(second.attempt > first.attempt);
    let just_sent = Doubt::of_age(Some(SignedDuration::ZERO), 1);
    assert_eq!((second.earlier_tries, second.doubt), (1, just_sent), "a save may have been sent until then");
}

pub(super) async fn an_order_whose_lease_ran_out_is_claimed_in_doubt(base: Base) {
    let mut world = World::on(base).await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    let first = world.only_claim().await;
    assert_eq!(world.storage.next_attempt_at(BOOK).await.expect("readable"), Some(first.lease_until));
    let later = first.lease_until + SignedDuration::from_secs(5);
    world.clock.reach(later);
    assert!(world.storage.claim(BOOK, FRESH, later, later).await.expect("claimed").is_empty(), "it was tried");
    let again = Selection::Due { lane: Lane::Again, newest_first: false, limit: 1 };
    let second = world.storage.claim(BOOK, again, later, later).await.expect("claimed").remove(0);
    let sent_at_its_end = Doubt::of_age(Some(SignedDuration::from_secs(5)), 1);
    assert_eq!(second.doubt, sent_at_its_end);
}

pub(super) async fn hastening_makes_waiting_orders_due_but_not_claimed_ones(base: Base) {
    let mut world = World::on(base).await;
    world.accurate.next(On::InvoiceSaves, Fault::UpsssBefore, 2);
    for id in ["1", "2"] {
        world.forstok_sends(order(id).ready_to_ship()).await;
    }
    world.run_until_idle().await;
    world.forstok_sends(order("3").ready_to_ship()).await;
    world.decide_all().await;
    let now = world.clock.now();
    let claimed = world.storage.claim(BOOK, FRESH, now, now + SignedDuration::from_mins(3)).await.expect("claimed");
    assert_eq!(claimed.len(), 1);
    assert!(world.storage.next_attempt_at(BOOK).await.expect("readable").is_some_and(|at| at > now));
    assert_eq!(world.storage.hasten(&"another".into(), now).await.expect("written"), 0);
    assert_eq!(world.storage.hasten(BOOK, now).await.expect("written"), 2);
    assert_eq!(world.storage.next_attempt_at(BOOK).await.expect("readable"), Some(now));
    assert_eq!(world.order("3").await.next_attempt_at, Some(claimed[0].lease_until));
}

pub(super) async fn one_look_serves_all_that_wait_for_the_same(base: Base) {
    let mut world = World::on(base).await;
    for id in ["1", "2", "3"] {
        world.forstok_sends(order(id).ready_to_ship().sku("BARU-01")).await;
    }
    world.run_until_idle().await;
    let (storage, subject) = (world.storage.clone(), Subject::Item("BARU-01".to_owned()));
    let due_at = storage.next_recheck_at(BOOK).await.expect("readable").expect("they wait");
    let just_before = due_at - SignedDuration::from_secs(1);
    assert_eq!(storage.due_recheck(BOOK, just_before).await.expect("readable"), None);
    assert_eq!(storage.due_recheck(&"another".into(), due_at).await.expect("readable"), None);
    let wait = storage.due_recheck(BOOK, due_at).await.expect("readable").expect("its time has come");
    assert_eq!((&wait.subject, wait.checks), (&subject, 0));

    let later = due_at + SignedDuration::from_mins(1);
    storage.put_off_recheck(BOOK, &subject, later).await.expect("written");
    assert_eq!(storage.next_recheck_at(BOOK).await.expect("readable"), Some(later));
    assert_eq!(storage.due_recheck(BOOK, later).await.expect("readable").map(|wait| wait.checks), Some(1));

    assert_eq!(storage.try_one_awaiting(BOOK, &subject, later).await.expect("written"), 1);
    assert_eq!(undecided(&world).await.len(), 1, "one of them is tried");
    assert_eq!(storage.finish_recheck(BOOK, &subject, later).await.expect("written"), 3);
    assert_eq!(undecided(&world).await.len(), 3, "all are decided again");
    assert_eq!(storage.next_recheck_at(BOOK).await.expect("readable"), None);
    assert_eq!(storage.finish_recheck(BOOK, &Subject::Item("x".to_owned()), later).await.expect("written"), 0);
}

pub(super) async fn nobody_is_looked_for_whom_nobody_waits_for(base: Base) {
    let mut world = World::on(base).await;
    world.forstok_sends(order("1").ready_to_ship().sku("BARU-01")).await;
    world.run_until_idle().await;
    let subject = Subject::Item("BARU-01".to_owned());
    world.forstok_sends(order("1").cancelled()).await;
    world.run_until_idle().await;
    assert_eq!(world.storage.try_one_awaiting(BOOK, &subject, world.clock.now()).await.expect("written"), 0);
    let later = world.clock.now() + SignedDuration::from_mins(1);
    world.storage.put_off_recheck(BOOK, &subject, later).await.expect("written");
    assert_eq!(world.storage.next_recheck_at(BOOK).await.expect("readable"), None);
}

pub(super) async fn bodies_that_may_still_be_invoiced_are_given_newest_first(base: Base) {
    let world = super::a_world_with_every_state(base).await;
    let waiting = all(&world).await.into_iter();
    let waiting = waiting.filter(|order| matches!(order.state, State::Due | State::Blocked | State::Watching)).count();
    let bodies = world.storage.waiting_bodies(100).await.expect("readable");
    assert_eq!(bodies.len(), waiting);
    assert_eq!(world.storage.waiting_bodies(1).await.expect("readable"), bodies[..1]);
    assert!(String::from_utf8_lossy(&bodies[0]).contains("747508"), "the newest is first");
}

pub(super) async fn warnings_are_counted_and_found_as_long_as_an_order_carries_them(base: Base) {
    let mut world = World::on(base).await;
    for (id, store) in [("1", 8277), ("2", 7475), ("3", 8277)] {
        world.forstok_sends(order(id).ready_to_ship().store(store)).await;
        world.run_until_settled().await;
    }
    let filter = super::Filter { warning: Some(Warning::CustomerCreated), ..super::ALL };
    let counted = async || {
        let counts = world.storage.warning_counts().await.expect("readable");
        counts.iter().find(|(warning, _)| *warning == Warning::CustomerCreated).map_or(0, |(_, count)| *count)
    };
    let found = super::ids(&world, &filter).await;
    assert!(!found.is_empty());
    assert_eq!(counted().await, found.len() as i64);
    let one_store = super::Filter { store_id: Some("7475".to_owned()), ..filter.clone() };
    assert_eq!(super::ids(&world, &one_store).await, ["2"]);
    let rearmed = world.storage.rearm(&filter, "operator", world.clock.now()).await.expect("written");
    assert_eq!(rearmed, 0, "they are invoiced");
}

pub(super) async fn a_deletion_that_fails_leaves_the_invoice_known(base: Base) {
    let mut world = World::on(base).await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.run_until_settled().await;
    world.accurate.next(Action::InvoiceDelete, Fault::DroppedBefore, 1);
    world.forstok_sends(order("1").cancelled()).await;
    world.run_until_idle().await;
    let kept = world.order("1").await;
    assert_eq!((kept.state, kept.reason), (State::VoidDue, None::<Reason>));
    assert!(kept.invoice.is_some());
    world.run_until_settled().await;
    assert_eq!(world.state("1").await, "voided");
}
