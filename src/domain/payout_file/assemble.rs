//! From rows to payouts with stable ids.

use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    hash::{DefaultHasher, Hash, Hasher},
};

use jiff::civil::Date;
use sha2::{Digest, Sha256};

use super::{
    numbered,
    profile::{Profile, Rows},
    row::Money,
    wrong::{Why, Wrong},
};
use crate::domain::{
    money::Rupiah,
    payout::{self, Payout, PayoutKey, lines::Line},
};

/// Bytes of a digest that a built id shows.
pub(super) const DIGEST_BYTES: usize = 12;

/// Most names of fees in one file; a marketplace has some dozens.
const MOST_FEES: usize = 1000;

/// Most rows of one payout; an order has some dozens on a statement.
const MOST_LINES: usize = 1000;

type Short = [u8; DIGEST_BYTES];

/// A payout, and where the file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Its first line.
    pub line: u64,
    /// What is recorded.
    pub payout: Payout,
}

/// What a row has become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Added {
    /// A payout.
    Payout(Made),
    /// A part of a payout, to which further rows can belong.
    Part,
    /// The same transaction as an earlier row: it counts once.
    Repeat,
}

/// Turns rows into payouts. Every reading of a file makes the same payouts with the same ids.
pub struct Assembler<'a> {
    profile: &'a Profile,
    /// How many rows without an id of their own are alike.
    alike: HashMap<Short, u32>,
    /// The line and the content of each transaction.
    transactions: HashMap<Short, (u64, u64)>,
    /// The payouts that further rows can belong to.
    groups: HashMap<Short, Group>,
    fees: Vec<String>,
}

/// Rows of one order and one statement. Names of fees are numbers, so that many fit into memory.
struct Group {
    line: u64,
    order: Box<str>,
    store_id: Box<str>,
    lines: Vec<GroupLine>,
}

/// A [`Line`], with the number of its fee.
struct GroupLine {
    transaction: Box<str>,
    day: Date,
    fee: Option<u16>,
    amount: Rupiah,
}

impl<'a> Assembler<'a> {
    /// For the rows of one file.
    pub fn new(profile: &'a Profile) -> Self {
        let (alike, transactions, groups) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { profile, alike, transactions, groups, fees: Vec::new() }
    }

    /// Adds a row.
    pub fn add(&mut self, row: Money) -> Result<Added, Wrong> {
        if !row.transaction.is_empty() && self.remember(&row)? {
            return Ok(Added::Repeat);
        }
        if self.profile.rows == Rows::Fee && !row.order.is_empty() {
            return self.group(row).map(|()| Added::Part);
        }
        let id = match row.transaction.as_str() {
            "" => self.built_id(&row),
            own => own.to_owned(),
        };
        let mut amounts = BTreeMap::new();
        for (fee, amount) in row.amounts {
            let sum = amounts.entry(fee).or_insert(Rupiah::ZERO);
            *sum = *sum + amount;
        }
        let payout = Payout {
            key: PayoutKey { source: self.profile.source.clone(), id },
            store_id: row.store_id,
            channel_order_id: row.order,
            paid_at: row.paid_at,
            net: row.net,
            amounts,
            lines: Vec::new(),
        };
        checked(Made { line: row.line, payout }).map(Added::Payout)
    }

    /// The payouts that consist of several rows, in the order of their first rows.
    pub fn end(self) -> impl Iterator<Item = Result<Made, Wrong>> {
        let Self { profile, groups, fees, .. } = self;
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_unstable_by_key(|(_, group)| group.line);
        groups.into_iter().map(move |(id, group)| {
            let lines = group.lines.into_iter().map(|line| Line {
                transaction: line.transaction.into(),
                day: line.day,
                fee: line.fee.map(|fee| fees[usize::from(fee)].clone()),
                amount: line.amount,
            });
            let key = PayoutKey { source: profile.source.clone(), id: hex::encode(id) };
            let payout = Payout::of_lines(key, group.store_id.into(), group.order.into(), lines.collect());
            checked(Made { line: group.line, payout })
        })
    }

