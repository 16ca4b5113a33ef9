//! Runs: requested, carried out book by book, ended.

use jiff::{Timestamp, civil::Date};

use super::{day, findings::counts_of_days};
use crate::{
    domain::{
        ids::BookName,
        masters::ListFailure,
        reconciliation::{
            Period,
            sums::{Count, Sums},
        },
    },
    storage::{
        ChangeReading, ForstokPart, IncompleteNight, Result, Run, RunPart, Sources, StorageError,
        dialect::{Columns, Dialect},
        rows::{json as to_json, moment, timestamp},
    },
};

/// Requests a run; returns its number.
pub(in crate::storage) async fn request<T: Dialect>(
    db: &mut T,
    period: Period,
    who: &str,
    sources: Sources<'_>,
    now: Timestamp,
) -> Result<i64> {
    let sql = "INSERT INTO reconciliations (from_day, to_day, who, requested_at, asks_forstok)
               VALUES ($1, $2, $3, $4, $5) RETURNING id";
    let (from, to) = (period.from.to_string(), period.to.to_string());
    let asks_forstok = i64::from(sources.asks_forstok);
    let values = [(&from).into(), (&to).into(), who.into(), now.into(), asks_forstok.into()];
    let rows = db.fetch(sql, &values).await?;
    let run =
        rows.first().ok_or_else(|| StorageError::Unreadable("a run without a number".to_owned()))?.number("id")?;
    add_books(db, run, sources.books).await?;
    Ok(run)
}

/// Requests the run of the night of the period's last day. `None`: it was requested before.
pub(in crate::storage) async fn request_nightly<T: Dialect>(
    db: &mut T,
    period: Period,
    sources: Sources<'_>,
    now: Timestamp,
) -> Result<Option<i64>> {
    let sql = "INSERT INTO reconciliations (from_day, to_day, who, night, requested_at, asks_forstok)
               VALUES ($1, $2, '', $2, $3, $4)
               ON CONFLICT (night) WHERE night IS NOT NULL DO NOTHING RETURNING id";
    let (from, to) = (period.from.to_string(), period.to.to_string());
    let asks_forstok = i64::from(sources.asks_forstok);
    let rows = db.fetch(sql, &[(&from).into(), (&to).into(), now.into(), asks_forstok.into()]).await?;
    let Some(run) = rows.first().map(|row| row.number("id")).transpose()? else { return Ok(None) };
    add_books(db, run, sources.books).await?;
    Ok(Some(run))
}

