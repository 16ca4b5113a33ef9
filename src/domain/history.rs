//! All snapshots of an order folded into the few facts that the decision needs.
//!
//! The fold gives the same result for every order of arrival and any number of repeats;
//! only between two different snapshots of the same second and rank does the later arrival count.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::status::{Rank, Status};

/// What one delivery says about an order's progress.
#[derive(Clone, Copy, Debug)]
pub struct Sighting {
    /// The documented status, or `None`: an unknown status changes nothing.
    pub status: Option<Status>,
    /// The snapshot's `updated_at`; without one, its arrival.
    pub at: Timestamp,
    /// The delivery that brought it; later arrivals have higher numbers.
    pub delivery: i64,
}

/// What is known of an order's progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// Per rank the earliest moment it was seen at.
    reached: [Option<Timestamp>; Rank::COUNT],
    /// When it was first seen cancelled; once seen it stays.
    pub cancelled_at: Option<Timestamp>,
    /// Whose amounts count.
    latest: Latest,
}

/// Which snapshot's amounts count: the greatest by these fields, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Latest {
    status_known: bool,
    at: Timestamp,
    rank: Option<Rank>,
    delivery: i64,
}

impl History {
    /// The history of an order seen once.
    pub fn begin(sighting: Sighting) -> Self {
        let mut history = Self { reached: [None; Rank::COUNT], cancelled_at: None, latest: Latest::of(sighting) };
        history.absorb(sighting);
        history
    }

    /// Takes one more sighting in.
    pub fn absorb(&mut self, sighting: Sighting) {
        self.latest = self.latest.max(Latest::of(sighting));
        let Some(status) = sighting.status else { return };
        let earliest = match status.rank() {
            Some(rank) => &mut self.reached[rank.index()],
            None => &mut self.cancelled_at,
        };
        *earliest = Some(earliest.map_or(sighting.at, |at| at.min(sighting.at)));
    }

    /// When the order first stood at this rank or past it.
    pub fn reached_at(&self, rank: Rank) -> Option<Timestamp> {
        self.reached[rank.index()..].iter().flatten().min().copied()
    }

    /// The delivery whose amounts count.
    pub fn latest_delivery(&self) -> i64 {
        self.latest.delivery
    }
}

impl Latest {
    fn of(sighting: Sighting) -> Self {
        Self {
            status_known: sighting.status.is_some(),
            at: sighting.at,
            rank: sighting.status.and_then(Status::rank),
            delivery: sighting.delivery,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sighting(status: &str, second: i64, delivery: i64) -> Sighting {
        Sighting {
            status: Status::parse(status),
            at: Timestamp::from_second(1_700_000_000 + second).expect("in range"),
            delivery,
        }
    }

    fn fold(sightings: &[Sighting]) -> History {
        let mut history = History::begin(sightings[0]);
        for sighting in &sightings[1..] {
            history.absorb(*sighting);
        }
        history
    }

    #[test]
    fn the_trigger_is_the_earliest_snapshot_at_or_past_the_chosen_status() {
        let history = fold(&[sighting("Completed", 30, 1), sighting("Open", 0, 2), sighting("Shipped", 20, 3)]);
        let chosen = Status::ReadyToShip.rank().expect("ranked");
        assert_eq!(history.reached_at(chosen), Some(sighting("", 20, 0).at));
    }

    #[test]
    fn an_unknown_status_never_replaces_known_amounts() {
        let history = fold(&[sighting("Ready to Ship", 0, 1), sighting("teleported", 99, 2)]);
        assert_eq!(history.latest_delivery(), 1);
        let history = fold(&[sighting("teleported", 99, 1), sighting("Ready to Ship", 0, 2)]);
        assert_eq!(history.latest_delivery(), 2);
    }

    #[test]
    fn a_tie_in_time_is_won_by_the_higher_rank_then_by_the_later_arrival() {
        assert_eq!(fold(&[sighting("Shipped", 0, 1), sighting("Open", 0, 2)]).latest_delivery(), 1);
        assert_eq!(fold(&[sighting("Open", 0, 1), sighting("Open", 0, 2)]).latest_delivery(), 2);
    }

    proptest! {
        #[test]
        fn any_order_of_arrival_and_any_repeats_end_the_same(
            seen in prop::collection::vec((0_usize..6, 0_i64..50), 1..8),
            shuffle in any::<u64>(),
        ) {
            let names = ["Open", "Printed", "Ready to Ship", "Shipped", "Cancelled", "odd"];
            let sightings: Vec<_> = seen.iter().zip(1..).map(|((s, at), n)| sighting(names[*s], *at, n)).collect();
            let mut shuffled: Vec<_> = sightings.iter().chain(&sightings).copied().collect();
            fastrand::Rng::with_seed(shuffle).shuffle(&mut shuffled);
            prop_assert_eq!(fold(&sightings), fold(&shuffled));
        }
    }
}
