//! What stays when the file is opened again, and bodies that are no longer kept.

use forstok_accurate::clock::Clock;
use jiff::SignedDuration;

use super::{a_world_with_every_state, all, record, undecided};
use crate::world::{Base, World, order};

pub(super) async fn opening_the_file_again_keeps_everything(base: Base) {
    let world = a_world_with_every_state(base).await;
    let look = async |world: &World| {
        let orders = all(world).await;
        let mut timelines = Vec::new();
        for order in &orders {
            timelines.push(world.timeline(order.order_id.as_str()).await);
        }
        let mut counts = world.storage.counts().await.expect("readable");
        counts.sort_by_key(|count| (count.state, count.reason, count.store_id.clone()));
        (format!("{orders:?}"), timelines, counts, world.storage.mapping().await.expect("readable"))
    };
    let before = look(&world).await;
    let world = world.dies_and_starts_again().await;
    assert_eq!(look(&world).await, before);
    assert!(before.3.is_some_and(|mapping| mapping.revision == 1));
}

/// Clears bodies older than a day in steps of 7; returns how many each step cleared.
async fn clear(world: &World) -> Vec<u64> {
    let mut steps = Vec::new();
    loop {
        let now = world.clock.now();
        let step = world.storage.clear_bodies(now - SignedDuration::from_hours(24), now, 7).await.expect("written");
        assert!(step.bodies <= step.examined && step.examined <= 7, "{step:?}");
        steps.push(step.bodies);
        if step.examined < 7 {
            return steps;
        }
    }
}

pub(super) async fn old_bodies_are_cleared_in_steps_and_what_is_needed_is_looked_at_again(base: Base) {
    let mut world = a_world_with_every_state(base).await;
    assert_eq!(clear(&world).await, [0], "nothing is old");
    world.advance(2 * 86_400);
    let young = order("5").cancelled();
    record(&world, std::slice::from_ref(&young)).await;
    let before = (format!("{:?}", all(&world).await), world.timeline("827705").await);
    // 1, 3 and 7 of each store are kept, and of 7475 also the newest of 6, 8 and 9.
    let cleared = clear(&world).await;
    assert_eq!((cleared.len(), cleared.iter().sum::<u64>()), (4, 22 - 3 - 6), "{cleared:?}");
    assert_eq!((format!("{:?}", all(&world).await), world.timeline("827705").await), before);
    assert_eq!(clear(&world).await, [0], "what is kept is not looked at at once");
    let waiting = world.storage.waiting_bodies(100).await.expect("readable");
    assert!(waiting.iter().all(|body| !body.is_empty()) && !waiting.is_empty());

    world.accurate.add_item("BARU-01", "Barang baru");
    world.operator_retries("827703").await;
    world.run_until_settled().await;
    assert_eq!(world.state("827703").await, "invoiced");
    world.advance(2 * 86_400);
    let cleared = clear(&world).await.iter().sum::<u64>();
    assert!(cleared > 4, "all that has ended meanwhile: {cleared}");
}

pub(super) async fn what_was_cleared_counts_as_new_when_it_comes_again(base: Base) {
    let mut world = World::on(base).await;
    let sent = order("1").ready_to_ship();
    world.forstok_sends(sent.clone()).await;
    world.run_until_settled().await;
    world.advance(2 * 86_400);
    assert_eq!(clear(&world).await, [1]);
    let saves = world.saves();
    record(&world, &[order("1").open()]).await;
    assert_eq!(undecided(&world).await[0].body, None);
    let invoiced = format!("{:?}", world.order("1").await.invoice);
    assert_eq!(record(&world, &[sent.clone(), sent]).await, [false, true]);
    assert!(undecided(&world).await[0].body.is_some());
    world.run_until_settled().await;
    assert_eq!(world.state("1").await, "invoiced");
    assert_eq!(format!("{:?}", world.order("1").await.invoice), invoiced);
    assert_eq!(world.saves(), saves);
}
