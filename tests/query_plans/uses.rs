//! Uses storage in every way, so that each statement is run and logged.

use std::collections::BTreeMap;

use forstok_accurate::{
    clock::Clock,
    domain::{
        ids::DeliveryId,
        import::{Difference, Side, Standing},
        manual::Manual,
        masters::{ListFailure, MasterKind},
        notice::{Channel, News, message::Message},
        operator::{Actor, Role},
        reason::{Language, Reason, Warning},
        reconciliation::{Action, Class, Finding, FindingState, Period},
        shadow::Kind,
        timeline::Event,
    },
    engine::Engine,
    housekeeping::retention::clear_some,
    inbox::{delivery, folding},
    storage::{
        BackfillEnd, Closing, ComparisonResult, DayOf, Days, Filter, FindingFilter, ForstokConclusion, Grouping,
        IncompleteNight, ManualChange, MasterSearch, NoticeState, NoticeTry, Position, SessionRecord, Sources, State,
    },
};
use jiff::{SignedDuration, Timestamp, civil::date};
use rust_decimal::Decimal;

use super::after_sale::use_after_sale;
use crate::world::{BOOK, World, order, order_id, session};

async fn use_the_unreadable(world: &World) {
    let (storage, now) = (&world.storage, world.clock.now());
    storage.arrivals(now - SignedDuration::from_hours(24), now).await.expect("readable");
    let unreadable = delivery("{\"order\":{\"id\":1,".into(), now);
    storage.record(&[unreadable]).await.expect("recorded");
    storage.unreadable_count().await.expect("readable");
    let newest = storage.unreadable(None, 10).await.expect("readable");
    storage.unreadable_one(newest[0].id).await.expect("readable");
    world.engine.inbox().reread().await.expect("written");
    storage
        .fold_reread(&[folding(newest[0].id, &order("50").open().body(), newest[0].received_at)])
        .await
        .expect("written");
    storage.change_problem(newest[0].kept(), "still not an order").await.expect("written");
    storage.remove_taken(newest[0].kept()).await.expect("written");
}

/// Queries and decisions of people.
async fn use_what_pages_need(world: &World) {
    let (storage, now) = (world.storage.clone(), world.clock.now());
    storage.causes(10).await.expect("readable");
    storage.last_backup().await.expect("readable");
    for (by_store, by_day) in [(true, false), (false, true), (true, true)] {
        let days = Days { by: DayOf::Ordered, from: Some(date(2020, 1, 1)), to: None };
        storage.totals(&days, Grouping { by_store, by_day }, 100).await.expect("readable");
        let ever = Days { from: None, ..days };
        storage.totals(&ever, Grouping { by_store, by_day }, 100).await.expect("readable");
    }
    storage.invoiced_since(now).await.expect("readable");
    storage.snapshot(&order_id("1"), DeliveryId(1)).await.expect("readable");
    storage.mappings_below(2, 1).await.expect("readable");
    storage.mapping_of_file().await.expect("readable");
    storage.hasten_one(&order_id("30"), now).await.expect("written");
    storage.note(&order_id("30"), &Event::TriedAgain, now).await.expect("written");
    storage.open_warnings().await.expect("readable");
    let change = ManualChange { decision: None, reason: None, document: None, actor: "ani".to_owned() };
    storage.decide_manually(&order_id("30"), &change, now).await.expect("written");
    let change = ManualChange { decision: Some(Manual::Never), ..change };
    storage.decide_manually(&order_id("30"), &change, now).await.expect("written");
    storage.acknowledge(&order_id("1"), Warning::CustomerCreated, "ani", now).await.expect("written");
}

