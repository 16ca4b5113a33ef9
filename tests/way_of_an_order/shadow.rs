//! Shadow mode: everything is decided and drafted, nothing is sent, and each draft is compared with the invoice that
//! another integration has created.

use forstok_accurate::{
    domain::{mapping::PostingMode, reason::Reason, shadow::Kind},
    sandbox::{
        Action, Booking, Edit, OldIntegration,
        samples::{MAPPING, SAMPLES},
    },
    storage::{ComparisonResult, State},
};
use serde_json::{Value, json};

use super::{NUMBER, ORDER};
use crate::world::{BOOK, Base, Order, World, order, order_id};

const IN_SHADOW: &str = "posting = \"shadow\"\n";
const ON: &str = "posting = \"on\"\n";

fn shadow_mapping() -> String {
    format!("{IN_SHADOW}{MAPPING}")
}

/// A world in shadow mode.
async fn in_shadow(base: Base) -> World {
    let mut world = World::on(base).await;
    world.mapping_changes("auto_create_at", "posting = \"shadow\"\nauto_create_at").await;
    world
}

async fn switch_on(world: &mut World) {
    world.mapping_changes(IN_SHADOW, ON).await;
}

/// Compares everything that is due.
async fn compare_all(world: &World) {
    while world.engine.compare_some(BOOK).await.expect("written") > 0 {}
}

fn old_integration() -> OldIntegration {
    OldIntegration {
        customers: [("7600".to_owned(), "TOKPED-JKT".to_owned())].into(),
        skus: [("SET-GEO".to_owned(), "SETGEO-01".to_owned())].into(),
        warehouses: [("834".to_owned(), "Utama".to_owned())].into(),
        branch: Some("Kantor Pusat".to_owned()),
        shipping_account: None,
    }
}

fn pieces(prices: &[i64]) -> Value {
    prices.iter().map(|price| json!({ "sku": "KAOS-M", "name": "Kaos", "variant_name": "", "price": price })).collect()
}

/// One order for each mistake of the built-in integration, after the orders that it books right.
fn orders_with_mistakes() -> Vec<(Order, Option<Kind>)> {
    let right = |id: &str| (order(id).ready_to_ship(), None);
    let wrong = |id: &str, kind| (order(id).ready_to_ship(), Some(kind));
    let mut orders = vec![right("1"), right("2"), right("3")];
    let (early, kind) = wrong("4", Kind::DateEarlier);
    orders.push((early.updated_at("2023-11-27T04:33:00+07:00"), kind));
    let (two_prices, kind) = wrong("5", Kind::SecondPriceLost);
    orders.push((
        two_prices.with("item_lines", pieces(&[45_000, 45_000, 50_000])).with("total_price", json!(140_000)),
        kind,
    ));
    let (voucher, kind) = wrong("6", Kind::DiscountMissing);
    let line =
        json!([{ "sku": "KAOS-M", "name": "Kaos", "variant_name": "", "price": 50_000, "voucher_seller": 5_000 }]);
    orders.push((voucher.with("item_lines", line).with("total_price", json!(45_000)), kind));
    let (shipping, kind) = wrong("7", Kind::ShippingMissing);
    orders.push((shipping.with("cashless", json!(false)).with("total_price", json!(91_000)), kind));
    let (free, kind) = wrong("8", Kind::FreeItemCharged);
    let line = json!([{ "sku": "KAOS-M", "name": "Kaos", "variant_name": "", "price": 50_000, "sale_price": 0 }]);
    orders.push((free.with("item_lines", line).with("total_price", json!(0)), kind));
    let (bundle, kind) = wrong("9", Kind::Rounding);
    let part = json!([{ "sku": "GELAS-01", "name": "Gelas", "qty": 3, "item_price": 0, "subtotal": 0 }]);
    let line = json!([{ "sku": "SET-GEO", "name": "Set", "variant_name": "", "price": 100_000, "bundle_info": part }]);
    orders.push((bundle.with("item_lines", line).with("total_price", json!(100_000)), kind));
    orders
}

