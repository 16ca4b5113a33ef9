//! Webhooks that are all refused, from the HTTP request to the notice.

use metrics_exporter_prometheus::PrometheusBuilder;

use super::{OtherSides, tell_after, world};
use crate::{
    forstok::hex_signature,
    service::client,
    supervision::{SECRET, served},
    world::order,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_changed_in_forstok_alone_is_told_within_minutes_once_and_so_is_its_end() {
    let sides = OtherSides::new().await;
    let mut world = world(&sides).await;
    // The service's own waits must not let minutes pass.
    world.clock.keeps_pace(1);
    let at = served(&world.engine, PrometheusBuilder::new().build_recorder().handle()).await;
    let client = client();
    let send = async |key: &str, id: &str| {
        let body = order(id).ready_to_ship().body();
        let signature = hex_signature(key, &body);
        let request = client.post(format!("{at}/webhooks/forstok")).header("x-signature", signature).body(body);
        request.send().await.expect("the service answers").status().as_u16()
    };
    let told = |sides: &OtherSides| {
        let types = sides.webhook.taken().into_iter().map(|taken| taken.json()["type"].as_str().map(str::to_owned));
        types.flatten().filter(|kind| kind.starts_with("webhooks.")).collect::<Vec<_>>()
    };

    assert_eq!(send("another-key", "1").await, 401);
    assert_eq!(send(SECRET, "1").await, 200);
    world.advance(1);
    for _ in 0..3 {
        assert_eq!(send("the-key-after-the-change", "2").await, 401);
    }
    tell_after(&mut world, &[60, 120]).await;
    assert_eq!(told(&sides), [""; 0], "it may be a stranger");
    tell_after(&mut world, &[180, 60]).await;
    assert_eq!(told(&sides), ["webhooks.refused"]);
    let notice = sides.webhook.taken().pop().expect("one").json();
    assert_eq!(
        (&notice["data"]["count"], &notice["data"]["url"]),
        (&3.into(), &"https://books.example.com/setup".into())
    );
    assert_eq!(send("the-key-after-the-change", "3").await, 401);
    tell_after(&mut world, &[3_600, 86_400]).await;
    assert_eq!(told(&sides), ["webhooks.refused"], "the silence has the same cause");
    assert_eq!(send(SECRET, "2").await, 200);
    tell_after(&mut world, &[5, 600]).await;
    assert_eq!(told(&sides), ["webhooks.refused", "webhooks.resumed"]);
}
