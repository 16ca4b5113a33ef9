//! The mapping's history: any two revisions are compared, and an old one is restored.

use reqwest::StatusCode;
use serde_json::json;

use super::{
    mapping::{filled, send},
    visitor::{Shown, Visitor},
};
use crate::service::{Home, OPERATOR_TOKEN, accurate};

#[tokio::test(flavor = "multi_thread")]
async fn any_two_of_many_revisions_are_compared() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let mut mapping = service.get("/v1/mapping").await.json()["mapping"].clone();
    let headers = [("authorization", format!("Bearer {OPERATOR_TOKEN}")), ("if-match", "*".to_owned())];
    for revision in 2..=56 {
        mapping["description"] = json!(format!("{revision} {{order_id}}"));
        let body = mapping.to_string().into_bytes();
        let put = service.ask(reqwest::Method::PUT, "/v1/mapping", &headers, body).await;
        assert_eq!((put.status.as_u16(), &put.json()["revision"]), (200, &json!(revision)));
    }
    let mut admin = Visitor::operator(&service).await;
    let newest = admin.get("/mapping/history").await;
    assert!(!newest.html.contains("revision-6\""), "an old revision is on another page");
    let numbers = |page: &Shown| {
        let fields = page.fields_of("compare");
        let value = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone());
        (value("from"), value("to"), value("below"))
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(numbers(&newest), (some("55"), some("56"), None));
    for page in [&newest, &admin.get("/mapping/history?below=7").await] {
        assert_eq!(page.html.matches("type=\"number\" min=\"1\" max=\"56\" required").count(), 2, "{}", page.html);
    }
    let compared = admin.get("/mapping/history?below=7&from=3&to=56").await;
    compared.says(&["From revision 3 to revision 56", "3 ‹Forstok order id›", "56 ‹Forstok order id›", "Revision 6"]);
    assert_eq!(numbers(&compared), (some("3"), some("56"), some("7")));
}

#[tokio::test(flavor = "multi_thread")]
async fn revisions_are_compared_and_an_old_one_is_restored() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let mut admin = Visitor::operator(&service).await;
    let page = admin.get("/mapping").await;
    send(&mut admin, "/mapping", &filled(&page, &[("bundles", "children")]))
        .await
        .goes_to("/mapping?done=mapping_saved");
    let compared = admin.get("/mapping/history?from=1&to=2").await;
    compared.says(&["From revision 1 to revision 2", "Bundles", "bundle at its price, contents at Rp0"]);
    assert_eq!(admin.get("/mapping/history?from=1&to=9").await.status, StatusCode::NOT_FOUND);

    let asked = admin.get("/mapping/history?from=2&to=1").await;
    asked.says(&["From revision 2 to revision 1", "Restore revision 1", "Restoring replaces the mapping"]);
    assert!(!compared.html.contains("Restore revision"), "only the active mapping is replaced");

    let stale = admin.post("/mapping/history/1/restore", &[("replaces", "1")]).await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED, "{}", stale.text());
    admin
        .post("/mapping/history/1/restore", &[("replaces", "2")])
        .await
        .goes_to("/mapping/history?done=mapping_restored");
    let restored = service.get("/v1/mapping").await.json();
    assert_eq!((&restored["revision"], &restored["mapping"]["bundles"]), (&json!(3), &json!("parent_and_children")));
    admin.get("/mapping/history").await.says(&["Revision 3", "restored revision 1"]);
    let file = admin.get("/mapping/export").await;
    assert!(file.html.contains("# Revision 3") && file.html.contains("[stores"), "{}", file.html);
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"mapping.toml\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn restoring_and_comparing_work_over_the_api_too() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let mut mapping = service.get("/v1/mapping").await.json()["mapping"].clone();
    mapping["bundles"] = json!("parent");
    let by = |tag: &str| [("authorization", format!("Bearer {OPERATOR_TOKEN}")), ("if-match", tag.to_owned())];
    let put = reqwest::Method::PUT;
    let body = mapping.to_string().into_bytes();
    let answer = service.ask(put, "/v1/mapping?note=a%20test", &by("\"1\""), body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let history = service.get("/v1/mapping/history").await.json();
    assert_eq!((&history["revisions"][0]["note"], &history["revisions"][1]["note"]), (&json!("a test"), &json!(null)));
    let changes = service.get("/v1/mapping/revisions/1/changes?since=2").await.json();
    assert_eq!(changes["changes"], json!(["bundles: \"parent\" → \"parent_and_children\""]));

    let restore = |tag: &'static str, revision: &'static str| {
        let path = format!("/v1/mapping/revisions/{revision}/restore");
        let (service, headers) = (&service, by(tag));
        async move { service.ask(reqwest::Method::POST, &path, &headers, Vec::new()).await }
    };
    restore("\"1\"", "1").await.problem(412, "mapping_stale");
    restore("\"2\"", "7").await.problem(404, "revision_unknown");
    let answer = restore("\"2\"", "1").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["revision"]), (200, &json!(3)));
    assert_eq!(service.get("/v1/mapping").await.json()["mapping"]["bundles"], "parent_and_children");
    assert_eq!(service.get("/v1/mapping/history").await.json()["revisions"][0]["note"], "restored revision 1");
}
