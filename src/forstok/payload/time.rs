//! Moments as senders write them: ISO 8601, what Ruby and other languages print, and Unix times.

use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time},
    tz::Offset,
};

use crate::domain::WIB;

/// 2000-01-01 and 2100-01-01 in Unix seconds: what is outside is not the time of an order.
const UNIX_SECONDS: std::ops::Range<i64> = 946_684_800..4_102_444_800;

/// How some languages write "no time" (year 1 and 1970) as a Unix time.
const UNIX_ABSENT: [i64; 2] = [0, -62_135_596_800];

/// What a text says about a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    At(Timestamp),
    /// A year before 2000 stands for "not known" (forstok.md §3).
    Absent,
    Unreadable,
}

/// Reads a moment; without a zone it is WIB.
pub(super) fn read(text: &str) -> Moment {
    if let Some(moment) = unix_time(text) {
        return moment;
    }
    if text.starts_with("0000-00-00") {
        return Moment::Absent;
    }
    let moment = text.parse::<Timestamp>().ok().or_else(|| in_wib(text.parse().ok()?));
    let moment = moment.or_else(|| as_printed(text)).or_else(|| end_of_time(text));
    match moment {
        Some(moment) if WIB.to_datetime(moment).year() >= 2000 => Moment::At(moment),
        Some(_) => Moment::Absent,
        None => Moment::Unreadable,
    }
}

/// The last days of 9999, which some senders mean as "never", are beyond what a timestamp holds.
fn end_of_time(text: &str) -> Option<Timestamp> {
    let date = text.get(..10)?.parse::<Date>().ok()?;
    (date.year() == 9999).then_some(Timestamp::MAX)
}

fn in_wib(local: DateTime) -> Option<Timestamp> {
    WIB.to_timestamp(local).ok()
}

/// Seconds or milliseconds since 1970; a fraction of a second is left out.
fn unix_time(text: &str) -> Option<Moment> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole.strip_prefix('-').unwrap_or(whole)) || !is_digits(fraction) {
        return None;
    }
    let number = whole.parse::<i64>().ok();
    let moment = number.and_then(|number| {
        let (seconds, milliseconds) = (number, number / 1000);
        if UNIX_ABSENT.contains(&seconds) || UNIX_ABSENT.contains(&milliseconds) && number % 1000 == 0 {
            Some(Moment::Absent)
        } else if UNIX_SECONDS.contains(&seconds) {
            Timestamp::from_second(seconds).ok().map(Moment::At)
        } else if UNIX_SECONDS.contains(&milliseconds) {
            Timestamp::from_millisecond(number).ok().map(Moment::At)
        } else {
            None
        }
    });
    Some(moment.unwrap_or(Moment::Unreadable))
}

/// The parts of a date that a language prints with words, in whatever order they come.
#[derive(Default)]
struct Printed {
    date: Option<Date>,
    year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
    time: Option<Time>,
    zone: Option<Offset>,
}

/// `2024-02-01 09:00:00 +0700`, `Thu Feb 01 09:00:00 +0700 2024`, `Thu, 01 Feb 2024 09:00:00 GMT` and the like.
/// A part that is not understood, or that comes twice, makes all of it unreadable.
fn as_printed(text: &str) -> Option<Timestamp> {
    let mut printed = Printed::default();
    // A name in parentheses repeats the zone: `GMT+0700 (Western Indonesia Time)`.
    let text = text.split_once('(').map_or(text, |(before, _)| before);
    for part in text.split([' ', ',']).filter(|part| !part.is_empty()) {
        printed.take(part)?;
    }
    let date = match printed.date {
        Some(date) => date,
        None => Date::new(printed.year?, printed.month?, printed.day?).ok()?,
    };
    printed.zone.unwrap_or(WIB).to_timestamp(date.to_datetime(printed.time?)).ok()
}

impl Printed {
    fn take(&mut self, part: &str) -> Option<()> {
        if is_weekday(part) {
            return Some(());
        }
        if let Some(month) = month(part) {
            return put(&mut self.month, month);
        }
        if let Some(offset) = zone(part) {
            // `WIB +07:00` gives the zone twice.
            let known = *self.zone.get_or_insert(offset);
            return (known == offset).then_some(());
        }
        if part.contains(':') {
            return put(&mut self.time, part.parse().ok()?);
        }
        if part.contains(['-', '/']) {
            return put(&mut self.date, part.replace('/', "-").parse().ok()?);
        }
        match part.len() {
            1 | 2 => put(&mut self.day, part.parse().ok()?),
            4 => put(&mut self.year, part.parse().ok()?),
            _ => None,
        }
    }
}

