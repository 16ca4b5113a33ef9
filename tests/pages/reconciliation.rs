//! Reconciliation over HTTP, on the page and on the command line: the real binary.

use std::io::Cursor;

use calamine::{Reader, Xlsx};
use forstok_accurate::{
    clock::{Clock, SystemClock},
    domain::day_in_wib,
    sandbox::{Edit, ForstokSandbox},
};
use reqwest::{Method, StatusCode};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{
    after_sale::{becomes, payout, sends},
    visitor::Visitor,
};
use crate::{
    forstok::order,
    service::{Answer, Home, OPERATOR_TOKEN, Service, accurate, client},
};

const READER: &str = "token-of-somebody-who-reads";

async fn posts(service: &Service, path: &str, token: &str, body: Value) -> Answer {
    let headers = [("authorization", format!("Bearer {token}")), ("content-type", "application/json".to_owned())];
    service.ask(Method::POST, path, &headers, body.to_string().into_bytes()).await
}

/// Requests a run over the API and waits for its end.
pub(super) async fn reconciled(service: &Service) -> Value {
    let requested =
        posts(service, "/v1/reconciliations", OPERATOR_TOKEN, json!({"from": "2023-11-01", "to": "2023-11-30"})).await;
    assert_eq!(requested.status, 202, "{}", requested.text);
    let path = format!("/v1/reconciliations/{}", requested.json()["id"]);
    service.get_until(&path, |run| run["state"] == "done").await
}