/// Reads lists of Accurate twice, so that rows of the first reading are cleared, and searches them.
async fn use_lists(world: &World) {
    let (storage, now) = (&world.storage, world.clock.now());
    while world.engine.read_due_list(BOOK).await.expect("stored").is_some() {}
    storage.request_master_list(BOOK, MasterKind::Items, now).await.expect("written");
    while world.engine.read_due_list(BOOK).await.expect("stored").is_some() {}
    let reading = storage.begin_master_reading(BOOK, MasterKind::Items, now, now).await.expect("written");
    storage.fail_master_reading(&reading, &ListFailure::Changed, now).await.expect("written");
    let first = MasterSearch { text: "kaos".to_owned(), limit: 1, ..MasterSearch::default() };
    let rows = storage.masters(BOOK, MasterKind::Items, &first).await.expect("readable").expect("the first page");
    let next = MasterSearch { after: rows.last().map(|row| row.id), limit: 10, ..first };
    storage.masters(BOOK, MasterKind::Items, &next).await.expect("readable").expect("the next page");
    storage.masters_named(BOOK, MasterKind::Items, &["KAOS".to_owned()].into()).await.expect("readable");
}

/// What imports compare with and remember.
async fn use_imports(world: &World) {
    let (storage, now) = (&world.storage, world.clock.now());
    storage.known_by_id(&[order_id("1")]).await.expect("readable");
    storage.known_by_number(&["INV-1".to_owned()]).await.expect("readable");
    storage.import_columns("digest").await.expect("readable");
    storage.remember_import_columns("digest", &BTreeMap::new(), "ani", now).await.expect("written");
    let state = storage.begin_backfill(now, now).await.expect("written").expect("none is under way");
    storage.keep_backfill(state.run, now).await.expect("written");
    let end = BackfillEnd { is_complete: true, watermark: None, result: &serde_json::Value::Null };
    storage.end_backfill(state.run, &end, now).await.expect("written");
    storage.release_backfill(state.run).await.expect("written");
    storage.backfill().await.expect("readable");
}

/// Hints by id and by number that end in findings, are postponed or forgotten, and how far the history was read.
async fn use_hints(world: &mut World) {
    let (storage, now) = (world.storage.clone(), world.clock.now());
    let engine = Engine::new(
        storage.clone(),
        world.clock.clone(),
        vec![session(&world.wire, &world.clock, true)],
        (*world.engine.mapping()).clone(),
        1,
    )
    .following_hints([BOOK.to_owned()]);
    let body =
        br#"[{"salesInvoiceId":1},{"salesInvoiceId":4711,"salesInvoiceNo":"INV-3"},{"salesInvoiceNo":"HAND-1"}]"#;
    engine.hear_accurate(BOOK, body).await.expect("stored");
    let later = now + SignedDuration::from_hours(1);
    let due = storage.due_hints(BOOK, later, 10).await.expect("readable");
    storage.postpone_hint(BOOK, &due[0], later).await.expect("written");
    storage.forget_hints(BOOK, &due[..1]).await.expect("written");
    world.advance(3_600);
    while engine.reconcile(BOOK).await.expect("stored") {}
    assert!(engine.follow_hints(BOOK).await.expect("stored"));
    while engine.keep_accurate_webhooks(BOOK).await.expect("stored") {}
}

