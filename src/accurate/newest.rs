//! The newest invoices of a database, by which a bulk is read back.

use super::{
    client::{Call, Session},
    invoices::{FoundInvoice, Record},
    outcome::Failure,
    reply::{Envelope, Rows, Skipped},
};

/// Rows of a page; 100 is accepted (accurate.md §3), as many as a bulk saves.
const PAGE: usize = 100;

/// Most pages that are read. What is older was not saved just now.
const MOST_PAGES: usize = 4;

/// The invoices with this id or a higher one, newest first; `None` when the list cannot be believed.
///
/// Sorting by id is known to work (backfill.md §2, A). Should it be ignored in silence, as filters are that are not
/// understood (accurate.md §3, B), the rows do not come newest first, and nothing is concluded from them.
pub async fn from_id(session: &Session, lowest: i64) -> Result<Option<Vec<FoundInvoice>>, Failure> {
    let size = PAGE.to_string();
    let mut newest = Vec::new();
    for page in 1..=MOST_PAGES {
        let page = page.to_string();
        let query = [
            ("fields", "id,number,customer,description,totalAmount"),
            ("sp.pageSize", size.as_str()),
            ("sp.page", page.as_str()),
            ("sp.sort", "id|desc"),
        ];
        let Envelope { d: list, .. } =
            session.call::<Rows<Record>, Skipped>(&Call::get("sales-invoice/list", &query)).await?;
        let rows: Option<Vec<_>> = list.rows.into_iter().map(Record::invoice).collect();
        let Some(rows) = rows.filter(|_| list.complete) else { return Ok(None) };
        if !rows.is_sorted_by(|one, next| one.id > next.id) {
            return Ok(None);
        }
        let is_last = rows.len() < PAGE || rows.last().is_some_and(|row| row.id <= lowest);
        newest.extend(rows);
        if is_last {
            return Ok(Some(newest));
        }
    }
    Ok(None)
}
