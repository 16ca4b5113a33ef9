//! Days that were compared, also those on which neither side has an invoice.

use jiff::ToSpan;

use super::day;
use crate::{
    domain::reconciliation::Period,
    storage::{
        ComparedDay, Result,
        dialect::{Columns, Dialect},
        rows::json,
    },
};

/// What takes the place of a book for the orders that Forstok lists.
pub(super) const FORSTOK: &str = "";

/// The days of a period were compared with a book, or with [`FORSTOK`]; `incomplete` says why not everything was seen.
pub(super) async fn note<T: Dialect, W>(db: &mut T, book: &str, period: Period, incomplete: Option<&W>) -> Result<()> {
    let complete = incomplete.is_none();
    let mut days = Vec::new();
    let mut day = period.from;
    while day <= period.to {
        days.push([day]);
        day = day.saturating_add(1.days());
    }
    let sql = format!(
        "INSERT INTO compared_days (day, book, complete) SELECT v.value ->> 0, $2, CAST($3 AS BIGINT) FROM {}
         WHERE true ON CONFLICT (day, book) DO UPDATE SET complete = excluded.complete",
        T::ROWS
    );
    db.execute(sql, &[(&json(&days)).into(), book.into(), i64::from(complete).into()]).await.map(drop)
}

/// Which of these days were compared, by day and book.
pub(in crate::storage) async fn days<T: Dialect>(db: &mut T, period: Period) -> Result<Vec<ComparedDay>> {
    let sql = "SELECT day, book, complete FROM compared_days WHERE day >= $1 AND day <= $2 ORDER BY day, book";
    let (from, to) = (period.from.to_string(), period.to.to_string());
    let one = |row: &T::Row| {
        let book = row.text("book")?;
        Ok(ComparedDay {
            day: day(row, "day")?,
            book: (book != FORSTOK).then(|| book.into()),
            complete: row.number("complete")? == 1,
        })
    };
    db.fetch(sql, &[(&from).into(), (&to).into()]).await?.iter().map(one).collect()
}
