//! Orders that Forstok lists and that never arrived here, or only in an older state.

use forstok_accurate::{
    clock::Clock,
    domain::{
        reason::Language,
        reconciliation::{Action, Class, FindingState},
    },
    engine::forstok_reconciliation::NotImported,
    forstok::api::{ApiConfig, ApiFailure},
    importing::{backfill, missing::NotTaken},
    sandbox::{ForstokFault, ForstokSandbox},
    settings::{BackfillConfig, BackfillMode},
    storage::{Acted, FindingRecord, Run},
};
use jiff::{SignedDuration, civil::date};

use super::{PERIOD, adds_up, ani, findings, found, open, run};
use crate::world::{BOOK, Base, Order, World, api_config, order};

pub(super) const REPORT: BackfillConfig = BackfillConfig { mode: BackfillMode::Report, ..BACKFILL };
const INGEST: BackfillConfig = BackfillConfig { mode: BackfillMode::Ingest, ..BACKFILL };
const BACKFILL: BackfillConfig = BackfillConfig {
    by: forstok_accurate::forstok::api::By::Updated,
    page_size: 50,
    calls_per_minute: 30,
    days: SignedDuration::from_hours(7 * 24),
    overlap: SignedDuration::from_mins(60),
    mode: BackfillMode::ReportFirst,
};

pub(super) fn order_by_order() -> ApiConfig {
    ApiConfig { order_path: Some(ForstokSandbox::ORDER_PATH.to_owned()), ..api_config() }
}

async fn world_with(base: Base, forstok: &ForstokSandbox, config: BackfillConfig) -> World {
    World::on(base).await.asking_forstok(forstok, order_by_order(), config)
}

fn changed(order: Order, hours_ago: i64, world: &World) -> Order {
    order.updated_at(&(world.clock_now() - SignedDuration::from_hours(hours_ago)).to_string())
}

/// Requests a run, and has both of its parts carried out.
async fn reconcile(world: &World) -> Run {
    let id = world.engine.request_reconciliation(PERIOD, &ani()).await.expect("written");
    assert!(world.engine.reconcile(BOOK).await.expect("stored"));
    assert_eq!(run(world, id).await.ended_at, None, "Forstok's list has not been read yet");
    assert!(world.engine.reconcile_forstok().await.expect("stored"));
    run(world, id).await
}

async fn only_finding(world: &World) -> FindingRecord {
    let mut open = findings(world, FindingState::Open).await;
    assert_eq!(open.len(), 1, "{open:?}");
    open.remove(0)
}

/// One order arrived, one never did, and one only in an older state.
async fn shop(base: Base, config: BackfillConfig) -> (World, ForstokSandbox) {
    let forstok = ForstokSandbox::default();
    let mut world = world_with(base, &forstok, config).await;
    for id in ["1", "2", "3"] {
        forstok.lists(&changed(order(id).ready_to_ship(), 30, &world).body_json());
    }
    world.forstok_sends(changed(order("1").ready_to_ship(), 30, &world)).await;
    world.forstok_sends(changed(order("3").open(), 40, &world)).await;
    world.run_until_settled().await;
    (world, forstok)
}

