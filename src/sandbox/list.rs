//! `list.do`: fields, filters and paging (accurate.md §3).

use axum::{extract::Query as UrlQuery, http::Uri};
use jiff::{
    Timestamp,
    civil::{Date, DateTime},
};
use serde_json::{Map, Value, json};

use super::{
    Account, Customer, FilterValues, IdRanges, Invoice, Item, Named, Receipt, SalesReturn, Sorting, Tax,
    auth::WIB,
    books::Books,
    register::{Record, Shown},
    reply::number,
    save::read_day,
};

const DEFAULT_PAGE: usize = 20;
const LARGEST_PAGE: usize = 100;

/// The parts of a URL's query.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Parses a raw query; an invalid one counts as empty.
    pub(super) fn read(raw: &str) -> Self {
        let pairs = format!("/?{raw}")
            .parse::<Uri>()
            .ok()
            .and_then(|uri| UrlQuery::<Vec<(String, String)>>::try_from_uri(&uri).ok());
        Self(pairs.map(|UrlQuery(pairs)| pairs).unwrap_or_default())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The same query for the first page, which is what an unknown parameter for the page gives.
    pub(super) fn of_first_page(mut self) -> Self {
        self.0.retain(|(key, _)| key != "sp.page");
        self
    }

    /// The same query without any filter, which is what a filter that is not understood gives.
    pub(super) fn without_filters(mut self) -> Self {
        self.0.retain(|(key, _)| !key.starts_with("filter."));
        self
    }

    fn count(&self, name: &str) -> Option<usize> {
        self.get(name)?.parse().ok().filter(|count| *count > 0)
    }

    /// `filter.<field>.val`, unless `filter.<field>.op` is something other than EQUAL. Other operators are ignored
    /// silently, like unknown filters.
    fn filter(&self, field: &str) -> Option<&str> {
        let op = self.get(&format!("filter.{field}.op")).unwrap_or("EQUAL");
        self.get(&format!("filter.{field}.val")).filter(|_| op == "EQUAL")
    }

    /// The two ids of `filter.id.op=BETWEEN`; invalid ones are ignored silently.
    fn ids_between(&self) -> Option<(i64, i64)> {
        let id = |at| self.get(&format!("filter.id.val[{at}]"))?.parse().ok();
        let is_between = self.get("filter.id.op")? == "BETWEEN";
        Some((id(0)?, id(1)?)).filter(|_| is_between)
    }

    /// The two days of `filter.<field>.op=BETWEEN`; invalid ones are ignored silently.
    fn days_between(&self, field: &str) -> Option<(Date, Date)> {
        let day = |at| read_day(self.get(&format!("filter.{field}.val[{at}]"))?);
        let is_between = self.get(&format!("filter.{field}.op"))? == "BETWEEN";
        Some((day(0)?, day(1)?)).filter(|_| is_between)
    }

    /// The time of `filter.lastUpdate.op=GREATER_EQUAL_THAN`; an invalid one is ignored silently.
    fn changed_since(&self) -> Option<Timestamp> {
        let is_since = self.get("filter.lastUpdate.op")? == "GREATER_EQUAL_THAN";
        let at = DateTime::strptime("%d/%m/%Y %H:%M:%S", self.get("filter.lastUpdate.val")?).ok()?;
        WIB.to_timestamp(at).ok().filter(|_| is_since)
    }
}

/// A record that `list.do` can show.
pub(super) trait Listed: Record {
    /// The filter over the record's key, if there is one.
    const KEY_FILTER: Option<&'static str>;
    /// Other fields that can be filtered.
    const FILTERS: &'static [&'static str] = &[];
    /// Whether it can be filtered by a range of ids.
    const ID_RANGES: bool = false;
    /// A field that can be filtered by a range of days.
    const DAY_FILTER: Option<&'static str> = None;

    /// When it was last changed, if it can be filtered by that.
    fn changed_at(&self) -> Option<Timestamp> {
        None
    }

    /// The value of that field.
    fn day(&self) -> Option<Date> {
        None
    }

    fn row(&self, books: &Books) -> Value;

    fn suspended(&self) -> bool {
        false
    }
}

