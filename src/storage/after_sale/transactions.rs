//! Transactions of files that have a row for each amount. Such a payout is known by what its file names beside them: the
//! order, and the statement or the day. Each transaction is found again wherever another file has it, and counts once.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::record::{AllKnown, Known, known};
use crate::{
    domain::{
        document::Kind,
        money::Rupiah,
        payout::{Payout, PayoutKey, lines::Line},
        payout_file::assemble::is_built_from_day,
    },
    storage::{
        Result, RowRecorded,
        dialect::{Columns, Dialect},
        rows::{from_json, json as to_json},
    },
};

/// The rows that have contained transactions, by their source and mark.
type Places = HashMap<(String, String), Vec<String>>;

/// Records in which rows the transactions of these payouts are.
pub(super) async fn remember<T: Dialect>(db: &mut T, payouts: &[Payout]) -> Result<()> {
    let marks = payouts.iter().flat_map(|payout| {
        let mark = move |mark| [payout.key.source.clone(), mark, payout.key.id.clone()];
        payout.lines.iter().flat_map(|line| marks(&payout.channel_order_id, line)).map(mark)
    });
    let marks: BTreeSet<_> = marks.collect();
    if marks.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "INSERT INTO payout_lines (source, mark, row_id)
         SELECT v.value ->> 0, v.value ->> 1, v.value ->> 2 FROM {} WHERE true
         ON CONFLICT (source, mark, row_id) DO NOTHING",
        T::ROWS
    );
    db.execute(sql, &[(&to_json(&marks)).into()]).await?;
    Ok(())
}

/// What is to be done with the payouts of a file, each by its place there.
#[derive(Default)]
pub(super) struct FoundAgain {
    /// What is to be recorded.
    pub(super) rows: Vec<(usize, Payout)>,
    /// Payouts whose order is corrected, and which get the id of this payout of the file.
    pub(super) renamed: Vec<(usize, PayoutKey)>,
    /// What is to be sorted once that is recorded.
    pub(super) later: Vec<usize>,
}

/// Sorts the transactions of a file's payouts into those payouts that have them already. A payout is refused if a
/// transaction of it belongs to another order, or may be one that is known; it comes later if another of these may contain
/// the same money. What is stored of the rows found is added to `all`.
pub(super) async fn find_again<T: Dialect>(
    db: &mut T,
    payouts: &[(usize, Payout)],
    all: &mut AllKnown,
    refused: &mut HashMap<usize, RowRecorded>,
) -> Result<FoundAgain> {
    let places = places(db, payouts.iter().map(|(_, payout)| payout)).await?;
    let rows = places.iter().flat_map(|((source, _), rows)| rows.iter().map(move |row| (source.clone(), row.clone())));
    let firsts = places.iter().flat_map(|((source, _), rows)| {
        let ids = rows.iter().map(|row| first_of(row)).flat_map(|first| [first.to_owned(), second_of(first)]);
        ids.map(move |id| (source.clone(), id))
    });
    let alone = payouts.iter().flat_map(|(_, payout)| {
        let numbers = payout.lines.iter().map(|line| &line.transaction).filter(|number| !number.is_empty());
        numbers.map(|number| (payout.key.source.clone(), number.clone()))
    });
    let wanted: BTreeSet<_> = rows.chain(firsts).chain(alone).filter(|key| !all.contains_key(key)).collect();
    let keys: Vec<_> = wanted.iter().map(|(source, id)| (Kind::Receipt, (source.as_str(), id.as_str()))).collect();
    all.extend(known(db, &keys).await?);
    let read = |(key, known): (&(String, String), &Known)| Some((key.clone(), from_json(&known.content).ok()?));
    let stored: Stored = all.iter().filter_map(read).collect();
    let (mut found, mut round) = (FoundAgain::default(), Round::default());
    for (place, payout) in payouts {
        if round.may_have(payout) {
            found.later.push(*place);
            continue;
        }
        match (Finding { payout, places: &places, stored: &stored, all }).sort() {
            Ok(sorted) if round.moves_or_is_moved(&sorted.rows, &stored) => found.later.push(*place),
            Ok(Sorted { rows, renamed }) => {
                round.add(payout, &rows, &stored);
                found.rows.extend(rows.into_iter().map(|payout| (*place, payout)));
                found.renamed.extend(renamed.map(|key| (*place, key)));
            }
            Err(problem) => {
                refused.entry(*place).or_insert(problem);
            }
        }
    }
    Ok(found)
}

