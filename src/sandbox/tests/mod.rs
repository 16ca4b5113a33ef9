//! The sandbox from its callers' point of view.

mod after_sale;
mod lagging;
mod listing;
mod misleading;
mod numbering;
mod over_http;
mod people;
mod receipts;
mod refusing;
mod returns;
mod saving;

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Acted, Action, Answer, Host, Limits, Masters, Options, Request, Sandbox};

/// A caller that knows the sandbox's secrets, at a fixed time.
struct Caller {
    sandbox: Sandbox,
    now: Timestamp,
    host: Host,
    headers: HeaderMap,
}

impl Caller {
    fn new(options: Options) -> Self {
        let now: Timestamp = "2023-11-27T03:00:00Z".parse().expect("a timestamp");
        let timestamp = now.as_second().to_string();
        let headers = [
            ("accept", "application/json".to_owned()),
            ("authorization", "Bearer sandbox-token".to_owned()),
            ("x-api-signature", sign("sandbox-secret", &timestamp)),
            ("x-api-timestamp", timestamp),
        ];
        let headers = headers
            .into_iter()
            .map(|(name, value)| {
                (name.parse().expect("a header's name"), HeaderValue::from_str(&value).expect("a header"))
            })
            .collect();
        Self { sandbox: Sandbox::new(options), now, host: Host::First, headers }
    }

    /// With the samples' masters, customer 8277, and no limits.
    fn at_work() -> Self {
        Self::new(Options {
            masters: Masters::sample().customer("8277", "Toko Sepatu"),
            limits: Limits::OFF,
            ..Options::default()
        })
    }

    fn request(&self, action: Action, query: &str, body: &Value) -> Request {
        Request {
            host: self.host,
            method: action.method(),
            path: action.path(),
            query: query.to_owned(),
            headers: self.headers.clone(),
            body: if body.is_null() { Vec::new().into() } else { body.to_string().into() },
        }
    }

    fn acts(&self, action: Action, query: &str, body: &Value) -> Acted {
        self.sandbox.answer(&self.request(action, query, body), self.now)
    }

    /// The reply's status and JSON.
    fn calls(&self, action: Action, query: &str, body: &Value) -> (StatusCode, Value) {
        let (status, text) = read(self.acts(action, query, body).answer);
        (status, serde_json::from_str(&text).expect("JSON"))
    }

    fn gets(&self, action: Action, query: &str) -> Value {
        let (status, body) = self.calls(action, query, &Value::Null);
        assert_eq!(status, StatusCode::OK, "{body}");
        body
    }

    fn saves(&self, invoice: &Value) -> Value {
        let (status, body) = self.calls(Action::InvoiceSave, "", invoice);
        assert_eq!(status, StatusCode::OK, "{body}");
        body
    }
}

fn read(answer: Answer) -> (StatusCode, String) {
    match answer {
        Answer::Reply { status, body, .. } => (status, String::from_utf8(body.to_vec()).expect("text")),
        Answer::Dropped => panic!("the connection was cut"),
    }
}

fn sign(secret: &str, timestamp: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key");
    mac.update(timestamp.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// A valid invoice of one pair of shoes; `changes` are merged into it, and null removes a field.
fn invoice(number: &str, changes: &Value) -> Value {
    let mut invoice = json!({
        "customerNo": "8277", "transDate": "27/11/2023", "number": number, "description": "138163394",
        "branchName": "Kantor Pusat", "taxable": false, "inclusiveTax": false, "cashDiscount": 0,
        "detailItem": [shoes()],
    });
    for (name, value) in changes.as_object().into_iter().flatten() {
        invoice[name] = value.clone();
    }
    invoice
}

fn shoes() -> Value {
    json!({
        "itemNo": "AAA2002", "unitPrice": 80000, "detailName": "Sepatu Formal Hitam Pria", "quantity": 1,
        "warehouseName": "Utama", "useTax1": false,
    })
}

fn shoes_with(changes: &Value) -> Value {
    let mut shoes = shoes();
    for (name, value) in changes.as_object().into_iter().flatten() {
        shoes[name] = value.clone();
    }
    shoes
}

#[test]
fn discovery_names_the_host_of_the_database() {
    let caller = Caller::at_work();
    let (status, body) = caller.calls(Action::ApiToken, "", &Value::Null);
    assert_eq!((status, &body["d"]["database"]["host"]), (StatusCode::OK, &json!("https://zeus.accurate.id")));
    caller.sandbox.move_host();
    let (_, body) = caller.calls(Action::ApiToken, "", &Value::Null);
    assert_eq!(body["d"]["database"]["host"], "https://hera.accurate.id");
}

#[test]
fn the_methods_of_the_fact_sheet_are_the_only_ones() {
    let caller = Caller::at_work();
    let mut request = caller.request(Action::InvoiceDelete, "id=1", &Value::Null);
    request.method = Method::GET;
    let (status, _) = read(caller.sandbox.answer(&request, caller.now).answer);
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
}

#[test]
fn a_sandbox_on_all_addresses_is_known_by_the_name_it_was_called_by() {
    let mut caller = Caller::at_work();
    caller.sandbox.core().set_urls("http://0.0.0.0:4000".to_owned(), "http://[::]:4001".to_owned());
    caller.headers.insert("host", HeaderValue::from_static("sandbox:4000"));
    let named = |caller: &Caller| caller.calls(Action::ApiToken, "", &Value::Null).1["d"]["database"]["host"].clone();
    assert_eq!(named(&caller), "http://sandbox:4000");
    caller.sandbox.move_host();
    assert_eq!(named(&caller), "http://sandbox:4001");
}
