//! All snapshots of an order, folded into the few facts that the decision needs.
//!
//! The fold gives the same result for every order of arrival and any number of repeats. The later arrival counts only
//! between two different snapshots with the same second and rank.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    ids::DeliveryId,
    order::Snapshot,
    status::{Rank, Status},
};

/// What one delivery reports about an order's progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The status that Forstok sent.
    pub status: Seen,
    /// The snapshot's `updated_at`, or its arrival if it has none.
    pub at: Timestamp,
    /// The text of an unreadable `updated_at`; `at` is then a guess.
    pub unread_time: Option<String>,
    /// The delivery that contained it.
    pub delivery: DeliveryId,
}

/// A status that Forstok sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A documented one.
    Known(Status),
    /// Any other: it is stored, and changes nothing.
    Unknown(String),
}

/// What is known about an order's progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// The earliest time at which each rank was seen.
    reached: [Option<Timestamp>; Rank::COUNT],
    /// When the order was first seen cancelled; never cleared again.
    pub cancelled_at: Option<Timestamp>,
    /// The delivery whose amounts count.
    latest: Latest,
    /// The latest time at which each rank was seen; missing in rows of older versions.
    #[serde(default)]
    last_seen: [Option<Timestamp>; Rank::COUNT],
    /// When the order was last seen cancelled; missing in rows of older versions.
    #[serde(default)]
    last_cancelled_at: Option<Timestamp>,
    /// The order was seen at some rank after it was last cancelled. Whether the cancellation counts then depends on the
    /// chosen status, so storage searches this field when the mapping changes.
    #[serde(default)]
    went_on: bool,
    /// The earliest arrival, per rank, of a snapshot whose `updated_at` is unreadable.
    #[serde(default)]
    guessed: [Option<Timestamp>; Rank::COUNT],
    /// The latest snapshot whose `updated_at` is unreadable, with its text.
    #[serde(default)]
    unread_time: Option<Noted>,
    /// The latest snapshot with an unknown status, and that status.
    #[serde(default)]
    unknown_status: Option<Noted>,
}

/// A text from one delivery.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Noted {
    at: Timestamp,
    delivery: DeliveryId,
    text: String,
}

/// Determines which snapshot's amounts count: the greatest by these fields, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Latest {
    status_known: bool,
    at: Timestamp,
    rank: Option<Rank>,
    delivery: DeliveryId,
}

/// How far a snapshot is, as far as that decides whose amounts count: of two, the greater one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Progress {
    /// Whether the status is documented; any other changes nothing.
    pub status_known: bool,
    /// When the snapshot was taken.
    pub at: Timestamp,
    /// The rank of its status.
    pub rank: Option<Rank>,
}

impl Progress {
    /// Of a snapshot with this status, taken at this time.
    pub fn of(status: Option<Status>, at: Timestamp) -> Self {
        Self { status_known: status.is_some(), at, rank: status.and_then(Status::rank) }
    }
}

impl Sighting {
    /// The sighting that a snapshot represents, given its arrival.
    pub fn of(order: &Snapshot, arrived_at: Timestamp, delivery: DeliveryId) -> Self {
        Self {
            status: Seen::of(order.status, &order.status_text),
            at: order.updated_at.unwrap_or(arrived_at),
            unread_time: order.unread_update_time().map(|problem| problem.value.clone()),
            delivery,
        }
    }

    fn noted(&self, text: &str) -> Noted {
        Noted { at: self.at, delivery: self.delivery, text: text.to_owned() }
    }
}

impl Seen {
    /// Longest unknown status that is stored, in characters.
    const LONGEST: usize = 60;

    /// From the parsed status and its text.
    pub fn of(status: Option<Status>, text: &str) -> Self {
        status.map_or_else(|| Self::Unknown(text.chars().take(Self::LONGEST).collect()), Self::Known)
    }

    fn known(&self) -> Option<Status> {
        match self {
            Self::Known(status) => Some(*status),
            Self::Unknown(_) => None,
        }
    }
}

impl History {
    /// The history of an order with one sighting.
    pub fn begin(sighting: &Sighting) -> Self {
        let mut history = Self {
            reached: [None; Rank::COUNT],
            cancelled_at: None,
            latest: Latest::of(sighting),
            last_seen: [None; Rank::COUNT],
            last_cancelled_at: None,
            went_on: false,
            guessed: [None; Rank::COUNT],
            unread_time: None,
            unknown_status: None,
        };
        history.absorb(sighting);
        history
    }

