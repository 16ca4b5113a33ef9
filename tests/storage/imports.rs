//! What imports compare with and remember.

use forstok_accurate::{
    domain::{origin::Origin, status::Status},
    inbox::delivery_by,
    storage::BackfillEnd,
};
use jiff::SignedDuration;
use serde_json::json;

use crate::{
    storage::record,
    world::{Base, World, fold_all, order, order_id},
};

pub(crate) async fn an_order_is_known_by_its_id_and_by_its_marketplace_number(base: Base) {
    let world = World::on(base).await;
    record(&world, &[order("1").shipped().price(80_000), order("1").open().price(70_000)]).await;
    record(&world, &[order("2").open().store(7600).with("local_name", json!("INV-1"))]).await;
    record(&world, &[order("3").open().with("note", json!("x".repeat(300_000)))]).await;
    let known = world.storage.known_by_id(&["1", "9"].map(order_id)).await.expect("readable");
    assert_eq!(known.len(), 1);
    let shipped = (known[0].progress.rank, known[0].status.as_str());
    assert_eq!(shipped, (Status::Shipped.rank(), "Shipped"));
    let body = known[0].body.clone().expect("it is kept");
    assert_eq!(body, order("1").shipped().price(80_000).body());
    let known = world.storage.known_by_number(&["INV-1".to_owned(), "INV-9".to_owned()]).await.expect("readable");
    let mut stores: Vec<_> = known.iter().map(|one| (one.order_id.as_str(), one.store_id.as_str())).collect();
    stores.sort_unstable();
    assert_eq!(stores, [("1", "8277"), ("2", "7600")]);
    let large = world.storage.known_by_id(&[order_id("3")]).await.expect("readable");
    assert_eq!((large.len(), &large[0].body), (1, &None), "a very large body is not read for its total");
}

pub(crate) async fn how_a_snapshot_came_is_kept_as_it_came_first(base: Base) {
    let world = World::on(base).await;
    let body = || order("1").open().body();
    let mut deliveries = Vec::new();
    for origin in [Origin::Import, Origin::Webhook] {
        deliveries.push(delivery_by(origin, body(), world.clock_now()));
    }
    deliveries.push(delivery_by(Origin::Backfill, order("1").shipped().body(), world.clock_now()));
    world.storage.record(&deliveries).await.expect("recorded");
    fold_all(world.storage.as_ref()).await;
    let snapshots = world.storage.snapshots(&order_id("1"), 10).await.expect("readable");
    let origins: Vec<_> = snapshots.iter().map(|one| (one.origin, one.times)).collect();
    assert_eq!(origins, [(Origin::Backfill, 1), (Origin::Import, 2)]);
    assert_eq!(world.storage.newest_webhook().await.expect("readable"), None, "none of them is a sign of Forstok");
    record(&world, &[order("2").open()]).await;
    let imported: Vec<_> = (3..153)
        .map(|id| delivery_by(Origin::Import, order(&id.to_string()).open().body(), world.clock_now()))
        .collect();
    world.storage.record(&imported).await.expect("recorded");
    let newest = world.storage.newest_webhook().await.expect("readable");
    assert_eq!(newest, Some(world.clock_now()), "found behind an import");
}

pub(crate) async fn columns_that_a_person_chose_are_remembered(base: Base) {
    let world = World::on(base).await;
    let (storage, now) = (&world.storage, world.clock_now());
    assert_eq!(storage.import_columns("digest").await.expect("readable"), None);
    let choice = |heading: &str| [("order_id".to_owned(), heading.to_owned())].into();
    for heading in ["Kode", "No."] {
        storage.remember_import_columns("digest", &choice(heading), "ani", now).await.expect("written");
    }
    assert_eq!(storage.import_columns("digest").await.expect("readable"), Some(choice("No.")));
    assert_eq!(storage.import_columns("other").await.expect("readable"), None);
}

pub(crate) async fn one_reading_of_forstok_at_a_time_and_a_late_one_changes_nothing(base: Base) {
    let world = World::on(base).await;
    let (storage, now) = (&world.storage, world.clock_now());
    let later = |minutes| now + SignedDuration::from_mins(minutes);
    let result = json!({"new": 1});
    let end = |watermark| BackfillEnd { is_complete: true, watermark, result: &result };
    let first = storage.begin_backfill(now, later(5)).await.expect("written").expect("none is under way");
    assert_eq!((first.watermark, first.completed), (None, 0));
    assert!(storage.begin_backfill(later(4), later(9)).await.expect("written").is_none(), "one is under way");
    assert!(storage.keep_backfill(first.run, later(8)).await.expect("written"));
    assert!(storage.begin_backfill(later(7), later(9)).await.expect("written").is_none(), "it was prolonged");
    let second = storage.begin_backfill(later(8), later(20)).await.expect("written").expect("it was given up");
    assert!(!storage.keep_backfill(first.run, later(30)).await.expect("written"));
    assert!(!storage.end_backfill(first.run, &end(Some(later(8))), later(9)).await.expect("written"));
    assert!(!storage.release_backfill(first.run).await.expect("written"));
    assert!(storage.end_backfill(second.run, &end(Some(later(8))), later(9)).await.expect("written"));
    let state = storage.backfill().await.expect("readable");
    assert_eq!((state.watermark, state.completed, state.ended_at), (Some(later(8)), 1, Some(later(9))));
    assert_eq!(state.result, Some(json!({"new": 1})));
    let third = storage.begin_backfill(later(10), later(20)).await.expect("written").expect("the second has ended");
    assert!(
        storage
            .end_backfill(third.run, &BackfillEnd { is_complete: false, ..end(None) }, later(11))
            .await
            .expect("written")
    );
    let state = storage.backfill().await.expect("readable");
    assert_eq!((state.watermark, state.completed), (Some(later(8)), 1), "an incomplete reading moves no watermark");
    let fourth = storage.begin_backfill(later(12), later(20)).await.expect("written").expect("the third has ended");
    assert!(storage.release_backfill(fourth.run).await.expect("written"));
    let state = storage.backfill().await.expect("readable");
    assert_eq!((state.ended_at, state.result), (Some(later(11)), Some(json!({"new": 1}))), "it left nothing behind");
    assert!(storage.begin_backfill(later(13), later(20)).await.expect("written").is_some(), "and nobody waits for it");
}
