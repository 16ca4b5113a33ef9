//! Changes of warehouses, stores and statuses, and the sizes of orders.

use std::time::Instant;

use forstok_accurate::{
    domain::{reason::Language, reason::Warning},
    storage::State,
};
use serde_json::{Value, json};

use super::{a_world, case};
use crate::world::{World, order};

#[tokio::test]
async fn an_order_that_changes_its_warehouse_after_invoicing_is_warned_about() {
    let mut world = a_world().await;
    world.takes(case!("f05a-order")).await;
    assert_eq!((world.state("990041").await.as_str(), world.warnings("990041").await.len()), ("invoiced", 1));
    world.takes(case!("f05b-warehouse-changed")).await;
    assert_eq!(world.state("990041").await, "invoiced");
    let changed = about(&world, "990041", Warning::ChangedAfterInvoice).await;
    assert!(changed.contains("834") && changed.contains("835"), "{changed}");
}

#[tokio::test]
async fn an_order_that_changes_its_store_after_invoicing_is_warned_about() {
    let mut world = a_world().await;
    world.takes(case!("f05a-order")).await;
    let mut moved: Value = serde_json::from_slice(case!("f05b-warehouse-changed")).expect("JSON");
    moved["order"]["warehouse_id"] = json!(834);
    moved["order"]["store_id"] = json!(7475);
    world.takes(moved.to_string()).await;
    let changed = about(&world, "990041", Warning::ChangedAfterInvoice).await;
    assert!(changed.contains("8277") && changed.contains("7475"), "{changed}");
    // A value that Forstok omits is not a change.
    moved["order"]["store_id"] = json!(8277);
    moved["order"]["warehouse_id"] = Value::Null;
    moved["order"]["updated_at"] = json!("2024-02-01T11:00:00+07:00");
    world.takes(moved.to_string()).await;
    assert!(!world.is_warned("990041", Warning::ChangedAfterInvoice).await);
}

#[tokio::test]
async fn a_status_that_nobody_knows_is_warned_about_and_changes_nothing() {
    let mut world = a_world().await;
    world.takes(case!("f11a-order")).await;
    let invoices = world.accurate.invoices();
    let mut unknown: Value = serde_json::from_slice(case!("f11a-order")).expect("JSON");
    unknown["order"]["status"] = json!("Teleported");
    unknown["order"]["updated_at"] = json!("2024-02-01T10:00:00+07:00");
    unknown["order"]["total_price"] = json!(1);
    world.takes(unknown.to_string()).await;
    assert_eq!(world.state("990101").await, "invoiced");
    assert_eq!(world.accurate.invoices(), invoices);
    assert!(about(&world, "990101", Warning::UnknownStatus).await.contains("Teleported"));
    assert!(!world.is_warned("990101", Warning::ChangedAfterInvoice).await);
    let counts = world.storage.warning_counts().await.expect("readable");
    assert!(counts.contains(&(Warning::UnknownStatus, 1)), "{counts:?}");
    assert!(world.timeline("990101").await.contains("Teleported"));
}

#[tokio::test]
async fn an_order_seen_only_with_an_unknown_status_is_watched_with_the_warning() {
    let mut world = a_world().await;
    let mut unknown: Value = serde_json::from_slice(case!("f11a-order")).expect("JSON");
    unknown["order"]["status"] = json!("Teleported");
    world.takes(unknown.to_string()).await;
    assert_eq!(world.state("990101").await, "watching");
    assert!(world.is_warned("990101", Warning::UnknownStatus).await);
}

#[tokio::test]
async fn an_order_of_2200_pieces_is_invoiced() {
    let mut world = a_world().await;
    let mut body = order("7").ready_to_ship().body_json();
    let line = body["order"]["item_lines"][0].clone();
    let price = line["price"].to_string().trim_matches('"').parse::<f64>().expect("a price") as i64;
    body["order"]["item_lines"] = vec![line; 2_200].into();
    body["order"]["total_price"] = json!(price * 2_200);
    assert!(body.to_string().len() > 1024 * 1024, "it is as large as the one that got lost");
    world.takes(body.to_string()).await;
    assert_eq!(world.state("7").await, "invoiced");
    assert_eq!(world.only_invoice().0, (price * 2_200).to_string());
}

/// Comparing each line with every previous one took 3.7 s for this many.
#[tokio::test]
async fn tens_of_thousands_of_different_lines_are_decided_about_in_linear_time() {
    let mut took = Vec::new();
    for (count, id) in [(4_000, "8"), (32_000, "9")] {
        let mut world = a_world().await;
        let mut body = order(id).ready_to_ship().body_json();
        let line = |nth: usize| json!({"sku": format!("S{nth}"), "name": "x", "price": 1});
        body["order"]["item_lines"] = (0..count).map(line).collect();
        body["order"]["total_price"] = json!(count);
        world.arrives(body.to_string()).await;
        let began = Instant::now();
        world.decide_all().await;
        took.push(began.elapsed());
        assert_eq!(world.order(id).await.state, State::Due);
    }
    // Eight times as many lines may take eight times as long; comparing each line with every other one would take 64
    // times as long.
    assert!(took[1] < took[0] * 30, "{took:?}");
}

/// The subject of an order's warning.
async fn about(world: &World, id: &str, warning: Warning) -> String {
    let warnings = world.order(id).await.warnings;
    let found = warnings.iter().find(|notice| notice.warning == warning);
    found.unwrap_or_else(|| panic!("{warning} is not among {warnings:?}")).about.in_words(Language::English)
}