/// The latest nightly run or repetition, if it has ended and could not read everything.
pub(in crate::storage) async fn incomplete_night(db: &mut impl Dialect) -> Result<Option<IncompleteNight>> {
    let sql = "SELECT id, from_day, to_day, ended_at, forstok_failure FROM reconciliations
               WHERE who = '' AND id > 0 ORDER BY id DESC LIMIT 1";
    let rows = db.fetch(sql, &[]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let Some(ended_at) = moment(row, "ended_at")? else { return Ok(None) };
    let run = row.number("id")?;
    let sql = "SELECT book FROM reconciled_books WHERE run = $1 AND failure <> '' ORDER BY book";
    let books = db.fetch(sql, &[run.into()]).await?;
    let books = books.iter().map(|row| Ok(row.text("book")?.into())).collect::<Result<Vec<_>>>()?;
    let asks_forstok = !row.text("forstok_failure")?.is_empty();
    let period = Period { from: day(row, "from_day")?, to: day(row, "to_day")? };
    let night = IncompleteNight { run, period, ended_at, books, asks_forstok };
    Ok(Some(night).filter(|night| night.asks_forstok || !night.books.is_empty()))
}

/// Requests what an incomplete nightly run could not read again. `None`: that was requested before.
pub(in crate::storage) async fn repeat_night<T: Dialect>(
    db: &mut T,
    night: &IncompleteNight,
    now: Timestamp,
) -> Result<Option<i64>> {
    let sql = "INSERT INTO reconciliations (from_day, to_day, who, repeats, requested_at, asks_forstok)
               VALUES ($1, $2, '', $3, $4, $5)
               ON CONFLICT (repeats) WHERE repeats IS NOT NULL DO NOTHING RETURNING id";
    let (from, to) = (night.period.from.to_string(), night.period.to.to_string());
    let asks_forstok = i64::from(night.asks_forstok);
    let values = [(&from).into(), (&to).into(), night.run.into(), now.into(), asks_forstok.into()];
    let rows = db.fetch(sql, &values).await?;
    let Some(run) = rows.first().map(|row| row.number("id")).transpose()? else { return Ok(None) };
    add_books(db, run, &night.books).await?;
    Ok(Some(run))
}

async fn add_books<T: Dialect>(db: &mut T, run: i64, books: &[BookName]) -> Result<()> {
    let sql = format!(
        "INSERT INTO reconciled_books (run, book) SELECT CAST($2 AS BIGINT), v.value ->> 0 FROM {} WHERE true",
        T::ROWS
    );
    let books: Vec<_> = books.iter().map(|book| [book]).collect();
    db.execute(sql, &[(&to_json(&books)).into(), run.into()]).await.map(drop)
}

/// The day of the latest nightly run.
pub(in crate::storage) async fn last_night(db: &mut impl Dialect) -> Result<Option<Date>> {
    let sql = "SELECT night FROM reconciliations WHERE night IS NOT NULL ORDER BY night DESC LIMIT 1";
    db.fetch(sql, &[]).await?.first().map(|row| day(row, "night")).transpose()
}

/// When a book was last compared completely.
pub(in crate::storage) async fn last_complete(db: &mut impl Dialect, book: &BookName) -> Result<Option<Timestamp>> {
    let sql = "SELECT ended_at FROM reconciled_books WHERE book = $1 AND ended_at IS NOT NULL AND failure = ''
               ORDER BY ended_at DESC LIMIT 1";
    db.fetch(sql, &[book.into()]).await?.first().map(|row| moment(row, "ended_at")).transpose().map(Option::flatten)
}

const PART: &str =
    "b.id, b.book, b.began_at, b.ended_at, b.is_listed, b.readings, b.rows_read, b.rows_expected, b.asked,
    b.failure, b.failure_detail, b.ledger_count, b.ledger_total, b.accurate_count, b.accurate_total, b.explained,
    b.changes_left, r.from_day, r.to_day, r.who,
    (SELECT e.began_at FROM reconciled_books e WHERE e.book = b.book AND e.ended_at IS NOT NULL AND e.failure = ''
     ORDER BY e.ended_at DESC LIMIT 1) AS last_complete_began_at";

fn part(row: &impl Columns) -> Result<RunPart> {
    let count = |count, total| Ok::<_, StorageError>(Count { count: row.number(count)?, total: row.number(total)? });
    Ok(RunPart {
        id: row.number("id")?,
        book: row.text("book")?.into(),
        period: Period { from: day(row, "from_day")?, to: day(row, "to_day")? },
        is_nightly: row.text("who")?.is_empty(),
        began_at: moment(row, "began_at")?,
        last_complete_began_at: moment(row, "last_complete_began_at")?,
        changes_left: row.number("changes_left")?,
        ended_at: moment(row, "ended_at")?,
        is_listed: row.number("is_listed")? == 1,
        readings: row.number("readings")?,
        rows_read: row.number("rows_read")?,
        rows_expected: row.number("rows_expected")?,
        asked: row.number("asked")?,
        incomplete: ListFailure::from_parts(row.text("failure")?, row.text("failure_detail")?),
        sums: Sums {
            ledger: count("ledger_count", "ledger_total")?,
            accurate: count("accurate_count", "accurate_total")?,
            explained: row.number("explained")?,
        },
    })
}

/// The oldest part of a book that has not ended: a later run waits for an earlier one.
pub(in crate::storage) async fn next_part(db: &mut impl Dialect, book: &BookName) -> Result<Option<RunPart>> {
    let sql = format!(
        "SELECT {PART} FROM reconciled_books b JOIN reconciliations r ON r.id = b.run
         WHERE b.book = $1 AND b.ended_at IS NULL ORDER BY b.id LIMIT 1"
    );
    db.fetch(sql, &[book.into()]).await?.first().map(part).transpose()
}

/// The list of a part is read from its first page.
pub(in crate::storage) async fn begin_reading(db: &mut impl Dialect, part: i64, now: Timestamp) -> Result<()> {
    let sql = "UPDATE reconciled_books SET began_at = COALESCE(began_at, $2), readings = readings + 1, is_listed = 0,
                   rows_read = 0, rows_expected = 0 WHERE id = $1";
    db.execute(sql, &[part.into(), now.into()]).await?;
    for sql in ["DELETE FROM listed_invoices WHERE part = $1", "DELETE FROM asked_orders WHERE part = $1"] {
        db.execute(sql, &[part.into()]).await?;
    }
    Ok(())
}

/// The whole list of a part was read.
pub(in crate::storage) async fn finish_reading(db: &mut impl Dialect, part: i64) -> Result<()> {
    db.execute("UPDATE reconciled_books SET is_listed = 1 WHERE id = $1", &[part.into()]).await.map(drop)
}

/// How far the invoices that were changed in a book were looked at.
pub(in crate::storage) async fn change_reading(
    db: &mut impl Dialect,
    book: &BookName,
) -> Result<Option<ChangeReading>> {
    let sql = "SELECT since, began_at, next_id FROM change_readings WHERE book = $1";
    let rows = db.fetch(sql, &[book.into()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let (since, began_at) = (timestamp(row.number("since")?)?, timestamp(row.number("began_at")?)?);
    Ok(Some(ChangeReading { since, began_at, next_id: Some(row.number("next_id")?).filter(|id| *id != 0) }))
}

/// Writes how far the invoices that were changed in a book were looked at.
pub(super) async fn set_change_reading(db: &mut impl Dialect, book: &BookName, reading: &ChangeReading) -> Result<()> {
    let sql = "INSERT INTO change_readings (book, since, began_at, next_id) VALUES ($1, $2, $3, $4)
               ON CONFLICT (book) DO UPDATE SET since = excluded.since, began_at = excluded.began_at,
                   next_id = excluded.next_id";
    let ChangeReading { since, began_at, next_id } = *reading;
    db.execute(sql, &[book.into(), since.into(), began_at.into(), next_id.unwrap_or_default().into()]).await.map(drop)
}

const RUN: &str = "id, from_day, to_day, who, repeats, requested_at, ended_at, asks_forstok, forstok_ended_at,
    forstok_orders, forstok_failure";

/// Runs with numbers below `before`, newest first.
pub(in crate::storage) async fn list(db: &mut impl Dialect, before: Option<i64>, limit: i64) -> Result<Vec<Run>> {
    let sql = format!("SELECT {RUN} FROM reconciliations WHERE id < $1 ORDER BY id DESC LIMIT $2");
    let rows = db.fetch(sql, &[before.unwrap_or(i64::MAX).into(), limit.into()]).await?;
    let mut runs = Vec::with_capacity(rows.len());
    for row in &rows {
        runs.push(run(db, row).await?);
    }
    Ok(runs)
}

/// The run with this number.
pub(in crate::storage) async fn one(db: &mut impl Dialect, id: i64) -> Result<Option<Run>> {
    let sql = format!("SELECT {RUN} FROM reconciliations WHERE id = $1");
    let rows = db.fetch(sql, &[id.into()]).await?;
    match rows.first() {
        Some(row) => run(db, row).await.map(Some),
        None => Ok(None),
    }
}

async fn run<T: Dialect>(db: &mut T, row: &T::Row) -> Result<Run> {
    let id = row.number("id")?;
    let period = Period { from: day(row, "from_day")?, to: day(row, "to_day")? };
    let sql = format!(
        "SELECT {PART} FROM reconciled_books b JOIN reconciliations r ON r.id = b.run WHERE b.run = $1 ORDER BY b.book"
    );
    let parts = db.fetch(sql, &[id.into()]).await?.iter().map(part).collect::<Result<_>>()?;
    Ok(Run {
        id,
        period,
        who: row.text("who")?.to_owned(),
        repeats: row.number_if_any("repeats")?,
        requested_at: timestamp(row.number("requested_at")?)?,
        ended_at: moment(row, "ended_at")?,
        parts,
        forstok: if row.number("asks_forstok")? == 1 { Some(forstok_part(row)?) } else { None },
        findings: counts_of_days(db, period).await?,
    })
}

fn forstok_part(row: &impl Columns) -> Result<ForstokPart> {
    Ok(ForstokPart {
        ended_at: moment(row, "forstok_ended_at")?,
        orders: row.number("forstok_orders")?,
        incomplete: Some(row.text("forstok_failure")?.to_owned()).filter(|why| !why.is_empty()),
    })
}

/// Ends a run whose parts have all ended.
pub(super) async fn end_if_done(db: &mut impl Dialect, run: i64, now: Timestamp) -> Result<()> {
    let sql = "UPDATE reconciliations SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL
                   AND (asks_forstok = 0 OR forstok_ended_at IS NOT NULL)
                   AND NOT EXISTS (SELECT 1 FROM reconciled_books WHERE run = $1 AND ended_at IS NULL)";
    db.execute(sql, &[run.into(), now.into()]).await.map(drop)
}
