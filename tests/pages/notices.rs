//! The page about notices: channels, a test of them, and what was sent.

use reqwest::StatusCode;

use super::visitor::Visitor;
use crate::{
    forstok::order,
    notices::{
        PASSWORD, SECRET, TOKEN,
        receivers::{MailServer, Receiver},
    },
    service::{Home, Service, accurate, eventually},
};

/// The other sides, and a service that tells over all of them.
async fn serve(home: &Home) -> (Receiver, Receiver, MailServer, Service) {
    let (webhook, telegram, mail) = (Receiver::new().await, Receiver::new().await, MailServer::new().await);
    let settings = [
        ("SERVER__PUBLIC_URL", "http://books.test".to_owned()),
        ("NOTICES__LANGUAGE", "en".to_owned()),
        ("NOTICES__WEBHOOK", format!("{}/secret-path", webhook.url)),
        ("NOTICES__SECRET", SECRET.to_owned()),
        ("NOTICES__EMAIL__SERVER", format!("smtp://127.0.0.1:{}", mail.port)),
        ("NOTICES__EMAIL__USER", "books".to_owned()),
        ("NOTICES__EMAIL__PASSWORD", PASSWORD.to_owned()),
        ("NOTICES__EMAIL__FROM", "books@example.com".to_owned()),
        ("NOTICES__EMAIL__TO", "ani@example.com".to_owned()),
        ("NOTICES__TELEGRAM__TOKEN", TOKEN.to_owned()),
        ("NOTICES__TELEGRAM__CHAT", "@books".to_owned()),
        ("NOTICES__TELEGRAM__BASE_URL", telegram.url.clone()),
    ];
    let settings = settings.map(|(name, value)| (format!("FORSTOK_ACCURATE_{name}"), value));
    let settings: Vec<_> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    (webhook, telegram, mail, home.serve_with(&settings).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_channel_the_page_says_that_nobody_is_told() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let mut operator = Visitor::operator(&service).await;
    let page = operator.get("/notices").await;
    page.says(&["Notices", "No channel is on", "Nothing has been sent yet."]);
    assert!(!page.text().contains("Send a test notice"));
    operator.get("/connection").await.says(&["Notices by e-mail, Telegram or webhook"]);
    let indonesian = Visitor::operator(&service).await.with("accept-language", "id").get("/notices").await;
    indonesian.says(&["Pemberitahuan", "Belum ada saluran yang aktif", "Belum ada yang dikirim."]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_tests_the_channels_and_sees_at_once_what_each_other_side_says() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    home.change_settings("[database]", "[operators.reader]\ntoken = \"token-of-the-reader\"\n[database]");
    let (webhook, telegram, mail, mut service) = serve(&home).await;
    telegram.answers(401, r#"{"ok":false,"error_code":401,"description":"Unauthorized"}"#);
    let mut operator = Visitor::operator(&service).await;
    let page = operator.get("/notices").await;
    page.says(&["Send a test notice", "127.0.0.1", "ani@example.com", "chat @books", "Daily digest", "08:00 WIB"]);
    let tested = operator.post("/notices/test", &[]).await;
    let address = tested.header("location").to_owned();
    assert!(address.starts_with("/notices?tested=msg_"), "{address}");
    let page = operator.get(&address).await;
    page.says(&["Result of the test", "250 2.0.0 queued as 4711", "HTTP 401: Unauthorized", "refused", "delivered"]);
    page.says(&["The receiver refused it, so it is not sent again. Correct the settings or the receiver"]);
    page.says(&["History", "Test notice from forstok-accurate", "operator is testing this channel.", "1 attempt"]);
    assert_eq!(page.html.matches("<b>Test notice from forstok-accurate</b>").count(), 1, "one entry, three channels");
    for secret in ["secret-path", SECRET, PASSWORD, TOKEN] {
        assert!(!page.html.contains(secret), "{secret} is shown");
    }
    let [received] = &webhook.taken()[..] else { panic!("one notice") };
    assert!(received.is_signed() && address.ends_with(received.header("webhook-id")));
    assert!(mail.mails()[0].text().contains("http://books.test/notices"), "{}", mail.mails()[0].text());

    let answer = service.post("/v1/notices/test").await;
    let results = answer.json()["results"].clone();
    assert_eq!((&results[0]["channel"], &results[0]["taken"]), (&"webhook".into(), &true.into()));
    assert_eq!((&results[2]["taken"], &results[2]["answer"]), (&false.into(), &"HTTP 401: Unauthorized".into()));
    let list = service.get("/v1/notices?limit=2").await.json();
    assert_eq!(list["channels"][1]["destination"], "ani@example.com");
    assert_eq!(list["notices"][0]["state"], "refused");
    let next = list["next_cursor"].as_str().expect("another page");
    let rest = service.get(&format!("/v1/notices?cursor={next}")).await.json();
    assert_eq!(rest["notices"].as_array().map(Vec::len), Some(4));
    service.get("/v1/notices?cursor=x").await.problem(400, "bad_request");

    let mut reader = Visitor::of(&service);
    reader.signs_in("token-of-the-reader").await.goes_to("/");
    assert!(!reader.get("/notices").await.text().contains("Send a test notice"), "a reader may not test");
    assert_eq!(reader.post("/notices/test", &[]).await.status, StatusCode::FORBIDDEN);
    service.terminate();
    assert_eq!(service.exit_code().await, Some(0));
    for secret in ["secret-path", SECRET, PASSWORD, TOKEN] {
        assert!(!service.log.text().contains(secret), "{secret} is in the log");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_is_told_by_the_running_service_and_shown_in_the_history() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let (webhook, _telegram, mail, service) = serve(&home).await;
    accurate.sandbox().revoke_token();
    service.send(&order(1)).await;
    let told = eventually("a notice about the pause is sent", async || webhook.taken().into_iter().next()).await;
    assert!(told.is_signed());
    assert_eq!(told.json()["type"], "book.paused");
    eventually("the pause is mailed", async || mail.mails().into_iter().next()).await;
    let mut operator = Visitor::operator(&service).await;
    operator.get("/notices").await.says(&["Accurate database “main” is paused", "Webhook", "delivered"]);
    let metrics = service.get("/metrics").await.text;
    let counted = r#"forstok_accurate_notices_total{channel="webhook",outcome="sent"} 1"#;
    assert!(metrics.contains(counted), "{metrics}");
}
