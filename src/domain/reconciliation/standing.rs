//! What our ledger says about an invoice.

use jiff::{SignedDuration, Timestamp};

use crate::domain::document::{Progress, Wanted};

/// How long an invoice may be due, or wait for its deletion, before a person should know.
const LATE_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// What our ledger says about an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It exists.
    Exists,
    /// In shadow mode: another integration should have created it.
    Draft,
    /// It was never created.
    Never,
    /// It was deleted.
    Gone,
    /// It must be deleted, and that has not succeeded for long.
    MustGo,
    /// It is being created or deleted.
    UnderWay,
    /// It should have been created long ago.
    Late,
}

/// How far posting is with an invoice.
#[derive(Clone, Copy, Debug)]
pub struct Posted {
    /// What is wanted of it.
    pub wanted: Wanted,
    /// How far that is done.
    pub progress: Progress,
    /// Whether it is only drafted, because shadow mode is on.
    pub is_draft: bool,
    /// Whether a save may have been sent whose result is not known.
    pub in_doubt: bool,
    /// Whether Accurate has ever given it an id.
    pub has_id: bool,
    /// Since when its creation is due.
    pub due_since: Option<Timestamp>,
    /// When the order last changed.
    pub changed_at: Timestamp,
}

impl Standing {
    /// Whether our ledger counts the invoice.
    pub fn is_counted(self) -> bool {
        matches!(self, Self::Exists | Self::Draft)
    }

    /// What an invoice that has come so far counts as.
    pub fn of(posted: &Posted, now: Timestamp) -> Self {
        let is_late = |since: Timestamp| now.duration_since(since) > LATE_AFTER;
        match (posted.progress, posted.wanted) {
            (Progress::Exists, _) => Self::Exists,
            (Progress::Due, Wanted::Exist) if posted.is_draft => Self::Draft,
            (Progress::Due, Wanted::Exist) if posted.due_since.is_some_and(is_late) => Self::Late,
            (Progress::Due, Wanted::Gone) if is_late(posted.changed_at) => Self::MustGo,
            (Progress::Due, _) => Self::UnderWay,
            _ if posted.in_doubt => Self::UnderWay,
            // Money or goods are booked on it, and a person decides: until then it stays.
            (Progress::Blocked, Wanted::Exist) if posted.has_id => Self::Exists,
            // It could not be deleted.
            (Progress::Blocked, Wanted::Gone) if posted.has_id => Self::MustGo,
            (Progress::Gone, _) if posted.has_id => Self::Gone,
            (Progress::Blocked | Progress::Gone, _) => Self::Never,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_posting_knows_of_an_invoice_decides_how_it_counts() {
        let now = Timestamp::from_second(1_800_000_000).expect("a time");
        let ago = |minutes| now - SignedDuration::from_mins(minutes);
        let exists = Posted {
            wanted: Wanted::Exist,
            progress: Progress::Exists,
            is_draft: false,
            in_doubt: false,
            has_id: true,
            due_since: None,
            changed_at: ago(5),
        };
        let due = Posted { progress: Progress::Due, has_id: false, due_since: Some(ago(5)), ..exists };
        let going = Posted { wanted: Wanted::Gone, progress: Progress::Due, ..exists };
        let gone = Posted { progress: Progress::Gone, ..going };
        let blocked = Posted { progress: Progress::Blocked, has_id: false, ..exists };
        for (posted, standing) in [
            (exists, Standing::Exists),
            (due, Standing::UnderWay),
            (Posted { due_since: Some(ago(61)), ..due }, Standing::Late),
            (Posted { is_draft: true, due_since: Some(ago(61)), ..due }, Standing::Draft),
            (going, Standing::UnderWay),
            (Posted { changed_at: ago(61), ..going }, Standing::MustGo),
            (gone, Standing::Gone),
            (Posted { has_id: false, ..gone }, Standing::Never),
            (blocked, Standing::Never),
            (Posted { in_doubt: true, ..blocked }, Standing::UnderWay),
            (Posted { has_id: true, ..blocked }, Standing::Exists),
            (Posted { has_id: true, wanted: Wanted::Gone, ..blocked }, Standing::MustGo),
        ] {
            assert_eq!(Standing::of(&posted, now), standing, "{posted:?}");
        }
    }
}
