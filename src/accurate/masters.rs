//! The lists that people choose from, page by page, each page checked against the question (accurate.md §3, §5).
//!
//! Accurate ignores parameters that it does not understand, and a list can change between two pages. Each page is
//! therefore checked: its number, the number of rows, and that each row comes exactly once.

use std::collections::HashSet;

use serde::Deserialize;

use super::{
    client::{Call, Session},
    outcome::Failure,
    reply::{Envelope, Flag, Rows, Skipped, Text, Whole},
};
use crate::domain::{
    contradiction::Contradiction,
    masters::{ListFailure, Master, MasterKind},
    reason::Language,
};

/// Rows requested in one call; 100 is accepted (accurate.md §3, A).
const PAGE_SIZE: u64 = 100;

/// A list with more rows is taken for an error.
const MOST_ROWS: u64 = 200_000;

/// What Accurate is asked for to read a list. Fields that are not named do not come.
struct Question {
    call: &'static str,
    fields: &'static str,
    /// Whether its rows have numbers.
    has_numbers: bool,
}

fn question(kind: MasterKind) -> Question {
    let (call, fields, has_numbers) = match kind {
        MasterKind::Accounts => ("glaccount/list", "id,no,name,accountType,suspended", true),
        MasterKind::Warehouses => ("warehouse/list", "id,name,suspended", false),
        MasterKind::Branches => ("branch/list", "id,name,suspended", false),
        MasterKind::Terms => ("payment-term/list", "id,name,suspended", false),
        MasterKind::Taxes => ("tax/list", "id,description,rate,taxType", false),
        MasterKind::Customers => ("customer/list", "id,customerNo,name,suspended", true),
        MasterKind::Items => ("item/list", "id,no,name,itemType,suspended", true),
    };
    Question { call, fields, has_numbers }
}

/// The name of the call that reads a list, as Accurate's list of rights knows it.
pub fn call_of(kind: MasterKind) -> &'static str {
    question(kind).call
}

/// A row as Accurate sends it. A field that a list does not have is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Row {
    id: Whole,
    no: Text,
    customer_no: Text,
    name: Text,
    description: Text,
    account_type: Text,
    item_type: Text,
    tax_type: Text,
    suspended: Flag,
}

impl Row {
    fn master(self, kind: MasterKind) -> Option<Master> {
        let (no, name, type_name) = match kind {
            MasterKind::Accounts => (self.no, self.name, self.account_type),
            MasterKind::Items => (self.no, self.name, self.item_type),
            MasterKind::Customers => (self.customer_no, self.name, Text::default()),
            MasterKind::Taxes => (Text::default(), self.description, self.tax_type),
            MasterKind::Warehouses | MasterKind::Branches | MasterKind::Terms => {
                (Text::default(), self.name, Text::default())
            }
        };
        let id = self.id.0?;
        Some(Master { id, no: no.0, name: name.0, kind: type_name.0, suspended: self.suspended.0 })
    }
}

/// Why a page of a list could not be read.
#[derive(Clone, Debug, PartialEq)]
pub enum Unread {
    /// The call failed.
    Call(Failure),
    /// The page contradicts the question, or the pages before it.
    List(ListFailure),
}

impl From<Failure> for Unread {
    fn from(failure: Failure) -> Self {
        Self::Call(failure)
    }
}

/// Reads one list from its first page to its last.
///
/// Accurate ignores what it does not understand (accurate.md §3, B), and the list may change between two pages. So
/// every page says how many rows the list has, that number must stay the same, and each row must come exactly once.
/// What this cannot show is a row that is deleted while another is added; the next reading shows it.
pub struct Pages {
    kind: MasterKind,
    next_page: u64,
    /// How many rows the list has, according to its first page.
    row_count: Option<u64>,
    seen: HashSet<i64>,
}

impl Pages {
    /// Before the first page.
    pub fn of(kind: MasterKind) -> Self {
        Self { kind, next_page: 1, row_count: None, seen: HashSet::new() }
    }

    /// How many rows the list has; 0 before the first page is read.
    pub fn row_count(&self) -> u64 {
        self.row_count.unwrap_or_default()
    }

