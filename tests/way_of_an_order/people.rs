//! Causes that a person must fix, and how an order continues afterwards.

use forstok_accurate::{
    clock::Clock,
    domain::reason::{Language, Warning},
    sandbox::{Action, Fault, Invoice, On, samples::MAPPING},
    storage::State,
};
use jiff::SignedDuration;
use rust_decimal::Decimal;

use super::{NUMBER, ORDER};
use crate::world::{World, order};

/// The invoices' numbers and totals in rupiah.
fn totals(invoices: &[Invoice]) -> Vec<(&str, Decimal)> {
    invoices.iter().map(|invoice| (invoice.number.as_str(), invoice.total_amount)).collect()
}

#[tokio::test]
async fn a_revoked_token_pauses_the_book_and_costs_no_order_anything() {
    let mut world = World::new().await;
    for id in 1..=20 {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
    }
    world.accurate.revoke_token();
    world.run_for(300).await;
    assert_eq!(world.pause(), Some("token_refused"));
    assert_eq!(world.count(State::Due).await, 20, "no order may be blocked for it");
    for id in 1..=20 {
        assert_eq!(world.order(&id.to_string()).await.tries, 0, "order {id}");
    }
    let calls = world.accurate.calls().len();
    assert!(calls <= 8 + 4 + 300 / 15, "only what was in flight, and probes, may call: {calls} calls");
    world.accurate.restore_token();
    world.run_for(30).await;
    assert_eq!(world.pause(), None);
    assert_eq!(world.accurate.invoice_count(), 20);
}

#[tokio::test]
async fn a_missing_right_pauses_the_book() {
    let mut world = World::new().await;
    world.accurate.withhold_right(Action::InvoiceSave);
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_for(60).await;
    assert_eq!((world.pause(), world.state(ORDER).await.as_str()), (Some("right_missing"), "due"));
    world.accurate.grant_right(Action::InvoiceSave);
    world.run_for(30).await;
    assert_eq!(world.state(ORDER).await, "invoiced");
}

#[tokio::test]
async fn a_missing_right_to_delete_stops_only_deletions() {
    let mut world = World::new().await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    world.accurate.withhold_right(Action::InvoiceDelete);
    world.forstok_sends(order(ORDER).cancelled()).await;
    world.run_for(60).await;
    for id in 1..=20 {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
    }
    world.run_for(60).await;
    assert_eq!((world.pause(), world.state(ORDER).await.as_str()), (Some("right_missing"), "void_due"));
    assert_eq!(world.count(State::Invoiced).await, 20);
    let deletions = world.accurate.call_count(Action::InvoiceDelete);
    assert!(deletions <= 4 + 120 / 15, "only probes may ask: {deletions}");
    world.accurate.grant_right(Action::InvoiceDelete);
    world.run_for(30).await;
    assert_eq!((world.pause(), world.state(ORDER).await.as_str()), (None, "voided"));
}

#[tokio::test]
async fn a_missing_right_to_save_stops_no_deletion() {
    let mut world = World::new().await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    world.accurate.withhold_right(Action::InvoiceSave);
    world.accurate.withhold_right(Action::InvoiceBulkSave);
    for id in 1..=20 {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
    }
    world.run_for(60).await;
    world.forstok_sends(order(ORDER).cancelled()).await;
    world.run_for(60).await;
    assert_eq!((world.pause(), world.state(ORDER).await.as_str()), (Some("right_missing"), "voided"));
    assert_eq!((world.count(State::Due).await, world.order("1").await.tries), (20, 0), "it costs no order anything");
    let saves = world.saves() + world.accurate.call_count(Action::InvoiceBulkSave);
    assert!(saves <= 1 + 8 + 4 + 120 / 15, "only what was in flight, and probes, may ask: {saves}");
    world.accurate.grant_right(Action::InvoiceSave);
    world.accurate.grant_right(Action::InvoiceBulkSave);
    world.run_for(30).await;
    assert_eq!((world.pause(), world.count(State::Invoiced).await), (None, 20));
}

