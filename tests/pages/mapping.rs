//! The mapping page: entered, tried, saved, merged and restored without scripts.

use reqwest::StatusCode;
use serde_json::json;

use super::visitor::{Shown, Visitor};
use crate::{
    forstok::order,
    service::{Home, Service, accurate},
};

/// The form as a browser would send it, with these fields changed.
pub(super) fn filled(page: &Shown, changes: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut fields = page.fields_of("mapping");
    for (name, value) in changes {
        let field = fields.iter_mut().find(|(field, _)| field == name);
        let field = field.unwrap_or_else(|| panic!("there is no field {name}:\n{}", page.text()));
        (*value).clone_into(&mut field.1);
    }
    fields
}

pub(super) async fn send(visitor: &mut Visitor, path: &str, fields: &[(String, String)]) -> Shown {
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    visitor.post(path, &fields).await
}

/// An order of a store that is not mapped.
pub(super) async fn order_of_another_store(service: &Service, id: u64) {
    let mut body = order(id);
    body["order"]["store_id"] = json!(4711);
    body["order"]["store_name"] = json!("Toko <b>Baru</b>");
    service.send(&body).await;
    service.order_once(&id.to_string(), "blocked").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_mapped_on_the_page_and_its_orders_go_on() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    order_of_another_store(&service, 1).await;
    let mut admin = Visitor::operator(&service).await;
    let page = admin.get("/mapping").await;
    page.says(&["4711 Toko <b>Baru</b>", "not mapped", "waiting: 1 order", "Nothing changes until you save."]);
    assert!(!page.html.contains("<b>Baru"), "a store's name is text");

    let changes = [("stores/4711/invoicing", "on"), ("stores/4711/branch", "Kantor Pusat"), ("note", "New <store>")];
    send(&mut admin, "/mapping", &filled(&page, &changes)).await.goes_to("/mapping?done=mapping_saved");
    let invoiced = service.order_once("1", "invoiced").await;
    assert_eq!(invoiced["draft"]["branchName"], "Kantor Pusat");
    admin.get("/mapping").await.says(&["Revision 2", "Branch: Kantor Pusat"]);
    let history = ["Revision 2", "operator", "New <store>", "Store 4711: branch", "Kantor Pusat"];
    admin.get("/mapping/history").await.says(&history);

    let untouched = admin.get("/mapping").await;
    send(&mut admin, "/mapping", &filled(&untouched, &[])).await.goes_to("/mapping?done=mapping_same");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_gets_accounts_and_warehouses_of_its_own_on_the_page() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    service.send(&order(1)).await;
    service.order_once("1", "invoiced").await;
    for kind in ["accounts", "warehouses"] {
        let path = format!("/v1/books/main/masters/{kind}");
        service.get_until(&path, |list| !list["read_at"].is_null()).await;
    }
    let mut admin = Visitor::operator(&service).await;
    let page = admin.get("/mapping").await;
    page.says(&[
        "Accounts and warehouses of this store only",
        "Empty: 700101, as for all stores",
        "Empty: Utama, as for all stores",
    ]);
    let names: Vec<_> = page.fields_of("mapping").into_iter().map(|(name, _)| name).collect();
    let is_there = |name: &str| names.iter().any(|one| one == name);
    assert!(
        is_there("stores/8277/warehouses/834") && !is_there("stores/7600/warehouses/834"),
        "only where orders name it"
    );

    let changes = [
        ("stores/8277/accounts/shipping", "700102"),
        ("stores/8277/accounts/service_fee", "110101"),
        ("stores/8277/warehouses/834", "Gudang B"),
    ];
    let tried = send(&mut admin, "/mapping/try", &filled(&page, &changes)).await;
    tried.says(&["Biaya", "Kas is of type Cash & Bank; it should be Other Expense.", "Gudang B"]);
    send(&mut admin, "/mapping", &filled(&page, &changes)).await.goes_to("/mapping?done=mapping_saved");
    let stores = || async { service.get("/v1/mapping").await.json()["mapping"]["stores"].clone() };
    let store = stores().await["8277"].clone();
    assert_eq!(store["accounts"], json!({"shipping": "700102", "service_fee": "110101"}));
    assert_eq!(store["warehouses"], json!({"834": "Gudang B"}));
    admin.get("/mapping/history").await.says(&[
        "Store 8277: Account: Shipping paid to the seller",
        "Store 8277: Warehouse 834",
        "Gudang B",
    ]);
    let page = admin.get("/mapping").await;
    page.says(&["Shipping paid to the seller: 700102", "Warehouse in Forstok 834: Gudang B"]);
    service.send(&order(2)).await;
    let invoiced = service.order_once("2", "invoiced").await;
    assert_eq!(invoiced["draft"]["detailItem"][0]["warehouseName"], "Gudang B");

    let emptied: Vec<_> = changes.iter().map(|(name, _)| (*name, "")).collect();
    send(&mut admin, "/mapping", &filled(&page, &emptied)).await.goes_to("/mapping?done=mapping_saved");
    let store = stores().await["8277"].clone();
    assert_eq!((&store["accounts"], &store["warehouses"]), (&json!(null), &json!(null)));
}