/// Reconciliations with findings of several kinds, and all that people look at and do.
async fn use_reconciliation(world: &mut World) {
    let (storage, engine) = (world.storage.clone(), world.engine.clone());
    let ani = Actor { name: "ani".to_owned(), role: Role::Work };
    let period = Period { from: date(2023, 6, 1), to: date(2024, 6, 1) };
    world.accurate.add_invoice("HAND-1", "8277", "", Decimal::ONE);
    world.accurate.duplicate_invoice("INV-3", "COPY-3").expect("it is there");
    assert!(world.accurate.remove_invoice("INV-2"));
    let run = engine.request_reconciliation(period, &ani).await.expect("written");
    assert!(engine.reconcile(BOOK).await.expect("stored"));
    engine.request_nightly_reconciliation().await.expect("written");
    storage.run(run).await.expect("readable");
    storage.runs(None, 10).await.expect("readable");
    let filters = [
        FindingFilter::default(),
        FindingFilter { state: Some(FindingState::Open), ..<_>::default() },
        FindingFilter { class: Some(Class::Foreign), state: Some(FindingState::Open), ..<_>::default() },
        FindingFilter { order_id: Some(order_id("2")), ..<_>::default() },
        FindingFilter {
            store_id: Some("8277".to_owned()),
            from: Some(period.from),
            to: Some(period.to),
            ..<_>::default()
        },
    ];
    for filter in &filters {
        storage.findings(filter, None, 50).await.expect("readable");
    }
    let open = storage.findings(&filters[1], None, 50).await.expect("readable");
    let of = |class| open.iter().find(|finding| finding.class == class).expect("it was found").id;
    engine.act_on_finding(of(Class::MissingInAccurate), Action::CreateAgain, "", &ani).await.expect("written");
    let seen = [(of(Class::Twice), open[0].changed_at)];
    engine.close_findings(Closing::Seen(&seen), "by hand", &ani).await.expect("written");
    for filter in &filters[1..] {
        storage.count_open_findings(filter).await.expect("readable");
        let earlier = FindingFilter { unchanged_since: Some(Timestamp::UNIX_EPOCH), ..filter.clone() };
        engine.close_findings(Closing::Shown(&earlier), "by hand", &ani).await.expect("written");
    }
    engine.close_finding(of(Class::Foreign), "by hand", &ani).await.expect("written");
    storage.change_reading(BOOK).await.expect("readable");
    storage.finding_counts().await.expect("readable");
    storage.oldest_open_finding().await.expect("readable");
    storage.earliest_open_day().await.expect("readable");
    storage.reconciled_days(period).await.expect("readable");
    storage.compared_days(period).await.expect("readable");
    storage.unexplained(BOOK).await.expect("readable");
    storage.last_reconciliation(BOOK).await.expect("readable");
    let again = engine.request_reconciliation(period, &ani).await.expect("written");
    let part = storage.next_part(BOOK).await.expect("readable").expect("the second");
    storage.listed_ids(part.id).await.expect("readable");
    assert!(engine.reconcile(BOOK).await.expect("stored"));
    assert!(again > run);
    let found = of_forstok(world, period).await;
    storage.note_import(found, "ani", "", world.clock.now()).await.expect("written");
    let night = storage.runs(None, 1).await.expect("readable")[0].clone();
    storage.incomplete_night().await.expect("readable");
    let (ended_at, books) = (world.clock.now(), vec![BOOK.to_owned()]);
    let night = IncompleteNight { run: night.id, period: night.period, ended_at, books, asks_forstok: false };
    storage.repeat_night(&night, ended_at).await.expect("written");
    world.run_until_settled().await;
}

/// Orders that Forstok lists: one that arrives later, and one whose finding is returned.
async fn of_forstok(world: &mut World, period: Period) -> i64 {
    let (storage, now) = (world.storage.clone(), world.clock.now());
    let sources = Sources { books: &[], asks_forstok: true };
    let run = storage.request_reconciliation(period, "ani", sources, now).await.expect("written");
    assert_eq!(storage.next_forstok_part().await.expect("readable"), Some((run, period)));
    let listed = |id| Difference {
        line: None,
        standing: Standing::New,
        order_id: Some(order_id(id)),
        channel_order_id: String::new(),
        store_id: "8277".to_owned(),
        listed: Side::default(),
        known: None,
    };
    let found = ["900000001", "900000002"].iter().filter_map(|id| Finding::of_forstok(&listed(id), now)).collect();
    let findings = [(BOOK.to_owned(), found)].into();
    let conclusion = ForstokConclusion { orders: 2, incomplete: None, findings };
    storage.conclude_forstok(run, &conclusion, now).await.expect("written");
    let missed = FindingFilter { class: Some(Class::MissedWebhook), ..<_>::default() };
    let found = storage.findings(&missed, None, 10).await.expect("readable");
    world.forstok_sends(order("900000001").ready_to_ship()).await;
    found[0].id
}

