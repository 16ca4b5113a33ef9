//! Days as payout files write them.

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, date},
};

use crate::{domain::day_in_wib, spreadsheet::Cell};

/// In which order a written day has its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayOrder {
    /// `05/11/2026`, the fifth of November.
    DayMonth,
    /// `11/05/2026`, the fifth of November.
    MonthDay,
}

/// Months in English and Indonesian, by their first letters.
const MONTHS: [&[&str]; 12] = [
    &["jan"],
    &["feb", "peb"],
    &["mar"],
    &["apr"],
    &["may", "mei"],
    &["jun"],
    &["jul"],
    &["aug", "agu", "agt", "ags"],
    &["sep"],
    &["oct", "okt"],
    &["nov", "nop"],
    &["dec", "des"],
];

/// The day in a cell, in Jakarta unless it names a time zone: ISO 8601, `05/11/2026`, `05-11-2026 10:12`,
/// `5 November 2026`, or a spreadsheet's number of days.
pub fn day(cell: &Cell, order: DayOrder) -> Option<Date> {
    let text = cell.text();
    let found = serial(&text).or_else(|| written(&text, order))?;
    (date(2000, 1, 1)..date(2100, 1, 1)).contains(&found).then_some(found)
}

/// Days since the end of 1899, as spreadsheets count them; `20261105` is not one.
fn serial(text: &str) -> Option<Date> {
    let days: i64 = text.split(['.', ',']).next()?.parse().ok()?;
    let is_day = (36_526..73_051).contains(&days) && text.bytes().all(|byte| !byte.is_ascii_alphabetic());
    is_day.then(|| date(1899, 12, 30).checked_add(days.days()).ok()).flatten()
}

fn written(text: &str, order: DayOrder) -> Option<Date> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(day_in_wib(moment));
    }
    let text = text.replace(',', " ");
    let parts: Vec<&str> = text.split([' ', 'T', '\u{a0}']).filter(|part| !part.is_empty()).collect();
    let first = parts.first()?;
    let numbers: Vec<&str> = match first.split(['/', '-', '.']).collect::<Vec<_>>() {
        pieces if pieces.len() == 3 => pieces,
        _ => parts.get(..3)?.to_vec(),
    };
    let [a, b, c] = numbers.as_slice() else { return None };
    if a.len() == 4 {
        return of(c, b, a);
    }
    let is_month_first = month_name(a).is_some() || (order == DayOrder::MonthDay && month_name(b).is_none());
    if is_month_first { of(b, a, c) } else { of(a, b, c) }
}

fn of(day: &str, month: &str, year: &str) -> Option<Date> {
    let month = month_name(month).or_else(|| month.parse().ok())?;
    Date::new(year.parse().ok().filter(|_| year.len() == 4)?, month, day.parse().ok()?).ok()
}

fn month_name(text: &str) -> Option<i8> {
    let text = text.to_lowercase();
    let is = |names: &[&str]| names.iter().any(|name| text.starts_with(name));
    MONTHS.iter().position(|names| is(names)).and_then(|at| i8::try_from(at + 1).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_in_every_form_that_files_have() {
        for text in [
            "2026-11-05",
            "2026-11-05T10:12:30",
            "2026-11-04T18:00:00Z",
            "2026/11/05 23:59",
            "05/11/2026",
            "5-11-2026 10:12",
            "05.11.2026",
            "05 Nov 2026",
            "5 November 2026 10:12",
            "Nov 5, 2026",
            "05-Nop-2026",
            "46331",
            "46331.5",
        ] {
            let read = day(&Cell::Text(text.to_owned()), DayOrder::DayMonth);
            assert_eq!(read, Some(date(2026, 11, 5)), "{text:?}");
        }
        let read = |text: &str, order| day(&Cell::Text(text.to_owned()), order);
        assert_eq!(read("11/05/2026", DayOrder::MonthDay), Some(date(2026, 11, 5)));
        assert_eq!(read("5 Nov 2026", DayOrder::MonthDay), Some(date(2026, 11, 5)));
        for text in ["", "yesterday", "31/02/2026", "11/25/2026", "05/11/26", "20261105", "0001-01-01", "-"] {
            assert_eq!(read(text, DayOrder::DayMonth), None, "{text:?}");
        }
    }
}
