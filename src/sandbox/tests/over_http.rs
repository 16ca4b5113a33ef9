//! The same sandbox behind real sockets.

use std::{
    future::Future,
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};

use reqwest::{Method, StatusCode, redirect::Policy};
use serde_json::{Value, json};

use super::{invoice, sign};
use crate::{
    clock::{Clock, SystemClock},
    sandbox::{Action, Down, Fault, LimitReply, Limits, Masters, On, Options, Running, Sandbox},
};

/// A sandbox on this machine and a client that knows its secrets.
struct World {
    running: Running,
    sandbox: Sandbox,
    http: reqwest::Client,
}

impl World {
    async fn new() -> Self {
        // Only the first test of the process can install it; for the others it is already installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let sandbox = Sandbox::new(Options {
            masters: Masters::sample().customer("8277", "Toko Sepatu"),
            limits: Limits::OFF,
            ..Options::default()
        });
        let running = sandbox.start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.expect("a free port");
        let http = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().expect("a client");
        Self { running, sandbox, http }
    }

    fn request(&self, url: &str, action: Action) -> reqwest::RequestBuilder {
        let timestamp = SystemClock.now().as_second().to_string();
        self.http
            .request(action.method(), format!("{url}{}", action.path()))
            .header("accept", "application/json")
            .header("authorization", "Bearer sandbox-token")
            .header("x-api-signature", sign("sandbox-secret", &timestamp))
            .header("x-api-timestamp", timestamp)
    }

    fn save(&self, number: &str) -> reqwest::RequestBuilder {
        self.request(&self.running.url(), Action::InvoiceSave).body(invoice(number, &Value::Null).to_string())
    }

    async fn control(&self, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
        let request = self.http.request(method, format!("{}/sandbox{path}", self.running.url()));
        let request = if body.is_null() { request } else { request.body(body.to_string()) };
        read(request.send().await.expect("a reply")).await
    }
}

async fn read(response: reqwest::Response) -> (StatusCode, Value) {
    let status = response.status();
    let text = response.text().await.expect("a whole body");
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// Waits for the result of another task.
async fn until<F: Future<Output = bool>>(mut what: impl FnMut() -> F) {
    let look = async {
        while !what().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), look).await.expect("it happens");
}

#[tokio::test]
async fn discovery_then_save_then_detail() {
    let world = World::new().await;
    let (_, found) = read(world.request(&world.running.url(), Action::ApiToken).send().await.expect("a reply")).await;
    assert_eq!(found["d"]["database"]["host"], world.running.url());
    let (status, saved) = read(world.save("N-1").send().await.expect("a reply")).await;
    assert_eq!((status, &saved["s"]), (StatusCode::OK, &json!(true)));
    let detail = world.request(&world.running.url(), Action::InvoiceDetail).query(&[("number", "N-1")]);
    let (_, read_back) = read(detail.send().await.expect("a reply")).await;
    assert_eq!(read_back["d"], saved["r"]);
}

#[tokio::test]
async fn a_dropped_call_gets_no_reply_whether_it_saved_or_not() {
    let world = World::new().await;
    for (fault, number, stands) in [(Fault::DroppedBefore, "N-1", 0), (Fault::DroppedAfter, "N-2", 1)] {
        world.sandbox.next(Action::InvoiceSave, fault, 1);
        let error = world.save(number).send().await.expect_err("no reply");
        assert!(!error.is_timeout() && !error.is_connect(), "{error:?}");
        assert_eq!(world.sandbox.invoices_numbered(number).len(), stands);
    }
    let (status, _) = read(world.save("N-3").send().await.expect("a new connection")).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn not_one_byte_is_sent_on_a_cut_connection_and_others_are_kept_alive() {
    let world = World::new().await;
    let address = world.running.address();
    world.sandbox.next(Action::ApiToken, Fault::DroppedBefore, 1);
    let timestamp = SystemClock.now().as_second().to_string();
    let signature = sign("sandbox-secret", &timestamp);
    let blocking = move || {
        let mut stream = TcpStream::connect(address).expect("a connection");
        // Two calls over one connection: the first must leave it open for the second.
        write!(stream, "GET /sandbox/stats HTTP/1.1\r\nhost: a\r\n\r\n").expect("sent");
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer).expect("a reply");
        assert!(buffer[..count].starts_with(b"HTTP/1.1 200"));
        write!(
            stream,
            "POST /api/api-token.do HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\nauthorization: Bearer sandbox-token\r\n\
             x-api-timestamp: {timestamp}\r\nx-api-signature: {signature}\r\n\r\n"
        )
        .expect("sent");
        stream.read(&mut buffer).unwrap_or(0)
    };
    assert_eq!(tokio::task::spawn_blocking(blocking).await.expect("no panic"), 0);
    assert_eq!(world.sandbox.fault_counts()["dropped_before"], 1);
}

