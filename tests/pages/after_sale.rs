//! Payouts and returns on the pages: what is booked, what waits for a person, and what the person can do.

use calamine::{Reader, Xlsx};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::visitor::Visitor;
use crate::{
    forstok::{order, sample},
    service::{Home, OPERATOR_TOKEN, Service, accurate},
};

const READER: &str = "token-of-somebody-who-reads";

/// A fee that no mapping knows.
pub(crate) const NEW_FEE: &str = "Biaya Program XTRA";

pub(crate) async fn sends(service: &Service, path: &str, rows: Value) -> Value {
    let headers =
        [("authorization", format!("Bearer {OPERATOR_TOKEN}")), ("content-type", "application/json".to_owned())];
    let answer = service.ask(Method::POST, path, &headers, rows.to_string().into_bytes()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// A payout of the store of all these orders.
pub(crate) fn payout(id: &str, number: &str, net: i64, amounts: &Value) -> Value {
    json!({"source": "shopee", "id": id, "store_id": "8277", "channel_order_id": number, "paid_at": "2023-12-05",
           "net": net, "amounts": amounts})
}

/// Three orders of Rp80.000 with their payouts, of which one has a new fee and one is of no known order, and a return.
pub(crate) async fn a_week_of_payouts(service: &Service) {
    service.send(&sample("01-shopee-simple").json()).await;
    for id in 1..=3 {
        service.send(&order(id)).await;
    }
    for id in ["138163394", "1", "2", "3"] {
        service.order_once(id, "invoiced").await;
    }
    let rows = json!([
        payout("row-1", "N1", 70_000, &json!({"subtotal": 80_000, "service_fee": -10_000})),
        payout("row-2", "N2", 75_000, &json!({"subtotal": 80_000, NEW_FEE: -5_000})),
        payout("row-3", "231127PECAFY4K", 72_000, &json!({"subtotal": 80_000, "service_fee": -8_000})),
    ]);
    sends(service, "/v1/payouts", rows).await;
    let record = json!([{"source": "shopee", "id": "return-1", "store_id": "8277", "channel_order_id": "N3",
        "accepted_at": "2023-12-06", "received_at": "2023-12-07", "goods": "returned", "refund": 80_000}]);
    sends(service, "/v1/returns", record).await;
    becomes(service, "row-1", "waiting").await;
    becomes(service, "row-2", "blocked").await;
    service.get_until("/v1/returns", |returns| !returns["returns"][0]["waits_for"].is_null()).await;
}

/// Waits until a payout has this state.
pub(crate) async fn becomes(service: &Service, id: &str, state: &str) {
    let has_it = |payouts: &Value| {
        payouts["payouts"].as_array().into_iter().flatten().any(|row| row["id"] == id && row["state"] == state)
    };
    service.get_until("/v1/payouts", has_it).await;
}

/// The value of the first *Approve* button's row.
fn seen(html: &str) -> String {
    let (_, rest) = html.split_once("name=\"row\" value=\"").expect("a row can be approved");
    rest.split('"').next().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_approves_payouts_and_gives_a_new_fee_its_category() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    home.change_settings("[database]", &format!("[operators.ani]\ntoken = \"{READER}\"\nrole = \"read\"\n[database]"));
    let service = home.serve().await;
    let mut visitor = Visitor::operator(&service).await.with("accept-language", "en");
    visitor.get("/payouts").await.says(&["Payouts", "There are no payouts yet.", "Cash & Bank account"]);
    visitor.get("/returns").await.says(&["Returns", "There are no returns yet."]);
    a_week_of_payouts(&service).await;

    // *Today* says what waits for a person, and names the new fee once.
    let today = visitor.get("/").await;
    today.says(&["Payouts or returns wait for you.", "1 payout needs attention", "1 payout waits for approval"]);
    today.says(&["Fees without a category: “Biaya Program XTRA”", "1 return is to be booked in Accurate"]);
    let badges: Vec<_> = today.html.split("class=\"count\" aria-label=\"").skip(1).map(|rest| &rest[..9]).collect();
    assert_eq!(badges, ["3 waiting", "1 waiting"], "payouts and returns, beside their names");

    let page = visitor.get("/payouts").await;
    page.says(&["Needs attention 1 Rp75.000", "Waiting for approval 1 Rp70.000", "Order not found 1 Rp72.000"]);
    page.says(&["All: 3 · Rp217.000", "shopee", "05/12/2023", NEW_FEE]);
    // Money without an order: orders that it may be about, and nothing is linked.
    page.says(&["Could it be one of these?", "231127PECAFY4J"]);
    page.says(&["similar number", "Then set this row aside"]);
    assert!(page.html.contains("href=\"/orders/138163394\""), "a suggestion leads to its order");

    // Who may only read sees everything and can change nothing.
    let mut reader = Visitor::of(&service).with("accept-language", "en");
    reader.signs_in(READER).await.goes_to("/");
    let read = reader.get("/payouts").await;
    read.says(&["Waiting for approval", "An admin can choose the categories."]);
    assert!(!read.text().contains("Approve"), "{}", read.text());
    let refused = reader.post(&format!("/payouts/approve?only={}", seen(&page.html)), &[]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let refused = reader.post("/payouts/fees", &[("revision", "1"), ("fee:Biaya Program XTRA", "service_fee")]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);

    // One payout is approved; its receipt is created and the invoice is paid.
    let approved = visitor.post(&format!("/payouts/approve?only={}", seen(&page.html)), &[]).await;
    approved.goes_to("/payouts?done=approved_payouts&count=1");
    visitor.get("/payouts?done=approved_payouts&count=1").await.says(&["Approved: 1 payout."]);
    becomes(&service, "row-1", "settled").await;
    let order = visitor.get("/orders/1").await;
    order.says(&["Invoice and payments", "Invoice N1", "Rp80.000", "Sales receipt N1/1", "-Rp80.000"]);
    order.says(&[
        "Rp70.000 arrived on account 110102; Rp10.000 discount on account 600104",
        "Still owed\nsettled\nRp0",
        "Booked with N1/1",
    ]);

    // The new fee gets a category, which is a revision of the mapping, and its payout goes on.
    let fields = visitor.get("/payouts").await.fields_of("assign");
    let with = |category: &str| -> Vec<(String, String)> {
        let fill = |(name, value): &(String, String)| match name.as_str() {
            "fee:Biaya Program XTRA" => (name.clone(), category.to_owned()),
            "note" => (name.clone(), "as the help desk said".to_owned()),
            _ => (name.clone(), value.clone()),
        };
        fields.iter().map(fill).collect()
    };
    let post = async |visitor: &mut Visitor, fields: Vec<(String, String)>| {
        let form: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        visitor.post("/payouts/fees", &form).await
    };
    post(&mut visitor, with("service_fee")).await.goes_to("/payouts?done=fees_saved");
    visitor.get("/mapping/history").await.says(&["as the help desk said", "Biaya Program XTRA"]);
    becomes(&service, "row-2", "waiting").await;
    visitor.get("/payouts").await.says(&["Fees and their categories", "3 fees have a category"]);
    // The page of before is out of date: nothing is overwritten, and the choice is kept.
    let stale = post(&mut visitor, with("fulfillment_fee")).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    stale.says(&["Another person has changed the mapping."]);
    assert!(stale.html.contains("value=\"fulfillment_fee\" selected"), "the choice is kept");

    // All that wait are approved after a sentence that says how many, how much and what happens.
    let asked = visitor.get("/payouts?show=approval&form=approve_all").await;
    asked.says(&["1 payout waits for approval, Rp75.000 in total.", "Each becomes a sales receipt in Accurate"]);
    let moment = asked.html.split_once("name=\"seen\" value=\"").expect("a form").1.split('"').next().expect("a value");
    // What arrives after the page was made is not approved with it.
    let late = json!([payout("row-4", "231127PECAFY4J", 80_000, &json!({"subtotal": 80_000}))]);
    sends(&service, "/v1/payouts", late).await;
    becomes(&service, "row-4", "waiting").await;
    let all = visitor.post("/payouts/approve-all", &[("seen", moment)]).await;
    all.goes_to("/payouts?done=approved_payouts&count=1");
    becomes(&service, "row-2", "settled").await;
    becomes(&service, "row-4", "waiting").await;

    // A payout that was corrected since its page was made is not approved unseen.
    let before = seen(&visitor.get("/payouts").await.html);
    let corrected = json!([payout("row-4", "231127PECAFY4J", 79_000, &json!({"subtotal": 79_000}))]);
    sends(&service, "/v1/payouts", corrected).await;
    let nothing = visitor.post("/payouts/approve", &[("row", &before)]).await;
    nothing.goes_to("/payouts?done=approved_payouts&count=0");
    visitor.get("/payouts?done=approved_payouts&count=0").await.says(&["Nothing was approved"]);
    visitor.post("/payouts/approve", &[]).await.goes_to("/payouts?done=none_chosen&count=0");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_returns_says_what_to_book_in_accurate() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    a_week_of_payouts(&service).await;
    let mut visitor = Visitor::operator(&service).await.with("accept-language", "en");
    let page = visitor.get("/returns").await;
    page.says(&["Returns are only listed here: you book them in Accurate yourself.", "To be booked by you 1 Rp80.000"]);
    page.says(&["Book a sales return for invoice N3 in Accurate: the whole order, Rp80.000."]);
    let mut indonesian = Visitor::operator(&service).await.with("accept-language", "id");
    let page = indonesian.get("/returns?show=person").await;
    page.says(&["Retur", "Bukukan Retur Penjualan untuk faktur N3 di Accurate: seluruh pesanan, Rp80.000."]);
    indonesian.get("/payouts").await.says(&["Pencairan dana", "Biaya yang belum berkategori", "Setujui", "Ekspor"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn returns_are_booked_once_they_are_approved() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let mapping = std::fs::read_to_string(home.path("mapping.toml")).expect("the mapping of the samples");
    home.write("mapping.toml", &format!("{mapping}\n[returns]\nmode = \"approve\"\n"));
    let service = home.serve().await;
    a_week_of_payouts(&service).await;
    let mut visitor = Visitor::operator(&service).await.with("accept-language", "en");
    let page = visitor.get("/returns").await;
    page.says(&["1 return waits for approval, Rp80.000 in total.", "Approve all", "Returned: the whole order."]);
    visitor.post("/returns/approve", &[("row", &seen(&page.html))]).await;
    let is_booked = |returns: &Value| returns["returns"][0]["state"] == "settled";
    service.get_until("/v1/returns", is_booked).await;
    visitor.get("/returns").await.says(&["Booked 1 Rp80.000", "N3/R1"]);
    visitor.get("/orders/3").await.says(&["Sales return N3/R1", "Still owed\nsettled\nRp0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_contradicts_its_return_is_shown_before_a_person_approves_it() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let mapping = std::fs::read_to_string(home.path("mapping.toml")).expect("the mapping of the samples");
    home.write("mapping.toml", &format!("{mapping}\n[returns]\nmode = \"approve\"\n"));
    let service = home.serve().await;
    a_week_of_payouts(&service).await;
    let mut visitor = Visitor::operator(&service).await.with("accept-language", "en");
    let hint = "The buyer got back Rp40.000, but this return (the whole order) takes Rp80.000 off the invoice.";
    assert!(!visitor.get("/returns").await.text().contains("The buyer got back"), "Rp80.000 is the whole order");
    let half = json!([{"source": "shopee", "id": "return-1", "store_id": "8277", "channel_order_id": "N3",
        "accepted_at": "2023-12-06", "received_at": "2023-12-07", "goods": "returned", "refund": 40_000}]);
    sends(&service, "/v1/returns", half).await;
    service.get_until("/v1/returns", |page| page["returns"][0]["waits_for"]["what"] == "approval").await;
    visitor.get("/returns").await.says(&[hint]);
    let mut indonesian = Visitor::operator(&service).await.with("accept-language", "id");
    indonesian.get("/returns").await.says(&["tetapi retur ini (seluruh pesanan) mengurangi faktur sebesar Rp80.000."]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_payouts_is_exported_as_it_is_filtered() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    a_week_of_payouts(&service).await;
    let mut visitor = Visitor::operator(&service).await.with("accept-language", "en");
    let path = visitor.get("/payouts?show=blocked").await.form_of("Export", &[("format", "csv")]);
    let file = visitor.get(&path).await;
    assert!(file.header("content-disposition").ends_with(".csv\""), "{file:?}");
    let lines: Vec<_> = file.html.lines().collect();
    assert_eq!(lines.len(), 2, "{}", file.html);
    assert!(lines[0].contains("Marketplace number,"), "{}", lines[0]);
    assert!(lines[1].starts_with("shopee,row-2,N2,2,8277,2023-12-05,75000,"), "{}", lines[1]);
    let all = visitor.get("/payouts/export?format=xlsx").await;
    let mut workbook = Xlsx::new(std::io::Cursor::new(all.bytes)).expect("a workbook");
    let sheet = workbook.worksheet_range_at(0).expect("a sheet").expect("readable");
    assert_eq!(sheet.height(), 4, "the header and three payouts");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_marks_a_listed_return_as_done_by_hand_and_can_take_that_back() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    a_week_of_payouts(&service).await;
    let mut visitor = Visitor::operator(&service).await.with("accept-language", "en");
    // What is expected and what does not fit, on every page that is about money.
    for path in ["/", "/payouts", "/reconciliation"] {
        let page = visitor.get(path).await;
        page.says(&["Expected from marketplaces", "Rp320.000", "1 payout whose order is not found", "Rp72.000"]);
    }
    let page = visitor.get("/returns").await;
    let mark = page.html.split_once("name=\"mark\" value=\"").expect("a button").1.split('"').next().expect("a value");
    let form = visitor.get(&format!("/returns?mark={mark}")).await;
    form.says(&["You have booked this return in Accurate yourself.", "Number of the document in Accurate", "Reason"]);
    let of_row = |decision: &'static str| [("decision", decision), ("source", "shopee"), ("id", "return-1")];
    let without = visitor.post("/returns/decision", &of_row("by_hand")).await;
    assert_eq!(without.status, StatusCode::BAD_REQUEST, "reason and document are demanded");
    let mut fields = of_row("by_hand").to_vec();
    fields.extend([("document", "RJN-1"), ("reason", "booked on Friday")]);
    visitor.post("/returns/decision", &fields).await.goes_to("/returns?done=row_by_hand");
    let page = visitor.get("/returns?done=row_by_hand").await;
    page.says(&["Marked as done by hand. Nothing will be created for it.", "Booked by hand as RJN-1 (operator"]);
    service.get_until("/v1/orders/3", |order| order["settlement"]["owed"] == 0).await;
    let order = visitor.get("/orders/3").await;
    order.says(&["Sales return RJN-1", "booked by hand", "-Rp80.000", "Still owed\nsettled\nRp0"]);
    let row = &service.get("/v1/returns").await.json()["returns"][0];
    assert_eq!((&row["state"], &row["reason"]), (&json!("ignored"), &json!("by_hand")));
    assert_eq!((&row["by_hand"]["document"], &row["by_hand"]["by"]), (&json!("RJN-1"), &json!("operator")));
    visitor.get("/").await.says(&["Rp240.000"]);

    let mut indonesian = Visitor::operator(&service).await.with("accept-language", "id");
    indonesian.get("/returns").await.says(&["Dibukukan manual sebagai RJN-1"]);
    indonesian.get("/").await.says(&["Belum dibayar marketplace"]);
    visitor.post("/returns/decision", &of_row("none")).await.goes_to("/returns?done=row_not_by_hand");
    visitor.get("/returns").await.says(&["Book a sales return for invoice N3 in Accurate"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_books_a_return_of_unknown_pieces_says_its_total() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    a_week_of_payouts(&service).await;
    let record = json!([{"source": "shopee", "id": "return-2", "store_id": "8277", "channel_order_id": "N2",
        "received_at": "2023-12-07", "goods": "returned", "pieces": [{"sku": "???", "quantity": 1}]}]);
    sends(&service, "/v1/returns", record).await;
    service.get_until("/v1/returns", |page| page["returns"][0]["state"] == "blocked").await;
    assert_eq!(service.get("/v1/returns").await.json()["returns"][0]["amount"], json!(null));
    let mut visitor = Visitor::operator(&service).await.with("accept-language", "en");
    let page = visitor.get("/returns?show=blocked").await;
    page.says(&["Needs attention", "not known yet"]);
    let mark = page.html.split_once("name=\"mark\" value=\"").expect("a button").1.split('"').next().expect("a value");
    let form = visitor.get(&format!("/returns?mark={mark}")).await;
    form.says(&["Total of the sales return in Accurate (Rp)", "The amount of this return is not known"]);
    assert!(form.html.contains(
        "name=\"amount\" inputmode=\"decimal\" autocomplete=\"off\" aria-describedby=\"about-amount\" required"
    ));
    let of_row = |amount: &'static str| {
        [
            ("decision", "by_hand"),
            ("source", "shopee"),
            ("id", "return-2"),
            ("document", "RJN-2"),
            ("reason", "counted on Friday"),
            ("amount", amount),
        ]
    };
    for (amount, words) in [
        ("", "The total is missing, and nothing here says what it is now."),
        ("90000", "Rp90.000 is more than the Rp80.000 of the invoice that no other return has taken off."),
        ("forty", "“forty” is not a total above 0. Enter it as 75.000 or 75000."),
        ("0", "“0” is not a total above 0."),
    ] {
        let refused = visitor.post("/returns/decision", &of_row(amount)).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{amount}");
        refused.says(&[words]);
    }
    visitor.post("/returns/decision", &of_row("Rp40.000")).await.goes_to("/returns?done=row_by_hand");
    visitor.get("/returns").await.says(&["Booked by hand as RJN-2, Rp40.000 (operator"]);
    service.get_until("/v1/orders/2", |order| order["settlement"]["owed"] == 40_000).await;
    visitor.get("/orders/2").await.says(&["Sales return RJN-2", "booked by hand", "-Rp40.000", "Rp40.000"]);
    let row = &service.get("/v1/returns").await.json()["returns"][0];
    assert_eq!((&row["by_hand"]["amount"], &row["amount"]), (&json!(40_000), &json!(40_000)));
    let file = visitor.get("/returns/export?format=csv").await;
    assert!(file.html.contains("return-2,N2,2,8277,2023-12-07,40000,"), "{}", file.html);

    // The API names the field, the value and the remedy.
    for (amount, words) in [
        (
            json!(null),
            "amount: is missing, and nothing here says how much this return takes off the invoice now; give the total",
        ),
        (json!(90_000), "amount: 90000 is more than the 80000 of the invoice that no other return has taken off"),
        (json!(0.000_000_1), "has more than 6 decimal places; round it to at most 6"),
        (json!(-1), "amount: -1 is not above 0"),
    ] {
        let (_, detail) = decides(&service, "/v1/returns/decision", "by_hand", &amount).await;
        assert!(detail.contains(words), "{amount}: {detail}");
    }
    for (path, decision) in [("/v1/payouts/decision", "by_hand"), ("/v1/returns/decision", "none")] {
        let (status, detail) = decides(&service, path, decision, &json!(1)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(detail.starts_with("amount: only a return that is booked by hand has one"), "{detail}");
    }
    let mut indonesian = Visitor::operator(&service).await.with("accept-language", "id");
    indonesian.get("/returns").await.says(&["Dibukukan manual sebagai RJN-2, Rp40.000"]);
}

/// A decision about return 2 over the API: the status and what the answer says.
async fn decides(service: &Service, path: &str, decision: &str, amount: &Value) -> (StatusCode, String) {
    let headers =
        [("authorization", format!("Bearer {OPERATOR_TOKEN}")), ("content-type", "application/json".to_owned())];
    let id = if path.contains("payouts") { "row-1" } else { "return-2" };
    let mut body = json!({"source": "shopee", "id": id, "decision": decision, "reason": "r", "document": "RJN-2"});
    if !amount.is_null() {
        body["amount"] = amount.clone();
    }
    let answer = service.ask(Method::POST, path, &headers, body.to_string().into_bytes()).await;
    (answer.status, answer.json()["detail"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sum_of_returns_that_wait_is_what_approving_all_of_them_books() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let mapping = std::fs::read_to_string(home.path("mapping.toml")).expect("the mapping of the samples");
    home.write("mapping.toml", &format!("{mapping}\n[returns]\nmode = \"approve\"\n"));
    let service = home.serve().await;
    a_week_of_payouts(&service).await;
    let whole = |id: &str, number: &str| {
        json!({"source": "shopee", "id": id, "store_id": "8277", "channel_order_id": number,
               "accepted_at": "2023-12-06", "received_at": "2023-12-07", "goods": "returned"})
    };
    // A return without a refund, and one more of an order that goes back as a whole already.
    sends(&service, "/v1/returns", json!([whole("return-2", "N2"), whole("return-3", "N3")])).await;
    let all_wait = |page: &Value| {
        let rows = page["returns"].as_array().expect("a list");
        rows.len() == 3 && rows.iter().all(|row| row["waits_for"]["what"] == "approval")
    };
    service.get_until("/v1/returns", all_wait).await;
    let mut visitor = Visitor::operator(&service).await.with("accept-language", "en");
    let sentence = "3 returns wait for approval, Rp160.000 in total, not counting 1 of an amount not yet known.";
    let page = visitor.get("/returns?show=approval").await;
    page.says(&[sentence, "Waiting for approval 3 at least Rp160.000", "Rp80.000", "not known yet"]);
    visitor.get("/returns?show=approval&form=approve_all").await.says(&[sentence]);
    visitor.get("/").await.says(&["3 returns wait for approval (1 of an amount not yet known)", "Rp160.000"]);
    let mut indonesian = Visitor::operator(&service).await.with("accept-language", "id");
    let page = indonesian.get("/returns").await;
    page.says(&["3 retur menunggu persetujuan, total Rp160.000, belum termasuk 1 yang nominalnya belum diketahui."]);
}
