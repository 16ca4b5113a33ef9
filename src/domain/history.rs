//! All snapshots of an order, folded into the few facts that the decision needs.
//!
//! The fold gives the same result for every order of arrival and any number of repeats. The later arrival counts only
//! between two different snapshots with the same second and rank.

#[cfg(test)]
mod tests;

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
    /// Whether `updated_at` is absent; `at` is then the arrival.
    pub is_undated: bool,
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
    /// The earliest arrival, per rank, of a snapshot without `updated_at`; it is in `reached` too.
    #[serde(default, skip_serializing_if = "all_dated")]
    undated: [Option<Timestamp>; Rank::COUNT],
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
            is_undated: order.updated_at.is_none() && order.unread_update_time().is_none(),
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
            undated: [None; Rank::COUNT],
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
        if sighting.is_undated {
            keep_earliest(&mut self.undated[rank], sighting.at);
        }
    }

    /// When the order first reached this rank or a later one. If no snapshot at it has a readable time, the arrival of
    /// one is the best guess ([`History::is_guess`]).
    pub fn reached_at(&self, rank: Rank) -> Option<Timestamp> {
        earliest(&self.reached, rank).or_else(|| earliest(&self.guessed, rank))
    }

    /// Whether [`History::reached_at`] is the arrival of a snapshot without `updated_at`.
    pub fn is_arrival(&self, rank: Rank) -> bool {
        let undated = earliest(&self.undated, rank);
        undated.is_some() && undated == self.reached_at(rank)
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

    /// Whether the order was seen delivered after it was cancelled.
    pub fn was_delivered_after_all(&self) -> bool {
        let rank = Status::Delivered.rank().map(Rank::index);
        let delivered_at = rank.and_then(|rank| self.last_seen[rank].max(self.reached[rank]));
        delivered_at.zip(self.last_cancelled_at()).is_some_and(|(delivered, cancelled)| delivered > cancelled)
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

/// The earliest of these times at this rank or a later one.
fn earliest(times: &[Option<Timestamp>; Rank::COUNT], rank: Rank) -> Option<Timestamp> {
    times[rank.index()..].iter().flatten().min().copied()
}

fn all_dated(undated: &[Option<Timestamp>; Rank::COUNT]) -> bool {
    undated.iter().all(Option::is_none)
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
