//! Changes of the mapping while the service runs.

use forstok_accurate::sandbox::Options;
use reqwest::Method;
use serde_json::json;

use super::{apply, with_store};
use crate::{
    forstok::order,
    service::{Home, OPERATOR_TOKEN, accurate, accurate_with, mapping},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_applied_from_the_command_line_unblocks_an_order_without_restart() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = home.serve().await;
    let mut body = order(1);
    body["order"]["store_id"] = json!(4711);
    service.send(&body).await;
    let blocked = service.order_once("1", "blocked").await;
    assert_eq!(blocked["reason"], "store_unmapped");
    assert_eq!(apply(&home, &with_store("4711")).code, Some(0));
    let invoiced = service.order_once("1", "invoiced").await;
    assert_eq!(invoiced["draft"]["customerNo"], "4711");
    assert_eq!(accurate.sandbox().invoice_count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_put_over_the_api_works_at_once_and_leaves_invoiced_orders_alone() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    service.send(&order(1)).await;
    service.order_once("1", "invoiced").await;
    let mut waits = order(2);
    waits["order"]["item_lines"][0]["sku"] = json!("");
    waits["order"]["item_lines"][0]["variant_id"] = json!(16_000_012);
    service.send(&waits).await;
    assert_eq!(service.order_once("2", "blocked").await["reason"], "sku_empty");

    let mut mapping = service.get("/v1/mapping").await.json()["mapping"].clone();
    mapping["skus"]["variant:16000012"] = json!("KAOS-M");
    mapping["stores"]["8277"]["customer_no"] = json!("OTHER");
    let headers = [("authorization", format!("Bearer {OPERATOR_TOKEN}")), ("if-match", "\"1\"".to_owned())];
    let put = service.ask(Method::PUT, "/v1/mapping", &headers, mapping.to_string().into_bytes()).await;
    assert_eq!(put.status, 200, "{}", put.text);
    let continued = service.order_once("2", "invoiced").await;
    assert_eq!(continued["draft"]["detailItem"][0]["itemNo"], "KAOS-M");
    assert_eq!(continued["draft"]["customerNo"], "OTHER");
    let untouched = service.get("/v1/orders/1").await.json();
    assert_eq!(untouched["draft"]["customerNo"], "8277", "{untouched}");
    assert_eq!(accurate.sandbox().invoices_numbered("N1")[0].customer_no, "8277");
    assert_eq!(accurate.sandbox().invoice_count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn warnings_are_filtered_counted_and_shown_in_the_readers_language() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    service.send(&order(1)).await;
    service.order_once("1", "invoiced").await;
    let mut odd = order(2);
    odd["order"]["total_price"] = json!(79_000);
    service.send(&odd).await;
    service.order_once("2", "invoiced").await;

    for (warning, ids) in [("customer_created", ["1"].as_slice()), ("total_difference", &["2"]), ("name_cut", &[])] {
        let page = service.get(&format!("/v1/orders?warning={warning}")).await.json();
        let shown: Vec<_> = page["orders"].as_array().expect("a list").iter().map(|order| &order["order_id"]).collect();
        assert_eq!(shown, ids.iter().map(|id| json!(id)).collect::<Vec<_>>().iter().collect::<Vec<_>>(), "{warning}");
    }
    let detail = service.get("/v1/orders?warning=bad_mood").await.problem(400, "bad_request");
    assert!(detail.contains("changed_after_invoice"), "{detail}");
    let metrics = service.get("/metrics").await.text;
    for line in [
        "forstok_accurate_warned_orders{warning=\"customer_created\"} 1",
        "forstok_accurate_warned_orders{warning=\"total_difference\"} 1",
    ] {
        assert!(metrics.lines().any(|known| known == line), "{line} is missing in\n{metrics}");
    }

    let told = async |language: &str| {
        let headers = [("authorization", format!("Bearer {OPERATOR_TOKEN}")), ("accept-language", language.to_owned())];
        service.ask(Method::GET, "/v1/orders/2", &headers, Vec::new()).await.json()["notices"][0].clone()
    };
    assert_eq!(told("id-ID,id;q=0.9,en;q=0.8").await["sentence"], "Total faktur berbeda dengan total pesanan.");
    assert_eq!(told("en-GB").await["sentence"], "The invoice's total differs from the order's.");
    assert_eq!(told("fr").await["code"], "total_difference");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_books_have_their_own_credentials_and_their_own_pause() {
    let main = accurate().await;
    let (token, secret) = ("token-of-toko", "secret-of-toko");
    let toko = accurate_with(Options {
        api_token: token.to_owned(),
        signature_secret: secret.to_owned(),
        ..Options::with_sample_masters()
    })
    .await;
    let settings = format!(
        r#"
        [server]
        listen = "127.0.0.1:0"
        operator_token = "{OPERATOR_TOKEN}"
        [forstok.webhook]
        scheme = "hmac-sha256"
        secrets = ["secret-of-the-webhook"]
        [books.main]
        account_url = "{}"
        api_token = "sandbox-token"
        signature_secret = "sandbox-secret"
        [books.toko]
        account_url = "{}"
        api_token = "{token}"
        signature_secret = "{secret}"
        [mapping]
        file = "mapping.toml"
        "#,
        main.url(),
        toko.url()
    );
    let home = Home::with_settings(&settings);
    let mapping = mapping().replace("[stores.\"9001\"]", "[stores.\"9001\"]\nbook = \"toko\"");
    std::fs::write(home.path("mapping.toml"), mapping).expect("the folder takes files");
    main.sandbox().revoke_token();
    let service = home.serve().await;
    for id in 1..=6 {
        let mut body = order(id);
        body["order"]["store_id"] = json!(if id % 2 == 0 { 9001 } else { 8277 });
        service.send(&body).await;
    }
    for id in ["2", "4", "6"] {
        assert_eq!(service.order_once(id, "invoiced").await["book"], "toko");
    }
    let ready = service.get_until("/readyz", |ready| ready["books"]["main"]["state"] == "paused").await;
    assert_eq!(ready["books"]["toko"]["state"], "ok", "{ready}");
    assert_eq!((main.sandbox().invoice_count(), toko.sandbox().invoice_count()), (0, 3));
    main.sandbox().restore_token();
    for id in ["1", "3", "5"] {
        assert_eq!(service.order_once(id, "invoiced").await["book"], "main");
    }
    assert_eq!((main.sandbox().invoice_count(), toko.sandbox().invoice_count()), (3, 3));
}