    /// The call for the next page; `None` after the last.
    pub fn next_call(&self) -> Option<Call> {
        if self.row_count.is_some_and(|count| self.seen.len() as u64 >= count) {
            return None;
        }
        let Question { call, fields, .. } = question(self.kind);
        let (page, size) = (self.next_page.to_string(), PAGE_SIZE.to_string());
        // Rows that are added meanwhile come last, so that they move no row to another page.
        let query = [("fields", fields), ("sp.page", &*page), ("sp.pageSize", &*size), ("sp.sort", "id|asc")];
        Some(Call::get(call, &query))
    }

    /// Makes that call. After a failed call it can be made again; after a contradiction the list has to be read again
    /// from its first page.
    pub async fn read(&mut self, session: &Session, call: &Call) -> Result<Vec<Master>, Unread> {
        let page = session.call::<Rows<Row>, Skipped>(call).await?;
        self.take(page).map_err(Unread::List)
    }

    fn take(&mut self, page: Envelope<Rows<Row>, Skipped>) -> Result<Vec<Master>, ListFailure> {
        let Envelope { d: list, pages, row_count, page, page_size, .. } = page;
        let asked = self.next_page;
        let contradiction = |what| Err(ListFailure::Inconsistent(what));
        let Some(row_count) = row_count else {
            return contradiction(Contradiction::NoRowCount);
        };
        if self.row_count.is_some_and(|before| before != row_count) {
            return Err(ListFailure::Changed);
        }
        if row_count > MOST_ROWS {
            return contradiction(Contradiction::TooManyRows { rows: row_count });
        }
        if let Some(came) = page.filter(|page| *page != asked) {
            return contradiction(Contradiction::OtherPage { asked, came });
        }
        let size = page_size.unwrap_or(PAGE_SIZE).clamp(1, PAGE_SIZE);
        if let Some(pages) = pages.filter(|pages| *pages != row_count.div_ceil(size) && row_count > 0) {
            return contradiction(Contradiction::PagesDoNotFit { rows: row_count, pages, size });
        }
        let (came, due) = (list.rows.len() as u64, row_count.saturating_sub((asked - 1) * size).min(size));
        if came != due || !list.complete {
            return contradiction(Contradiction::OtherRowCount { page: asked, came, due });
        }
        let mut masters = Vec::with_capacity(list.rows.len());
        for row in list.rows {
            let Some(master) = row.master(self.kind) else {
                return contradiction(Contradiction::RowWithoutId { page: asked });
            };
            if master.name.is_empty() || (question(self.kind).has_numbers && master.no.is_empty()) {
                return contradiction(Contradiction::RowWithoutName { id: master.id });
            }
            if !self.seen.insert(master.id) {
                return contradiction(Contradiction::RowTwice { id: master.id });
            }
            masters.push(master);
        }
        self.row_count = Some(row_count);
        self.next_page += 1;
        Ok(masters)
    }
}

