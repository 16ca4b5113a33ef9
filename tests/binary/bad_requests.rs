//! Invalid requests are answered as documented, and stored or refused as documented.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    forstok::{HEADER, hex_signature, order, sample},
    service::{Answer, Home, OPERATOR_TOKEN, SECRET, Service, accurate, client},
};

const MIB: usize = 1024 * 1024;

/// The number of stored orders and unreadable deliveries.
async fn kept(service: &Service) -> (Value, Value) {
    let summary = service.get("/v1/summary").await.json();
    (summary["orders"].clone(), summary["unreadable"]["deliveries"].clone())
}

/// Asserts that a delivery is stored although it is unreadable; returns what was not understood.
fn kept_unread(answer: &Answer) -> String {
    assert_eq!(answer.status, 202, "{}", answer.text);
    assert_eq!(answer.kind, "application/json");
    let body = answer.json();
    let not_understood = body["not_understood"].as_str().expect("it says what was not understood").to_owned();
    let expected =
        json!({"message": "Kept, but not understood", "delivery": "unreadable", "not_understood": not_understood});
    assert_eq!(body, expected);
    not_understood
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_or_missing_signature_is_refused_and_nothing_is_kept() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let body = sample("01-shopee-simple").body.as_bytes().to_vec();

    let of_another_secret = hex_signature("a stranger's secret", &body);
    let of_another_body = hex_signature(SECRET, b"{}");
    for wrong in [of_another_secret, of_another_body, String::new(), "sha256=".to_owned(), "nonsense".to_owned()] {
        let answer = service.send_with(&[(HEADER, wrong)], body.clone()).await;
        let detail = answer.problem(401, "signature_wrong");
        assert!(detail.starts_with("header X-Forstok-Signature does not match"), "{detail}");
    }
    // A valid signature with a wrong secret is not stored either, even if the body is unreadable.
    let answer = service.send_with(&[(HEADER, hex_signature("stranger", b"null"))], b"null".to_vec()).await;
    answer.problem(401, "signature_wrong");
    let detail = service.send_with(&[], body).await.problem(401, "signature_missing");
    assert!(detail.contains("X-Forstok-Signature"), "the header that was expected is named: {detail}");

    assert_eq!(kept(&service).await, (json!(0), json!(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_is_no_number_is_named_with_its_value_and_what_is_allowed() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    service.send(&order(1)).await;
    for (path, name, most) in [
        ("/v1/orders", "limit", 500),
        ("/v1/payouts", "limit", 500),
        ("/v1/returns", "limit", 500),
        ("/v1/findings", "limit", 500),
        ("/v1/reconciliations", "limit", 100),
        ("/v1/orders/1", "timeline_limit", 1_000),
    ] {
        for wrong in ["abc", "1.5", "0"] {
            let detail = service.get(&format!("{path}?{name}={wrong}")).await.problem(400, "bad_request");
            assert_eq!(detail, format!("{name}: {wrong:?} is not a whole number from 1 to {most}"), "{path}");
        }
        assert_eq!(service.get(&format!("{path}?{name}=1")).await.status, 200, "{path}");
        assert_eq!(service.get(&format!("{path}?{name}=")).await.status, 200, "{path}: empty is not given");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_names_a_field_twice_is_refused_and_the_field_is_named() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let headers =
        [("authorization", format!("Bearer {OPERATOR_TOKEN}")), ("content-type", "application/json".to_owned())];
    for (path, row) in [
        ("/v1/payouts", r#"[{"source":"shopee","id":"a","store_id":"8277","net":1,"net":2}]"#),
        ("/v1/returns", r#"[{"source":"shopee","id":"a","store_id":"8277","refund":1,"refund":2}]"#),
    ] {
        let answer = service.ask(Method::POST, path, &headers, row.as_bytes().to_vec()).await.json();
        assert_eq!(answer["rows"][0]["outcome"], "refused", "{answer}");
        let problem = answer["rows"][0]["problem"].as_str().expect("it says why");
        assert!(problem.contains("occurs twice in one object; give it once"), "{problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn authentic_bodies_that_are_no_order_are_kept_and_say_what_was_not_understood() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let body = sample("01-shopee-simple").body.as_bytes();
    let mut without_id = sample("01-shopee-simple").json();
    without_id["order"].as_object_mut().expect("an object").remove("id");
    let mut about_products = sample("01-shopee-simple").json();
    about_products["event"] = json!("products/update");

    let cases = [
        (body[..body.len() / 2].to_vec(), "body: is not JSON"),
        (b"null".to_vec(), "body: is null, not an object"),
        (b"[]".to_vec(), "body: is a list, not an object"),
        (without_id.to_string().into_bytes(), "order.id: is missing"),
        (about_products.to_string().into_bytes(), "event: \"products/update\" is not one about orders"),
        (Vec::new(), "body: is not JSON"),
    ];
    for (nth, (body, expected)) in cases.iter().enumerate() {
        let not_understood = kept_unread(&service.send_raw(body.clone()).await);
        assert!(not_understood.starts_with(expected), "{not_understood}");
        assert_eq!(kept(&service).await, (json!(0), json!(nth + 1)));
    }
    // The same body again is the same delivery, with a higher count.
    kept_unread(&service.send_raw(b"null".to_vec()).await);
    let summary = service.get("/v1/summary").await.json();
    assert_eq!(summary["unreadable"]["deliveries"], cases.len());
    let newest = summary["unreadable"]["newest"].as_array().expect("a list");
    let null = newest.iter().find(|entry| entry["not_understood"].to_string().contains("is null"));
    assert_eq!(null.expect("it is shown")["times"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_status_is_taken_and_the_order_is_watched() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let mut body = order(1);
    body["order"]["status"] = json!("Teleported");
    let answer = service.send(&body).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["state"], "received");
    let order = service.order_once("1", "watching").await;
    assert_eq!(order["status"], "Teleported");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_nobody_has_seen_yet_but_is_about_orders_is_taken() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let mut body = order(2);
    body["event"] = json!("orders/shipped-by-drone");
    assert_eq!(service.send(&body).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_five_mebibytes_is_refused_and_its_sender_gets_the_answer() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let address = service.address;
    let raw = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_mins(1))).expect("a time limit");
        let body = vec![b' '; 5 * MIB];
        let head = format!(
            "POST /webhooks/forstok HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{HEADER}: {}\r\ncontent-length: {}\r\n\r\n",
            hex_signature(SECRET, &body),
            body.len()
        );
        stream.write_all(head.as_bytes()).expect("the head is taken");
        stream.write_all(&body).expect("the sender meets no broken pipe");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the sender hears the whole answer");
        answer
    });
    let raw = raw.await.expect("no panic");
    assert!(raw.starts_with("HTTP/1.1 413 "), "{raw}");
    assert!(raw.contains("\"code\":\"body_too_large\""), "{raw}");

    // The same with a client library.
    service.send_raw(vec![b' '; 5 * MIB]).await.problem(413, "body_too_large");
    service.send_raw(vec![b' '; 4 * MIB + 1]).await.problem(413, "body_too_large");
    assert_eq!(kept(&service).await, (json!(0), json!(0)));
    // Exactly 4 MiB is still read; white space is not JSON.
    kept_unread(&service.send_raw(vec![b' '; 4 * MIB]).await);
    let log = service.log.text();
    assert!(log.lines().any(|line| line.contains("WARN") && line.contains("webhook refused: body_too_large")), "{log}");
    let metrics = service.get("/metrics").await.text;
    assert!(metrics.contains("forstok_accurate_webhooks_total{outcome=\"body_too_large\"} 3"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_of_more_than_two_thousand_pieces_is_taken_and_invoiced() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let mut body = order(1);
    let mut line = body["order"]["item_lines"][0].clone();
    line["note"] = json!("x".repeat(400));
    let price = line["price"].as_i64().expect("a number");
    body["order"]["item_lines"] = json!(vec![line; 2200]);
    body["order"]["total_price"] = json!(price * 2200);
    let body = body.to_string().into_bytes();
    assert!(body.len() > MIB, "{} bytes", body.len());
    let answer = service.send_raw(body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    service.order_once("1", "invoiced").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unsigned_webhooks_are_counted_and_logged_once_a_minute_not_once_each() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    for _ in 0..300 {
        service.send_with(&[], b"{}".to_vec()).await.problem(401, "signature_missing");
    }
    let log = service.log.text();
    assert_eq!(log.matches("signature_missing").count(), 2, "one line, with the code in text and field: {log}");
    let metrics = service.get("/metrics").await.text;
    assert!(metrics.contains("forstok_accurate_webhooks_total{outcome=\"signature_missing\"} 300"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_framework_refuses_is_a_problem_too() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    service.get("/v1/orders/%ff").await.problem(400, "bad_request");
    service.post("/v1/orders/%ff/retry").await.problem(400, "bad_request");
    service.get("/v1/orders?limit=%ff").await.problem(400, "bad_request");
    let headers = [("authorization", format!("Bearer {OPERATOR_TOKEN}"))];
    for path in ["/v1/preview", "/v1/mapping/check"] {
        let answer = service.ask(Method::POST, path, &headers, vec![b' '; 4 * MIB + 1]).await;
        answer.problem(413, "body_too_large");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_is_cached_or_taken_for_another_kind() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    for (path, token) in [("/v1/summary", OPERATOR_TOKEN), ("/v1/summary", "wrong"), ("/v1/orders/999", OPERATOR_TOKEN)]
    {
        let answer = client().get(service.url(path)).bearer_auth(token).send().await.expect("it answers");
        assert_eq!(answer.headers()["cache-control"], "no-store", "{path}");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_sender_is_disconnected_while_others_are_served() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let address = service.address;
    let slow = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_mins(1))).expect("a time limit");
        stream
            .write_all(b"POST /webhooks/forstok HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n")
            .expect("the head is taken");
        let mut answer = String::new();
        // Ends only when the service closes the connection: it does not wait for the rest.
        stream.read_to_string(&mut answer).expect("the sender hears the answer");
        answer
    });
    let mut honest = 0;
    while !slow.is_finished() {
        honest += 1;
        assert_eq!(service.send(&order(honest)).await.status, 200);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let answer = slow.await.expect("no panic");
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("application/problem+json") && answer.contains("\"code\":\"body_too_slow\""), "{answer}");
    assert!(honest > 1, "others were served meanwhile");
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_and_methods_that_do_not_exist_are_problems_too() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    service.get("/nowhere").await.problem(404, "route_unknown");
    service.get("/webhooks/forstok").await.problem(405, "method_wrong");
    service.post("/v1/summary").await.problem(405, "method_wrong");
}