/// What is recorded together.
#[derive(Default)]
struct Round {
    /// Marks of transactions, and whether their file names no statement.
    alike: HashSet<(String, String, bool)>,
    rows: HashSet<PayoutKey>,
    /// Those of `rows` whose order is corrected.
    moved: HashSet<PayoutKey>,
}

impl Round {
    /// Whether it contains a transaction that may be one of this payout.
    fn may_have(&self, payout: &Payout) -> bool {
        of_alike(payout).any(|(source, mark, of_day)| self.alike.contains(&(source, mark, !of_day)))
    }

    /// Whether one of these rows leaves its order, and another payout names it.
    fn moves_or_is_moved(&self, rows: &[Payout], stored: &Stored) -> bool {
        rows.iter().any(|row| self.moved.contains(&row.key) || (is_moved(row, stored) && self.rows.contains(&row.key)))
    }

    fn add(&mut self, payout: &Payout, rows: &[Payout], stored: &Stored) {
        self.alike.extend(of_alike(payout));
        self.rows.extend(rows.iter().map(|row| row.key.clone()));
        self.moved.extend(rows.iter().filter(|row| is_moved(row, stored)).map(|row| row.key.clone()));
    }
}

fn of_alike(payout: &Payout) -> impl Iterator<Item = (String, String, bool)> {
    payout.lines.iter().filter_map(|line| {
        let mark = marks(&payout.channel_order_id, line).pop()?;
        Some((payout.key.source.clone(), mark, is_of_day(payout, line)))
    })
}

/// Whether a payout has its id from the day of this transaction, because its file names no statement.
fn is_of_day(payout: &Payout, line: &Line) -> bool {
    is_built_from_day(first_of(&payout.key.id), &payout.channel_order_id, &payout.store_id, line.day)
}

fn is_moved(row: &Payout, stored: &Stored) -> bool {
    let before = stored.get(&(row.key.source.clone(), row.key.id.clone()));
    before.is_some_and(|before| !before.lines.is_empty() && before.channel_order_id != row.channel_order_id)
}

/// Whether a file corrects the order of this payout: it names all of its transactions, unchanged, and the order that it
/// named before is not known. As long as nobody has decided about it, nothing is booked for it.
pub(super) fn corrects_order(all: &AllKnown, before: &Payout, sent: &Payout) -> bool {
    let known = |id: &str| all.get(&(before.key.source.clone(), id.to_owned()));
    let id = &before.key.id;
    let is_whole = first_of(id) == id && known(&second_of(id)).is_none();
    let is_named = |line: &Line| !line.transaction.is_empty() && sent.lines.contains(line);
    is_whole
        && known(id).is_some_and(|known| known.is_untouched)
        && !before.lines.is_empty()
        && before.lines.iter().all(is_named)
}

/// Gives a payout without an order the id that a file has for it.
pub(super) async fn rename<T: Dialect>(db: &mut T, before: &PayoutKey, id: &str) -> Result<()> {
    let sql = "UPDATE settlement_rows SET row_id = $3
               WHERE kind = 'payout' AND source = $1 AND row_id = $2 AND order_id = ''";
    db.execute(sql, &[(&*before.source).into(), (&*before.id).into(), id.into()]).await?;
    Ok(())
}

/// Where the transactions of these payouts are, or were before a correction.
async fn places<T: Dialect>(db: &mut T, payouts: impl Iterator<Item = &Payout>) -> Result<Places> {
    let of_payout = |payout: &Payout| match payout.lines.as_slice() {
        [] if payout.channel_order_id.is_empty() => vec![number(&payout.key.id)],
        lines => lines.iter().flat_map(|line| marks(&payout.channel_order_id, line)).collect(),
    };
    let marks = payouts.flat_map(|one| of_payout(one).into_iter().map(|mark| [one.key.source.clone(), mark]));
    let marks: BTreeSet<_> = marks.collect();
    if marks.is_empty() {
        return Ok(Places::new());
    }
    let sql = format!(
        "SELECT l.source, l.mark, l.row_id FROM {} {} payout_lines l
             ON l.source = v.value ->> 0 AND l.mark = v.value ->> 1
         ORDER BY l.source, l.mark, l.row_id",
        T::ROWS,
        T::THEN_JOIN
    );
    let mut places = Places::new();
    for row in &db.fetch(sql, &[(&to_json(&marks)).into()]).await? {
        let text = |column| row.text(column).map(str::to_owned);
        places.entry((text("source")?, text("mark")?)).or_default().push(text("row_id")?);
    }
    Ok(places)
}

