//! Chooses the next work when a book has capacity.
//!
//! The kinds of work take turns, so that no kind waits until another's queue is empty. Three of eight picks are
//! invoices that were never tried; invoices that were tried before, deletions, receipts, returns and rechecks get one
//! each.

use std::time::Duration;

use crate::{
    clock::Monotonic,
    storage::{Claimable, Lane},
};

/// The rotation; a kind without work is skipped.
const ROTATION: [Kind; 8] = [
    Kind::Orders(Lane::Fresh),
    Kind::Orders(Lane::Again),
    Kind::Orders(Lane::Fresh),
    Kind::Orders(Lane::Deletion),
    Kind::Orders(Lane::Fresh),
    Kind::Orders(Lane::Receipts),
    Kind::Orders(Lane::Returns),
    Kind::Recheck,
];

/// From this many due orders on, they are sent in bulk. Fewer orders take at most two seconds one by one.
pub(super) const BULK_FROM: i64 = 16;

/// How many groups may make calls at the same time; the rest of Accurate's limit is left for single orders.
const MOST_GROUPS: usize = 6;

/// How many groups may wait for a read-back at the same time: more than can be saved within the longest wait.
const MOST_READING_BACK: usize = 48;

/// Once a group has taken longer than this, single orders of its lane may start as well.
const SLOW_GROUP: Duration = Duration::from_secs(5);

/// After this many bulks in a row that failed as a whole, orders are saved one by one ...
const BULK_FAILURES: u32 = 2;

/// ... for this long.
const BULK_RESTS: Duration = Duration::from_mins(1);

/// A kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Orders(Lane),
    Recheck,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pick {
    /// Single orders, at most this many.
    Singles(Lane, usize),
    /// Orders to be sent in bulk.
    Group(Lane),
    /// A recheck of something that blocked orders wait for.
    Recheck,
}

/// The work that waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) orders: Claimable,
    pub(super) recheck_is_due: bool,
    /// Whether many orders may be sent in bulk, by the settings and by what Accurate accepts.
    pub(super) bulk_is_possible: bool,
    /// Groups that wait for a read-back.
    pub(super) reading_back: usize,
}

/// The state of one book's rotation.
#[derive(Debug, Default)]
pub(super) struct Scheduler {
    next: usize,
    groups: usize,
    last_group_at: Monotonic,
    rechecking: bool,
    newest_first: bool,
    bulk_failures: u32,
    bulk_rests_until: Monotonic,
}

impl Scheduler {
    /// Chooses the next work if there is capacity for `room` pieces; `None` if nothing can run.
    pub(super) fn next(&mut self, waiting: Waiting, room: usize, now: Monotonic) -> Option<Pick> {
        let bulk_is_possible = waiting.bulk_is_possible && now >= self.bulk_rests_until;
        let waiting = Waiting { bulk_is_possible, ..waiting };
        let at = (0..ROTATION.len())
            .map(|step| (self.next + step) % ROTATION.len())
            .find(|at| room > 0 && self.can_run(ROTATION[*at], waiting, now))?;
        self.next = at + 1;
        let Kind::Orders(lane) = ROTATION[at] else {
            self.rechecking = true;
            return Some(Pick::Recheck);
        };
        if goes_together(lane, waiting) && self.may_begin_group(waiting) {
            self.groups += 1;
            self.last_group_at = now;
            return Some(Pick::Group(lane));
        }
        let others_wait =
            waiting.recheck_is_due || Lane::ALL.into_iter().any(|other| other != lane && waiting.orders.of(other) > 0);
        Some(Pick::Singles(lane, if others_wait { room.div_ceil(2) } else { room }))
    }

    /// Turns to the other end of the queue; true if this pick takes the newest orders. A long queue is taken from both
    /// ends alternately, so that a new order does not wait for thousands of older ones, and the oldest is not forgotten.
    pub(super) fn alternate_ends(&mut self, lane: Lane) -> bool {
        self.newest_first = !self.newest_first;
        lane == Lane::Fresh && self.newest_first
    }

    /// A group ended, and Accurate processed every bulk.
    pub(super) fn group_went_well(&mut self) {
        self.groups = self.groups.saturating_sub(1);
        self.bulk_failures = 0;
    }

    /// A group ended, and a bulk failed as a whole.
    pub(super) fn group_failed(&mut self, now: Monotonic) {
        self.groups = self.groups.saturating_sub(1);
        self.bulk_failures += 1;
        if self.bulk_failures >= BULK_FAILURES {
            self.bulk_failures = 0;
            self.bulk_rests_until = now + BULK_RESTS;
        }
    }

    pub(super) fn recheck_ended(&mut self) {
        self.rechecking = false;
    }

    /// Groups that wait for a read-back make no calls, so other groups may begin in the meantime.
    fn may_begin_group(&self, waiting: Waiting) -> bool {
        self.groups.saturating_sub(waiting.reading_back) < MOST_GROUPS && waiting.reading_back < MOST_READING_BACK
    }

    fn can_run(&self, kind: Kind, waiting: Waiting, now: Monotonic) -> bool {
        match kind {
            Kind::Recheck => waiting.recheck_is_due && !self.rechecking,
            Kind::Orders(lane) if goes_together(lane, waiting) => {
                self.may_begin_group(waiting) || now.since(self.last_group_at) > SLOW_GROUP
            }
            Kind::Orders(lane) => waiting.orders.of(lane) > 0,
        }
    }
}

