//! Doubt about a document's saves: one may have been carried out, or may still be, and no reply says what it created.
//!
//! A doubt belongs to a document, an invoice as well as a receipt or a return, and outlives every outcome of an
//! attempt. It ends in three ways only: a reply accounts for the save, the document is found, or a look-up finds
//! nothing after every save has expired.
//!
//! There is no empty doubt to start from: a doubt is read from the document's row when it is claimed, handed on by the
//! attempt, and stored with the outcome, whatever that is.

use jiff::SignedDuration;

/// How long a save whose reply was lost may still be carried out after it was sent, and how long a saved document
/// may not yet be listed. Public clients wait 180 s for their longest calls (accurate.md §2, C), and a saved document is
/// assumed to be listed within a minute (accurate.md §6). Until then "not found" proves nothing.
pub const SAVE_IS_OVER: SignedDuration = SignedDuration::from_mins(5);

/// How long a saved document takes to show in lists, at most (accurate.md §6).
pub const SHOWN_WITHIN: SignedDuration = SignedDuration::from_mins(1);

/// What is not known about the saves of one document.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Doubt {
    /// Age of the latest save of an earlier attempt when the document was claimed, if its outcome is not known.
    before: Option<SignedDuration>,
    /// Earlier attempts can have sent at most one save.
    is_about_one: bool,
    /// Saves of this attempt whose outcome is not known.
    sent: u32,
    /// When the document was claimed, no save of an earlier attempt could still arrive.
    was_over: bool,
    /// The document must be looked up before anything is decided about its order, whatever is known about its saves.
    must_be_looked_up: bool,
}

/// What is stored of a doubt when an attempt ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remaining {
    /// Every save is accounted for.
    Nothing,
    /// No save can still arrive, but the document must be looked up before anything is decided about its order.
    LookUp,
    /// The doubt that existed when the document was claimed remains.
    AsBefore,
    /// A save of this attempt may still arrive: the latest one counts.
    SinceNow,
}

impl Doubt {
    /// The doubt in a document's row: the age of the latest save of unknown outcome, by the database's clock, and the
    /// number of attempts.
    pub fn of_age(age: Option<SignedDuration>, earlier_attempts: i64) -> Self {
        Self {
            before: age,
            is_about_one: earlier_attempts <= 1,
            sent: 0,
            was_over: age.is_some_and(|age| age >= SAVE_IS_OVER),
            must_be_looked_up: false,
        }
    }

    /// Whether an unknown document may exist, or may still appear.
    pub fn exists(&self) -> bool {
        self.before.is_some() || self.sent > 0
    }

    /// Whether every save has expired: a look-up that finds nothing then ends the doubt.
    pub fn is_over(&self) -> bool {
        self.was_over && self.sent == 0
    }

    /// Whether every save had expired when the document was claimed, even if a look-up has ended the doubt since.
    pub fn was_over(&self) -> bool {
        self.was_over
    }

    /// How long until every save has expired.
    pub fn remaining_wait(&self) -> SignedDuration {
        match self.before {
            _ if self.sent > 0 => SAVE_IS_OVER,
            Some(age) => (SAVE_IS_OVER - age).max(SignedDuration::ZERO),
            None => SignedDuration::ZERO,
        }
    }

    /// Records a save that is about to be sent.
    pub fn record_save(&mut self) {
        self.sent += 1;
    }

    /// Takes back the save that was sent last: it was certainly not carried out, or its reply says what it created.
    pub fn account_for_save(&mut self) {
        self.sent = self.sent.saturating_sub(1);
    }

    /// Ends the doubt about one save: the document was found, so one of them created it.
    pub fn account_for_found(&mut self) {
        self.must_be_looked_up = false;
        if self.is_over() || (self.sent == 0 && self.is_about_one) {
            self.before = None;
        } else if self.before.is_none() {
            self.sent = self.sent.saturating_sub(1);
        }
    }

    /// Ends the doubt if every save has expired: a reliable look-up found nothing.
    pub fn account_for_absence(&mut self) {
        if self.is_over() {
            self.before = None;
            self.must_be_looked_up = false;
        }
    }

    /// Demands a look-up before anything is decided: something was found, or may still appear.
    pub fn look_up_first(&mut self) {
        self.must_be_looked_up = true;
    }

    /// Begins a doubt if there is none: another worker's save may have created the document that was not found, and
    /// the document may appear later.
    pub fn expect_late_save(&mut self) {
        if !self.exists() {
            self.record_save();
        }
    }

    /// What is stored of the doubt.
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

    fn never_tried() -> Doubt {
        Doubt::of_age(None, 0)
    }

    /// An event that changes a doubt.
    #[derive(Clone, Copy, Debug)]
    enum Step {
        SaveLeaves,
        SaveIsAccountedFor,
        InvoiceIsFound,
        NothingIsFound,
        LookUpFirst,
    }

    /// Which saves may still arrive, counted one by one.
    struct Saves {
        earlier: bool,
        earlier_are_over: bool,
        ours: u32,
        must_be_looked_up: bool,
    }

