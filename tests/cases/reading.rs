//! Times, amounts, ids and bytes in the forms in which senders write them.

use forstok_accurate::{
    domain::reason::{Reason, Warning},
    sandbox::samples::MAPPING,
};
use serde_json::{Value, json};

use super::{a_world, a_world_with, cancelling::changed, case, mapping_with};

#[tokio::test]
async fn times_in_rubys_words_and_unix_times_are_read() {
    for (body, id) in [(&case!("f06a-time-ruby")[..], "990051"), (&case!("f06b-time-epoch")[..], "990052")] {
        let mut world = a_world().await;
        world.takes(body).await;
        assert_eq!(world.state(id).await, "invoiced");
        assert_eq!(world.only_invoice().1, "2024-02-01", "not the day on which it arrived");
        assert!(!world.is_warned(id, Warning::TimeUnreadable).await);
    }
}

#[tokio::test]
async fn an_old_order_is_before_the_start_however_its_time_is_written() {
    let mut world = a_world_with(&format!("orders_from = \"2024-03-01\"\n{MAPPING}")).await;
    world.advance(900 * 86_400);
    world.takes(case!("f06c-old-order-before-start")).await;
    assert_eq!(world.state("990053").await, "ignored: before_start");
    let unreadable = changed(case!("f06c-old-order-before-start"), "ordered_at", json!("kemarin"));
    world.takes(changed(unreadable.as_bytes(), "id", json!(990_054))).await;
    assert_eq!(world.state("990054").await, "blocked: time_unreadable");
}

#[tokio::test]
async fn a_time_that_cannot_be_read_blocks_only_where_it_is_needed() {
    let body = changed(case!("f06a-time-ruby"), "updated_at", json!("kemarin"));
    let mut world = a_world().await;
    world.takes(&body).await;
    assert_eq!(world.state("990051").await, "blocked: time_unreadable");
    assert!(!world.is_warned("990051", Warning::TimeUnreadable).await, "once is enough");
    // A later snapshot has a readable time: the order continues, and a warning says that the date may be wrong.
    let later = changed(case!("f06a-time-ruby"), "status", json!("Shipped"));
    world.takes(changed(later.as_bytes(), "updated_at", json!("2024-02-02 09:00:00 +0700"))).await;
    assert_eq!(world.state("990051").await, "invoiced");
    assert_eq!(world.only_invoice().1, "2024-02-02");
    assert!(world.is_warned("990051", Warning::TimeUnreadable).await);

    let mapping = mapping_with("invoice_date = \"trigger\"", "invoice_date = \"ordered\"");
    let mut world = a_world_with(&mapping).await;
    world.takes(&body).await;
    assert_eq!(world.state("990051").await, "invoiced");
    assert!(world.is_warned("990051", Warning::TimeUnreadable).await);
    assert!(world.timeline("990051").await.contains("kemarin"));
}

#[tokio::test]
async fn an_invoice_that_is_dated_by_its_arrival_says_so() {
    let body = case!("f06a-time-ruby");
    let mut missing: Value = serde_json::from_slice(body).expect("JSON");
    missing["order"].as_object_mut().expect("an object").remove("updated_at");
    let absent = [json!(null), json!(""), json!("0001-01-01T00:00:00Z")].map(|time| changed(body, "updated_at", time));
    for body in absent.into_iter().chain([missing.to_string()]) {
        let mut world = a_world().await;
        world.takes(&body).await;
        assert_eq!(world.state("990051").await, "invoiced", "{body}");
        assert_eq!(world.only_invoice().1, "2024-02-04", "the day on which it arrived");
        let timeline = world.timeline("990051").await;
        assert!(timeline.contains("Forstok gives no time of the change; arrived on 04/02/2024"), "{timeline}");
        // The warning stays while the invoice does, and is not repeated.
        let shipped = changed(body.as_bytes(), "status", json!("Shipped"));
        world.takes(&shipped).await;
        let warnings = world.warnings("990051").await;
        assert_eq!(warnings.iter().filter(|warning| **warning == Warning::DatedByArrival).count(), 1, "{warnings:?}");
        let timeline = world.timeline("990051").await;
        assert_eq!(timeline.matches("Forstok gives no time of the change").count(), 1, "{timeline}");
    }
    // An order that says when it was placed needs no other time, if that dates the invoice.
    let mut world = a_world_with(&mapping_with("invoice_date = \"trigger\"", "invoice_date = \"ordered\"")).await;
    world.takes(missing.to_string()).await;
    assert_eq!(world.state("990051").await, "invoiced");
    assert!(!world.is_warned("990051", Warning::DatedByArrival).await);
}

#[tokio::test]
async fn a_time_in_the_year_9999_counts_as_its_arrival() {
    let mut world = a_world().await;
    world.takes(changed(case!("f06a-time-ruby"), "updated_at", json!("9999-12-31T23:59:59+07:00"))).await;
    assert_eq!(world.state("990051").await, "invoiced");
    assert_eq!(world.only_invoice().1, "2024-02-04", "the day on which it arrived");
    assert!(world.is_warned("990051", Warning::TimeInFuture).await);
    // It does not fix the amounts: a snapshot newer than its arrival counts.
    world.advance(86_400);
    let newer = changed(case!("f06a-time-ruby"), "updated_at", json!("2024-02-05T08:00:00+07:00"));
    world.takes(changed(newer.as_bytes(), "warehouse_id", json!(835))).await;
    assert!(world.is_warned("990051", Warning::ChangedAfterInvoice).await);
    assert!(!world.is_warned("990051", Warning::TimeInFuture).await);
}