#[tokio::test]
async fn in_shadow_mode_everything_is_drafted_and_nothing_is_sent() {
    let mut world = World::new().await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.run_until_settled().await;
    world.mapping_changes("auto_create_at", "posting = \"shadow\"\nauto_create_at").await;
    let calls = world.accurate.calls().len();
    world.forstok_sends(order("1").cancelled()).await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    world.advance(86_400);
    world.run_until_settled().await;
    assert_eq!((world.state("1").await.as_str(), world.state(ORDER).await.as_str()), ("void_due", "due"));
    assert_eq!(world.order(ORDER).await.draft.expect("drafted").body.number.as_str(), NUMBER);
    assert_eq!(world.accurate.calls().len(), calls, "neither saved, nor deleted, nor a customer created");
    assert_eq!(world.storage.oldest_due().await.expect("readable"), None);
    assert_eq!(world.engine.queue().await.expect("readable").orders, 0);

    switch_on(&mut world).await;
    world.decide_all().await;
    assert_eq!(world.storage.oldest_due().await.expect("readable"), Some(world.clock_now()), "due from now on");
    world.run_until_settled().await;
    assert_eq!((world.state("1").await.as_str(), world.state(ORDER).await.as_str()), ("voided", "invoiced"));
    assert_eq!(world.accurate.invoice_count(), 1);
}

#[tokio::test]
async fn shadow_mode_stops_claims_immediately_however_it_is_switched_on() {
    let mut world = World::with_mapping(&format!("{ON}{MAPPING}")).await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.forstok_sends(order("2").ready_to_ship()).await;
    world.decide_all().await;
    let under_way = world.claims().await.remove(0);
    world.forstok_sends(order("3").ready_to_ship()).await;
    world.decide_all().await;
    // Another replica or the command line does it; this process has not noticed yet.
    world.mapping_is_applied("posting = \"on\"", "posting = \"shadow\"").await;
    assert_eq!(world.engine.mapping().mapping.posting, PostingMode::On);
    assert!(world.next_works().await.is_empty());
    let id = under_way.order_id.as_str().to_owned();
    world.attempt(under_way).await;
    assert_eq!(world.state(&id).await, "invoiced", "what is under way ends");
    world.run_until_settled().await;
    assert_eq!(world.engine.mapping().mapping.posting, PostingMode::Shadow, "seen within a second");
    assert_eq!(world.accurate.invoice_count(), 1);
}

