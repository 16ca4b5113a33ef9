//! Payouts: what a marketplace paid to the seller for one order (design.md §7).

pub mod lines;
mod read;
pub mod unmatched;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use self::lines::Line;
use super::{
    money::Rupiah,
    reason::Language,
    row_fields::{LONGEST_ID, LONGEST_NAME, NAME_OF_AN_AMOUNT, Unusable, check_text, is_possible},
};

/// What a payout row is known by: the same source and id again is a repeat or a correction.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PayoutKey {
    /// Where it comes from, for example `shopee`.
    pub source: String,
    /// Which row of that source.
    pub id: String,
}

/// One payout for one order, or a part of it. Amounts have the seller's sign: what is paid to the seller is positive,
/// what is taken is negative.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payout {
    /// What it is known by.
    #[serde(flatten)]
    pub key: PayoutKey,
    /// Forstok's store id; empty if the source does not name it.
    pub store_id: String,
    /// The marketplace's order number; empty for money without an order.
    pub channel_order_id: String,
    /// The day on which the money arrived in the seller's wallet.
    pub paid_at: Date,
    /// The money that arrived, in rupiah; negative if it was taken.
    pub net: Rupiah,
    /// The amounts that it consists of, in rupiah: a category of `[accounts]`, `subtotal`, `refund`, or the
    /// marketplace's name of a fee.
    pub amounts: BTreeMap<String, Rupiah>,
    /// The rows of files that it consists of, if its source has a row for each amount. Without them, a later file that
    /// contains only some of these rows would replace the others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Line>,
}

/// Where the day of a payout comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaidDay {
    /// Its source names it.
    Named,
    /// Its source does not know it: it is the day on which the payout arrived.
    Arrival,
}

/// Most amounts of one row.
const MOST_AMOUNTS: usize = 100;

/// What makes a row unusable. A row that is only odd is recorded, and a person decides about it.
pub fn check(payout: &Payout) -> Result<(), Unusable> {
    let Payout { key, store_id, channel_order_id, paid_at, amounts, .. } = payout;
    for (name, text) in [("source", &key.source), ("id", &key.id)] {
        if text.trim().is_empty() {
            return Err(Unusable::Empty(name));
        }
    }
    let ids = [("id", &key.id), ("store_id", store_id), ("channel_order_id", channel_order_id)];
    let names = amounts.keys().map(|name| (NAME_OF_AN_AMOUNT, name)).chain([("source", &key.source)]);
    let texts = ids.map(|(name, text)| (name, text, LONGEST_ID)).into_iter();
    for (name, text, most) in texts.chain(names.map(|(name, text)| (name, text, LONGEST_NAME))) {
        check_text(name, text, most)?;
    }
    for line in &payout.lines {
        check_text("id", &line.transaction, LONGEST_ID)?;
        check_text("the name of an amount", line.fee.as_deref().unwrap_or_default(), LONGEST_NAME)?;
    }
    if amounts.keys().any(|name| name.trim().is_empty()) {
        return Err(Unusable::NamelessAmount);
    }
    if amounts.len() > MOST_AMOUNTS {
        return Err(Unusable::TooManyAmounts(MOST_AMOUNTS));
    }
    if !is_possible(*paid_at) {
        return Err(Unusable::ImpossibleDay("paid_at", *paid_at));
    }
    Ok(())
}

/// How a row was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Recorded {
    /// It is new.
    Accepted,
    /// It is known with the same content.
    Repeat,
    /// It is known, and its content has changed.
    Corrected,
    /// It cannot be recorded.
    Refused,
}

impl Recorded {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Repeat => "repeat",
            Self::Corrected => "corrected",
            Self::Refused => "refused",
        }
    }

    /// In words for a person.
    pub fn in_words(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Accepted, Language::English) => "new",
            (Self::Accepted, Language::Indonesian) => "baru",
            (Self::Repeat, Language::English) => "known already",
            (Self::Repeat, Language::Indonesian) => "sudah ada",
            (Self::Corrected, Language::English) => "corrected",
            (Self::Corrected, Language::Indonesian) => "dikoreksi",
            (Self::Refused, Language::English) => "refused",
            (Self::Refused, Language::Indonesian) => "ditolak",
        }
    }
}

/// How one row was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowOutcome {
    /// Which row.
    #[serde(flatten)]
    pub key: PayoutKey,
    /// How.
    pub outcome: Recorded,
    /// Why it was refused.
    pub problem: Option<String>,
}

/// The state of a payout row or a return record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowState {
    /// No order has its number, or several have it.
    Unmatched,
    /// It waits for its invoice, its day, another row, its goods or a person's approval.
    Waiting,
    /// Its document is wanted.
    Due,
    /// Its document exists, or it is part of another row's document.
    Settled,
    /// A person must act.
    Blocked,
    /// Nothing is booked for it.
    Ignored,
}

impl RowState {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Unmatched, Self::Waiting, Self::Due, Self::Settled, Self::Blocked, Self::Ignored];

    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unmatched => "unmatched",
            Self::Waiting => "waiting",
            Self::Due => "due",
            Self::Settled => "settled",
            Self::Blocked => "blocked",
            Self::Ignored => "ignored",
        }
    }

    /// In words for a person.
    pub fn in_words(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Unmatched, Language::English) => "order not found",
            (Self::Unmatched, Language::Indonesian) => "pesanan tidak ditemukan",
            (Self::Waiting, Language::English) => "waiting",
            (Self::Waiting, Language::Indonesian) => "menunggu",
            (Self::Due, Language::English) => "being booked",
            (Self::Due, Language::Indonesian) => "sedang dibukukan",
            (Self::Settled, Language::English) => "booked",
            (Self::Settled, Language::Indonesian) => "sudah dibukukan",
            (Self::Blocked, Language::English) => "needs attention",
            (Self::Blocked, Language::Indonesian) => "perlu ditangani",
            (Self::Ignored, Language::English) => "not booked here",
            (Self::Ignored, Language::Indonesian) => "tidak dibukukan di sini",
        }
    }

    /// Reads the word of the contract.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_row_is_refused_only_if_nothing_could_be_done_with_it() {
        let key = PayoutKey { source: "shopee".to_owned(), id: "1".to_owned() };
        let money_without_an_order = Payout {
            key,
            store_id: String::new(),
            channel_order_id: String::new(),
            paid_at: date(2026, 11, 5),
            net: Rupiah::whole(-5000),
            amounts: [("=1+1".to_owned(), Rupiah::whole(-5000))].into(),
            lines: Vec::new(),
        };
        assert_eq!(check(&money_without_an_order), Ok(()));
        let refused = |change: fn(&mut Payout), words: &str| {
            let mut payout = money_without_an_order.clone();
            change(&mut payout);
            let problem = String::from(check(&payout).expect_err(words));
            assert!(problem.contains(words), "{problem}");
        };
        refused(|row| row.key.source = " ".to_owned(), "source is empty");
        refused(|row| row.key.id = String::new(), "id is empty");
        refused(|row| row.key.id = "x".repeat(201), "longer than 200");
        refused(|row| row.channel_order_id = "A\nB".to_owned(), "control character");
        refused(
            |row| {
                row.amounts.insert(" ".to_owned(), Rupiah::ZERO);
            },
            "has no name",
        );
        refused(|row| row.amounts.extend((0..100).map(|n| (n.to_string(), Rupiah::ZERO))), "more than 100 amounts");
        refused(|row| row.paid_at = date(1, 1, 1), "2000 to 2099");
    }
}