#[tokio::test]
async fn a_slow_reply_outlasts_the_caller_but_the_invoice_exists() {
    let world = World::new().await;
    world.sandbox.next(On::InvoiceSaves, Fault::Slow(Duration::from_mins(1)), 1);
    let error = world.save("N-1").timeout(Duration::from_millis(300)).send().await.expect_err("no reply in time");
    assert!(error.is_timeout(), "{error:?}");
    assert_eq!(world.sandbox.invoices_numbered("N-1").len(), 1);
}

#[tokio::test]
async fn late_work_is_done_after_the_caller_hung_up() {
    let world = World::new().await;
    world.sandbox.next(On::InvoiceSaves, Fault::Late(Duration::from_millis(600)), 1);
    let error = world.save("N-1").timeout(Duration::from_millis(200)).send().await.expect_err("no reply in time");
    assert!(error.is_timeout(), "{error:?}");
    assert_eq!(world.sandbox.invoice_count(), 0, "not yet");
    until(|| async { world.sandbox.invoice_count() == 1 }).await;
}

#[tokio::test]
async fn nine_at_once_is_one_too_many_and_hanging_up_makes_room() {
    let world = World::new().await;
    world.sandbox.set_limits(Limits { per_second: None, in_flight: Some(8), reply: LimitReply::Http429 });
    world.sandbox.next(On::InvoiceSaves, Fault::Slow(Duration::from_mins(1)), 8);
    let mut slow: Vec<_> = (0..8).map(|n| tokio::spawn(world.save(&format!("N-{n}")).send())).collect();
    until(|| async { world.sandbox.invoice_count() == 8 }).await;
    let (status, _) = read(world.save("N-9").send().await.expect("a reply")).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!((world.sandbox.breach_count(), world.sandbox.max_in_flight()), (1, 9));
    slow.drain(..).for_each(|call| call.abort());
    until(|| async {
        let (status, _) = read(world.save("N-9").send().await.expect("a reply")).await;
        status == StatusCode::OK
    })
    .await;
}

#[tokio::test]
async fn a_moved_database_is_found_at_the_other_port() {
    let world = World::new().await;
    let (status, moved) = world.control(Method::POST, "/move", &Value::Null).await;
    assert_eq!((status, &moved["data_host"]), (StatusCode::OK, &json!(world.running.moved_url())));
    let redirect = world.save("N-1").send().await.expect("a reply");
    assert_eq!(redirect.status(), StatusCode::PERMANENT_REDIRECT);
    let location = redirect.headers()["location"].to_str().expect("a URL").to_owned();
    assert_eq!(location, format!("{}/accurate/api/sales-invoice/save.do", world.running.moved_url()));
    assert_eq!(world.sandbox.invoice_count(), 0);
    let again = world.request(&world.running.moved_url(), Action::InvoiceSave);
    let again = again.body(invoice("N-1", &Value::Null).to_string()).send().await.expect("a reply");
    assert_eq!(read(again).await.1["s"], true);
}

