//! The calls that every kind of document has: save, bulk-save, detail, delete (accurate.md §3).
//!
//! A kind of document adds the names of its calls, the body that is sent and the record in the replies, in its own
//! file:
//! `invoices`, `receipts`, `returns`.

use serde::{Serialize, de::DeserializeOwned};

use super::{
    client::{Call, LastStart, Session},
    outcome::{Failure, Meaning, Refusal},
    reply::{Element, Envelope, Skipped},
};
use crate::domain::{document::Kind, ids::DocumentNumber};

/// The maximum number of documents in one [`save_many`] (accurate.md §3).
pub const LARGEST_BULK: usize = 100;

/// A document as Accurate reports it.
pub trait Found: Clone + Send + Sync {
    /// Its kind.
    const KIND: Kind;
    /// The names of its calls.
    const CALLS: Calls;
    /// The fields that a list is asked for.
    const LISTED: &'static str;
    /// The body of its save.
    type Body: Serialize + Sync;
    /// The fields of its record that are read; the rest is skipped.
    type Record: DeserializeOwned + Send + 'static;

    /// `None` without an id or a number.
    fn of(record: Self::Record) -> Option<Self>;
    /// Accurate's id.
    fn id(&self) -> i64;
    /// Its number.
    fn number(&self) -> &DocumentNumber;
}

/// The names of one kind's calls.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the names are Accurate's own")]
pub struct Calls {
    pub save: &'static str,
    pub bulk_save: &'static str,
    pub detail: &'static str,
    pub list: &'static str,
    pub delete: &'static str,
}

/// Saves a document. `Ok(None)`: saved, but the reply does not contain the record, whose number may differ. It is sent
/// before `last_start` or not at all: later, another worker may already have saved and deleted the same document.
pub async fn save<F: Found>(session: &Session, body: &F::Body, last_start: LastStart) -> Result<Option<F>, Failure> {
    let call = Call::post(F::CALLS.save, body).no_later_than(last_start);
    let envelope = session.call::<Skipped, F::Record>(&call).await?;
    Ok(envelope.r.and_then(F::of))
}

/// Saves up to [`LARGEST_BULK`] documents in one call. Returns one result for each, in the same order, like [`save`].
/// The outer failure applies to all of them.
pub async fn save_many<F: Found>(
    session: &Session,
    bodies: &[&F::Body],
    last_start: LastStart,
) -> Result<Vec<Result<Option<F>, Failure>>, Failure> {
    let call = Call::post_many(F::CALLS.bulk_save, bodies).no_later_than(last_start);
    let elements = session.call_many::<F::Record>(&call).await?;
    Ok(elements.into_iter().map(|element: Element<F::Record>| Ok(element?.r.and_then(F::of))).collect())
}

/// The document with this number, if one exists.
pub async fn by_number<F: Found>(session: &Session, number: &DocumentNumber) -> Result<Option<F>, Failure> {
    let call = Call::get(F::CALLS.detail, &[("number", number.as_str())]);
    detail(session, &call, F::KIND, |record| F::of(record).filter(|found| found.number().is_same_as(number))).await
}

/// The document with this id, if it exists.
pub async fn by_id<F: Found>(session: &Session, id: i64) -> Result<Option<F>, Failure> {
    let call = Call::get(F::CALLS.detail, &[("id", &id.to_string())]);
    detail(session, &call, F::KIND, |record| F::of(record).filter(|found| found.id() == id)).await
}

/// The same as [`by_id`], and by its number if its id is gone. The calls give way to all others.
pub async fn entered<F: Found>(session: &Session, id: i64, number: &DocumentNumber) -> Result<Option<F>, Failure> {
    let call = Call::get(F::CALLS.detail, &[("id", &id.to_string())]).in_background();
    let found = detail(session, &call, F::KIND, |record| F::of(record).filter(|found| found.id() == id)).await?;
    if found.is_some() {
        return Ok(found);
    }
    let call = Call::get(F::CALLS.detail, &[("number", number.as_str())]).in_background();
    detail(session, &call, F::KIND, |record| F::of(record).filter(|found| found.number().is_same_as(number))).await
}

/// What `asked_for` reads from the record; it returns `None` for a record of another document.
pub(super) async fn detail<R, T>(
    session: &Session,
    call: &Call,
    kind: Kind,
    asked_for: impl FnOnce(R) -> Option<T>,
) -> Result<Option<T>, Failure>
where
    R: DeserializeOwned + Send + 'static,
{
    match session.call::<R, Skipped>(call).await {
        // A filter that was not understood returns something else (accurate.md §3), which is not trusted.
        Ok(Envelope { d, .. }) => asked_for(d).map(Some).ok_or_else(|| {
            let kind = kind.as_str();
            Failure::Ambiguous(format!("the detail that came back is not of the {kind} that was asked for"))
        }),
        Err(Failure::Refused(Refusal { meaning: Meaning::NotFound, .. })) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// The result of a deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// The document existed and is reported as deleted.
    Now,
    /// The document did not exist.
    Before,
}

/// Deletes a document by its id.
pub async fn delete<F: Found>(session: &Session, id: i64) -> Result<Deleted, Failure> {
    match session.call::<Skipped, Skipped>(&Call::delete(F::CALLS.delete, id)).await {
        Ok(_) => Ok(Deleted::Now),
        Err(Failure::Refused(Refusal { meaning: Meaning::NotFound, .. })) => Ok(Deleted::Before),
        Err(failure) => Err(failure),
    }
}