/// The complete reply to a `list.do`.
pub(super) fn list<T: Listed>(shown: &Shown<'_, T>, books: &Books, query: &Query) -> Value {
    let size = query.count("sp.pageSize").unwrap_or(DEFAULT_PAGE).min(LARGEST_PAGE);
    let page = query.count("sp.page").unwrap_or(1);
    let first = (page - 1).saturating_mul(size);
    let fields: Vec<&str> = query.get("fields").unwrap_or("id").split(',').map(str::trim).collect();
    let show = |record: &T| only(record.row(books), &fields);
    let newest_first = books.settings.sorting == Sorting::Understood && query.get("sp.sort") == Some("id|desc");
    let all =
        || -> Box<dyn Iterator<Item = &T>> { if newest_first { Box::new(shown.all().rev()) } else { shown.all() } };

    let filters = Filters::read::<T>(query);
    let (rows, count): (Vec<Value>, usize) = if let Some(keys) = keys::<T>(books, query) {
        // At most one record has a given number or name, so it is found without scanning the others.
        let one = |key: &&str| shown.get(key).filter(|record| filters.pass(*record, books));
        let found: Vec<&T> = keys.iter().filter_map(one).collect();
        (found.iter().skip(first).take(size).map(|record| show(record)).collect(), found.len())
    } else if let Some((lowest, highest)) = id_range::<T>(books, query) {
        let rows = shown.between(lowest, highest).skip(first).take(size).map(show).collect();
        (rows, shown.between(lowest, highest).count())
    } else if !filters.is_empty() {
        let mut count = 0;
        let mut rows = Vec::new();
        for record in all().filter(|record| filters.pass(*record, books)) {
            if (first..first.saturating_add(size)).contains(&count) {
                rows.push(show(record));
            }
            count += 1;
        }
        (rows, count)
    } else {
        (all().skip(first).take(size).map(show).collect(), all().count())
    };
    json!({
        "s": true,
        "d": rows,
        "sp": { "page": page, "pageSize": size, "pageCount": count.div_ceil(size), "rowCount": count },
    })
}

/// The requested numbers or names, as far as the filter is supported.
fn keys<'a, T: Listed>(books: &Books, query: &'a Query) -> Option<Vec<&'a str>> {
    let field = T::KEY_FILTER?;
    let first = query.filter(field)?;
    let name = format!("filter.{field}.val");
    let mut all: Vec<_> = query.0.iter().filter(|(key, _)| *key == name).map(|(_, value)| value.as_str()).collect();
    match books.settings.filter_values {
        _ if all.len() == 1 => Some(all),
        FilterValues::FirstOnly => Some(vec![first]),
        FilterValues::NotUnderstood => None,
        FilterValues::All => {
            all.sort_unstable();
            all.dedup();
            Some(all)
        }
    }
}

/// The range of ids that is asked for, as far as the filter is understood.
fn id_range<T: Listed>(books: &Books, query: &Query) -> Option<(i64, i64)> {
    query.ids_between().filter(|_| T::ID_RANGES && books.settings.id_ranges == IdRanges::Understood)
}

/// The filters of a query, read once for all records, of which there may be a hundred thousand.
struct Filters<'a> {
    suspended: Option<bool>,
    changed_since: Option<Timestamp>,
    days: Option<(Date, Date)>,
    /// Fields with the value that they must have.
    fields: Vec<(&'static str, &'a str)>,
}

impl<'a> Filters<'a> {
    fn read<T: Listed>(query: &'a Query) -> Self {
        let value = |field: &&'static str| query.filter(field).map(|value| (*field, value));
        Self {
            suspended: query.get("filter.suspended").and_then(|word| word.parse().ok()),
            changed_since: query.changed_since(),
            days: T::DAY_FILTER.and_then(|field| query.days_between(field)),
            fields: T::FILTERS.iter().filter_map(value).collect(),
        }
    }

    fn is_empty(&self) -> bool {
        self.suspended.is_none() && self.changed_since.is_none() && self.days.is_none() && self.fields.is_empty()
    }

