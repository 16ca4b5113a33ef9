//! A shop with every kind of row, in an SQLite database.

use axum::body::Bytes;
use forstok_accurate::{
    clock::Clock,
    domain::{
        hint::Hint,
        notice::{Announced, Channel, News, message::Message},
        operator::{Actor, Role},
        reason::Language,
        reconciliation::{Listed, Period, Shown},
    },
    inbox::delivery,
    sandbox::{Fault, On},
    storage::{AccurateWebhook, Answer, RowContent},
};
use jiff::{SignedDuration, civil::date};
use rusqlite::Connection;
use rust_decimal::Decimal;

use crate::world::{BOOK, World, order, order_id};

/// A shop with every kind of row: orders in all states, one being processed, rechecks, warnings, an unfolded delivery,
/// an unreadable one, a cleared body and one that was kept, and the lists of Accurate.
pub(crate) async fn a_shop() -> World {
    let mut world = World::new().await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.forstok_sends(order("2").ready_to_ship().sku("BARU-01")).await;
    world.forstok_sends(order("3").ready_to_ship()).await;
    world.forstok_sends(order("4").open()).await;
    world.forstok_sends(order("5").cancelled()).await;
    world.forstok_sends(order("6").ready_to_ship().sku("")).await;
    world.run_until_settled().await;
    world.forstok_sends(order("3").cancelled()).await;
    world.run_until_settled().await;
    world.advance(2 * 86_400);
    let now = world.clock.now();
    let cleared = world.storage.clear_bodies(now - SignedDuration::from_hours(24), now, 100).await.expect("written");
    assert!(cleared.bodies > 0 && cleared.bodies < cleared.examined, "{cleared:?}");
    world.forstok_sends(order("1").shipped().price(5)).await;
    world.accurate.next(On::InvoiceSaves, Fault::UpsssBefore, 1);
    world.forstok_sends(order("7").ready_to_ship()).await;
    world.run_until_idle().await;
    world.mapping_changes("on_cancel = \"void\"", "on_cancel = \"keep\"").await;
    world.mapping_changes("on_cancel = \"keep\"", "on_cancel = \"void\"").await;
    let unreadable = delivery(Bytes::from_static(b"not \0 JSON"), now);
    world.storage.record(&[unreadable]).await.expect("recorded");
    world.forstok_sends(order("8").ready_to_ship().with("store_name", "Toko\u{0}Satu".into())).await;
    world.decide_all().await;
    was_in_shadow_mode(&mut world).await;
    world.forstok_sends(order("11").open()).await;
    while world.engine.read_due_list(BOOK).await.expect("stored").is_some() {}
    paid(&world).await;
    notified(&world, 0).await;
    // Long before any of its orders.
    let file = Connection::open(world.database()).expect("the file is there");
    file.execute("INSERT INTO restores (at) VALUES (1)", []).expect("written");
    // More invoices were changed than one run could note.
    let reading = "INSERT INTO change_readings (book, since, began_at, next_id) VALUES ('main', 1, 2, 7)";
    file.execute(reading, []).expect("written");
    world
}

/// A notice waits to be sent.
pub(super) async fn notified(world: &World, revision: i64) {
    let message = Message::new(&News::Test { by: "ani".to_owned() }, Language::English, None, world.clock.now());
    let told = Announced { failed_run: revision, ..Announced::default() };
    assert!(world.storage.announce(revision, &told, &[message], &[Channel::Email]).await.expect("written"));
}

/// An order that is due since shadow mode, and differs from the invoice in Accurate.
async fn was_in_shadow_mode(world: &mut World) {
    world.mapping_changes("on_cancel", "posting = \"shadow\"\non_cancel").await;
    world.accurate.add_invoice("INV-12", "7600", "", Decimal::ONE);
    world.forstok_sends(order("12").ready_to_ship()).await;
    world.decide_all().await;
    while world.engine.compare_some(BOOK).await.expect("written") > 0 {}
    world.mapping_changes("\"shadow\"", "\"on\"").await;
    world.decide_all().await;
    reconciled(world).await;
}

/// One reconciliation has ended with a finding, and another is under way.
async fn reconciled(world: &World) {
    let period = Period { from: date(2023, 6, 1), to: date(2024, 6, 1) };
    let actor = Actor { name: "ani".to_owned(), role: Role::Work };
    for _ in 0..2 {
        world.engine.request_reconciliation(period, &actor).await.expect("written");
    }
    world.accurate.add_invoice("HAND-1", "8277", "", Decimal::ONE);
    assert!(world.engine.reconcile(BOOK).await.expect("stored"));
    let storage = &world.storage;
    let part = storage.next_part(BOOK).await.expect("readable").expect("the second");
    let now = world.clock.now();
    storage.begin_listing(part.id, now).await.expect("written");
    let shown = Shown {
        id: 1,
        number: "INV-1".into(),
        customer_no: "8277".to_owned(),
        day: date(2023, 11, 27),
        total: 100,
        owed: None,
    };
    let row = Listed { shown, description: String::new() };
    storage.add_listed(&part, &[row], 2).await.expect("written");
    let answer = Answer { order_id: order_id("1"), at: now, found: Vec::new(), absent: Vec::new(), numbered: None };
    storage.answer(&part, &answer).await.expect("written");
    let hint = Hint { id: Some(7), number: "INV-7".into(), at: None };
    storage.add_hints(BOOK, &[hint], now, now).await.expect("written");
    let webhook = AccurateWebhook { ends_at: Some(now), ..AccurateWebhook::default() };
    storage.set_accurate_webhook(BOOK, &webhook).await.expect("written");
}

/// A payout has arrived and is not decided yet.
async fn paid(world: &World) {
    let payout = serde_json::json!({
        "source": "shopee", "id": "1", "store_id": "", "channel_order_id": "INV-1", "paid_at": "2024-01-31", "net": 70_000,
        "lines": [{"transaction": "T1", "day": "2024-01-31", "amount": 70_000}],
        "amounts": {"commission": -10_000},
    });
    let row = RowContent::Payout(serde_json::from_value(payout).expect("a payout"));
    world.storage.record_rows(&[row], world.clock.now()).await.expect("recorded");
}
