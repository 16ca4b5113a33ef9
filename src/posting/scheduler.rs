//! What comes next when a book has room for more work.
//!
//! Kinds of work take turns, so that none waits for the end of another's queue: orders never tried come every
//! second turn; orders tried before, invoices to be deleted and rechecks share the others.

use std::time::Duration;

use crate::{
    clock::Monotonic,
    storage::{Claimable, Lane},
};

/// The turns; a kind that has nothing to do is passed over.
const TURNS: [Kind; 6] = [
    Kind::Orders(Lane::Fresh),
    Kind::Orders(Lane::Again),
    Kind::Orders(Lane::Fresh),
    Kind::Orders(Lane::Void),
    Kind::Orders(Lane::Fresh),
    Kind::Recheck,
];

/// From so many due orders on they go together: fewer than two seconds' worth of calls go as fast one by one.
pub(super) const BULK_FROM: i64 = 16;

/// Groups under way at once; the rest of what Accurate takes in flight is left for what goes alone.
const MOST_GROUPS: usize = 6;

/// Groups that take longer than this no longer keep their lane to themselves.
const SLOW_GROUP: Duration = Duration::from_secs(5);

/// After so many bulks in a row that failed as a whole, orders go one by one ...
const BULK_FAILURES: u32 = 2;

/// ... for so long.
const BULK_RESTS: Duration = Duration::from_mins(1);

/// A kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Orders(Lane),
    Recheck,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Orders that go alone, up to this many.
    Singles(Lane, usize),
    /// Orders that go together.
    Group(Lane),
    /// A recheck of something that blocked orders wait for.
    Recheck,
}

/// What there is to do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) orders: Claimable,
    pub(super) recheck_is_due: bool,
}

/// Where the turns of one book stand.
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
    /// What comes next with room for so many pieces of work; `None` when there is nothing.
    pub(super) fn next(&mut self, waiting: Waiting, room: usize, bulk: bool, now: Monotonic) -> Option<Turn> {
        let bulk = bulk && now >= self.bulk_rests_until;
        let at = (0..TURNS.len())
            .map(|step| (self.next + step) % TURNS.len())
            .find(|at| room > 0 && self.may_have_it(TURNS[*at], waiting, bulk, now))?;
        self.next = at + 1;
        let Kind::Orders(lane) = TURNS[at] else {
            self.rechecking = true;
            return Some(Turn::Recheck);
        };
        if goes_together(lane, waiting, bulk) && self.groups < MOST_GROUPS {
            self.groups += 1;
            self.last_group_at = now;
            return Some(Turn::Group(lane));
        }
        let others_wait =
            waiting.recheck_is_due || Lane::ALL.into_iter().any(|other| other != lane && waiting.orders.of(other) > 0);
        Some(Turn::Singles(lane, if others_wait { room.div_ceil(2) } else { room }))
    }

    /// Whether the newest go first this time. In a long queue both ends take turns: an order that has just come
    /// is not held up by thousands before it, and the oldest is not forgotten.
    pub(super) fn newest_first(&mut self, lane: Lane) -> bool {
        self.newest_first = !self.newest_first;
        lane == Lane::Fresh && self.newest_first
    }

    pub(super) fn group_ended(&mut self, bulk_went_well: bool, now: Monotonic) {
        self.groups = self.groups.saturating_sub(1);
        self.bulk_failures = if bulk_went_well { 0 } else { self.bulk_failures + 1 };
        if self.bulk_failures >= BULK_FAILURES {
            self.bulk_failures = 0;
            self.bulk_rests_until = now + BULK_RESTS;
        }
    }

    pub(super) fn recheck_ended(&mut self) {
        self.rechecking = false;
    }

    fn may_have_it(&self, kind: Kind, waiting: Waiting, bulk: bool, now: Monotonic) -> bool {
        match kind {
            Kind::Recheck => waiting.recheck_is_due && !self.rechecking,
            Kind::Orders(lane) if goes_together(lane, waiting, bulk) => {
                self.groups < MOST_GROUPS || now.since(self.last_group_at) > SLOW_GROUP
            }
            Kind::Orders(lane) => waiting.orders.of(lane) > 0,
        }
    }
}