#[tokio::test]
async fn each_mistake_of_the_other_integration_is_found_and_named() {
    for base in [Base::Sqlite, Base::Postgres] {
        let mut world = in_shadow(base).await;
        let settings = old_integration();
        let orders = orders_with_mistakes();
        for (order, _) in &orders {
            world.forstok_sends(order.clone()).await;
            let booking = world.accurate.old_integration_books(&settings, &order.body_json());
            assert!(matches!(booking, Booking::Created(_)), "{booking:?}");
        }
        // It crashes at a warehouse that is not mapped, and takes another order's number for a success.
        let crashed = order("10").ready_to_ship().with("warehouse_id", json!(835));
        assert_eq!(world.accurate.old_integration_books(&settings, &crashed.body_json()), Booking::Crashed);
        world.forstok_sends(crashed).await;
        let taken = order("11").ready_to_ship().store(7475).with("local_name", json!("INV-1"));
        let booking = world.accurate.old_integration_books(&settings, &taken.body_json());
        assert_eq!(booking, Booking::TakenForSuccess("INV-1".to_owned()));
        world.forstok_sends(taken).await;
        world.run_until_settled().await;
        compare_all(&world).await;

        let sums = world.storage.shadow_sums().await.expect("readable");
        let counts = [sums.equal.orders, sums.differs.orders, sums.absent.orders, sums.waiting.orders];
        assert_eq!(counts, [3, 7, 1, 0], "{base:?}: {sums:?}");
        for (order, kind) in &orders {
            let id = order.body_json()["order"]["id"].as_str().expect("a text").to_owned();
            let comparison = world.storage.comparison(&order_id(&id)).await.expect("readable").expect("in shadow");
            let found: Vec<_> = comparison.differences.iter().map(|difference| difference.kind).collect();
            assert_eq!(found, Vec::from_iter(*kind), "{base:?}, order {id}: {comparison:?}");
        }
        let of_kind = |kind| {
            sums.kinds.iter().find(|(known, ..)| *known == kind).map(|(_, sums, rupiah)| (sums.orders, rupiah / 100))
        };
        assert_eq!(of_kind(Kind::DateEarlier), Some((1, 0)));
        assert_eq!(of_kind(Kind::SecondPriceLost), Some((1, -5_000)));
        assert_eq!(of_kind(Kind::DiscountMissing), Some((1, 5_000)));
        assert_eq!(of_kind(Kind::ShippingMissing), Some((1, -11_000)));
        assert_eq!(of_kind(Kind::FreeItemCharged), Some((1, 50_000)));
        assert_eq!(of_kind(Kind::Rounding), Some((1, -1)));
        assert_eq!(of_kind(Kind::Customer), Some((1, 0)));
        let listed = world.storage.differences(Some(Kind::Customer), None, 10).await.expect("readable");
        assert_eq!(listed.iter().map(|row| row.order_id.as_str()).collect::<Vec<_>>(), ["11"]);
        let all = world.storage.differences(None, None, 100).await.expect("readable");
        assert!(all.len() >= 7, "{all:?}");
        let absent = world.storage.orders_compared(ComparisonResult::Absent, None, 10).await.expect("readable");
        assert_eq!(absent, [(order_id("10"), "INV-10".to_owned())]);

        let before = world.accurate.invoice_count();
        switch_on(&mut world).await;
        world.run_until_settled().await;
        assert_eq!(world.count(State::Invoiced).await, 4, "{base:?}: three equal ones and the missing one");
        assert_eq!(world.count(State::Blocked).await, 7, "{base:?}");
        assert_eq!(world.accurate.invoice_count(), before + 1);
        assert_eq!(
            world.saves() + world.accurate.call_count(Action::InvoiceBulkSave),
            1,
            "only what is not there is saved"
        );
        for (id, kind) in [("1", None), ("4", Some(Kind::DateEarlier)), ("10", None), ("11", Some(Kind::Customer))] {
            let state = world.state(id).await;
            assert_eq!(state == "blocked: number_conflict", kind.is_some(), "{base:?}, order {id}: {state}");
        }
        let timeline = world.timeline("1").await;
        assert!(
            timeline.contains("already existed in Accurate") && timeline.contains("as the draft, so it is used"),
            "{timeline}"
        );
        let timeline = world.timeline("4").await;
        assert!(timeline.contains("Date too early: 26/11/2023 instead of 27/11/2023"), "{timeline}");
        assert_eq!(world.warnings("1").await, [], "nobody has to acknowledge what is equal");
        let sums = world.storage.shadow_sums().await.expect("readable");
        assert_eq!([sums.equal, sums.differs, sums.absent, sums.waiting].map(|sums| sums.orders), [0; 4]);
        assert!(sums.kinds.is_empty(), "{sums:?}");
    }
}

#[tokio::test]
async fn one_account_for_all_stores_is_found_where_a_store_has_an_account_of_its_own() {
    for base in [Base::Sqlite, Base::Postgres] {
        let mut world = in_shadow(base).await;
        world
            .mapping_changes("[stores.\"5\"]", "[stores.\"9001\".accounts]\nshipping = \"700102\"\n\n[stores.\"5\"]")
            .await;
        // It has one account for each type of fee.
        let settings = OldIntegration { shipping_account: Some("700101".to_owned()), ..old_integration() };
        for (id, store) in [("1", 8277), ("2", 9001)] {
            let paid = order(id).ready_to_ship().store(store).with("cashless", json!(false));
            let paid = paid.with("total_price", json!(91_000));
            let booking = world.accurate.old_integration_books(&settings, &paid.body_json());
            assert!(matches!(booking, Booking::Created(_)), "{booking:?}");
            world.forstok_sends(paid).await;
        }
        world.run_until_settled().await;
        compare_all(&world).await;
        for (id, expected) in [("1", vec![]), ("2", vec![(Kind::ExpenseAccount, 0)])] {
            let comparison = world.storage.comparison(&order_id(id)).await.expect("readable").expect("in shadow");
            let found = comparison.differences.iter().map(|one| (one.kind, one.rupiah.hundredths() / 100));
            assert_eq!(found.collect::<Vec<_>>(), expected, "{base:?}, order {id}: {comparison:?}");
        }
    }
}

