//! The calls that every kind of document has.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{Done, detail, find, spoiled, with_body};
use crate::{
    domain::document::Kind,
    sandbox::{
        BulkReply, BulkRule, Deed, Fault, Invoice, Receipt, Request, SalesReturn,
        books::Books,
        documents::Documents,
        fields::Fields,
        list::{Listed, Query, list},
        messages,
        reply::refusal,
        save::{save_invoice, save_receipt, save_return},
    },
};

/// Largest number of entries in one `bulk-save` (accurate.md §3).
const LARGEST_BULK: usize = 100;

/// A kind of document.
trait Document: Listed + Clone {
    const KIND: Kind;
    /// The message about one that does not exist.
    const NOT_FOUND: &'static str;

    fn id(&self) -> i64;
    fn record(&self, books: &Books) -> Value;
    fn all(books: &Books) -> &Documents<Self>;
    fn save(books: &mut Books, body: Fields<'_>, now: Timestamp) -> Result<Self, Vec<String>>;
    fn remove(&self, books: &mut Books, now: Timestamp);
    /// Makes its total differ from its lines.
    fn distort(&self, books: &mut Books, by: Decimal, now: Timestamp);
    /// The message that another document prevents its deletion.
    fn in_use(&self) -> Option<String> {
        None
    }
}

/// One call about documents; `slip` is the fault in the data.
pub(super) struct Call<'a> {
    pub(super) deed: Deed,
    pub(super) request: &'a Request,
    pub(super) query: Query,
    pub(super) slip: Option<Fault>,
    pub(super) now: Timestamp,
}

impl Call<'_> {
    #[expect(private_bounds, reason = "only the three kinds of this file have calls")]
    pub(super) fn on<D: Document>(self, books: &mut Books) -> Done {
        let Self { deed, request, query, slip, now } = self;
        match deed {
            Deed::Save => with_body(request, |body| save::<D>(books, body, slip, now)),
            Deed::BulkSave => with_body(request, |body| bulk_save::<D>(books, body, slip, now)),
            Deed::Detail => {
                let shown = D::all(books).shown(books.settings.detail_lag, now);
                detail(find(&shown, &query, "number").map(|document| document.record(books)), D::NOT_FOUND)
            }
            Deed::List => {
                let shown = D::all(books).shown(books.settings.list_lag, now);
                Done::read(&spoiled(query, slip, |query| list(&shown, books, query)))
            }
            Deed::Delete => delete::<D>(books, &query, slip, now),
        }
    }
}

fn save<D: Document>(books: &mut Books, body: Fields<'_>, slip: Option<Fault>, now: Timestamp) -> Done {
    match D::save(books, body, now) {
        Ok(document) => {
            let document = slipped(books, document, slip, now);
            let changed = exists(books, &document);
            Done { changed, ..Done::read(&saved(&document, books)) }
        }
        Err(messages) => Done::refused(&messages),
    }
}

fn exists<D: Document>(books: &Books, document: &D) -> bool {
    D::all(books).with_id(document.id()).is_some()
}

/// The effect of a fault on a document that has just been saved.
fn slipped<D: Document>(books: &mut Books, document: D, slip: Option<Fault>, now: Timestamp) -> D {
    match slip {
        Some(Fault::TotalOff) => document.distort(books, Decimal::new(1, 2), now),
        Some(Fault::NotSaved) => document.remove(books, now),
        _ => return document,
    }
    D::all(books).with_id(document.id()).cloned().unwrap_or(document)
}

fn saved<D: Document>(document: &D, books: &Books) -> Value {
    let message = messages::document_saved(messages::document(D::KIND), document.key());
    json!({ "s": true, "d": [message], "r": document.record(books) })
}

/// What a bulk's reply shows of an element that a single save would answer like this.
fn shown_by_bulk(mut element: Value, reply: BulkReply) -> Value {
    match reply {
        BulkReply::Whole => {}
        BulkReply::IdAndNumber => element["r"] = json!({ "id": element["r"]["id"], "number": element["r"]["number"] }),
        BulkReply::NoRecord => element["r"] = Value::Null,
    }
    element
}

