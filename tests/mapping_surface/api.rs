//! `GET/PUT /v1/mapping` and `POST /v1/mapping/check`.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    apply,
    service::{Home, OPERATOR_TOKEN, Service, accurate, client},
    with_store,
};

/// An answer with the tag that names the mapping's revision.
struct Tagged {
    status: StatusCode,
    tag: String,
    json: Value,
}

async fn ask(service: &Service, method: Method, path: &str, if_match: Option<&str>, body: String) -> Tagged {
    let mut request = client().request(method, service.url(path)).bearer_auth(OPERATOR_TOKEN).body(body);
    if let Some(tag) = if_match {
        request = request.header("if-match", tag);
    }
    let response = request.send().await.expect("the service answers");
    let tag = response.headers().get("etag").and_then(|tag| tag.to_str().ok()).unwrap_or_default().to_owned();
    let status = response.status();
    let text = response.text().await.expect("the answer has an end");
    Tagged { status, tag, json: serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")) }
}

async fn get(service: &Service) -> Tagged {
    ask(service, Method::GET, "/v1/mapping", None, String::new()).await
}

async fn put(service: &Service, if_match: Option<&str>, mapping: &Value) -> Tagged {
    ask(service, Method::PUT, "/v1/mapping", if_match, mapping.to_string()).await
}

async fn check(service: &Service, mapping: &Value) -> Tagged {
    ask(service, Method::POST, "/v1/mapping/check", None, mapping.to_string()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_got_can_be_changed_and_put_and_a_stale_change_is_refused() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let first = get(&service).await;
    assert_eq!((first.status, first.tag.as_str()), (StatusCode::OK, "\"1\""));
    assert_eq!(
        (&first.json["revision"], &first.json["mapping"]["bundles"]),
        (&json!(1), &json!("parent_and_children"))
    );

    let equal = put(&service, Some("\"1\""), &first.json["mapping"]).await;
    assert_eq!((equal.status, equal.tag.as_str()), (StatusCode::OK, "\"1\""), "an equal mapping makes no revision");
    assert_eq!(equal.json["changes"], json!([]));

    let mut changed = first.json["mapping"].clone();
    changed["bundles"] = json!("children");
    changed["stores"]["4711"] = json!({"branch": "Kantor Pusat"});
    let second = put(&service, Some("\"1\""), &changed).await;
    assert_eq!((second.status, second.tag.as_str()), (StatusCode::OK, "\"2\""), "{}", second.json);
    assert_eq!(
        second.json["changes"],
        json!([
            "bundles: \"parent_and_children\" → \"children\"",
            "stores.4711.book = \"main\" (new)",
            "stores.4711.branch = \"Kantor Pusat\" (new)",
            "stores.4711.enabled = true (new)",
        ])
    );
    assert_eq!(get(&service).await.json["mapping"], second.json["mapping"]);

    // Somebody else still looks at revision 1.
    for tag in ["\"1\"", "W/\"1\"", "\"7\"", "\"x\""] {
        let stale = put(&service, Some(tag), &first.json["mapping"]).await;
        assert_eq!((stale.status, &stale.json["code"]), (StatusCode::PRECONDITION_FAILED, &json!("mapping_stale")));
        assert!(stale.json["detail"].to_string().contains("revision 2"), "{}", stale.json);
    }
    assert_eq!(get(&service).await.tag, "\"2\"");
    for tag in [Some("*"), None] {
        assert_eq!(put(&service, tag, &changed).await.tag, "\"2\"");
    }
    assert_eq!(put(&service, None, &first.json["mapping"]).await.tag, "\"3\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_with_mistakes_is_refused_by_key_and_remedy_and_nothing_changes() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let before = get(&service).await;
    let mut wrong = before.json["mapping"].clone();
    wrong["bundels"] = json!("parent");
    wrong["tax"]["mode"] = json!("incl");
    wrong["stores"]["8277"]["enabeld"] = json!(false);
    wrong["stores"]["8277"]["branch"] = json!(5);
    let keys = |problems: &Value| -> Vec<String> {
        let problems = problems.as_array().expect("a list").iter();
        problems.map(|problem| problem["key"].as_str().expect("a key").to_owned()).collect()
    };
    let expected = ["tax.mode", "stores.\"8277\".branch", "stores.\"8277\".enabeld", "bundels"];

    let refused = put(&service, Some(&before.tag), &wrong).await;
    assert_eq!((refused.status, &refused.json["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("mapping_wrong")));
    assert_eq!(keys(&refused.json["problems"]), expected);
    let text = refused.json["problems"].to_string();
    for remedy in ["did you mean \\\"enabled\\\"", "did you mean \\\"bundles\\\"", "did you mean \\\"inclusive\\\""] {
        assert!(text.contains(remedy), "{remedy}: {text}");
    }
    let checked = check(&service, &wrong).await;
    assert_eq!((checked.status, &checked.json["valid"]), (StatusCode::OK, &json!(false)));
    assert_eq!(keys(&checked.json["problems"]), expected);

    let mut elsewhere = before.json["mapping"].clone();
    elsewhere["stores"]["8277"]["book"] = json!("toko");
    let refused = put(&service, None, &elsewhere).await;
    assert_eq!(keys(&refused.json["problems"]), ["stores.\"8277\".book"]);

    let good = check(&service, &json!({"stores": {"8277": {"enabled": false}}})).await;
    assert_eq!((&good.json["valid"], &good.json["problems"]), (&json!(true), &json!([])));
    assert!(good.json["changes"].to_string().contains("stores.8277.enabled: true → false"), "{}", good.json);

    for body in ["", "[]", "7", "{"] {
        let refused = ask(&service, Method::PUT, "/v1/mapping", None, body.to_owned()).await;
        assert_eq!((refused.status, &refused.json["code"]), (StatusCode::BAD_REQUEST, &json!("bad_request")), "{body}");
    }
    let after = get(&service).await;
    assert_eq!((after.tag, after.json), (before.tag, before.json), "nothing changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_surface_asks_for_the_token() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    for (method, path) in [
        (Method::GET, "/v1/mapping"),
        (Method::PUT, "/v1/mapping"),
        (Method::POST, "/v1/mapping/check"),
        (Method::POST, "/v1/preview"),
    ] {
        service.ask(method, path, &[], b"{}".to_vec()).await.problem(401, "token_wrong");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_changed_what_is_told_for_file_api_and_command_line() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = home.serve().await;
    let mut mapping = get(&service).await.json["mapping"].clone();
    mapping["on_cancel"] = json!("keep");
    assert_eq!(put(&service, None, &mapping).await.tag, "\"2\"");
    assert_eq!(apply(&home, &with_store("4711")).code, Some(0));
    // A change that was made from what the API showed before is refused.
    let stale = put(&service, Some("\"2\""), &mapping).await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
    service.get_until("/v1/mapping", |answer| answer["revision"] == 3).await;
    let history = super::run(&mut home.command(&["mapping", "history"])).out;
    let who: Vec<_> = history.lines().filter_map(|line| line.strip_prefix("revision ")?.rsplit(" · ").next()).collect();
    assert_eq!(who, ["command line", "API", "file at start"], "{history}");
    assert!(history.contains("  on_cancel: \"void\" → \"keep\""), "{history}");
    assert_eq!(get(&service).await.json["mapping"]["on_cancel"], "void");
}
