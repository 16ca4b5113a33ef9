//! The invoices of a period, page by page, each row checked against the question; and a single invoice
//! (accurate.md §3, backfill.md §2).

use std::collections::HashSet;

use jiff::{Timestamp, civil::Date};
use serde::Deserialize;

use super::{
    client::{Call, Session},
    masters::Unread,
    outcome::{Failure, Meaning, Refusal},
    reply::{Envelope, Lenient, Rows, Skipped, Text, Whole},
};
use crate::domain::{
    WIB,
    contradiction::{Contradiction, InvoiceField},
    ids::DocumentNumber,
    invoice::ACCURATE_DAY,
    masters::ListFailure,
    money::Rupiah,
    reason::Language,
    reconciliation::{Listed, Period, Shown},
};

/// How a moment is written in a filter, in WIB (backfill.md §2, B).
const ACCURATE_TIME: &str = "%d/%m/%Y %H:%M:%S";

/// Rows requested in one call; 100 is accepted (accurate.md §3, A).
const PAGE_SIZE: u64 = 100;

/// A period with more invoices is taken for a filter that was ignored.
const MOST_ROWS: u64 = 2_000_000;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Record {
    id: Whole,
    number: Text,
    trans_date: Text,
    customer: Lenient<Customer>,
    description: Text,
    total_amount: Text,
    prime_owing: Text,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Customer {
    customer_no: Text,
}

impl Record {
    /// An error names the field that is missing.
    fn listed(self) -> Result<Listed, InvoiceField> {
        if self.number.0.is_empty() {
            return Err(InvoiceField::Number);
        }
        let total = Rupiah::parse(&self.total_amount.0).map_err(|_| InvoiceField::Total)?;
        let shown = Shown {
            id: self.id.0.ok_or(InvoiceField::Id)?,
            number: self.number.0.into(),
            customer_no: self.customer.0.ok_or(InvoiceField::Customer)?.customer_no.0,
            day: Date::strptime(ACCURATE_DAY, &self.trans_date.0).map_err(|_| InvoiceField::Date)?,
            total: total.hundredths(),
            owed: Rupiah::parse(&self.prime_owing.0).ok().map(Rupiah::hundredths),
        };
        Ok(Listed { shown, description: self.description.0 })
    }
}

/// Reads the invoices of a period from the first page to the last.
///
/// Accurate ignores a filter that it does not understand (accurate.md §3, B), so every row is checked against the days
/// that were asked for. Invoices are created while the list is read: they come last, because rows are sorted by id, and
/// make the list longer. A list that becomes shorter has lost a row, and the rows behind it have moved.
pub struct Pages {
    question: Question,
    next_page: u64,
    /// How many rows the list has, according to the latest page.
    row_count: Option<u64>,
    seen: HashSet<i64>,
}

/// Which invoices are asked for.
#[derive(Clone, Copy, Debug)]
enum Question {
    /// Those of these days.
    Of(Period),
    /// Those that were changed since then. No row shows when that was.
    ChangedSince(Timestamp),
}

impl Pages {
    /// The invoices of these days, before the first page.
    pub fn of(period: Period) -> Self {
        Self { question: Question::Of(period), next_page: 1, row_count: None, seen: HashSet::new() }
    }

    /// The invoices that were changed since then, before the first page.
    pub fn changed_since(since: Timestamp) -> Self {
        Self { question: Question::ChangedSince(since), next_page: 1, row_count: None, seen: HashSet::new() }
    }

    /// Behind the rows with these ids: a reading that was interrupted is continued.
    pub fn behind(period: Period, seen: HashSet<i64>, row_count: u64) -> Self {
        let next_page = seen.len() as u64 / PAGE_SIZE + 1;
        // The rows of a page that was not full may come again.
        Self { question: Question::Of(period), next_page, row_count: (!seen.is_empty()).then_some(row_count), seen }
    }

    /// How many rows the list has; 0 before the first page is read.
    pub fn row_count(&self) -> u64 {
        self.row_count.unwrap_or_default()
    }

    /// How many rows have come.
    pub fn rows_read(&self) -> u64 {
        self.seen.len() as u64
    }

    /// The call for the next page; `None` after the last.
    pub fn next_call(&self) -> Option<Call> {
        if self.row_count.is_some_and(|count| self.seen.len() as u64 >= count) {
            return None;
        }
        let (page, size) = (self.next_page.to_string(), PAGE_SIZE.to_string());
        let filter = match self.question {
            Question::Of(Period { from, to }) => {
                let [from, to] = [from, to].map(|day| day.strftime(ACCURATE_DAY).to_string());
                let op = ("filter.transDate.op", "BETWEEN".to_owned());
                vec![op, ("filter.transDate.val[0]", from), ("filter.transDate.val[1]", to)]
            }
            Question::ChangedSince(since) => {
                let since = WIB.to_datetime(since).strftime(ACCURATE_TIME).to_string();
                vec![("filter.lastUpdate.op", "GREATER_EQUAL_THAN".to_owned()), ("filter.lastUpdate.val", since)]
            }
        };
        let mut query = vec![
            ("fields", "id,number,transDate,customer,description,totalAmount,primeOwing"),
            ("sp.page", &*page),
            ("sp.pageSize", &*size),
            ("sp.sort", "id|asc"),
        ];
        query.extend(filter.iter().map(|(name, value)| (*name, value.as_str())));
        Some(Call::get("sales-invoice/list", &query).in_background())
    }

    /// Makes that call. After a failed call it can be made again.
    pub async fn read(&mut self, session: &Session, call: &Call) -> Result<Vec<Listed>, Unread> {
        let page = session.call::<Rows<Record>, Skipped>(call).await?;
        self.take(page)
    }

    fn take(&mut self, page: Envelope<Rows<Record>, Skipped>) -> Result<Vec<Listed>, Unread> {
        let Envelope { d: list, row_count, page, page_size, .. } = page;
        let asked = self.next_page;
        let contradiction = |what| Err(Unread::List(ListFailure::Inconsistent(what)));
        let Some(row_count) = row_count else {
            return contradiction(Contradiction::NoRowCount);
        };
        if self.row_count.is_some_and(|before| row_count < before) {
            return Err(Unread::List(ListFailure::Changed));
        }
        if row_count > MOST_ROWS {
            return contradiction(Contradiction::TooManyRows { rows: row_count });
        }
        if let Some(came) = page.filter(|page| *page != asked) {
            return contradiction(Contradiction::OtherPage { asked, came });
        }
        if let Some(came) = page_size.filter(|size| *size != PAGE_SIZE) {
            return contradiction(Contradiction::OtherPageSize { asked: PAGE_SIZE, came });
        }
        let (came, due) = (list.rows.len() as u64, row_count.saturating_sub((asked - 1) * PAGE_SIZE).min(PAGE_SIZE));
        if came != due || !list.complete {
            return contradiction(Contradiction::OtherRowCount { page: asked, came, due });
        }
        let known = (asked - 1) * PAGE_SIZE;
        let is_continued = self.seen.len() as u64 > known;
        let mut listed = Vec::with_capacity(list.rows.len());
        for row in list.rows {
            let id = row.id.0.unwrap_or_default();
            let row = match row.listed() {
                Ok(row) => row,
                Err(field) => return contradiction(Contradiction::Unreadable { id, field }),
            };
            if let Question::Of(period) = self.question
                && !period.contains(row.shown.day)
            {
                let Shown { number, day, .. } = row.shown;
                return contradiction(Contradiction::OutsideDays { number: number.to_string(), day });
            }
            if self.seen.insert(id) {
                listed.push(row);
            } else if !is_continued {
                return contradiction(Contradiction::InvoiceTwice { id });
            }
        }
        self.row_count = Some(row_count);
        // The last page may have become fuller when it is read again.
        self.next_page = if came == PAGE_SIZE { asked + 1 } else { asked };
        Ok(listed)
    }
}

/// By what one invoice is asked for.
#[derive(Clone, Copy, Debug)]
pub enum ByKey<'a> {
    /// Accurate's id.
    Id(i64),
    /// Its number.
    Number(&'a DocumentNumber),
}

/// One invoice, if it exists. The call gives way to all others.
pub async fn one(session: &Session, key: ByKey<'_>) -> Result<Option<Listed>, Failure> {
    let id = match key {
        ByKey::Id(id) => id.to_string(),
        ByKey::Number(_) => String::new(),
    };
    let question = match key {
        ByKey::Id(_) => ("id", &*id),
        ByKey::Number(number) => ("number", number.as_str()),
    };
    let call = Call::get("sales-invoice/detail", &[question]).in_background();
    let found = match session.call::<Record, Skipped>(&call).await {
        Ok(Envelope { d, .. }) => d.listed().map_err(|missing| {
            let missing = missing.name(Language::English);
            Failure::Ambiguous(format!("the invoice cannot be compared: Accurate does not show its {missing}"))
        })?,
        Err(Failure::Refused(Refusal { meaning: Meaning::NotFound, .. })) => return Ok(None),
        Err(failure) => return Err(failure),
    };
    let is_asked_for = match key {
        ByKey::Id(id) => found.shown.id == id,
        ByKey::Number(number) => found.shown.number.is_same_as(number),
    };
    if is_asked_for {
        return Ok(Some(found));
    }
    Err(Failure::Ambiguous("Accurate answered with another invoice than the one asked for".to_owned()))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use serde_json::{Value, json};

    use super::*;

    const NOVEMBER: Period = Period { from: date(2026, 11, 1), to: date(2026, 11, 30) };

    fn rows(ids: std::ops::RangeInclusive<i64>) -> Vec<Value> {
        let row = |id: i64| {
            json!({"id": id, "number": format!("N{id}"), "transDate": "05/11/2026", "totalAmount": 150_000,
                   "customer": {"customerNo": "8277"}, "description": id.to_string()})
        };
        ids.map(row).collect()
    }

    fn page(number: u64, rows: Vec<Value>, count: u64) -> Envelope<Rows<Record>, Skipped> {
        Envelope {
            d: serde_json::from_str(&Value::Array(rows).to_string()).expect("rows"),
            r: None,
            pages: Some(count.div_ceil(PAGE_SIZE)),
            row_count: Some(count),
            page: Some(number),
            page_size: Some(PAGE_SIZE),
        }
    }

    fn first_of(count: u64) -> Pages {
        let mut pages = Pages::of(NOVEMBER);
        pages.take(page(1, rows(1..=100), count)).expect("a good page");
        pages
    }

    fn what(result: Result<Vec<Listed>, Unread>) -> String {
        match result.expect_err("the page must be refused") {
            Unread::List(ListFailure::Inconsistent(contradiction)) => contradiction.in_words(Language::English),
            Unread::List(failure) => failure.code().to_owned(),
            Unread::Call(failure) => failure.words().to_owned(),
        }
    }

    #[test]
    fn a_list_ends_when_every_invoice_has_come() {
        let mut pages = first_of(150);
        assert!(pages.next_call().is_some());
        assert_eq!(pages.take(page(2, rows(101..=150), 150)).map(|rows| rows.len()), Ok(50));
        assert!(pages.next_call().is_none());
        let mut pages = Pages::of(NOVEMBER);
        let mut owing = rows(1..=3);
        owing[0]["primeOwing"] = json!(50_000);
        owing[1]["primeOwing"] = json!("?");
        let owed = |rows: Vec<Listed>| rows.iter().map(|row| row.shown.owed).collect::<Vec<_>>();
        assert_eq!(pages.take(page(1, owing, 3)).map(owed), Ok(vec![Some(5_000_000), None, None]));
        let mut empty = Pages::of(NOVEMBER);
        assert_eq!(empty.take(page(1, Vec::new(), 0)), Ok(Vec::new()));
        assert!(empty.next_call().is_none());
    }

    #[test]
    fn invoices_that_are_created_meanwhile_are_read_as_well() {
        let mut pages = first_of(150);
        assert_eq!(pages.take(page(2, rows(101..=160), 160)).map(|rows| rows.len()), Ok(60));
        assert!(pages.next_call().is_none());
        // The last page was not full, and has become fuller when it is read again after a restart.
        let mut continued = Pages::behind(NOVEMBER, (1..=160).collect(), 170);
        assert_eq!(continued.take(page(2, rows(101..=170), 170)).map(|rows| rows.len()), Ok(10));
        assert!(continued.next_call().is_none());
    }

    #[test]
    fn every_wrong_answer_is_noticed() {
        assert_eq!(what(first_of(250).take(page(2, rows(1..=100), 250))), "the invoice with id 1 came twice");
        assert_eq!(what(first_of(250).take(page(1, rows(101..=200), 250))), "page 1 came instead of page 2");
        let short = what(first_of(250).take(page(2, rows(101..=199), 250)));
        assert_eq!(short, "page 2 has 99 readable rows instead of 100");
        let shorter = first_of(250).take(page(2, rows(101..=200), 249));
        assert_eq!(shorter, Err(Unread::List(ListFailure::Changed)));
        let silent = Envelope { row_count: None, ..page(2, rows(101..=200), 250) };
        assert_eq!(what(first_of(250).take(silent)), "a page does not say how many rows the list has");
        let mut elsewhere = rows(101..=200);
        elsewhere[3]["transDate"] = json!("05/10/2026");
        let ignored = what(first_of(250).take(page(2, elsewhere, 250)));
        assert_eq!(ignored, "invoice N104 of 05/10/2026 is outside the days that were asked for");
        for field in ["number", "customer", "totalAmount", "transDate", "id"] {
            let mut without = rows(101..=200);
            without[0].as_object_mut().expect("a row").remove(field);
            let said = what(first_of(250).take(page(2, without, 250)));
            assert!(said.contains("has no readable"), "{field}: {said}");
        }
    }
}