    fn group(&mut self, row: Money) -> Result<(), Wrong> {
        let day = row.paid_at.to_string();
        let statement = if row.statement.is_empty() { &day } else { &row.statement };
        let short = digest(&[&row.order, statement]);
        let key = match self.groups.get(&short) {
            Some(group) if names_another(&group.store_id, &row.store_id) => {
                digest(&[&row.order, statement, &row.store_id])
            }
            _ => short,
        };
        let fee = match row.amounts.first() {
            None => None,
            Some((fee, _)) => {
                let too_many = || Wrong::new(row.line, "", &row.kind, Why::TooManyFees);
                Some(self.fee(fee).ok_or_else(too_many)?)
            }
        };
        let group = self.groups.entry(key).or_insert_with(|| Group {
            line: row.line,
            order: row.order.as_str().into(),
            store_id: row.store_id.as_str().into(),
            lines: Vec::new(),
        });
        if group.store_id.is_empty() {
            group.store_id = row.store_id.into();
        }
        if group.lines.len() >= MOST_LINES {
            return Err(Wrong::new(row.line, "", &row.order, Why::TooManyRows(MOST_LINES)));
        }
        let transaction = row.transaction.into();
        group.lines.push(GroupLine { transaction, day: row.paid_at, fee, amount: row.net });
        Ok(())
    }

    /// The number of a fee's name; `None` if there are too many.
    fn fee(&mut self, fee: &str) -> Option<u16> {
        let known = self.fees.iter().position(|one| one == fee);
        let at = known.or_else(|| {
            self.fees.push(fee.to_owned());
            (self.fees.len() <= MOST_FEES).then(|| self.fees.len() - 1)
        })?;
        u16::try_from(at).ok()
    }

    /// An id from what does not change when a figure is corrected, or when another file names the store. Rows that are
    /// alike in it are numbered.
    fn built_id(&mut self, row: &Money) -> String {
        let day = row.paid_at.to_string();
        let statement = if row.statement.is_empty() { &day } else { &row.statement };
        let digest = digest(&[&row.order, statement, &row.kind]);
        let number = self.alike.entry(digest).or_default();
        *number += 1;
        numbered::write(&hex::encode(digest), u64::from(*number))
    }

    /// Remembers a transaction; returns whether the file had it before. It must not have other content now.
    fn remember(&mut self, row: &Money) -> Result<bool, Wrong> {
        let mut hasher = DefaultHasher::new();
        (&row.order, &row.statement, row.paid_at, row.net, &row.store_id, &row.amounts).hash(&mut hasher);
        let content = hasher.finish();
        match self.transactions.entry(digest(&[&row.transaction])) {
            Entry::Vacant(place) => {
                place.insert((row.line, content));
                Ok(false)
            }
            Entry::Occupied(place) if place.get().1 == content => Ok(true),
            Entry::Occupied(place) => {
                Err(Wrong::new(row.line, "", &row.transaction, Why::SameTransaction(place.get().0)))
            }
        }
    }
}

fn checked(made: Made) -> Result<Made, Wrong> {
    match payout::check(&made.payout) {
        Ok(()) => Ok(made),
        Err(unusable) => Err(Wrong::new(made.line, "", "", Why::Unusable(unusable))),
    }
}

/// Whether a row is about another store than the rows before it.
fn names_another(store_id: &str, of_row: &str) -> bool {
    !store_id.is_empty() && !of_row.is_empty() && store_id != of_row
}

/// Whether the id of a payout that consists of several rows is built from this day, because its file names no statement.
pub fn is_built_from_day(id: &str, order: &str, store_id: &str, day: Date) -> bool {
    let day = day.to_string();
    [&[order, &day][..], &[order, &day, store_id]].into_iter().any(|parts| hex::encode(digest(parts)) == id)
}

/// Of the parts, none of which contains a NUL after [`payout::check`].
fn digest(parts: &[&str]) -> Short {
    let mut short = [0; DIGEST_BYTES];
    short.copy_from_slice(&Sha256::digest(parts.join("\0"))[..DIGEST_BYTES]);
    short
}
