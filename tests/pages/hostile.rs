//! What other sites, forged cookies and unauthorised people cannot do.

use reqwest::{Method, StatusCode};

use super::visitor::Visitor;
use crate::service::{Home, OPERATOR_TOKEN, accurate};

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_site_can_make_nobody_do_anything() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let operator = Visitor::operator(&service).await;
    let foreign = [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ];
    for (name, value) in foreign {
        let mut victim = Visitor::of(&service).with("cookie", &operator.cookie()).with(name, value);
        let paths = [
            "/logout",
            "/login",
            "/language",
            "/problems/retry",
            "/problems/acknowledge",
            "/problems/acknowledge-all",
            "/problems/webhooks/1/retry",
            "/orders/1/retry",
            "/orders/1/decision",
            "/connection/check",
            "/v1/orders/retry",
            "/v1/orders/1/decision",
        ];
        for path in paths {
            let answer = victim.post(path, &[("token", OPERATOR_TOKEN), ("language", "id")]).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} with {name}: {value}");
            assert!(answer.headers.get("set-cookie").is_none());
        }
        assert_eq!(victim.get("/").await.status, StatusCode::OK, "a link to a page is harmless");
    }
    let own = [("sec-fetch-site", "same-origin".to_owned()), ("origin", service.url(""))];
    for (name, value) in own {
        let mut visitor = Visitor::of(&service).with("cookie", &operator.cookie()).with(name, &value);
        assert_eq!(visitor.post("/v1/orders/retry", &[]).await.status, StatusCode::OK, "{name}: {value}");
    }
    let headers =
        [("authorization", format!("Bearer {OPERATOR_TOKEN}")), ("origin", "https://evil.example".to_owned())];
    let answer = service.ask(Method::POST, "/v1/orders/retry", &headers, Vec::new()).await;
    assert_eq!(answer.status, 200, "no browser adds a bearer token automatically");
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_cookies_and_tokens_in_the_address_open_nothing() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let operator = Visitor::operator(&service).await;
    let (name, value) = operator.cookie().split_once('=').map(|(n, v)| (n.to_owned(), v.to_owned())).expect("a cookie");
    let mut changed = value.clone();
    changed.replace_range(0..1, if value.starts_with('0') { "1" } else { "0" });
    for forged in ["", "operator", &"0".repeat(64), &changed, &format!("{value}0"), &value[1..]] {
        let mut visitor = Visitor::of(&service);
        visitor.forges(&name, forged);
        visitor.get("/").await.goes_to("/login");
        assert_eq!(visitor.get("/v1/orders").await.status, StatusCode::UNAUTHORIZED, "{forged}");
    }
    let mut stranger = Visitor::of(&service);
    for path in ["/", "/login", "/login/once/", "/v1/orders", "/metrics", "/login/once/0000"] {
        for key in ["token", "operator_token", "access_token", "authorization"] {
            let answer = stranger.get(&format!("{path}?{key}={OPERATOR_TOKEN}")).await;
            assert!(answer.headers.get("set-cookie").is_none(), "{path}?{key}");
        }
    }
    stranger.get("/").await.goes_to("/login");
    let log = service.log.text();
    assert!(!log.contains(OPERATOR_TOKEN) && !log.contains(&value), "a secret is logged:\n{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_forbids_what_no_page_needs() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let mut operator = Visitor::operator(&service).await;
    let mut stranger = Visitor::of(&service);
    let paths =
        ["/", "/login", "/nowhere", "/orders/%ff", "/v1/orders", "/v1/nowhere", "/readyz", "/metrics", "/openapi.json"];
    for path in paths {
        for visitor in [&mut operator, &mut stranger] {
            let answer = visitor.get(path).await;
            let policy = answer.header("content-security-policy");
            assert!(
                policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
                "{path}: {policy}"
            );
            assert!(
                !policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http"),
                "{path}: {policy}"
            );
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
            assert_eq!(answer.header("cache-control"), "no-store", "{path}");
            assert!(!answer.html.contains(" style=") && !answer.html.contains("<style"), "{path}: a style in the page");
            assert!(
                !answer.html.contains("<script>") && !answer.html.contains(" onclick="),
                "{path}: a script in the page"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_visit_is_small_and_asks_no_other_host() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let mut operator = Visitor::operator(&service).await;
    let page = operator.get("/").await;
    let mut bytes = page.html.len();
    let attributes = page.html.split([' ', '\n', '>']).filter_map(|text| text.split_once('='));
    let addresses: Vec<_> = attributes
        .filter(|(name, _)| ["href", "src"].contains(name))
        .map(|(_, value)| value.trim_matches('"').to_owned())
        .collect();
    for address in &addresses {
        assert!(address.starts_with('/') || address.starts_with('#'), "{address} is not ours");
    }
    for address in addresses.iter().filter(|address| address.starts_with("/static/")) {
        let asset = operator.get(address).await;
        assert_eq!(asset.status, StatusCode::OK, "{address}");
        assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable");
        bytes += asset.html.len();
    }
    assert!(bytes < 150_000, "a first visit takes {bytes} bytes");
    assert_eq!(operator.get("/static/style.css").await.status, StatusCode::NOT_FOUND);
}
