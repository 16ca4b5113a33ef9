//! Request ids, and traces: what a collector receives from the real binary, and what it must not receive.

use std::sync::{Arc, Mutex};

use axum::{Json, Router, extract::State, routing::post};
use reqwest::Method;
use serde_json::{Value, json};

use forstok_accurate::sandbox::Action;

use crate::{
    forstok::{HEADER, hex_signature, order, sample},
    service::{Home, OPERATOR_TOKEN, SECRET, accurate, client, eventually},
};

/// A collector on this machine, with everything that it has received.
struct Collector {
    url: String,
    bodies: Arc<Mutex<Vec<Value>>>,
}

impl Collector {
    async fn start() -> Self {
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let receive = async |State(bodies): State<Arc<Mutex<Vec<Value>>>>, Json(body): Json<Value>| {
            bodies.lock().expect("no test panics with it").push(body);
            Json(json!({}))
        };
        let routes = Router::new().route("/v1/traces", post(receive)).with_state(bodies.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { url, bodies }
    }

    fn spans(&self) -> Vec<Value> {
        let bodies = self.bodies.lock().expect("no test panics with it");
        let spans = bodies.iter().map(|body| body["resourceSpans"][0]["scopeSpans"][0]["spans"].clone());
        spans.flat_map(|spans| spans.as_array().cloned().unwrap_or_default()).collect()
    }

    /// The first span with this name whose order is this one.
    fn of_order(&self, name: &str, order_id: &str) -> Option<Value> {
        let is_it = |span: &Value| span["name"] == name && attribute(span, "order_id") == order_id;
        self.spans().into_iter().find(is_it)
    }

    fn text(&self) -> String {
        let bodies = self.bodies.lock().expect("no test panics with it");
        bodies.iter().map(ToString::to_string).collect()
    }
}

fn attribute(span: &Value, key: &str) -> String {
    let attributes = span["attributes"].as_array().cloned().unwrap_or_default();
    let found = attributes.into_iter().find(|attribute| attribute["key"] == key);
    found.and_then(|found| found["value"]["stringValue"].as_str().map(str::to_owned)).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_of_an_order_is_one_trace_from_the_webhook_to_its_invoice() {
    let accurate = accurate().await;
    let collector = Collector::start().await;
    let home = Home::new(&accurate);
    let mut service = home.serve_with(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url)]).await;
    let mut sent = order(1);
    sent["order"]["customer_info"]["name"] = json!("Hush Buyer");
    let body = sent.to_string().into_bytes();
    let headers = [
        (HEADER, hex_signature(SECRET, &body)),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
    ];
    assert_eq!(service.send_with(&headers, body).await.status, 200);
    service.order_once("1", "invoiced").await;
    service.terminate();
    assert_eq!(service.exit_code().await, Some(0), "the last spans are sent before it ends");

