//! `GET/PUT /v1/mapping` and `POST /v1/mapping/check`.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{apply, with_store};
use crate::service::{Home, OPERATOR_TOKEN, Service, accurate, client};

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
async fn a_mapping_can_be_read_changed_and_replaced_and_a_stale_change_is_refused() {
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

    // Another operator still has revision 1.
    for tag in ["\"1\"", "W/\"1\"", "\"7\"", "\"x\""] {
        let stale = put(&service, Some(tag), &first.json["mapping"]).await;
        assert_eq!((stale.status, &stale.json["code"]), (StatusCode::PRECONDITION_FAILED, &json!("mapping_stale")));
        assert!(stale.json["detail"].to_string().contains("revision 2"), "{}", stale.json);
    }
    assert_eq!(get(&service).await.tag, "\"2\"");
    assert_eq!(put(&service, Some("*"), &changed).await.tag, "\"2\"");
    assert_eq!(put(&service, Some("*"), &first.json["mapping"]).await.tag, "\"3\"");
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
    let refused = put(&service, Some("*"), &elsewhere).await;
    assert_eq!(keys(&refused.json["problems"]), ["stores.\"8277\".book"]);

    let good = check(&service, &json!({"stores": {"8277": {"enabled": false}}})).await;
    assert_eq!((&good.json["valid"], &good.json["problems"]), (&json!(true), &json!([])));
    assert!(good.json["changes"].to_string().contains("stores.8277.enabled: true → false"), "{}", good.json);

    for body in ["", "[]", "7", "{"] {
        let refused = ask(&service, Method::PUT, "/v1/mapping", Some("*"), body.to_owned()).await;
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
async fn changes_by_file_api_and_command_line_are_recorded_with_their_author() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = home.serve().await;
    let mut mapping = get(&service).await.json["mapping"].clone();
    mapping["on_cancel"] = json!("keep");
    assert_eq!(put(&service, Some("\"1\""), &mapping).await.tag, "\"2\"");
    assert_eq!(apply(&home, &with_store("4711")).code, Some(0));
    // A change that is based on an outdated revision is refused.
    let stale = put(&service, Some("\"2\""), &mapping).await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
    service.get_until("/v1/mapping", |answer| answer["revision"] == 3).await;
    let history = super::run(&mut home.command(&["mapping", "history"])).out;
    let who: Vec<_> = history.lines().filter_map(|line| line.strip_prefix("revision ")?.rsplit(" · ").next()).collect();
    assert_eq!(who, ["command line (budi)", "operator", "file at start"], "{history}");
    assert!(history.contains("  on_cancel: \"void\" → \"keep\""), "{history}");
    assert_eq!(get(&service).await.json["mapping"]["on_cancel"], "void");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_does_not_say_what_it_replaces_is_refused() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    for mapping in [json!({}), get(&service).await.json["mapping"].clone()] {
        let refused = put(&service, None, &mapping).await;
        let (status, code) = (refused.status, &refused.json["code"]);
        assert_eq!((status, code), (StatusCode::PRECONDITION_REQUIRED, &json!("if_match_missing")), "{}", refused.json);
        assert!(refused.json["detail"].to_string().contains("If-Match"), "{}", refused.json);
    }
    assert_eq!(get(&service).await.tag, "\"1\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_logged_with_its_author_and_what_it_takes_away_as_a_warning() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = home.serve().await;
    let mut mapping = get(&service).await.json["mapping"].clone();
    mapping["bundles"] = json!("children");
    put(&service, Some("\"1\""), &mapping).await;
    let line = |service: &Service, revision: i64| {
        let text = service.log.text();
        let line = text.lines().find(|line| line.contains(&format!("mapping revision {revision} is active")));
        line.unwrap_or_else(|| panic!("{text}")).to_owned()
    };
    let changed = line(&service, 2);
    assert!(changed.contains("INFO") && changed.contains("by operator: bundles: "), "{changed}");
    assert!(changed.contains("\"parent_and_children\" → \"children\""), "{changed}");

    put(&service, Some("\"2\""), &json!({})).await;
    let wiped = line(&service, 3);
    assert!(wiped.contains("WARN") && wiped.contains("(removed)") && wiped.contains("more, which"), "{wiped}");

    assert_eq!(apply(&home, &with_store("4711")).code, Some(0));
    service.get_until("/v1/mapping", |answer| answer["revision"] == 4).await;
    let applied = line(&service, 4);
    assert!(applied.contains("by command line (budi): "), "{applied}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_over_the_api_is_not_undone_by_a_reload_or_a_restart_until_the_file_changes() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let mut service = home.serve().await;
    let mut mapping = get(&service).await.json["mapping"].clone();
    mapping["on_cancel"] = json!("keep");
    assert_eq!(put(&service, Some("\"1\""), &mapping).await.tag, "\"2\"");
    let file = std::fs::read_to_string(home.path("mapping.toml")).expect("the mapping of this test");
    // A different comment is not a difference.
    std::fs::write(home.path("mapping.toml"), format!("# Reviewed.\n{file}")).expect("the folder takes files");
    service.read_settings_again().await;
    assert_eq!(get(&service).await.tag, "\"2\"");
    service.terminate();
    service.exit_code().await;

    let mut service = home.serve().await;
    let after = get(&service).await;
    assert_eq!((after.tag.as_str(), &after.json["mapping"]["on_cancel"]), ("\"2\"", &json!("keep")));
    let log = service.log.text();
    assert!(log.contains("revision 2, which is newer, stays active"), "{log}");

    // The file becomes equal to the active mapping, so it need not be applied, now or later.
    let keeps = file.replace("on_cancel = \"void\"", "on_cancel = \"keep\"");
    std::fs::write(home.path("mapping.toml"), keeps).expect("the folder takes files");
    service.read_settings_again().await;
    let noted = get(&service).await;
    assert_eq!(noted.json["mapping"]["on_cancel"], "keep");
    mapping["on_cancel"] = json!("void");
    let voids = put(&service, Some(&noted.tag), &mapping).await;
    service.terminate();
    service.exit_code().await;
    let mut service = home.serve().await;
    assert_eq!(get(&service).await.tag, voids.tag);

    // The command line applies the same file, so the next start does not apply it again.
    let bundles = file.replace("bundles = \"parent_and_children\"", "bundles = \"parent\"");
    std::fs::write(home.path("mapping.toml"), bundles).expect("the folder takes files");
    let applied = super::run(home.command(&["mapping", "apply"]).arg(home.path("mapping.toml")));
    assert_eq!(applied.code, Some(0), "{}", applied.errors);
    let parent = service.get_until("/v1/mapping", |answer| answer["mapping"]["bundles"] == "parent").await;
    let tag = format!("\"{}\"", parent["revision"]);
    let children = put(&service, Some(&tag), &json!({"bundles": "children"})).await;
    assert_eq!(children.status, StatusCode::OK, "{}", children.json);
    service.terminate();
    service.exit_code().await;
    let service = home.serve().await;
    assert_eq!(get(&service).await.tag, children.tag);

    // A file that has changed is applied.
    std::fs::write(home.path("mapping.toml"), &file).expect("the folder takes files");
    service.read_settings_again().await;
    let last = get(&service).await.json;
    assert_eq!(
        (&last["mapping"]["bundles"], &last["mapping"]["on_cancel"]),
        (&json!("parent_and_children"), &json!("void"))
    );
}