/// The service also asks the stand-in for Forstok's order API, which is part of the sandbox at this address.
pub(crate) fn asks_forstok(home: &Home, url: &str, more_settings: &str) {
    let settings = std::fs::read_to_string(home.path("settings.toml")).expect("readable");
    let api = format!(
        "\n[forstok.api]\nbase_url = \"{url}/forstok\"\nauth_url = \"{url}/forstok{}\"\norders_path = \"{}\"\n\
         order_path = \"{}\"\nid = \"{}\"\nsecret_key = \"{}\"\nuser_id = \"{}\"\n\
         [backfill]\nmode = \"report\"\ncalls_per_minute = 600\n{more_settings}",
        ForstokSandbox::AUTH_PATH,
        ForstokSandbox::ORDERS_PATH,
        ForstokSandbox::ORDER_PATH,
        ForstokSandbox::ID,
        ForstokSandbox::SECRET_KEY,
        ForstokSandbox::USER_ID,
    );
    home.write("settings.toml", &format!("{settings}{api}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_that_was_not_paid_in_time_is_shown_beside_the_money_that_is_expected() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    for id in 1..=2 {
        service.send(&order(id)).await;
        let mut completed = order(id);
        completed["order"]["status"] = json!("Completed");
        completed["order"]["updated_at"] = json!("2023-12-01T10:00:00+07:00");
        service.send(&completed).await;
    }
    service.get_until("/v1/summary", |summary| summary["by_state"]["invoiced"] == 2).await;
    let payout = json!([{"source": "shopee", "id": "a", "store_id": "8277", "channel_order_id": "N1",
        "paid_at": "2023-12-05", "net": 70_000, "amounts": {"subtotal": 80_000, "service_fee": -10_000}}]);
    posts(&service, "/v1/payouts", OPERATOR_TOKEN, payout).await;
    becomes(&service, "a", "waiting").await;
    let mut visitor = Visitor::operator(&service).await.with("accept-language", "en");
    let card = "Expected from marketplaces";
    assert!(!visitor.get("/payouts").await.html.contains("has not been paid out in time"), "nobody has looked yet");
    reconciled(&service).await;
    for path in ["/payouts", "/", "/reconciliation"] {
        let page = visitor.get(path).await;
        page.says(&[card, "1 invoice has not been paid out in time"]);
        assert!(page.html.contains("href=\"/reconciliation?class=not_settled#findings\""), "{path}");
    }
    // The books agree, so nothing is red, as in the navigation; the day says what is not paid.
    let page = visitor.get("/reconciliation?month=2023-11").await;
    page.says(&["Agrees with Accurate", "agrees Rp160.000", "1 not paid out"]);
    assert!(!page.text().contains("1 open") && !page.text().contains("Differences found"), "{}", page.text());
    let of_the_day =
        "/reconciliation?month=2023-11&#38;day=2023-11-27&#38;store=8277&#38;state=open&#38;class=not_settled#findings";
    assert!(page.html.contains(of_the_day), "{}", page.html);
    // Both sides of the invoice are equal, so there is nothing to compare, even by the address.
    let id = service.get("/v1/findings?state=open").await.json()["findings"][0]["id"].clone();
    let finding = visitor.get(&format!("/reconciliation/findings/{id}?compare=now")).await;
    finding.says(&["Not paid out", "What can be done", "Run now", "Close"]);
    assert!(
        !finding.html.contains("name=\"compare\"") && !finding.html.contains("id=\"compared\""),
        "{}",
        finding.html
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_is_compared_and_every_difference_can_be_dealt_with() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let settings = std::fs::read_to_string(home.path("settings.toml")).expect("readable");
    home.write("settings.toml", &format!("{settings}\n[operators.ani]\ntoken = \"{READER}\"\nrole = \"read\"\n"));
    let service = home.serve().await;
    for id in 1..=3 {
        service.send(&order(id)).await;
    }
    service.get_until("/v1/summary", |summary| summary["by_state"]["invoiced"] == 3).await;
    let run = reconciled(&service).await;
    assert_eq!((&run["complete"], &run["difference"], &run["ledger"]["count"]), (&json!(true), &json!(0), &json!(3)));
    assert_eq!((&run["findings"]["open"], &run["books"][0]["book"]), (&json!(0), &json!("main")));

    // A person changes one invoice in Accurate. A seller's text is shown as text.
    let total = Some(Decimal::from(1_000));
    let number = Some("<b>N2</b>".to_owned());
    accurate.sandbox().edit_invoice("N2", &Edit { total, number, ..Edit::default() }).expect("it is there");
    let run = reconciled(&service).await;
    assert_eq!((&run["complete"], &run["unexplained"], &run["findings"]["open"]), (&json!(true), &json!(0), &json!(1)));
    let open = service.get("/v1/findings?state=open&class=differs").await.json();
    let finding = &open["findings"][0];
    assert_eq!((&finding["order_id"], &finding["accurate_total"]), (&json!("2"), &json!(1_000)));
    assert_eq!(finding["actions"], json!(["adopt"]));
    let id = finding["id"].as_i64().expect("a number");

    // Who may only read can look, and nothing else.
    let run_it = json!({"from": "2023-11-01", "to": "2023-11-30"});
    posts(&service, "/v1/reconciliations", READER, run_it).await.problem(403, "role_missing");
    let close = format!("/v1/findings/{id}/close");
    posts(&service, &close, READER, json!({"reason": "x"})).await.problem(403, "role_missing");
    posts(&service, &close, OPERATOR_TOKEN, json!({"reason": " "})).await.problem(400, "bad_request");
    let action = format!("/v1/findings/{id}/action");
    let wrong = posts(&service, &action, OPERATOR_TOKEN, json!({"action": "create_again"})).await;
    wrong.problem(409, "finding_changed");
    service.get("/v1/findings/999").await.problem(404, "finding_unknown");
    service.get("/v1/reconciliations/999").await.problem(404, "reconciliation_unknown");
    posts(&service, "/v1/reconciliations", OPERATOR_TOKEN, json!({"from": "2023-11-30", "to": "2023-11-01"}))
        .await
        .problem(400, "bad_request");

    let mut visitor = Visitor::operator(&service).await.with("accept-language", "en");
    let page = visitor.get("/reconciliation?month=2023-11").await;
    page.says(&["Reconciliation", "Differences found", "1 open", "Differs in Accurate", "<b>N2</b>", "Run now"]);
    let today = visitor.get("/").await;
    today.says(&["No order is blocked, but the reconciliation found differences.", "Differs in Accurate: 1 finding"]);
    let problems = visitor.get("/problems").await;
    problems.says(&["No order is blocked. These wait for you:", "Differs in Accurate: 1 finding"]);
    let invoices = "/reconciliation/days/2023-11-27?store=8277";
    assert!(page.html.contains(invoices), "{}", page.html);
    page.says(&["Difference: Rp79.000. Findings explain all of it.", "difference Rp79.000", "explains Rp79.000"]);
    let shown = visitor.get(&format!("/reconciliation/findings/{id}?compare=now")).await;
    shown.says(&["Adopt", "Compare", "Sent", "In Accurate", "Would be sent now", "Rp1.000"]);
    // Line by line: sent, in Accurate, and what would be sent now.
    shown.says(&["AAA2002\n1 × Rp80.000\n1 × Rp80.000\n1 × Rp80.000\n", "Koreksi\n1 × -Rp79.000 differs"]);
    shown.says(&["If Accurate is right, adopt its data.", "Part of the difference", "Compares 27/11/2023 again"]);
    assert!(shown.html.contains("href=\"/reconciliation?month=2023-11#findings\""), "back to the month of the finding");
    visitor.get("/orders/2").await.says(&["Differs in Accurate", "Invoice N2 was changed in Accurate"]);
    let path = format!("/reconciliation/findings/{id}");
    let done = visitor.post(&path, &[("action", "adopt"), ("reason", "agreed with the buyer")]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    visitor.get(&path).await.says(&["Closed by a person", "agreed with the buyer"]);
    visitor.get("/orders/2").await.says(&["dealt with", "Adopt"]);
    let run = reconciled(&service).await;
    assert_eq!((&run["difference"], &run["findings"]["open"]), (&json!(0), &json!(0)));
    visitor.get("/").await.says(&["All booked. Nothing needs your attention."]);
    visitor.get("/problems").await.says(&["Nothing needs your attention."]);

    let file = visitor.get("/reconciliation/export?month=2023-11").await;
    let mut workbook = Xlsx::new(Cursor::new(file.bytes.clone())).expect("a workbook");
    assert_eq!(workbook.sheet_names(), ["Totals", "Days", "Findings"]);
    let findings = workbook.worksheet_range("Findings").expect("a sheet");
    assert_eq!(findings.height(), 2, "the header and one finding");
    let totals = workbook.worksheet_range("Totals").expect("a sheet");
    let last = totals.rows().next_back().expect("a row");
    assert_eq!(
        (last[0].to_string(), last[2].to_string(), last[8].to_string()),
        ("All stores".into(), "3".into(), "0".into())
    );

    // The command, beside the service.
    let command = home.command(&["reconcile", "--from", "2023-11-01", "--to", "2023-11-30", "--json"]).output();
    let output = command.expect("it runs");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let run: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&run["complete"], &run["ledger"]["count"]), (&json!(true), &json!(3)));

    // And without it; this time something is open.
    let today = || day_in_wib(SystemClock.now()).to_string();
    let from = today();
    accurate.sandbox().add_invoice("HAND-1", "8277", "", Decimal::from(5_000));
    drop(service);
    let output = home.command(&["reconcile", "--from", &from, "--to", &today()]).output().expect("it runs");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{printed} {}", String::from_utf8_lossy(&output.stderr));
    assert!(printed.contains("foreign") && printed.contains("HAND-1"), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_says_what_somebody_did_to_its_invoice_in_accurate_and_shows_both_totals() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    for id in 1..=3 {
        service.send(&order(id)).await;
        service.order_once(&id.to_string(), "invoiced").await;
    }
    let amounts = json!({"subtotal": 80_000, "service_fee": -10_000});
    let rows: Vec<_> = (1..=3).map(|id| payout(&format!("row-{id}"), &format!("N{id}"), 70_000, &amounts)).collect();
    sends(&service, "/v1/payouts", json!(rows)).await;
    becomes(&service, "row-3", "waiting").await;
    assert!(accurate.sandbox().remove_invoice("N1"));
    let total = Some(Decimal::from(1_000));
    accurate.sandbox().edit_invoice("N2", &Edit { total, ..Edit::default() }).expect("it is there");
    reconciled(&service).await;

    let mut visitor = Visitor::operator(&service).await.with("accept-language", "en");
    let mut indonesian = Visitor::operator(&service).await.with("accept-language", "id");
    for (order_id, class, english, in_indonesian) in [
        ("1", "missing_in_accurate", "deleted in Accurate", "dihapus di Accurate"),
        ("2", "differs", "changed in Accurate", "diubah di Accurate"),
    ] {
        let open = service.get(&format!("/v1/findings?state=open&class={class}")).await.json();
        let path = format!("/reconciliation/findings/{}", open["findings"][0]["id"]);
        for (visitor, words) in [(&mut visitor, english), (&mut indonesian, in_indonesian)] {
            let page = visitor.get(&format!("/orders/{order_id}")).await;
            let link = format!("href=\"{path}\">{words}</a>");
            assert_eq!(page.html.matches(&link).count(), 2, "at the top and in the statement: {}", page.html);
            assert!(!page.html.contains(">in Accurate</span>"), "{}", page.html);
        }
        if class == "differs" {
            let adopted = visitor.post(&path, &[("action", "adopt"), ("reason", "agreed with the buyer")]).await;
            assert_eq!(adopted.status, StatusCode::SEE_OTHER, "{}", adopted.html);
        }
    }
    visitor.get("/orders/2").await.says(&["Total in Forstok\nRp80.000", "Total in Accurate\nRp1.000", "in Accurate"]);
    indonesian.get("/orders/2").await.says(&["Total di Forstok\nRp80.000", "Total di Accurate\nRp1.000"]);
    // The list, on the page and in the API, shows both totals of this order and one of the others.
    let list = visitor.get("/orders").await;
    list.says(&["Rp1.000\nsent to Accurate: Rp80.000"]);
    assert_eq!(list.text().matches("sent to Accurate: ").count(), 1, "{}", list.text());
    indonesian.get("/orders").await.says(&["Rp1.000\ndikirim ke Accurate: Rp80.000"]);
    let listed = service.get("/v1/orders").await.json();
    let totals = |id: &str| {
        let mut orders = listed["orders"].as_array().expect("orders").iter();
        let order = orders.find(|order| order["order_id"] == id).expect("it is listed");
        (order["invoice"]["total"].clone(), order["invoice"]["sent_total"].clone())
    };
    assert_eq!((totals("2"), totals("3")), ((json!(1_000), json!(80_000)), (json!(80_000), Value::Null)));
    let untouched = visitor.get("/orders/3").await;
    assert!(untouched.html.contains(">in Accurate</span>"), "{}", untouched.html);
    assert!(!untouched.text().contains("Total in Forstok"), "one total where both are equal: {}", untouched.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_whose_webhook_was_lost_is_found_and_imported() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let url = accurate.url();
    asks_forstok(&home, &url, &format!("[operators.ani]\ntoken = \"{READER}\"\nrole = \"read\"\n"));
    let lists = async |order: &Value| {
        let listed = client().post(format!("{url}/forstok/sandbox/orders")).body(order.to_string()).send().await;
        assert!(listed.expect("it answers").status().is_success());
    };
    for id in [1, 2] {
        lists(&order(id)).await;
    }
    let service = home.serve().await;
    service.send(&order(1)).await;
    service.get_until("/v1/summary", |summary| summary["by_state"]["invoiced"] == 1).await;
    let run = reconciled(&service).await;
    assert_eq!((&run["complete"], &run["difference"], &run["findings"]["open"]), (&json!(true), &json!(0), &json!(1)));
    assert_eq!(run["forstok"], json!({"state": "done", "orders": 2, "complete": true, "incomplete_because": null}));
    let open = service.get("/v1/findings?class=missed_webhook&state=open").await.json();
    let finding = &open["findings"][0];
    assert_eq!((&finding["order_id"], &finding["forstok_total"]), (&json!("2"), &json!(80_000)));
    assert_eq!((&finding["actions"], &finding["number"]), (&json!(["import_order"]), &Value::Null));
    let (id, day) = (finding["id"].as_i64().expect("a number"), finding["day"].as_str().expect("a day"));

    let action = format!("/v1/findings/{id}/action");
    let import = json!({"action": "import_order"});
    posts(&service, &action, READER, import.clone()).await.problem(403, "role_missing");
    let mut visitor = Visitor::operator(&service).await.with("accept-language", "en");
    visitor.get("/reconciliation?month=2023-11").await.says(&["1 open", "Order never arrived", "Rp80.000"]);
    let of_day = format!("/reconciliation?month=2023-11&day={day}&store=8277");
    visitor.get(&of_day).await.says(&["Forstok lists order", "no webhook about it arrived here"]);
    let path = format!("/reconciliation/findings/{id}");
    let page = visitor.get(&path).await;
    page.says(&["Import the order", "processed like a webhook", "Last change in Forstok"]);
    assert!(
        !page.html.contains("href=\"/orders/2\"") && !page.html.contains("name=\"compare\""),
        "it is not known yet"
    );
    visitor
        .get(&format!("{path}?form=import_order"))
        .await
        .says(&["The order is fetched from Forstok", "Why? (optional)"]);
    let mut indonesian = Visitor::operator(&service).await.with("accept-language", "id");
    indonesian.get(&path).await.says(&["Impor pesanan", "webhook-nya tidak pernah diterima"]);
    let file = visitor.get("/reconciliation/export?month=2023-11").await;
    let mut workbook = Xlsx::new(Cursor::new(file.bytes.clone())).expect("a workbook");
    let findings = workbook.worksheet_range("Findings").expect("a sheet");
    assert_eq!((findings.height(), findings.get_value((1, 9))), (2, Some(&calamine::Data::Float(80_000.0))));

    let done = visitor.post(&path, &[("action", "import_order"), ("reason", "asked by the warehouse")]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    visitor.get(&path).await.says(&["Resolved automatically"]);
    service.order_once("2", "invoiced").await;
    visitor.get("/orders/2").await.says(&["fetched from Forstok", "dealt with", "asked by the warehouse"]);
    posts(&service, &action, OPERATOR_TOKEN, import).await.problem(409, "finding_changed");
    let metrics = service.get("/metrics").await.text;
    assert!(metrics.contains("forstok_accurate_forstok_readings_total{result=\"complete\"}"), "{metrics}");
    assert!(metrics.contains("forstok_accurate_forstok_orders_read_timestamp_seconds"), "{metrics}");

    // An order that Forstok no longer shows is not imported, and the page says why.
    lists(&order(3)).await;
    reconciled(&service).await;
    let open = service.get("/v1/findings?state=open").await.json();
    let id = open["findings"][0]["id"].as_i64().expect("a number");
    let without_products = {
        let mut order = order(3);
        order["order"].as_object_mut().expect("an order").remove("item_lines");
        order
    };
    lists(&without_products).await;
    let action = format!("/v1/findings/{id}/action");
    posts(&service, &action, OPERATOR_TOKEN, json!({"action": "import_order"}))
        .await
        .problem(502, "order_not_imported");
    let path = format!("/reconciliation/findings/{id}");
    let failed = visitor.post(&path, &[("action", "import_order")]).await;
    failed.says(&["The order was not imported", "without its products"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_are_closed_together_over_the_api() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let settings = std::fs::read_to_string(home.path("settings.toml")).expect("readable");
    home.write("settings.toml", &format!("{settings}\n[operators.ani]\ntoken = \"{READER}\"\nrole = \"read\"\n"));
    let service = home.serve().await;
    for id in 1..=4 {
        service.send(&order(id)).await;
    }
    service.get_until("/v1/summary", |summary| summary["by_state"]["invoiced"] == 4).await;
    let somebody_changes = |number: &str, total: u32| {
        let edit = Edit { total: Some(Decimal::from(total)), ..Edit::default() };
        accurate.sandbox().edit_invoice(number, &edit).expect("it is there");
    };
    for number in ["N1", "N2", "N3", "N4"] {
        somebody_changes(number, 1_000);
    }
    reconciled(&service).await;
    let open = service.get("/v1/findings?state=open").await.json()["findings"].clone();
    let seen = |order: &str| {
        let finding = open.as_array().expect("a list").iter().find(|one| one["order_id"] == order).expect("it is open");
        json!({"id": finding["id"], "changed_at": finding["changed_at"]})
    };
    let path = "/v1/findings/close";
    let named = json!({"reason": "rounded", "findings": [seen("1"), seen("2"), {"id": 999, "changed_at": "2026-11-05T02:31:00Z"}]});
    posts(&service, path, READER, named.clone()).await.problem(403, "role_missing");
    posts(&service, path, OPERATOR_TOKEN, json!({"reason": " "})).await.problem(400, "bad_request");
    for query in ["?class=differs", "?state=open"] {
        posts(&service, &format!("{path}{query}"), OPERATOR_TOKEN, named.clone()).await.problem(400, "bad_request");
    }
    // A limit that is ignored would close more than the caller expects.
    for query in ["?state=gone", "?limit=1", "?cursor=1"] {
        posts(&service, &format!("{path}{query}"), OPERATOR_TOKEN, json!({"reason": "x"}))
            .await
            .problem(400, "bad_request");
    }
    assert_eq!(service.get("/v1/findings?state=open").await.json()["findings"].as_array().map(Vec::len), Some(4));

    // One of them changes meanwhile: it is named, and stays open.
    somebody_changes("N2", 2_000);
    reconciled(&service).await;
    let closed = posts(&service, path, OPERATOR_TOKEN, named).await.json();
    assert_eq!(closed, json!({"closed": 1, "changed": [seen("2")["id"]], "unknown": [999]}));
    let before = open[0]["changed_at"].clone();
    let filtered = json!({"reason": "all agreed", "seen_at": before});
    let closed = posts(&service, &format!("{path}?class=differs"), OPERATOR_TOKEN, filtered).await.json();
    assert_eq!(closed, json!({"closed": 2, "changed": [seen("2")["id"]], "unknown": []}));
    let closed = posts(&service, &format!("{path}?class=twice"), OPERATOR_TOKEN, json!({"reason": "x"})).await.json();
    assert_eq!(closed["closed"], 0, "only what the filter shows");
    let closed = posts(&service, path, OPERATOR_TOKEN, json!({"reason": "the last one"})).await.json();
    assert_eq!(closed["closed"], 1);
    let all = service.get("/v1/findings?state=closed").await.json()["findings"].clone();
    for finding in all.as_array().expect("a list") {
        let reason = match finding["order_id"].as_str() {
            Some("1") => "rounded",
            Some("2") => "the last one",
            _ => "all agreed",
        };
        assert_eq!((&finding["closed_by"], &finding["closed_reason"]), (&json!("operator"), &json!(reason)));
        let order = service.get(&format!("/v1/orders/{}", finding["order_id"].as_str().expect("known"))).await.text;
        assert!(order.contains(reason) && order.contains("closed the finding"), "{order}");
    }
}
