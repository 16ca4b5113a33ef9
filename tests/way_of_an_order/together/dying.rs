//! The process dies while many orders are under way.

use forstok_accurate::sandbox::{Action, Fault, FilterValues};

use super::{MANY, all_are_invoiced_once, calls, in_use_with_due_orders, with_due_orders};
use crate::world::{World, order};

/// Number of calls after which a process dies, too few to look up each number.
const SHORT_LIFE: u64 = 15;

/// The process dies, starts again, and makes a few calls before it dies again.
async fn lives_shortly(world: World) -> World {
    let mut world = world.dies_and_starts_again().await;
    let accurate = world.accurate.clone();
    let calls = || accurate.call_counts().values().sum::<u64>();
    let end = calls() + SHORT_LIFE;
    tokio::select! {
        biased;
        () = world.run_until_idle() => {}
        () = async { while calls() < end { tokio::task::yield_now().await; } } => {}
    }
    world
}

#[tokio::test]
async fn a_process_that_keeps_dying_still_makes_progress_with_many_orders() {
    for filter_values in [FilterValues::All, FilterValues::NotUnderstood] {
        let mut world = in_use_with_due_orders().await;
        world.accurate.change_settings(|settings| settings.filter_values = filter_values);
        world.decide_all().await;
        drop(world.claims().await);
        for _ in 0..=MANY / 8 {
            world = lives_shortly(world).await;
        }
        all_are_invoiced_once(&world, MANY + 2).await;
    }
}

#[tokio::test]
async fn changed_orders_that_are_looked_up_one_by_one_delay_no_others_in_a_process_that_keeps_dying() {
    let mut world = with_due_orders(2).await;
    world.run_until_settled().await;
    let ids = || 1000..1000 + MANY;
    for id in ids() {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
    }
    world.decide_all().await;
    drop(world.claims().await);
    for id in ids().step_by(2) {
        world.forstok_sends(order(&id.to_string()).shipped()).await;
    }
    world = lives_shortly(world).await;
    for id in ids().skip(1).step_by(2) {
        assert_eq!(world.state(&id.to_string()).await, "invoiced", "order {id}");
    }
    // Each life looks up some of the other invoices, until each order waits for the end of its doubt.
    for _ in 0..=MANY / 8 {
        world = lives_shortly(world).await;
    }
    world.run_until_settled().await;
    all_are_invoiced_once(&world, MANY + 2).await;
}

#[tokio::test]
async fn after_a_start_invoices_of_before_show_whether_lists_are_understood() {
    let mut world = with_due_orders(2).await;
    world.run_until_settled().await;
    let [_, saves, ..] = calls(&world);
    for id in 1000..1000 + MANY {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
    }
    world.decide_all().await;
    drop(world.claims().await);
    world = world.dies_and_starts_again().await;
    world.run_until_idle().await;
    all_are_invoiced_once(&world, MANY + 2).await;
    let lists = "a list, the list that shows that it can be trusted, the list of the day, a bulk, and its two counts";
    assert_eq!(calls(&world), [1, saves, 5, 0], "{lists}");
}

#[tokio::test]
async fn a_lost_recheck_costs_the_orders_that_share_it_nothing() {
    let mut world = in_use_with_due_orders().await;
    world.decide_all().await;
    drop(world.claims().await);
    world = world.dies_and_starts_again().await;
    world.accurate.next(Action::InvoiceList, Fault::Error5xxBefore, 1);
    world.run_until_idle().await;
    all_are_invoiced_once(&world, MANY + 2).await;
}
