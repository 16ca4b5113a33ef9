use proptest::prelude::*;

use super::*;

fn sighting(status: &str, second: i64, delivery: i64) -> Sighting {
    Sighting {
        status: Seen::of(Status::parse(status), status),
        at: Timestamp::from_second(1_700_000_000 + second).expect("in range"),
        is_undated: false,
        unread_time: None,
        delivery: DeliveryId(delivery),
    }
}

fn without_time(sighting: Sighting) -> Sighting {
    Sighting { unread_time: Some("\"soon\"".to_owned()), ..sighting }
}

fn fold(sightings: &[Sighting]) -> History {
    let mut history = History::begin(&sightings[0]);
    for sighting in &sightings[1..] {
        history.absorb(sighting);
    }
    history
}

fn ready() -> Rank {
    Status::ReadyToShip.rank().expect("ranked")
}

#[test]
fn the_trigger_is_the_earliest_snapshot_at_or_past_the_chosen_status() {
    let history = fold(&[sighting("Completed", 30, 1), sighting("Open", 0, 2), sighting("Shipped", 20, 3)]);
    assert_eq!(history.reached_at(ready()), Some(sighting("", 20, 0).at));
}

#[test]
fn a_time_that_cannot_be_read_is_only_a_guess_at_the_trigger() {
    let history = fold(&[sighting("Open", 0, 1), without_time(sighting("Ready to Ship", 10, 2))]);
    assert_eq!((history.reached_at(ready()), history.is_guess(ready())), (Some(sighting("", 10, 0).at), true));
    assert_eq!(history.unread_time(), Some("\"soon\""));
    let history = fold(&[without_time(sighting("Ready to Ship", 10, 1)), sighting("Shipped", 20, 2)]);
    assert_eq!((history.reached_at(ready()), history.is_guess(ready())), (Some(sighting("", 20, 0).at), false));
}

#[test]
fn a_trigger_without_a_time_is_an_arrival_unless_an_earlier_time_is_known() {
    let undated = |sighting: Sighting| Sighting { is_undated: true, ..sighting };
    let history = fold(&[sighting("Open", 0, 1), undated(sighting("Ready to Ship", 10, 2))]);
    assert_eq!((history.reached_at(ready()), history.is_arrival(ready())), (Some(sighting("", 10, 0).at), true));
    assert!(!history.is_guess(ready()), "the time is missing, not unreadable");
    let stored = serde_json::to_string(&history).expect("JSON");
    assert_eq!(serde_json::from_str::<History>(&stored).expect("our own JSON"), history);
    let history = fold(&[undated(sighting("Ready to Ship", 10, 1)), sighting("Shipped", 5, 2)]);
    assert_eq!((history.reached_at(ready()), history.is_arrival(ready())), (Some(sighting("", 5, 0).at), false));
}

#[test]
fn an_unknown_status_never_replaces_known_amounts_and_is_remembered() {
    let history = fold(&[sighting("Ready to Ship", 0, 1), sighting("teleported", 99, 2)]);
    assert_eq!((history.latest_delivery(), history.unknown_status()), (DeliveryId(1), Some("teleported")));
    let history = fold(&[sighting("teleported", 99, 1), sighting("Ready to Ship", 0, 2)]);
    assert_eq!((history.latest_delivery(), history.unknown_status()), (DeliveryId(2), Some("teleported")));
}

#[test]
fn a_tie_in_time_is_won_by_the_higher_rank_then_by_the_later_arrival() {
    assert_eq!(fold(&[sighting("Shipped", 0, 1), sighting("Open", 0, 2)]).latest_delivery(), DeliveryId(1));
    assert_eq!(fold(&[sighting("Open", 0, 1), sighting("Open", 0, 2)]).latest_delivery(), DeliveryId(2));
}

#[test]
fn a_cancellation_counts_unless_a_newer_snapshot_is_at_or_past_the_chosen_status() {
    let contradicted = Cancellation::Contradicted { cancelled_at: sighting("", 5, 0).at };
    for (sightings, expected) in [
        (vec![sighting("Shipped", 9, 1)], Cancellation::None),
        (vec![sighting("Cancelled", 5, 1), sighting("Open", 9, 2)], Cancellation::Counts),
        (vec![sighting("Cancelled", 5, 1), sighting("Shipped", 5, 2)], Cancellation::Counts),
        (vec![sighting("Cancelled", 5, 1), sighting("Shipped", 9, 2)], contradicted),
        (
            vec![sighting("Cancelled", 5, 1), sighting("Shipped", 7, 2), sighting("Cancelled", 9, 3)],
            Cancellation::Counts,
        ),
        (
            vec![sighting("Ready to Ship", 3, 1), sighting("Ready to Ship", 7, 2), sighting("Cancelled", 5, 3)],
            contradicted,
        ),
    ] {
        assert_eq!(fold(&sightings).cancellation(Some(ready())), expected, "{sightings:?}");
    }
    let history = fold(&[sighting("Cancelled", 5, 1), sighting("Shipped", 9, 2)]);
    assert_eq!(history.cancellation(None), Cancellation::Counts, "no status is chosen");
}

#[test]
fn a_row_of_an_older_version_is_read() {
    let at = |second: i64| sighting("", second, 0).at;
    let row = serde_json::json!({
        "reached": [null, at(1), null, at(3), at(9), null, null], "cancelled_at": at(5),
        "latest": {"status_known": true, "at": at(9), "rank": 4, "delivery": 7},
    });
    let mut history: History = serde_json::from_value(row).expect("readable");
    let contradicted = Cancellation::Contradicted { cancelled_at: at(5) };
    assert_eq!(history.cancellation(Some(ready())), contradicted);
    history.absorb(&sighting("Cancelled", 4, 8));
    assert_eq!(history.cancellation(Some(ready())), contradicted, "the newer one is still known");
    history.absorb(&sighting("Cancelled", 10, 9));
    assert_eq!(history.cancellation(Some(ready())), Cancellation::Counts);
}

proptest! {
    #[test]
    fn any_order_of_arrival_and_any_repeats_end_the_same(
        seen in prop::collection::vec((0_usize..7, 0_i64..50, any::<bool>()), 1..8),
        shuffle in any::<u64>(),
    ) {
        let names = ["Open", "Printed", "Ready to Ship", "Shipped", "Cancelled", "odd", "strange"];
        let sightings: Vec<_> = seen.iter().zip(1..).map(|((s, at, readable), n)| {
            let sighting = sighting(names[*s], *at, n);
            if *readable { sighting } else { without_time(sighting) }
        }).collect();
        let mut shuffled: Vec<_> = sightings.iter().chain(&sightings).cloned().collect();
        fastrand::Rng::with_seed(shuffle).shuffle(&mut shuffled);
        prop_assert_eq!(fold(&sightings), fold(&shuffled));
    }
}
