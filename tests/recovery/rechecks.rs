//! When rechecks are made, and when they are not.

use forstok_accurate::{
    engine::run::Running,
    posting::Work,
    sandbox::{Action, Fault},
    storage::State,
};

use super::{NEW, blocked_and_invoiced, calls, orders_wait_for_the_item};
use crate::world::{BOOK, World, order};

#[tokio::test]
async fn rechecks_happen_at_growing_intervals_up_to_an_hour() {
    let mut world = World::new().await;
    orders_wait_for_the_item(&mut world, 1..=3).await;
    let begin = world.clock_now();
    world.run_for(5 * 3_600).await;
    let looks: Vec<_> = calls(&world, Action::ItemDetail).iter().map(|look| look.at.duration_since(begin)).collect();
    let between: Vec<_> = looks.windows(2).map(|pair| (pair[1] - pair[0]).as_secs()).collect();
    // Limits and the calls themselves take time, so the first recheck is counted from when the first order was blocked.
    assert!((28..=30).contains(&looks[0].as_secs()), "{looks:?}");
    assert_eq!(between, [60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600]);
    assert_eq!(world.saves(), 3 + 3, "each was refused for its customer and then for its item, and never again");
}

#[tokio::test]
async fn a_long_queue_does_not_starve_rechecks() {
    let mut world = World::without_bulk().await;
    orders_wait_for_the_item(&mut world, 1..=1).await;
    world.advance(3_600);
    for id in 2..=41 {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
    }
    world.decide_all().await;
    // One piece of work at a time, so that everything before the recheck is done before it.
    let mut saved = 0;
    while world.accurate.call_count(Action::ItemDetail) == 0 {
        for work in world.engine.next_work(BOOK, 1).await.expect("readable") {
            saved += usize::from(matches!(work, Work::One(_)));
            world.engine.work(BOOK, work).await.expect("settled");
        }
    }
    assert!((1..=5).contains(&saved), "every sixth turn is a look, if one is due: after {saved} saves");
}

#[tokio::test]
async fn the_service_recovers_automatically() {
    let mut world = World::new().await;
    orders_wait_for_the_item(&mut world, 1..=20).await;
    world.accurate.add_item(NEW, "Barang baru");
    let running = Running::start(&world.engine, None);
    world.eventually("twenty invoices", |world| world.accurate.invoice_count() == 20).await;
    assert!(running.stop(std::time::Duration::from_mins(1)).await, "it stops");
    assert_eq!(blocked_and_invoiced(&world).await, (0, 20));
    assert_eq!(world.accurate.call_count(Action::ItemDetail), 1);
}

#[tokio::test]
async fn a_paused_book_makes_no_rechecks_until_it_resumes() {
    let mut world = World::new().await;
    orders_wait_for_the_item(&mut world, 1..=3).await;
    world.accurate.revoke_token();
    world.forstok_sends(order("9").ready_to_ship()).await;
    world.run_at_once_until_idle().await;
    assert_eq!(world.pause(), Some("token_refused"));
    world.accurate.add_item(NEW, "Barang baru");
    world.run_for(3_600).await;
    assert_eq!(world.accurate.call_count(Action::ItemDetail), 0);
    world.accurate.restore_token();
    world.run_for(60).await;
    assert_eq!(blocked_and_invoiced(&world).await, (0, 4));
    assert_eq!(world.accurate.call_count(Action::ItemDetail), 1);
}

#[tokio::test]
async fn a_paused_book_without_an_order_to_send_resumes_after_a_successful_recheck() {
    let mut world = World::new().await;
    orders_wait_for_the_item(&mut world, 1..=3).await;
    world.wire.cut();
    world.forstok_sends(order("9").ready_to_ship()).await;
    world.run_at_once_until_idle().await;
    world.forstok_sends(order("9").cancelled()).await;
    world.run_for(60).await;
    assert_eq!((world.pause(), world.count(State::Due).await), (Some("accurate_down"), 0));
    world.wire.recover();
    world.accurate.add_item(NEW, "Barang baru");
    world.run_for(60).await;
    assert_eq!(blocked_and_invoiced(&world).await, (0, 3));
    assert_eq!(world.pause(), None);
}

#[tokio::test]
async fn a_look_that_fails_is_a_look_in_vain() {
    let mut world = World::new().await;
    orders_wait_for_the_item(&mut world, 1..=3).await;
    world.accurate.add_item(NEW, "Barang baru");
    world.accurate.next(Action::ItemDetail, Fault::DroppedAfter, 1);
    world.run_for(60).await;
    assert_eq!(blocked_and_invoiced(&world).await, (3, 0));
    world.run_until_recovered().await;
    assert_eq!(blocked_and_invoiced(&world).await, (0, 3));
    assert_eq!(calls(&world, Action::ItemDetail).len(), 2);
}

#[tokio::test]
async fn nobody_is_looked_for_once_nobody_waits() {
    let mut world = World::new().await;
    orders_wait_for_the_item(&mut world, 1..=2).await;
    for id in ["1", "2"] {
        world.forstok_sends(order(id).cancelled().sku(NEW)).await;
    }
    world.run_for(24 * 3_600).await;
    assert_eq!(world.state("1").await, "ignored: cancelled");
    assert_eq!(calls(&world, Action::ItemDetail).len(), 1, "the last look finds out that nobody waits");
}

#[tokio::test]
async fn waiting_outlives_a_crash() {
    let mut world = World::new().await;
    orders_wait_for_the_item(&mut world, 1..=3).await;
    world.run_for(100).await;
    let mut world = world.dies_and_starts_again().await;
    assert_eq!(calls(&world, Action::ItemDetail).len(), 2);
    world.accurate.add_item(NEW, "Barang baru");
    world.run_until_recovered().await;
    assert_eq!(blocked_and_invoiced(&world).await, (0, 3));
    assert_eq!(calls(&world, Action::ItemDetail).len(), 3);
}
