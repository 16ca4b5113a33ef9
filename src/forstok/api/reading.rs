//! Reads all pages of a period, and says whether that was all of it.

use std::{
    collections::{HashMap, hash_map::DefaultHasher},
    fmt,
    hash::{Hash, Hasher},
};

use jiff::Timestamp;

use super::{ApiFailure, ForstokApi, Question, Source, list::Row};
use crate::domain::order::OrderId;

/// Most pages of one period.
const MOST_PAGES: u32 = 20_000;

/// Pages in a row without a single order that was asked for, after which a filter counts as ignored.
const MOST_OUTSIDE: u32 = 3;

/// What the next step of a reading gives.
#[derive(Debug)]
pub enum Step {
    /// Orders that were asked for and not seen before, or seen with an older time.
    Rows(Vec<Row>),
    /// The period was read to its end.
    Complete,
    /// There may be more.
    Incomplete(Why),
}

/// Why a period was not read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// A call failed.
    Failed(ApiFailure),
    /// The same page came again and again: the page's number is ignored.
    PageRepeated,
    /// The filter of the period is ignored, and the orders come in no order.
    FilterIgnored,
    /// There are more pages than anybody has.
    TooManyPages,
}

impl Why {
    /// The failure of a call that needed the whole reading.
    pub fn into_failure(self) -> ApiFailure {
        match self {
            Self::Failed(failure) => failure,
            Self::PageRepeated | Self::FilterIgnored | Self::TooManyPages => ApiFailure::Unreadable(self.to_string()),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(failure) => failure.fmt(f),
            Self::PageRepeated => f.write_str(
                "Forstok lists the same page again and again: check forstok.api.params.page and forstok.api.params.size",
            ),
            Self::FilterIgnored => f.write_str(
                "Forstok ignores the period that was asked for: check forstok.api.params.from, forstok.api.params.to and \
                 backfill.by",
            ),
            Self::TooManyPages => write!(f, "there are more than {MOST_PAGES} pages"),
        }
    }
}

/// A reading under way.
pub struct Reading<'a> {
    api: &'a ForstokApi,
    source: Source,
    question: &'a Question,
    next_page: u32,
    /// What the last page contained.
    last_page: u64,
    /// Rows of the longest page so far.
    longest: usize,
    /// Rows of the last page.
    last_length: usize,
    outside: u32,
    /// The latest row's time.
    last_time: Option<Timestamp>,
    /// Some row was older than the one before.
    has_gone_back: bool,
    /// Some row was newer than the one before.
    has_gone_forward: bool,
    seen: HashMap<OrderId, Option<Timestamp>>,
}

impl ForstokApi {
    /// Begins to read a period.
    pub fn read_period<'a>(&'a self, source: Source, question: &'a Question) -> Reading<'a> {
        Reading {
            api: self,
            source,
            question,
            next_page: 1,
            last_page: 0,
            longest: 0,
            last_length: 0,
            outside: 0,
            last_time: None,
            has_gone_back: false,
            has_gone_forward: false,
            seen: HashMap::new(),
        }
    }
}

impl Reading<'_> {
    /// Reads the next page.
    pub async fn next(&mut self) -> Step {
        if self.next_page > MOST_PAGES {
            return Step::Incomplete(Why::TooManyPages);
        }
        // A page that ends the list, or is the last one again, may be a mistake: it is asked for once more.
        for is_last in [false, true] {
            let rows = match self.api.page(self.source, self.question, self.next_page).await {
                Ok(rows) => rows,
                Err(failure) => return Step::Incomplete(Why::Failed(failure)),
            };
            let page = fingerprint(&rows);
            let is_repeated = self.next_page > 1 && page == self.last_page;
            if !rows.is_empty() && !is_repeated {
                return self.take(rows, page);
            }
            let is_certain = rows.is_empty() && self.last_length < self.longest;
            if is_last || is_certain {
                // Some lists show the last page again when there is no further one; such a page is rarely full.
                let is_the_end = rows.is_empty() || self.last_length < self.longest;
                return if is_the_end { Step::Complete } else { Step::Incomplete(Why::PageRepeated) };
            }
        }
        Step::Complete
    }

    fn take(&mut self, rows: Vec<Row>, page: u64) -> Step {
        self.next_page += 1;
        self.last_page = page;
        self.last_length = rows.len();
        self.longest = self.longest.max(rows.len());
        let rows: Vec<_> = rows.into_iter().filter(|row| !row.is_of_no_order()).collect();
        if rows.is_empty() {
            // A page full of webhooks about something else.
            return Step::Rows(rows);
        }
        self.note_times(&rows);
        let is_asked_for = |row: &Row| row.order.as_ref().map_or(true, |order| self.question.is_about(order));
        let inside: Vec<_> = rows.into_iter().filter(is_asked_for).collect();
        if inside.is_empty() {
            self.outside += 1;
            // Newest first: everything that follows is older still.
            let is_behind = self.last_time.is_some_and(|at| at < self.question.from);
            if is_behind && self.has_gone_back && !self.has_gone_forward {
                return Step::Complete;
            }
            if self.outside >= MOST_OUTSIDE && self.has_gone_forward {
                return Step::Incomplete(Why::FilterIgnored);
            }
        } else {
            self.outside = 0;
        }
        Step::Rows(inside.into_iter().filter(|row| self.remember_if_news(row)).collect())
    }

    fn note_times(&mut self, rows: &[Row]) {
        for order in rows.iter().filter_map(|row| row.order.as_ref().ok()) {
            let Some(at) = self.question.time_of(order) else { continue };
            self.has_gone_back |= self.last_time.is_some_and(|before| at < before);
            self.has_gone_forward |= self.last_time.is_some_and(|before| at > before);
            self.last_time = Some(at);
        }
    }

    /// Remembers a row; returns whether it is new. A list shifts while it is read, so an order may come twice: the newest
    /// time counts.
    fn remember_if_news(&mut self, row: &Row) -> bool {
        let Ok(order) = &row.order else { return true };
        let before = self.seen.get(&order.id).copied();
        let is_news = before.is_none_or(|before| order.updated_at > before);
        if is_news {
            self.seen.insert(order.id.clone(), order.updated_at);
        }
        is_news
    }
}

fn fingerprint(rows: &[Row]) -> u64 {
    let mut hasher = DefaultHasher::new();
    rows.len().hash(&mut hasher);
    for row in rows {
        row.body.hash(&mut hasher);
    }
    hasher.finish()
}
