//! Shadow mode: a draft beside the invoice that another integration has created for the same order.
//!
//! [`compare`] names every difference. `kind` has the names, in an accountant's words.

mod kind;
mod lines;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

pub use self::{
    kind::Kind,
    lines::{Product, products},
};
use super::{
    about::as_text,
    ids::DocumentNumber,
    invoice::{Draft, InvoiceBody, read_number, write_number},
    mapping::TaxMode,
    money::Rupiah,
    reason::Language,
};

/// An invoice as Accurate shows it, with its lines. A field that Accurate does not show is `None` and is not compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Booked {
    /// Accurate's id.
    pub id: i64,
    /// Its number.
    pub number: DocumentNumber,
    /// The customer's number.
    pub customer_no: String,
    /// Its date.
    pub day: Date,
    /// Its description.
    pub description: String,
    /// The branch; an empty text means that it has none.
    pub branch: Option<String>,
    /// The payment term; an empty text means that it has none.
    pub payment_term: Option<String>,
    /// Whether tax is computed at all.
    pub taxable: Option<bool>,
    /// Whether prices include tax.
    pub inclusive_tax: Option<bool>,
    /// The tax, in rupiah.
    pub tax: Rupiah,
    /// The discount on the whole invoice, in rupiah.
    pub discount: Rupiah,
    /// Shipping and other expenses.
    pub expenses: Vec<BookedExpense>,
    /// Products.
    pub lines: Vec<BookedLine>,
    /// What the customer owes, in rupiah.
    pub total: Rupiah,
}

/// An expense of an invoice in Accurate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BookedExpense {
    /// The account's number.
    pub account_no: String,
    /// Rupiah.
    pub amount: Rupiah,
}

/// A product of an invoice in Accurate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BookedLine {
    /// The item's number.
    pub item_no: String,
    /// Its name on the invoice.
    pub name: String,
    /// Number of pieces.
    #[serde(serialize_with = "write_number", deserialize_with = "read_number")]
    pub quantity: Decimal,
    /// Rupiah for one piece.
    pub unit_price: Rupiah,
    /// Discount on the line, in rupiah.
    pub discount: Rupiah,
    /// The warehouse; an empty text means that it has none.
    pub warehouse: Option<String>,
    /// Whether tax applies to the line.
    pub use_tax: Option<bool>,
}

/// One kind of difference between a draft and the invoice in Accurate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// What kind.
    pub kind: Kind,
    /// By how much the invoice in Accurate is higher for this reason, in rupiah.
    #[serde(with = "as_text")]
    pub rupiah: Rupiah,
    /// Where exactly; more than one for several products.
    pub details: Vec<Detail>,
}

/// Both sides of a difference, as people read them in either language: amounts as `Rp80.000`, days as `2026-11-26`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// The product, where there are several; otherwise empty.
    pub about: String,
    /// In the draft; empty if it has none.
    pub draft: String,
    /// In Accurate; empty if it has none.
    pub accurate: String,
}

impl Difference {
    /// The kind with both sides, for people.
    pub fn in_words(&self, language: Language) -> String {
        let details = self.details.iter().map(|detail| {
            let (accurate, draft) = (detail.accurate(self.kind, language), detail.draft(self.kind, language));
            let about = if detail.about.is_empty() { String::new() } else { format!("{} ", detail.about) };
            match language {
                Language::English => format!("{about}{accurate} instead of {draft}"),
                Language::Indonesian => format!("{about}{accurate}, seharusnya {draft}"),
            }
        });
        format!("{}: {}", self.kind.name(language), details.collect::<Vec<_>>().join(", "))
    }
}

impl Detail {
    /// The draft's side, for people.
    pub fn draft(&self, kind: Kind, language: Language) -> String {
        side(&self.draft, kind, language)
    }

    /// Accurate's side, for people.
    pub fn accurate(&self, kind: Kind, language: Language) -> String {
        side(&self.accurate, kind, language)
    }
}

fn side(text: &str, kind: Kind, language: Language) -> String {
    let say = |english: &str, indonesian: &str| match language {
        Language::English => english.to_owned(),
        Language::Indonesian => indonesian.to_owned(),
    };
    match (kind, text) {
        (_, "") => say("none", "tidak ada"),
        (Kind::DateEarlier | Kind::DateLater, day) => {
            day.parse::<Date>().map_or_else(|_| day.to_owned(), |day| day.strftime("%d/%m/%Y").to_string())
        }
        (Kind::Tax, "off") => say("no tax", "tanpa pajak"),
        (Kind::Tax, "inclusive") => say("prices include tax", "harga termasuk pajak"),
        (Kind::Tax, "exclusive") => say("tax is added", "pajak ditambahkan"),
        (_, text) => text.to_owned(),
    }
}

/// Differences, collected by kind.
#[derive(Default)]
struct Found(Vec<Difference>);

impl Found {
    fn note(&mut self, kind: Kind, rupiah: Rupiah, about: &str, draft: impl Into<String>, accurate: impl Into<String>) {
        let detail = Detail { about: about.to_owned(), draft: draft.into(), accurate: accurate.into() };
        match self.0.iter_mut().find(|known| known.kind == kind) {
            Some(known) => {
                known.rupiah = known.rupiah + rupiah;
                known.details.push(detail);
            }
            None => self.0.push(Difference { kind, rupiah, details: vec![detail] }),
        }
    }
}

/// In what the invoice in Accurate differs from the draft; empty if they are equal in everything that Accurate shows.
///
/// Number and description are not compared: the number is how the invoice was found, and the description is text.
pub fn compare(draft: &Draft, booked: &Booked) -> Vec<Difference> {
    let mut found = Found::default();
    compare_names(&draft.body, booked, &mut found);
    lines::compare(&draft.body, booked, &mut found);
    compare_amounts(&draft.body, booked, &mut found);
    compare_tax(&draft.body, booked, &mut found);
    compare_total(draft, booked, &mut found);
    found.0
}

