//! What a payout file contains, added up.

use std::{
    collections::{BTreeMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
};

use jiff::civil::Date;
use serde::Serialize;

use crate::domain::{
    mapping::{
        Mapping,
        after_sale::{SUBTOTAL, payout_categories},
    },
    money::Rupiah,
    payout::Payout,
};

/// How often something is in a file, and its sum in rupiah.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sum {
    /// How often.
    pub count: u64,
    /// Its sum.
    pub sum: Rupiah,
}

impl Sum {
    /// Adds one.
    pub fn add(&mut self, amount: Rupiah) {
        self.count += 1;
        self.sum = self.sum + amount;
    }
}

/// What a payout file contains.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Rows below the headings that are not empty.
    pub rows: u64,
    /// Payouts, and the money that arrived.
    pub payouts: Sum,
    /// Different orders.
    pub orders: u64,
    /// Payouts without an order.
    pub without_order: Sum,
    /// Payouts below 0.
    pub negative: Sum,
    /// The first and the last day.
    pub days: Option<(Date, Date)>,
    /// The amounts, by their names.
    pub amounts: BTreeMap<String, Sum>,
    /// Names of amounts that the mapping does not know.
    pub unknown_fees: BTreeMap<String, Sum>,
    /// Payouts of stores that the mapping does not know, by Forstok's store id.
    pub unknown_stores: BTreeMap<String, Sum>,
    /// Payouts whose amounts, subtotal included, do not add up to their money: how many, and the sum of the
    /// differences.
    pub uneven: Sum,
    /// The line of the first of them.
    pub first_uneven: Option<u64>,
    /// Rows that repeat the transaction of an earlier row, and are not counted again; the sum of their money.
    pub repeats: Sum,
    /// The line of the first of them.
    pub first_repeat: Option<u64>,
    /// Lines of rows that add up others.
    pub totals: Vec<u64>,
    /// Rows that the profile skips, by kind.
    pub skipped: BTreeMap<String, Sum>,
    /// Columns with numbers that the profile does not know, and in how many rows there is one.
    pub unknown_columns: BTreeMap<String, u64>,
    /// Other sheets with the same headings, which are not read.
    pub other_sheets: Vec<String>,
    #[serde(skip)]
    stores: BTreeMap<String, Sum>,
    #[serde(skip)]
    seen: HashSet<u64>,
}

impl Summary {
    /// Adds a payout of this line.
    pub fn add(&mut self, line: u64, payout: &Payout) {
        self.payouts.add(payout.net);
        if !payout.store_id.is_empty() {
            self.stores.entry(payout.store_id.clone()).or_default().add(payout.net);
        }
        if payout.channel_order_id.is_empty() {
            self.without_order.add(payout.net);
        } else {
            let mut hasher = DefaultHasher::new();
            (&payout.store_id, &payout.channel_order_id).hash(&mut hasher);
            self.orders += u64::from(self.seen.insert(hasher.finish()));
        }
        if payout.net < Rupiah::ZERO {
            self.negative.add(payout.net);
        }
        let (first, last) = self.days.unwrap_or((payout.paid_at, payout.paid_at));
        self.days = Some((first.min(payout.paid_at), last.max(payout.paid_at)));
        for (fee, amount) in &payout.amounts {
            match self.amounts.get_mut(fee) {
                Some(sum) => sum.add(*amount),
                None => self.amounts.entry(fee.clone()).or_default().add(*amount),
            }
        }
        if payout.amounts.contains_key(SUBTOTAL) {
            let rest = payout.net - payout.amounts.values().copied().sum();
            if !rest.is_zero() {
                self.uneven.add(rest);
                self.first_uneven.get_or_insert(line);
            }
        }
    }

    /// Adds a row that repeats an earlier transaction.
    pub fn add_repeat(&mut self, line: u64, net: Rupiah) {
        self.repeats.add(net);
        self.first_repeat.get_or_insert(line);
    }

    /// Finds the names that are neither a category nor in `payout.kinds` of the mapping, and the stores that it lacks.
    pub fn compare(&mut self, mapping: &Mapping) {
        let kinds = &mapping.payout.kinds;
        let is_known = |fee: &str| payout_categories().any(|category| category == fee) || kinds.contains_key(fee);
        let unknown = self.amounts.iter().filter(|(fee, _)| !is_known(fee));
        self.unknown_fees = unknown.map(|(fee, sum)| (fee.clone(), *sum)).collect();
        let unknown = self.stores.iter().filter(|(store, _)| !mapping.stores.contains_key(*store));
        self.unknown_stores = unknown.map(|(store, sum)| (store.clone(), *sum)).collect();
    }
}
