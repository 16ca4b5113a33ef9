//! The addresses of the pages.

use reqwest::StatusCode;

use super::visitor::Visitor;
use crate::service::{Home, accurate, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn with_an_address_of_their_own_the_public_one_takes_webhooks_and_answers_probes_only() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    home.change_settings("[database]", "operator_listen = \"127.0.0.1:0\"\n[database]");
    let service = home.serve().await;
    let pages = eventually("the address of the pages is logged", async || {
        let log = service.log.text();
        Some(log.split_once("the pages and /v1 are at ")?.1.split_once("/ ")?.0.to_owned())
    })
    .await;
    let (mut public, mut operators) = (Visitor::of(&service), Visitor::at(pages));
    for (path, outside, inside) in [
        ("/healthz", 200, 200),
        ("/readyz", 200, 200),
        ("/login", 404, 200),
        ("/", 404, 303),
        ("/v1/orders", 404, 401),
        ("/metrics", 404, 200),
        ("/openapi.json", 404, 200),
        ("/webhooks/forstok", 405, 404),
    ] {
        assert_eq!(public.get(path).await.status, outside, "{path} outside");
        assert_eq!(operators.get(path).await.status, inside, "{path} inside");
    }
    assert_eq!(service.send(&crate::forstok::order(1)).await.status, 200);
    std::fs::rename(home.path("data/orders.db"), home.path("elsewhere.db")).expect("it is there");
    assert_eq!(service.send(&crate::forstok::order(2)).await.status, 503);
    let (outside, inside) = (public.get("/readyz").await, operators.get("/readyz").await);
    assert_eq!((outside.status.as_u16(), inside.status.as_u16()), (503, 503));
    assert!(outside.html.contains("\"code\":\"database\"") && !outside.html.contains("orders.db"), "{}", outside.html);
    assert!(inside.html.contains("orders.db"), "operators read the cause: {}", inside.html);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_address_is_a_page_for_a_browser_and_a_problem_for_a_program() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let missing = Visitor::of(&service).get("/nowhere").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    missing.says(&["Page not found", "Go to Today"]);
    service.get("/nowhere").await.problem(404, "route_unknown");
    let missing = Visitor::of(&service).get("/v1/nowhere").await;
    assert_eq!(missing.header("content-type"), "application/problem+json");
}
