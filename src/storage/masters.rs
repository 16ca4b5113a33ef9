//! The lists of an Accurate database: filled page by page, exchanged in one commit, and searched.
//!
//! Pages are stored as they arrive, in a half of the table that is not shown; the commit that ends the reading exchanges
//! the halves. Every write names its reading, so a late reader changes nothing.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{
    MasterList, MasterReading, MasterSearch, ReadingProgress, Result, StorageError,
    dialect::{Columns, Dialect},
    rows::{json as to_json, micros, moment, storable, timestamp},
};
use crate::domain::{
    ids::BookName,
    masters::{ListFailure, Master, MasterKind},
};

/// Longest text by which a row is found, in characters: an index of PostgreSQL takes no longer one.
const LONGEST_SEARCHED: usize = 500;

/// Longest text that is searched for, in characters.
const LONGEST_SEARCH: usize = 200;

/// Blocked orders have a list read again this long after its last reading began, at the earliest.
const BETWEEN_READINGS: SignedDuration = SignedDuration::from_mins(5);

/// The rows of list `$2` of book `$1` that are shown, as `m`. One statement finds them, so that it sees one moment.
const SHOWN: &str = "m.list = (SELECT number FROM master_lists WHERE book = $1 AND kind = $2)
    AND m.half = (SELECT half FROM master_lists WHERE book = $1 AND kind = $2)";

/// All lists of a book, in the order of [`MasterKind::ALL`].
pub(super) async fn lists(db: &mut impl Dialect, book: &BookName) -> Result<Vec<MasterList>> {
    let sql = "SELECT kind, row_count, read_at, next_at, under_way, rows_so_far, rows_expected, failure, failure_detail
               FROM master_lists WHERE book = $1";
    let rows = db.fetch(sql, &[book.into()]).await?;
    let mut lists = MasterKind::ALL.map(MasterList::unread);
    for row in &rows {
        let word = row.text("kind")?;
        let known = lists.iter_mut().find(|list| list.kind.as_str() == word);
        let list = known.ok_or_else(|| StorageError::Unreadable(format!("a list of {word:?}")))?;
        *list = MasterList {
            kind: list.kind,
            rows: row.number("row_count")?,
            read_at: moment(row, "read_at")?,
            next_at: timestamp(row.number("next_at")?)?,
            reading: if row.number("under_way")? == 1 { Some(progress(row)?) } else { None },
            failure: ListFailure::from_parts(row.text("failure")?, row.text("failure_detail")?),
        };
    }
    Ok(lists.into())
}

fn progress(row: &impl Columns) -> Result<ReadingProgress> {
    Ok(ReadingProgress { rows: row.number("rows_so_far")?, of: row.number("rows_expected")? })
}

/// A page of the rows that match; `None` if there is no row after which it could begin.
///
/// Rows that begin with the text come before the others, each part in the order of numbers and names.
pub(super) async fn search<T: Dialect>(
    db: &mut T,
    book: &BookName,
    kind: MasterKind,
    search: &MasterSearch,
) -> Result<Option<Vec<Master>>> {
    let text: String = storable(search.text.trim()).to_lowercase().chars().take(LONGEST_SEARCH).collect();
    let after = match search.after {
        None => Place { search: String::new(), id: i64::MIN },
        Some(id) => match place(db, book, kind, id).await? {
            Some(place) => place,
            None => return Ok(None),
        },
    };
    let is_among_the_others = search.after.is_some() && !after.search.starts_with(&text);
    let mut found = Vec::new();
    if !is_among_the_others {
        found = beginning(db, book, kind, &text, &after, search).await?;
    }
    let room = MasterSearch { limit: search.limit - found.len() as i64, ..search.clone() };
    if room.limit > 0 && !text.is_empty() {
        let first = Place { search: String::new(), id: i64::MIN };
        let after = if is_among_the_others { &after } else { &first };
        found.extend(others(db, book, kind, &text, after, &room).await?);
    }
    Ok(Some(found))
}

/// Where a row is in the order of the list.
struct Place {
    search: String,
    id: i64,
}

async fn place(db: &mut impl Dialect, book: &BookName, kind: MasterKind, id: i64) -> Result<Option<Place>> {
    let sql = format!("SELECT m.search FROM masters m WHERE {SHOWN} AND m.id = $3");
    let rows = db.fetch(sql, &[book.into(), kind.as_str().into(), id.into()]).await?;
    rows.first().map(|row| Ok(Place { search: row.text("search")?.to_owned(), id })).transpose()
}