#[tokio::test]
async fn an_item_that_the_other_integration_has_created_makes_no_difference_on_its_invoice() {
    let mut world = in_shadow(Base::Sqlite).await;
    let line = json!([{ "sku": "BARU-1", "name": "Barang Baru", "variant_name": "", "price": 80_000 }]);
    let body = order(ORDER).ready_to_ship().with("item_lines", line);
    let booking = world.accurate.old_integration_books(&old_integration(), &body.body_json());
    assert_eq!(booking, Booking::Created(NUMBER.to_owned()));
    world.forstok_sends(body).await;
    // This service creates no item: such an order is blocked until a person has created it.
    let missing = json!([{ "sku": "BARU-2", "name": "Barang Baru", "variant_name": "", "price": 80_000 }]);
    world.forstok_sends(order("2").ready_to_ship().with("item_lines", missing)).await;
    world.run_until_settled().await;
    compare_all(&world).await;
    let sums = world.storage.shadow_sums().await.expect("readable");
    assert_eq!([sums.equal, sums.differs, sums.absent].map(|sums| sums.orders), [1, 0, 1]);
    switch_on(&mut world).await;
    world.run_until_settled().await;
    assert_eq!(
        (world.state(ORDER).await.as_str(), world.state("2").await.as_str()),
        ("invoiced", "blocked: item_not_found")
    );
}

#[tokio::test]
async fn an_invoice_is_used_by_what_it_says_and_not_by_its_description() {
    for description in ["", "Pesanan Shopee"] {
        let mut world = in_shadow(Base::Sqlite).await;
        let body = order(ORDER).ready_to_ship();
        world.accurate.old_integration_books(&old_integration(), &body.body_json());
        let edit = Edit { description: Some(description.to_owned()), ..Edit::default() };
        world.accurate.edit_invoice(NUMBER, &edit).expect("it is there");
        world.forstok_sends(body).await;
        world.run_until_settled().await;
        switch_on(&mut world).await;
        world.run_until_settled().await;
        assert_eq!(world.state(ORDER).await, "invoiced", "{}", world.timeline(ORDER).await);
        assert_eq!((world.saves(), world.accurate.invoice_count()), (0, 1));
    }
}

#[tokio::test]
async fn an_invoice_under_the_marketplaces_number_is_found_whatever_number_ours_would_have() {
    for base in [Base::Sqlite, Base::Postgres] {
        let mut world = in_shadow(base).await;
        world
            .mapping_changes(IN_SHADOW, "posting = \"shadow\"\ninvoice_number = \"{store_id}/{channel_order_id}\"\n")
            .await;
        let settings = old_integration();
        let equal = order("1").ready_to_ship();
        let early = order("2").ready_to_ship().updated_at("2023-11-27T04:33:00+07:00");
        for order in [&equal, &early] {
            world.accurate.old_integration_books(&settings, &order.body_json());
            world.forstok_sends(order.clone()).await;
        }
        world.forstok_sends(order("3").ready_to_ship()).await;
        world.run_until_settled().await;
        compare_all(&world).await;
        let sums = world.storage.shadow_sums().await.expect("readable");
        let counts = [sums.equal, sums.differs, sums.absent, sums.waiting].map(|sums| sums.orders);
        assert_eq!(counts, [1, 1, 1, 0], "{base:?}");

        switch_on(&mut world).await;
        // The first save shows that Accurate keeps our numbers, which says nothing about the invoices of others.
        world.forstok_sends(order("4").ready_to_ship()).await;
        world.run_until_settled().await;
        let states = [world.state("1").await, world.state("2").await, world.state("3").await, world.state("4").await];
        assert_eq!(states, ["invoiced", "blocked: number_conflict", "invoiced", "invoiced"], "{base:?}");
        let (found, ours) = (world.order("1").await.invoice, world.order("3").await.invoice);
        let numbers = [found, ours].map(|invoice| invoice.expect("invoiced").number.to_string());
        assert_eq!(numbers, ["INV-1", "8277/INV-3"], "{base:?}");
        assert_eq!(world.accurate.invoice_count(), 4, "{base:?}: none has two");
    }
}

