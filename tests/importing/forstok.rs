//! Forstok's order API, against its stand-in: sign-in, pages, faults, the watermark, and the way to the invoice.

use forstok_accurate::{
    clock::Clock,
    domain::import::Standing,
    forstok::api::{ApiConfig, By, Question, reading::Why},
    importing::{
        Mode,
        backfill::{self, Comparison, Ran},
    },
    sandbox::{ForstokFault, ForstokSandbox},
    settings::{BackfillConfig, BackfillMode},
    storage::Filter,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::numbers;
use crate::world::{Order, World, api_config, forstok_api, order};

/// The world's clock begins in February 2024; the sample's own times are older than a reading goes back.
fn changed(order: Order, minutes_ago: i64, world: &World) -> Order {
    let at = world.clock_now() - SignedDuration::from_mins(minutes_ago);
    order.updated_at(&at.to_string())
}

/// Lists so many orders, the later ones changed later.
fn list(forstok: &ForstokSandbox, count: i64, world: &World) {
    for id in 1..=count {
        forstok.lists(&changed(order(&id.to_string()).ready_to_ship(), 500 - id, world).body_json());
    }
}

fn last_days(days: i64, world: &World) -> Question {
    let now = world.clock_now();
    Question::of(By::Updated, now - SignedDuration::from_hours(24 * days), now)
}

async fn compare(world: &World, forstok: &ForstokSandbox) -> Comparison {
    let api = forstok_api(api_config(), forstok, &world.clock);
    let question = last_days(7, world);
    backfill::compare_period(&world.engine.importer(), &api, &question, Mode::Report, 1_000).await.expect("stored")
}

async fn run(world: &World, forstok: &ForstokSandbox, config: &BackfillConfig) -> Ran {
    let api = forstok_api(api_config(), forstok, &world.clock);
    let ran = backfill::run(&world.engine.importer(), &api, config, None, 1_000).await.expect("stored");
    ran.expect("no other reading is under way")
}

#[tokio::test]
async fn all_pages_of_a_period_are_read_with_one_sign_in_and_not_too_fast() {
    let mut world = World::new().await;
    let forstok = ForstokSandbox::default();
    list(&forstok, 95, &world);
    forstok.lists(&order("999").open().body_json());
    world.forstok_sends(changed(order("1").ready_to_ship(), 499, &world)).await;
    world.forstok_sends(changed(order("2").open(), 1_000, &world)).await;
    world.forstok_sends(changed(order("3").shipped(), 1, &world)).await;
    let comparison = compare(&world, &forstok).await;
    assert_eq!(comparison.incomplete, None);
    assert_eq!(numbers(&comparison.report), [92, 1, 1, 1, 0, 0], "what changed earlier was not asked for");
    let classes: Vec<_> = comparison.report.differences.iter().filter(|one| one.standing == Standing::Newer).collect();
    assert_eq!(classes[0].order_id.as_ref().map(ToString::to_string).as_deref(), Some("2"));
    let calls = forstok.calls();
    let sign_ins = calls.iter().filter(|(_, call)| call == "POST /api/v2/auth").count();
    assert_eq!((sign_ins, calls.len()), (1, 12), "ten pages, and one that shows the end");
    for window in calls.windows(2) {
        assert!(
            window[1].0.duration_since(window[0].0) >= SignedDuration::from_secs(2),
            "30 calls a minute: {calls:?}"
        );
    }
}

#[tokio::test]
async fn every_fault_that_passes_is_survived() {
    for fault in [
        ForstokFault::Error,
        ForstokFault::SlowDown,
        ForstokFault::Html,
        ForstokFault::CutOff,
        ForstokFault::PageBefore,
        ForstokFault::Empty,
        ForstokFault::TokenExpired,
        ForstokFault::Slow(20),
        ForstokFault::Slow(60),
    ] {
        for before in 0..3 {
            let world = World::new().await;
            let forstok = ForstokSandbox::default();
            list(&forstok, 25, &world);
            // A reply that only takes long is none of the faults.
            let mut faults = vec![ForstokFault::Slow(0); before];
            faults.push(fault);
            forstok.fails_next(&faults);
            let comparison = compare(&world, &forstok).await;
            assert_eq!(comparison.incomplete, None, "{fault:?} at call {before}");
            assert_eq!(numbers(&comparison.report), [25, 0, 0, 0, 0, 0], "{fault:?} at call {before}");
        }
    }
}

#[tokio::test]
async fn a_fault_that_stays_makes_the_reading_incomplete_and_moves_no_watermark() {
    for fault in [ForstokFault::Error, ForstokFault::Html, ForstokFault::CutOff, ForstokFault::Slow(60)] {
        let world = World::new().await;
        let forstok = ForstokSandbox::default();
        list(&forstok, 25, &world);
        let mut faults = vec![ForstokFault::Slow(0)];
        faults.extend([fault; 10]);
        forstok.fails_next(&faults);
        let config = BackfillConfig { mode: BackfillMode::Ingest, ..BackfillConfig::default() };
        let ran = run(&world, &forstok, &config).await;
        assert!(matches!(ran.comparison.incomplete, Some(Why::Failed(_))), "{fault:?}: {ran:?}");
        assert_eq!(ran.comparison.report.counts.ingested, 10, "what was read is taken in");
        let state = world.storage.backfill().await.expect("readable");
        assert_eq!((state.watermark, state.completed), (None, 0));
        assert_eq!(state.result.expect("it is written")["complete"], false);
    }
}

#[tokio::test]
async fn an_ignored_filter_or_page_number_is_noticed() {
    let world = World::new().await;
    let forstok = ForstokSandbox::default();
    for id in 1..=60 {
        forstok.lists(&order(&id.to_string()).shipped().body_json());
    }
    for id in 61..=65 {
        forstok.lists(&changed(order(&id.to_string()).open(), id, &world).body_json());
    }
    forstok.behaves(|one| one.ignores_period = true);
    let comparison = compare(&world, &forstok).await;
    assert_eq!(comparison.incomplete, None, "the list was read to its end");
    assert_eq!(numbers(&comparison.report), [5, 0, 0, 0, 0, 0], "only what was asked for is compared");
    forstok.behaves(|one| one.newest_first = true);
    let before = forstok.calls().len();
    let comparison = compare(&world, &forstok).await;
    assert_eq!((comparison.incomplete, comparison.report.counts.new), (None, 5));
    assert!(forstok.calls().len() - before <= 4, "older pages are not read");
    for id in 1..=60 {
        let long_ago = changed(order(&id.to_string()).shipped(), 100_000 - id, &world);
        forstok.lists(&long_ago.body_json());
    }
    assert_eq!(compare(&world, &forstok).await.incomplete, None);
    forstok.behaves(|one| one.newest_first = false);
    assert_eq!(compare(&world, &forstok).await.incomplete, Some(Why::FilterIgnored));
    forstok.behaves(|one| (one.ignores_pages, one.ignores_period) = (true, false));
    list(&forstok, 60, &world);
    assert_eq!(compare(&world, &forstok).await.incomplete, Some(Why::PageRepeated));
}

#[tokio::test]
async fn a_list_that_shows_its_last_page_again_has_ended() {
    let world = World::new().await;
    let forstok = ForstokSandbox::default();
    list(&forstok, 25, &world);
    forstok.behaves(|one| one.repeats_last_page = true);
    let comparison = compare(&world, &forstok).await;
    assert_eq!((comparison.incomplete, comparison.report.counts.new), (None, 25));
}

#[tokio::test]
async fn wrong_credentials_are_reported_and_not_tried_again() {
    let world = World::new().await;
    let forstok = ForstokSandbox::default();
    let mut config = api_config();
    config.secret_key = "another-key".into();
    let api = forstok_api(config, &forstok, &world.clock);
    let question = last_days(1, &world);
    let comparison =
        backfill::compare_period(&world.engine.importer(), &api, &question, Mode::Report, 10).await.expect("stored");
    let why = comparison.incomplete.expect("nothing was read").to_string();
    assert_eq!(why, "Forstok does not accept the credentials: status 401");
    assert_eq!(forstok.calls().len(), 1);
}

#[tokio::test]
async fn the_first_reading_reports_and_the_next_ones_take_in_up_to_the_invoice() {
    let mut world = World::new().await;
    let forstok = ForstokSandbox::default();
    list(&forstok, 12, &world);
    let config = BackfillConfig::default();
    let first = run(&world, &forstok, &config).await;
    assert_eq!((first.mode, numbers(&first.comparison.report)), (Mode::Report, [12, 0, 0, 0, 0, 0]));
    assert!(world.storage.orders(&Filter::default(), None, 10).await.expect("readable").is_empty());

    world.advance(3_600);
    let second = run(&world, &forstok, &config).await;
    assert_eq!((second.mode, numbers(&second.comparison.report)), (Mode::Ingest, [12, 0, 0, 0, 0, 12]));
    world.run_until_settled().await;
    assert_eq!(world.accurate.invoices().len(), 12);
    let timeline = world.timeline("1").await;
    assert!(timeline.contains("fetched from Forstok: \"Ready to Ship\""), "{timeline}");

    // The webhook that comes after all, an older one, and a cancellation that never came.
    world.forstok_sends(changed(order("1").ready_to_ship(), 499 + 60, &world)).await;
    world.advance(1_800);
    forstok.lists(&changed(order("2").cancelled(), 1, &world).body_json());
    forstok.forgets("3");
    world.advance(1_800);
    let third = run(&world, &forstok, &config).await;
    assert_eq!(third.comparison.report.counts.newer, 1);
    let overlap = SignedDuration::from_mins(60);
    assert_eq!(third.from, second.to - overlap, "it begins where the one before ended, with an overlap");
    assert_eq!(
        third.comparison.report.counts.listed, 1,
        "what is no longer listed, or did not change, is not compared"
    );
    world.run_until_settled().await;
    assert_eq!(world.state("2").await, "voided");
    assert_eq!(world.accurate.invoices().len(), 11, "never a second one, and only the cancelled one is gone");
    let state = world.storage.backfill().await.expect("readable");
    assert_eq!((state.watermark, state.completed), (Some(third.to), 3));
}

#[tokio::test]
async fn an_older_listed_snapshot_is_neither_a_difference_nor_taken_in() {
    let mut world = World::new().await;
    let forstok = ForstokSandbox::default();
    forstok.lists(&changed(order("1").open().price(1), 30, &world).body_json());
    world.forstok_sends(changed(order("1").ready_to_ship().price(80_000), 20, &world)).await;
    let config = BackfillConfig { mode: BackfillMode::Ingest, ..BackfillConfig::default() };
    let ran = run(&world, &forstok, &config).await;
    assert_eq!(numbers(&ran.comparison.report), [0, 0, 0, 1, 0, 0]);
    world.run_until_settled().await;
    assert_eq!(world.accurate.invoices()[0].total_amount, 80_000.into());
}

#[tokio::test]
async fn a_list_without_products_is_completed_order_by_order_or_not_taken_in() {
    for can_ask_for_one in [true, false] {
        let mut world = World::new().await;
        let forstok = ForstokSandbox::default();
        list(&forstok, 3, &world);
        forstok.behaves(|one| one.without_lines = true);
        let mut settings = api_config();
        settings.order_path = can_ask_for_one.then(|| ForstokSandbox::ORDER_PATH.to_owned());
        world.forstok_sends(changed(order("1").ready_to_ship(), 1, &world)).await;
        let api = forstok_api(settings, &forstok, &world.clock);
        let config = BackfillConfig { mode: BackfillMode::Ingest, ..BackfillConfig::default() };
        let ran = backfill::run(&world.engine.importer(), &api, &config, None, 10).await.expect("stored");
        let report = ran.expect("none is under way").comparison.report;
        assert_eq!(numbers(&report), [2, 0, 0, 1, 0, if can_ask_for_one { 2 } else { 0 }]);
        let asked = forstok.calls().iter().filter(|(_, call)| call.starts_with("GET /api/v1/orders/")).count();
        assert_eq!(asked, if can_ask_for_one { 2 } else { 0 }, "only what is missing is asked for");
        world.run_until_settled().await;
        assert_eq!(world.accurate.invoices().len(), if can_ask_for_one { 3 } else { 1 });
    }
}

#[tokio::test]
async fn a_reading_waits_for_another_one_and_the_engine_asks_once_an_hour() {
    let mut world = World::new().await;
    let forstok = ForstokSandbox::default();
    list(&forstok, 1, &world);
    let now = world.clock_now();
    let later = |minutes| now + SignedDuration::from_mins(minutes);
    let other = world.storage.begin_backfill(now, later(5)).await.expect("written").expect("none is under way");
    let api = forstok_api(api_config(), &forstok, &world.clock);
    let importer = world.engine.importer();
    let question = last_days(1, &world);
    let ran = backfill::run(&importer, &api, &BackfillConfig::default(), None, 10).await.expect("readable");
    assert!(ran.is_none());
    let ran = backfill::run_for(&importer, &api, &question, Mode::Report, 10).await.expect("readable");
    assert!(ran.is_none());
    world.clock.reach(later(6));
    let ran = backfill::run_for(&importer, &api, &question, Mode::Report, 10).await.expect("readable");
    assert!(ran.is_some(), "the other one was given up");
    assert!(backfill::is_due(&importer).await.expect("readable"), "a person's question is no reading of the service");
    assert_eq!(world.storage.backfill().await.expect("readable").result, None);
    let result = Value::Null;
    let end = forstok_accurate::storage::BackfillEnd { is_complete: true, watermark: Some(later(5)), result: &result };
    assert!(!world.storage.end_backfill(other.run, &end, world.clock.now()).await.expect("written"), "it is too late");

    assert!(world.engine.ask_forstok_if_due().await.expect("readable").is_none(), "it is off");
    let mut due: Vec<Timestamp> = Vec::new();
    for _ in 0..10 {
        world.advance(900);
        if backfill::is_due(&importer).await.expect("readable") {
            let ran = backfill::run(&importer, &api, &BackfillConfig::default(), None, 10).await.expect("stored");
            due.push(ran.expect("none is under way").to);
        }
    }
    assert_eq!(due.len(), 3, "{due:?}");
    let state = world.storage.backfill().await.expect("readable").result.expect("it is written");
    assert_eq!((&state["complete"], &state["why"]), (&json!(true), &Value::Null));
}

#[tokio::test]
async fn the_log_of_webhooks_is_read_as_well_and_dates_an_invoice() {
    let mut world = World::new().await;
    let forstok = ForstokSandbox::default();
    let at = |minutes| world.clock_now() - SignedDuration::from_mins(minutes);
    // Two days ago it was ready to ship, now it is shipped; neither webhook arrived. Another one is only in the log.
    let ready = order("1").ready_to_ship().updated_at(&at(2 * 1_440).to_string()).body_json();
    let only_logged = order("2").ready_to_ship().updated_at(&at(90).to_string()).body_json();
    forstok.lists(&changed(order("1").shipped(), 30, &world).body_json());
    forstok.logs(&ready, at(2 * 1_440));
    for nth in 0..25 {
        forstok.logs(&json!({"event": "items/update", "item": {"id": nth}}), at(100));
    }
    forstok.logs(&only_logged, at(90));
    let config = ApiConfig { webhook_log_path: Some(ForstokSandbox::WEBHOOK_LOG_PATH.to_owned()), ..api_config() };
    let api = forstok_api(config, &forstok, &world.clock);
    let question = last_days(7, &world);
    let compare = async |world: &World, mode| {
        backfill::compare_period(&world.engine.importer(), &api, &question, mode, 10).await.expect("stored")
    };
    let reported = compare(&world, Mode::Report).await;
    assert_eq!((reported.incomplete, numbers(&reported.report)), (None, [2, 1, 0, 0, 0, 0]));
    // A log that cannot be read does not keep the list from being read.
    forstok.fails_next(&[ForstokFault::Error; 4]);
    let without = compare(&world, Mode::Report).await;
    assert!(matches!(without.incomplete, Some(Why::Failed(_))), "{without:?}");
    assert_eq!(numbers(&without.report), [1, 0, 0, 0, 0, 0]);

    let taken = compare(&world, Mode::Ingest).await;
    assert_eq!((taken.incomplete, numbers(&taken.report)), (None, [2, 1, 0, 0, 0, 3]));
    world.run_until_settled().await;
    let day = |id: &str| world.accurate.invoices_numbered(&format!("INV-{id}"))[0].trans_date;
    assert_eq!((day("1").to_string(), day("2").to_string()), ("2024-01-30".to_owned(), "2024-02-01".to_owned()));
}
