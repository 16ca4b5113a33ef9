//! `sales-invoice`: save, bulk-save, detail, list, delete (accurate.md §3, §4).

use std::{collections::HashMap, sync::PoisonError};

use rust_decimal::Decimal;
use serde::Deserialize;

pub use super::documents::{Deleted, LARGEST_BULK};
use super::{
    client::{Call, LastStart, Session},
    documents::{self, Calls, Found},
    outcome::Failure,
    reply::{Envelope, HasElements, Lenient, Rows, Skipped, Text, Whole},
};
use crate::domain::{document::Kind, ids::DocumentNumber, invoice::InvoiceBody, money::Rupiah};

/// An invoice as Accurate reports it.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundInvoice {
    /// Accurate's id.
    pub id: i64,
    /// Its number.
    pub number: DocumentNumber,
    /// The customer's number.
    pub customer_no: String,
    /// The order id, by default.
    pub description: String,
    /// Total in rupiah, if it could be read.
    pub total: Option<Decimal>,
    /// Whether something was paid on it.
    pub has_receipt: bool,
    /// Whether Accurate shows that pieces of it were returned.
    pub has_return: bool,
}

impl FoundInvoice {
    /// Whether it has the fields that identify an order's invoice.
    pub fn can_be_compared(&self) -> bool {
        !self.customer_no.is_empty() && !self.description.is_empty() && self.total.is_some()
    }
}

/// Invoices that exist, by number.
pub type ByNumber = HashMap<DocumentNumber, FoundInvoice>;

/// Saves an invoice. `Ok(None)`: saved, but the reply does not contain the record, whose number may differ. It is sent
/// before `last_start` or not at all: later, another worker may already have saved and deleted the same invoice.
pub async fn save(
    session: &Session,
    body: &InvoiceBody,
    last_start: LastStart,
) -> Result<Option<FoundInvoice>, Failure> {
    documents::save(session, body, last_start).await
}

/// Saves up to [`LARGEST_BULK`] invoices in one call. Returns one result for each, in the same order, like [`save`].
/// The outer failure applies to all of them.
pub async fn save_many(
    session: &Session,
    bodies: &[&InvoiceBody],
    last_start: LastStart,
) -> Result<Vec<Result<Option<FoundInvoice>, Failure>>, Failure> {
    documents::save_many(session, bodies, last_start).await
}

/// What is known about requesting many numbers with one list.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// Whether a filter with several values has found more than one of them.
    understood: bool,
    /// The two existing numbers that were seen last; a filter is tried with them.
    existing: [Option<DocumentNumber>; 2],
}

impl Session {
    fn lists(&self) -> std::sync::MutexGuard<'_, Lists> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers the number of an invoice that exists.
    fn remember(&self, found: Option<FoundInvoice>) -> Option<FoundInvoice> {
        if let Some(invoice) = &found {
            self.remember_number(&invoice.number);
        }
        found
    }

    /// Whether two invoices are known to exist, with which a list can be tried.
    pub fn can_try_lists(&self) -> bool {
        self.lists().existing.iter().all(Option::is_some)
    }

    /// Remembers the number of an invoice that existed when it was last seen.
    pub fn remember_number(&self, number: &DocumentNumber) {
        let mut lists = self.lists();
        if lists.existing[0].as_ref() != Some(number) {
            lists.existing.swap(0, 1);
            lists.existing[0] = Some(number.clone());
        }
    }
}

