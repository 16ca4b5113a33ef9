//! Moving a shop's history from an SQLite file to a PostgreSQL database.
//!
//! It is a comparison: of each table, piece by piece, what differs is written. So it goes on wherever it was cut
//! short, a second run brings over what changed meanwhile, and the run that finds no difference is the proof.

mod source;
mod table;
mod target;

use std::{collections::HashMap, path::Path};

use jiff::Timestamp;
use secrecy::SecretString;

use self::{
    source::Source,
    table::{COUNTED, Cells, Columns, TABLES, Table},
    target::Target,
};
use super::{Result, StoreError};

/// Each pass writes what differs. With a source that does not change the second one finds nothing.
const MOST_PASSES: usize = 3;

/// How far a copy is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// The table that is compared.
    pub table: &'static str,
    /// How often all were compared before.
    pub pass: usize,
    /// Rows of all tables that were compared in this pass.
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

/// Copies one database into another that is empty, or goes on with that. Only with nobody working on the source it
/// comes to an end.
pub async fn copy(
    from: &Path,
    to: &SecretString,
    now: Timestamp,
    mut told: impl FnMut(Progress) + Send,
) -> Result<Moved> {
    let mut source = Source::open(from).await?;
    let mut target = Target::open(to).await?;
    target.begin(&source.name, from).await?;
    let is_still = source.hold_still().await?;
    let mut written = 0;
    for pass in 0..MOST_PASSES {
        let Pass { differing, rows } = compare(&mut source, &mut target, pass, &mut told).await?;
        written += differing;
        if !is_still {
            return Ok(Moved::SoFar { written });
        }
        if differing == 0 {
            for table in COUNTED {
                let columns = source.columns(table).await?;
                let counted = source.counted(table, &columns).await?;
                target.make_sure_of(table, &columns, counted).await?;
            }
            target.finish(now).await?;
            return Ok(Moved::All { written, rows });
        }
    }
    Err(StoreError::Unreadable("rows that were just written differ again; does somebody else write there?".to_owned()))
}

/// What one comparison of everything came to.
struct Pass {
    differing: u64,
    rows: Vec<(&'static str, u64)>,
}

async fn compare(
    source: &mut Source,
    target: &mut Target,
    pass: usize,
    told: &mut (impl FnMut(Progress) + Send),
) -> Result<Pass> {
    let mut all = 0;
    for table in TABLES {
        all += source.count(table).await?;
    }
    let (mut done, mut differing, mut rows) = (0, 0, Vec::new());
    for table in TABLES {
        let columns = source.columns(table).await?;
        let (mut last, before) = (Vec::new(), done);
        loop {
            let there = source.behind(table, &columns, &last).await?;
            let is_last = (there.len() as i64) < table.at_once;
            done += there.len() as u64;
            let upto = if is_last { None } else { there.last().map(|row| row[..columns.key].to_vec()) };
            differing += equalize(target, table, &columns, &last, upto.as_deref(), there).await?;
            told(Progress { table: table.name, pass, done, all: all.max(done) });
            match upto {
                Some(upto) => last = upto,
                None => break,
            }
        }
        rows.push((table.name, done - before));
    }
    Ok(Pass { differing, rows })
}

/// Makes a piece of the target what it is in the source; tells how many rows differed.
async fn equalize(
    target: &mut Target,
    table: &Table,
    columns: &Columns,
    last: &[table::Cell],
    upto: Option<&[table::Cell]>,
    there: Vec<Cells>,
) -> Result<u64> {
    let here = target.between(table, columns, last, upto).await?;
    let key = |row: &Cells| row[..columns.key].to_vec();
    let mut here: HashMap<_, _> = here.into_iter().map(|row| (key(&row), row)).collect();
    let differing: Vec<_> = there.into_iter().filter(|row| here.remove(&key(row)).as_ref() != Some(row)).collect();
    let gone: Vec<_> = here.into_keys().collect();
    let count = (differing.len() + gone.len()) as u64;
    if count > 0 {
        target.write(table, columns, differing, gone).await?;
    }
    Ok(count)
}
