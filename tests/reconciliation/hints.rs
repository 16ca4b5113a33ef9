//! Accurate's own webhooks: what they name is found within minutes, and nothing in them is believed.

use forstok_accurate::{
    domain::{
        hint::Hint,
        reconciliation::{Class, FindingState},
    },
    sandbox::{Action, Edit, Fault},
    storage::{AccurateWebhook, FindingRecord},
};
use jiff::SignedDuration;
use rust_decimal::Decimal;

use super::{PERIOD, adds_up, ani, findings, found, invoiced, open, reconcile, starts};
use crate::world::{BOOK, Base, World, order};

/// A world in which these orders were invoiced some minutes ago, and Accurate sends webhooks.
async fn followed(base: Base, ids: std::ops::RangeInclusive<u32>) -> World {
    let mut world = invoiced(base, ids).await.following_hints();
    world.advance(300);
    world.accurate.register_webhooks();
    world
}

/// Accurate's webhooks arrive.
async fn deliver(world: &World) {
    for body in world.accurate.take_webhooks() {
        assert_eq!(world.engine.hear_accurate(BOOK, body.as_bytes()).await.expect("stored"), 1);
    }
}

/// What was heard of is read again.
async fn follow(world: &mut World) {
    world.advance(61);
    while world.engine.follow_hints(BOOK).await.expect("stored") {}
}

async fn keep(world: &World) -> AccurateWebhook {
    while world.engine.keep_accurate_webhooks(BOOK).await.expect("stored") {}
    world.engine.accurate_webhook(BOOK).await.expect("readable").expect("they are followed")
}

fn reads(world: &World) -> u64 {
    world.accurate.call_count(Action::InvoiceDetail)
}

async fn number_of(world: &World, id: &str) -> String {
    world.order(id).await.invoice.expect("invoiced").number.to_string()
}

fn total(world: &World, number: &str, total: i64) {
    let edit = Edit { total: Some(Decimal::from(total)), ..Edit::default() };
    world.accurate.edit_invoice(number, &edit).expect("it is there");
}

/// What a person sees of the open findings, and what decides whether a closed one opens again.
async fn seen(world: &World) -> Vec<FindingRecord> {
    let mut open = findings(world, FindingState::Open).await;
    for finding in &mut open {
        finding.seen_at = finding.first_at;
    }
    open
}

pub(super) async fn what_people_do_in_accurate_is_found_within_minutes(base: Base) {
    let mut world = followed(base, 1..=5).await;
    world.forstok_sends(order("5").cancelled()).await;
    // Never invoiced here, but by somebody else.
    world.forstok_sends(order("6").cancelled()).await;
    world.run_until_settled().await;
    world.advance(300);
    let [first, second, third, fourth] =
        [number_of(&world, "1").await, number_of(&world, "2").await, number_of(&world, "3").await, "INV-5".to_owned()];
    let before = world.accurate.invoices_numbered(&first)[0].total_amount;
    let deleted = world.accurate.invoices_numbered(&second)[0].clone();
    total(&world, &first, 1_000);
    assert!(world.accurate.remove_invoice(&second));
    world.accurate.duplicate_invoice(&third, "COPY-3").expect("it is there");
    world.accurate.add_invoice("HAND-1", "8277", "sold in the shop", Decimal::from(25_000));
    world.accurate.add_invoice("HAND-2", "SOMEBODY", "of no customer of ours", Decimal::from(99_000));
    world.accurate.add_invoice(&fourth, "8277", "5", Decimal::from(7_000));
    world.accurate.add_invoice("HAND-6", "8277", "6", Decimal::from(8_000));
    deliver(&world).await;
    follow(&mut world).await;

    let mut expected = [
        found(Class::Differs, &first, "1"),
        found(Class::MissingInAccurate, &second, "2"),
        found(Class::Twice, "COPY-3", "3"),
        found(Class::Foreign, "HAND-1", ""),
        found(Class::VoidStanding, &fourth, "5"),
        found(Class::VoidStanding, "HAND-6", "6"),
    ];
    let mut came = open(&world).await;
    expected.sort();
    came.sort();
    assert_eq!(came, expected);

    // The nightly run has nothing to add.
    let within_minutes = seen(&world).await;
    world.advance(3_600);
    adds_up(&reconcile(&world).await);
    assert_eq!(seen(&world).await, within_minutes);

    // Nor is anything left when it is put right again.
    world.accurate.edit_invoice(&first, &Edit { total: Some(before), ..Edit::default() }).expect("it is there");
    for number in ["COPY-3", "HAND-1", "HAND-6", fourth.as_str()] {
        assert!(world.accurate.remove_invoice(number));
    }
    deliver(&world).await;
    follow(&mut world).await;
    assert_eq!(open(&world).await, [found(Class::MissingInAccurate, &second, "2")]);
    // Somebody enters the invoice again, under the same number.
    world.accurate.add_invoice(&second, &deleted.customer_no, "2", deleted.total_amount);
    deliver(&world).await;
    follow(&mut world).await;
    let left = seen(&world).await;
    adds_up(&reconcile(&world).await);
    assert_eq!(seen(&world).await, left);
}