#[tokio::test]
async fn ten_dot_zero_zero_zero_is_neither_ten_nor_ten_thousand_rupiah() {
    let mut world = a_world().await;
    world.takes(case!("f07-thousands-dot")).await;
    assert_eq!(world.state("990061").await, "blocked: amount_unreadable");
    let findings = world.findings("990061").await;
    assert!(findings.iter().all(|finding| finding.reason == Reason::AmountUnreadable), "{findings:?}");
    assert_eq!(findings.len(), 2, "the price and the total");
    // Corrected in Forstok, the order continues.
    let mut corrected: Value = serde_json::from_slice(case!("f07-thousands-dot")).expect("JSON");
    corrected["order"]["item_lines"][0]["price"] = json!("10000");
    corrected["order"]["total_price"] = json!("10000.00");
    corrected["order"]["updated_at"] = json!("2024-02-01T09:05:00+07:00");
    world.takes(corrected.to_string()).await;
    assert_eq!(world.state("990061").await, "invoiced");
    assert_eq!(world.only_invoice().0, "10000");
}

#[tokio::test]
async fn an_amount_that_cannot_be_read_is_only_a_warning_where_the_invoice_does_not_need_it() {
    let mut world = a_world().await;
    world.takes(changed(case!("f07-thousands-dot"), "status", json!("Open"))).await;
    assert_eq!(world.state("990061").await, "watching");
    assert!(world.is_warned("990061", Warning::AmountUnreadable).await);

    // Shipping that the marketplace pays, a price next to a sale price, a voucher after another one.
    let mut body: Value = serde_json::from_slice(case!("f04a-order")).expect("JSON");
    body["order"]["shipping_price"] = json!("9.000");
    body["order"]["discount_amount"] = json!(1000);
    body["order"]["voucher_seller"] = json!("?");
    body["order"]["total_price"] = json!(79_000);
    body["order"]["item_lines"][0]["sale_price"] = json!(80_000);
    body["order"]["item_lines"][0]["price"] = json!("90.000");
    world.takes(body.to_string()).await;
    assert_eq!(world.state("990031").await, "invoiced");
    assert_eq!(world.only_invoice().0, "79000");
    let warned = world.warnings("990031").await;
    assert_eq!(warned.iter().filter(|warning| **warning == Warning::AmountUnreadable).count(), 3, "{warned:?}");

    for (key, value) in [("cashless", json!(false)), ("discount_amount", json!(0))] {
        let mut world = a_world().await;
        world.takes(changed(body.to_string().as_bytes(), key, value)).await;
        assert_eq!(world.state("990031").await, "blocked: amount_unreadable", "{key}");
    }
}

#[tokio::test]
async fn half_a_surrogate_pair_and_a_byte_order_mark_still_give_an_order() {
    let in_name = String::from_utf8_lossy(case!("f09-lone-surrogate-in-note")).replace("Sepatu", "Sepatu \\ude00");
    for (body, id) in [
        (case!("f09-lone-surrogate-in-note").to_vec(), "990081"),
        (in_name.into_bytes(), "990081"),
        (case!("f10-bom").to_vec(), "990091"),
    ] {
        let mut world = a_world().await;
        world.takes(body).await;
        assert_eq!(world.state(id).await, "invoiced");
    }
}

#[tokio::test]
async fn ids_that_are_written_as_floats_are_the_ids() {
    let as_texts = String::from_utf8_lossy(case!("f12-float-ids"));
    let as_texts = ["990111.0", "8277.0", "834.0"]
        .iter()
        .fold(as_texts.into_owned(), |body, id| body.replace(id, &format!("\"{id}\"")));
    for body in [case!("f12-float-ids").to_vec(), as_texts.into_bytes()] {
        let mut world = a_world().await;
        world.takes(body).await;
        assert_eq!(world.state("990111").await, "invoiced");
        assert_eq!(world.order("990111").await.store_id, "8277");
    }
}

#[tokio::test]
async fn a_bundle_part_without_a_sku_is_named_with_its_bundle_and_a_remedy_that_can_help() {
    let mut world = a_world().await;
    world.takes(case!("f14-bundle-child-without-sku")).await;
    assert_eq!(world.state("990131").await, "blocked: sku_empty");
    let about = world.about(&world.findings("990131").await[0]);
    assert!(about.contains("Anak") && about.contains("Paket (PKT-1)"), "{about}");
    assert!(!about.contains("16000001"), "a part has no variant: {about}");
    let mut corrected: Value = serde_json::from_slice(case!("f14-bundle-child-without-sku")).expect("JSON");
    corrected["order"]["item_lines"][0]["bundle_info"][0]["sku"] = json!("AAA2002");
    corrected["order"]["item_lines"][0]["sku"] = json!("AAA2002");
    corrected["order"]["updated_at"] = json!("2024-02-01T09:05:00+07:00");
    world.takes(corrected.to_string()).await;
    assert_eq!(world.state("990131").await, "invoiced");
}

#[tokio::test]
async fn a_price_or_a_discount_below_zero_is_to_be_corrected_in_forstok() {
    for (key, value) in [("sale_price", json!(-5)), ("price", Value::Null)] {
        let mut body: Value = serde_json::from_slice(case!("f04a-order")).expect("JSON");
        body["order"]["item_lines"][0][key] = value;
        let mut world = a_world().await;
        world.takes(body.to_string()).await;
        assert_eq!(world.state("990031").await, "blocked: amount_unreadable", "{key}");
    }
    let mut world = a_world().await;
    world.takes(changed(case!("f04a-order"), "discount_amount", json!(-1000))).await;
    assert_eq!(world.state("990031").await, "blocked: amount_unreadable");
}
