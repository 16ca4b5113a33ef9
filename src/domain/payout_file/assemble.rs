//! From rows to payouts with stable ids.

use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    hash::{DefaultHasher, Hash, Hasher},
};

use jiff::civil::Date;
use sha2::{Digest, Sha256};

use super::{
    profile::{Profile, Rows},
    row::{Money, is_category},
    wrong::{Why, Wrong},
};
use crate::domain::{
    money::Rupiah,
    payout::{self, Payout, PayoutKey},
};

/// Bytes of a digest that a built id shows.
const DIGEST_BYTES: usize = 12;

/// Most names of fees in one file; a marketplace has some dozens.
const MOST_FEES: usize = 1000;

type Short = [u8; DIGEST_BYTES];

/// A payout, and where the file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Its first line.
    pub line: u64,
    /// What is recorded.
    pub payout: Payout,
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
    paid_at: Date,
    net: Rupiah,
    amounts: Vec<(u16, Rupiah)>,
}

impl<'a> Assembler<'a> {
    /// For the rows of one file.
    pub fn new(profile: &'a Profile) -> Self {
        let (alike, transactions, groups) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { profile, alike, transactions, groups, fees: Vec::new() }
    }

    /// Adds a row; its payout, unless further rows can belong to it.
    pub fn add(&mut self, row: Money) -> Result<Option<Made>, Wrong> {
        if self.profile.rows == Rows::Fee && !row.order.is_empty() {
            return self.group(row).map(|()| None);
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
        let (line, own) = (row.line, row.transaction);
        let payout = Payout {
            key: PayoutKey { source: self.profile.source.clone(), id },
            store_id: row.store_id,
            channel_order_id: row.order,
            paid_at: row.paid_at,
            net: row.net,
            amounts,
        };
        if !own.is_empty() {
            self.is_once(line, &own, &payout)?;
        }
        checked(Made { line, payout }).map(Some)
    }

    /// The payouts that consist of several rows, in the order of their first rows.
    pub fn end(self) -> impl Iterator<Item = Result<Made, Wrong>> {
        let Self { profile, groups, fees, .. } = self;
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_unstable_by_key(|(_, group)| group.line);
        groups.into_iter().map(move |(id, group)| {
            let named = |(fee, amount): (u16, Rupiah)| (fees[usize::from(fee)].clone(), amount);
            let amounts = group.amounts.into_iter().map(named);
            let payout = Payout {
                key: PayoutKey { source: profile.source.clone(), id: hex::encode(id) },
                store_id: group.store_id.into(),
                channel_order_id: group.order.into(),
                paid_at: group.paid_at,
                net: group.net,
                amounts: amounts.filter(|(fee, amount)| !amount.is_zero() || is_category(fee)).collect(),
            };
            checked(Made { line: group.line, payout })
        })
    }

    fn group(&mut self, row: Money) -> Result<(), Wrong> {
        let day = row.paid_at.to_string();
        let statement = if row.statement.is_empty() { &day } else { &row.statement };
        let key = digest(&[&row.order, statement, &row.store_id]);
        let mut fees = Vec::with_capacity(row.amounts.len());
        for (fee, amount) in row.amounts {
            let too_many = || Wrong::new(row.line, "", &row.kind, Why::TooManyFees);
            fees.push((self.fee(&fee).ok_or_else(too_many)?, amount));
        }
        let group = self.groups.entry(key).or_insert_with(|| Group {
            line: row.line,
            order: row.order.into(),
            store_id: row.store_id.into(),
            paid_at: row.paid_at,
            net: Rupiah::ZERO,
            amounts: Vec::new(),
        });
        group.paid_at = group.paid_at.max(row.paid_at);
        group.net = group.net + row.net;
        for (fee, amount) in fees {
            match group.amounts.iter_mut().find(|(one, _)| *one == fee) {
                Some((_, sum)) => *sum = *sum + amount,
                None => group.amounts.push((fee, amount)),
            }
        }
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

    /// An id from what does not change when a figure is corrected. Rows that are alike in it are numbered.
    fn built_id(&mut self, row: &Money) -> String {
        let day = row.paid_at.to_string();
        let statement = if row.statement.is_empty() { &day } else { &row.statement };
        let digest = digest(&[&row.order, statement, &row.kind, &row.store_id]);
        let number = self.alike.entry(digest).or_default();
        *number += 1;
        format!("{}-{number}", hex::encode(digest))
    }

    fn is_once(&mut self, line: u64, own: &str, payout: &Payout) -> Result<(), Wrong> {
        let mut hasher = DefaultHasher::new();
        (&payout.channel_order_id, payout.paid_at, payout.net, &payout.store_id, &payout.amounts).hash(&mut hasher);
        let content = hasher.finish();
        match self.transactions.entry(digest(&[own])) {
            Entry::Vacant(place) => {
                place.insert((line, content));
                Ok(())
            }
            Entry::Occupied(place) if place.get().1 == content => Ok(()),
            Entry::Occupied(place) => Err(Wrong::new(line, "", own, Why::SameTransaction(place.get().0))),
        }
    }
}

fn checked(made: Made) -> Result<Made, Wrong> {
    match payout::check(&made.payout) {
        Ok(()) => Ok(made),
        Err(unusable) => Err(Wrong::new(made.line, "", "", Why::Unusable(unusable))),
    }
}

/// Of the parts, none of which contains a NUL after [`payout::check`].
fn digest(parts: &[&str]) -> Short {
    let mut short = [0; DIGEST_BYTES];
    short.copy_from_slice(&Sha256::digest(parts.join("\0"))[..DIGEST_BYTES]);
    short
}