#[tokio::test(flavor = "multi_thread")]
async fn shadow_mode_is_chosen_on_the_page_and_saved_like_any_other_change() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let mut admin = Visitor::operator(&service).await;
    let page = admin.get("/mapping").await;
    page.says(&["Sending to Accurate", "nothing is created, changed or deleted in Accurate"]);
    let shadow = [("posting", "shadow"), ("note", "Beside the other one")];
    send(&mut admin, "/mapping", &filled(&page, &shadow)).await.goes_to("/mapping?done=mapping_saved");
    assert_eq!(service.get("/v1/mapping").await.json()["mapping"]["posting"], "shadow");
    service.send(&order(1)).await;
    service.order_once("1", "due").await;
    let history = ["Revision 2", "Beside the other one", "Invoices in Accurate", "created and deleted automatically"];
    admin.get("/mapping/history").await.says(&history);
    admin.get("/").await.says(&["nothing is sent to Accurate"]);

    let page = admin.get("/mapping").await;
    page.says(&["Shadow mode is on: nothing is sent.", "Switch the other integration off first."]);
    assert_eq!(accurate.sandbox().invoice_count(), 0);
    send(&mut admin, "/mapping", &filled(&page, &[("posting", "on")])).await.goes_to("/mapping?done=mapping_saved");
    service.order_once("1", "invoiced").await;
    admin
        .get("/mapping/shadow")
        .await
        .says(&["Shadow mode is off", "an admin chooses shadow mode on the page Mapping"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mistake_is_shown_at_its_field_and_nothing_is_saved_or_lost() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    order_of_another_store(&service, 1).await;
    let mut admin = Visitor::operator(&service).await;
    let page = admin.get("/mapping").await;
    let changes = [("invoice_number", "INV"), ("description", "mine"), ("accounts/service_fee", "999")];
    for path in ["/mapping", "/mapping/try"] {
        let refused = send(&mut admin, path, &filled(&page, &changes)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        refused.says(&[
            "Nothing was saved.",
            "Must contain {channel_order_id} or {order_id}",
            "Must contain {order_id}, by",
        ]);
        assert_eq!(refused.html.matches("aria-invalid").count(), 2);
        let kept = refused.fields_of("mapping");
        for (name, value) in changes {
            assert!(kept.contains(&(name.to_owned(), value.to_owned())), "{name} is kept");
        }
    }
    assert_eq!(service.get("/v1/mapping").await.json()["revision"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warehouse_that_would_be_dropped_in_silence_is_a_mistake() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    home.write("mapping.toml", "[stores.\"8277\"]\n[accounts]\nshipping = \"700101\"\n");
    let service = home.serve().await;
    service.send(&order(1)).await;
    service.order_once("1", "invoiced").await;
    let mut admin = Visitor::operator(&service).await;
    let page = admin.get("/mapping").await;
    for path in ["/mapping", "/mapping/try"] {
        let refused = send(&mut admin, path, &filled(&page, &[("warehouses/834", "Utama")])).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        refused.says(&["Nothing was saved.", "Choose “Put on every line” above, or leave this field empty."]);
    }
    let both = [("warehouses/834", "Utama"), ("warehouses", "on")];
    send(&mut admin, "/mapping", &filled(&page, &both)).await.goes_to("/mapping?done=mapping_saved");
    let page = admin.get("/mapping").await;
    send(&mut admin, "/mapping", &filled(&page, &[("warehouses", "off")])).await.goes_to("/mapping?done=mapping_saved");
    assert_eq!(service.get("/v1/mapping").await.json()["mapping"]["warehouses"], json!(null), "taken off on purpose");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_of_two_editors_sees_what_the_first_changed_and_saves_both() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    order_of_another_store(&service, 1).await;
    let (mut first, mut second) = (Visitor::operator(&service).await, Visitor::operator(&service).await);
    let (page_of_first, page_of_second) = (first.get("/mapping").await, second.get("/mapping").await);
    let changes = [("accounts/shipping", "700199"), ("accounts/service_fee", "600199")];
    for _ in 0..2 {
        // Also if the button is pressed twice.
        send(&mut first, "/mapping", &filled(&page_of_first, &changes)).await.goes_to("/mapping?done=mapping_saved");
    }

    let changes = [("accounts/shipping", "700188"), ("stores/4711/invoicing", "on")];
    let shown = send(&mut second, "/mapping", &filled(&page_of_second, &changes)).await;
    assert_eq!(shown.status, StatusCode::CONFLICT);
    shown.says(&[
        "Another person has changed the mapping. Your changes are not saved yet.",
        "Account: Shipping paid to the seller: 700101 → 700199",
        "Account: Service fee: 600104 → 600199",
        "Another person has changed this to: 700199",
    ]);
    assert_eq!(service.get("/v1/mapping").await.json()["revision"], 2);
    let merged = filled(&shown, &[]);
    for (name, value) in [
        ("accounts/shipping", "700188"),
        ("accounts/service_fee", "600199"),
        ("stores/4711/invoicing", "on"),
        ("revision", "2"),
    ] {
        assert!(merged.contains(&(name.to_owned(), value.to_owned())), "{name}: {merged:?}");
    }
    send(&mut second, "/mapping", &merged).await.goes_to("/mapping?done=mapping_saved");
    let mapping = &service.get("/v1/mapping").await.json()["mapping"];
    assert_eq!(mapping["accounts"]["service_fee"], "600199");
    assert_eq!(mapping["accounts"]["shipping"], "700188");
    assert!(mapping["stores"]["4711"].is_object());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_tried_on_past_orders_before_it_counts() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    service.send(&order(1)).await;
    service.order_once("1", "invoiced").await;
    order_of_another_store(&service, 2).await;
    let mut admin = Visitor::operator(&service).await;
    let page = admin.get("/mapping").await;
    let changes = [("stores/4711/invoicing", "on"), ("stores/8277/branch", "Timur")];
    let tried = send(&mut admin, "/mapping/try", &filled(&page, &changes)).await;
    assert_eq!(tried.status, StatusCode::OK);
    tried.says(&[
        "Tried on past orders; nothing is saved yet",
        "Decided differently: 2 orders.",
        "1 order: from “Needs attention: This store is not in the mapping” to “invoice” (Rp80.000).",
        "Existing invoices stay as they are; 1 of them would be different if they were created today.",
        "Branch\n1\nRp80.000\nRp80.000",
        "Kantor Pusat",
        "Timur",
    ]);
    assert!(tried.fields_of("mapping").contains(&("stores/8277/branch".to_owned(), "Timur".to_owned())));
    assert_eq!(service.get("/v1/mapping").await.json()["revision"], 1, "a trial is no change");

    let off = [("stores/8277/invoicing", "off")];
    let tried = send(&mut admin, "/mapping/try", &filled(&page, &off)).await;
    tried.says(&["With this mapping, no order would get an invoice any more."]);
    tried.says(&["Orders whose invoice exists and stays, although this mapping would create none: 1."]);
    tried.says(&["With the saved mapping", "1 already with an invoice, which stays"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_knows_which_orders_have_an_invoice() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    service.send(&order(1)).await;
    service.order_once("1", "invoiced").await;
    order_of_another_store(&service, 2).await;
    let mut admin = Visitor::operator(&service).await.with("accept-language", "en");
    let page = admin.get("/mapping").await;
    let off = filled(&page, &[("stores/8277/invoicing", "off")]);
    assert_eq!(send(&mut admin, "/mapping", &off).await.status, StatusCode::SEE_OTHER);

    // The rule no longer creates the invoice, which exists nevertheless; the other store never had one.
    let page = admin.get("/mapping").await;
    let changes = [("orders_from", "2024-01-01"), ("stores/8277/invoicing", "on"), ("stores/4711/invoicing", "off")];
    let tried = send(&mut admin, "/mapping/try", &filled(&page, &changes)).await;
    tried.says(&["1 already with an invoice, which stays", "Invoice in Accurate\nexists\nexists, and stays"]);
    let text = tried.text();
    let (trial, _) = text.split_once("Sending to Accurate").expect("the form follows");
    assert!(!trial.contains("Rp0"), "no total of invoices that no mapping creates: {trial}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_for_payouts_returns_and_reconciliation_are_chosen_on_the_page() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let mut admin = Visitor::operator(&service).await;
    let page = admin.get("/mapping").await;
    page.says(&["How payouts become receipts", "After the payout is approved", "How returns are booked"]);
    let refused = filled(&page, &[("payout/rest_limit", "a lot"), ("reconcile/at", "26:00")]);
    let refused = send(&mut admin, "/mapping", &refused).await;
    refused.says(&["Nothing was saved.", "Must be a whole number from 0 to 1000000"]);
    assert_eq!(refused.html.matches("aria-invalid").count(), 2, "{}", refused.text());
    admin.post("/language", &[("language", "id"), ("next", "/")]).await;
    let wrong = filled(&page, &[("payout/rest_limit", "a lot"), ("reconcile/at", "26:00")]);
    let refused = send(&mut admin, "/mapping", &wrong).await;
    refused.says(&["Harus berupa bilangan bulat dari 0 sampai 1000000.", "Harus berupa jam WIB"]);
    admin.post("/language", &[("language", "en"), ("next", "/")]).await;

    let changes =
        [("payout/post", "auto"), ("payout/rest_limit", "1000"), ("returns/mode", "approve"), ("reconcile/at", "")];
    send(&mut admin, "/mapping", &filled(&page, &changes)).await.goes_to("/mapping?done=mapping_saved");
    let saved = service.get("/v1/mapping").await.json()["mapping"].clone();
    assert_eq!((&saved["payout"]["post"], &saved["payout"]["rest_limit"]), (&json!("auto"), &json!(1000)));
    assert_eq!((&saved["returns"]["mode"], &saved["reconcile"]["at"]), (&json!("approve"), &json!("")));
    admin.get("/mapping/history").await.says(&[
        "Receipts are created",
        "after the payout is approved",
        "Rp1.000",
        "created after they are approved",
        "never",
    ]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_admin_changes_the_mapping() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    home.change_settings("[database]", "[operators.budi]\ntoken = \"token-of-budi-123\"\nrole = \"work\"\n[database]");
    let service = home.serve().await;
    let mut worker = Visitor::of(&service);
    worker.signs_in("token-of-budi-123").await.goes_to("/");
    let page = worker.get("/mapping").await;
    page.says(&["Mapping", "TOKPED-JKT", "Payouts, returns and reconciliation", "only listed; you create them"]);
    assert!(!page.html.contains(">Save<") && !page.html.contains(">Try on past orders<"), "{}", page.text());
    for path in ["/mapping", "/mapping/try", "/mapping/history/1/restore"] {
        let refused = worker.post(path, &[("revision", "1"), ("replaces", "1"), ("bundles", "children")]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert!(!worker.get("/mapping/history").await.html.contains("Restore…"));
    assert_eq!(service.get("/v1/mapping").await.json()["revision"], 1);
}