    /// Adds one sighting.
    pub fn absorb(&mut self, sighting: &Sighting) {
        self.latest = self.latest.max(Latest::of(sighting));
        if let Some(text) = &sighting.unread_time {
            self.unread_time = self.unread_time.take().max(Some(sighting.noted(text)));
        }
        match &sighting.status {
            Seen::Unknown(text) => {
                self.unknown_status = self.unknown_status.take().max(Some(sighting.noted(text)));
            }
            Seen::Known(status) => self.absorb_status(*status, sighting),
        }
        let seen = self.last_seen.iter().chain(&self.reached).flatten().max();
        self.went_on = self.last_cancelled_at().is_some_and(|at| seen.is_some_and(|seen| *seen > at));
    }

    fn absorb_status(&mut self, status: Status, sighting: &Sighting) {
        let Some(rank) = status.rank() else {
            self.last_cancelled_at = self.last_cancelled_at.max(self.cancelled_at).max(Some(sighting.at));
            keep_earliest(&mut self.cancelled_at, sighting.at);
            return;
        };
        let rank = rank.index();
        self.last_seen[rank] = self.last_seen[rank].max(self.reached[rank]).max(Some(sighting.at));
        let earliest = if sighting.unread_time.is_some() { &mut self.guessed } else { &mut self.reached };
        keep_earliest(&mut earliest[rank], sighting.at);
    }

    /// When the order first reached this rank or a later one. If no snapshot at it has a readable time, the arrival of
    /// one is the best guess ([`History::is_guess`]).
    pub fn reached_at(&self, rank: Rank) -> Option<Timestamp> {
        let earliest = |of: &[Option<Timestamp>]| of[rank.index()..].iter().flatten().min().copied();
        earliest(&self.reached).or_else(|| earliest(&self.guessed))
    }

    /// Whether [`History::reached_at`] is only a guess.
    pub fn is_guess(&self, rank: Rank) -> bool {
        self.reached[rank.index()..].iter().all(Option::is_none)
    }

    /// How the order's cancellation counts if this rank is the chosen one.
    ///
    /// `Cancelled` counts unless a snapshot with a newer `updated_at` is at or past the chosen status (design.md §4).
    pub fn cancellation(&self, chosen: Option<Rank>) -> Cancellation {
        let Some(cancelled_at) = self.last_cancelled_at() else { return Cancellation::None };
        let Some(chosen) = chosen.map(Rank::index) else { return Cancellation::Counts };
        let progressed_at = self.last_seen[chosen..].iter().chain(&self.reached[chosen..]).flatten().max();
        match progressed_at {
            Some(progressed_at) if *progressed_at > cancelled_at => Cancellation::Contradicted { cancelled_at },
            _ => Cancellation::Counts,
        }
    }

    /// Whether the parcel had left when the order was cancelled.
    pub fn had_left_when_cancelled(&self) -> bool {
        let left_at = Status::Shipped.rank().and_then(|rank| self.reached_at(rank));
        left_at.zip(self.last_cancelled_at()).is_some_and(|(left, cancelled)| left <= cancelled)
    }

    /// When the order was last seen cancelled.
    pub fn last_cancelled_at(&self) -> Option<Timestamp> {
        self.last_cancelled_at.max(self.cancelled_at)
    }

    /// The delivery whose amounts count.
    pub fn latest_delivery(&self) -> DeliveryId {
        self.latest.delivery
    }

    /// How far the snapshot is whose amounts count.
    pub fn progress(&self) -> Progress {
        let Latest { status_known, at, rank, .. } = self.latest;
        Progress { status_known, at, rank }
    }

    /// The latest status that is not documented.
    pub fn unknown_status(&self) -> Option<&str> {
        self.unknown_status.as_ref().map(|noted| &*noted.text)
    }

    /// The text of the latest unreadable `updated_at`.
    pub fn unread_time(&self) -> Option<&str> {
        self.unread_time.as_ref().map(|noted| &*noted.text)
    }
}

/// Whether an order is cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancellation {
    /// The order was never seen cancelled.
    None,
    /// The order is cancelled.
    Counts,
    /// The order was cancelled, but a newer snapshot is at or past the chosen status: a person must decide.
    Contradicted {
        /// When it was last seen cancelled.
        cancelled_at: Timestamp,
    },
}

fn keep_earliest(earliest: &mut Option<Timestamp>, at: Timestamp) {
    *earliest = Some(earliest.map_or(at, |earliest| earliest.min(at)));
}

impl Latest {
    fn of(sighting: &Sighting) -> Self {
        let status = sighting.status.known();
        Self {
            status_known: status.is_some(),
            at: sighting.at,
            rank: status.and_then(Status::rank),
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
            status: Seen::of(Status::parse(status), status),
            at: Timestamp::from_second(1_700_000_000 + second).expect("in range"),
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
}
