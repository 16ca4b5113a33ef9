//! `/v1/payouts` and `/v1/returns` of the real binary, up to the documents in Accurate.

use forstok_accurate::{
    clock::{Clock, SystemClock},
    domain::day_in_wib,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    forstok::sample,
    pages::visitor::Visitor,
    service::{Answer, Home, OPERATOR_TOKEN, Service, accurate},
};

/// The first sample: 80,000 rupiah.
const ORDER: &str = "138163394";
const NUMBER: &str = "231127PECAFY4J";

async fn post(service: &Service, path: &str, body: &Value) -> Answer {
    let headers = [("authorization", format!("Bearer {OPERATOR_TOKEN}"))];
    service.ask(Method::POST, path, &headers, body.to_string().into_bytes()).await
}

fn payout(id: &str, number: &str, net: &Value) -> Value {
    json!({
        "source": "shopee", "id": id, "store_id": "8277", "channel_order_id": number, "paid_at": "2023-12-05", "net": net,
        "amounts": {"subtotal": 80_000, "service_fee": "-6000"},
    })
}

fn outcomes(answer: &Answer) -> Vec<String> {
    let rows = answer.json()["rows"].as_array().expect("a list").clone();
    rows.iter()
        .map(|row| format!("{}: {}", row["id"].as_str().expect("text"), row["outcome"].as_str().expect("text")))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payout_sent_over_the_api_becomes_a_receipt_once_it_is_approved_and_can_be_undone() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    service.send(&sample("01-shopee-simple").json()).await;
    service.order_once(ORDER, "invoiced").await;

    let unreadable = payout("row-2", NUMBER, &json!("74.000"));
    let mut mistyped = payout("row-4", NUMBER, &json!(5));
    mistyped["amount"] = mistyped["amounts"].take();
    let unmatched = payout("row-3", "NO-SUCH-ORDER", &json!(5));
    let sent = json!([payout("row-1", NUMBER, &json!("74000")), unreadable, unmatched, mistyped]);
    let first = post(&service, "/v1/payouts", &sent).await;
    assert_eq!(outcomes(&first), ["row-1: accepted", "row-2: refused", "row-3: accepted", "row-4: refused"]);
    let mistyped = &first.json()["rows"][3]["problem"];
    assert_eq!(mistyped, "\"amount\" is not a known field — did you mean \"amounts\"?", "its fees would be lost");
    let problem = &first.json()["rows"][1]["problem"];
    assert!(problem.as_str().expect("why").starts_with("net: \"74.000\" is ambiguous"), "{problem}");
    let again = post(&service, "/v1/payouts", &json!([payout("row-1", NUMBER, &json!(74_000.0))])).await;
    assert_eq!(outcomes(&again), ["row-1: repeat"]);

    let by_order = format!("/v1/payouts?order_id={ORDER}");
    let waits = service.get_until(&by_order, |page| page["payouts"][0]["waits_for"]["what"] == "approval").await;
    let waiting = &waits["payouts"][0];
    assert_eq!(
        (&waiting["state"], &waiting["net"], &waiting["receipt"]),
        (&json!("waiting"), &json!(74_000), &Value::Null)
    );
    let unmatched = service.get("/v1/payouts?state=unmatched&source=shopee").await.json();
    assert_eq!((&unmatched["payouts"][0]["id"], &unmatched["payouts"][0]["order_id"]), (&json!("row-3"), &Value::Null));
    assert_eq!(unmatched["next_cursor"], Value::Null);

    let named = json!({"rows": [{"source": "shopee", "id": "row-1"}, {"source": "shopee", "id": "row-3"}]});
    assert_eq!(post(&service, "/v1/payouts/approve", &named).await.json(), json!({"approved": 1}));
    let settled = service.get_until(&by_order, |page| page["payouts"][0]["state"] == "settled").await;
    let receipt = accurate.sandbox().receipt(&format!("{NUMBER}/1")).expect("it exists");
    let row = &settled["payouts"][0];
    assert_eq!(row["receipt"], json!({"number": format!("{NUMBER}/1"), "id": receipt.id}));
    assert_eq!(row["approved_by"], "operator");

    let order = service.get(&format!("/v1/orders/{ORDER}")).await.json();
    let documents: Vec<_> = order["documents"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|document| {
            json!([document["kind"], document["part"], document["number"], document["state"], document["total"]])
        })
        .collect();
    assert_eq!(
        documents,
        [
            json!(["invoice", 1, NUMBER, "exists", 80_000]),
            json!(["receipt", 1, format!("{NUMBER}/1"), "exists", 80_000]),
        ]
    );
    assert_eq!(order["settlement"], json!({"owed": 0, "paid": 80_000, "returned": 0, "credit": 0}));
    let metrics = service.get("/metrics").await.text;
    for line in ["payouts{state=\"settled\"} 1", "payouts{state=\"unmatched\"} 1", "returns{state=\"blocked\"} 0"] {
        let line = format!("forstok_accurate_{line}");
        assert!(metrics.lines().any(|known| known == line), "{line} is missing in\n{metrics}");
    }

    let undo = post(&service, &format!("/v1/orders/{ORDER}/decision"), &json!({"decision": "undo"})).await;
    assert_eq!(undo.status, 200, "{}", undo.text);
    let undone = service.order_once(ORDER, "voided").await;
    assert_eq!((accurate.sandbox().receipts().len(), accurate.sandbox().invoice_count()), (0, 0));
    assert_eq!(undone["settlement"], Value::Null);
    assert!(
        undone["documents"].as_array().expect("a list").iter().all(|document| document["state"] == "voided"),
        "{undone}"
    );
    let after = service.get(&by_order).await.json();
    assert_eq!(after["payouts"][0]["receipt"], Value::Null, "a receipt that was deleted is not its receipt any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_return_sent_over_the_api_says_what_it_waits_for_and_pages_go_on_where_they_ended() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    service.send(&sample("01-shopee-simple").json()).await;
    service.order_once(ORDER, "invoiced").await;

    let whole = |id: &str, number: &str| {
        json!({"source": "shopee", "id": id, "channel_order_id": number, "goods": "returned", "received_at": "2023-12-07",
               "refund": 80_000})
    };
    let mut wrong = whole("R-2", NUMBER);
    wrong["pieces"] = json!([{"sku": "AAA2002", "quantity": 0}]);
    let sent = json!([whole("R-1", NUMBER), wrong, whole("R-3", "NO-SUCH-ORDER")]);
    let answer = post(&service, "/v1/returns", &sent).await;
    assert_eq!(outcomes(&answer), ["R-1: accepted", "R-2: refused", "R-3: accepted"]);
    let mut later = whole("R-1", NUMBER);
    later["refund"] = json!(79_000);
    assert_eq!(outcomes(&post(&service, "/v1/returns", &json!([later])).await), ["R-1: corrected"]);

    let listed =
        service.get_until("/v1/returns?state=waiting", |page| !page["returns"][0]["waits_for"].is_null()).await;
    let first = &listed["returns"][0];
    assert_eq!((&first["order_id"], &first["return"]), (&json!(ORDER), &Value::Null));
    assert_eq!((&first["refund"], &first["pieces"]), (&json!(79_000), &json!([])));
    assert_eq!(first["waits_for"]["what"], "person", "returns are only listed unless the mapping says otherwise");

    let page = service.get("/v1/returns?limit=1").await.json();
    assert_eq!(page["returns"][0]["id"], "R-3");
    let cursor = page["next_cursor"].as_str().expect("there is another page");
    let page = service.get(&format!("/v1/returns?limit=1&cursor={cursor}")).await.json();
    assert_eq!((&page["returns"][0]["id"], &page["next_cursor"]), (&json!("R-1"), &Value::Null));
    assert_eq!(post(&service, "/v1/returns/approve?source=lazada", &json!(null)).await.status, 400, "null is no body");
    assert_eq!(service.post("/v1/returns/approve?source=lazada").await.json(), json!({"approved": 0}));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_about_payouts_that_cannot_be_used_are_refused_with_a_code() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    for (path, body) in [
        ("/v1/payouts", json!({"rows": []})),
        ("/v1/payouts/approve", json!({})),
        ("/v1/payouts/approve?state=settling", json!({"rows": []})),
        ("/v1/payouts/approve?source=shopee", json!({"rows": []})),
        ("/v1/payouts/approve?limit=5", json!({"rows": []})),
        ("/v1/returns", json!("R-1")),
    ] {
        post(&service, path, &body).await.problem(400, "bad_request");
    }
    for all_by_mistake in ["state", "reason", "source", "order_id"] {
        let path = format!("/v1/payouts/approve?{all_by_mistake}=");
        service.post(&path).await.problem(400, "bad_request");
    }
    assert_eq!(post(&service, "/v1/payouts", &json!([])).await.json(), json!({"rows": []}));
    service.get("/v1/payouts?limit=501").await.problem(400, "bad_request");
    service.get("/v1/payouts?state=paid").await.problem(400, "bad_request");
    service.get("/v1/returns?cursor=x").await.problem(400, "bad_request");
    let nobody = service.ask(Method::POST, "/v1/payouts", &[], b"[]".to_vec()).await;
    nobody.problem(401, "token_wrong");
    let huge = vec![b' '; 4 * 1024 * 1024 + 1];
    let headers = [("authorization", format!("Bearer {OPERATOR_TOKEN}"))];
    service.ask(Method::POST, "/v1/payouts", &headers, huge).await.problem(413, "body_too_large");
}

#[tokio::test(flavor = "multi_thread")]
async fn money_and_goods_of_an_order_that_is_not_booked_here_are_left_to_a_person() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    service.send(&sample("12-still-open").json()).await;
    let orders = service.get_until("/v1/orders", |page| page["orders"][0]["state"] == "watching").await;
    let order = &orders["orders"][0];
    let id = order["order_id"].as_str().expect("an id");
    let decision = json!({"decision": "by_hand", "reason": "paid in cash", "document": "SI-7"});
    assert_eq!(post(&service, &format!("/v1/orders/{id}/decision"), &decision).await.status, 200);
    let number = order["channel_order_id"].as_str().expect("a number");
    let mut paid = payout("row-1", number, &json!(74_000));
    paid["store_id"] = Value::Null;
    let returned = json!([{"source": "shopee", "id": "return-1", "channel_order_id": number, "goods": "returned"}]);
    post(&service, "/v1/payouts", &json!([paid])).await;
    post(&service, "/v1/returns", &returned).await;

    let mut visitor = Visitor::operator(&service).await.with("accept-language", "en");
    for (list, remedy) in [
        (
            "payouts",
            "This service books nothing for this order. If its sale is in Accurate, book the payout there, too.",
        ),
        (
            "returns",
            "This service books nothing for this order. If its sale is in Accurate, book the return there, too.",
        ),
    ] {
        let rows = service.get_until(&format!("/v1/{list}"), |page| page[list][0]["state"] == "ignored").await;
        let row = &rows[list][0];
        assert_eq!((&row["reason"], &row["remedy"]), (&json!("by_hand"), &json!(remedy)));
        visitor.get(&format!("/{list}")).await.says(&["A person has created the invoice in Accurate by hand.", remedy]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_far_in_the_future_is_refused_with_its_field_and_what_to_do() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let today = day_in_wib(SystemClock.now());
    let after = |days: i64| today.saturating_add(jiff::Span::new().days(days)).to_string();
    let payout = |id: &str, day: &str| json!({"source": "shopee", "id": id, "paid_at": day, "net": 1});
    let rows = json!([payout("a", "2062-11-05"), payout("b", &after(300)), payout("c", &after(368))]);
    let recorded = post(&service, "/v1/payouts", &rows).await.json();
    let outcomes: Vec<_> = (0..3).map(|place| recorded["rows"][place]["outcome"].clone()).collect();
    assert_eq!(outcomes, ["refused", "accepted", "refused"]);
    let problem = "paid_at is 2062-11-05, more than 366 days after today; correct the day";
    assert_eq!(recorded["rows"][0]["problem"], problem);
    let record = json!([{"source": "shopee", "id": "r", "channel_order_id": "N1", "goods": "returned",
                         "accepted_at": after(0), "received_at": "2062-11-05"}]);
    let recorded = post(&service, "/v1/returns", &record).await.json();
    assert_eq!(recorded["rows"][0]["problem"], problem.replace("paid_at", "received_at"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_a_person_has_taken_over_exists_with_what_they_said() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    service.send(&sample("01-shopee-simple").json()).await;
    service.order_once(ORDER, "invoiced").await;
    post(&service, "/v1/payouts", &json!([payout("row-1", NUMBER, &json!(74_000))])).await;
    let by_order = format!("/v1/payouts?order_id={ORDER}");
    service.get_until(&by_order, |page| page["payouts"][0]["waits_for"]["what"] == "approval").await;
    post(&service, "/v1/payouts/approve", &json!({"rows": [{"source": "shopee", "id": "row-1"}]})).await;
    service.get_until(&by_order, |page| page["payouts"][0]["state"] == "settled").await;
    let mut corrected = payout("row-1", NUMBER, &json!(71_000));
    corrected["amounts"] = json!({"service_fee": -6_000});
    post(&service, "/v1/payouts", &json!([corrected])).await;
    service.get_until(&by_order, |page| page["payouts"][0]["reason"] == "payout_corrected").await;
    let mark = json!({"source": "shopee", "id": "row-1", "decision": "by_hand", "document": format!("{NUMBER}/1"),
                      "reason": "changed in Accurate"});
    let marked = post(&service, "/v1/payouts/decision", &mark).await;
    assert_eq!(marked.status, 200, "{}", marked.text);
    let order = service.get_until(&format!("/v1/orders/{ORDER}"), |order| order["settlement"]["paid"] == 77_000).await;
    let receipt = &order["documents"][1];
    assert_eq!((&receipt["state"], &receipt["total"]), (&json!("exists"), &json!(77_000)), "{receipt}");
}
