//! One row of an export.

use jiff::{
    Timestamp,
    civil::{Date, DateTime, date},
};

use crate::domain::{WIB, money::Rupiah, order::OrderId, status::Status};

/// What a row of an export says about an order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Forstok's order id.
    pub order_id: Option<OrderId>,
    /// The marketplace's order number.
    pub channel_order_id: String,
    /// The store; empty if the export has no column for it.
    pub store_id: String,
    /// The status as it is written; empty if there is none.
    pub status: String,
    /// What the total can mean; empty if there is none.
    pub totals: Vec<Rupiah>,
    /// When the order last changed. What the text leaves open is rounded up: a minute to its last second, a day to its
    /// last minute.
    pub updated_at: Option<Timestamp>,
    /// When the buyer ordered, rounded in the same way.
    pub ordered_at: Option<Timestamp>,
}

impl Row {
    /// The status, if Forstok documents it.
    pub fn status(&self) -> Option<Status> {
        Status::parse(&self.status)
    }

    /// Whether it says something later about the same order than this other row: by the time, else by the status.
    pub fn is_later_than(&self, other: &Self) -> bool {
        let rank = |row: &Self| row.status().and_then(Status::rank);
        match self.updated_at.zip(other.updated_at) {
            Some((at, before)) if at != before => at > before,
            _ => rank(self) > rank(other),
        }
    }
}

/// What an amount in a spreadsheet can mean: `80000`, `Rp80.000`, `80.000,00`, `80,000.00`. A separator with three
/// digits behind it can separate thousands or decimals; thousands come first.
pub fn amounts(text: &str) -> Vec<Rupiah> {
    let text = text.trim().to_lowercase();
    let text = text.trim_start_matches("rp").trim_start_matches("idr");
    let number: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
    let number = number.trim_start_matches('.');
    if number.is_empty() || !number.chars().all(|letter| letter.is_ascii_digit() || ".,-".contains(letter)) {
        return Vec::new();
    }
    let count = |separator: char| number.matches(separator).count();
    let behind = number.rsplit(['.', ',']).next().unwrap_or_default().len();
    let decimals = match (count('.'), count(',')) {
        (0, 0) => return parsed(number, None).into_iter().collect(),
        (0, 1) | (1, 0) if behind == 3 => {
            return [None, number.find(['.', ','])].into_iter().filter_map(|at| parsed(number, at)).collect();
        }
        (0, 1) | (1, 0) => number.find(['.', ',']),
        (0, _) | (_, 0) => None,
        _ => number.rfind(['.', ',']),
    };
    parsed(number, decimals).into_iter().collect()
}

/// The number with its decimals behind this place; all other separators separate thousands.
fn parsed(number: &str, decimals: Option<usize>) -> Option<Rupiah> {
    let letters = number.char_indices().filter_map(|(at, letter)| match letter {
        '.' | ',' => (decimals == Some(at)).then_some('.'),
        other => Some(other),
    });
    Rupiah::parse(&letters.collect::<String>()).ok()
}

/// A moment as people and programs write it, in Jakarta unless it says otherwise: ISO 8601, `05/11/2026 10:12:30`,
/// `5-11-2026`. What it leaves open is rounded up.
pub fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    let (day, time) = text.split_once([' ', 'T']).unwrap_or((text, ""));
    let day = day.parse::<Date>().ok().or_else(|| written_day(day))?;
    let time = time.trim().trim_end_matches("WIB").trim_end();
    let at = match time.matches(':').count() {
        _ if time.is_empty() => day.at(23, 59, 59, 0),
        1 => format!("{day}T{time}:59").parse::<DateTime>().ok()?,
        _ => format!("{day}T{time}").parse::<DateTime>().ok()?,
    };
    WIB.to_timestamp(at).ok()
}

/// A day as Indonesians write it: day, month, year.
fn written_day(text: &str) -> Option<Date> {
    let parts: Vec<&str> = text.split(['/', '-', '.']).collect();
    let [day, month, year] = parts.as_slice() else { return None };
    let (day, month, year) = (day.parse::<i8>().ok()?, month.parse::<i8>().ok()?, year.parse::<i16>().ok()?);
    let known = (2000..2100).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    if known { Date::new(year, month, day).ok().filter(|day| *day >= date(2000, 1, 1)) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_as_it_is_written_in_indonesia_and_elsewhere() {
        let read = |text: &str| amounts(text).iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
        for (text, amount) in [
            ("80000", "80000"),
            ("Rp80.000", "80000 or 80"),
            ("Rp 1.280.000", "1280000"),
            ("80.000,50", "80000.5"),
            ("80,000.50", "80000.5"),
            ("IDR 80,000", "80000 or 80"),
            ("80000.0", "80000"),
            ("-500", "-500"),
            ("", ""),
            ("free", ""),
        ] {
            assert_eq!(read(text), amount, "{text:?}");
        }
    }

    #[test]
    fn a_moment_is_rounded_up_to_the_end_of_what_it_leaves_open() {
        let read = |text: &str| moment(text).map(|moment| WIB.to_datetime(moment).to_string()).unwrap_or_default();
        for (text, shown) in [
            ("2026-11-05T10:12:30+07:00", "2026-11-05T10:12:30"),
            ("2026-11-05T03:12:30Z", "2026-11-05T10:12:30"),
            ("2026-11-05 10:12:30", "2026-11-05T10:12:30"),
            ("05/11/2026 10:12:30", "2026-11-05T10:12:30"),
            ("5-11-2026 10:12", "2026-11-05T10:12:59"),
            ("2026-11-05 10:12 WIB", "2026-11-05T10:12:59"),
            ("05/11/2026", "2026-11-05T23:59:59"),
            ("2026-11-05", "2026-11-05T23:59:59"),
            ("yesterday", ""),
            ("31/02/2026", ""),
            ("", ""),
        ] {
            assert_eq!(read(text), shown, "{text:?}");
        }
    }
}
