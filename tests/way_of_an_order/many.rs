//! Many orders at once, and every fault at once.

use std::{collections::BTreeMap, time::Duration};

use forstok_accurate::{
    clock::Clock,
    sandbox::{Action, Fault},
    storage::State,
};

use crate::world::{World, order};

#[tokio::test]
async fn eight_orders_that_miss_the_same_customer_at_the_same_moment_create_it_once() {
    let mut world = World::new().await;
    for id in 1..=8 {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
    }
    world.run_at_once_until_idle().await;
    assert_eq!(world.count(State::Invoiced).await, 8);
    assert_eq!(world.accurate.customers().len(), 1);
    assert_eq!(world.accurate.call_count(Action::CustomerSave), 1, "the others look before they save");
}

#[tokio::test]
async fn two_hundred_orders_one_by_one_keep_to_the_limits_and_use_them() {
    let mut world = World::without_bulk().await;
    for id in 1..=200 {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
    }
    let before = world.clock.now();
    world.run_at_once_until_idle().await;
    assert_eq!(world.accurate.invoice_count(), 200);
    assert_eq!(world.accurate.breach_count(), 0);
    let seconds = world.clock.now().duration_since(before).as_secs_f64();
    let calls = world.accurate.calls().len() as f64;
    assert!(calls <= 220.0, "{calls} calls for 200 orders");
    assert!(calls / seconds > 7.0, "{calls} calls in {seconds} s");
}

/// All at once: every random fault, crashes, cancellations, repeats, shuffled arrivals, an operator who retries.
#[tokio::test]
async fn whatever_happens_each_order_ends_with_exactly_the_invoice_it_must_have() {
    for seed in 0..12 {
        let mut world = World::new().await;
        let mut chance = fastrand::Rng::with_seed(seed);
        for name in Fault::ORDINARY {
            let wait = Duration::from_secs(chance.u64(1..70));
            let fault = Fault::named(name, wait).expect("one of the names");
            // A call that is carried out a minute after its caller gave up can outlive a cancellation;
            // `a_save_that_arrives_late_...` tests that separately.
            if *name != "late" {
                world.accurate.set_probability(fault, 0.03);
            }
        }
        let mut arrivals = Vec::new();
        let mut cancelled = BTreeMap::new();
        for id in 1..=30 {
            let id = id.to_string();
            let is_cancelled = chance.u8(..4) == 0;
            arrivals.extend([order(&id).open(), order(&id).ready_to_ship(), order(&id).ready_to_ship()]);
            if is_cancelled {
                arrivals.push(order(&id).cancelled());
            }
            cancelled.insert(id, is_cancelled);
        }
        chance.shuffle(&mut arrivals);
        for arrival in arrivals {
            world.forstok_sends(arrival).await;
            match chance.u8(..12) {
                0 => world.run_at_once_until_idle().await,
                1 => world = world.dies_and_starts_again().await,
                2 => {
                    world.decide_all().await;
                    drop(world.claims().await);
                }
                3 => world.run_for(chance.i64(1..200)).await,
                _ => {}
            }
        }
        world.run_for(60).await;
        world.accurate.clear_faults();
        world.run_until_settled().await;
        for (id, is_cancelled) in &cancelled {
            let standing = world.accurate.invoices_numbered(&format!("INV-{id}")).len();
            let state = world.order(id).await.state;
            let timeline = world.timeline(id).await;
            if *is_cancelled {
                assert!(matches!(state, State::Voided | State::Ignored), "seed {seed}, order {id}: {timeline}");
                assert_eq!(standing, 0, "seed {seed}, order {id}: {timeline}");
            } else {
                assert_eq!((state, standing), (State::Invoiced, 1), "seed {seed}, order {id}: {timeline}");
            }
        }
        assert_eq!(world.accurate.customers().len(), 1, "seed {seed}");
    }
}

#[tokio::test]
async fn a_save_that_arrives_late_makes_no_second_invoice() {
    for seed in 0..6 {
        let mut world = World::new().await;
        let mut chance = fastrand::Rng::with_seed(seed);
        world.accurate.set_probability(Fault::Late(Duration::from_secs(chance.u64(25..90))), 0.3);
        world.accurate.set_probability(Fault::DroppedAfter, 0.1);
        for id in 1..=20 {
            world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
        }
        world.run_until_settled().await;
        world.advance(120);
        assert_eq!((world.count(State::Invoiced).await, world.accurate.invoice_count()), (20, 20), "seed {seed}");
    }
}