/// Deleting has no bulk.
fn goes_together(lane: Lane, waiting: Waiting, bulk: bool) -> bool {
    bulk && lane != Lane::Void && waiting.orders.of(lane) >= BULK_FROM
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(fresh: i64, again: i64, void: i64, recheck_is_due: bool) -> Waiting {
        Waiting { orders: Claimable::new([fresh, again, void]), recheck_is_due }
    }

    fn at(second: u64) -> Monotonic {
        Monotonic::after_beginning(Duration::from_secs(second))
    }

    /// Who gets the next turns, one piece of work at a time.
    fn turns(waiting: Waiting, bulk: bool, count: usize) -> Vec<Turn> {
        let mut turns = Scheduler::default();
        (0..count)
            .map(|_| {
                let turn = turns.next(waiting, 1, bulk, at(1)).expect("something waits");
                match turn {
                    Turn::Recheck => turns.recheck_ended(),
                    Turn::Group(_) => turns.group_ended(true, at(1)),
                    Turn::Singles(..) => {}
                }
                turn
            })
            .collect()
    }

    #[test]
    fn few_orders_go_singly_and_at_once_many_go_together() {
        let mut singly = Scheduler::default();
        assert_eq!(singly.next(waiting(15, 0, 0, false), 8, true, at(1)), Some(Turn::Singles(Lane::Fresh, 8)));
        assert_eq!(singly.next(waiting(16, 0, 0, false), 8, true, at(1)), Some(Turn::Group(Lane::Fresh)));
        assert_eq!(singly.next(waiting(16, 0, 0, false), 8, false, at(1)), Some(Turn::Singles(Lane::Fresh, 8)));
    }

    #[test]
    fn a_long_queue_holds_up_neither_retries_nor_deletions_nor_rechecks() {
        for bulk in [false, true] {
            let turns = turns(waiting(16, 2, 3, true), bulk, 12);
            for rare in [Turn::Singles(Lane::Again, 1), Turn::Singles(Lane::Void, 1), Turn::Recheck] {
                assert_eq!(turns.iter().filter(|turn| **turn == rare).count(), 2, "{rare:?} in {turns:?}");
            }
        }
    }

    #[test]
    fn a_long_queue_of_retries_or_deletions_does_not_hold_up_a_fresh_order() {
        let turns = turns(waiting(1, 16, 16, true), false, 12);
        assert_eq!(turns.iter().filter(|turn| **turn == Turn::Singles(Lane::Fresh, 1)).count(), 6);
    }

    #[test]
    fn groups_leave_room_for_what_goes_alone() {
        let mut turns = Scheduler::default();
        let mut groups = 0;
        while let Some(Turn::Group(_)) = turns.next(waiting(16, 0, 0, false), 8 - groups, true, at(1)) {
            groups += 1;
        }
        assert_eq!(groups, MOST_GROUPS);
        assert_eq!(turns.next(waiting(16, 0, 1, false), 2, true, at(1)), Some(Turn::Singles(Lane::Void, 1)));
        // Bulks that take minutes do not stop their lane.
        assert_eq!(turns.next(waiting(16, 0, 0, false), 2, true, at(7)), Some(Turn::Singles(Lane::Fresh, 2)));
    }

    #[test]
    fn orders_go_one_by_one_for_a_while_when_bulks_fail_as_a_whole() {
        let mut turns = Scheduler::default();
        for bulk_went_well in [false, true, false, false] {
            assert_eq!(turns.next(waiting(16, 0, 0, false), 8, true, at(1)), Some(Turn::Group(Lane::Fresh)));
            turns.group_ended(bulk_went_well, at(1));
        }
        assert_eq!(turns.next(waiting(16, 0, 0, false), 8, true, at(60)), Some(Turn::Singles(Lane::Fresh, 8)));
        assert_eq!(turns.next(waiting(16, 0, 0, false), 8, true, at(61)), Some(Turn::Group(Lane::Fresh)));
    }

    #[test]
    fn both_ends_of_a_long_queue_take_turns() {
        let mut turns = Scheduler::default();
        let firsts: Vec<_> = (0..4).map(|_| turns.newest_first(Lane::Fresh)).collect();
        assert_eq!(firsts, [true, false, true, false]);
        assert!(!turns.newest_first(Lane::Again));
    }
}