    impl Saves {
        /// The most cautious reading of a step; a found invoice accounts for one save at most, and for none of several.
        fn after(&mut self, step: Step, is_about_one: bool) {
            match step {
                Step::SaveLeaves => self.ours += 1,
                Step::SaveIsAccountedFor => self.ours = self.ours.saturating_sub(1),
                Step::InvoiceIsFound => {
                    self.must_be_looked_up = false;
                    match (self.earlier, self.ours) {
                        (true, 0) if is_about_one || self.earlier_are_over => self.earlier = false,
                        (false, ours) => self.ours = ours.saturating_sub(1),
                        (true, _) => {}
                    }
                }
                Step::NothingIsFound => {
                    if self.earlier_are_over && self.ours == 0 {
                        (self.earlier, self.must_be_looked_up) = (false, false);
                    }
                }
                Step::LookUpFirst => self.must_be_looked_up = true,
            }
        }

        fn remaining(&self) -> Remaining {
            match self {
                Self { ours: 1.., .. } => Remaining::SinceNow,
                Self { earlier: true, .. } => Remaining::AsBefore,
                Self { must_be_looked_up: true, .. } => Remaining::LookUp,
                _ => Remaining::Nothing,
            }
        }
    }

    #[test]
    fn whatever_happens_in_an_attempt_no_save_is_forgotten_and_the_latest_counts() {
        let steps =
            [Step::SaveLeaves, Step::SaveIsAccountedFor, Step::InvoiceIsFound, Step::NothingIsFound, Step::LookUpFirst];
        let mut rng = fastrand::Rng::with_seed(1);
        for _ in 0..20_000 {
            let age = rng.choice([None, Some(1), Some(299), Some(300), Some(10_000)]).expect("one of five");
            let attempts = rng.i64(i64::from(age.is_some())..4);
            let mut doubt = Doubt::of_age(age.map(SignedDuration::from_secs), attempts);
            let (earlier, earlier_are_over) = (age.is_some(), age.is_some_and(|age| age >= 300));
            let mut saves = Saves { earlier, earlier_are_over, ours: 0, must_be_looked_up: false };
            let mut told = Vec::new();
            for _ in 0..rng.usize(1..8) {
                let step = rng.choice(steps).expect("one of five");
                told.push(step);
                match step {
                    Step::SaveLeaves => doubt.record_save(),
                    Step::SaveIsAccountedFor => doubt.account_for_save(),
                    Step::InvoiceIsFound => doubt.account_for_found(),
                    Step::NothingIsFound => doubt.account_for_absence(),
                    Step::LookUpFirst => doubt.look_up_first(),
                }
                saves.after(step, attempts <= 1);
                assert_eq!(doubt.remaining(), saves.remaining(), "{age:?} s, {attempts} attempts: {told:?}");
                assert_eq!(doubt.exists(), saves.earlier || saves.ours > 0, "{told:?}");
                let wait = match (saves.ours, age) {
                    (1.., _) => SAVE_IS_OVER,
                    (0, Some(age)) if saves.earlier => SignedDuration::from_secs((300 - age).max(0)),
                    _ => SignedDuration::ZERO,
                };
                assert_eq!(doubt.remaining_wait(), wait, "{told:?}");
            }
        }
    }

    #[test]
    fn the_latest_save_counts() {
        let mut doubt = sent(299, 3);
        assert_eq!(doubt.remaining_wait(), SignedDuration::from_secs(1));
        doubt.record_save();
        assert_eq!((doubt.remaining(), doubt.remaining_wait()), (Remaining::SinceNow, SAVE_IS_OVER));
        doubt.account_for_save();
        assert_eq!(doubt.remaining(), Remaining::AsBefore, "the earlier save may still arrive");
    }

    #[test]
    fn nothing_found_ends_a_doubt_only_when_no_save_can_arrive_any_more() {
        for (age, remaining) in [(299, Remaining::AsBefore), (300, Remaining::Nothing)] {
            let mut doubt = sent(age, 3);
            doubt.account_for_absence();
            assert_eq!(doubt.remaining(), remaining, "{age} s");
        }
        let mut doubt = sent(1000, 3);
        doubt.record_save();
        doubt.account_for_absence();
        assert_eq!(doubt.remaining(), Remaining::SinceNow);
    }

    #[test]
    fn a_found_invoice_accounts_for_one_save() {
        let mut only = sent(1, 1);
        only.account_for_found();
        assert_eq!(only.remaining(), Remaining::Nothing);
        let mut one_of_two = sent(1, 2);
        one_of_two.account_for_found();
        assert_eq!(one_of_two.remaining(), Remaining::AsBefore, "the other may still arrive");
        let mut second = sent(200, 1);
        second.record_save();
        second.account_for_found();
        assert_eq!(second.remaining(), Remaining::SinceNow, "nobody knows which of the two it is");
        let mut first = never_tried();
        first.record_save();
        first.account_for_found();
        assert_eq!(first.remaining(), Remaining::Nothing);
    }

    #[test]
    fn what_must_be_looked_up_stays_so_until_it_was() {
        let mut doubt = never_tried();
        doubt.look_up_first();
        assert_eq!(doubt.remaining(), Remaining::LookUp);
        doubt.account_for_found();
        assert_eq!(doubt.remaining(), Remaining::Nothing);
    }
}