/// Which of these invoices exist, by number, with one list; `None` if its answer cannot be trusted.
///
/// It is not known whether a filter accepts several values, and Accurate silently ignores a filter that it does not
/// understand (accurate.md §3, B). So the answer is trusted only if it contains nothing that was not requested, and if
/// a filter of this form has once found two invoices. Rows that cannot be compared are left out.
pub async fn by_numbers(session: &Session, numbers: &[&DocumentNumber]) -> Result<Option<ByNumber>, Failure> {
    let Some(found) = list(session, numbers).await? else { return Ok(None) };
    if found.len() < 2 && numbers.len() > 1 && !session.lists().understood {
        let existing = session.lists().existing.clone();
        let [Some(one), Some(other)] = &existing else { return Ok(None) };
        match list(session, &[one, other]).await? {
            Some(both) if both.len() == 2 => {}
            _ => return Ok(None),
        }
    }
    if numbers.len() > 1 {
        session.lists().understood = true;
    }
    Ok(Some(found))
}

async fn list(session: &Session, numbers: &[&DocumentNumber]) -> Result<Option<ByNumber>, Failure> {
    let size = LARGEST_BULK.to_string();
    let mut query = vec![
        ("fields", "id,number,customer,description,totalAmount"),
        ("sp.pageSize", &size),
        ("filter.number.op", "EQUAL"),
    ];
    query.extend(numbers.iter().map(|number| ("filter.number.val", number.as_str())));
    let Envelope { d: list, .. } =
        session.call::<Rows<Record>, Skipped>(&Call::get("sales-invoice/list", &query)).await?;
    if !list.complete {
        return Ok(None);
    }
    let mut found = ByNumber::with_capacity(list.rows.len());
    for row in list.rows {
        let Some(invoice) = row.invoice() else { return Ok(None) };
        match numbers.iter().find(|number| number.is_same_as(&invoice.number)) {
            Some(number) => drop(found.insert((*number).clone(), invoice)),
            None => return Ok(None),
        }
    }
    Ok(Some(found))
}

/// The invoice with this number, if one exists.
pub async fn by_number(session: &Session, number: &DocumentNumber) -> Result<Option<FoundInvoice>, Failure> {
    Ok(session.remember(documents::by_number(session, number).await?))
}

/// The invoice with this id, if it exists.
pub async fn by_id(session: &Session, id: i64) -> Result<Option<FoundInvoice>, Failure> {
    documents::by_id(session, id).await
}

/// Deletes an invoice by its id.
pub async fn delete(session: &Session, id: i64) -> Result<Deleted, Failure> {
    documents::delete::<FoundInvoice>(session, id).await
}

impl Found for FoundInvoice {
    const KIND: Kind = Kind::Invoice;
    const CALLS: Calls = Calls {
        save: "sales-invoice/save",
        bulk_save: "sales-invoice/bulk-save",
        detail: "sales-invoice/detail",
        list: "sales-invoice/list",
        delete: "sales-invoice/delete",
    };
    const LISTED: &'static str = "id,number,customer,description,totalAmount";
    type Body = InvoiceBody;
    type Record = Record;

    fn of(record: Record) -> Option<Self> {
        record.invoice()
    }

    fn id(&self) -> i64 {
        self.id
    }

    fn number(&self) -> &DocumentNumber {
        &self.number
    }
}

/// The fields of an invoice that are read; the rest is skipped.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Record {
    id: Whole,
    number: Option<Text>,
    customer: Lenient<Customer>,
    description: Text,
    total_amount: Text,
    receipt_history: HasElements,
    detail_item: Rows<Line>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Line {
    return_quantity: Text,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Customer {
    pub(super) customer_no: Text,
}

impl Line {
    fn went_back(&self) -> bool {
        Rupiah::parse(&self.return_quantity.0).is_ok_and(Rupiah::is_positive)
    }
}

impl Record {
    /// `None` without an id or a number.
    pub(super) fn invoice(self) -> Option<FoundInvoice> {
        Some(FoundInvoice {
            id: self.id.0?,
            number: self.number?.0.into(),
            customer_no: self.customer.0.unwrap_or_default().customer_no.0,
            description: self.description.0,
            total: Rupiah::parse(&self.total_amount.0).ok().map(Rupiah::decimal),
            has_receipt: self.receipt_history.0,
            has_return: self.detail_item.rows.iter().any(Line::went_back),
        })
    }
}
