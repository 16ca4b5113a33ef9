//! Webhooks that are not orders: they are listed, shown with their body and on the order that they name, and read
//! again.

use forstok_accurate::{
    domain::{ids::DeliveryId, order::OrderId, origin::Origin},
    inbox::reread::Reread,
};
use jiff::Timestamp;

use super::{a_world, case};
use crate::world::World;

const CUT: &[u8] = br#"{"event":"orders/update","order":{"id":990031,"status":"Cancelled","item_lines":[{"sku":"A"#;

#[tokio::test]
async fn a_body_that_was_cut_is_shown_on_its_order_and_with_the_unreadable_ones() {
    let mut world = a_world().await;
    world.takes(case!("f04a-order")).await;
    world.takes(CUT).await;
    world.takes(CUT).await;
    assert_eq!(world.state("990031").await, "invoiced", "nobody knows what it was to say");
    let timeline = world.timeline("990031").await;
    assert!(timeline.contains("a webhook that names this order cannot be read: body: is not JSON"), "{timeline}");
    let listed = world.storage.unreadable(None, 10).await.expect("readable");
    assert_eq!((listed.len(), listed[0].times), (1, 2));
    assert_eq!(listed[0].order_id.as_ref().map(OrderId::as_str), Some("990031"));
    let (_, body) = world.storage.unreadable_one(listed[0].id).await.expect("readable").expect("it is there");
    assert_eq!(body.as_deref(), Some(CUT));
    assert_eq!(world.engine.inbox().reread_one(listed[0].id).await.expect("read"), Some(false));
    assert_eq!(world.engine.inbox().reread_one(DeliveryId(12_345)).await.expect("read"), None);
}

#[tokio::test]
async fn what_this_version_can_read_is_an_order_after_it_was_read_again() {
    for at_once in [true, false] {
        let mut world = a_world().await;
        world.takes(case!("f04a-order")).await;
        world.takes(b"null").await;
        older_version_takes(&world, case!("f04c-cancelled-unreadable-total")).await;
        older_version_takes(&world, case!("f09-lone-surrogate-in-note")).await;
        world.run_until_settled().await;
        assert_eq!(world.state("990031").await, "invoiced");
        if at_once {
            let reread = world.engine.inbox().reread().await.expect("read");
            assert_eq!(reread, Reread { looked_at: 3, now_orders: 2 });
            assert_eq!(world.engine.inbox().reread().await.expect("read"), Reread { looked_at: 1, now_orders: 0 });
        } else {
            for one in world.storage.unreadable(None, 10).await.expect("readable") {
                let expected = !one.problem.contains("null");
                assert_eq!(world.engine.inbox().reread_one(one.id).await.expect("read"), Some(expected));
            }
        }
        world.run_until_settled().await;
        assert_eq!(world.state("990031").await, "voided");
        assert_eq!(world.state("990081").await, "invoiced");
        assert_eq!(world.storage.unreadable_count().await.expect("readable"), 1);
        assert!(world.timeline("990031").await.contains("Forstok sent \"Cancelled\""));
    }
}

/// A webhook arrives while an older version runs, which cannot parse it.
async fn older_version_takes(world: &World, body: &'static [u8]) {
    use forstok_accurate::{
        forstok::payload::fingerprint_of_raw,
        storage::{Content, Delivery},
    };
    let received_at: Timestamp = world.clock_now();
    let content = Content::Unreadable { problem: "an older version said so".to_owned(), order_id: None };
    let delivery = Delivery {
        received_at,
        fingerprint: fingerprint_of_raw(body),
        origin: Origin::Webhook,
        body: body.into(),
        content,
    };
    world.storage.record(&[delivery]).await.expect("recorded");
}