#[tokio::test]
async fn what_differs_waits_for_a_person_and_is_used_once_it_is_corrected() {
    let mut world = in_shadow(Base::Sqlite).await;
    let body = order(ORDER).ready_to_ship().updated_at("2023-11-27T04:33:00+07:00");
    world.accurate.old_integration_books(&old_integration(), &body.body_json());
    world.forstok_sends(body.clone()).await;
    switch_on(&mut world).await;
    world.run_until_settled().await;
    let order = world.order(ORDER).await;
    assert_eq!((order.state, order.reason), (State::Blocked, Some(Reason::NumberConflict)));
    // A person deletes the wrong invoice.
    assert!(world.accurate.remove_invoice(NUMBER));
    world.operator_retries(ORDER).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "invoiced");
    assert_eq!(world.accurate.invoices_numbered(NUMBER).len(), 1);
}

#[tokio::test]
async fn a_draft_that_changes_and_an_invoice_that_is_missing_are_compared_again() {
    let mut world = in_shadow(Base::Sqlite).await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    compare_all(&world).await;
    let result = async |world: &World| {
        world.storage.comparison(&order_id(ORDER)).await.expect("readable").expect("in shadow").result
    };
    assert_eq!(result(&world).await, ComparisonResult::Absent);
    world.accurate.old_integration_books(&old_integration(), &order(ORDER).ready_to_ship().body_json());
    compare_all(&world).await;
    assert_eq!(result(&world).await, ComparisonResult::Absent, "not before the next day");
    world.advance(86_400);
    compare_all(&world).await;
    assert_eq!(result(&world).await, ComparisonResult::Equal);
    // Another branch in the mapping makes another draft.
    world.mapping_changes("Kantor Pusat", "Cabang B").await;
    world.run_until_settled().await;
    assert_eq!(result(&world).await, ComparisonResult::Waiting);
    compare_all(&world).await;
    assert_eq!(result(&world).await, ComparisonResult::Differs);
    let calls = world.accurate.call_count(Action::InvoiceDetail);
    assert_eq!(calls, 3, "an equal invoice is read once");
}

#[tokio::test]
async fn an_order_that_was_blocked_in_shadow_mode_is_compared_before_it_is_saved() {
    let mut world = in_shadow(Base::Sqlite).await;
    let body = order(ORDER).ready_to_ship().with("warehouse_id", json!(999));
    let mut settings = old_integration();
    settings.warehouses.insert("999".to_owned(), "Gudang B".to_owned());
    world.accurate.old_integration_books(&settings, &body.body_json());
    world.forstok_sends(body).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "blocked: warehouse_unmapped");
    switch_on(&mut world).await;
    world.mapping_changes("\"834\" = \"Utama\"", "\"834\" = \"Utama\"\n\"999\" = \"Utama\"").await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "blocked: number_conflict");
    assert_eq!((world.saves(), world.accurate.invoice_count()), (0, 1));
    // Orders that come afterwards are saved without a look-up.
    let looked_up = world.accurate.call_count(Action::InvoiceDetail);
    world.advance(1);
    world.forstok_sends(order("2").ready_to_ship()).await;
    world.run_until_settled().await;
    assert_eq!((world.saves(), world.accurate.call_count(Action::InvoiceDetail)), (1, looked_up));
}

#[tokio::test]
async fn the_samples_are_compared_whatever_they_hold() {
    let mut world = World::with_mapping(&shadow_mapping()).await;
    for sample in SAMPLES {
        let body = Order::of(sample);
        world.accurate.old_integration_books(&old_integration(), &body.body_json());
        world.forstok_sends(body).await;
    }
    world.run_until_settled().await;
    compare_all(&world).await;
    let sums = world.storage.shadow_sums().await.expect("readable");
    assert_eq!(sums.waiting.orders, 0);
    let kinds: Vec<_> = sums.kinds.iter().map(|(kind, sums, _)| (kind.code(), sums.orders)).collect();
    insta::assert_debug_snapshot!((sums.equal.orders, sums.differs.orders, sums.absent.orders, kinds));
}
