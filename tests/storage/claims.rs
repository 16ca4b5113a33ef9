//! Decisions, claims and outcomes: late ones change nothing.

use forstok_accurate::{
    clock::Clock,
    domain::{doubt::Doubt, ids::AttemptNo},
    storage::{AttemptResult, Counted, Lane, Outcome, Selection, Settled, Verdict},
};
use jiff::{SignedDuration, Timestamp};

use super::{decide, ignoring, record, undecided};
use crate::world::{BOOK, Base, World, order};

pub(super) async fn a_decision_about_old_news_changes_nothing(base: Base) {
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

pub(super) async fn a_decision_about_an_order_under_a_lease_changes_nothing(base: Base) {
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
    let result = AttemptResult::with_doubt(&claim, Doubt::of_age(None, 0), outcome);
    assert_eq!(world.storage.settle(&[result], world.clock.now()).await.expect("written"), [Settled::Written]);
    assert_eq!(decide(&world, verdict).await, 0, "it was made before the outcome was known");
    let verdict = ignoring(&undecided(&world).await.remove(0));
    assert_eq!(decide(&world, verdict).await, 1);
}

pub(super) async fn an_outcome_counts_once_and_only_from_the_current_claim(base: Base) {
    let mut world = World::on(base).await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    let claim = world.only_claim().await;
    let outcome = Outcome::Blocked { findings: Vec::new(), waits_for: None, recheck_after: None };
    let result = |attempt| {
        let mut result = AttemptResult::of(&claim, outcome.clone());
        result.attempt = attempt;
        result
    };
    let settle = async |attempt| world.storage.settle(&[result(attempt)], world.clock.now()).await.expect("written");
    assert_eq!(settle(AttemptNo(claim.attempt.0 - 1)).await, [Settled::Late]);
    assert_eq!(settle(AttemptNo(claim.attempt.0 + 1)).await, [Settled::Late]);
    assert_eq!(world.state("1").await, "due");
    assert_eq!(settle(claim.attempt).await, [Settled::Written]);
    assert_eq!(settle(claim.attempt).await, [Settled::Late], "twice is once");
}

pub(super) async fn a_claim_is_exclusive_until_its_lease_ends_and_a_probe_takes_one(base: Base) {
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
    assert_eq!(world.storage.claim(&"another".into(), fresh(8), now, now).await.expect("claimed").len(), 0);
}
