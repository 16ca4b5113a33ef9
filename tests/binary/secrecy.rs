//! Nothing secret reaches the log, at any level, not even from the libraries.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use forstok_accurate::sandbox::{Fault, On, Running};
use reqwest::Method;
use serde_json::json;

use super::server::url_of_empty_database;
use crate::{
    forstok::{HEADER, hex_signature, order},
    notices::{
        PASSWORD, SECRET as NOTICES_SECRET, TOKEN,
        receivers::{Mail, MailServer, Receiver},
    },
    pages::{
        setting_up::{generated, new_home},
        visitor::Visitor,
    },
    service::{Home, OPERATOR_TOKEN, SECRET, Service, accurate, eventually},
};

/// Parts of bodies, by which they would be recognised.
const BUYER: &str = "Hush Buyer";
const STREET: &str = "Hush Street 7";
const NOTE: &str = "hush-note-of-the-buyer";

fn with_buyer(id: u64) -> serde_json::Value {
    let mut body = order(id);
    body["order"]["customer_info"]["name"] = json!(BUYER);
    body["order"]["address"]["name"] = json!(BUYER);
    body["order"]["address"]["address_1"] = json!(STREET);
    body["order"]["notes"] = json!(NOTE);
    body
}

/// Signs in with a wrong token and with the right one, and looks at an order; returns the cookie.
async fn signs_in(service: &Service) -> String {
    let browser = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    let browser = browser.build().expect("a client can be made");
    let origin = service.url("");
    let sign_in = async |token: &str| {
        let form = browser.post(service.url("/login")).header("origin", &origin);
        let form =
            form.header("content-type", "application/x-www-form-urlencoded").body(format!("next=&token={token}"));
        form.send().await.expect("the service answers")
    };
    sign_in("hush-wrong-token").await;
    let answer = sign_in(OPERATOR_TOKEN).await;
    let cookie = answer.headers().get("set-cookie").expect("a session begins").to_str().expect("plain").to_owned();
    let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
    let page = browser.get(service.url("/orders/1")).header("cookie", &cookie).send().await.expect("it answers");
    assert_eq!(page.status(), 200, "the session is accepted");
    cookie.split_once('=').expect("a name and a value").1.to_owned()
}

/// Every level, also of the libraries.
fn log_everything(home: &Home) {
    let settings = std::fs::read_to_string(home.path("settings.toml")).expect("the settings of this test");
    home.write("settings.toml", &format!("{settings}\n[log]\nfilter = \"trace\"\n"));
}

fn assert_none_is_logged(service: &Service, secrets: &[&str]) {
    let log = service.log.text();
    assert!(log.contains("TRACE") && log.contains("DEBUG"), "every level is logged");
    for secret in secrets {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret} is in the log");
    }
}

/// Receivers of notices that quote what was sent to them, as some do, first with a refusal.
struct Receivers {
    webhook: Receiver,
    mail: MailServer,
}

impl Receivers {
    async fn new() -> Self {
        Self { webhook: Receiver::new().await, mail: MailServer::new().await }
    }

    fn settings(&self) -> String {
        let (url, port) = (&self.webhook.url, self.mail.port);
        format!(
            "[notices]\nwebhook = \"{url}/hush-path-of-the-hook\"\nsecret = \"{NOTICES_SECRET}\"\n\
             [notices.email]\nserver = \"smtp://127.0.0.1:{port}\"\nuser = \"books\"\npassword = \"{PASSWORD}\"\n\
             from = \"hush-books@example.com\"\nto = [\"hush-ani@example.com\"]\n\
             [notices.telegram]\nbase_url = \"{url}\"\ntoken = \"{TOKEN}\"\nchat = \"-1001\"\n"
        )
    }