pub(super) async fn a_lost_webhook_is_found_and_explains_no_rupiah(base: Base) {
    let (mut world, _) = shop(base, REPORT).await;
    let run = reconcile(&world).await;
    adds_up(&run);
    assert!(run.is_complete());
    assert_eq!(run.forstok.as_ref().map(|part| part.orders), Some(3));
    assert_eq!(
        (run.parts[0].sums.ledger.count, run.parts[0].sums.difference(), run.parts[0].sums.explained),
        (1, 0, 0)
    );
    assert_eq!(run.findings.open, 2);
    assert_eq!(open(&world).await, [found(Class::MissedWebhook, "", "2"), found(Class::Stale, "", "3")]);
    let [missed, stale] = &findings(&world, FindingState::Open).await[..] else { panic!("two") };
    assert_eq!((&missed.book, &*missed.store_id, missed.day), (BOOK, "8277", date(2024, 1, 31)));
    assert_eq!((missed.ledger_total, missed.accurate_total), (None, None));
    let words = |finding: &FindingRecord, language| finding.facts.in_words(finding.class, language);
    assert_eq!(
        words(missed, Language::English),
        "Forstok lists order INV-2 (Ready to Ship, Rp80.000), but no webhook about it arrived here."
    );
    assert_eq!(
        words(stale, Language::Indonesian),
        "Forstok mencantumkan pesanan INV-3 (Ready to Ship, Rp80.000), lebih baru daripada data yang diterima di sini."
    );
    let days = world.storage.reconciled_days(PERIOD).await.expect("readable");
    let of_missed: Vec<_> = days.iter().filter(|day| day.day == missed.day).collect();
    assert_eq!((of_missed.len(), of_missed[0].open), (1, 2), "the day is not green: {days:?}");

    // A second run finds the same; then the webhooks arrive after all, and the findings are gone without a run.
    reconcile(&world).await;
    assert_eq!(open(&world).await.len(), 2);
    world.forstok_sends(changed(order("3").open(), 35, &world)).await;
    world.forstok_sends(changed(order("2").ready_to_ship(), 30, &world)).await;
    assert_eq!(open(&world).await, [found(Class::Stale, "", "3")], "what came is older than what Forstok lists");
    world.forstok_sends(changed(order("3").ready_to_ship(), 30, &world)).await;
    assert_eq!(open(&world).await, []);
    assert_eq!(findings(&world, FindingState::Gone).await.len(), 2);
    world.run_until_settled().await;
    adds_up(&reconcile(&world).await);
    assert_eq!((open(&world).await, world.accurate.invoice_count()), (Vec::new(), 3));
}

pub(super) async fn a_person_imports_a_lost_order(base: Base) {
    let (mut world, forstok) = shop(base, REPORT).await;
    reconcile(&world).await;
    let [missed, stale] = &findings(&world, FindingState::Open).await[..] else { panic!("two") };
    assert_eq!(Action::fitting(missed.class), [Action::ImportOrder]);
    let import = async |id| world.engine.import_order(id, "asked by the warehouse", &ani()).await.expect("stored");
    // Forstok has changed it since: what it shows now counts.
    forstok.lists(&changed(order("3").cancelled(), 1, &world).body_json());
    assert_eq!(import(missed.id).await, Ok(Acted::Done));
    assert_eq!(import(stale.id).await, Ok(Acted::Done));
    assert_eq!(open(&world).await, []);
    assert_eq!(findings(&world, FindingState::Gone).await.len(), 2);
    assert_eq!(import(missed.id).await, Ok(Acted::NoLongerFits), "it is done");
    assert_eq!(import(999).await, Ok(Acted::Unknown));
    world.run_until_settled().await;
    assert_eq!((world.state("2").await.as_str(), world.state("3").await.as_str()), ("invoiced", "ignored: cancelled"));
    let timeline = world.timeline("2").await;
    for said in ["fetched from Forstok", "\"ani\" dealt with", "Import the order", "asked by the warehouse"] {
        assert!(timeline.contains(said), "{said}: {timeline}");
    }
    adds_up(&reconcile(&world).await);
    assert_eq!(open(&world).await, []);
}

