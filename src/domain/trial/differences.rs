//! What differs between two invoices for one order.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::domain::invoice::{DetailExpense, DetailItem, Draft, InvoiceBody};

/// Lines that are listed of one difference. An order may have thousands of lines.
const MOST_LINES: usize = 10;

/// A part of an invoice that may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are those of the API")]
pub enum Part {
    Total,
    Database,
    Number,
    Date,
    Customer,
    Branch,
    PaymentTerm,
    Description,
    Tax,
    Lines,
    Warehouse,
    Discount,
    Shipping,
    Account,
}

impl Part {
    /// The stable name of the API.
    pub fn code(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::Database => "database",
            Self::Number => "number",
            Self::Date => "date",
            Self::Customer => "customer",
            Self::Branch => "branch",
            Self::PaymentTerm => "payment_term",
            Self::Description => "description",
            Self::Tax => "tax",
            Self::Lines => "lines",
            Self::Warehouse => "warehouse",
            Self::Discount => "discount",
            Self::Shipping => "shipping",
            Self::Account => "account",
        }
    }
}

/// One part that differs; a side that has none is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which part.
    pub part: Part,
    /// On the first invoice.
    pub before: String,
    /// On the second.
    pub after: String,
}

/// What differs between two invoices; empty if they are equal.
pub(super) fn between(before: &Draft, after: &Draft) -> Vec<Difference> {
    if before.body == after.body && before.book == after.book {
        return Vec::new();
    }
    let (old, new) = (&before.body, &after.body);
    let optional = |text: &Option<String>| text.clone().unwrap_or_default();
    let texts = [
        (Part::Total, before.total.in_words(), after.total.in_words()),
        (Part::Database, before.book.to_string(), after.book.to_string()),
        (Part::Number, old.number.to_string(), new.number.to_string()),
        (Part::Date, old.trans_date.to_string(), new.trans_date.to_string()),
        (Part::Customer, old.customer_no.clone(), new.customer_no.clone()),
        (Part::Branch, optional(&old.branch_name), optional(&new.branch_name)),
        (Part::PaymentTerm, optional(&old.payment_term_name), optional(&new.payment_term_name)),
        (Part::Description, old.description.clone(), new.description.clone()),
        (Part::Tax, tax(old).to_owned(), tax(new).to_owned()),
        (Part::Warehouse, warehouses(old), warehouses(new)),
        (Part::Discount, old.cash_discount.in_words(), new.cash_discount.in_words()),
        (Part::Shipping, expenses(old, amount), expenses(new, amount)),
        (Part::Account, expenses(old, account), expenses(new, account)),
    ];
    let differ = texts.into_iter().filter(|(_, before, after)| before != after);
    let mut differences: Vec<_> = differ.map(|(part, before, after)| Difference { part, before, after }).collect();
    differences.extend(lines(old, new));
    differences.sort_by_key(|difference| difference.part);
    differences
}

/// The mapping's word for how prices carry tax.
fn tax(body: &InvoiceBody) -> &'static str {
    match (body.taxable, body.inclusive_tax) {
        (false, _) => "off",
        (true, true) => "inclusive",
        (true, false) => "exclusive",
    }
}

fn warehouses(body: &InvoiceBody) -> String {
    let mut names: Vec<_> = body.detail_item.iter().filter_map(|item| item.warehouse_name.as_deref()).collect();
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}

fn expenses(body: &InvoiceBody, show: impl Fn(&DetailExpense) -> String) -> String {
    body.detail_expense.iter().map(show).collect::<Vec<_>>().join(", ")
}

fn amount(expense: &DetailExpense) -> String {
    expense.expense_amount.in_words()
}

fn account(expense: &DetailExpense) -> String {
    expense.account_no.clone()
}

/// The lines that only one of the invoices has.
fn lines(before: &InvoiceBody, after: &InvoiceBody) -> Option<Difference> {
    let (old, new) = (counted(before), counted(after));
    if old == new {
        return None;
    }
    let only_in = |these: &BTreeMap<String, Decimal>, others: &BTreeMap<String, Decimal>| {
        let own = these.iter().filter(|(line, pieces)| others.get(*line) != Some(*pieces));
        let mut own: Vec<_> = own.map(|(line, pieces)| format!("{} × {line}", pieces.normalize())).collect();
        let more = own.len().saturating_sub(MOST_LINES);
        own.truncate(MOST_LINES);
        if more > 0 {
            own.push(format!("+ {more}"));
        }
        own.join("; ")
    };
    Some(Difference { part: Part::Lines, before: only_in(&old, &new), after: only_in(&new, &old) })
}

/// Pieces by item and price. The name on the line is not compared: it is Forstok's, whatever the mapping.
fn counted(body: &InvoiceBody) -> BTreeMap<String, Decimal> {
    let mut pieces = BTreeMap::<_, Decimal>::new();
    for DetailItem { item_no, unit_price, quantity, .. } in &body.detail_item {
        *pieces.entry(format!("{item_no} @ {}", unit_price.in_words())).or_default() += *quantity;
    }
    pieces
}