    fn pass<T: Listed>(&self, record: &T, books: &Books) -> bool {
        self.suspended.is_none_or(|suspended| record.suspended() == suspended)
            && self.changed_since.is_none_or(|since| record.changed_at().is_none_or(|at| since <= at))
            && self.days.is_none_or(|(from, to)| record.day().is_some_and(|day| from <= day && day <= to))
            && self.fields.iter().all(|(field, value)| record.row(books).get(*field).is_some_and(|is| is == value))
    }
}

/// Keeps the requested fields of a row; an unknown field is omitted silently.
fn only(row: Value, fields: &[&str]) -> Value {
    let Value::Object(row) = row else { return row };
    let kept: Map<String, Value> = row.into_iter().filter(|(name, _)| fields.contains(&name.as_str())).collect();
    Value::Object(kept)
}

impl Listed for Invoice {
    const KEY_FILTER: Option<&'static str> = Some("number");
    /// There is no filter by description (backfill.md §2).
    const FILTERS: &'static [&'static str] = &["transDate"];
    const ID_RANGES: bool = true;
    const DAY_FILTER: Option<&'static str> = Some("transDate");

    fn changed_at(&self) -> Option<Timestamp> {
        Some(self.changed_at)
    }

    fn day(&self) -> Option<Date> {
        Some(self.trans_date)
    }

    fn row(&self, books: &Books) -> Value {
        self.head(books)
    }
}

impl Listed for Receipt {
    /// Guess: as for invoices.
    const KEY_FILTER: Option<&'static str> = Some("number");
    const FILTERS: &'static [&'static str] = &["transDate"];
    const ID_RANGES: bool = true;
    const DAY_FILTER: Option<&'static str> = Some("transDate");

    fn day(&self) -> Option<Date> {
        Some(self.trans_date)
    }

    fn row(&self, books: &Books) -> Value {
        self.head(books)
    }
}

impl Listed for SalesReturn {
    /// There is none by number (returns.md §2, O).
    const KEY_FILTER: Option<&'static str> = None;
    const FILTERS: &'static [&'static str] = &["transDate", "returnType"];
    const ID_RANGES: bool = true;
    const DAY_FILTER: Option<&'static str> = Some("transDate");

    fn day(&self) -> Option<Date> {
        Some(self.trans_date)
    }

    fn row(&self, books: &Books) -> Value {
        self.head(books)
    }
}

impl Listed for Customer {
    /// The only look-up of a customer that is known to work (accurate.md §5).
    const KEY_FILTER: Option<&'static str> = Some("no");
    const FILTERS: &'static [&'static str] = &["name"];

    fn row(&self, _: &Books) -> Value {
        self.record()
    }
}

impl Listed for Item {
    const KEY_FILTER: Option<&'static str> = Some("no");
    const FILTERS: &'static [&'static str] = &["name"];

    fn row(&self, _: &Books) -> Value {
        json!({
            "id": self.id, "no": self.no, "name": self.name, "itemType": "INVENTORY", "suspended": self.suspended,
        })
    }

    fn suspended(&self) -> bool {
        self.suspended
    }
}

impl Listed for Account {
    const KEY_FILTER: Option<&'static str> = Some("no");
    const FILTERS: &'static [&'static str] = &["name", "accountType"];

    fn row(&self, _: &Books) -> Value {
        json!({
            "id": self.id, "no": self.no, "name": self.name,
            "accountType": self.account_type.name(), "suspended": self.suspended,
        })
    }

    fn suspended(&self) -> bool {
        self.suspended
    }
}

impl Listed for Named {
    const KEY_FILTER: Option<&'static str> = Some("name");

    fn row(&self, _: &Books) -> Value {
        json!({ "id": self.id, "name": self.name, "suspended": self.suspended })
    }

    fn suspended(&self) -> bool {
        self.suspended
    }
}

impl Listed for Tax {
    const KEY_FILTER: Option<&'static str> = Some("description");

    fn row(&self, _: &Books) -> Value {
        json!({ "id": self.id, "description": self.description, "rate": number(self.rate), "taxType": "PPN" })
    }
}
