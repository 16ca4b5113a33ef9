//! How a listed order relates to the order that is known.

use super::{Row, Side};
use crate::domain::{
    history::Progress,
    money::Rupiah,
    order::{OrderId, Snapshot},
    status::Status,
};

/// What this service knows about an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Forstok's order id.
    pub order_id: OrderId,
    /// The store.
    pub store_id: String,
    /// The marketplace's order number.
    pub channel_order_id: String,
    /// The status as Forstok wrote it.
    pub status: String,
    /// Of the snapshot whose amounts count.
    pub progress: Progress,
    /// The order's total in that snapshot; `None` if it is not known any more.
    pub total: Option<Rupiah>,
}

/// How a listed order relates to the order that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It is not known at all.
    New,
    /// The source knows something newer.
    Newer,
    /// Both say the same.
    Same,
    /// The source knows something older.
    Older,
}

impl Standing {
    /// The class of the finding that this is; `None` if nothing is missing.
    pub fn class(self) -> Option<&'static str> {
        match self {
            Self::New => Some("missed_webhook"),
            Self::Newer => Some("stale"),
            Self::Same | Self::Older => None,
        }
    }
}

/// A snapshot of a known order whose time is missing or cannot be read: nothing tells whether it is newer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Undated;

/// Relates a whole snapshot to what is known about its order, by the rule that decides whose amounts count: the newest
/// `updated_at`, and at the same second the higher rank.
pub fn of_snapshot(snapshot: &Snapshot, known: Option<Progress>) -> Result<Standing, Undated> {
    let Some(known) = known else { return Ok(Standing::New) };
    let at = snapshot.updated_at.ok_or(Undated)?;
    Ok(match Progress::of(snapshot.status, at).cmp(&known) {
        std::cmp::Ordering::Greater => Standing::Newer,
        std::cmp::Ordering::Equal => Standing::Same,
        std::cmp::Ordering::Less => Standing::Older,
    })
}

/// Relates what a source said about an order to what is known about it by now.
pub fn of_listed(listed: &Side, known: Option<Progress>) -> Standing {
    match (known, listed.updated_at) {
        (None, _) => Standing::New,
        (Some(_), None) => Standing::Same,
        (Some(known), Some(at)) => match Progress::of(Status::parse(&listed.status), at).cmp(&known) {
            std::cmp::Ordering::Greater => Standing::Newer,
            std::cmp::Ordering::Equal => Standing::Same,
            std::cmp::Ordering::Less => Standing::Older,
        },
    }
}

/// Relates a row of an export to what is known about its order. Only status and total are compared, each if both sides
/// have one that can be read; where they differ, the later time is right, else the status that is further on.
pub fn of_row(row: &Row, known: Option<&Known>) -> Standing {
    let Some(known) = known else { return Standing::New };
    let status = Status::parse(&known.status);
    let status_differs = row.status().zip(status).is_some_and(|(listed, known)| listed != known);
    let total_differs = known.total.is_some_and(|total| !row.totals.is_empty() && !row.totals.contains(&total));
    if !status_differs && !total_differs {
        return Standing::Same;
    }
    let ranks = row.status().and_then(Status::rank).zip(status.and_then(Status::rank));
    let is_older = match row.updated_at {
        Some(at) => at < known.progress.at,
        None => !total_differs && ranks.is_some_and(|(listed, known)| listed < known),
    };
    if is_older { Standing::Older } else { Standing::Newer }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering::{Equal, Greater, Less};

    use jiff::Timestamp;

    use super::*;

    fn at(time: &str) -> Timestamp {
        format!("2026-11-05T{time}+07:00").parse().expect("a moment")
    }

    fn known(status: &str, time: &str, total: i64) -> Known {
        Known {
            order_id: OrderId::parse("1").expect("digits"),
            store_id: "8277".to_owned(),
            channel_order_id: "INV-1".to_owned(),
            status: status.to_owned(),
            progress: Progress::of(Status::parse(status), at(time)),
            total: Some(Rupiah::whole(total)),
        }
    }

    fn row(status: &str, total: &str, updated_at: Option<&str>) -> Row {
        let totals = super::super::row::amounts(total);
        Row { status: status.to_owned(), totals, updated_at: updated_at.map(at), ..Row::default() }
    }

    #[test]
    fn the_newest_time_wins_and_at_the_same_second_the_higher_rank() {
        let shipped = Progress::of(Some(Status::Shipped), at("10:00:00"));
        let standing = |status, time: &str| {
            let listed = Progress::of(status, at(time));
            listed.cmp(&shipped)
        };
        assert_eq!(standing(Some(Status::Open), "10:00:01"), Greater);
        assert_eq!(standing(Some(Status::Completed), "09:59:59"), Less);
        assert_eq!(standing(Some(Status::Shipped), "10:00:00"), Equal);
        assert_eq!(standing(Some(Status::Delivered), "10:00:00"), Greater);
        assert_eq!(standing(None, "11:00:00"), Less, "a status that nobody documents changes nothing");
    }

    #[test]
    fn a_row_differs_by_status_or_total() {
        let known = known("Shipped", "10:00:00", 80_000);
        for (status, total, updated_at, standing) in [
            ("Shipped", "80000", None, Standing::Same),
            ("shipped", "Rp80.000", Some("08:00:00"), Standing::Same),
            ("", "", None, Standing::Same),
            ("teleported", "80.000", None, Standing::Same),
            ("Completed", "80000", None, Standing::Newer),
            ("Open", "80000", None, Standing::Older),
            ("Open", "80000", Some("11:00:00"), Standing::Newer),
            ("Completed", "80000", Some("09:00:00"), Standing::Older),
            ("Cancelled", "80000", None, Standing::Newer),
            ("Shipped", "75000", None, Standing::Newer),
            ("Open", "75000", None, Standing::Newer),
            ("Shipped", "75000", Some("09:00:00"), Standing::Older),
        ] {
            let row = row(status, total, updated_at);
            assert_eq!(of_row(&row, Some(&known)), standing, "{status:?} {total:?} {updated_at:?}");
        }
        assert_eq!(of_row(&row("Shipped", "80000", None), None), Standing::New);
        let without_total = Known { total: None, ..known };
        assert_eq!(of_row(&row("Shipped", "1", None), Some(&without_total)), Standing::Same);
    }

    #[test]
    fn only_what_is_missing_is_a_finding() {
        let classes = [Standing::New, Standing::Newer, Standing::Same, Standing::Older].map(Standing::class);
        assert_eq!(classes, [Some("missed_webhook"), Some("stale"), None, None]);
    }
}