fn bulk_save<D: Document>(books: &mut Books, body: Fields<'_>, slip: Option<Fault>, now: Timestamp) -> Done {
    let entries: Vec<Fields<'_>> = body.list("data").collect();
    if entries.is_empty() {
        return Done::said(messages::BULK_EMPTY);
    }
    if entries.len() > LARGEST_BULK {
        return Done::said(messages::BULK_TOO_LONG);
    }
    let mut results: Vec<_> = entries.into_iter().map(|entry| D::save(books, entry, now)).collect();
    let all_good = results.iter().all(Result::is_ok);
    if !all_good && books.settings.bulk == BulkRule::RefusedWhole {
        let said: Vec<String> = results.iter().filter_map(|result| result.as_ref().err()).flatten().cloned().collect();
        take_back(books, &mut results, now);
        return Done::refused(&said);
    }
    if !all_good && books.settings.bulk == BulkRule::AllOrNothing {
        take_back(books, &mut results, now);
    }
    if let Some(first) = results.iter_mut().flatten().next() {
        *first = slipped(books, first.clone(), slip, now);
    }
    let changed = results.iter().flatten().any(|document| exists(books, document));
    let replies: Vec<Value> = results
        .iter()
        .map(|result| match result {
            Ok(document) => shown_by_bulk(saved(document, books), books.settings.bulk_reply),
            Err(messages) => refusal(messages),
        })
        .collect();
    let message = replies.iter().find_map(|reply| reply["d"].get(0)?.as_str()).unwrap_or_default().to_owned();
    Done { changed, message, ..Done::read(&json!({ "s": all_good, "d": replies })) }
}

fn take_back<D: Document>(books: &mut Books, results: &mut [Result<D, Vec<String>>], now: Timestamp) {
    for result in results {
        if let Ok(document) = result {
            document.remove(books, now);
            *result = Err(vec![messages::HELD_BACK.to_owned()]);
        }
    }
}

fn delete<D: Document>(books: &mut Books, query: &Query, slip: Option<Fault>, now: Timestamp) -> Done {
    let Some(document) = find(&D::all(books).as_it_is(), query, "number").cloned() else {
        return Done::said(D::NOT_FOUND);
    };
    if let Some(message) = document.in_use() {
        return Done::said(&message);
    }
    let message = messages::document_deleted(messages::document(D::KIND), document.key());
    let reply = json!({ "s": true, "d": [message] });
    if slip == Some(Fault::NotDeleted) {
        return Done::read(&reply);
    }
    document.remove(books, now);
    Done::changed(&reply)
}

impl Document for Invoice {
    const KIND: Kind = Kind::Invoice;
    const NOT_FOUND: &'static str = messages::NO_INVOICE;

    fn id(&self) -> i64 {
        self.id
    }

    fn record(&self, books: &Books) -> Value {
        self.record(books)
    }

    fn all(books: &Books) -> &Documents<Self> {
        &books.invoices
    }

    fn save(books: &mut Books, body: Fields<'_>, now: Timestamp) -> Result<Self, Vec<String>> {
        save_invoice(books, body, now)
    }

    fn remove(&self, books: &mut Books, now: Timestamp) {
        books.remove_invoice(now, self.id);
    }

    fn distort(&self, books: &mut Books, by: Decimal, now: Timestamp) {
        books.edit_invoice(now, self.id, |invoice| invoice.total_amount += by);
    }

    fn in_use(&self) -> Option<String> {
        let receipts = self.receipts.iter().map(|receipt| (Kind::Receipt, &receipt.number));
        let (kind, by) = receipts.chain(self.returns.iter().map(|back| (Kind::Return, &back.number))).next()?;
        Some(messages::invoice_in_use(&self.number, messages::document(kind), by))
    }
}

impl Document for Receipt {
    const KIND: Kind = Kind::Receipt;
    const NOT_FOUND: &'static str = messages::NO_RECEIPT;

    fn id(&self) -> i64 {
        self.id
    }

    fn record(&self, books: &Books) -> Value {
        self.record(books)
    }

    fn all(books: &Books) -> &Documents<Self> {
        &books.receipts
    }

    fn save(books: &mut Books, body: Fields<'_>, now: Timestamp) -> Result<Self, Vec<String>> {
        save_receipt(books, body, now)
    }

    fn remove(&self, books: &mut Books, now: Timestamp) {
        books.remove_receipt(now, self.id);
    }

    fn distort(&self, books: &mut Books, by: Decimal, now: Timestamp) {
        books.receipts.edit(now, self.id, |receipt| receipt.cheque_amount += by);
    }
}

impl Document for SalesReturn {
    const KIND: Kind = Kind::Return;
    const NOT_FOUND: &'static str = messages::NO_RETURN;

    fn id(&self) -> i64 {
        self.id
    }

    fn record(&self, books: &Books) -> Value {
        self.record(books)
    }

    fn all(books: &Books) -> &Documents<Self> {
        &books.returns
    }

    fn save(books: &mut Books, body: Fields<'_>, now: Timestamp) -> Result<Self, Vec<String>> {
        save_return(books, body, now)
    }

    fn remove(&self, books: &mut Books, now: Timestamp) {
        books.remove_return(now, self.id);
    }

    fn distort(&self, books: &mut Books, by: Decimal, now: Timestamp) {
        books.edit_return(now, self.id, |sales_return| sales_return.total_amount += by);
    }
}
