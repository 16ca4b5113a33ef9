//! Settings that cannot be used, and the environment that goes before them.

use super::{
    forstok::{HEADER, hex_signature, order},
    service::{Home, accurate, binary},
};

#[test]
fn wrong_settings_are_told_all_at_once_and_nothing_is_started() {
    let home = Home::with_settings(
        r#"
        [server]
        listen = "8080"
        operator_tokn = "hush-1"
        [database]
        url = "sqlite://data/orders.db"
        [forstok.webhook]
        scheme = "md5"
        [books.main]
        account_url = "http://accurate.example"
        api_token = "hush-2"
        [mapping]
        file = "nowhere.toml"
        "#,
    );
    let output = home.command(&["serve"]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    for key in [
        "server.listen",
        "server.operator_tokn",
        "forstok.webhook.scheme",
        "forstok.webhook.secrets",
        "books.main.account_url",
        "books.main.signature_secret",
        "mapping.file",
    ] {
        assert!(said.contains(key), "{key} is not told:\n{said}");
    }
    assert!(!said.contains("hush"), "a secret is shown:\n{said}");
    assert!(!said.contains("webhooks are taken"), "{said}");
    assert!(!home.path("data").exists(), "not even a database was made");
}

#[test]
fn a_mapping_that_cannot_be_used_is_told_with_its_file_and_key() {
    let home = Home::with_settings(
        r#"
        [forstok.webhook]
        secrets = ["s"]
        [books.main]
        api_token = "t"
        signature_secret = "s"
        [mapping]
        file = "mapping.toml"
        "#,
    );
    std::fs::write(home.path("mapping.toml"), "auto_create_at = \"Sometimes\"\nbundels = \"parent\"")
        .expect("the folder takes files");
    let output = home.command(&["serve"]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    for part in ["mapping.toml", "auto_create_at", "Sometimes", "bundels", "\"bundles\""] {
        assert!(said.contains(part), "{part} is not told:\n{said}");
    }
}

#[test]
fn without_any_settings_it_says_what_is_missing() {
    let output = binary(&["serve"]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("forstok.webhook.secrets") && said.contains("books"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_goes_before_the_file() {
    let accurate = accurate().await;
    let home = Home::with_webhook(&accurate, "secrets = [\"of the file\"]");
    let database = format!("sqlite://{}", home.path("elsewhere.db").display());
    let service = home
        .serve_with(&[
            ("FORSTOK_ACCURATE_FORSTOK__WEBHOOK__SECRETS", "[\"of the environment\"]"),
            ("FORSTOK_ACCURATE_DATABASE__URL", &database),
        ])
        .await;
    let body = order(1).to_string().into_bytes();
    let signed_by = |secret: &str| [(HEADER, hex_signature(secret, &body))];
    service.send_with(&signed_by("of the file"), body.clone()).await.problem(401, "signature_wrong");
    assert_eq!(service.send_with(&signed_by("of the environment"), body.clone()).await.status, 200);
    assert!(home.path("elsewhere.db").exists() && !home.path("data").exists());
}