#[tokio::test]
async fn a_deletion_continues_once_its_right_is_granted_even_if_another_right_is_still_missing() {
    let mut world = World::new().await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    world.accurate.withhold_right(Action::InvoiceSave);
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.run_for(5).await;
    // From now on, no order needs the right to save, so nothing probes it.
    world.forstok_sends(order("1").cancelled()).await;
    world.run_for(60).await;
    world.accurate.withhold_right(Action::InvoiceDelete);
    world.forstok_sends(order(ORDER).cancelled()).await;
    world.run_until_idle().await;
    assert_eq!(world.state(ORDER).await, "void_due");
    world.accurate.grant_right(Action::InvoiceDelete);
    world.run_until_settled().await;
    assert_eq!((world.pause(), world.state(ORDER).await.as_str()), (Some("right_missing"), "voided"));
}

#[tokio::test]
async fn a_missing_right_to_create_customers_stops_only_orders_that_need_a_new_one() {
    let mut world = World::new().await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    world.accurate.withhold_right(Action::CustomerSave);
    world.forstok_sends(order("2").ready_to_ship().store(7475)).await;
    world.forstok_sends(order("3").ready_to_ship()).await;
    world.run_for(60).await;
    assert_eq!(world.pause(), Some("right_missing"));
    assert_eq!((world.state("2").await.as_str(), world.state("3").await.as_str()), ("due", "invoiced"));
    world.accurate.grant_right(Action::CustomerSave);
    world.run_for(120).await;
    assert_eq!((world.pause(), world.state("2").await.as_str()), (None, "invoiced"));
}

#[tokio::test]
async fn a_right_to_create_customers_is_probed_by_one_order_and_lets_all_others_go_on() {
    let mut world = World::new().await;
    world.accurate.withhold_right(Action::CustomerSave);
    for id in 1..=20 {
        world.forstok_sends(order(&id.to_string()).ready_to_ship().store(7475)).await;
    }
    // It costs the orders no attempts, however long it lasts.
    world.run_for(5 * 3600).await;
    assert_eq!((world.pause(), world.count(State::Due).await), (Some("right_missing"), 20));
    let before = world.accurate.call_count(Action::CustomerSave);
    world.run_for(3600).await;
    let probes = world.accurate.call_count(Action::CustomerSave) - before;
    assert!(probes <= 3600 / 15 + 20 * 4, "one order asks for all: {probes}");
    // The probed order is cancelled meanwhile: another order takes its place.
    for id in 1..=19 {
        world.forstok_sends(order(&id.to_string()).cancelled()).await;
    }
    world.run_for(60).await;
    world.accurate.grant_right(Action::CustomerSave);
    world.run_for(30).await;
    assert_eq!((world.pause(), world.count(State::Invoiced).await), (None, 1));
}

#[tokio::test]
async fn after_the_clock_was_fixed_work_continues_within_the_longest_probe_wait() {
    let mut world = World::new().await;
    world.clock.is_set_ahead(SignedDuration::from_hours(2));
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_for(300).await;
    assert_eq!((world.pause(), world.state(ORDER).await.as_str()), (Some("wrong_clock"), "due"));
    world.clock.is_set_ahead(SignedDuration::ZERO);
    world.run_for(20).await;
    assert_eq!((world.pause(), world.state(ORDER).await.as_str()), (None, "invoiced"));
}

#[tokio::test]
async fn a_missing_item_blocks_its_order_by_name_until_it_exists() {
    let mut world = World::new().await;
    world.forstok_sends(order(ORDER).ready_to_ship().sku("BARU-01")).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "blocked: item_not_found");
    let findings = world.order(ORDER).await.findings;
    assert!(findings[0].about.cause() == "BARU-01", "{findings:?}");
    world.accurate.add_item("BARU-01", "Barang baru");
    world.operator_retries(ORDER).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "invoiced");
    assert_eq!(world.accurate.invoices_numbered(NUMBER)[0].lines[0].item_no, "BARU-01");
    insta::assert_snapshot!(world.timeline(ORDER).await);
}

