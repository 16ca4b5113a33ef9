//! What a person sees and does on the pages, and that an order's texts cannot inject anything.

use forstok_accurate::sandbox::Action;
use reqwest::StatusCode;
use serde_json::json;

use super::visitor::Visitor;
use crate::{
    forstok::{order, sample},
    service::{Home, accurate, mapping},
};

#[tokio::test(flavor = "multi_thread")]
async fn each_page_says_what_its_reader_wants_to_know() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    service.settle_all_samples().await;
    let mut reader = Visitor::operator(&service).await;
    let today =
        ["Today", "All booked except 3 orders", "10 orders have an invoice in Accurate.", "warehouse 999", "working"];
    reader.get("/").await.says(&today);
    assert!(reader.get("/").await.html.contains("/orders?from="), "a month can be looked at as a whole");
    let problems = ["Needs attention", "1 order waits for the mapping of warehouse 999", "Rp100.000", "Retry all"];
    reader.get("/problems").await.says(&problems);
    reader.get("/orders").await.says(&["Orders", "15 orders", "231127PECAFY4J", "Invoiced", "Export"]);
    let by_state = ["Invoiced 10 orders", "Needs attention 3 orders Rp235.000", "Waiting for its status 1 order"];
    reader.get("/orders").await.says(&by_state);
    let of_a_month = reader.get("/orders?from=2024-01-01&to=2024-01-31&store=8277").await;
    of_a_month.says(&["Needs attention 2 orders Rp135.000"]);
    assert!(of_a_month.html.contains("store=8277&#38;from=2024-01-01&#38;to=2024-01-31&#38;state=blocked"));
    reader.get("/orders?q=PECAFY4J").await.says(&["1 order", "Rp80.000"]);
    reader.get("/orders?q=nothing-like-it").await.says(&["0 orders", "No order matches."]);
    reader.get("/orders?from=2023-11-27&to=2023-11-27").await.says(&["231127PECAFY4J"]);
    let order = ["231127PECAFY4J", "The order and its invoice", "What happened", "As Forstok sent it", "27/11/2023"];
    reader.get("/orders/138163394").await.says(&order);
    reader.get("/mapping").await.says(&["Mapping", "Ready to Ship", "TOKPED-JKT", "Warehouse in Forstok 834"]);
    reader.get("/mapping/history").await.says(&["Mapping history", "Revision 1", "mapping file"]);
    reader.get("/connection").await.says(&["Accurate connection", "working", "Calls in the last minute"]);
    let missing = reader.get("/orders/4711").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    missing.says(&["Order not found", "Order 4711 is not known here."]);
    assert_eq!(reader.get("/orders?state=nonsense").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connection_is_checked_on_request_and_shows_no_secret() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let mut operator = Visitor::operator(&service).await;
    operator.get("/connection").await.says(&["Not checked since the service started."]);
    operator.post("/connection/check", &[]).await.goes_to("/connection?done=checked");
    let page = operator.get("/connection?done=checked").await;
    page.says(&["Checked just now.", "checks passed"]);
    for secret in ["sandbox-token", "sandbox-secret", "secret-of-the-webhook", "token-of-the-operator"] {
        assert!(!page.html.contains(secret), "{secret} is shown");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn today_promises_no_time_while_accurate_is_paused() {
    let accurate = accurate().await;
    accurate.sandbox().revoke_token();
    let service = Home::new(&accurate).serve().await;
    for id in 1..=3 {
        service.send(&order(id)).await;
    }
    service.get_until("/readyz", |ready| ready["books"]["main"]["state"] == "paused").await;
    service.get_until("/v1/summary", |summary| summary["by_state"]["due"] == 3).await;
    let mut operator = Visitor::operator(&service).await;
    let page = operator.get("/").await;
    page.says(&["Accurate refuses the API Token.", "3 orders continue once Accurate answers again", "paused"]);
    assert!(!page.text().contains("3 orders about"), "{}", page.text());
    accurate.sandbox().restore_token();
    service.get_until("/v1/summary", |summary| summary["by_state"]["invoiced"] == 3).await;
    operator.get("/").await.says(&["All booked. Nothing needs your attention.", "working"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_names_what_waiting_orders_need_in_the_reader_s_language() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let changed = mapping().replacen("Kantor Pusat", "Kantor Bulan", 1);
    assert_ne!(changed, mapping());
    home.write("mapping.toml", &changed);
    let service = home.serve().await;
    for name in ["15-unknown-warehouse", "14-unknown-store"] {
        service.send(&sample(name).json()).await;
    }
    service.get_until("/v1/summary", |summary| summary["by_state"]["blocked"] == 2).await;
    let mut operator = Visitor::operator(&service).await;
    operator.post("/connection/check", &[]).await.goes_to("/connection?done=checked");
    let english = [
        "Warehouse 999: Forstok's warehouse 999 is not mapped (order 138500010 shows it)",
        "Store 8277: branch: branch \"Kantor Bulan\" does not exist in Accurate",
        "Store 4040: store Toko Baru is not mapped",
        "What to do: Add this store to the mapping",
        "items of waiting orders are known",
    ];
    operator.get("/connection").await.says(&english);
    let mut indonesian = operator.with("accept-language", "id");
    let page = indonesian.get("/connection").await;
    page.says(&[
        "Gudang 999: gudang Forstok 999 belum dipetakan (terlihat pada pesanan 138500010)",
        "Yang perlu dilakukan: Petakan gudang ini ke gudang di Accurate",
        "Toko 8277: cabang: cabang \"Kantor Bulan\" tidak ada di Accurate",
        "Toko 4040: toko Toko Baru belum dipetakan",
        "Database Accurate “main”: Accurate menerima kredensialnya",
    ]);
    for english in [" the ", " is ", " not ", " account ", " customer ", "warehouse"] {
        assert!(!page.text().contains(english), "{english:?}:\n{}", page.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_changes_nothing_whatever_is_posted() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    home.change_settings("[database]", "[operators.reader]\ntoken = \"token-of-the-reader\"\n[database]");
    let service = home.serve().await;
    service.settle_all_samples().await;
    let mut reader = Visitor::of(&service);
    reader.signs_in("token-of-the-reader").await.goes_to("/");
    let posts: [(&str, &[(&str, &str)]); 7] = [
        ("/problems/retry", &[("reason", "store_unmapped"), ("subject", "4040")]),
        ("/problems/acknowledge", &[("order_id", "138163394"), ("warning", "customer_created")]),
        ("/problems/acknowledge-all", &[("warning", "customer_created"), ("newest", "1")]),
        ("/orders/138500009/retry", &[]),
        ("/orders/138500009/decision", &[("decision", "never"), ("reason", "x")]),
        ("/connection/check", &[]),
        ("/v1/orders/retry", &[]),
    ];
    for (path, form) in posts {
        let answer = reader.post(path, form).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        if !path.starts_with("/v1/") {
            answer.says(&["Not allowed", "can view everything"]);
        }
    }
    let timeline = service.get("/v1/orders/138500009").await.json()["timeline"].to_string();
    assert!(!timeline.contains("reader"), "{timeline}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_is_confirmed_shown_with_its_author_and_can_be_taken_back() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    service.settle_all_samples().await;
    let mut operator = Visitor::operator(&service).await;
    operator.get("/orders/138500009?form=never").await.says(&["Never invoice", "Reason", "Cancel"]);
    let decision = [("decision", "never"), ("reason", "a gift")];
    let path = "/orders/138500009";
    operator.post(&format!("{path}/decision"), &decision).await.goes_to("/orders/138500009?done=never");
    let decided = [
        "No invoice will be created for this order.",
        "Never to be invoiced",
        "operator",
        "a gift",
        "This service creates no invoice for this order.",
    ];
    operator.get("/orders/138500009?done=never").await.says(&decided);
    operator.get("/").await.says(&["All booked except 2 orders"]);
    operator.post(&format!("{path}/decision"), &[("decision", "none")]).await.goes_to("/orders/138500009?done=none");
    operator.get("/").await.says(&["All booked except 3 orders"]);
    let without = [("decision", "by_hand"), ("reason", " "), ("document", "")];
    operator.post(&format!("{path}/decision"), &without).await.goes_to("/orders/138500009?form=by_hand");
    let refused = operator.post("/orders/138163394/decision", &decision).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    refused.says(&["This is not possible", "already has an invoice in Accurate."]);
    let seen = [("order_id", "138500005"), ("warning", "customer_created"), ("next", "/problems")];
    operator.post("/problems/acknowledge", &seen).await.goes_to("/problems?done=acknowledged");
    operator.get("/orders/138500005").await.says(&["Acknowledged: operator"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_that_was_deleted_on_purpose_can_be_created_again() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    service.send(&order(5)).await;
    service.order_once("5", "invoiced").await;
    let mut operator = Visitor::operator(&service).await;
    operator.get("/orders/5").await.says(&["Delete from Accurate"]);
    operator
        .get("/orders/5?form=undo")
        .await
        .says(&["first the receipts, then the returns, then the invoice", "Reason"]);
    let undo = [("decision", "undo"), ("reason", "sold twice")];
    operator.post("/orders/5/decision", &undo).await.goes_to("/orders/5?done=undo");
    service.order_once("5", "voided").await;
    let page = operator.get("/orders/5?done=undo").await;
    page.says(&["is being deleted from Accurate.", "Invoice deleted", "Create again"]);
    assert!(!page.text().contains("Take the decision back"), "{}", page.text());
    operator.post("/orders/5/decision", &[("decision", "again")]).await.goes_to("/orders/5?done=again");
    service.order_once("5", "invoiced").await;
    assert!(!operator.get("/orders/5").await.text().contains("Take the decision back"));
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_warnings_are_acknowledged_together_by_a_person_who_may_work() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    for id in 1..=7 {
        let mut body = order(id);
        body["order"]["status"] = json!("Beamed Up");
        service.send(&body).await;
    }
    service.get_until("/v1/summary", |summary| summary["by_state"]["watching"] == 7).await;
    let mut operator = Visitor::operator(&service).await;
    operator.get("/problems").await.says(&["Forstok sent an unknown status", "7 orders", "Acknowledge all"]);
    // One more order arrives while the page is open; it is not on the page.
    let mut later = order(8);
    later["order"]["status"] = json!("Beamed Up");
    service.send(&later).await;
    service.get_until("/v1/summary", |summary| summary["by_state"]["watching"] == 8).await;
    let shown = [("warning", "unknown_status"), ("newest", "7")];
    operator.post("/problems/acknowledge-all", &shown).await.goes_to("/problems?done=acknowledged_all&count=7");
    let page = operator.get("/problems?done=acknowledged_all&count=7").await;
    page.says(&["Acknowledged on 7 orders.", "Forstok sent an unknown status", "1 order"]);
    let shown = [("warning", "unknown_status"), ("newest", "8")];
    operator.post("/problems/acknowledge-all", &shown).await.goes_to("/problems?done=acknowledged_all&count=1");
    let page = operator.get("/problems").await;
    assert!(!page.text().contains("unknown status"), "{}", page.text());
    operator.get("/orders/3").await.says(&["Acknowledged: operator"]);
    assert_eq!(
        operator.post("/problems/acknowledge-all", &[("warning", "x"), ("newest", "1")]).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_that_were_tried_again_are_shown_until_they_have_their_invoice() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    service.settle_all_samples().await;
    let mut operator = Visitor::operator(&service).await;
    let group = [("reason", "store_unmapped"), ("subject", "4040"), ("orders", "138163394,x,'")];
    let path = "/problems?done=retried_all&count=1&watch=138163394%2C138500009";
    operator.post("/problems/retry", &group).await.goes_to(path);
    let page = operator.get(path).await;
    page.says(&["1 order is being tried again.", "Retried orders", "240108STORE404", "1 of 2 orders invoiced"]);
    assert!(page.html.contains("hx-trigger"), "one of them has not come to its end");
    let done = operator.get("/problems?watch=138163394").await;
    done.says(&["1 of 1 order invoiced"]);
    assert!(!done.html.contains("hx-trigger"), "all have");
    assert!(!operator.get("/problems?watch=4711,,%3Cscript%3E").await.text().contains("Retried orders"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_in_a_filter_or_form_is_named_in_the_readers_language() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    service.send(&order(5)).await;
    let long = "x".repeat(501);
    let mut english = Visitor::operator(&service).await;
    let mut indonesian = Visitor::operator(&service).await.with("accept-language", "id");
    for (path, in_english, in_indonesian) in [
        ("/orders?state=lost", "“lost” is not a possible choice for “State”", "“lost” bukan pilihan yang tersedia"),
        ("/orders?from=yesterday", "“yesterday” in “From” is not a date.", "bukan tanggal yang valid"),
        ("/orders?limit=x", "“x” is not a whole number from 1 to 500.", "bukan bilangan bulat dari 1 sampai 500."),
        ("/orders?nonsense=1", "does not understand", "tidak dapat dipahami"),
    ] {
        for (visitor, words) in [(&mut english, in_english), (&mut indonesian, in_indonesian)] {
            let page = visitor.get(path).await;
            assert_eq!(page.status, StatusCode::BAD_REQUEST, "{path}");
            page.says(&[words]);
        }
    }
    let reversed = "/orders?from=2026-11-02&to=2026-11-01";
    english.get(reversed).await.says(&["0 orders", "The first day is after the last day."]);
    indonesian.get(reversed).await.says(&["Tanggal awal lebih akhir daripada tanggal akhir."]);
    let too_long = [("decision", "never"), ("reason", long.as_str())];
    let refused = indonesian.post("/orders/5/decision", &too_long).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    refused.says(&["“Alasan” lebih dari 500 karakter."]);
    let not_the_form = indonesian.post("/problems/retry", &[("nonsense", "1")]).await;
    assert!(not_the_form.status.is_client_error());
    not_the_form.says(&["Tidak berhasil", "tidak dapat dipahami"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_seller_typed_never_becomes_markup() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let evil = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'";
    let mut body = order(666);
    body["order"]["store_name"] = json!(evil);
    body["order"]["local_name"] = json!(evil);
    body["order"]["status"] = json!(evil);
    body["order"]["channel"] = json!(evil);
    body["order"]["store_id"] = json!(4711);
    service.send(&body).await;
    service.get_until("/v1/orders/666", |order| order["state"] != "received").await;
    let mut operator = Visitor::operator(&service).await;
    for path in ["/", "/problems", "/orders", "/orders/666", "/mapping", "/orders?q=%3Cscript%3Ealert(1)%3C/script%3E"]
    {
        let page = operator.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(!page.html.contains("<script>") && !page.html.contains("<img"), "{path}:\n{}", page.html);
    }
    operator.get("/orders/666").await.says(&["<script>alert(1)</script>"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_indonesian_no_english_is_left() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    service.settle_all_samples().await;
    let mut reader = Visitor::operator(&service).await.with("accept-language", "id");
    let pages = [
        "/",
        "/problems",
        "/orders",
        "/orders/138163394",
        "/orders/138500010",
        "/mapping",
        "/mapping/history",
        "/connection",
        "/notices",
    ];
    for path in pages {
        let page = reader.get(path).await;
        assert!(page.html.contains("<html lang=\"id\">"), "{path}");
        let text = page.text();
        for english in
            [" the ", " is ", " of ", " and ", " not ", " was ", " order ", " invoice ", " warehouse ", " waits "]
        {
            assert!(!text.contains(english), "{english:?} on {path}:\n{text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accurates_lists_are_shown_with_their_failures_and_refreshed() {
    let accurate = accurate().await;
    accurate.sandbox().withhold_right(Action::TaxList);
    let service = Home::new(&accurate).serve().await;
    for kind in ["accounts", "warehouses", "branches", "terms", "customers", "items"] {
        service.get_until(&format!("/v1/books/main/masters/{kind}"), |list| !list["read_at"].is_null()).await;
    }
    service.get_until("/v1/books/main/masters/taxes", |list| !list["failure"].is_null()).await;
    let mut operator = Visitor::operator(&service).await;
    operator.get("/connection").await.says(&[
        "Lists from Accurate",
        "Branches 1 row · read",
        "Taxes not read yet",
        "The user who created the API Token may not read this list: Anda tidak mempunyai hak untuk",
        "What to do: Give this user the right in Accurate, then refresh the list.",
        "Refresh",
    ]);
    let mut indonesian = Visitor::operator(&service).await.with("accept-language", "id");
    indonesian.get("/connection").await.says(&[
        "Daftar dari Accurate",
        "Cabang 1 baris · dibaca",
        "Pajak belum dibaca",
        "Pengguna pembuat API Token tidak memiliki hak akses untuk membaca daftar ini:",
        "Yang perlu dilakukan: Beri pengguna tersebut hak akses di Accurate, lalu muat ulang daftar ini.",
        "Muat ulang",
    ]);

    accurate.sandbox().grant_right(Action::TaxList);
    let taxes = [("book", "main"), ("kind", "taxes")];
    operator.post("/connection/refresh", &taxes).await.goes_to("/connection?done=list_requested#lists");
    service.get_until("/v1/books/main/masters/taxes", |list| list["failure"].is_null()).await;
    let page = operator.get("/connection").await;
    assert!(!page.text().contains("may not read this list"), "{}", page.text());
    let unknown = operator.post("/connection/refresh", &[("book", "main"), ("kind", "employees")]).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}