/// Rows that begin with a text.
async fn beginning(
    db: &mut impl Dialect,
    book: &BookName,
    kind: MasterKind,
    text: &str,
    after: &Place,
    search: &MasterSearch,
) -> Result<Vec<Master>> {
    let sql = format!(
        "SELECT m.id, m.no, m.name, m.type, m.suspended FROM masters m
         WHERE {SHOWN} AND m.search >= $3 AND m.search < $4 AND (m.search, m.id) > ($5, $6)
           AND ($8 = '' OR m.type = $8) AND m.suspended <= $9
         ORDER BY m.search, m.id LIMIT $7"
    );
    let end = end_of(text);
    let values = [
        book.into(),
        kind.as_str().into(),
        text.into(),
        (&end).into(),
        (&after.search).into(),
        after.id.into(),
        search.limit.into(),
        (&search.of_type).into(),
        i64::from(!search.is_active).into(),
    ];
    db.fetch(sql, &values).await?.iter().map(master).collect()
}

/// Rows that contain a text, but do not begin with it.
async fn others(
    db: &mut impl Dialect,
    book: &BookName,
    kind: MasterKind,
    text: &str,
    after: &Place,
    search: &MasterSearch,
) -> Result<Vec<Master>> {
    let sql = format!(
        "SELECT m.id, m.no, m.name, m.type, m.suspended FROM masters m
         WHERE {SHOWN} AND m.search LIKE $3 ESCAPE '!' AND NOT (m.search >= $4 AND m.search < $5)
           AND (m.search, m.id) > ($6, $7) AND ($9 = '' OR m.type = $9) AND m.suspended <= $10
         ORDER BY m.search, m.id LIMIT $8"
    );
    let (part, end) = (containing(text), end_of(text));
    let values = [
        book.into(),
        kind.as_str().into(),
        (&part).into(),
        text.into(),
        (&end).into(),
        (&after.search).into(),
        after.id.into(),
        search.limit.into(),
        (&search.of_type).into(),
        i64::from(!search.is_active).into(),
    ];
    db.fetch(sql, &values).await?.iter().map(master).collect()
}

/// The rows with these numbers or, in lists without numbers, with these names; also inactive ones.
pub(super) async fn exactly(
    db: &mut impl Dialect,
    book: &BookName,
    kind: MasterKind,
    values: &BTreeSet<String>,
) -> Result<Vec<Master>> {
    let sql = format!(
        "SELECT m.id, m.no, m.name, m.type, m.suspended FROM masters m
         WHERE {SHOWN} AND m.search >= $3 AND m.search < $4 AND (m.no = $5 OR (m.no = '' AND m.name = $5))
         ORDER BY m.search, m.id"
    );
    let mut found = Vec::new();
    for value in values {
        let value = storable(value);
        let begins: String = value.trim().to_lowercase().chars().take(LONGEST_SEARCHED).collect();
        let end = end_of(&begins);
        let values = [book.into(), kind.as_str().into(), (&begins).into(), (&end).into(), (&*value).into()];
        for row in &db.fetch(sql.clone(), &values).await? {
            found.push(master(row)?);
        }
    }
    Ok(found)
}

/// What sorts behind everything that begins with a text: U+10FFFF sorts behind every other character.
fn end_of(text: &str) -> String {
    format!("{text}\u{10ffff}")
}

/// The pattern of everything that contains a text.
fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

fn master(row: &impl Columns) -> Result<Master> {
    Ok(Master {
        id: row.number("id")?,
        no: row.text("no")?.to_owned(),
        name: row.text("name")?.to_owned(),
        kind: row.text("type")?.to_owned(),
        suspended: row.number("suspended")? == 1,
    })
}

/// The list is read as soon as possible.
pub(super) async fn request<T: Dialect>(db: &mut T, book: &BookName, kind: MasterKind, now: Timestamp) -> Result<()> {
    let sql = format!(
        "INSERT INTO master_lists (book, kind, next_at) VALUES ($1, $2, $3)
         ON CONFLICT (book, kind) DO UPDATE SET next_at = {}(master_lists.next_at, excluded.next_at)",
        T::LEAST
    );
    db.execute(sql, &[book.into(), kind.as_str().into(), now.into()]).await?;
    Ok(())
}

/// Orders of these books were blocked for something that these lists could explain: they are read again soon.
pub(super) async fn question<T: Dialect>(
    db: &mut T,
    lists: &BTreeSet<(&BookName, MasterKind)>,
    now: Timestamp,
) -> Result<()> {
    let sql = format!(
        "UPDATE master_lists SET next_at = {least}(next_at, {greatest}($3, began_at + {between}))
         WHERE book = $1 AND kind = $2",
        least = T::LEAST,
        greatest = T::GREATEST,
        between = BETWEEN_READINGS.as_micros(),
    );
    for (book, kind) in lists {
        db.execute(sql.clone(), &[(*book).into(), kind.as_str().into(), now.into()]).await?;
    }
    Ok(())
}

