//! Unusable settings, and environment variables that override the file.

use crate::{
    forstok::{HEADER, hex_signature, order},
    service::{Home, accurate, binary},
};

#[test]
fn wrong_settings_are_reported_all_at_once_and_nothing_is_started() {
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
fn a_mapping_that_cannot_be_used_is_reported_with_its_file_and_key() {
    let home = Home::with_settings(
        r#"
        [forstok.webhook]
        secrets = ["s"]
        [books.main]
        account_url = "http://127.0.0.1:9"
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
        assert!(said.contains(part), "{part} is not reported:\n{said}");
    }
    assert!(said.starts_with("Nothing was started or changed: 2 errors.\nIn the mapping "), "{said}");
    assert!(!said.contains("In the settings"), "the settings are right:\n{said}");
}

#[test]
fn without_any_settings_it_says_what_is_missing() {
    let nowhere = tempfile::tempdir().expect("a folder");
    let output = binary(&["serve"]).current_dir(nowhere.path()).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("forstok.webhook.secrets") && said.contains("books"), "{said}");
    assert!(said.contains("--config or FORSTOK_ACCURATE_CONFIG"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_overrides_the_file() {
    let accurate = accurate().await;
    let home = Home::with_webhook(&accurate, "scheme = \"hmac-sha256\"\nsecrets = [\"of the file\"]");
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

#[test]
fn placeholders_and_guessable_secrets_on_an_open_address_are_refused_by_serve_and_check() {
    let example = include_str!("../../settings.example.toml").replace("mapping.example.toml", "mapping.toml");
    let short = "[server]\nlisten = \"0.0.0.0:0\"\n[forstok.webhook]\nsecrets = [\"x\"]\n[books.main]\n\
                 account_url = \"http://127.0.0.1:9\"\napi_token = \"y\"\nsignature_secret = \"z\"\n";
    for (settings, words, mistakes) in [(example.as_str(), "placeholder", 4), (short, "has 1 character:", 3)] {
        let home = Home::with_settings(settings);
        for command in ["serve", "check"] {
            let output = home.command(&[command]).output().expect("it runs");
            assert_eq!(output.status.code(), Some(2), "{command}");
            let said =
                format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert_eq!(said.matches(words).count(), mistakes, "{command}: {said}");
        }
        assert!(!home.path("data").exists());
    }
}

#[test]
fn a_secret_file_beside_the_settings_is_not_replaced_by_one_in_the_working_directory() {
    let home = Home::with_settings(
        "[forstok.webhook]\nsecrets_file = \"keys\"\n[books.main]\naccount_url = \"http://127.0.0.1:9\"\n\
         api_token = \"t\"\nsignature_secret = \"s\"\n",
    );
    let planted = tempfile::tempdir().expect("a folder");
    std::fs::write(planted.path().join("keys"), "planted").expect("the folder takes files");
    let output = home.command(&["serve"]).current_dir(planted.path()).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("forstok.webhook.secrets_file") && said.contains("cannot be read"), "{said}");
    assert!(said.contains(&home.path("keys").display().to_string()), "{said}");
}

#[test]
fn an_address_that_cannot_be_listened_on_is_reported_with_what_to_do() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let taken = taken.local_addr().expect("it has an address").to_string();
    // 192.0.2.1 belongs to nobody (RFC 5737).
    for (listen, remedy) in
        [(taken.as_str(), "another program listens there"), ("192.0.2.1:8080", "does not have that address")]
    {
        let output = binary(&["sandbox", "--listen", listen]).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && said.contains(remedy), "{said}");
    }
    let denied = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
    let address = ([127, 0, 0, 1], 80).into();
    let said = forstok_accurate::service::cannot_listen("server.listen", address, &denied).to_string();
    assert!(said.contains("ports below 1024 need a right") && !said.contains("another program"), "{said}");
}

#[test]
fn if_the_server_is_down_at_start_the_service_exits_with_the_reason() {
    let home = Home::with_settings(
        "[server]\nlisten = \"127.0.0.1:0\"\n[database]\nurl = \"postgres://me@127.0.0.1:1/x\"\n[forstok.webhook]\n\
         secrets = [\"s\"]\n[books.main]\naccount_url = \"http://127.0.0.1:9\"\napi_token = \"t\"\n\
         signature_secret = \"s\"\n",
    );
    let output = home.command(&["serve"]).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("has not started and does not try again"), "{said}");
    assert!(!said.contains("by itself") && !said.contains("automatically"), "{said}");
}
