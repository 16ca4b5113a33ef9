//! Who may sign in, for how long, and in which language.

use reqwest::StatusCode;

use super::visitor::Visitor;
use crate::service::{Home, OPERATOR_TOKEN, accurate};

#[tokio::test(flavor = "multi_thread")]
async fn the_token_signs_in_for_twelve_hours_and_signing_out_ends_it() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let mut visitor = Visitor::of(&service);
    visitor.get("/").await.goes_to("/login");
    visitor.get("/orders?q=a%20b").await.goes_to("/login?next=/orders%3Fq%3Da%2520b");
    visitor.get("/login").await.says(&["Sign in", "Token"]);

    let wrong = visitor.signs_in("wrong").await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    wrong.says(&["This token is not known here."]);
    assert_eq!(wrong.header("set-cookie"), "");

    let right = visitor.post("/login", &[("token", OPERATOR_TOKEN), ("next", "/orders?state=blocked")]).await;
    right.goes_to("/orders?state=blocked");
    let cookie = right.header("set-cookie").to_owned();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=43200"] {
        assert!(cookie.contains(part), "{part} is missing: {cookie}");
    }
    assert!(!cookie.contains("Secure") && !cookie.contains(OPERATOR_TOKEN), "{cookie}");
    visitor.get("/").await.says(&["Today", "operator", "Sign out"]);

    let kept = visitor.cookie();
    let gone = visitor.post("/logout", &[]).await;
    gone.goes_to("/login");
    assert!(gone.header("set-cookie").contains("Max-Age=0"), "{}", gone.header("set-cookie"));
    let mut thief = Visitor::of(&service).with("cookie", &kept);
    thief.get("/").await.goes_to("/login");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_nobody_can_sign_in_the_pages_name_both_ways_to_change_that() {
    let accurate = accurate().await;
    let service = Home::closed_to_operators(&accurate).serve().await;
    for (language, sentence) in [
        ("en", "server.operator_token or add people under [operators] in the settings"),
        ("id", "server.operator_token atau menambahkan pengguna di bagian [operators] pada pengaturan"),
    ] {
        let mut visitor = Visitor::of(&service).with("accept-language", language);
        visitor.get("/login").await.says(&[sentence]);
    }
    for (language, sentence) in [
        ("en", "Set server.operator_token or add people under [operators] in the settings"),
        ("id", "Isi server.operator_token atau tambahkan pengguna di bagian [operators] pada pengaturan"),
    ] {
        let mut visitor = Visitor::of(&service).with("accept-language", language);
        let closed = visitor.get("/orders").await;
        assert_eq!(closed.status, StatusCode::FORBIDDEN);
        closed.says(&[sentence]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_https_the_cookie_never_travels_without_it() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    home.change_settings("[database]", "public_url = \"https://books.example.com\"\n[database]");
    let service = home.serve().await;
    let mut visitor = Visitor::of(&service).with("origin", "https://books.example.com");
    let right = visitor.signs_in(OPERATOR_TOKEN).await;
    let cookie = right.header("set-cookie");
    assert!(cookie.starts_with("__Host-") && cookie.contains("; Secure"), "{cookie}");
    assert_eq!(visitor.get("/").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_outlives_a_restart_but_not_its_operators_token_or_role() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    home.change_settings(
        "[database]",
        "[operators.ani]\ntoken = \"token-of-ani-at-work\"\nrole = \"work\"\n[database]",
    );
    let mut service = home.serve().await;
    let mut ani = Visitor::of(&service);
    ani.signs_in("token-of-ani-at-work").await.goes_to("/");
    let cookie = ani.cookie();
    service.kill();
    let service = home.serve().await;
    let visit = async || Visitor::of(&service).with("cookie", &cookie).get("/").await;
    visit().await.says(&["ani"]);

    home.change_settings("role = \"work\"", "role = \"read\"");
    service.read_settings_again().await;
    visit().await.goes_to("/login");
    home.change_settings("role = \"read\"", "role = \"work\"");
    service.read_settings_again().await;
    visit().await.says(&["ani"]);
    home.change_settings("token-of-ani-at-work", "another-token-of-ani");
    service.read_settings_again().await;
    visit().await.goes_to("/login");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_tokens_are_limited_and_nobody_is_locked_out_by_anothers() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let mut guesser = Visitor::of(&service).with("x-forwarded-for", "203.0.113.7");
    for _ in 0..10 {
        assert_eq!(guesser.signs_in("wrong").await.status, StatusCode::UNAUTHORIZED);
    }
    let refused = guesser.signs_in(OPERATOR_TOKEN).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    refused.says(&["Too many wrong tokens", "seconds"]);
    let mut other = Visitor::of(&service).with("x-forwarded-for", "203.0.113.7, 203.0.113.8");
    other.signs_in(OPERATOR_TOKEN).await.goes_to("/");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_language_is_the_browsers_until_somebody_chooses() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let mut visitor = Visitor::of(&service).with("accept-language", "id-ID,id;q=0.9,en;q=0.5");
    visitor.get("/login").await.says(&["Masuk", "Isi token yang diberikan kepada Anda"]);
    visitor.signs_in("salah").await.says(&["Token ini tidak dikenal."]);
    visitor
        .post("/language", &[("language", "en"), ("next", "/login?next=/orders")])
        .await
        .goes_to("/login?next=/orders");
    visitor.get("/login").await.says(&["Sign in"]);
    visitor.post("/language", &[("language", "id"), ("next", "//evil.example")]).await.goes_to("/");
    visitor.get("/nirgendwo").await.says(&["Halaman tidak ditemukan"]);
}
