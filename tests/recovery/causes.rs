//! Each external cause after which the service recovers automatically, and what a person can do meanwhile.

use forstok_accurate::sandbox::{AccountType, Action, Fault, Masters, samples::MAPPING};
use jiff::civil::Date;
use serde_json::json;

use super::{NEW, blocked_and_invoiced, calls, orders_wait_for_the_item, with_shipping};
use crate::world::{World, order};

#[tokio::test]
async fn orders_continue_once_their_account_is_active() {
    let mut world = World::new().await;
    world.accurate.add_masters(&Masters::default().customer("8277", "Toko"));
    world.accurate.suspend_account("700101");
    for id in 1..=5 {
        world.forstok_sends(with_shipping(id)).await;
    }
    world.run_for(100).await;
    assert_eq!(world.state("1").await, "blocked: account_inactive");
    world.accurate.resume_account("700101");
    let saves = world.saves();
    world.run_until_recovered().await;
    assert_eq!(blocked_and_invoiced(&world).await, (0, 5));
    assert_eq!(world.saves() - saves, 5);
    assert_eq!(calls(&world, Action::AccountList).len(), 3, "in vain after 30 and 90 seconds, seen after 210");
    let timeline = world.timeline("1").await;
    assert!(timeline.contains("09:03:31 account 700101 is available in Accurate; the order continues"), "{timeline}");
}

#[tokio::test]
async fn an_account_behind_the_first_page_is_seen_although_accurate_ignores_the_filter() {
    let mapping = MAPPING.replace("700101", "799999");
    assert_ne!(mapping, MAPPING);
    let mut world = World::with_mapping(&mapping).await;
    let mut masters = Masters::default().customer("8277", "Toko");
    for nth in 0..150 {
        masters = masters.account(&format!("{}", 600_200 + nth), "Beban", AccountType::OtherExpense);
    }
    world.accurate.add_masters(&masters.account("799999", "Ongkos kirim", AccountType::OtherIncome));
    world.accurate.suspend_account("799999");
    world.accurate.next(Action::AccountList, Fault::ListUnfiltered, 1_000);
    world.forstok_sends(with_shipping(1)).await;
    world.run_for(100).await;
    assert_eq!(world.state("1").await, "blocked: account_inactive");
    world.accurate.resume_account("799999");
    world.run_until_recovered().await;
    assert_eq!(world.state("1").await, "invoiced");
}

#[tokio::test]
async fn orders_continue_once_their_customer_is_created_by_hand() {
    let mut world = World::with_mapping(&format!("create_missing_customers = false\n{MAPPING}")).await;
    for id in 1..=5 {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
    }
    world.run_for(100).await;
    assert_eq!(world.state("1").await, "blocked: customer_not_found");
    world.accurate.add_masters(&Masters::default().customer("8277", "Toko"));
    let saves = world.saves();
    world.run_until_recovered().await;
    assert_eq!(blocked_and_invoiced(&world).await, (0, 5));
    assert_eq!(world.saves() - saves, 5);
    assert_eq!(world.accurate.call_count(Action::CustomerSave), 0);
    assert_eq!(calls(&world, Action::CustomerList).len(), 3);
}

#[tokio::test]
async fn orders_continue_once_their_period_is_opened_and_one_of_them_finds_out() {
    let mut world = World::new().await;
    world.accurate.add_masters(&Masters::default().customer("8277", "Toko"));
    world.accurate.change_settings(|settings| settings.company_start = Date::constant(2024, 1, 1));
    for id in 1..=5 {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
    }
    world.run_at_once_until_idle().await;
    assert_eq!(world.state("1").await, "blocked: period_closed");
    let saves = world.saves();
    world.run_for(100).await;
    assert_eq!(world.saves() - saves, 2, "after 30 and 90 seconds one order tries for all");
    world.accurate.change_settings(|settings| settings.company_start = Date::constant(2023, 1, 1));
    let saves = world.saves();
    world.run_until_recovered().await;
    assert_eq!(blocked_and_invoiced(&world).await, (0, 5));
    assert_eq!(world.saves() - saves, 5);
}

#[tokio::test]
async fn a_suspended_item_is_rechecked_like_a_missing_one() {
    let mut world = World::new().await;
    world.accurate.suspend_item("AAA2002");
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.run_for(100).await;
    assert_eq!(world.state("1").await, "blocked: item_not_found");
    world.accurate.resume_item("AAA2002");
    world.run_until_recovered().await;
    assert_eq!(world.state("1").await, "invoiced");
}

#[tokio::test]
async fn an_order_with_two_missing_items_waits_for_both() {
    let mut world = World::new().await;
    let lines = json!([{"sku": NEW, "name": "a", "price": 40_000}, {"sku": "BARU-02", "name": "b", "price": 40_000}]);
    world.forstok_sends(order("1").ready_to_ship().with("item_lines", lines)).await;
    world.run_for(100).await;
    for (item, state) in [(NEW, "blocked: item_not_found"), ("BARU-02", "invoiced")] {
        world.accurate.add_item(item, "Barang baru");
        world.run_for(4_000).await;
        assert_eq!(world.state("1").await, state, "once {item} is there");
    }
}

#[tokio::test]
async fn orders_continue_without_a_recheck_when_their_sku_is_mapped_to_another_item() {
    let mut world = World::new().await;
    orders_wait_for_the_item(&mut world, 1..=5).await;
    world.mapping_is_applied("[skus]", &format!("[skus]\n\"{NEW}\" = \"AAA2002\"")).await;
    world.run_at_once_until_idle().await;
    assert_eq!(blocked_and_invoiced(&world).await, (0, 5));
    assert_eq!(world.accurate.call_count(Action::ItemDetail), 0);
}

#[tokio::test]
async fn a_manual_retry_that_succeeds_frees_the_others() {
    let mut world = World::new().await;
    orders_wait_for_the_item(&mut world, 1..=5).await;
    world.accurate.add_item(NEW, "Barang baru");
    world.operator_retries("3").await;
    world.run_at_once_until_idle().await;
    assert_eq!(blocked_and_invoiced(&world).await, (0, 5));
    assert_eq!(world.accurate.call_count(Action::ItemDetail), 0, "nobody had to look");
}

#[tokio::test]
async fn a_manual_retry_in_vain_frees_nobody() {
    let mut world = World::new().await;
    orders_wait_for_the_item(&mut world, 1..=5).await;
    let saves = world.saves();
    world.operator_retries("3").await;
    world.run_at_once_until_idle().await;
    assert_eq!(blocked_and_invoiced(&world).await, (5, 0));
    assert_eq!(world.saves() - saves, 1);
    world.accurate.add_item(NEW, "Barang baru");
    world.run_until_recovered().await;
    assert_eq!(blocked_and_invoiced(&world).await, (0, 5));
}
