//! Accurate's own webhooks: renews them, and reads those that did not arrive (backfill.md §3).

use jiff::{Timestamp, civil::Date};
use serde_json::value::RawValue;

use super::{
    client::{Call, Session},
    outcome::Failure,
    reply::{Envelope, Text},
};
use crate::domain::{WIB, invoice::ACCURATE_DAY};

/// How a time is written in a request (backfill.md §3, B).
const ACCURATE_TIME: &str = "%d/%m/%Y %H:%M:%S";

/// Has Accurate send webhooks for another seven days; returns the day on which they end (backfill.md §3, A).
pub async fn renew(session: &Session) -> Result<Date, Failure> {
    let call = Call::get("webhook-renew", &[]).in_background();
    let Envelope { d: Text(day), .. } = session.call_account::<Text>(&call).await?;
    Date::strptime(ACCURATE_DAY, &day)
        .map_err(|_| Failure::Ambiguous(format!("Accurate names no day on which its webhooks end: {day:?}")))
}

/// The webhooks of a period, at most 24 hours of the last month, as Accurate shows them (backfill.md §3, B).
pub async fn history(session: &Session, from: Timestamp, to: Timestamp) -> Result<Box<RawValue>, Failure> {
    let [from, to] = [from, to].map(|at| WIB.to_datetime(at).strftime(ACCURATE_TIME).to_string());
    let call = Call::get("webhook-history", &[("from", &*from), ("to", &*to)]).in_background();
    Ok(session.call_account::<Box<RawValue>>(&call).await?.d)
}
