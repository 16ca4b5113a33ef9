//! When a form is refused, or sent after the session has ended, a page says so and leads back to the form.

use reqwest::StatusCode;

use super::visitor::Visitor;
use crate::{
    forstok::order,
    service::{Home, OPERATOR_TOKEN, accurate},
};

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sends_a_form_after_the_session_has_ended_reads_that_it_was_not_saved() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let decision = [("decision", "never"), ("reason", "a test")];
    let without_page = Visitor::of(&service).post("/orders/1/decision", &decision).await;
    without_page.goes_to("/login?next=/orders/1&lost=1");
    let of_another_site = Visitor::of(&service).with("referer", "https://evil.example/orders/2");
    of_another_site.clone().post("/orders/1/decision", &decision).await.goes_to("/login?next=/orders/1&lost=1");

    let page = service.url("/orders/1?form=never");
    let mut visitor = Visitor::of(&service).with("accept-language", "en").with("referer", &page);
    let sign_in = "/login?next=/orders/1%3Fform%3Dnever&lost=1";
    visitor.post("/orders/1/decision", &decision).await.goes_to(sign_in);
    let lost = "You were signed out. What you sent was not saved.";
    let form = visitor.get(sign_in).await;
    form.says(&[lost, "Sign in again to go back to the form"]);
    let sent = |token| [("token", token), ("next", "/orders/1?form=never"), ("lost", "1")];
    for (name, value) in &sent("")[1..] {
        let field = format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">");
        assert!(form.html.contains(&field), "{field}: {}", form.html);
    }
    visitor.post("/login", &sent("wrong")).await.says(&["This token is not known here.", lost]);
    visitor.post("/login", &sent(OPERATOR_TOKEN)).await.goes_to("/orders/1?form=never");

    let mut indonesian = Visitor::of(&service).with("accept-language", "id");
    indonesian.get(sign_in).await.says(&["Sesi Anda sudah berakhir. Yang Anda kirim tidak tersimpan."]);
    let only_looked = indonesian.get("/login?next=/orders").await;
    assert!(!only_looked.text().contains("tidak tersimpan"), "{}", only_looked.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_refused_leads_back_to_its_page() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    service.send(&order(1)).await;
    service.order_once("1", "invoiced").await;
    let never = [("decision", "never"), ("reason", "a test")];
    let day = [("day", "soon")];
    for (language, name) in [("en", "Back to the form"), ("id", "Kembali ke formulir")] {
        let mut visitor = Visitor::operator(&service).await.with("accept-language", language);
        for (path, form, back) in [
            ("/orders/1/decision", &never[..], "/orders/1"),
            ("/orders/4711/retry", &[], "/orders/4711"),
            ("/reconciliation/close", &[("nonsense", "1")], "/reconciliation"),
            ("/payouts/decision", &day, "/payouts"),
        ] {
            let refused = visitor.post(path, form).await;
            assert!(refused.status.is_client_error(), "{path}: {}", refused.status);
            let link = format!("href=\"{back}\">{name}</a>");
            assert!(refused.html.contains(&link), "{path}: {}", refused.html);
        }
        let mut from_a_search = visitor.clone().with("referer", &service.url("/orders?q=N1"));
        let refused = from_a_search.post("/orders/1/decision", &never).await;
        assert!(refused.html.contains(&format!("href=\"/orders?q=N1\">{name}</a>")), "{}", refused.html);
        let wrong = from_a_search.get("/orders?state=lost").await;
        assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
        assert!(wrong.html.contains("href=\"/orders?q=N1\""), "{}", wrong.html);
    }
}