    /// A test that all refuse, one that all accept, and a pause with Accurate's own words.
    async fn hear_from(&self, service: &Service, accurate: &Running) {
        self.webhook.answers(401, &format!("{{\"description\":\"not {NOTICES_SECRET} {TOKEN}\"}}"));
        self.mail.refuses_passwords(true);
        let refused = service.post("/v1/notices/test").await;
        assert_eq!(refused.text.matches("\"taken\":false").count(), 3, "{}", refused.text);
        self.webhook.answers(200, "{\"ok\":true,\"result\":{}}");
        self.mail.refuses_passwords(false);
        let taken = service.post("/v1/notices/test").await;
        assert_eq!(taken.text.matches("\"taken\":true").count(), 3, "{}", taken.text);
        accurate.sandbox().revoke_token();
        service.send(&with_buyer(4)).await;
        let is_told = |mails: Vec<Mail>| mails.len() > 1;
        eventually("a notice about the pause is sent", async || is_told(self.mail.mails()).then_some(())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_log_at_any_level_holds_a_token_a_body_or_a_buyers_name() {
    let accurate = accurate().await;
    nothing_secret_is_logged(&Home::new(&accurate), &accurate).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_does_one_with_a_database_server() {
    let accurate = accurate().await;
    let url = url_of_empty_database("secrecy").await;
    nothing_secret_is_logged(&Home::on(&accurate, &url), &accurate).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_log_holds_what_is_entered_on_the_setup_page() {
    let accurate = accurate().await;
    let home = new_home(&accurate);
    log_everything(&home);
    let service = home.serve().await;
    let mut admin = Visitor::operator(&service).await;
    let page = generated(&mut admin).await;
    let shown = admin.get(&page).await;
    let (_, key) = shown.html.split_once("id=\"webhook-key\">").expect("the key is shown");
    let key = key.split('<').next().expect("it has an end").to_owned();
    let body = with_buyer(1).to_string().into_bytes();
    assert_eq!(service.send_with(&[("key", "hush-key-of-a-stranger".to_owned())], body.clone()).await.status, 401);
    assert_eq!(service.send_with(&[("key", key.clone())], body).await.status, 200);
    for (token, secret, status) in
        [("hush-another-token", "hush-another-secret", 422), ("sandbox-token", "sandbox-secret", 303)]
    {
        let form = [("book", "main"), ("api_token", token), ("signature_secret", secret)];
        let answer = admin.post("/setup/accurate", &form).await;
        assert_eq!(answer.status.as_u16(), status, "{}", answer.html);
    }
    assert_eq!(admin.post("/setup/accurate/check", &[("book", "main")]).await.status.as_u16(), 303);
    let cookie = admin.cookie();
    let session = cookie.split(['=', ';']).nth(1).expect("a session");
    let secrets = [&key, session, "hush-", "sandbox-token", "sandbox-secret", OPERATOR_TOKEN, BUYER, STREET, NOTE];
    assert_none_is_logged(&service, &secrets);
}

async fn nothing_secret_is_logged(home: &Home, accurate: &Running) {
    let receivers = Receivers::new().await;
    let settings = std::fs::read_to_string(home.path("settings.toml")).expect("the settings of this test");
    home.write("settings.toml", &format!("{settings}\n{}", receivers.settings()));
    log_everything(home);
    let service = home.serve().await;

    // Webhooks: accepted, unreadable, and refused.
    assert_eq!(service.send(&with_buyer(1)).await.status, 200);
    let unreadable = format!("{{\"event\":\"orders/update\",\"order\":{{\"name\":\"{BUYER}\"}}}}").into_bytes();
    let signature = hex_signature(SECRET, &unreadable);
    assert_eq!(service.send_with(&[(HEADER, signature.clone())], unreadable.clone()).await.status, 202);
    let wrong = [(HEADER, "hush-wrong-signature".to_owned())];
    assert_eq!(service.send_with(&wrong, unreadable).await.status, 401);
    // An invoice, a blocked order, and calls that fail.
    service.order_once("1", "invoiced").await;
    let mut blocked = with_buyer(2);
    blocked["order"]["item_lines"][0]["sku"] = json!("");
    service.send(&blocked).await;
    service.order_once("2", "blocked").await;
    accurate.sandbox().next(On::InvoiceSaves, Fault::UpsssBefore, 1);
    service.send(&with_buyer(3)).await;
    service.order_once("3", "invoiced").await;
    // Operators: pages, a wrong bearer token, and a payout.
    let session = signs_in(&service).await;
    let wrong = [("authorization", "Bearer hush-wrong-bearer".to_owned())];
    assert_eq!(service.ask(Method::GET, "/v1/orders", &wrong, Vec::new()).await.status, 401);
    let rows = json!([{ "source": "shopee", "id": "row-1", "store_id": "8277", "channel_order_id": "hush-payout-of-nobody",
                        "paid_at": "2026-11-05", "net": 138_000, "amounts": { "subtotal": 138_000 } }]);
    let headers =
        [("authorization", format!("Bearer {OPERATOR_TOKEN}")), ("content-type", "application/json".to_owned())];
    let answer = service.ask(Method::POST, "/v1/payouts", &headers, rows.to_string().into_bytes()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let failing =
        service.ask(Method::POST, "/v1/payouts", &headers, format!("[{{\"x\":\"{NOTE}\"}}]").into_bytes()).await;
    assert!(failing.status.is_client_error() || failing.status.is_success(), "{}", failing.text);

    // A file of payouts, which is checked, refused and imported.
    let mut visitor = Visitor::operator(&service).await;
    let form = [("profile", "generic"), ("store", "8277")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let head = "Nomor Pesanan,Tanggal,Dana Diterima,subtotal,hush-column-of-the-file\n";
    for (row, is_recorded) in
        [("hush-row,hush-date,70000,80000,\n", false), ("N1,2023-12-05,70000,80000,hush-cell\n", true)]
    {
        let shown = visitor.post_file("/payouts/import?record=1", &form, format!("{head}{row}").as_bytes()).await;
        assert_eq!(shown.html.contains("base64,"), is_recorded, "{}", shown.html);
    }
    receivers.hear_from(&service, accurate).await;

    let cookie = visitor.cookie();
    let in_base64 = BASE64_STANDARD.encode(format!("\0books\0{PASSWORD}"));
    let secrets = [
        SECRET,
        OPERATOR_TOKEN,
        "sandbox-token",
        "sandbox-secret",
        signature.as_str(),
        session.as_str(),
        cookie.split(['=', ';']).nth(1).expect("a session"),
        "hush-",
        BUYER,
        STREET,
        "item_lines",
        NOTICES_SECRET,
        TOKEN,
        PASSWORD,
        &in_base64,
    ];
    assert_none_is_logged(&service, &secrets);
}
