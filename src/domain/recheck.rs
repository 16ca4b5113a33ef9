//! What a blocked document waits for in Accurate. One recheck serves all documents that wait for the same thing.

use std::fmt;

use jiff::{SignedDuration, civil::Date};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{
    invoice::InvoiceBody,
    reason::{Language, Reason},
    receipt::ReceiptBody,
    sales_return::ReturnBody,
};

/// Time until the first recheck, in seconds; doubled each time the thing is still missing.
const FIRST_LOOK: i64 = 30;

/// Longest time between two rechecks, in seconds.
const LONGEST_WAIT: i64 = 3600;

/// The longest wait before a document that Accurate refused is tried again, in hours.
const LONGEST_WAIT_OF_ONE: i64 = 24;

/// Something in Accurate that must change before an order can continue.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// An item with this number must exist.
    Item(String),
    /// The account with this number must be active.
    Account(String),
    /// A customer with this number must exist.
    Customer(String),
    /// Accurate must accept documents of this day.
    Day(Date),
}

/// What a document needs in Accurate.
#[derive(Clone, Debug)]
pub struct Needs<'a> {
    items: Vec<&'a str>,
    accounts: Vec<&'a str>,
    customer: &'a str,
    day: Date,
}

impl<'a> From<&'a InvoiceBody> for Needs<'a> {
    fn from(body: &'a InvoiceBody) -> Self {
        Self {
            items: body.detail_item.iter().map(|item| item.item_no.as_str()).collect(),
            accounts: body.detail_expense.iter().map(|expense| expense.account_no.as_str()).collect(),
            customer: &body.customer_no,
            day: body.trans_date,
        }
    }
}

impl<'a> From<&'a ReceiptBody> for Needs<'a> {
    fn from(body: &'a ReceiptBody) -> Self {
        let discounts = body.detail_invoice.iter().flat_map(|invoice| &invoice.detail_discount);
        let accounts = discounts.map(|discount| discount.account_no.as_str());
        Self {
            items: Vec::new(),
            accounts: accounts.chain(std::iter::once(body.bank_no.as_str())).collect(),
            customer: &body.customer_no,
            day: body.trans_date,
        }
    }
}

impl<'a> From<&'a ReturnBody> for Needs<'a> {
    fn from(body: &'a ReturnBody) -> Self {
        Self {
            items: body.detail_item.iter().map(|item| item.item_no.as_str()).collect(),
            accounts: body.detail_expense.iter().flatten().map(|expense| expense.account_no.as_str()).collect(),
            customer: &body.customer_no,
            day: body.trans_date,
        }
    }
}

impl Subject {
    /// What a document waits for if it was refused for this reason; `None` if no recheck in Accurate can help.
    pub fn of<'a>(reason: Reason, words: &str, needs: impl Into<Needs<'a>>) -> Option<Self> {
        let Needs { items, accounts, customer, day } = needs.into();
        match reason {
            Reason::ItemNotFound => named_in(words, &items).map(|no| Self::Item(no.to_owned())),
            Reason::AccountInactive | Reason::AccountUnmapped => {
                // Accurate's message may contain the account's name instead of its number. If the document has one
                // account, it must be that one.
                let only = accounts.first().filter(|_| accounts.len() == 1);
                named_in(words, &accounts).or(only.copied()).map(|no| Self::Account(no.to_owned()))
            }
            Reason::CustomerNotFound => Some(Self::Customer(customer.to_owned())),
            Reason::PeriodClosed => Some(Self::Day(day)),
            _ => None,
        }
    }

    /// For people: its kind and number.
    pub fn in_words(&self, language: Language) -> String {
        let what = match (self, language) {
            (Self::Item(_), Language::English) => "item",
            (Self::Item(_), Language::Indonesian) => "barang",
            (Self::Account(_), Language::English) => "account",
            (Self::Account(_), Language::Indonesian) => "akun",
            (Self::Customer(_), Language::English) => "customer",
            (Self::Customer(_), Language::Indonesian) => "pelanggan",
            (Self::Day(_), Language::English) => "date",
            (Self::Day(_), Language::Indonesian) => "tanggal",
        };
        format!("{what} {}", self.name())
    }

    /// Only its number; for a day `dd/mm/yyyy`.
    pub fn name(&self) -> String {
        match self {
            Self::Item(no) | Self::Account(no) | Self::Customer(no) => no.clone(),
            Self::Day(day) => day.strftime("%d/%m/%Y").to_string(),
        }
    }

    /// Parses the output of [`fmt::Display`].
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, what) = text.split_once(':')?;
        Some(match kind {
            "item" => Self::Item(what.to_owned()),
            "account" => Self::Account(what.to_owned()),
            "customer" => Self::Customer(what.to_owned()),
            "day" => Self::Day(what.parse().ok()?),
            _ => return None,
        })
    }
}

/// The longest of these numbers in Accurate's message, because `A-1` must not be mistaken for `A-10`.
fn named_in<'a>(words: &str, numbers: &[&'a str]) -> Option<&'a str> {
    numbers.iter().filter(|no| !no.is_empty() && words.contains(**no)).max_by_key(|no| no.len()).copied()
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Item(no) => write!(f, "item:{no}"),
            Self::Account(no) => write!(f, "account:{no}"),
            Self::Customer(no) => write!(f, "customer:{no}"),
            Self::Day(day) => write!(f, "day:{day}"),
        }
    }
}

impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom(format!("unknown subject {text:?}")))
    }
}

/// The delay until the next recheck, after this number of rechecks that found nothing.
pub fn next_recheck_after(looks: i64) -> SignedDuration {
    let doubled = FIRST_LOOK << looks.clamp(0, 10);
    SignedDuration::from_secs(doubled.min(LONGEST_WAIT))
}

/// The delay until a document that is blocked is tried again by itself, after this number of attempts before the one
/// that blocked it: an hour, and then twice as long each time, because its timeline must not grow forever.
pub fn tried_again_after(earlier_tries: i64) -> SignedDuration {
    SignedDuration::from_hours((1 << earlier_tries.clamp(0, 5)).min(LONGEST_WAIT_OF_ONE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_can_be_read_again() {
        let day = Date::constant(2026, 11, 23);
        for subject in [
            Subject::Item("A:1".to_owned()),
            Subject::Account("700101".to_owned()),
            Subject::Customer("8277".to_owned()),
            Subject::Day(day),
        ] {
            assert_eq!(Subject::parse(&subject.to_string()), Some(subject));
        }
        assert_eq!(Subject::parse("moon:full"), None);
    }

    #[test]
    fn rechecks_happen_at_growing_intervals_up_to_an_hour() {
        let seconds: Vec<_> = (0..9).map(|looks| next_recheck_after(looks).as_secs()).collect();
        assert_eq!(seconds, [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
    }
}