#[tokio::test]
async fn one_blocked_order_holds_up_no_other() {
    let mut world = World::new().await;
    for id in 1..=30 {
        let sku = if id % 10 == 1 { "BARU-01" } else { "AAA2002" };
        world.forstok_sends(order(&id.to_string()).ready_to_ship().sku(sku)).await;
    }
    world.run_at_once_until_idle().await;
    assert_eq!((world.count(State::Invoiced).await, world.count(State::Blocked).await), (27, 3));
}

#[tokio::test]
async fn a_number_of_another_invoice_is_a_conflict_and_that_invoice_is_left_alone() {
    let mut world = World::new().await;
    let strangers = world.accurate.add_invoice(NUMBER, "8277", "sold over the counter", Decimal::from(80_000));
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "blocked: number_conflict");
    let about = world.order(ORDER).await.findings[0].about.in_words(Language::English);
    assert!(about.contains(NUMBER) && about.contains("sold over the counter"), "{about}");
    assert_eq!(world.accurate.invoices(), [strangers]);
}

#[tokio::test]
async fn a_conflict_goes_away_with_the_other_invoice() {
    let mut world = World::new().await;
    world.accurate.add_invoice(NUMBER, "8277", ORDER, Decimal::from(1));
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "blocked: number_conflict", "the total is another");
    assert!(world.accurate.remove_invoice(NUMBER));
    world.operator_retries(ORDER).await;
    world.run_until_settled().await;
    assert_eq!(totals(&world.accurate.invoices()), [(NUMBER, Decimal::from(80_000))]);
}

#[tokio::test]
async fn an_invoice_that_is_this_orders_own_is_adopted() {
    let mut world = World::new().await;
    let own = world.accurate.add_invoice(NUMBER, "8277", ORDER, Decimal::from(80_000));
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    let order = world.order(ORDER).await;
    assert_eq!((order.state, order.invoice.expect("it exists").id), (State::Invoiced, own.id));
    assert_eq!(world.warnings(ORDER).await, [Warning::InvoiceAdopted]);
    assert_eq!(world.accurate.invoices(), [own]);
}

#[tokio::test]
async fn orders_continue_automatically_once_the_mapping_is_fixed() {
    let mut world = World::new().await;
    world.forstok_sends(order(ORDER).ready_to_ship().store(4711)).await;
    world.forstok_sends(order("2").ready_to_ship().with("warehouse_id", 999.into())).await;
    world.forstok_sends(order("3").open()).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "blocked: store_unmapped");
    assert_eq!(world.state("2").await, "blocked: warehouse_unmapped");
    assert_eq!(world.state("3").await, "watching");
    assert!(world.accurate.calls().is_empty(), "no call is made for what the mapping forbids");
    world.mapping_changes("[stores.\"8277\"]", "[stores.\"4711\"]\n\n[stores.\"8277\"]").await;
    world.mapping_changes("\"834\" = \"Utama\"", "\"834\" = \"Utama\"\n\"999\" = \"Gudang B\"").await;
    world.mapping_changes("auto_create_at = \"Ready to Ship\"", "auto_create_at = \"Open\"").await;
    world.run_until_settled().await;
    assert_eq!(world.count(State::Invoiced).await, 3);
    assert_eq!(world.accurate.invoices_numbered(NUMBER)[0].customer_no, "4711");
    assert_eq!(world.accurate.invoices_numbered("INV-2")[0].lines[0].warehouse_name.as_deref(), Some("Gudang B"));
}