#[tokio::test]
async fn refused_connections_are_refused_until_the_server_is_back() {
    let world = World::new().await;
    world.sandbox.go_down(Down::Refused);
    until(|| async { world.save("N-1").send().await.is_err_and(|error| error.is_connect()) }).await;
    world.sandbox.come_back();
    until(|| async { world.save("N-1").send().await.is_ok() }).await;
    assert_eq!(world.sandbox.invoice_count(), 1);
}

#[tokio::test]
async fn a_stopped_sandbox_frees_its_port_and_keeps_its_books() {
    let World { running, sandbox, http } = World::new().await;
    let address = running.address();
    sandbox.add_invoice("N-1", "8277", "", 5.into());
    http.get(format!("{}/sandbox", running.url())).send().await.expect("a reply");
    running.stop().await;
    let again = sandbox.start(address).await.expect("the port is free");
    let help = http.get(format!("{}/sandbox/invoices", again.url())).send().await.expect("a reply");
    assert_eq!(read(help).await.1["count"], 1);
}

#[tokio::test]
async fn people_find_their_way_by_the_control_routes() {
    let world = World::new().await;
    let (_, help) = world.control(Method::GET, "", &Value::Null).await;
    assert_eq!(help["api_token"], "sandbox-token");

    let order = json!({
        "items": [{ "no": "NEW", "name": "Baru" }], "accounts": [{ "no": "1", "name": "A", "type": "EXPENSE" }],
        "warehouses": ["W"], "customers": [{ "no": "77", "name": "Toko" }], "suspend": { "items": ["AAA2002"] },
    });
    let (status, masters) = world.control(Method::POST, "/masters", &order).await;
    assert_eq!((status, &masters["items"], &masters["customers"]), (StatusCode::OK, &json!(9), &json!(2)));
    let (_, refused) = read(world.save("N-1").send().await.expect("a reply")).await;
    assert_eq!(refused["s"], false, "the item is suspended now");
    world.control(Method::POST, "/masters", &json!({ "resume": { "items": ["AAA2002"] } })).await;
    world.save("N-1").send().await.expect("a reply");

    let (_, paid) = world.control(Method::POST, "/receipts", &json!({ "number": "N-1" })).await;
    assert_eq!(paid["amount"], 80000);
    let (_, invoices) = world.control(Method::GET, "/invoices?number=N-1", &Value::Null).await;
    assert_eq!(invoices["invoices"][0]["status"], "PAID");
    let (_, customers) = world.control(Method::GET, "/customers", &Value::Null).await;
    assert_eq!(customers["customers"][1]["customerNo"], "77");
    let (_, calls) = world.control(Method::GET, "/calls?limit=1", &Value::Null).await;
    assert_eq!(calls["calls"][0]["call"], "sales-invoice/save");
    let (_, breaches) = world.control(Method::GET, "/breaches", &Value::Null).await;
    assert_eq!(breaches["count"], 0);

    world.control(Method::POST, "/token/revoke", &Value::Null).await;
    assert_eq!(world.save("N-2").send().await.expect("a reply").status(), StatusCode::UNAUTHORIZED);
    world.control(Method::POST, "/token/restore", &Value::Null).await;
    world.control(Method::POST, "/down", &Value::Null).await;
    assert_eq!(world.save("N-2").send().await.expect("a reply").status(), StatusCode::SERVICE_UNAVAILABLE);
    world.control(Method::POST, "/up", &Value::Null).await;

    let order = json!({ "next": [{ "fault": "dropped_after", "on": "sales-invoice/save" }] });
    assert_eq!(world.control(Method::POST, "/faults", &order).await.0, StatusCode::OK);
    world.save("N-2").send().await.expect_err("no reply");
    let (_, counts) = world.control(Method::GET, "/stats", &Value::Null).await;
    assert_eq!((&counts["invoices"], &counts["faults_fired"]["dropped_after"]), (&json!(2), &json!(1)));
    assert_eq!(world.control(Method::POST, "/reset", &Value::Null).await.1["invoices"], 0);
}

