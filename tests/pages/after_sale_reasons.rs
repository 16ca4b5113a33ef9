//! What the pages say of payouts and returns that cannot be booked: why, and what to do.

use serde_json::{Value, json};

use super::{
    after_sale::{becomes, payout, sends},
    visitor::Visitor,
};
use crate::{
    forstok::{order, sample},
    service::{Home, accurate},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_payout_without_an_order_says_how_it_finds_one() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let mut visitor = Visitor::operator(&service).await.with("accept-language", "en");
    let of_any_store =
        json!({"source": "shopee", "id": "1", "channel_order_id": "N1", "paid_at": "2023-12-05", "net": 1});
    let of_no_order = payout("4711", "", 94_500, &json!({}));
    sends(&service, "/v1/payouts", json!([of_any_store, payout("2", "N1", 1, &json!({})), of_no_order])).await;
    let page = visitor.get("/payouts").await;
    page.says(&["No order has this number.", "No order of this store has this number."]);
    page.says(&["No order", "4711", "Book the money in Accurate, then mark the row as done by hand."]);
    let mark =
        [("decision", "by_hand"), ("source", "shopee"), ("id", "4711"), ("document", "KM-1"), ("reason", "as said")];
    visitor.post("/payouts/decision", &mark).await.goes_to("/payouts?done=row_by_hand");
    visitor.get("/payouts").await.says(&["Booked by hand as KM-1 (operator"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_of_two_orders_is_named_as_the_reason_with_what_to_do() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let mut visitor = Visitor::operator(&service).await.with("accept-language", "en");
    for store in [8277, 7475] {
        let mut order = order(store);
        order["order"]["store_id"] = json!(store);
        for number in ["local_id", "local_name"] {
            order["order"][number] = json!("SAME");
        }
        service.send(&order).await;
    }
    for id in ["8277", "7475"] {
        service.get_until(&format!("/v1/orders/{id}"), |order| order["channel_order_id"] == "SAME").await;
    }
    let row = json!({"source": "shopee", "id": "1", "channel_order_id": "SAME", "paid_at": "2023-12-05", "net": 1});
    sends(&service, "/v1/payouts", json!([row])).await;
    visitor
        .get("/payouts")
        .await
        .says(&["Several orders have this number, and the row names no store.", "same number"]);
    let listed = service.get("/v1/payouts").await.json();
    let row = &listed["payouts"][0];
    assert_eq!(row["sentence"], "Several orders have this number, and the row names no store.");
    assert_eq!(row["remedy"], "Import the file, or send the row, again with Forstok's store id.");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_says_why_something_is_owed_although_all_products_were_returned() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let mapping = std::fs::read_to_string(home.path("mapping.toml")).expect("readable");
    std::fs::write(home.path("mapping.toml"), format!("{mapping}\n[returns]\nmode = \"auto\"\n")).expect("written");
    let service = home.serve().await;
    let mut visitor = Visitor::operator(&service).await.with("accept-language", "en");
    let body = sample("06-not-cashless-shipping").json();
    service.send(&body).await;
    let order = &body["order"];
    let id = order["id"].to_string();
    service.order_once(&id, "invoiced").await;
    let lines = order["item_lines"].as_array().expect("lines");
    let pieces: Vec<_> = lines.iter().map(|line| json!({"sku": line["sku"], "quantity": 1})).collect();
    let record = |id: &str, goods: &str, refund: Value, pieces: &[Value]| {
        json!([{"source": "shopee", "id": id, "store_id": order["store_id"].to_string(),
            "channel_order_id": order["local_name"], "accepted_at": "2023-12-16", "received_at": "2023-12-17",
            "goods": goods, "refund": refund, "pieces": pieces}])
    };
    sends(&service, "/v1/returns", record("return-1", "kept", json!(0), &[])).await;
    service.get_until("/v1/returns", |returns| returns["returns"][0]["state"] == "settled").await;
    visitor.get("/returns").await.says(&["got no money back, so there is nothing to book."]);
    let answer = sends(&service, "/v1/returns", record("return-2", "returned", Value::Null, &pieces)).await;
    assert_eq!(answer["rows"][0]["outcome"], "accepted", "{answer}");
    let are_settled = |returns: &Value| {
        let rows = returns["returns"].as_array().expect("rows");
        rows.len() == 2 && rows.iter().all(|row| row["state"] == "settled")
    };
    service.get_until("/v1/returns", are_settled).await;
    let page = visitor.get(&format!("/orders/{id}")).await;
    page.says(&["Still owed", "All products were returned. The shipping on the invoice,"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_return_without_an_order_is_listed_on_today() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let mut visitor = Visitor::operator(&service).await.with("accept-language", "en");
    let record = json!([{"source": "shopee", "id": "return-1", "store_id": "8277", "channel_order_id": "GAKADA",
        "accepted_at": "2023-12-06", "goods": "returned", "refund": 80_000}]);
    sends(&service, "/v1/returns", record).await;
    for path in ["/", "/problems"] {
        visitor.get(path).await.says(&["1 return whose order is not found"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payout_without_an_account_names_the_field_that_lacks_it() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let mapping = std::fs::read_to_string(home.path("mapping.toml")).expect("readable");
    let kept: Vec<_> = mapping.lines().filter(|line| !line.trim_start().starts_with("fulfillment_fee")).collect();
    std::fs::write(home.path("mapping.toml"), kept.join("\n")).expect("written");
    let service = home.serve().await;
    let mut visitor = Visitor::operator(&service).await.with("accept-language", "id");
    service.send(&order(1)).await;
    service.order_once("1", "invoiced").await;
    let row = payout("row-1", "N1", 75_000, &json!({"subtotal": 80_000, "XTRA": -5_000}));
    sends(&service, "/v1/payouts", json!([row])).await;
    becomes(&service, "row-1", "blocked").await;
    let fields = visitor.get("/payouts").await.fields_of("assign");
    let fill = |(name, value): &(String, String)| {
        (name.clone(), if name == "fee:XTRA" { "fulfillment_fee".to_owned() } else { value.clone() })
    };
    let fields: Vec<_> = fields.iter().map(fill).collect();
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    visitor.post("/payouts/fees", &fields).await.goes_to("/payouts?done=fees_lack_account");
    let named = |rows: &Value| rows["payouts"][0]["reason"] == "account_unmapped";
    service.get_until("/v1/payouts", named).await;
    let page = visitor.get("/payouts?done=fees_lack_account").await;
    page.says(&["Belum semua kategori memiliki akun", "belum ada akun Biaya fulfillment.", "Akun yang diperlukan"]);
    page.says(&["Biaya fulfillment -\u{2060}Rp5.000 belum memiliki akun perkiraan"]);
    assert!(page.html.contains("href=\"/mapping#field-accounts-fulfillment-fee\""), "{}", page.html);
    let mapping = visitor.get("/mapping").await;
    assert!(mapping.html.contains("id=\"field-accounts-fulfillment-fee\""), "the link leads to the field");
    assert!(!page.text().contains("Pajak yang dipotong · belum ada akun"), "{}", page.text());
}
