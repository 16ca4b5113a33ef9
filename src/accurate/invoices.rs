//! `sales-invoice`: save, detail, delete (accurate.md §4).

use rust_decimal::Decimal;
use serde_json::Value;

use super::{
    client::{Call, Session},
    outcome::{Envelope, Failure, Meaning, Refusal},
};
use crate::domain::{invoice::InvoiceBody, money::Rupiah};

/// An invoice as Accurate reports it.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundInvoice {
    /// Accurate's id.
    pub id: i64,
    /// Its number.
    pub number: String,
    /// The customer's number.
    pub customer_no: String,
    /// Our order id, by default.
    pub description: String,
    /// Total in rupiah, when it was told.
    pub total: Option<Decimal>,
    /// Something was paid on it.
    pub has_receipt: bool,
}

/// Saves an invoice. `Ok(None)`: saved, but the reply does not hold the record.
pub async fn save(session: &Session, body: &InvoiceBody) -> Result<Option<FoundInvoice>, Failure> {
    let envelope = session.call(&Call::post("sales-invoice/save", &body.to_json())).await?;
    Ok(read_invoice(&envelope.r).filter(|invoice| invoice.number == body.number))
}

/// The invoice with this number, if one stands.
pub async fn by_number(session: &Session, number: &str) -> Result<Option<FoundInvoice>, Failure> {
    match session.call(&Call::get("sales-invoice/detail", &[("number", number)])).await {
        Ok(Envelope { d, .. }) => match read_invoice(&d) {
            // A filter that was not understood returns something else (accurate.md §3): never believe it.
            Some(invoice) if invoice.number == number => Ok(Some(invoice)),
            _ => {
                Err(Failure::Ambiguous("the detail that came back is not of the invoice that was asked for".to_owned()))
            }
        },
        Err(Failure::Refused(Refusal { meaning: Meaning::NotFound, .. })) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Deletes an invoice by its id. Not being there counts as deleted.
pub async fn delete(session: &Session, id: i64) -> Result<(), Failure> {
    match session.call(&Call::delete("sales-invoice/delete", id)).await {
        Ok(_) | Err(Failure::Refused(Refusal { meaning: Meaning::NotFound, .. })) => Ok(()),
        Err(failure) => Err(failure),
    }
}

fn read_invoice(record: &Value) -> Option<FoundInvoice> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    };
    Some(FoundInvoice {
        id: record.get("id")?.as_i64()?,
        number: text(record.get("number")?),
        customer_no: text(&record["customer"]["customerNo"]),
        description: text(&record["description"]),
        total: Rupiah::parse(&text(&record["totalAmount"])).ok().map(Rupiah::decimal),
        has_receipt: record["receiptHistory"].as_array().is_some_and(|receipts| !receipts.is_empty()),
    })
}
