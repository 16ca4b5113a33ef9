//! `preview` and `POST /v1/preview`.

use forstok_accurate::{domain::masters::MasterKind, sandbox::samples::SAMPLES};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Said, run};
use crate::{
    forstok::{id_of, sample},
    service::{Home, OPERATOR_TOKEN, Service, accurate},
};

/// Settings without credentials, webhook secret or operator token.
const OFFLINE: &str = "[mapping]\nfile = \"mapping.toml\"\n";

fn preview(home: &Home, body: &str, arguments: &[&str]) -> Said {
    let file = home.path("order.json");
    std::fs::write(&file, body).expect("the folder takes files");
    run(home.command(&["preview"]).arg(file).args(arguments))
}

#[test]
fn the_command_shows_decision_findings_and_body_without_credentials() {
    let home = Home::with_settings(OFFLINE);
    let shown: Vec<_> = ["01-shopee-simple", "08-empty-sku", "12-still-open", "11-first-seen-cancelled"]
        .iter()
        .map(|name| {
            let said = preview(&home, sample(name).body, &[]);
            assert_eq!(said.code, Some(0), "{name}: {}", said.errors);
            said.out
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n---\n"));
    assert!(!home.path("data").exists(), "nothing is stored");
}

#[test]
fn the_command_prints_json_that_agrees_with_what_becomes_of_each_sample() {
    let home = Home::with_settings(OFFLINE);
    for sample in SAMPLES {
        let said = preview(&home, sample.body, &["--json"]);
        let shown: Value = serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {}", said.errors));
        let expected = sample.expected();
        let due = expected["state"] == "invoiced";
        assert_eq!(shown["state"], if due { json!("due") } else { expected["state"].clone() }, "{}", sample.name);
        assert_eq!(shown["reason"], expected["reason"], "{}", sample.name);
        assert_eq!(shown["body"].is_object(), due, "{}", sample.name);
        if due {
            assert_eq!(shown["total"].to_string(), expected["invoice"]["total"].as_str().expect("a text"));
            for key in ["number", "customerNo", "description", "transDate", "taxable", "inclusiveTax"] {
                assert_eq!(shown["body"][key], expected["invoice"][key], "{}: {key}", sample.name);
            }
        }
    }
}

#[test]
fn an_order_without_its_envelope_is_taken_and_what_is_no_order_is_refused_in_words() {
    let home = Home::with_settings(OFFLINE);
    let alone = sample("01-shopee-simple").json()["order"].to_string();
    let said = preview(&home, &alone, &[]);
    assert!(said.out.contains("231127PECAFY4J"), "{}", said.errors);
    let refused = preview(&home, "{\"order\": {\"id\": \"x1\", \"total_price\": 5}}", &[]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.errors.contains("order.id") && refused.errors.contains("x1"), "{}", refused.errors);
    let mut unread = sample("01-shopee-simple").json();
    unread["order"]["total_price"] = json!("Rp 5");
    let said = preview(&home, &unread.to_string(), &[]);
    assert!(said.out.contains("amount_unreadable") && said.out.contains("order.total_price: \"Rp 5\""), "{}", said.out);
    assert_eq!(run(home.command(&["preview"]).arg("nowhere.json")).code, Some(1));
}

#[test]
fn the_command_speaks_the_language_of_the_terminal() {
    let home = Home::with_settings(OFFLINE);
    let file = home.path("order.json");
    std::fs::write(&file, sample("08-empty-sku").body).expect("the folder takes files");
    let said = run(home.command(&["preview"]).arg(file).env("LC_ALL", "id_ID.UTF-8"));
    assert!(said.out.contains("Ada produk tanpa SKU di Forstok."), "{}", said.out);
}

async fn ask(service: &Service, body: &str, language: &str) -> crate::service::Answer {
    let headers = [("authorization", format!("Bearer {OPERATOR_TOKEN}")), ("accept-language", language.to_owned())];
    service.ask(Method::POST, "/v1/preview", &headers, body.as_bytes().to_vec()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_route_shows_the_same_and_stores_and_sends_nothing() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = home.serve().await;
    // What the service reads on its own account has been read.
    for kind in MasterKind::ALL {
        let list = format!("/v1/books/main/masters/{}", kind.as_str());
        service.get_until(&list, |list| !list["read_at"].is_null()).await;
    }
    let calls = accurate.sandbox().calls().len();
    for sample in SAMPLES {
        let answer = ask(&service, sample.body, "en").await;
        assert_eq!(answer.status, 200, "{}: {}", sample.name, answer.text);
        let mut shown = answer.json();
        assert_eq!(shown["mapping_revision"], 1);
        let mut printed: Value = serde_json::from_str(&preview(&home, sample.body, &["--json"]).out).expect("JSON");
        // The command uses the file, the route the active mapping.
        shown["mapping_revision"].take();
        printed["mapping_revision"].take();
        assert_eq!(shown, printed, "{}", sample.name);
    }
    assert_eq!(service.get("/v1/summary").await.json()["orders"], 0);
    service.get(&format!("/v1/orders/{}", id_of(&SAMPLES[0].json()))).await.problem(404, "order_unknown");
    assert_eq!(accurate.sandbox().calls().len(), calls, "nothing is sent");

    let refused = ask(&service, "{\"order\": {\"id\": \"x1\", \"total_price\": 5}}", "en").await;
    assert!(refused.problem(400, "bad_request").contains("order.id"));
    let blocked = ask(&service, sample("08-empty-sku").body, "id").await.json();
    assert_eq!(blocked["decision"], "Pesanan akan ditahan sampai ada yang menanganinya; tidak ada yang dikirim.");
    assert_eq!(blocked["findings"][0]["sentence"], "Ada produk tanpa SKU di Forstok.");
}
