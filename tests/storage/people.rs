//! Sessions, and other data that the pages need besides orders.

use forstok_accurate::{
    domain::{day_in_wib, notice::Arrivals},
    storage::{DayOf, SessionRecord},
};
use jiff::SignedDuration;

use crate::world::{Base, World, order, order_id};

pub(crate) async fn a_session_lasts_until_its_end_or_until_it_is_ended(base: Base) {
    let world = World::on(base).await;
    let (storage, now) = (world.storage.clone(), forstok_accurate::clock::Clock::now(world.clock.as_ref()));
    let session = |digest: &str, hours| SessionRecord {
        digest: digest.to_owned(),
        operator: "ani".to_owned(),
        proof: "proof".to_owned(),
        until: now + SignedDuration::from_hours(hours),
    };
    for one in [session("short", 1), session("long", 12)] {
        storage.open_session(&one, now).await.expect("written");
    }
    assert_eq!(storage.session("long", now).await.expect("readable"), Some(session("long", 12)));
    assert_eq!(storage.session("other", now).await.expect("readable"), None);
    storage.open_session(&session("ahead", 48), now).await.expect("written");
    assert_eq!(storage.session("ahead", now).await.expect("readable"), None, "it was opened by a clock that was ahead");
    let later = now + SignedDuration::from_hours(1);
    assert_eq!(storage.session("short", later).await.expect("readable"), None, "its time is over");
    storage.open_session(&session("third", 12), later).await.expect("written");
    assert_eq!(storage.session("short", now).await.expect("readable"), None, "it was swept up");
    storage.end_session("long").await.expect("written");
    assert_eq!(storage.session("long", now).await.expect("readable"), None);
    assert!(storage.session("third", later).await.expect("readable").is_some());
}

pub(crate) async fn days_stores_and_snapshots_are_those_of_the_orders(base: Base) {
    let mut world = World::on(base).await;
    let today = day_in_wib(forstok_accurate::clock::Clock::now(world.clock.as_ref()));
    let storage = world.storage.clone();
    assert_eq!(storage.newest_webhook().await.expect("readable"), None);
    assert_eq!(storage.days(DayOf::Received, today).await.expect("readable"), []);
    world.forstok_sends(order("1").open()).await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.forstok_sends(order("2").open()).await;
    world.run_until_settled().await;

    let received = storage.days(DayOf::Received, today).await.expect("readable");
    assert_eq!(received.iter().map(|day| (day.day, day.orders)).collect::<Vec<_>>(), [(today, 2)]);
    let invoiced = storage.days(DayOf::Invoiced, today).await.expect("readable");
    assert_eq!(invoiced.iter().map(|day| (day.day, day.orders)).collect::<Vec<_>>(), [(today, 1)]);
    assert!(invoiced[0].hundredths > 0);
    let tomorrow = today.tomorrow().expect("a day");
    assert_eq!(storage.days(DayOf::Received, tomorrow).await.expect("readable"), []);

    let snapshots = storage.snapshots(&order_id("1"), 10).await.expect("readable");
    let shown: Vec<_> = snapshots.iter().map(|one| (one.status.as_str(), one.times, one.counts)).collect();
    assert_eq!(shown, [("Ready to Ship", 2, true), ("Open", 1, false)]);
    assert!(snapshots.iter().all(|one| one.body.as_ref().is_some_and(|body| body.starts_with(b"{"))));
    assert_eq!(storage.stores().await.expect("readable").len(), 1);
    assert!(storage.newest_webhook().await.expect("readable").is_some());
}

pub(crate) async fn the_times_between_new_orders_are_known(base: Base) {
    let mut world = World::on(base).await;
    let (storage, began) = (world.storage.clone(), world.clock_now());
    assert_eq!(storage.arrivals(began, began).await.expect("readable"), Arrivals::default());
    for (id, minutes_before) in [("1", 0), ("2", 90), ("3", 30), ("4", 60)] {
        world.advance(minutes_before * 60);
        world.forstok_sends(order(id).open()).await;
    }
    // News about a known order is no new order.
    world.advance(600);
    world.forstok_sends(order("4").ready_to_ship()).await;
    let minutes = SignedDuration::from_mins;
    let now = world.clock_now();
    let all = Arrivals { over: minutes(180), longest_gap: minutes(90) };
    assert_eq!(storage.arrivals(began, now).await.expect("readable"), all);
    let later = Arrivals { over: minutes(90), longest_gap: minutes(60) };
    assert_eq!(storage.arrivals(began + minutes(60), now).await.expect("readable"), later, "only what came since then");
}
