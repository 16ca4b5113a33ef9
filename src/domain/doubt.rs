//! Doubt about an order's saves: one may have been carried out, or may still be, and no reply says what it created.
//!
//! A doubt belongs to the order and outlives every outcome of an attempt. It ends in two ways only: the invoice is
//! found, or a look-up finds nothing at a time when no save can arrive any more.

use jiff::SignedDuration;

/// How long after it was sent a save whose reply was lost may still be carried out, and how long a saved invoice may
/// not be shown yet. Public clients wait 180 s for their longest calls (accurate.md §2, C), and a saved invoice is
/// assumed to show within a minute (accurate.md §6); until then "not found" proves nothing.
pub const SAVE_IS_OVER: SignedDuration = SignedDuration::from_mins(5);

/// What is not known about the saves that were sent for one order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Doubt {
    /// How old the latest save of an earlier attempt was when the order was claimed, if its outcome is not known.
    before: Option<SignedDuration>,
    /// No more than one save can have been sent by earlier attempts.
    is_about_one: bool,
    /// Saves of this attempt whose outcome is not known.
    sent: u32,
    /// When the order was claimed, no save of an earlier attempt could arrive any more.
    was_over: bool,
    /// The order must be looked up before anything is decided about it, whatever is known of its saves.
    must_be_looked_up: bool,
}

/// What is stored of a doubt when an attempt ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remaining {
    /// Every save is accounted for.
    Nothing,
    /// No save can arrive any more, but the order must be looked up before anything is decided about it.
    LookUp,
    /// What was in doubt when the order was claimed still is.
    AsBefore,
    /// A save of this attempt may still arrive: the latest one counts.
    SinceNow,
}

impl Doubt {
    /// There is none.
    pub fn none() -> Self {
        Self::default()
    }

    /// As an order's row tells it: how old the latest save of unknown outcome is by the database's clock, and how
    /// many attempts there were.
    pub fn of_age(age: Option<SignedDuration>, earlier_attempts: i64) -> Self {
        Self {
            before: age,
            is_about_one: earlier_attempts <= 1,
            was_over: age.is_some_and(|age| age >= SAVE_IS_OVER),
            ..Self::default()
        }
    }

    /// Whether an invoice may exist, or come to exist, that is not known.
    pub fn exists(&self) -> bool {
        self.before.is_some() || self.sent > 0
    }

    /// Whether no save can arrive any more: a look-up that finds nothing ends such a doubt.
    pub fn is_over(&self) -> bool {
        self.was_over && self.sent == 0
    }

    /// Whether a doubt was over when the order was claimed, also if a look-up has ended it since.
    pub fn was_over(&self) -> bool {
        self.was_over
    }

    /// How long until no save can arrive any more.
    pub fn remaining_wait(&self) -> SignedDuration {
        match self.before {
            _ if self.sent > 0 => SAVE_IS_OVER,
            Some(age) => (SAVE_IS_OVER - age).max(SignedDuration::ZERO),
            None => SignedDuration::ZERO,
        }
    }

    /// A save is about to leave.
    pub fn save_leaves(&mut self) {
        self.sent += 1;
    }

    /// It is certain that the save that left last was not carried out, or its reply says what it created.
    pub fn save_is_accounted_for(&mut self) {
        self.sent = self.sent.saturating_sub(1);
    }

    /// The order's invoice was found: one of the saves created it.
    pub fn invoice_is_found(&mut self) {
        self.must_be_looked_up = false;
        if self.is_over() || (self.sent == 0 && self.is_about_one) {
            self.before = None;
        } else if self.before.is_none() {
            self.sent = self.sent.saturating_sub(1);
        }
    }

    /// A look-up on which one can rely found nothing.
    pub fn nothing_is_found(&mut self) {
        if self.is_over() {
            self.before = None;
            self.must_be_looked_up = false;
        }
    }

    /// Something was found, or can still come to exist, that must be looked at before anything is decided.
    pub fn look_up_first(&mut self) {
        self.must_be_looked_up = true;
    }

    /// Somebody else's save may have created what could not be found: it may show later.
    pub fn something_may_show_later(&mut self) {
        if !self.exists() {
            self.save_leaves();
        }
    }

    /// What is stored of it.
    pub fn remaining(&self) -> Remaining {
        match self {
            _ if self.sent > 0 => Remaining::SinceNow,
            _ if self.before.is_some() => Remaining::AsBefore,
            _ if self.must_be_looked_up => Remaining::LookUp,
            _ => Remaining::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(seconds_ago: i64, earlier_attempts: i64) -> Doubt {
        Doubt::of_age(Some(SignedDuration::from_secs(seconds_ago)), earlier_attempts)
    }

    #[test]
    fn the_latest_save_counts() {
        let mut doubt = sent(299, 3);
        assert_eq!(doubt.remaining_wait(), SignedDuration::from_secs(1));
        doubt.save_leaves();
        assert_eq!((doubt.remaining(), doubt.remaining_wait()), (Remaining::SinceNow, SAVE_IS_OVER));
        doubt.save_is_accounted_for();
        assert_eq!(doubt.remaining(), Remaining::AsBefore, "the earlier save may still arrive");
    }

    #[test]
    fn nothing_found_ends_a_doubt_only_when_no_save_can_arrive_any_more() {
        for (age, remaining) in [(299, Remaining::AsBefore), (300, Remaining::Nothing)] {
            let mut doubt = sent(age, 3);
            doubt.nothing_is_found();
            assert_eq!(doubt.remaining(), remaining, "{age} s");
        }
        let mut doubt = sent(1000, 3);
        doubt.save_leaves();
        doubt.nothing_is_found();
        assert_eq!(doubt.remaining(), Remaining::SinceNow);
    }

    #[test]
    fn a_found_invoice_accounts_for_one_save() {
        let mut only = sent(1, 1);
        only.invoice_is_found();
        assert_eq!(only.remaining(), Remaining::Nothing);
        let mut one_of_two = sent(1, 2);
        one_of_two.invoice_is_found();
        assert_eq!(one_of_two.remaining(), Remaining::AsBefore, "the other may still arrive");
        let mut second = sent(200, 1);
        second.save_leaves();
        second.invoice_is_found();
        assert_eq!(second.remaining(), Remaining::SinceNow, "nobody knows which of the two it is");
        let mut first = Doubt::none();
        first.save_leaves();
        first.invoice_is_found();
        assert_eq!(first.remaining(), Remaining::Nothing);
    }

    #[test]
    fn what_must_be_looked_up_stays_so_until_it_was() {
        let mut doubt = Doubt::none();
        doubt.look_up_first();
        assert_eq!(doubt.remaining(), Remaining::LookUp);
        doubt.invoice_is_found();
        assert_eq!(doubt.remaining(), Remaining::Nothing);
    }
}
