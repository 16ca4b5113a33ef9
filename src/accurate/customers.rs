//! `customer`: a store in Accurate (accurate.md §5).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::{
    client::{Call, Session},
    outcome::{Failure, Meaning, Refusal, Taken},
    reply::{Envelope, Rows, Skipped, Text},
};
use crate::{
    clock::Monotonic,
    domain::{day_in_wib, invoice::ACCURATE_DAY},
};

/// Who created the customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ensured {
    /// This call.
    Created,
    /// It existed before, or another order has just created it.
    Existed,
}

/// When each customer was last seen to exist, after Accurate had refused an order because it did not.
pub(super) type Seen = BTreeMap<String, Monotonic>;

/// Ensures that a customer exists. If several orders need it at the same time, one of them looks it up and creates it.
pub async fn ensure(session: &Session, customer_no: &str, name: &str) -> Result<Ensured, Failure> {
    let missed_at = session.monotonic();
    let mut seen = session.customers_seen.lock().await;
    if seen.get(customer_no).is_some_and(|seen_at| *seen_at >= missed_at) {
        return Ok(Ensured::Existed);
    }
    let ensured = look_or_create(session, customer_no, name).await?;
    seen.insert(customer_no.to_owned(), session.monotonic());
    Ok(ensured)
}

async fn look_or_create(session: &Session, customer_no: &str, name: &str) -> Result<Ensured, Failure> {
    if exists(session, customer_no).await? {
        return Ok(Ensured::Existed);
    }
    let day = day_in_wib(session.now()).strftime(ACCURATE_DAY).to_string();
    let body = json!({"name": name, "customerNo": customer_no, "transDate": day});
    match session.call::<Skipped, Skipped>(&Call::post("customer/save", &body)).await {
        Ok(_) => Ok(Ensured::Created),
        // Only this shows that the customer exists; if the name is taken, a person must act (accurate.md §5).
        Err(Failure::Refused(Refusal { meaning: Meaning::Duplicate(Taken::CustomerNo), .. })) => Ok(Ensured::Existed),
        Err(failure) => Err(failure),
    }
}

/// Whether a customer with this number exists.
pub async fn exists(session: &Session, customer_no: &str) -> Result<bool, Failure> {
    let query = [
        ("fields", "id,customerNo,name"),
        ("filter.no.op", "EQUAL"),
        ("filter.no.val", customer_no),
        ("sp.pageSize", "100"),
    ];
    let Envelope { d: list, .. } = session.call::<Rows<Customer>, Skipped>(&Call::get("customer/list", &query)).await?;
    // Accurate ignores a filter that it does not understand and returns every row, so each is compared (accurate.md §3,
    // B).
    Ok(list.rows.iter().any(|row| row.customer_no.0 == customer_no))
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Customer {
    customer_no: Text,
}
