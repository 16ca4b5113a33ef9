//! Moving a shop's history from an SQLite file to a PostgreSQL database.
//!
//! It is a comparison: of each table, piece by piece, what differs is written and compared again. So it continues
//! wherever it was cut short, and a second run copies what has changed in the meantime. With a source that does not
//! change any more, each piece is known to be the same at the end.

mod source;
mod table;
mod target;

use std::path::Path;

use jiff::Timestamp;
use secrecy::SecretString;

use self::{
    source::Source,
    table::{COUNTED, Cells, Differences, Piece, TABLES},
    target::Target,
};
use super::{Result, StorageError};

/// How far a copy is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// The table that is compared.
    pub table: &'static str,
    /// Rows of all tables that were compared.
    pub done: u64,
    /// Rows of all tables.
    pub all: u64,
}

/// What a copy came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moved {
    /// Every row of the target is as it is in the source, and a service may go on with it.
    All {
        /// Rows that were written.
        written: u64,
        /// How many rows each table has.
        rows: Vec<(&'static str, u64)>,
    },
    /// A service works on the source: what changes meanwhile is still to be copied once it has stopped.
    SoFar {
        /// Rows that were written.
        written: u64,
    },
}

/// Copies one database into another that is empty, or continues such a copy. The copy can only be completed while no
/// service works on the source.
pub async fn copy(
    from: &Path,
    to: &SecretString,
    now: Timestamp,
    mut told: impl FnMut(Progress) + Send,
) -> Result<Moved> {
    let mut source = Source::open(from).await?;
    let mut target = Target::open(to).await?;
    target.begin(&source.name, from).await?;
    let is_still = source.hold_still()?;
    let mut all = 0;
    for table in TABLES {
        all += source.count(table)?;
    }
    let (mut done, mut written, mut rows) = (0, 0, Vec::new());
    for table in TABLES {
        let before = done;
        let columns = source.columns(table)?;
        let mut piece = Piece { table, columns: &columns, last: Vec::new(), upto: None };
        loop {
            let there = source.behind(table, &columns, &piece.last)?;
            let is_full = there.len() as i64 == table.at_once;
            piece.upto = there.last().filter(|_| is_full).map(|row| row[..columns.key].to_vec());
            written += equalize(&mut target, &piece, &there).await?;
            done += there.len() as u64;
            told(Progress { table: table.name, done, all: all.max(done) });
            let Some(upto) = piece.upto.take() else { break };
            piece.last = upto;
        }
        rows.push((table.name, done - before));
    }
    if !is_still {
        return Ok(Moved::SoFar { written });
    }
    for table in COUNTED {
        let columns = source.columns(table)?;
        let counted = source.counted(table, &columns)?;
        target.make_sure_of(table, &columns, counted).await?;
    }
    target.finish(now).await?;
    Ok(Moved::All { written, rows })
}

/// Makes a piece of the target what it is in the source; tells how many rows differed.
async fn equalize(target: &mut Target, piece: &Piece<'_>, there: &[Cells]) -> Result<u64> {
    let here = target.rows(piece).await?;
    let differences = Differences::between(there, here, piece.columns.key);
    let count = differences.count();
    if count == 0 {
        return Ok(0);
    }
    target.write(piece, differences).await?;
    let here = target.rows(piece).await?;
    match Differences::between(there, here, piece.columns.key).count() {
        0 => Ok(count),
        left => Err(StorageError::Unreadable(format!(
            "{left} rows of {} that were just written differ again; does somebody else write there?",
            piece.table.name
        ))),
    }
}
