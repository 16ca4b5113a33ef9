//! Databases that move, and hosts that never receive credentials.

use super::{NUMBER, ORDER};
use crate::world::{World, order};

#[tokio::test]
async fn a_database_that_moved_is_followed() {
    let mut world = World::new().await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.run_until_settled().await;
    world.accurate.move_host();
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_idle().await;
    assert_eq!(world.state(ORDER).await, "invoiced");
    assert_eq!(world.accurate.invoices_numbered(NUMBER).len(), 1);
    assert_eq!(world.order(ORDER).await.tries, 1);
    world.forstok_sends(order("3").ready_to_ship()).await;
    world.run_until_idle().await;
    assert_eq!(
        world.wire.hosts()[world.wire.hosts().len() - 3..],
        ["zeus.accurate.id", "hera.accurate.id", "hera.accurate.id"],
        "the new host is remembered"
    );
}

#[tokio::test]
async fn credentials_never_go_where_only_a_redirect_points() {
    let mut world = World::new().await;
    world.wire.mislead_to("https://evil.example");
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_for(600).await;
    let hosts = world.wire.hosts();
    assert!(hosts.iter().all(|host| host.ends_with(".accurate.id")), "{hosts:?}");
    assert_eq!(world.state(ORDER).await, "due");
    assert!(world.timeline(ORDER).await.contains("https://evil.example, which gets no credentials"));
}

#[tokio::test]
async fn look_alike_hosts_get_no_credentials() {
    for origin in ["https://accurate.id.evil.example", "http://zeus.accurate.id", "https://evilaccurate.id"] {
        let mut world = World::new().await;
        world.wire.mislead_to(origin);
        world.forstok_sends(order(ORDER).ready_to_ship()).await;
        world.run_for(60).await;
        let timeline = world.timeline(ORDER).await;
        assert!(timeline.contains("gets no credentials"), "{origin}: {timeline}");
    }
}
