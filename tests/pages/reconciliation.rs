//! Reconciliation over HTTP, on the page and on the command line: the real binary.

use std::io::Cursor;

use calamine::{Reader, Xlsx};
use forstok_accurate::{
    clock::{Clock, SystemClock},
    domain::day_in_wib,
    sandbox::Edit,
};
use reqwest::{Method, StatusCode};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::visitor::Visitor;
use crate::{
    forstok::order,
    service::{Answer, Home, OPERATOR_TOKEN, Service, accurate},
};

const READER: &str = "token-of-somebody-who-reads";

async fn posts(service: &Service, path: &str, token: &str, body: Value) -> Answer {
    let headers = [("authorization", format!("Bearer {token}")), ("content-type", "application/json".to_owned())];
    service.ask(Method::POST, path, &headers, body.to_string().into_bytes()).await
}

/// Requests a run over the API and waits for its end.
async fn reconciled(service: &Service) -> Value {
    let requested =
        posts(service, "/v1/reconciliations", OPERATOR_TOKEN, json!({"from": "2023-11-01", "to": "2023-11-30"})).await;
    assert_eq!(requested.status, 202, "{}", requested.text);
    let path = format!("/v1/reconciliations/{}", requested.json()["id"]);
    service.get_until(&path, |run| run["state"] == "done").await
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
    let shown = visitor.get(&format!("/reconciliation/findings/{id}?compare=now")).await;
    shown.says(&["Adopt", "Compare", "Sent", "In Accurate", "Computed now", "Rp1.000"]);
    visitor.get("/orders/2").await.says(&["Differs in Accurate", "The invoice was changed in Accurate"]);
    let path = format!("/reconciliation/findings/{id}");
    let done = visitor.post(&path, &[("action", "adopt"), ("reason", "agreed with the buyer")]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    visitor.get(&path).await.says(&["Closed by a person", "agreed with the buyer"]);
    visitor.get("/orders/2").await.says(&["dealt with", "Adopt"]);
    let run = reconciled(&service).await;
    assert_eq!((&run["difference"], &run["findings"]["open"]), (&json!(0), &json!(0)));

    let file = visitor.get("/reconciliation/export?month=2023-11").await;
    let mut workbook = Xlsx::new(Cursor::new(file.bytes.clone())).expect("a workbook");
    assert_eq!(workbook.sheet_names(), ["Totals", "Days", "Findings"]);
    let findings = workbook.worksheet_range("Findings").expect("a sheet");
    assert_eq!(findings.height(), 2, "the header and one finding");

    // The command, beside the service.
    let command = home.command(&["reconcile", "--from", "2023-11-01", "--to", "2023-11-30", "--json"]).output();
    let output = command.expect("it runs");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let run: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&run["complete"], &run["ledger"]["count"]), (&json!(true), &json!(3)));

    // And without it; this time something is open.
    accurate.sandbox().add_invoice("HAND-1", "8277", "", Decimal::from(5_000));
    let today = day_in_wib(SystemClock.now()).to_string();
    drop(service);
    let output = home.command(&["reconcile", "--from", &today, "--to", &today]).output().expect("it runs");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{printed} {}", String::from_utf8_lossy(&output.stderr));
    assert!(printed.contains("foreign") && printed.contains("HAND-1"), "{printed}");
}
