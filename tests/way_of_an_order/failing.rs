//! Orders that keep failing with Accurate's errors while other orders succeed.

use forstok_accurate::{
    domain::reason::Language,
    sandbox::{Action, Emoji, Fault, On},
};

use super::{NUMBER, ORDER};
use crate::world::{BOOK, World, order, order_id};

#[tokio::test]
async fn an_order_that_accurate_always_fails_is_blocked_after_ten_look_ups() {
    let mut world = World::new().await;
    world.accurate.change_settings(|settings| settings.emoji = Emoji::OwnError);
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.run_until_settled().await;
    world.forstok_sends(order(ORDER).ready_to_ship().name("Kaos 👕")).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "blocked: keeps_failing");
    let about = world.order(ORDER).await.findings[0].about.in_words(Language::English);
    assert!(about.contains("Upsss"), "Accurate's words are shown: {about}");
    let (saves, looks) = (world.saves(), world.accurate.call_count(Action::InvoiceDetail));
    assert!((9..=12).contains(&looks), "{looks} looks");

    // It is retried once a day, and continues once Accurate accepts it.
    world.run_for(86_400 + 3_600).await;
    assert_eq!((world.state(ORDER).await.as_str(), world.saves()), ("blocked: keeps_failing", saves + 1));
    world.accurate.change_settings(|settings| settings.emoji = Emoji::Saved);
    world.run_for(86_400 + 3_600).await;
    assert_eq!(world.state(ORDER).await, "invoiced");
    assert_eq!(world.accurate.invoices_numbered(NUMBER).len(), 1);
}

#[tokio::test]
async fn an_order_that_keeps_failing_is_blocked_only_once_no_save_can_arrive() {
    let mut world = World::new().await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.run_until_settled().await;
    world.accurate.next(On::InvoiceSaves, Fault::UpsssBefore, 4);
    world.accurate.next(On::InvoiceSaves, Fault::UpsssAfter, 1);
    world.accurate.change_settings(|settings| settings.detail_lag = std::time::Duration::from_secs(100));
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "invoiced", "{}", world.timeline(ORDER).await);
}

#[tokio::test]
async fn an_order_whose_look_ups_always_fail_does_not_go_on_for_ever_without_a_reason() {
    let mut world = World::new().await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.run_until_settled().await;
    world.accurate.next(On::InvoiceSaves, Fault::DroppedBefore, 1);
    world.accurate.next(Action::InvoiceDetail, Fault::UpsssBefore, 100_000);
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_idle().await;
    for id in 100..700 {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
        world.run_for(60).await;
    }
    assert_eq!(world.state(ORDER).await, "blocked: keeps_failing", "{}", world.timeline(ORDER).await);
    world.accurate.clear_faults();
    world.run_for(2 * 86_400).await;
    assert_eq!(world.state(ORDER).await, "invoiced");
}

#[tokio::test]
async fn an_outage_blocks_no_order_however_long_it_lasts() {
    let mut world = World::new().await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.run_until_settled().await;
    world.accurate.go_down(forstok_accurate::sandbox::Down::Page503);
    for id in 2..=9 {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
    }
    world.run_for(86_400).await;
    for id in 2..=9 {
        assert_eq!(world.state(&id.to_string()).await, "due", "order {id}");
    }
    world.accurate.come_back();
    world.run_for(600).await;
    for id in 2..=9 {
        assert_eq!(world.state(&id.to_string()).await, "invoiced", "order {id}");
    }
}

#[tokio::test]
async fn the_same_again_is_counted_in_the_timeline_and_not_repeated() {
    let mut world = World::new().await;
    world.accurate.add_masters(&forstok_accurate::sandbox::Masters::default().customer("8277", "Toko"));
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.accurate.go_down(forstok_accurate::sandbox::Down::Page503);
    world.run_for(3_600).await;
    let storage = world.storage.clone();
    let timeline = storage.timeline(&order_id(ORDER)).await.expect("readable");
    let most = timeline.iter().map(|entry| entry.times).max().expect("there are entries");
    assert!(timeline.len() <= 12, "{} entries: {}", timeline.len(), world.timeline(ORDER).await);
    assert!(most >= 10, "the entry that came most often came {most} times");
    assert!(world.timeline(ORDER).await.contains(" times since "));
    world.accurate.come_back();
    world.run_until_settled().await;
    let after = storage.timeline(&order_id(ORDER)).await.expect("readable");
    assert!(after.len() > timeline.len(), "what is new is an entry of its own");

    // Page by page, newest first, the result is the same.
    let mut pages = Vec::new();
    let mut before = None;
    loop {
        let page = storage.timeline_page(&order_id(ORDER), before, 3).await.expect("readable");
        assert!(page.entries.len() <= 3);
        pages.extend(page.entries);
        before =
            page.next.map(|next| forstok_accurate::storage::TimelinePlace::parse(&next.to_string()).expect("ours"));
        if before.is_none() {
            break;
        }
    }
    pages.reverse();
    assert_eq!(pages, after);
}

#[tokio::test]
async fn an_order_that_waits_for_a_later_attempt_is_not_promised_in_seconds() {
    let mut world = World::new().await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.run_until_settled().await;
    world.accurate.next(On::InvoiceSaves, Fault::DroppedBefore, 1);
    world.accurate.next(Action::InvoiceDetail, Fault::UpsssBefore, 100_000);
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_idle().await;
    for id in 100..120 {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
        world.run_for(60).await;
    }
    assert_eq!(world.state(ORDER).await, "due");
    let next = world.storage.next_attempt_at(BOOK).await.expect("readable").expect("it waits");
    let wait = next.duration_since(world.clock_now()).as_secs();
    assert!(wait > 60, "{wait}");
    let queue = world.engine.queue().await.expect("readable");
    assert_eq!((queue.orders, queue.seconds, queue.again_at), (1, Some(wait), Some(next)));

    world.forstok_sends(order("900").ready_to_ship()).await;
    world.decide_all().await;
    let queue = world.engine.queue().await.expect("readable");
    assert_eq!((queue.orders, queue.seconds, queue.again_at), (2, Some(wait), None), "one of them is tried now");
}