fn put<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

fn is_weekday(part: &str) -> bool {
    ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].iter().any(|day| begins_as(part, day))
}

fn month(part: &str) -> Option<i8> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    (1..).zip(MONTHS).find(|(_, name)| begins_as(part, name)).map(|(month, _)| month)
}

/// A word that begins with these letters, in any case.
fn begins_as(word: &str, letters: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_alphabetic())
        && word.get(..letters.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(letters))
}

/// `Z`, `UTC`, `WIB`, `+07:00`, `+0700`, `GMT+0700`.
fn zone(part: &str) -> Option<Offset> {
    let named = |name: &str| match name.to_ascii_uppercase().as_str() {
        "Z" | "UTC" | "GMT" => Some(0),
        "WIB" => Some(7),
        "WITA" => Some(8),
        "WIT" => Some(9),
        _ => None,
    };
    if let Some(hours) = named(part) {
        return Some(Offset::constant(hours));
    }
    let sign_at = part.find(['+', '-'])?;
    let (name, offset) = part.split_at(sign_at);
    if !name.is_empty() && named(name) != Some(0) {
        return None;
    }
    let (sign, digits) = offset.split_at(1);
    let digits = digits.replace(':', "");
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = digits.split_at(2);
    let minutes = if minutes.is_empty() { 0 } else { minutes.parse::<i32>().ok()? };
    let seconds = (hours.parse::<i32>().ok()? * 60 + minutes) * 60;
    Offset::from_seconds(if sign == "-" { -seconds } else { seconds }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_in_which_a_time_is_written_is_read() {
        let expected: Timestamp = "2024-02-01T09:00:00+07:00".parse().expect("ISO");
        for text in [
            "2024-02-01T09:00:00+07:00",
            "2024-02-01T09:00:00.000+0700",
            "2024-02-01T02:00:00Z",
            "2024-02-01T09:00:00",
            "2024-02-01 09:00:00",
            "2024-02-01 09:00:00 +0700",
            "2024-02-01 09:00:00.000 +0700",
            "2024-02-01 02:00:00 UTC",
            "2024/02/01 09:00:00 +0700",
            "Thu Feb 01 09:00:00 +0700 2024",
            "Thu Feb 01 09:00:00 WIB 2024",
            "Thu Feb  1 09:00:00 2024",
            "Thu, 01 Feb 2024 09:00:00 +0700",
            "Thu, 01 Feb 2024 09:00:00 WIB +07:00",
            "Thu, 01 Feb 2024 02:00:00 GMT",
            "Thursday, 1 February 2024 09:00:00",
            "Thu Feb 01 2024 09:00:00 GMT+0700 (Western Indonesia Time)",
            "1706752800",
            "1706752800.0",
            "1706752800.25",
            "1706752800000",
        ] {
            assert_eq!(read(text), Moment::At(expected), "{text}");
        }
    }

    #[test]
    fn the_end_of_time_is_a_time() {
        for text in ["9999-12-31T23:59:59+07:00", "9999-12-31 23:59:59", "9999-12-31"] {
            assert!(matches!(read(text), Moment::At(moment) if moment.to_string().starts_with("9999-12-3")), "{text}");
        }
    }

    #[test]
    fn a_time_of_long_ago_is_no_time() {
        for text in ["0001-01-01T00:00:00Z", "0000-00-00 00:00:00", "1970-01-01 00:00:00", "0", "-62135596800", "0.0"] {
            assert_eq!(read(text), Moment::Absent, "{text}");
        }
    }

    #[test]
    fn what_could_be_two_times_or_none_is_not_guessed() {
        for text in [
            "yesterday",
            "01/02/2024 09:00:00",
            "1 2 2024 09:00:00",
            "Thu Feb 01",
            "20240201",
            "12345",
            "99999999999999",
            "2024-02-30 09:00:00 +0700",
            "2024-02-01 09:00:00 CET",
            "2024-02-01 09:00:00 +0700 +0800",
            "2024-02-01 25:00:00 +0700",
            "-",
            "",
        ] {
            assert_eq!(read(text), Moment::Unreadable, "{text}");
        }
    }
}
