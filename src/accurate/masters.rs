//! The master lists: every page of them (accurate.md §3, §5).

use serde_json::Value;

use super::{
    client::{Call, Session},
    outcome::{Envelope, Failure},
};

/// Rows asked for in one call; 100 is accepted (accurate.md §3, A).
const PAGE_SIZE: usize = 100;

/// A list that is longer than this is taken for one that does not end.
const MOST_PAGES: usize = 1000;

/// A master list and the fields that are wanted of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MasterList {
    /// Name of the call.
    pub call: &'static str,
    /// Fields; what is not named does not come.
    pub fields: &'static str,
}

/// Chart of accounts.
pub const ACCOUNTS: MasterList = MasterList { call: "glaccount/list", fields: "id,no,name,accountType,suspended" };
/// Warehouses.
pub const WAREHOUSES: MasterList = MasterList { call: "warehouse/list", fields: "id,name" };
/// Branches.
pub const BRANCHES: MasterList = MasterList { call: "branch/list", fields: "id,name" };
/// Taxes.
pub const TAXES: MasterList = MasterList { call: "tax/list", fields: "id,description,rate,taxType" };
/// Payment terms.
pub const PAYMENT_TERMS: MasterList = MasterList { call: "payment-term/list", fields: "id,name" };
/// Items.
pub const ITEMS: MasterList = MasterList { call: "item/list", fields: "id,no,name,itemType,suspended" };

/// All rows of a list, page after page.
pub async fn list(session: &Session, list: MasterList) -> Result<Vec<Value>, Failure> {
    let mut rows = Vec::new();
    for page in 1..=MOST_PAGES {
        let (page_text, size) = (page.to_string(), PAGE_SIZE.to_string());
        let query = [("fields", list.fields), ("sp.page", page_text.as_str()), ("sp.pageSize", size.as_str())];
        let Envelope { mut d, sp, .. } = session.call(&Call::get(list.call, &query)).await?;
        let Some(page_rows) = d.as_array_mut() else {
            return Err(Failure::Ambiguous(format!("{} did not answer with a list", list.call)));
        };
        let last_by_size = page_rows.is_empty();
        rows.append(page_rows);
        let pages = sp.get("pageCount").and_then(Value::as_u64);
        if last_by_size || pages.is_none_or(|pages| page as u64 >= pages) {
            return Ok(rows);
        }
    }
    Err(Failure::Ambiguous(format!("{} does not end", list.call)))
}

/// Whether an item with this number is there and not suspended.
pub async fn item_is_usable(session: &Session, no: &str) -> Result<bool, Failure> {
    match session.call(&Call::get("item/detail", &[("no", no)])).await {
        Ok(Envelope { d, .. }) => Ok(text(&d, "no") == no && !is_suspended(&d)),
        Err(Failure::Refused(_)) => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// Whether an account with this number is there and not suspended.
pub async fn account_is_active(session: &Session, no: &str) -> Result<bool, Failure> {
    let query = [("fields", ACCOUNTS.fields), ("filter.no.op", "EQUAL"), ("filter.no.val", no), ("sp.pageSize", "100")];
    let envelope = session.call(&Call::get(ACCOUNTS.call, &query)).await?;
    // A filter that is not understood returns every row, so each is compared (accurate.md §3, B).
    let rows = envelope.d.as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(rows.iter().any(|row| text(row, "no") == no && !is_suspended(row)))
}

/// A field of a row as text; empty when it is not there.
pub fn text(row: &Value, field: &str) -> String {
    match row.get(field) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// Whether a row is of something that is switched off.
pub fn is_suspended(row: &Value) -> bool {
    row.get("suspended").and_then(Value::as_bool).unwrap_or_default()
}
