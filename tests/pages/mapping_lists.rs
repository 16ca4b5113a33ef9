//! The mapping page beside long lists of Accurate and many causes: choices, warnings, suggestions, counts, and what a
//! trial names before anything is saved.

use forstok_accurate::sandbox::{AccountType, Masters};
use reqwest::StatusCode;
use serde_json::json;

use super::{
    mapping::{filled, order_of_another_store, send},
    visitor::Visitor,
};
use crate::{
    forstok::order,
    service::{Home, accurate},
};

/// 400 other accounts, beside those of the sample.
fn many_accounts() -> Masters {
    let of_type = |nth: u32| if nth.is_multiple_of(2) { AccountType::OtherExpense } else { AccountType::CashBank };
    (0..400).fold(Masters::default(), |masters, nth| {
        masters.account(&format!("{}", 300_000 + nth), &format!("Lain {nth}"), of_type(nth))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn values_and_suggestions_are_right_however_long_accurates_lists_are() {
    let accurate = accurate().await;
    accurate.sandbox().add_masters(&many_accounts());
    accurate.sandbox().suspend_account("699999");
    let service = Home::new(&accurate).serve().await;
    order_of_another_store(&service, 1).await;
    for kind in ["accounts", "branches", "warehouses", "terms", "customers"] {
        let path = format!("/v1/books/main/masters/{kind}");
        service.get_until(&path, |list| !list["read_at"].is_null()).await;
    }
    let mut admin = Visitor::operator(&service).await;
    let page = admin.get("/mapping").await;
    let bank = ("stores/4711/bank_account".to_owned(), "110102".to_owned());
    assert!(page.fields_of("mapping").contains(&bank), "Saldo Shopee is suggested");
    let changes = [
        ("accounts/shipping", "300399"),
        ("accounts/service_fee", "699999"),
        ("accounts/fulfillment_fee", "123456"),
        ("stores/8277/bank_account", "300399"),
    ];
    let tried = send(&mut admin, "/mapping/try", &filled(&page, &changes)).await;
    tried.says(&[
        "Lain 399 is of type Cash & Bank; it should be Other Income.",
        "It is inactive in Accurate.",
        "“123456” is not in Accurate",
    ]);
    assert_eq!(tried.html.matches("is not in Accurate").count(), 1, "{}", tried.text());
    let of_type = admin.get("/mapping/choices/accounts?book=main&type=CASH_BANK&q=30039").await;
    assert_eq!(of_type.html.matches("<option").count(), 5, "{}", of_type.html);
    assert!(of_type.html.contains("300399") && !of_type.html.contains("300398"), "{}", of_type.html);
    let active = admin.get("/mapping/choices/accounts?book=main&q=699999").await;
    assert_eq!(active.html, "", "an inactive account is no choice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warehouse_is_suggested_where_warehouses_are_put_on_invoices() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let two = "[stores.\"8277\"]\n[accounts]\nshipping = \"700101\"\n[warehouses]\n\"1\" = \"Utama\"\n";
    home.write("mapping.toml", two);
    let service = home.serve().await;
    let mut body = order(1);
    body["order"]["warehouse_id"] = json!(999);
    body["order"]["warehouse_code"] = json!(" UTAMA ");
    service.send(&body).await;
    service.order_once("1", "blocked").await;
    service.get_until("/v1/books/main/masters/warehouses", |list| !list["read_at"].is_null()).await;
    let warehouses = service.get("/v1/books/main/masters/warehouses").await.json();
    let names: Vec<_> = warehouses["rows"].as_array().expect("rows").iter().map(|row| row["name"].clone()).collect();
    let page = Visitor::operator(&service).await.get("/mapping").await;
    let fields = page.fields_of("mapping");
    assert!(fields.contains(&("warehouses/999".to_owned(), "Utama".to_owned())), "{names:?}\n{fields:?}");
    page.says(&["suggestion"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_orders_that_wait_for_a_store_are_counted_however_many_causes_there_are() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    for id in 1..=1_001 {
        let mut body = order(id);
        for sku in ["sku", "variant_sku"] {
            body["order"]["item_lines"][0][sku] = json!("");
        }
        body["order"]["item_lines"][0]["variant_id"] = json!(id);
        service.send(&body).await;
    }
    order_of_another_store(&service, 2_000).await;
    service.get_until("/v1/summary", |summary| summary["by_state"]["blocked"] == 1_002).await;
    let mut admin = Visitor::operator(&service).await;
    admin.get("/mapping").await.says(&["waiting: 1 order"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_that_accurate_refused_and_payouts_that_wait_are_named_before_saving() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let mut missing = order(1);
    missing["order"]["item_lines"][0]["sku"] = json!("BARU-01");
    service.send(&missing).await;
    service.order_once("1", "blocked").await;
    service.send(&order(2)).await;
    service.order_once("2", "invoiced").await;
    let payout = json!([{"source": "shopee", "id": "row-1", "store_id": "8277", "channel_order_id": "N2",
                         "paid_at": "2023-12-05", "net": 74_000, "amounts": {"service_fee": -6_000}}]);
    assert_eq!(service.post_json("/v1/payouts", &payout).await.status, StatusCode::OK);
    service.get_until("/v1/payouts", |page| page["payouts"][0]["waits_for"]["what"] == "approval").await;

    let mut admin = Visitor::operator(&service).await;
    let page = admin.get("/mapping").await;
    let automatic = [("payout/post", "auto"), ("payout/auto_after_days", "0")];
    let tried = send(&mut admin, "/mapping/try", &filled(&page, &automatic)).await;
    tried.says(&[
        "No order would be decided differently.",
        "Blocked, for example because Accurate refused it, and attempted again when you save: 1 order, Rp80.000.",
        "Payouts that wait for approval and whose receipts will be created without it: 1 (Rp74.000).",
    ]);
    assert!(!tried.text().contains("No waiting order changes its state."), "{}", tried.text());
    let same = send(&mut admin, "/mapping/try", &filled(&page, &[])).await;
    same.says(&["Nothing would change.", "No waiting order changes its state."]);

    let sku = admin.get("/mapping/skus").await;
    sku.says(&["Try on past orders"]);
    let fields = [("revision", "1"), ("sku", "BARU-01"), ("was", ""), ("item", "AAA2002"), ("do", "try")];
    let tried = admin.post("/mapping/skus", &fields).await;
    tried.says(&["Tried on past orders; nothing is saved yet", "attempted again when you save: 1 order, Rp80.000."]);
    assert!(tried.html.contains("{&#34;BARU-01&#34;:&#34;AAA2002&#34;}"), "what was entered is kept: {}", tried.html);
    assert_eq!(service.get("/v1/mapping").await.json()["revision"], 1, "a trial is no change");
}