pub(super) async fn too_many_hints_are_left_to_the_nightly_run(base: Base) {
    let world = World::on(base).await.following_hints();
    let now = world.clock_now();
    let hint = |id| Hint { id: Some(id), number: "".into(), at: None };
    let many: Vec<_> = (1..=10_003).map(hint).collect();
    assert_eq!(world.storage.add_hints(BOOK, &many, now, now).await.expect("written"), 3);
    assert_eq!(world.storage.add_hints(BOOK, &[hint(20_000)], now, now).await.expect("written"), 1);
    assert_eq!(world.storage.due_hints(BOOK, now, 20_000).await.expect("readable").len(), 10_000);
    assert_eq!(world.storage.add_hints(&"other".into(), &[hint(1)], now, now).await.expect("written"), 0);
}

#[tokio::test]
async fn garbage_and_lies_change_nothing() {
    let mut world = followed(Base::Sqlite, 1..=1).await;
    let id = world.order("1").await.invoice.expect("invoiced").id;
    let lie = format!(r#"[{{"type":"SALES_INVOICE","data":[{{"salesInvoiceId":{id},"action":"DELETE"}}]}}]"#);
    for (body, documents) in [
        (lie.as_str(), 1),
        (r#"{"salesInvoiceId":4711,"salesInvoiceNo":"INV-NO","action":"WRITE"}"#, 1),
        (r#"[{"type":"ITEM","data":[{"itemId":7}]}]"#, 0),
        ("garbage", 0),
        ("", 0),
    ] {
        let heard = world.engine.hear_accurate(BOOK, body.as_bytes()).await.expect("stored");
        assert_eq!(heard, documents, "{body}");
    }
    follow(&mut world).await;
    assert_eq!(open(&world).await, []);
    assert_eq!(world.storage.due_hints(BOOK, world.clock_now(), 10).await.expect("readable"), []);
}

#[tokio::test]
async fn what_this_service_saves_and_deletes_itself_is_not_read_again() {
    let mut world = World::new().await.following_hints();
    world.accurate.register_webhooks();
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.run_until_settled().await;
    world.forstok_sends(order("2").ready_to_ship()).await;
    world.run_until_settled().await;
    world.forstok_sends(order("2").cancelled()).await;
    world.run_until_settled().await;
    assert_eq!(world.state("2").await, "voided");
    let before = reads(&world);
    deliver(&world).await;
    follow(&mut world).await;
    assert_eq!((reads(&world) - before, open(&world).await), (0, Vec::new()));
    // A person's change some minutes later is.
    world.advance(120);
    let number = number_of(&world, "1").await;
    total(&world, &number, 1);
    deliver(&world).await;
    follow(&mut world).await;
    assert_eq!(open(&world).await, [found(Class::Differs, &number, "1")]);
}

#[tokio::test]
async fn a_running_service_finds_a_change_within_minutes() {
    let world = followed(Base::Sqlite, 1..=1).await;
    let number = number_of(&world, "1").await;
    let running = starts(&world);
    world.clock.keeps_pace(300);
    let changed_at = world.clock_now();
    assert!(world.accurate.remove_invoice(&number));
    deliver(&world).await;
    while open(&world).await.is_empty() {
        tokio::task::yield_now().await;
    }
    let within = world.clock_now().duration_since(changed_at);
    assert!(within < SignedDuration::from_mins(5), "{within}");
    assert_eq!(open(&world).await, [found(Class::MissingInAccurate, &number, "1")]);
    running.stop(std::time::Duration::from_secs(10)).await;
    assert_eq!(world.accurate.call_count(Action::InvoiceList), 0, "no run has compared the period");
}

#[tokio::test]
async fn many_changes_of_one_invoice_are_read_once() {
    let mut world = followed(Base::Sqlite, 1..=1).await;
    let number = number_of(&world, "1").await;
    let before = reads(&world);
    for rupiah in 1..=5 {
        total(&world, &number, rupiah);
        deliver(&world).await;
        world.advance(5);
    }
    follow(&mut world).await;
    assert_eq!(reads(&world) - before, 1);
    assert_eq!(findings(&world, FindingState::Open).await[0].accurate_total, Some(500));
}

#[tokio::test]
async fn nothing_is_concluded_about_an_order_that_has_just_changed() {
    let mut world = followed(Base::Sqlite, 1..=1).await;
    let number = number_of(&world, "1").await;
    assert!(world.accurate.remove_invoice(&number));
    deliver(&world).await;
    world.advance(61);
    world.forstok_sends(order("1").shipped()).await;
    world.decide_all().await;
    world.engine.follow_hints(BOOK).await.expect("stored");
    assert_eq!(open(&world).await, []);
    follow(&mut world).await;
    assert_eq!(open(&world).await, [found(Class::MissingInAccurate, &number, "1")]);
}

#[tokio::test]
async fn hints_wait_while_accurate_fails_and_are_left_to_the_nightly_run_in_the_end() {
    let mut world = followed(Base::Sqlite, 1..=1).await;
    let number = number_of(&world, "1").await;
    total(&world, &number, 1);
    deliver(&world).await;
    world.accurate.next(Action::InvoiceDetail, Fault::UpsssBefore, 14);
    follow(&mut world).await;
    assert_eq!(open(&world).await, [], "Accurate failed for a minute");
    world.advance(240);
    follow(&mut world).await;
    assert_eq!(open(&world).await, [found(Class::Differs, &number, "1")]);

    total(&world, &number, 2);
    deliver(&world).await;
    world.accurate.withhold_right(Action::InvoiceDetail);
    for _ in 0..6 {
        world.advance(7_200);
        follow(&mut world).await;
    }
    let never = world.clock_now() + SignedDuration::from_hours(1_000);
    assert_eq!(world.storage.due_hints(BOOK, never, 10).await.expect("readable"), []);
    world.accurate.grant_right(Action::InvoiceDetail);
    adds_up(&reconcile(&world).await);
    assert_eq!(findings(&world, FindingState::Open).await[0].accurate_total, Some(200));
}

#[tokio::test]
async fn hints_wait_for_a_run_that_is_under_way() {
    let mut world = followed(Base::Sqlite, 1..=1).await;
    total(&world, &number_of(&world, "1").await, 1);
    deliver(&world).await;
    world.advance(61);
    world.engine.request_reconciliation(PERIOD, &ani()).await.expect("written");
    assert!(!world.engine.follow_hints(BOOK).await.expect("stored"));
    assert!(world.engine.reconcile(BOOK).await.expect("stored"));
    assert!(world.engine.follow_hints(BOOK).await.expect("stored"));
}

#[tokio::test]
async fn without_the_setting_nothing_is_followed_and_nothing_is_called() {
    let mut world = invoiced(Base::Sqlite, 1..=1).await;
    world.advance(300);
    world.accurate.register_webhooks();
    assert!(world.accurate.remove_invoice(&number_of(&world, "1").await));
    deliver(&world).await;
    let before = world.accurate.call_counts();
    follow(&mut world).await;
    assert!(!world.engine.keep_accurate_webhooks(BOOK).await.expect("read"));
    assert_eq!((world.accurate.call_counts(), open(&world).await), (before, Vec::new()));
    assert_eq!(world.engine.accurate_webhook(BOOK).await.expect("read"), None);
}

#[tokio::test]
async fn a_webhook_that_was_lost_is_caught_up_with_after_a_restart() {
    let mut world = followed(Base::Sqlite, 1..=2).await;
    keep(&world).await;
    world.advance(600);
    let numbers = [number_of(&world, "1").await, number_of(&world, "2").await];
    total(&world, &numbers[0], 1);
    // The service is down for three days; what Accurate sends meanwhile is lost.
    world.advance(3 * 86_400);
    assert!(world.accurate.remove_invoice(&numbers[1]));
    assert_eq!(world.accurate.take_webhooks().len(), 2);
    world.advance(60);
    world = world.dies_and_starts_again().await.following_hints();
    world.advance(1);
    keep(&world).await;
    follow(&mut world).await;
    let expected = [found(Class::Differs, &numbers[0], "1"), found(Class::MissingInAccurate, &numbers[1], "2")];
    assert_eq!(open(&world).await, expected);
    // Each day was asked for once; a quarter of an hour later nothing is to be caught up with.
    let asked = world.accurate.call_count(Action::WebhookHistory);
    assert_eq!(asked, 4);
    world.advance(900);
    keep(&world).await;
    assert_eq!(world.accurate.call_count(Action::WebhookHistory), asked);
    world.advance(3_600);
    keep(&world).await;
    assert_eq!(world.accurate.call_count(Action::WebhookHistory), asked + 1);
}

#[tokio::test]
async fn the_history_does_not_have_our_own_saves_read_again() {
    let mut world = World::new().await.following_hints();
    keep(&world).await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.run_until_settled().await;
    world.advance(3_600);
    let before = reads(&world);
    keep(&world).await;
    assert_eq!(world.accurate.call_count(Action::WebhookHistory), 1);
    follow(&mut world).await;
    assert_eq!(reads(&world), before);
}

#[tokio::test]
async fn webhooks_are_renewed_in_time_for_as_long_as_the_service_runs() {
    let mut world = followed(Base::Sqlite, 1..=1).await;
    for hour in 0..20 * 24 {
        let ends_at = keep(&world).await.ends_at.expect("it is known");
        assert!(ends_at > world.clock_now() + SignedDuration::from_hours(72), "hour {hour}: {ends_at}");
        world.advance(3_600);
    }
    let renewed = world.accurate.call_count(Action::WebhookRenew);
    assert_eq!(renewed, 7, "every three days");
    world.accurate.take_webhooks();
    total(&world, &number_of(&world, "1").await, 1);
    assert_eq!(world.accurate.take_webhooks().len(), 1);
}

#[tokio::test]
async fn a_renewal_that_fails_is_tried_again_and_what_was_missed_is_caught_up_with() {
    let mut world = followed(Base::Sqlite, 1..=1).await;
    let ends_at = keep(&world).await.ends_at.expect("it is known");
    world.accurate.withhold_right(Action::WebhookRenew);
    for _ in 0..8 * 24 {
        world.advance(3_600);
        keep(&world).await;
    }
    let failing = keep(&world).await;
    assert_eq!(failing.ends_at, Some(ends_at));
    assert!(failing.failures > 24 && failing.failure.contains("hak untuk"), "{failing:?}");
    world.accurate.take_webhooks();
    let number = number_of(&world, "1").await;
    total(&world, &number, 1);
    assert_eq!(world.accurate.take_webhooks().len(), 0, "Accurate has stopped in silence");
    world.accurate.grant_right(Action::WebhookRenew);
    world.advance(3_601);
    let renewed = keep(&world).await;
    assert!(renewed.ends_at > failing.ends_at && renewed.failures == 0, "{renewed:?}");
    assert_eq!(renewed.failure, "");
    follow(&mut world).await;
    assert_eq!(open(&world).await, [found(Class::Differs, &number, "1")]);
}

#[tokio::test]
async fn renewals_are_tried_again_after_growing_waits() {
    let mut world = followed(Base::Sqlite, 1..=1).await;
    world.accurate.withhold_right(Action::WebhookRenew);
    let mut waits = Vec::new();
    for _ in 0..5 {
        let next = keep(&world).await.renew_at.expect("it is tried again");
        waits.push(next.duration_since(world.clock_now()).as_mins());
        world.advance(next.duration_since(world.clock_now()).as_secs());
    }
    assert_eq!(waits, [1, 4, 16, 60, 60]);
}