/// All rows of a list.
pub async fn list(session: &Session, kind: MasterKind) -> Result<Vec<Master>, Failure> {
    let (mut pages, mut rows) = (Pages::of(kind), Vec::new());
    while let Some(call) = pages.next_call() {
        match pages.read(session, &call).await {
            Ok(more) => rows.extend(more),
            Err(Unread::Call(failure)) => return Err(failure),
            Err(Unread::List(failure)) => {
                return Err(Failure::Ambiguous(format!("{}: {}", call.name, failure.sentence(Language::English))));
            }
        }
    }
    Ok(rows)
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
    let Question { call, fields, .. } = question(MasterKind::Accounts);
    let query = [("fields", fields), ("filter.no.op", "EQUAL"), ("filter.no.val", no), ("sp.pageSize", "100")];
    let Envelope { d: list, .. } = session.call::<Rows<Row>, Skipped>(&Call::get(call, &query)).await?;
    // Accurate ignores a filter that it does not understand and returns every row, so each is compared (accurate.md §3,
    // B). Then the account may be on a later page.
    let named: Vec<_> = list.rows.iter().filter(|row| row.no.0 == no).collect();
    if list.rows.is_empty() || !named.is_empty() {
        return Ok(named.iter().any(|row| !row.suspended.0));
    }
    let accounts = self::list(session, MasterKind::Accounts).await?;
    Ok(accounts.iter().any(|account| account.no == no && !account.suspended))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A page of items as Accurate sends it.
    fn page(number: u64, ids: std::ops::RangeInclusive<i64>, count: u64) -> Envelope<Rows<Row>, Skipped> {
        let rows: Vec<_> = ids.map(|id| json!({"id": id, "no": format!("A-{id}"), "name": "Kaos"})).collect();
        of_rows(number, rows, count)
    }

    fn of_rows(number: u64, rows: Vec<Value>, count: u64) -> Envelope<Rows<Row>, Skipped> {
        Envelope {
            d: serde_json::from_str(&Value::Array(rows).to_string()).expect("rows"),
            r: None,
            pages: Some(count.div_ceil(PAGE_SIZE)),
            row_count: Some(count),
            page: Some(number),
            page_size: Some(PAGE_SIZE),
        }
    }

    fn what(result: Result<Vec<Master>, ListFailure>) -> String {
        match result.expect_err("the page must be refused") {
            ListFailure::Inconsistent(contradiction) => contradiction.in_words(Language::English),
            failure => failure.code().to_owned(),
        }
    }

    #[test]
    fn a_list_ends_when_every_row_has_come() {
        let mut pages = Pages::of(MasterKind::Items);
        for (number, ids, rows) in [(1, 1..=100, 100), (2, 101..=200, 100), (3, 201..=250, 50)] {
            let call = pages.next_call().expect("there is another page");
            assert!(call.query.contains(&("sp.page".to_owned(), number.to_string())));
            assert_eq!(pages.take(page(number, ids, 250)).map(|masters| masters.len()), Ok(rows));
        }
        assert!(pages.next_call().is_none());
    }

    #[test]
    fn an_empty_list_and_a_last_page_that_is_full_end_as_well() {
        let mut pages = Pages::of(MasterKind::Items);
        assert_eq!(pages.take(of_rows(1, Vec::new(), 0)), Ok(Vec::new()));
        assert!(pages.next_call().is_none());
        let mut pages = Pages::of(MasterKind::Items);
        pages.take(page(1, 1..=100, 100)).expect("a full page");
        assert!(pages.next_call().is_none());
    }

    #[test]
    fn a_page_that_contradicts_the_question_is_refused() {
        let first = || {
            let mut pages = Pages::of(MasterKind::Items);
            pages.take(page(1, 1..=100, 250)).expect("a good page");
            pages
        };
        assert_eq!(what(first().take(page(2, 1..=100, 250))), "the row with id 1 came twice");
        assert_eq!(what(first().take(page(1, 101..=200, 250))), "page 1 came instead of page 2");
        let short = "page 2 has 99 readable rows instead of 100";
        assert_eq!(what(first().take(page(2, 101..=199, 250))), short);
        for count in [249, 251] {
            assert_eq!(what(first().take(page(2, 101..=200, count))), "changed");
        }
        let pages = Envelope { pages: Some(2), ..page(2, 101..=200, 250) };
        assert_eq!(what(first().take(pages)), "250 rows do not make 2 pages of 100 rows");
        let silent = Envelope { row_count: None, ..page(2, 101..=200, 250) };
        assert_eq!(what(first().take(silent)), "a page does not say how many rows the list has");
        let endless = Envelope { pages: None, ..page(1, 1..=100, 1_000_000) };
        let endless = what(Pages::of(MasterKind::Items).take(endless));
        assert_eq!(endless, "the list is said to have 1000000 rows");
    }

    #[test]
    fn a_row_without_id_number_or_name_is_refused() {
        for (row, expected) in [
            (json!({"no": "A", "name": "Kaos"}), "a row of page 1 has no id"),
            (json!({"id": 7, "name": "Kaos"}), "the row with id 7 has no number or name"),
            (json!({"id": 7, "no": "A"}), "the row with id 7 has no number or name"),
            (json!("Kaos"), "page 1 has 0 readable rows instead of 1"),
        ] {
            assert_eq!(what(Pages::of(MasterKind::Items).take(of_rows(1, vec![row], 1))), expected);
        }
    }

    #[test]
    fn a_list_that_comes_in_smaller_pages_than_asked_for_is_still_read() {
        let mut pages = Pages::of(MasterKind::Items);
        for number in 1..=3_i64 {
            let first = (number - 1) * 20 + 1;
            let small = page(number.unsigned_abs(), first..=(first + 19).min(50), 50);
            pages.take(Envelope { page_size: Some(20), pages: Some(3), ..small }).expect("a good page");
        }
        assert!(pages.next_call().is_none());
    }
}
