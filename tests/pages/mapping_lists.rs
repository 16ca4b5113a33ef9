//! The mapping page beside long lists of Accurate and many causes: choices, warnings, suggestions, counts, and what a
//! trial names before anything is saved.

use forstok_accurate::sandbox::{AccountType, Action, Fault, Masters};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    mapping::{filled, order_of_another_store, send},
    visitor::Visitor,
};
use crate::{
    forstok::order,
    service::{Answer, Home, OPERATOR_TOKEN, Service, accurate},
};

/// 400 other accounts, beside those of the sample.
fn many_accounts() -> Masters {
    let of_type = |nth: u32| if nth.is_multiple_of(2) { AccountType::OtherExpense } else { AccountType::CashBank };
    (0..400).fold(Masters::default(), |masters, nth| {
        masters.account(&format!("{}", 300_000 + nth), &format!("Lain {nth}"), of_type(nth))
    })
}

/// Waits until all lists of Accurate are read.
async fn lists_are_read(service: &Service) {
    for kind in ["accounts", "branches", "warehouses", "terms", "customers"] {
        let path = format!("/v1/books/main/masters/{kind}");
        service.get_until(&path, |list| !list["read_at"].is_null()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_and_suggestions_are_right_however_long_accurates_lists_are() {
    let accurate = accurate().await;
    accurate.sandbox().add_masters(&many_accounts());
    accurate.sandbox().suspend_account("699999");
    let service = Home::new(&accurate).serve().await;
    order_of_another_store(&service, 1).await;
    lists_are_read(&service).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn accurates_lists_are_choices_and_what_does_not_fit_is_said() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    order_of_another_store(&service, 1).await;
    lists_are_read(&service).await;
    let mut admin = Visitor::operator(&service).await;
    let page = admin.get("/mapping").await;
    assert!(page.html.contains("<option value=\"110102\">Saldo Shopee</option>"), "{}", page.html);
    // The only branch, and the account that is named like the store's marketplace.
    page.says(&["Branch suggestion", "Cash & Bank account suggestion"]);
    let fields = page.fields_of("mapping");
    for (name, value) in [("stores/4711/branch", "Kantor Pusat"), ("stores/4711/bank_account", "110102")] {
        assert!(fields.contains(&(name.to_owned(), value.to_owned())), "{name}: {fields:?}");
    }
    assert!(fields.contains(&("stores/4711/invoicing".to_owned(), String::new())), "it is saved only by a person");

    let changes = [("accounts/shipping", "110101"), ("warehouses/834", "Gudang Z"), ("stores/8277/bank_account", "1")];
    let tried = send(&mut admin, "/mapping/try", &filled(&page, &changes)).await;
    tried.says(&[
        "Kas is of type Cash & Bank; it should be Other Income.",
        "“Gudang Z” is not in Accurate",
        "“1” is not in Accurate",
    ]);
    let found = admin.get("/mapping/choices/accounts?book=main&q=shopee").await;
    assert_eq!(found.html, "<option value=\"110102\">Saldo Shopee</option>");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_accurate_does_not_list_is_not_saved_and_the_nearest_is_named() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let mut admin = Visitor::operator(&service).await.with("accept-language", "en");
    for kind in ["accounts", "branches", "warehouses", "terms"] {
        service.get_until(&format!("/v1/books/main/masters/{kind}"), |list| !list["read_at"].is_null()).await;
    }
    let page = admin.get("/mapping").await;
    let changes = [
        ("accounts/shipping", "700110"),
        ("accounts/refund", "no such account"),
        ("stores/8277/branch", "Kantor Pusatt"),
        ("stores/8277/customer_no", "is created when it is needed"),
    ];
    let refused = send(&mut admin, "/mapping", &filled(&page, &changes)).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    refused.says(&["Nothing was saved.", "“700110” is not in Accurate", "Did you mean “700101” (", "“Kantor Pusat”?"]);
    refused.says(&["“no such account” is not in Accurate", "choose “Refresh” on the page “Accurate connection”"]);
    assert!(!refused.text().contains("“is created when"), "{}", refused.text());
    for field in ["field-accounts-shipping", "field-stores-8277-branch"] {
        assert!(refused.html.contains(&format!("<a href=\"#{field}\">")), "the banner leads to {field}");
        assert!(refused.html.contains(&format!("id=\"{field}\"")), "{field}");
    }
    assert_eq!(service.get("/v1/mapping").await.json()["revision"], 1, "nothing is saved");

    // The API refuses the same.
    let mut mapping = service.get("/v1/mapping").await.json()["mapping"].clone();
    mapping["accounts"]["shipping"] = json!("700110");
    mapping["stores"]["8277"]["branch"] = json!("Kantor Pusatt");
    mapping["stores"]["8277"]["customer_no"] = json!("is created when it is needed");
    let refused = puts(&service, &mapping).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    let wrong = refused.json()["problems"].clone();
    let keys: Vec<_> = wrong.as_array().expect("problems").iter().map(|one| one["key"].as_str()).collect();
    assert_eq!(keys, [Some("accounts.shipping"), Some("stores.\"8277\".branch")], "{wrong}");
    assert_eq!(wrong[0]["value"], "\"700110\"", "{wrong}");
    let remedy = wrong[0]["remedy"].as_str().expect("a remedy");
    assert!(remedy.contains("is not in Accurate") && remedy.contains("did you mean \"700101\""), "{remedy}");
    assert!(remedy.contains("POST /v1/books/main/masters/accounts/refresh"), "{remedy}");
    let headers = [("authorization", format!("Bearer {OPERATOR_TOKEN}"))];
    let checked =
        service.ask(Method::POST, "/v1/mapping/check", &headers, mapping.to_string().into_bytes()).await.json();
    assert_eq!((&checked["valid"], &checked["problems"]), (&json!(false), &wrong));
    assert_eq!(service.get("/v1/mapping").await.json()["revision"], 1, "nothing is saved");
}

async fn puts(service: &Service, mapping: &Value) -> Answer {
    let headers = [("authorization", format!("Bearer {OPERATOR_TOKEN}")), ("if-match", "*".to_owned())];
    service.ask(Method::PUT, "/v1/mapping", &headers, mapping.to_string().into_bytes()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_was_never_read_refuses_nothing() {
    let accurate = accurate().await;
    accurate.sandbox().next(Action::AccountList, Fault::DroppedBefore, 10_000);
    let service = Home::new(&accurate).serve().await;
    let mut mapping = service.get("/v1/mapping").await.json()["mapping"].clone();
    mapping["accounts"]["shipping"] = json!("700110");
    let put = puts(&service, &mapping).await;
    assert_eq!(put.status, 200, "{}", put.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_mapping_holds_already_is_no_obstacle_to_another_change() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    home.write("mapping.toml", "[stores.\"8277\"]\n[accounts]\nshipping = \"700110\"\n");
    let service = home.serve().await;
    let mut admin = Visitor::operator(&service).await.with("accept-language", "en");
    service.get_until("/v1/books/main/masters/accounts", |list| !list["read_at"].is_null()).await;
    let mut mapping = service.get("/v1/mapping").await.json()["mapping"].clone();
    mapping["description"] = json!("Pesanan {order_id}");
    let put = puts(&service, &mapping).await;
    assert_eq!(put.status, 200, "{}", put.text);
    let page = admin.get("/mapping").await;
    page.says(&["“700110” is not in Accurate"]);
    let other = filled(&page, &[("description", "Order {order_id}")]);
    send(&mut admin, "/mapping", &other).await.goes_to("/mapping?done=mapping_saved");
}

#[tokio::test(flavor = "multi_thread")]
async fn unmapped_stores_come_first_and_only_accounts_of_a_fitting_type_are_offered() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    for (id, store, orders) in [(10, 99_998, 1), (20, 99_999, 2)] {
        for nth in 0..orders {
            let mut body = order(id + nth);
            body["order"]["store_id"] = json!(store);
            service.send(&body).await;
            service.order_once(&(id + nth).to_string(), "blocked").await;
        }
    }
    service.get_until("/v1/books/main/masters/accounts", |list| !list["read_at"].is_null()).await;
    let page = Visitor::operator(&service).await.get("/mapping").await;
    let places = ["stores/99999/", "stores/99998/", "stores/5/", "stores/8277/"]
        .map(|name| page.html.find(name).unwrap_or_else(|| panic!("{name} is not on the page")));
    assert!(places.is_sorted(), "the unmapped store with the most waiting orders first: {places:?}");

    let choices_of = |field: &str| {
        let (_, tag) = page.html.split_once(&format!("name=\"{field}\"")).expect("the field is there");
        let (_, list) = tag.split_once("list=\"").expect("it has choices");
        let list = list.split('"').next().expect("a name");
        let (_, options) = page.html.split_once(&format!("<datalist id=\"{list}\">")).expect("the list is there");
        let options = options.split("</datalist>").next().expect("it ends");
        options.split("value=\"").skip(1).map(|option| option[..6].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(choices_of("accounts/shipping"), ["700101", "700102"], "other income");
    assert_eq!(
        choices_of("accounts/service_fee"),
        ["600101", "600102", "600103", "600104", "600199", "699999"],
        "other expenses"
    );
    assert_eq!(choices_of("stores/99999/bank_account"), ["110101", "110102", "110103"], "cash and banks");
}