/// Shadow mode, from its beginning to its end.
async fn use_shadow_mode(world: &mut World) {
    world.mapping_changes("on_cancel", "posting = \"shadow\"\non_cancel").await;
    world.accurate.add_invoice("INV-60", "7600", "", Decimal::ONE);
    for id in ["60", "61"] {
        world.forstok_sends(order(id).ready_to_ship()).await;
    }
    world.run_until_settled().await;
    while world.engine.compare_some(BOOK).await.expect("written") > 0 {}
    let storage = world.storage.clone();
    storage.shadow_sums().await.expect("readable");
    storage.comparison(&order_id("60")).await.expect("readable");
    for kind in [Some(Kind::Customer), None] {
        assert!(!storage.differences(kind, None, 10).await.expect("readable").is_empty());
    }
    storage.orders_compared(ComparisonResult::Absent, None, 10).await.expect("readable");
    storage.compare_again().await.expect("written");
    world.mapping_changes("\"shadow\"", "\"on\"").await;
    world.run_until_settled().await;
}

/// Uses storage in every possible way.
#[expect(clippy::too_many_lines, reason = "one use after the other")]
pub(super) async fn use_everything(world: &mut World) {
    for id in 1..=20 {
        let sku = if id % 5 == 0 { "BARU-01" } else { "AAA2002" };
        world.forstok_sends(order(&id.to_string()).ready_to_ship().sku(sku)).await;
    }
    world.forstok_sends(order("30").ready_to_ship().sku("")).await;
    world.run_until_settled().await;
    world.forstok_sends(order("1").open()).await;
    world.forstok_sends(order("1").cancelled()).await;
    for _ in 0..3 {
        world.engine.posting().recheck_one(BOOK).await.expect("looked");
        world.advance(60);
    }
    world.accurate.add_item("BARU-01", "Barang baru");
    world.advance(600);
    world.engine.posting().recheck_one(BOOK).await.expect("looked");
    world.wire.cut();
    world.run_for(5).await;
    world.wire.recover();
    world.run_until_settled().await;
    world.mapping_changes("\"Gudang B\"", "\"Utama\"").await;
    world.operator_retries("30").await;
    use_lists(world).await;
    use_imports(world).await;
    use_reconciliation(world).await;
    use_hints(world).await;
    use_shadow_mode(world).await;
    let (storage, now) = (world.storage.clone(), world.clock.now());
    let later = delivery(order("40").open().body(), now);
    storage.record(&[later.clone(), later]).await.expect("recorded");
    storage.counts().await.expect("readable");
    world.engine.fold_order(&order_id("40")).await.expect("folded");
    let of_days = |by| {
        let days = Days { by, from: Some(date(2020, 1, 1)), to: Some(date(2030, 1, 1)) };
        Filter { days: Some(days), ..Filter::default() }
    };
    let text = |text: &str| Filter { text: Some(text.to_owned()), ..Filter::default() };
    for filter in [
        Filter::default(),
        Filter { state: Some(State::Due), ..Filter::default() },
        Filter { reason: Some(Reason::ItemNotFound), ..Filter::default() },
        Filter { store_id: Some("8277".to_owned()), ..Filter::default() },
        Filter { warning: Some(Warning::CustomerCreated), ..Filter::default() },
        text("INV"),
        Filter { subject: Some("BARU-01".to_owned()), reason: Some(Reason::ItemNotFound), ..Filter::default() },
        Filter { warning: Some(Warning::CustomerCreated), acknowledged: Some(false), ..Filter::default() },
        of_days(DayOf::Ordered),
        of_days(DayOf::Received),
        of_days(DayOf::Invoiced),
        Filter { state: Some(State::Blocked), text: Some("80000".to_owned()), ..of_days(DayOf::Received) },
        text("80000"),
        text("shopee"),
        Filter {
            state: Some(State::Blocked),
            reason: Some(Reason::ItemNotFound),
            store_id: Some("8277".to_owned()),
            ..text("1")
        },
    ] {
        storage.orders(&filter, None, 50).await.expect("readable");
        storage.page(&filter, Some(Position { key: i64::MAX, id: i64::MAX }), 1).await.expect("readable");
        storage.sums(&filter).await.expect("readable");
        storage.rearm(&filter, "operator", now).await.expect("written");
    }
    storage.rearm_one(&order_id("1"), "operator", now).await.expect("written");
    storage.end_leases(BOOK, now).await.expect("written");
    storage.hasten(BOOK, now).await.expect("written");
    storage.next_attempt_at(BOOK).await.expect("readable");
    storage.next_attempts(BOOK).await.expect("readable");
    storage.counts().await.expect("readable");
    storage.warning_counts().await.expect("readable");
    storage.mapping_history(10).await.expect("readable");
    storage.next_recheck_at(BOOK).await.expect("readable");
    use_what_pages_need(world).await;
    storage.oldest_due().await.expect("readable");
    storage.oldest_received().await.expect("readable");
    use_the_unreadable(world).await;
    storage.timeline(&order_id("1")).await.expect("readable");
    storage.snapshots(&order_id("1"), 10).await.expect("readable");
    storage.stores().await.expect("readable");
    storage.seen_skus("A", 50).await.expect("readable");
    storage.seen_skus_in_stores("A", 50).await.expect("readable");
    storage.seen_warehouses(50).await.expect("readable");
    storage.blocked_by_subject(Reason::ItemNotFound).await.expect("readable");
    storage.days(DayOf::Received, date(2020, 1, 1)).await.expect("readable");
    storage.newest_webhook().await.expect("readable");
    let session = SessionRecord { digest: "d".into(), operator: "ani".into(), proof: "p".into(), until: now };
    storage.open_session(&session, now).await.expect("written");
    storage.session("d", now).await.expect("readable");
    storage.end_session("d").await.expect("written");
    use_after_sale(world).await;
    use_notices(world).await;
    world.advance(100 * 86_400);
    for _ in 0..2 {
        // Some are cleared, some are kept and examined again.
        clear_some(world.engine.storage().as_ref(), SignedDuration::from_hours(24), world.engine.now())
            .await
            .expect("written");
        world.advance(2 * 86_400);
    }
    use_replicas(world).await;
}

