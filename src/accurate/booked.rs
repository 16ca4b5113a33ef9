//! `sales-invoice/detail` with all its lines, to compare an invoice with a draft (accurate.md §4, B).

use jiff::civil::Date;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{
    client::{Call, Session},
    outcome::{Failure, Meaning, Refusal},
    reply::{Envelope, Lenient, Rows, Skipped, Text, Whole},
};
use crate::domain::{
    ids::DocumentNumber,
    invoice::ACCURATE_DAY,
    money::Rupiah,
    shadow::{Booked, BookedExpense, BookedLine},
};

/// The invoice with this number, if one exists. The call gives way to all others.
pub async fn by_number_in_background(session: &Session, number: &DocumentNumber) -> Result<Option<Booked>, Failure> {
    let call = Call::get("sales-invoice/detail", &[("number", number.as_str())]).in_background();
    let found = detail(session, &call).await?;
    match found {
        Some(booked) if !booked.number.is_same_as(number) => Err(another_detail()),
        found => Ok(found),
    }
}

/// The invoice with this id, if it exists.
pub async fn by_id(session: &Session, id: i64) -> Result<Option<Booked>, Failure> {
    let found = detail(session, &Call::get("sales-invoice/detail", &[("id", &id.to_string())])).await?;
    match found {
        Some(booked) if booked.id != id => Err(another_detail()),
        found => Ok(found),
    }
}

async fn detail(session: &Session, call: &Call) -> Result<Option<Booked>, Failure> {
    match session.call::<Record, Skipped>(call).await {
        Ok(Envelope { d, .. }) => d.booked().map(Some).map_err(|missing| {
            Failure::Ambiguous(format!("the invoice cannot be compared: Accurate does not show its {missing}"))
        }),
        Err(Failure::Refused(Refusal { meaning: Meaning::NotFound, .. })) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// A filter that was not understood returns something else (accurate.md §3): never believe it.
fn another_detail() -> Failure {
    Failure::Ambiguous("the detail that came back is not of the invoice that was asked for".to_owned())
}

/// An invoice as Accurate writes it; the rest is skipped.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Record {
    id: Whole,
    number: Text,
    customer: Lenient<Customer>,
    trans_date: Text,
    description: Text,
    branch: ShownName,
    branch_name: ShownName,
    payment_term: ShownName,
    taxable: ShownFlag,
    inclusive_tax: ShownFlag,
    tax1_amount: Text,
    cash_discount: Text,
    total_amount: Text,
    detail_item: Rows<Line>,
    detail_expense: Option<Rows<Expense>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Customer {
    customer_no: Text,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Line {
    item: Lenient<Numbered>,
    detail_name: Text,
    quantity: Text,
    unit_price: Text,
    item_cash_discount: Text,
    warehouse: ShownName,
    use_tax1: ShownFlag,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Expense {
    account: Lenient<Numbered>,
    expense_amount: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Numbered {
    no: Text,
}

/// A name, as a text or in a record; empty if it is shown as empty, `None` if it is not shown.
#[derive(Default)]
struct ShownName(Option<String>);

impl<'de> Deserialize<'de> for ShownName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Named {
            name: Text,
        }
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let text = if raw.starts_with('{') {
            serde_json::from_str::<Named>(raw).unwrap_or_default().name
        } else {
            serde_json::from_str::<Text>(raw).unwrap_or_default()
        };
        Ok(Self(Some(text.0)))
    }
}

/// Yes or no; `None` if it is not shown.
#[derive(Clone, Copy, Default)]
struct ShownFlag(Option<bool>);

impl<'de> Deserialize<'de> for ShownFlag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(serde_json::from_str(<&RawValue>::deserialize(deserializer)?.get()).ok()))
    }
}

