//! Compares the rows of an export with what is known. A row is too little for an invoice, so none is taken in.

use std::collections::{BTreeMap, HashMap};

use sha2::{Digest, Sha256};

use super::{
    BATCH, Importer,
    file::{Failed, LARGEST_TABLE, MOST_NAMED, Outcome},
    known,
};
use crate::{
    domain::{
        import::{
            Difference, Known, Report, Row, Side,
            columns::{Choice, Columns},
            compare,
        },
        order::OrderId,
    },
    spreadsheet::{Cell, FIRST_ROWS, Table, Unreadable},
    storage::Result,
};

/// Most columns whose headings count, and most characters of a heading.
const MOST_COLUMNS: usize = 200;
const LONGEST_HEADING: usize = 100;

pub(super) async fn compare(importer: &Importer, file: Vec<u8>) -> std::result::Result<Outcome, Failed> {
    let read = tokio::task::spawn_blocking(move || Table::read(&file, LARGEST_TABLE)).await;
    let table = read.unwrap_or(Err(Unreadable::Damaged)).map_err(Failed::Unreadable)?;
    let (headings_at, headings) = headings_of(&table).unwrap_or_default();
    let rows = table.rows().filter(|(line, _)| *line > headings_at);
    let chosen = importer.storage.import_columns(&digest(&headings)).await?;
    let columns = Columns::of(&headings, chosen.as_ref());
    if !columns.are_enough() {
        return Ok(Outcome::ColumnsUnknown(headings));
    }
    let mut report = Report::naming(MOST_NAMED);
    let mut latest: Vec<(u64, Row)> = Vec::new();
    let mut places = HashMap::new();
    for (line, cells) in rows {
        let cells: Vec<_> = cells.iter().map(Cell::text).collect();
        match columns.read(&cells) {
            Ok(row) => {
                // Some exports have one row per product, others one per status: the latest row of an order counts.
                let place = places
                    .entry((row.order_id.clone(), row.channel_order_id.clone(), row.store_id.clone()))
                    .or_insert(latest.len());
                match latest.get_mut(*place) {
                    Some(before) if row.is_later_than(&before.1) => *before = (line, row),
                    Some(_) => {}
                    None => latest.push((line, row)),
                }
            }
            Err(problem) => report.add_unread(line, problem),
        }
    }
    for some in latest.chunks(BATCH) {
        compare_some(importer, some, &mut report).await?;
    }
    Ok(Outcome::Table { report, used: columns.choice(&headings), headings })
}

async fn compare_some(importer: &Importer, rows: &[(u64, Row)], report: &mut Report) -> Result<()> {
    importer.inbox.fold_all().await?;
    let ids: Vec<_> = rows.iter().filter_map(|(_, row)| row.order_id.clone()).collect();
    let without_id = rows.iter().filter(|(_, row)| row.order_id.is_none());
    let numbers: Vec<_> = without_id.map(|(_, row)| row.channel_order_id.clone()).collect();
    let by_id = importer.storage.known_by_id(&ids).await?;
    let by_id: HashMap<OrderId, Known> = by_id.into_iter().map(|one| (one.order_id.clone(), known(one))).collect();
    let mut by_number = BTreeMap::<String, Vec<Known>>::new();
    for one in importer.storage.known_by_number(&numbers).await? {
        by_number.entry(one.channel_order_id.clone()).or_default().push(known(one));
    }
    for (line, row) in rows {
        let known = match &row.order_id {
            Some(id) => by_id.get(id),
            None => of_store(by_number.get(&row.channel_order_id).map(Vec::as_slice).unwrap_or_default(), row),
        };
        let standing = compare::of_row(row, known);
        report.add(standing, || Difference {
            line: Some(*line),
            standing,
            order_id: row.order_id.clone().or_else(|| Some(known?.order_id.clone())),
            channel_order_id: or(&row.channel_order_id, known.map(|known| known.channel_order_id.as_str())),
            store_id: or(&row.store_id, known.map(|known| known.store_id.as_str())),
            listed: Side { status: row.status.clone(), total: total(row, known), updated_at: row.updated_at },
            known: known.map(Side::from),
        });
    }
    Ok(())
}

/// The order of the row's store among those with its marketplace number; without a store, one that says the same.
fn of_store<'a>(orders: &'a [Known], row: &Row) -> Option<&'a Known> {
    let mut of_store = orders.iter().filter(|known| row.store_id.is_empty() || known.store_id == row.store_id);
    let same = of_store.clone().find(|known| compare::of_row(row, Some(known)) == compare::Standing::Same);
    same.or_else(|| of_store.next())
}

/// The total that is shown: the one that equals ours, else the likelier one.
fn total(row: &Row, known: Option<&Known>) -> Option<crate::domain::money::Rupiah> {
    let ours = known.and_then(|known| known.total).filter(|total| row.totals.contains(total));
    ours.or_else(|| row.totals.first().copied())
}

fn or(text: &str, other: Option<&str>) -> String {
    if text.is_empty() { other.unwrap_or_default().to_owned() } else { text.to_owned() }
}

/// The row of headings, with its line: the first that says which order a row is about. If no row does, the first with
/// nearly as many values as any: a title above the table has fewer.
fn headings_of(table: &Table) -> Option<(u64, Vec<String>)> {
    let first: Vec<_> = table.rows().take(FIRST_ROWS).map(|(line, cells)| (line, headings(&cells))).collect();
    let filled = |headings: &[String]| headings.iter().filter(|heading| !heading.is_empty()).count();
    let most = first.iter().map(|(_, headings)| filled(headings)).max()?;
    let is_likely = |headings: &[String]| filled(headings) * 10 >= most * 8;
    let named = first.iter().find(|(_, headings)| Columns::of(headings, None).are_enough());
    named.or_else(|| first.iter().find(|(_, headings)| is_likely(headings))).cloned()
}

fn headings(cells: &[Cell]) -> Vec<String> {
    let heading = |cell: &Cell| cell.text().chars().take(LONGEST_HEADING).collect();
    cells.iter().take(MOST_COLUMNS).map(heading).collect()
}

/// What tells one kind of export from others.
fn digest(headings: &[String]) -> String {
    hex::encode(Sha256::digest(headings.join("\n").to_lowercase()))
}

impl Importer {
    /// Remembers which columns a person chose for exports with these headings. False if they do not say which order a
    /// row is about; then nothing is remembered.
    pub async fn choose_columns(&self, headings: &[String], chosen: &Choice, who: &str) -> Result<bool> {
        if !Columns::of(headings, Some(chosen)).are_enough() {
            return Ok(false);
        }
        let now = self.clock.now();
        self.storage.remember_import_columns(&digest(headings), chosen, who, now).await?;
        Ok(true)
    }
}