/// Whether a lane's orders are sent in bulk. There is no bulk for deletions.
fn goes_together(lane: Lane, waiting: Waiting) -> bool {
    waiting.bulk_is_possible && lane != Lane::Deletion && waiting.orders.of(lane) >= BULK_FROM
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(fresh: i64, again: i64, deletions: i64) -> Waiting {
        let orders = Claimable::new([fresh, again, deletions, 0, 0]);
        Waiting { orders, recheck_is_due: false, bulk_is_possible: true, reading_back: 0 }
    }

    fn one_by_one(waiting: Waiting) -> Waiting {
        Waiting { bulk_is_possible: false, ..waiting }
    }

    fn with_recheck(waiting: Waiting) -> Waiting {
        Waiting { recheck_is_due: true, ..waiting }
    }

    fn at(second: u64) -> Monotonic {
        Monotonic::after_beginning(Duration::from_secs(second))
    }

    /// The next picks, one piece of work at a time.
    fn picks(waiting: Waiting, count: usize) -> Vec<Pick> {
        let mut picks = Scheduler::default();
        (0..count)
            .map(|_| {
                let pick = picks.next(waiting, 1, at(1)).expect("something waits");
                match pick {
                    Pick::Recheck => picks.recheck_ended(),
                    Pick::Group(_) => picks.group_went_well(),
                    Pick::Singles(..) => {}
                }
                pick
            })
            .collect()
    }

    #[test]
    fn few_orders_go_singly_and_at_once_many_go_together() {
        let mut singly = Scheduler::default();
        assert_eq!(singly.next(waiting(15, 0, 0), 8, at(1)), Some(Pick::Singles(Lane::Fresh, 8)));
        assert_eq!(singly.next(waiting(16, 0, 0), 8, at(1)), Some(Pick::Group(Lane::Fresh)));
        assert_eq!(singly.next(one_by_one(waiting(16, 0, 0)), 8, at(1)), Some(Pick::Singles(Lane::Fresh, 8)));
    }

    #[test]
    fn a_long_queue_holds_up_neither_retries_nor_deletions_nor_rechecks() {
        let waiting = with_recheck(waiting(16, 2, 3));
        for waiting in [one_by_one(waiting), waiting] {
            let picks = picks(waiting, 12);
            for rare in [Pick::Singles(Lane::Again, 1), Pick::Singles(Lane::Deletion, 1), Pick::Recheck] {
                assert_eq!(picks.iter().filter(|pick| **pick == rare).count(), 2, "{rare:?} in {picks:?}");
            }
        }
    }

    #[test]
    fn a_long_queue_of_retries_or_deletions_does_not_hold_up_a_fresh_order() {
        let picks = picks(one_by_one(with_recheck(waiting(1, 16, 16))), 12);
        assert_eq!(picks.iter().filter(|pick| **pick == Pick::Singles(Lane::Fresh, 1)).count(), 6);
    }

    #[test]
    fn groups_leave_room_for_what_goes_alone() {
        let mut picks = Scheduler::default();
        let mut groups = 0;
        while let Some(Pick::Group(_)) = picks.next(waiting(16, 0, 0), 8 - groups, at(1)) {
            groups += 1;
        }
        assert_eq!(groups, MOST_GROUPS);
        assert_eq!(picks.next(waiting(16, 0, 1), 2, at(1)), Some(Pick::Singles(Lane::Deletion, 1)));
        // A bulk that takes minutes does not stop its lane.
        assert_eq!(picks.next(waiting(16, 0, 0), 2, at(7)), Some(Pick::Singles(Lane::Fresh, 2)));
    }

    #[test]
    fn groups_that_wait_for_a_read_back_leave_their_places_to_others() {
        let mut picks = Scheduler::default();
        for _ in 0..MOST_GROUPS {
            assert_eq!(picks.next(waiting(16, 0, 0), 8, at(1)), Some(Pick::Group(Lane::Fresh)));
        }
        assert_eq!(picks.next(waiting(16, 0, 0), 8, at(1)), None);
        let reading = |reading_back| Waiting { reading_back, ..waiting(16, 0, 0) };
        for _ in 0..2 {
            assert_eq!(picks.next(reading(2), 8, at(1)), Some(Pick::Group(Lane::Fresh)));
        }
        assert_eq!(picks.next(reading(2), 8, at(1)), None);
        assert_eq!(picks.next(reading(MOST_READING_BACK), 8, at(1)), None, "their orders are kept in memory");
    }

    #[test]
    fn orders_go_one_by_one_for_a_while_when_bulks_fail_as_a_whole() {
        let mut picks = Scheduler::default();
        for bulk_went_well in [false, true, false, false] {
            assert_eq!(picks.next(waiting(16, 0, 0), 8, at(1)), Some(Pick::Group(Lane::Fresh)));
            if bulk_went_well { picks.group_went_well() } else { picks.group_failed(at(1)) }
        }
        assert_eq!(picks.next(waiting(16, 0, 0), 8, at(60)), Some(Pick::Singles(Lane::Fresh, 8)));
        assert_eq!(picks.next(waiting(16, 0, 0), 8, at(61)), Some(Pick::Group(Lane::Fresh)));
    }

    #[test]
    fn both_ends_of_a_long_queue_take_turns() {
        let mut picks = Scheduler::default();
        let firsts: Vec<_> = (0..4).map(|_| picks.alternate_ends(Lane::Fresh)).collect();
        assert_eq!(firsts, [true, false, true, false]);
        assert!(!picks.alternate_ends(Lane::Again));
    }
}
