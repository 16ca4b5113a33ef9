//! Accurate's lists over the API: who may read and refresh them, pages, and what is searched.

use forstok_accurate::sandbox::{Masters, Running};
use reqwest::Method;
use serde_json::{Value, json};

use crate::service::{Answer, Home, Service, accurate};

/// A service that has read every list; Accurate has 258 items.
async fn service_with_items(accurate: &Running) -> Service {
    accurate.sandbox().add_masters(&Masters::default().many_items(250));
    accurate.sandbox().suspend_item("ITEM-00007");
    let home = Home::new(accurate);
    home.change_settings(
        "[database]",
        "[operators.reader]\ntoken = \"token-of-the-reader\"\n\
         [operators.worker]\ntoken = \"token-of-the-worker\"\nrole = \"work\"\n[database]",
    );
    let service = home.serve().await;
    // The items are read last.
    service.get_until("/v1/books/main/masters/items", |list| !list["read_at"].is_null()).await;
    service
}

async fn asks(service: &Service, method: Method, path: &str, token: &str) -> Answer {
    service.ask(method, path, &[("authorization", format!("Bearer {token}"))], Vec::new()).await
}

fn numbers(page: &Value) -> Vec<String> {
    let rows = page["rows"].as_array().expect("rows");
    rows.iter().map(|row| row["no"].as_str().expect("a number").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_paged_through_and_searched() {
    let accurate = accurate().await;
    let service = service_with_items(&accurate).await;
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = service.get(&format!("/v1/books/main/masters/items?limit=100{cursor}")).await.json();
        found.extend(numbers(&page));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let mut sorted = found.clone();
    sorted.sort_by_key(|no| no.to_lowercase());
    sorted.dedup();
    assert_eq!((found.len(), &found), (258, &sorted), "every row once, by number");
    let usual = service.get("/v1/books/main/masters/items").await.json();
    assert_eq!(numbers(&usual).len(), 50);
    assert_eq!((&usual["failure"], &usual["reading"]), (&json!(null), &json!(null)));

    let found = service.get("/v1/books/main/masters/items?q=item-0000").await.json();
    assert_eq!(numbers(&found).len(), 9, "in lower case too: {found}");
    let seventh = &service.get("/v1/books/main/masters/items?q=ITEM-00007").await.json()["rows"];
    let row = json!([{"id": seventh[0]["id"], "no": "ITEM-00007", "name": "Barang contoh 7", "type": "INVENTORY", "suspended": true}]);
    assert_eq!(*seventh, row);
    let by_name = service.get("/v1/books/main/masters/items?q=contoh%2012&limit=500").await.json();
    // 12, and 120 to 129.
    assert_eq!(numbers(&by_name).len(), 11, "{by_name}");
    let nothing = service.get("/v1/books/main/masters/items?q=100%25").await.json();
    assert_eq!(nothing["rows"], json!([]), "a percent sign stands for itself");
    let accounts = service.get("/v1/books/main/masters/accounts?q=saldo").await.json();
    assert!(accounts["rows"][0]["type"] == "CASH_BANK", "{accounts}");
    let branches = service.get("/v1/books/main/masters/branches").await.json();
    assert_eq!((&branches["rows"][0]["no"], &branches["rows"][0]["name"]), (&json!(null), &json!("Kantor Pusat")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_is_refused_with_the_reason() {
    let accurate = accurate().await;
    let service = service_with_items(&accurate).await;
    for path in ["/v1/books/other/masters/items", "/v1/books/main/masters/vendors"] {
        service.get(path).await.problem(404, "list_unknown");
        service.post(&format!("{path}/refresh")).await.problem(404, "list_unknown");
    }
    for query in ["limit=0", "limit=501", "limit=x", "cursor=x", "cursor=999999999999", "page=2"] {
        let detail = service.get(&format!("/v1/books/main/masters/items?{query}")).await.problem(400, "bad_request");
        assert!(detail.contains(query.split('=').next().expect("a name")), "{query}: {detail}");
    }
    let long = format!("/v1/books/main/masters/items?q={}", "a".repeat(201));
    let detail = service.get(&long).await.problem(400, "bad_request");
    assert!(detail.contains("200"), "{detail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_reads_a_list_and_a_worker_has_it_read_again() {
    let accurate = accurate().await;
    let service = service_with_items(&accurate).await;
    let items = "/v1/books/main/masters/items";
    assert_eq!(asks(&service, Method::GET, items, "token-of-the-reader").await.status, 200);
    asks(&service, Method::GET, items, "token-of-nobody").await.problem(401, "token_wrong");
    let refresh = format!("{items}/refresh");
    asks(&service, Method::POST, &refresh, "token-of-nobody").await.problem(401, "token_wrong");
    asks(&service, Method::POST, &refresh, "token-of-the-reader").await.problem(403, "role_missing");
    accurate.sandbox().add_item("BARU-01", "Barang baru");
    assert_eq!(asks(&service, Method::POST, &refresh, "token-of-the-worker").await.status, 202);
    service.get_until(&format!("{items}?q=baru-01"), |list| list["rows"][0]["name"] == "Barang baru").await;
}