impl Record {
    /// An error names what is missing and cannot be compared without.
    fn booked(self) -> Result<Booked, &'static str> {
        let lines = self.detail_item;
        let expenses = self.detail_expense.unwrap_or(Rows { rows: Vec::new(), complete: true });
        if !lines.complete || lines.rows.is_empty() || !expenses.complete {
            return Err("lines");
        }
        let lines = lines.rows.into_iter().map(Line::booked).collect::<Result<_, _>>()?;
        let expenses = expenses.rows.into_iter().map(Expense::booked).collect::<Result<_, _>>()?;
        let branch = match (self.branch.0, self.branch_name.0) {
            (Some(name), None | Some(_)) if !name.is_empty() => Some(name),
            (shown, name) => name.or(shown),
        };
        Ok(Booked {
            id: self.id.0.ok_or("id")?,
            number: self.number.0.into(),
            customer_no: self.customer.0.unwrap_or_default().customer_no.0,
            day: Date::strptime(ACCURATE_DAY, &self.trans_date.0).map_err(|_| "date")?,
            description: self.description.0,
            branch,
            payment_term: self.payment_term.0,
            taxable: self.taxable.0,
            inclusive_tax: self.inclusive_tax.0,
            tax: amount(&self.tax1_amount)?,
            discount: amount(&self.cash_discount)?,
            expenses,
            lines,
            total: Rupiah::parse(&self.total_amount.0).map_err(|_| "total")?,
        })
    }
}

impl Line {
    fn booked(self) -> Result<BookedLine, &'static str> {
        Ok(BookedLine {
            item_no: self.item.0.unwrap_or_default().no.0,
            name: self.detail_name.0,
            quantity: Rupiah::parse(&self.quantity.0).map_err(|_| "quantities")?.decimal(),
            unit_price: Rupiah::parse(&self.unit_price.0).map_err(|_| "prices")?,
            discount: amount(&self.item_cash_discount)?,
            warehouse: self.warehouse.0,
            use_tax: self.use_tax1.0,
        })
    }
}

impl Expense {
    fn booked(self) -> Result<BookedExpense, &'static str> {
        let account_no = self.account.0.unwrap_or_default().no.0;
        Ok(BookedExpense { account_no, amount: Rupiah::parse(&self.expense_amount.0).map_err(|_| "expenses")? })
    }
}

/// An amount that is left out where it is 0.
fn amount(text: &Text) -> Result<Rupiah, &'static str> {
    if text.0.is_empty() { Ok(Rupiah::ZERO) } else { Rupiah::parse(&text.0).map_err(|_| "amounts") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Booked, &'static str> {
        serde_json::from_str::<Record>(json).expect("a record").booked()
    }

    #[test]
    fn what_accurate_does_not_show_is_told_from_what_is_empty() {
        let shown = read(
            r#"{"id":1,"number":"A1","customer":{"customerNo":"8277"},"transDate":"26/11/2026","totalAmount":45000.50,
                "branch":null,"paymentTerm":{"name":"Net 30"},"taxable":false,
                "detailItem":[{"item":{"no":"KAOS"},"quantity":1,"unitPrice":"45000.5","warehouse":{"name":"Utama"}}]}"#,
        )
        .expect("complete");
        assert_eq!((shown.branch.as_deref(), shown.payment_term.as_deref()), (Some(""), Some("Net 30")));
        assert_eq!((shown.taxable, shown.inclusive_tax), (Some(false), None));
        assert_eq!((shown.lines[0].warehouse.as_deref(), shown.lines[0].use_tax), (Some("Utama"), None));
        assert_eq!(shown.total, shown.lines[0].unit_price);
        assert_eq!(shown.expenses, []);
    }

    #[test]
    fn an_invoice_without_a_date_a_total_or_its_lines_cannot_be_compared() {
        assert_eq!(read(r#"{"id":1,"transDate":"26/11/2026","totalAmount":1}"#), Err("lines"));
        let line = r#""detailItem":[{"item":{"no":"A"},"quantity":1,"unitPrice":1}]"#;
        assert_eq!(read(&format!(r#"{{"id":1,"totalAmount":1,{line}}}"#)), Err("date"));
        assert_eq!(read(&format!(r#"{{"id":1,"transDate":"26/11/2026",{line}}}"#)), Err("total"));
    }
}