#[tokio::test]
async fn an_order_that_cannot_be_fetched_stays_a_finding_and_says_why() {
    let (world, forstok) = shop(Base::Sqlite, REPORT).await;
    reconcile(&world).await;
    // Without a path of single orders, the list is asked.
    let world = world.dies_and_starts_again().await.asking_forstok(&forstok, api_config(), REPORT);
    let missed = findings(&world, FindingState::Open).await.remove(0).id;
    let not_taken = async |world: &World| {
        let imported = world.engine.import_order(missed, "", &ani()).await.expect("stored");
        assert_eq!(open(world).await.len(), 2);
        match imported.expect_err("it was not imported") {
            NotImported::NotTaken(why) => why,
            off @ NotImported::Off => panic!("{off:?}"),
        }
    };
    forstok.fails_next(&[ForstokFault::Slow(60); 10]);
    let began = world.clock_now();
    assert!(matches!(not_taken(&world).await, NotTaken::Failed(ApiFailure::Unreachable(_))));
    assert!(world.clock_now().duration_since(began) < SignedDuration::from_secs(30), "a person waits for it");
    let world = world.dies_and_starts_again().await.asking_forstok(&forstok, order_by_order(), REPORT);
    forstok.forgets("2");
    assert_eq!(not_taken(&world).await, NotTaken::NotListed);
    forstok.lists(&changed(order("2").ready_to_ship().without(&["item_lines"]), 1, &world).body_json());
    assert_eq!(not_taken(&world).await, NotTaken::WithoutProducts);
    let world = world.dies_and_starts_again().await;
    let off = world.engine.import_order(missed, "", &ani()).await.expect("stored");
    assert_eq!(off, Err(NotImported::Off));
}

#[tokio::test]
async fn without_a_path_of_single_orders_the_list_is_asked_for_the_order() {
    let forstok = ForstokSandbox::default();
    let mut world = World::new().await.asking_forstok(&forstok, api_config(), REPORT);
    for id in 1..=30_i64 {
        forstok.lists(&changed(order(&id.to_string()).ready_to_ship(), 30 + id, &world).body_json());
    }
    reconcile(&world).await;
    let all = findings(&world, FindingState::Open).await;
    assert_eq!(all.len(), 30);
    let of_order = |id: &str| {
        all.iter().find(|one| one.order_id.as_ref().is_some_and(|order| order.as_str() == id)).expect("it is open").id
    };
    let import = async |world: &World, id| world.engine.import_order(of_order(id), "", &ani()).await.expect("stored");
    assert_eq!(import(&world, "7").await, Ok(Acted::Done));
    world.run_until_settled().await;
    assert_eq!((world.state("7").await.as_str(), open(&world).await.len()), ("invoiced", 29));
    // It is not there as it was found, and nothing tells where it is now.
    forstok.lists(&changed(order("8").shipped(), 1, &world).body_json());
    assert_eq!(import(&world, "8").await, Err(NotImported::NotTaken(NotTaken::NotListed)));
}

#[tokio::test]
async fn what_the_settings_take_in_is_no_finding() {
    let (mut world, _) = shop(Base::Sqlite, INGEST).await;
    let run = reconcile(&world).await;
    assert_eq!((run.findings.open, run.forstok.map(|part| part.orders)), (0, Some(3)));
    world.run_until_settled().await;
    assert_eq!(world.accurate.invoice_count(), 3);
    assert!(world.timeline("2").await.contains("fetched from Forstok"));
    adds_up(&reconcile(&world).await);
    assert_eq!(findings(&world, FindingState::Gone).await, [], "there never was one");
}

#[tokio::test]
async fn a_finding_is_gone_when_the_hourly_reading_takes_the_order_in() {
    let (mut world, forstok) = shop(Base::Sqlite, BACKFILL).await;
    reconcile(&world).await;
    assert_eq!(open(&world).await.len(), 2, "before the first reading, nothing is taken in");
    let api = crate::world::forstok_api(order_by_order(), &forstok, &world.clock);
    for _ in 0..2 {
        world.advance(3_600);
        let importer = world.engine.importer();
        backfill::run(&importer, &api, &BACKFILL, None, 10).await.expect("stored").expect("none is under way");
    }
    world.run_until_settled().await;
    assert_eq!((open(&world).await, world.accurate.invoice_count()), (Vec::new(), 3));
    assert_eq!(findings(&world, FindingState::Gone).await.len(), 2);
}