    let stage =
        |name: &str| collector.of_order(name, "1").unwrap_or_else(|| panic!("no {name}: {:#?}", collector.spans()));
    let (webhook, decide, claim) = (stage("POST /webhooks/forstok"), stage("decide"), stage("claim"));
    let (attempt, settled) = (stage("attempt"), stage("settled"));
    let spans = collector.spans();
    let call = spans.iter().find(|span| span["name"] == "accurate sales-invoice/save").expect("the call");
    for span in [&webhook, &decide, &claim, &attempt, call, &settled] {
        assert_eq!(span["traceId"], "0af7651916cd43dd8448eb211c80319c", "{span:#}");
    }
    assert_eq!(webhook["parentSpanId"], "b7ad6b7169203331", "the sender's span");
    for (span, above) in
        [(&decide, &webhook), (&claim, &decide), (&attempt, &decide), (call, &attempt), (&settled, &attempt)]
    {
        assert_eq!(span["parentSpanId"], above["spanId"], "{span:#}");
    }
    assert_eq!((attribute(&decide, "state"), attribute(&settled, "outcome")), ("due".to_owned(), "exists".to_owned()));
    let text = collector.text();
    for secret in [SECRET, OPERATOR_TOKEN, "sandbox-token", "sandbox-secret", "Hush Buyer", "item_lines"] {
        assert!(!text.contains(secret), "{secret} was sent to the collector");
    }
    assert!(!spans.iter().any(|span| span["name"].as_str().is_some_and(|name| name.contains("/probe"))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_cannot_be_reached_is_reported_and_delays_nothing() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let mut service = home.serve_with(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")]).await;
    service.send(&order(1)).await;
    service.order_once("1", "invoiced").await;
    let is_reported = async || service.log.text().contains("traces cannot be sent to").then_some(());
    eventually("the log reports it", is_reported).await;
    service.terminate();
    assert_eq!(service.exit_code().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_not_an_address_is_reported_and_stops_nothing() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = home.serve_with(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:hush")]).await;
    service.send(&order(1)).await;
    service.order_once("1", "invoiced").await;
    let log = service.log.text();
    let why = "no traces are sent: OTEL_EXPORTER_OTLP_ENDPOINT must be an address such as http://127.0.0.1:4318";
    assert!(log.contains(why) && !log.contains("hush"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_decided_after_the_sale_continues_the_trace_of_its_order_up_to_the_receipt() {
    let accurate = accurate().await;
    let collector = Collector::start().await;
    let home = Home::new(&accurate);
    let mut service = home.serve_with(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url)]).await;
    service.send(&sample("01-shopee-simple").json()).await;
    service.order_once("138163394", "invoiced").await;
    let payout = json!([{
        "source": "shopee", "id": "row-1", "store_id": "8277", "channel_order_id": "231127PECAFY4J",
        "paid_at": "2023-12-05", "net": 80_000, "amounts": {"subtotal": 80_000},
    }]);
    service.post_json("/v1/payouts", &payout).await;
    let is_waiting = |page: &Value| page["payouts"][0]["waits_for"]["what"] == "approval";
    service.get_until("/v1/payouts", is_waiting).await;
    assert_eq!(service.post("/v1/payouts/approve").await.json(), json!({"approved": 1}));
    service.get_until("/v1/payouts", |page| page["payouts"][0]["state"] == "settled").await;
    service.terminate();
    assert_eq!(service.exit_code().await, Some(0));
    let of_order: Vec<_> =
        collector.spans().into_iter().filter(|span| attribute(span, "order_id") == "138163394").collect();
    let decided: Vec<_> = of_order.iter().filter(|span| span["name"] == "after_sale").collect();
    let is_one = |span: &Value| span["attributes"].to_string().contains(r#""key":"receipts","value":{"intValue":"1"}"#);
    let due = decided.iter().find(|span| is_one(span)).unwrap_or_else(|| panic!("{decided:#?}"));
    let webhook = of_order.iter().find(|span| span["name"] == "POST /webhooks/forstok").expect("it was sent");
    assert_eq!(due["traceId"], webhook["traceId"]);
    let is_below = |span: &&Value| span["name"] == "attempt" && span["parentSpanId"] == due["spanId"];
    let attempt = of_order.iter().find(is_below).expect("the receipt is saved");
    let spans = collector.spans();
    let save = spans.iter().find(|span| span["name"] == "accurate sales-receipt/save").expect("the call");
    assert_eq!(save["parentSpanId"], attempt["spanId"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callers_traceparent_reaches_accurate_with_and_without_a_collector() {
    let collector = Collector::start().await;
    let trace = "0af7651916cd43dd8448eb211c80319c";
    for environment in [vec![], vec![("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str())]] {
        let accurate = accurate().await;
        let service = Home::new(&accurate).serve_with(&environment).await;
        let body = order(1).to_string().into_bytes();
        let headers =
            [(HEADER, hex_signature(SECRET, &body)), ("traceparent", format!("00-{trace}-b7ad6b7169203331-01"))];
        assert_eq!(service.send_with(&headers, body).await.status, 200);
        service.order_once("1", "invoiced").await;
        let calls = accurate.sandbox().calls();
        let save = calls.iter().find(|call| call.action == Some(Action::InvoiceSave)).expect("the call");
        let passed_on = save.traceparent.as_deref().expect("the header");
        assert!(passed_on.starts_with(&format!("00-{trace}-")), "{passed_on}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_a_request_id_which_is_in_the_log_lines_of_the_request() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let settings = std::fs::read_to_string(home.path("settings.toml")).expect("the settings of this test");
    home.write("settings.toml", &format!("{settings}\n[log]\nformat = \"json\"\n"));
    let service = home.serve().await;
    service.send(&order(1)).await;
    let answer = async |method: Method, path: &str, id: Option<&str>| {
        let mut request = client().request(method, service.url(path)).bearer_auth(OPERATOR_TOKEN);
        if let Some(id) = id {
            request = request.header("x-request-id", id);
        }
        let answer = request.send().await.expect("the service answers");
        let id = answer.headers().get("x-request-id").expect("every answer has one");
        (answer.status().as_u16(), id.to_str().expect("plain").to_owned())
    };
    for (path, status) in [("/healthz", 200), ("/nowhere", 404), ("/v1/orders", 200), ("/webhooks/forstok", 405)] {
        let (found, id) = answer(Method::GET, path, None).await;
        assert!(found == status && id.len() == 16, "{path}: {found} {id}");
    }
    let (_, id) = answer(Method::GET, "/healthz", Some("not a sane one")).await;
    assert_eq!(id.len(), 16);
    let (status, id) = answer(Method::POST, "/v1/orders/1/retry", Some("of-the-caller")).await;
    assert_eq!(id, "of-the-caller", "{status}");
    assert_eq!(answer(Method::POST, "/webhooks/forstok", Some("refused-webhook")).await.0, 401);
    let line = eventually("the refusal is logged", async || {
        let log = service.log.text();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines
            .into_iter()
            .find(|line| line["message"].as_str().is_some_and(|message| message.contains("webhook refused")))
    });
    assert_eq!(line.await["spans"][0]["request_id"], "refused-webhook");
}