#[tokio::test]
async fn amounts_changed_after_the_invoice_are_reported_and_nothing_is_changed() {
    let mut world = World::new().await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    let calls = world.accurate.calls().len();
    world.forstok_sends(order(ORDER).shipped().price(90_000)).await;
    world.run_until_settled().await;
    let record = world.order(ORDER).await;
    assert_eq!(record.state, State::Invoiced);
    let told = record.warnings.iter().find(|notice| notice.warning == Warning::ChangedAfterInvoice);
    let about = told.expect("the change is reported").about.in_words(Language::English);
    assert!(about.contains("total: Rp80.000 → Rp90.000"), "{about}");
    assert_eq!(totals(&world.accurate.invoices()), [(NUMBER, Decimal::from(80_000))]);
    assert_eq!(world.accurate.calls().len(), calls);
    world.forstok_sends(order(ORDER).shipped().price(80_000).updated_at("2023-11-30T08:00:00+07:00")).await;
    world.run_until_settled().await;
    let warnings = world.warnings(ORDER).await;
    assert!(!warnings.contains(&Warning::ChangedAfterInvoice), "the amounts are as invoiced again: {warnings:?}");
}

#[tokio::test]
async fn inclusive_tax_stays_in_the_price_and_exclusive_tax_comes_on_top_without_a_warning() {
    for (mode, total) in [("inclusive", 80_000), ("exclusive", 88_800)] {
        for lost in [false, true] {
            let mapping = MAPPING.replace("mode = \"off\"", &format!("mode = \"{mode}\""));
            let mut world = World::with_mapping(&mapping).await;
            if lost {
                world.accurate.lose_next_reply_after_saving();
            }
            world.forstok_sends(order(ORDER).ready_to_ship()).await;
            world.run_until_settled().await;
            let record = world.order(ORDER).await;
            assert_eq!(record.state, State::Invoiced, "{mode}, reply lost: {lost}");
            assert_eq!(record.invoice.expect("it exists").total, Decimal::from(total), "{mode}");
            assert_eq!(totals(&world.accurate.invoices()), [(NUMBER, Decimal::from(total))], "{mode}");
            let warnings = world.warnings(ORDER).await;
            assert!(!warnings.contains(&Warning::TotalDifference), "{mode}: {warnings:?}");
            assert_eq!(warnings.contains(&Warning::InvoiceAdopted), lost, "{mode}: {warnings:?}");
        }
    }
}

#[tokio::test]
async fn a_total_that_differs_warns_or_blocks_as_the_mapping_says() {
    let odd = || order(ORDER).ready_to_ship().with("total_price", 79_000.into());
    let mut world = World::new().await;
    world.forstok_sends(odd()).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "invoiced");
    assert!(world.warnings(ORDER).await.contains(&Warning::TotalDifference));

    let mut world = World::with_mapping(&format!("on_total_difference = \"block\"\n{MAPPING}")).await;
    world.forstok_sends(odd()).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "blocked: total_difference");
    assert_eq!(world.accurate.invoice_count(), 0);
}

#[tokio::test]
async fn a_retry_on_a_waiting_order_goes_at_once() {
    let mut world = World::new().await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.run_until_settled().await;
    world.accurate.next(On::InvoiceSaves, Fault::UpsssBefore, 4);
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    for _ in 0..4 {
        world.run_until_idle().await;
        let next = world.order(ORDER).await.next_attempt_at.expect("it waits");
        if world.accurate.fault_counts()["upsss_before"] < 4 {
            world.clock.reach(next);
        }
    }
    let before = world.clock.now();
    world.operator_retries(ORDER).await;
    world.run_until_idle().await;
    assert_eq!(world.state(ORDER).await, "invoiced");
    assert!(world.clock.now().duration_since(before).as_secs() < 5, "nobody had to wait");
}

#[tokio::test]
async fn an_order_whose_total_returns_to_what_it_was_is_recorded_like_any_other() {
    let mut world = World::new().await;
    for (minute, price) in [(12, 80_000), (13, 90_000), (14, 80_000)] {
        let moment = format!("2023-11-27T10:{minute}:00+07:00");
        world.forstok_sends(order(ORDER).open().updated_at(&moment).price(price)).await;
        world.run_until_settled().await;
    }
    world.forstok_sends(order(ORDER).shipped()).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "invoiced");
}