async fn use_notices(world: &World) {
    let (storage, now) = (&world.storage, world.clock.now());
    let message = Message::new(&News::Test { by: "ani".to_owned() }, Language::English, None, now);
    let told = storage.announced().await.expect("readable");
    let channels = [Channel::Webhook, Channel::Email];
    assert!(
        storage
            .announce(told.revision, &told.announced, std::slice::from_ref(&message), &channels)
            .await
            .expect("written")
    );
    let due = storage.due_notices(now).await.expect("readable");
    let failed = NoticeTry { state: NoticeState::Waiting, next_at: Some(now), words: "no".to_owned() };
    storage.end_notice_try(&due[0], &failed, now).await.expect("written");
    let sent = NoticeTry { state: NoticeState::Sent, next_at: None, words: String::new() };
    storage.give_up_notice(&due[0]).await.expect("written");
    storage.add_tried_notice(Channel::Telegram, &message, &sent).await.expect("written");
    storage.hasten_notices(Channel::Email, now).await.expect("written");
    storage.notices(Some(9), 10).await.expect("readable");
}

async fn use_replicas(world: &World) {
    let storage = &world.storage;
    storage.ping().await.expect("writable");
    storage.lead(BOOK.as_str(), "one", std::time::Duration::from_mins(1), None).await.expect("written");
    storage.lead(BOOK.as_str(), "two", std::time::Duration::from_mins(1), None).await.expect("written");
    storage.notify_others().await.expect("called");
    storage.resign("one").await.expect("written");
}
