//! The master lists: every page of them (accurate.md §3, §5).

use serde::Deserialize;

use super::{
    client::{Call, Session},
    outcome::Failure,
    reply::{Envelope, Flag, Rows, Skipped, Text},
};

/// Rows requested in one call; 100 is accepted (accurate.md §3, A).
const PAGE_SIZE: usize = 100;

/// A longer list is treated as a list that does not end.
const MOST_PAGES: usize = 1000;

/// A master list and the fields that are requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MasterList {
    /// Name of the call.
    pub call: &'static str,
    /// The requested fields; Accurate returns no others.
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

/// A row of a master list. A field that was not requested, or that the list does not have, is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Row {
    /// Number of an account or item.
    pub no: Text,
    /// Its name.
    pub name: Text,
    /// Type of an account.
    pub account_type: Text,
    /// Whether it is suspended.
    pub suspended: Flag,
}

/// All rows of a list, page after page.
pub async fn list(session: &Session, list: MasterList) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for page in 1..=MOST_PAGES {
        let (page_text, size) = (page.to_string(), PAGE_SIZE.to_string());
        let query = [("fields", list.fields), ("sp.page", page_text.as_str()), ("sp.pageSize", size.as_str())];
        let Envelope { d: mut list_page, pages, .. } =
            session.call::<Rows<Row>, Skipped>(&Call::get(list.call, &query)).await?;
        if !list_page.complete {
            return Err(Failure::Ambiguous(format!("{} did not answer with a list of records", list.call)));
        }
        let last_by_size = list_page.rows.is_empty();
        rows.append(&mut list_page.rows);
        if last_by_size || pages.is_none_or(|pages| page as u64 >= pages) {
            return Ok(rows);
        }
    }
    Err(Failure::Ambiguous(format!("{} does not end", list.call)))
}

/// Whether an item with this number exists and is not suspended.
pub async fn item_is_usable(session: &Session, no: &str) -> Result<bool, Failure> {
    match session.call::<Row, Skipped>(&Call::get("item/detail", &[("no", no)])).await {
        Ok(Envelope { d, .. }) => Ok(d.no.0 == no && !d.suspended.0),
        Err(Failure::Refused(_)) => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// Whether an account with this number exists and is not suspended.
pub async fn account_is_active(session: &Session, no: &str) -> Result<bool, Failure> {
    let query = [("fields", ACCOUNTS.fields), ("filter.no.op", "EQUAL"), ("filter.no.val", no), ("sp.pageSize", "100")];
    let Envelope { d: list, .. } = session.call::<Rows<Row>, Skipped>(&Call::get(ACCOUNTS.call, &query)).await?;
    // Accurate ignores a filter that it does not understand and returns every row, so each is compared (accurate.md §3,
    // B).
    Ok(list.rows.iter().any(|row| row.no.0 == no && !row.suspended.0))
}