#[tokio::test]
async fn what_forstok_does_not_say_leads_to_no_finding_and_takes_none_back() {
    let (world, forstok) = shop(Base::Sqlite, REPORT).await;
    reconcile(&world).await;
    // Orders that it no longer lists: one that is known, and one that never arrived.
    forstok.forgets("1");
    forstok.forgets("2");
    let run = reconcile(&world).await;
    assert!(run.is_complete());
    assert_eq!(open(&world).await, [found(Class::MissedWebhook, "", "2"), found(Class::Stale, "", "3")]);
    for fault in [ForstokFault::Error, ForstokFault::Html, ForstokFault::CutOff, ForstokFault::Slow(60)] {
        forstok.fails_next(&[fault; 4]);
        let run = reconcile(&world).await;
        let why = run.forstok.as_ref().and_then(|part| part.incomplete.clone()).expect("it is incomplete");
        assert!(why.starts_with("Forstok"), "{why}");
        assert!(run.ended_at.is_some() && !run.is_complete());
        adds_up(&run);
        assert_eq!(open(&world).await.len(), 2);
    }
}

#[tokio::test]
async fn a_closed_finding_opens_again_when_forstok_lists_something_else() {
    let (world, forstok) = shop(Base::Sqlite, REPORT).await;
    reconcile(&world).await;
    for finding in findings(&world, FindingState::Open).await {
        world.engine.close_finding(finding.id, "a test order", &ani()).await.expect("written");
    }
    forstok.lists(&changed(order("2").ready_to_ship(), 5, &world).body_json());
    reconcile(&world).await;
    assert_eq!(open(&world).await, [], "a later time alone is nothing new");
    forstok.lists(&changed(order("2").shipped(), 4, &world).body_json());
    reconcile(&world).await;
    assert_eq!(only_finding(&world).await.order_id.expect("it is known").as_str(), "2");
}

#[tokio::test]
async fn a_webhook_that_may_still_be_on_its_way_is_waited_for() {
    let forstok = ForstokSandbox::default();
    let mut world = world_with(Base::Sqlite, &forstok, REPORT).await;
    let at = world.clock_now() - SignedDuration::from_mins(9);
    forstok.lists(&order("1").ready_to_ship().updated_at(&at.to_string()).body_json());
    reconcile(&world).await;
    assert_eq!(open(&world).await, []);
    world.advance(300);
    reconcile(&world).await;
    assert_eq!(open(&world).await, [found(Class::MissedWebhook, "", "1")]);
}

#[tokio::test]
async fn a_store_of_another_database_is_named_there() {
    let forstok = ForstokSandbox::default();
    let mut world = world_with(Base::Sqlite, &forstok, REPORT).await;
    world.mapping_changes("[stores.\"8277\"]", "[stores.\"8277\"]\nbook = \"second\"").await;
    forstok.lists(&changed(order("1").ready_to_ship(), 30, &world).body_json());
    reconcile(&world).await;
    assert_eq!(only_finding(&world).await.book.as_str(), "second");
}

#[tokio::test]
async fn a_run_continues_after_a_restart_and_ends_without_the_api() {
    let (world, forstok) = shop(Base::Sqlite, REPORT).await;
    let request = async |world: &World| {
        let id = world.engine.request_reconciliation(PERIOD, &ani()).await.expect("written");
        assert!(world.engine.reconcile(BOOK).await.expect("stored"));
        id
    };
    let first = request(&world).await;
    let second = request(&world).await;
    // Another reading is under way: this one waits for it.
    let now = world.clock_now();
    let until = now + SignedDuration::from_mins(5);
    world.storage.begin_backfill(now, until).await.expect("written").expect("none is under way");
    assert!(!world.engine.reconcile_forstok().await.expect("stored"));
    let mut world = world.dies_and_starts_again().await.asking_forstok(&forstok, order_by_order(), REPORT);
    world.clock.reach(until);
    assert!(world.engine.reconcile_forstok().await.expect("stored"));
    assert!(run(&world, first).await.is_complete());
    assert_eq!(open(&world).await.len(), 2);
    world = world.dies_and_starts_again().await;
    assert!(world.engine.reconcile_forstok().await.expect("stored"));
    let second = run(&world, second).await;
    assert_eq!(second.ended_at, Some(world.clock.now()));
    let why = second.forstok.and_then(|part| part.incomplete).expect("it is incomplete");
    assert_eq!(why, "forstok.api.orders_path is not set any more");
    assert!(!world.engine.reconcile_forstok().await.expect("readable"), "nothing is left to do");
}
