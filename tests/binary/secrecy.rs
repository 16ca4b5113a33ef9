//! Nothing secret reaches the log, at any level, not even from the libraries.

use forstok_accurate::sandbox::{Fault, On};
use reqwest::Method;
use serde_json::json;

use crate::{
    forstok::{HEADER, hex_signature, order},
    service::{Home, OPERATOR_TOKEN, SECRET, Service, accurate},
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

#[tokio::test(flavor = "multi_thread")]
async fn no_log_at_any_level_holds_a_token_a_body_or_a_buyers_name() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let settings = std::fs::read_to_string(home.path("settings.toml")).expect("the settings of this test");
    home.write("settings.toml", &format!("{settings}\n[log]\nfilter = \"trace\"\n"));
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

    let log = service.log.text();
    assert!(log.contains("TRACE") && log.contains("DEBUG"), "every level is logged");
    let secrets = [
        SECRET,
        OPERATOR_TOKEN,
        "sandbox-token",
        "sandbox-secret",
        signature.as_str(),
        session.as_str(),
        "hush-wrong",
        BUYER,
        STREET,
        NOTE,
        "hush-payout-of-nobody",
        "item_lines",
    ];
    for secret in secrets {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret} is in the log");
    }
}
