//! `POST /v1/orders/import` and the page `/orders/import`.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::lines;
use crate::{
    pages::visitor::Visitor,
    service::{Answer, Home, OPERATOR_TOKEN, Service, accurate},
    world::order,
};

const OPERATORS: &str = "[operators.reader]\ntoken = \"token-of-the-reader\"\n[operators.worker]\ntoken = \
                         \"token-of-the-worker\"\nrole = \"work\"\n[database]";

async fn import(service: &Service, path: &str, token: &str, body: impl Into<Vec<u8>>) -> Answer {
    let headers = [("authorization", format!("Bearer {token}"))];
    service.ask(Method::POST, path, &headers, body.into()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_imports_orders() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    home.change_settings("[database]", OPERATORS);
    let service = home.serve().await;
    let file = lines(&[order("1").ready_to_ship(), order("1").open()]);
    let path = "/v1/orders/import";
    import(&service, path, "token-of-the-reader", file.clone()).await.problem(403, "role_missing");
    service.ask(Method::POST, path, &[], file.clone().into()).await.problem(401, "token_wrong");
    let answer = import(&service, path, "token-of-the-worker", file.clone()).await.json();
    assert_eq!(
        (&answer["kind"], &answer["new"], &answer["older"], &answer["ingested"]),
        (&json!("bodies"), &json!(1), &json!(1), &json!(0))
    );
    let difference = &answer["differences"][0];
    assert_eq!((&difference["class"], &difference["line"]), (&json!("missed_webhook"), &json!(1)));
    assert_eq!(difference["listed"]["total"], 80_000);
    let answer = import(&service, "/v1/orders/import?ingest=true", OPERATOR_TOKEN, file.clone()).await.json();
    assert_eq!(answer["ingested"], 2);
    service.order_once("1", "invoiced").await;
    assert_eq!(service.get("/v1/summary").await.json()["last_webhook_at"], json!(null), "none came from Forstok");
    let again = import(&service, "/v1/orders/import?ingest=true", OPERATOR_TOKEN, file).await.json();
    assert_eq!((&again["new"], &again["newer"], &again["same"]), (&json!(0), &json!(0), &json!(1)));

    import(&service, "/v1/orders/import?ingest=perhaps", OPERATOR_TOKEN, "").await.problem(400, "bad_request");
    import(&service, path, OPERATOR_TOKEN, *b"\x89PNG\0").await.problem(422, "file_unreadable");
    let words = import(&service, path, OPERATOR_TOKEN, "Kode,Keadaan\n1,Open\n").await.problem(422, "columns_unknown");
    assert!(words.contains("Kode, Keadaan"), "{words}");
    let large = vec![b' '; 17 * 1024 * 1024];
    import(&service, path, OPERATOR_TOKEN, large).await.problem(413, "body_too_large");
    assert_eq!(import(&service, path, OPERATOR_TOKEN, "").await.json()["listed"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_checks_a_file_and_imports_it() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    home.change_settings("[database]", OPERATORS);
    let service = home.serve().await;
    let mut visitor = Visitor::of(&service);
    visitor.signs_in("token-of-the-worker").await.goes_to("/");
    visitor.get("/orders").await.says(&["Import orders"]);
    visitor.get("/orders/import").await.says(&["Import orders", "Check the file", "Import"]);
    let file = format!("{}{{\"order\":{{}}}}\n", lines(&[order("1").ready_to_ship()]));
    let page = visitor.post_file("/orders/import", &[], file.as_bytes()).await;
    page.says(&[
        "2 lines compared, nothing imported",
        "Missing here\n1",
        "Cannot be read\n1",
        "Choose the file again and press Import",
        "INV-1",
        "missing here",
        "Ready to Ship · Rp80.000",
        "Line 2: The order has no id.",
    ]);
    assert!(!page.html.contains("href=\"/orders/1\""), "it is not known yet");
    let page = visitor.post_file("/orders/import?ingest=1", &[], file.as_bytes()).await;
    page.says(&["1 snapshot was imported", "They are processed like webhooks."]);
    assert!(page.html.contains("href=\"/orders/1\""));
    service.order_once("1", "invoiced").await;
    visitor.get("/orders/1").await.says(&["imported from a file"]);

    visitor.post_file("/orders/import", &[], b"").await.says(&["Choose a file that is not empty."]);
    visitor.post_file("/orders/import", &[], b"\x89PNG\0").await.says(&["it is a picture"]);
    let table = b"Kode,Keadaan\n1,Shipped\n2,Open\n";
    let page = visitor.post_file("/orders/import", &[], table).await;
    page.says(&["Which column is which?", "Kode"]);
    let mut fields = page.fields_of("choose");
    let send = |fields: &[(String, String)]| fields.to_vec();
    let posted = send(&fields);
    let posted: Vec<_> = posted.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    visitor.post("/orders/import/columns", &posted).await.says(&["Choose at least the column"]);
    for (name, value) in &mut fields {
        match name.as_str() {
            "order_id" => "Kode".clone_into(value),
            "status" => "Keadaan".clone_into(value),
            _ => {}
        }
    }
    let posted: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    visitor.post("/orders/import/columns", &posted).await.goes_to("/orders/import?columns=chosen");
    let page = visitor.post_file("/orders/import?ingest=1", &[], table).await;
    page.says(&[
        "2 lines compared, nothing imported",
        "The rows of a table do not contain enough for an invoice",
        "Columns of this table",
    ]);

    let mut reader = Visitor::of(&service);
    reader.signs_in("token-of-the-reader").await.goes_to("/");
    reader.get("/orders/import").await.says(&["not import orders"]);
    assert_eq!(reader.post_file("/orders/import", &[], file.as_bytes()).await.status, StatusCode::FORBIDDEN);
    let mut other_site = visitor.with("sec-fetch-site", "cross-site");
    assert_eq!(other_site.post_file("/orders/import?ingest=1", &[], b"").await.status, StatusCode::FORBIDDEN);
    let form = [("headings", "[]")];
    assert_eq!(other_site.post("/orders/import/columns", &form).await.status, StatusCode::FORBIDDEN);
}