/// By what a transaction is found: its number, and what is the same in a file without numbers.
fn marks(order: &str, line: &Line) -> Vec<String> {
    let Line { transaction, day, fee, amount } = line;
    let alike = format!("={order} {day} {amount} {}", fee.as_deref().unwrap_or_default());
    if transaction.is_empty() { vec![alike] } else { vec![number(transaction), alike] }
}

fn number(transaction: &str) -> String {
    format!("#{transaction}")
}

/// The id of the payout whose part this row is.
fn first_of(row_id: &str) -> &str {
    row_id.split_once('/').map_or(row_id, |(first, _)| first)
}

/// The id of the second part of a payout.
fn second_of(id: &str) -> String {
    format!("{id}/2")
}

/// The payouts that are stored, by source and id.
type Stored = HashMap<(String, String), Payout>;

/// The rows into which the transactions of a payout belong.
struct Sorted {
    rows: Vec<Payout>,
    /// A row of which the payout corrects the order, and which becomes its own.
    renamed: Option<PayoutKey>,
}

struct Finding<'a> {
    payout: &'a Payout,
    places: &'a Places,
    stored: &'a Stored,
    all: &'a AllKnown,
}

impl<'a> Finding<'a> {
    fn sort(&self) -> std::result::Result<Sorted, RowRecorded> {
        let payout = self.payout;
        if payout.lines.is_empty() {
            let rows = vec![self.without_order().unwrap_or_else(|| payout.clone())];
            return Ok(Sorted { rows, renamed: None });
        }
        let mut renamed = None;
        let (mut own, mut alone) = (Vec::new(), Vec::new());
        let mut elsewhere = BTreeMap::<String, Vec<Line>>::new();
        let mut unclear = Vec::new();
        for line in &payout.lines {
            if let Some(row) = self.of_its_own(line) {
                alone.push(row);
                continue;
            }
            let Some(before) = self.with_number(line) else {
                if let Some(whole) = self.replaced(line) {
                    let (transaction, id) = (line.transaction.clone(), whole.key.id.clone());
                    return Err(RowRecorded::InReplaced { transaction, id, net: whole.net });
                }
                unclear.extend(self.is_unclear(line).then_some(line.amount));
                own.push(line.clone());
                continue;
            };
            if before.channel_order_id != payout.channel_order_id {
                if !corrects_order(self.all, before, payout) {
                    let (transaction, order) = (line.transaction.clone(), before.channel_order_id.clone());
                    return Err(RowRecorded::OtherTransaction { transaction, order, id: before.key.id.clone() });
                }
                unclear.extend(self.is_unclear(line).then_some(line.amount));
                if self.stored(&payout.key.id).is_none() && renamed.as_ref().is_none_or(|key| *key == before.key) {
                    renamed = Some(before.key.clone());
                    own.push(line.clone());
                    continue;
                }
            }
            elsewhere.entry(first_of(&before.key.id).to_owned()).or_default().push(line.clone());
        }
        if !unclear.is_empty() {
            return Err(RowRecorded::Alike(unclear.into_iter().sum::<Rupiah>()));
        }
        let of_lines = |(id, lines)| {
            let key = PayoutKey { source: payout.key.source.clone(), id };
            Payout::of_lines(key, payout.store_id.clone(), payout.channel_order_id.clone(), lines)
        };
        let own = (!own.is_empty()).then(|| (payout.key.id.clone(), own));
        Ok(Sorted { rows: elsewhere.into_iter().chain(own).map(of_lines).chain(alone).collect(), renamed })
    }