#[tokio::test]
async fn bad_input_to_a_control_route_names_field_value_and_remedy() {
    let world = World::new().await;
    for (path, body, said) in [
        (
            "/faults",
            json!({ "next": [{ "fault": "gremlins" }] }),
            "next[0].fault: \"gremlins\" is not a fault; use one",
        ),
        ("/faults", json!({ "next": [{ "fault": "slow", "on": "x" }] }), "next[0].on: \"x\" is not a call; use any"),
        ("/faults", json!({ "probabilities": { "slow": 2 } }), "probabilities.slow: 2 is not a chance; give a number"),
        ("/faults", json!({ "slow_seconds": -1 }), "slow_seconds: -1 is not a time"),
        ("/faults", json!({ "probabilites": {} }), "unknown field `probabilites`"),
        (
            "/masters",
            json!({ "accounts": [{ "no": "1", "name": "A", "type": "X" }] }),
            "accounts[0].type: \"X\" is not",
        ),
        ("/receipts", json!({ "number": "N-9" }), "number: no invoice has the number \"N-9\""),
        ("/down", json!({ "kind": "refused" }), "kind: \"refused\" is not a way to be down; use page_503 or dropped"),
    ] {
        let (status, answer) = world.control(Method::POST, path, &body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
        let error = answer["error"].as_str().expect("a sentence");
        assert!(error.contains(said), "{error}");
    }
}

#[tokio::test]
async fn people_and_settings_are_reached_over_http() {
    let world = World::new().await;
    let help = world.control(Method::GET, "", &Value::Null).await.1;
    assert!(help["faults"]["denied_after"].as_str().is_some_and(|what| what.contains("401")), "{help}");
    for (path, body, field, value) in [
        (
            "/settings",
            json!({ "numbering": "automatic", "letter_case": "upper", "list_lag_seconds": 1.5 }),
            "list_lag_seconds",
            json!(1.5),
        ),
        ("/settings", json!({ "list_lag_seconds": 0 }), "numbering", json!("automatic")),
        (
            "/rights",
            json!({ "withhold": ["sales-invoice"], "grant": ["sales-invoice/delete"] }),
            "withheld",
            json!(["sales-invoice/save", "sales-invoice/bulk-save"]),
        ),
        (
            "/invoices",
            json!({ "number": "N-1", "customer_no": "8277", "total": 80000.5 }),
            "totalAmount",
            json!(80_000.5),
        ),
        ("/invoices/edit", json!({ "number": "N-1", "new_number": "N-2", "total": 7 }), "number", json!("N-2")),
        ("/invoices/duplicate", json!({ "number": "N-2", "new_number": "N-3" }), "id", json!(2)),
        ("/invoices/delete", json!({ "number": "n-2" }), "deleted", json!("n-2")),
        ("/receipts", json!({ "number": "N-3" }), "amount", json!(7)),
    ] {
        let (status, answer) = world.control(Method::POST, path, &body).await;
        assert_eq!((status, answer[field].to_string()), (StatusCode::OK, value.to_string()), "{path} {body}: {answer}");
    }
    for (path, body, names) in [
        ("/settings", json!({ "numbering": "mine" }), "automatic"),
        ("/settings", json!({ "detail_lag_seconds": -1 }), "detail_lag_seconds"),
        ("/rights", json!({ "withhold": ["sales"] }), "withhold[0]"),
        ("/invoices", json!({ "number": "N-3", "customer_no": "8277", "total": 1 }), "N-3"),
        ("/invoices/edit", json!({ "number": "N-9" }), "N-9"),
        ("/invoices/delete", json!({ "number": "N-9" }), "N-9"),
    ] {
        let (status, answer) = world.control(Method::POST, path, &body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path} {body}");
        assert!(answer["error"].as_str().is_some_and(|error| error.contains(names)), "{path}: {answer}");
    }
    let (_, refused) = read(world.save("N-7").send().await.expect("a reply")).await;
    assert_eq!(refused["d"][0], "Anda tidak mempunyai hak untuk menambah Faktur Penjualan");
}