fn compare_names(draft: &InvoiceBody, booked: &Booked, found: &mut Found) {
    if booked.day != draft.trans_date {
        let kind = if booked.day < draft.trans_date { Kind::DateEarlier } else { Kind::DateLater };
        found.note(kind, Rupiah::ZERO, "", draft.trans_date.to_string(), booked.day.to_string());
    }
    if booked.customer_no != draft.customer_no {
        found.note(Kind::Customer, Rupiah::ZERO, "", &draft.customer_no, &booked.customer_no);
    }
    for (kind, ours, there) in [
        (Kind::Branch, &draft.branch_name, &booked.branch),
        (Kind::PaymentTerm, &draft.payment_term_name, &booked.payment_term),
    ] {
        if let (Some(ours), Some(there)) = (ours, there)
            && ours != there
        {
            found.note(kind, Rupiah::ZERO, "", ours, there);
        }
    }
    let ours = draft.detail_item.iter().find_map(|item| item.warehouse_name.as_ref());
    let there: BTreeSet<_> = booked.lines.iter().filter_map(|line| line.warehouse.as_deref()).collect();
    if let Some(ours) = ours
        && there.iter().any(|name| name != ours)
    {
        let there: Vec<_> = there.into_iter().filter(|name| !name.is_empty()).collect();
        found.note(Kind::Warehouse, Rupiah::ZERO, "", ours, there.join(", "));
    }
}

/// Discount and shipping. A discount counts the same on the invoice and on its lines.
fn compare_amounts(draft: &InvoiceBody, booked: &Booked, found: &mut Found) {
    let there = booked.lines.iter().map(|line| line.discount).sum::<Rupiah>() + booked.discount;
    if there != draft.cash_discount {
        let kind = if there == Rupiah::ZERO { Kind::DiscountMissing } else { Kind::DiscountDiffers };
        found.note(kind, draft.cash_discount - there, "", shown(draft.cash_discount), shown(there));
    }
    let ours: Rupiah = draft.detail_expense.iter().map(|expense| expense.expense_amount).sum();
    let there: Rupiah = booked.expenses.iter().map(|expense| expense.amount).sum();
    let our_accounts: BTreeSet<_> = draft.detail_expense.iter().map(|expense| expense.account_no.as_str()).collect();
    let their_accounts: BTreeSet<_> = booked.expenses.iter().map(|expense| expense.account_no.as_str()).collect();
    if there != ours {
        let kind = if there == Rupiah::ZERO { Kind::ShippingMissing } else { Kind::ExpenseDiffers };
        found.note(kind, there - ours, "", shown(ours), shown(there));
    } else if our_accounts != their_accounts && !their_accounts.contains("") {
        let listed = |accounts: BTreeSet<&str>| accounts.into_iter().collect::<Vec<_>>().join(", ");
        found.note(Kind::ExpenseAccount, Rupiah::ZERO, "", listed(our_accounts), listed(their_accounts));
    }
}

fn compare_tax(draft: &InvoiceBody, booked: &Booked, found: &mut Found) {
    let (ours, there) = (Flags::of(draft).mode(), mode_of(booked, draft));
    let lines_differ = booked.lines.iter().any(|line| line.use_tax.is_some_and(|tax| tax != (ours != TaxMode::Off)));
    if ours != there || (lines_differ && ours != TaxMode::Off) {
        let there = if ours == there { TaxMode::Off } else { there };
        let on_top = if there == TaxMode::Exclusive { booked.tax } else { Rupiah::ZERO };
        found.note(Kind::Tax, on_top, "", ours.as_str(), there.as_str());
    }
}

/// The two flags that say in Accurate how an invoice is taxed.
struct Flags {
    taxable: bool,
    inclusive_tax: bool,
}

impl Flags {
    fn of(draft: &InvoiceBody) -> Self {
        Self { taxable: draft.taxable, inclusive_tax: draft.inclusive_tax }
    }

    fn mode(&self) -> TaxMode {
        match (self.taxable, self.inclusive_tax) {
            (false, _) => TaxMode::Off,
            (true, true) => TaxMode::Inclusive,
            (true, false) => TaxMode::Exclusive,
        }
    }
}

/// How the invoice in Accurate is taxed. Flags that Accurate does not show are taken to be those of the draft, unless
/// the amount of the tax contradicts them.
fn mode_of(booked: &Booked, draft: &InvoiceBody) -> TaxMode {
    let taxable = booked.taxable.unwrap_or(draft.taxable || booked.tax.is_positive());
    Flags { taxable, inclusive_tax: booked.inclusive_tax.unwrap_or(draft.inclusive_tax) }.mode()
}

/// What the other differences do not explain.
fn compare_total(draft: &Draft, booked: &Booked, found: &mut Found) {
    let (ours, there) = (Flags::of(&draft.body).mode(), mode_of(booked, &draft.body));
    let on_top = match (ours, there) {
        (TaxMode::Exclusive, TaxMode::Exclusive) => booked.tax,
        // How much tax Accurate would add to the draft is not known.
        (TaxMode::Exclusive, _) => return,
        _ => Rupiah::ZERO,
    };
    let explained: Rupiah = found.0.iter().map(|difference| difference.rupiah).sum();
    let expected = draft.total + explained + on_top;
    if booked.total != expected {
        let total = draft.total + on_top;
        found.note(Kind::Total, booked.total - expected, "", total.in_words(), booked.total.in_words());
    }
}

/// An amount, or nothing for zero.
fn shown(amount: Rupiah) -> String {
    if amount == Rupiah::ZERO { String::new() } else { amount.in_words() }
}