    /// A row without an order, whose transaction an earlier file had with its order. If both the day and the amount are
    /// others, the number only numbers the rows of each file.
    fn without_order(&self) -> Option<Payout> {
        let Payout { key, store_id, channel_order_id, paid_at, net, amounts, .. } = self.payout;
        if !channel_order_id.is_empty() || self.stored(&key.id).is_some() || amounts.len() > 1 {
            return None;
        }
        let fee = amounts.keys().next().cloned();
        let line = Line { transaction: key.id.clone(), day: *paid_at, fee, amount: *net };
        let before = self.with_number(&line)?;
        let known = before.lines.iter().find(|one| one.transaction == line.transaction)?;
        if known.day != line.day && known.amount != line.amount {
            return None;
        }
        let key = PayoutKey { source: key.source.clone(), id: first_of(&before.key.id).to_owned() };
        Some(Payout::of_lines(key, store_id.clone(), before.channel_order_id.clone(), vec![line]))
    }

    /// A transaction that an earlier file had without an order is a payout of its own, and stays one. Its payout has no
    /// other amounts, and the same day or money.
    fn of_its_own(&self, line: &Line) -> Option<Payout> {
        let before = self.stored(&line.transaction).filter(|_| !line.transaction.is_empty())?;
        let is_one_line = before.lines.is_empty()
            && before.amounts.len() <= 1
            && before.amounts.values().all(|amount| *amount == before.net);
        if !is_one_line || (before.paid_at != line.day && before.net != line.amount) {
            return None;
        }
        Some(Payout {
            key: before.key.clone(),
            paid_at: line.day,
            net: line.amount,
            amounts: line.fee.iter().map(|fee| (fee.clone(), line.amount)).collect(),
            lines: Vec::new(),
            ..self.payout.clone()
        })
    }

    /// The row that contains the transaction with this number; `None` if it is in its own payout.
    fn with_number(&self, line: &Line) -> Option<&'a Payout> {
        if line.transaction.is_empty() {
            return None;
        }
        let has_it = |row: &&Payout| row.lines.iter().any(|one| one.transaction == line.transaction);
        let rows: Vec<_> = self.at(number(&line.transaction)).filter(has_it).collect();
        if rows.iter().any(|row| self.is_own(row)) { None } else { rows.into_iter().next() }
    }

    /// The payout of the same order that contained the transaction until a request replaced it as a whole.
    fn replaced(&self, line: &Line) -> Option<&'a Payout> {
        if line.transaction.is_empty() {
            return None;
        }
        let order = &self.payout.channel_order_id;
        self.at(number(&line.transaction))
            .find(|row| row.lines.is_empty() && row.channel_order_id == *order && !self.is_own(row))
    }

    /// Whether a transaction may be known although it has another id: one of the two files names no statement, and one of
    /// them no transaction numbers.
    fn is_unclear(&self, line: &Line) -> bool {
        let is_alike = |one: &Line| {
            (one.transaction.is_empty() || line.transaction.is_empty())
                && (one.day, &one.fee, one.amount) == (line.day, &line.fee, line.amount)
        };
        if line.amount.is_zero() {
            return false;
        }
        let Some(alike) = marks(&self.payout.channel_order_id, line).pop() else { return false };
        let rows: Vec<_> = self.at(alike).filter(|row| row.lines.iter().any(is_alike)).collect();
        let (store, of_day) = (&self.payout.store_id, is_of_day(self.payout, line));
        let may_be_same = |row: &&Payout| {
            (store.is_empty() || row.store_id.is_empty() || row.store_id == *store) && is_of_day(row, line) != of_day
        };
        !rows.iter().any(|row| self.is_own(row)) && rows.iter().any(may_be_same)
    }

    fn at(&self, mark: String) -> impl Iterator<Item = &'a Payout> {
        let rows = self.places.get(&(self.payout.key.source.clone(), mark)).into_iter().flatten();
        rows.filter_map(|id| self.stored(id))
    }

    fn is_own(&self, row: &Payout) -> bool {
        first_of(&row.key.id) == self.payout.key.id
    }

    fn stored(&self, id: &str) -> Option<&'a Payout> {
        self.stored.get(&(self.payout.key.source.clone(), id.to_owned()))
    }
}
