//! Products and warehouses that orders contain.

use forstok_accurate::{
    domain::{mapping::Bundles, reason::Reason},
    storage::SkuInStore,
};
use serde_json::{Value, json};

use crate::{
    storage::record,
    world::{Base, Order, World, order},
};

/// An order with these SKUs, each for a product of the same name.
fn with_skus(id: &str, skus: &[&str]) -> Order {
    let first = order(id).body_json()["order"]["item_lines"][0].clone();
    let line = |sku: &&str| {
        let mut line = first.clone();
        line["sku"] = json!(sku);
        line["name"] = json!(format!("Name of {sku}"));
        line
    };
    order(id).open().with("item_lines", skus.iter().map(line).collect::<Value>())
}

async fn skus(world: &World) -> Vec<String> {
    let seen = world.storage.seen_skus("", 100).await.expect("readable");
    seen.into_iter().map(|one| one.sku).collect()
}

pub(crate) async fn what_orders_contain_is_noted_once_per_product_store_and_warehouse(base: Base) {
    let world = World::on(base).await;
    record(
        &world,
        &[with_skus("1", &["B", "A", "B"]), with_skus("2", &["A"]).store(7600), with_skus("3", &["a\u{200b}"])],
    )
    .await;
    record(&world, &[with_skus("4", &["A", " C ", "\0", "x'); DROP TABLE orders; --"])]).await;
    // A later status of an order that was seen already.
    record(&world, &[with_skus("1", &["B", "A", "B"]).ready_to_ship()]).await;
    let seen = skus(&world).await;
    assert_eq!(seen, ["A", "B", "C", "a\u{200b}", "x'); DROP TABLE orders; --", "\u{fffd}"]);
    let rest = world.storage.seen_skus("B", 2).await.expect("readable");
    assert_eq!(rest.iter().map(|one| one.sku.as_str()).collect::<Vec<_>>(), ["C", "a\u{200b}"]);

    let in_stores = world.storage.seen_skus_in_stores("", 100).await.expect("readable");
    let of_a = in_stores.into_iter().filter(|one| one.sku == "A");
    let in_store = |store_id: &str| SkuInStore { sku: "A".to_owned(), store_id: store_id.to_owned() };
    assert_eq!(of_a.collect::<Vec<_>>(), [in_store("7600"), in_store("8277")]);

    record(&world, &[order("5").open().with("warehouse_id", json!(835)).with("warehouse_code", json!("GDG-B"))]).await;
    let warehouses = world.storage.seen_warehouses(100).await.expect("readable");
    let shown: Vec<_> = warehouses.iter().map(|one| (&*one.id, &*one.store_id, &*one.code)).collect();
    assert_eq!(shown, [("834", "7600", ""), ("834", "8277", ""), ("835", "8277", "GDG-B")]);
}

pub(crate) async fn a_product_is_brought_up_to_date_by_later_orders(base: Base) {
    let mut world = World::on(base).await;
    let first_at = world.clock_now();
    record(&world, &[order("1").open().sku("A").name("Old name")]).await;
    let storage = world.storage.clone();
    let product = async || storage.seen_skus("", 1).await.expect("readable").remove(0);
    let seen = product().await;
    assert_eq!((seen.first_at, seen.last_at), (first_at, first_at));
    assert!(seen.name.starts_with("Old name") && seen.uses.are_invoiced(Bundles::Parent), "{seen:?}");

    world.advance(60);
    record(&world, &[order("2").open().sku("A").name("New name")]).await;
    assert_eq!(product().await, seen, "orders of the same hour change nothing");

    world.advance(3_600);
    record(&world, &[order("3").open().sku("A").name("New name")]).await;
    let again = product().await;
    assert!(again.name.starts_with("New name"), "{again:?}");
    assert_eq!((again.first_at, again.last_at), (first_at, world.clock_now()));

    // Contained in a bundle for the first time: that counts at once.
    let mut bundle = order("4").open().sku("SET").body_json()["order"]["item_lines"][0].clone();
    bundle["bundle_info"] = json!([{"sku": "A", "name": "Part", "qty": 1, "subtotal": 1}]);
    record(&world, &[order("4").open().with("item_lines", json!([bundle]))]).await;
    assert_eq!(product().await.uses.number(), 5);
}

pub(crate) async fn orders_that_wait_are_counted_by_what_they_wait_for(base: Base) {
    let mut world = World::on(base).await;
    for (id, sku) in [("1", "BARU-01"), ("2", "BARU-01"), ("3", "BARU-02"), ("4", "AAA2002"), ("5", "")] {
        world.forstok_sends(order(id).ready_to_ship().sku(sku)).await;
    }
    world.run_until_settled().await;
    let mut blocked = world.storage.blocked_by_subject(Reason::ItemNotFound).await.expect("readable");
    blocked.sort_by(|(one, _), (other, _)| one.cmp(other));
    let counted: Vec<_> = blocked.iter().map(|(subject, sums)| (subject.as_str(), sums.orders)).collect();
    assert_eq!(counted, [("BARU-01", 2), ("BARU-02", 1)]);
    assert_eq!(blocked[0].1.hundredths, 2 * blocked[1].1.hundredths);
    let without_sku = world.storage.blocked_by_subject(Reason::SkuEmpty).await.expect("readable");
    assert_eq!(without_sku.len(), 1, "{without_sku:?}");
}
