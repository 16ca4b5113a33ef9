//! What was done in Accurate in that year, and Accurate as it is afterwards.

use std::collections::BTreeMap;

use axum::http::{HeaderName, HeaderValue};
use forstok_accurate::sandbox::{Edit, Host, Request, Sandbox};
use jiff::Timestamp;
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::{Deserialize, Serialize};

use crate::world::World;

/// A change in Accurate, and when it was made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Changed {
    pub(super) at: Timestamp,
    #[serde(flatten)]
    pub(super) what: Told,
}

/// A call of the service, or what a person did.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub(super) enum Told {
    Call { method: String, path: String, query: String, headers: BTreeMap<String, String>, body: String },
    ItemAdded { no: String },
    InvoiceAdded { number: String, rupiah: i64 },
    InvoiceRemoved { number: String },
    TotalEdited { number: String, rupiah: i64 },
}

impl Told {
    pub(super) fn call(request: &Request) -> Self {
        let header = |(name, value): (&HeaderName, &HeaderValue)| {
            (name.as_str().to_owned(), value.to_str().expect("the client sends ASCII").to_owned())
        };
        Self::Call {
            method: request.method.to_string(),
            path: request.path.clone(),
            query: request.query.clone(),
            headers: request.headers.iter().map(header).collect(),
            body: String::from_utf8(request.body.to_vec()).expect("the client sends UTF-8"),
        }
    }

    /// It happens, at this time.
    pub(super) fn happens(&self, accurate: &Sandbox, at: Timestamp) {
        match self {
            Self::Call { method, path, query, headers, body } => {
                let header = |(name, value): (&String, &String)| {
                    let name: HeaderName = name.parse().expect("a header");
                    (name, value.parse::<HeaderValue>().expect("a header's value"))
                };
                let request = Request {
                    host: Host::First,
                    method: method.parse().expect("a method"),
                    path: path.clone(),
                    query: query.clone(),
                    headers: headers.iter().map(header).collect(),
                    body: body.clone().into(),
                };
                let acted = accurate.answer(&request, at);
                assert!(acted.changed, "it changed something then: {self:?}: {acted:?}");
            }
            Self::ItemAdded { no } => accurate.add_item(no, "Barang baru"),
            Self::InvoiceAdded { number, rupiah } => {
                accurate.add_invoice(number, "8277", "toko", Decimal::from(*rupiah));
            }
            Self::InvoiceRemoved { number } => assert!(accurate.remove_invoice(number), "{number} was there then"),
            Self::TotalEdited { number, rupiah } => {
                let edit = Edit { total: Some(Decimal::from(*rupiah)), ..Edit::default() };
                accurate.edit_invoice(number, &edit).expect("it was there then");
            }
        }
    }
}

/// All of it happens again in a new Accurate.
pub(super) fn happens_again(world: &World, changes: &[Changed]) {
    for change in changes {
        world.clock.reach(change.at);
        change.what.happens(&world.accurate, change.at);
    }
}

/// The documents in Accurate: id, number, day, and amounts in hundredths of a rupiah.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct InAccurate {
    /// With the total, and what is owed.
    pub(super) invoices: Vec<String>,
    /// With the money that was received.
    pub(super) receipts: Vec<String>,
    /// With what is credited.
    pub(super) returns: Vec<String>,
}

impl InAccurate {
    pub(super) fn of(accurate: &Sandbox) -> Self {
        let invoice = |one: &forstok_accurate::sandbox::Invoice| {
            let (total, owed) = (hundredths(one.total_amount), hundredths(one.owed()));
            format!("{} {} {} {total} {owed}", one.id, one.number, one.trans_date)
        };
        let receipt = |one: &forstok_accurate::sandbox::Receipt| {
            format!("{} {} {} {}", one.id, one.number, one.trans_date, hundredths(one.cheque_amount))
        };
        let sales_return = |one: &forstok_accurate::sandbox::SalesReturn| {
            format!("{} {} {} {}", one.id, one.number, one.trans_date, hundredths(one.total_amount))
        };
        Self {
            invoices: accurate.invoices().iter().map(invoice).collect(),
            receipts: accurate.receipts().iter().map(receipt).collect(),
            returns: accurate.returns().iter().map(sales_return).collect(),
        }
    }
}

/// An amount in hundredths of a rupiah.
pub(super) fn hundredths(rupiah: Decimal) -> i64 {
    (rupiah * Decimal::ONE_HUNDRED).to_i64().expect("an amount that fits")
}