/// Begins a reading; an earlier one that has not ended counts no more.
pub(super) async fn begin(
    db: &mut impl Dialect,
    book: &BookName,
    kind: MasterKind,
    now: Timestamp,
    next_at: Timestamp,
) -> Result<MasterReading> {
    let sql = "INSERT INTO master_lists (book, kind) VALUES ($1, $2) ON CONFLICT (book, kind) DO NOTHING";
    db.execute(sql, &[book.into(), kind.as_str().into()]).await?;
    let sql = "UPDATE master_lists SET reading = reading + 1, began_at = $3, next_at = $4, under_way = 1,
                   rows_so_far = 0, rows_expected = 0
               WHERE book = $1 AND kind = $2 RETURNING reading";
    let values = [book.into(), kind.as_str().into(), now.into(), next_at.into()];
    let rows = db.fetch(sql, &values).await?;
    let row = rows.first().ok_or_else(|| StorageError::Unreadable(format!("the list of {kind} is gone")))?;
    Ok(MasterReading { book: book.to_owned(), kind, number: row.number("reading")? })
}

/// Deletes rows of an earlier reading from the half that this one fills, `step` at most. Returns how many.
pub(super) async fn clear(db: &mut impl Dialect, reading: &MasterReading, step: i64) -> Result<u64> {
    let sql = "SELECT number, half FROM master_lists WHERE book = $1 AND kind = $2 AND reading = $3 AND under_way = 1";
    let rows = db.fetch(sql, &named(reading)).await?;
    let Some(row) = rows.first() else { return Ok(0) };
    let sql = "DELETE FROM masters WHERE list = $1 AND half = $2
                   AND id IN (SELECT id FROM masters WHERE list = $1 AND half = $2 ORDER BY id LIMIT $3)";
    db.execute(sql, &[row.number("number")?.into(), (1 - row.number("half")?).into(), step.into()]).await
}

/// Adds a page to a reading of a list of `of` rows; false, and nothing is added, if another reading has begun.
pub(super) async fn add<T: Dialect>(db: &mut T, reading: &MasterReading, rows: &[Master], of: i64) -> Result<bool> {
    let sql = "UPDATE master_lists SET rows_so_far = rows_so_far + $4, rows_expected = $5
               WHERE book = $1 AND kind = $2 AND reading = $3 AND under_way = 1 RETURNING number, half";
    let [book, kind, number] = named(reading);
    let updated = db.fetch(sql, &[book, kind, number, (rows.len() as i64).into(), of.into()]).await?;
    let Some(row) = updated.first() else { return Ok(false) };
    let (list, half) = (row.number("number")?, 1 - row.number("half")?);
    let cells = |master: &Master| {
        let Master { id, no, name, kind, suspended } = master;
        json!([id, no, name, kind, i64::from(*suspended), searched(master)])
    };
    let cells: Vec<_> = rows.iter().map(cells).collect();
    let sql = format!(
        "INSERT INTO masters (list, half, id, no, name, type, suspended, search)
         SELECT CAST($2 AS BIGINT), CAST($3 AS BIGINT), CAST(v.value ->> 0 AS BIGINT), v.value ->> 1, v.value ->> 2,
                v.value ->> 3, CAST(v.value ->> 4 AS BIGINT), v.value ->> 5 FROM {}",
        T::ROWS
    );
    db.execute(sql, &[(&to_json(&cells)).into(), list.into(), half.into()]).await?;
    Ok(true)
}

/// What a row is found by.
fn searched(master: &Master) -> String {
    let text = format!("{} {}", master.no.trim(), master.name.trim()).to_lowercase();
    text.trim_start().chars().take(LONGEST_SEARCHED).collect()
}

/// Shows what was read instead of what was shown before; false, and nothing changes, if another reading has begun.
pub(super) async fn finish(db: &mut impl Dialect, reading: &MasterReading, now: Timestamp) -> Result<bool> {
    let sql = "UPDATE master_lists SET half = 1 - half, row_count = rows_so_far, read_at = $4, under_way = 0,
                   failure = '', failure_detail = ''
               WHERE book = $1 AND kind = $2 AND reading = $3 AND under_way = 1";
    let [book, kind, number] = named(reading);
    Ok(db.execute(sql, &[book, kind, number, now.into()]).await? > 0)
}

/// Ends a reading that failed; what was shown before stays. The list is read again at `next_at`, or sooner if that was
/// requested. False, and nothing changes, if another reading has begun.
pub(super) async fn fail<T: Dialect>(
    db: &mut T,
    reading: &MasterReading,
    failure: &ListFailure,
    next_at: Timestamp,
) -> Result<bool> {
    let sql = format!(
        "UPDATE master_lists SET under_way = 0, failure = $4, failure_detail = $5, next_at = {}(next_at, $6)
         WHERE book = $1 AND kind = $2 AND reading = $3 AND under_way = 1",
        T::LEAST
    );
    let [book, kind, number] = named(reading);
    let detail = failure.detail();
    let detail = storable(&detail);
    let values = [book, kind, number, failure.code().into(), (&*detail).into(), micros(next_at).into()];
    Ok(db.execute(sql, &values).await? > 0)
}

/// The values that name a reading in a statement.
fn named(reading: &MasterReading) -> [super::dialect::Value<'_>; 3] {
    [(&reading.book).into(), reading.kind.as_str().into(), reading.number.into()]
}
