//! Numbers, days and times as Indonesians write them, in both languages alike; lengths of time in words. Amounts are
//! written by [`crate::domain::money::Rupiah::in_words`].

use jiff::{SignedDuration, Timestamp, civil::Date};

use crate::domain::{WIB, reason::Language};

/// With a capital at its beginning.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    first + letters.as_str()
}

/// A body as a person can read it: JSON is indented, anything else is unchanged.
pub(super) fn indented(body: &[u8]) -> String {
    let json = serde_json::from_slice::<serde_json::Value>(body).ok();
    json.and_then(|json| serde_json::to_string_pretty(&json).ok())
        .unwrap_or_else(|| String::from_utf8_lossy(body).into_owned())
}

/// `1.234`.
pub(super) fn count(number: i64) -> String {
    let sign = if number < 0 { "−" } else { "" };
    format!("{sign}{}", grouped(&number.unsigned_abs().to_string()))
}

fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('.');
        }
        text.push(digit);
    }
    text
}

/// `26/11/2026`.
pub(super) fn day(day: Date) -> String {
    day.strftime("%d/%m/%Y").to_string()
}

/// `26/11/2026 10:32:05 WIB`.
pub(super) fn moment_to_the_second(at: Timestamp) -> String {
    WIB.to_datetime(at).strftime("%d/%m/%Y %H:%M:%S WIB").to_string()
}

/// `26/11/2026 10:32 WIB`.
pub(super) fn moment(at: Timestamp) -> String {
    WIB.to_datetime(at).strftime("%d/%m/%Y %H:%M WIB").to_string()
}

/// `2 days`, `2 hari`: the largest unit that is whole.
pub(super) fn duration(length: SignedDuration, language: Language) -> String {
    let seconds = length.as_secs().max(0);
    let (number, english, indonesian) = match seconds {
        0..60 => (seconds, "second", "detik"),
        60..3_600 => (seconds / 60, "minute", "menit"),
        3_600..86_400 => (seconds / 3_600, "hour", "jam"),
        _ => (seconds / 86_400, "day", "hari"),
    };
    match language {
        Language::English => format!("{} {english}{}", count(number), if number == 1 { "" } else { "s" }),
        Language::Indonesian => format!("{} {indonesian}", count(number)),
    }
}

/// `2 days ago`, `2 hari lalu`.
pub(super) fn ago(at: Timestamp, now: Timestamp, language: Language) -> String {
    let length = now.duration_since(at);
    match language {
        Language::English if length.as_secs() < 5 => "just now".to_owned(),
        Language::Indonesian if length.as_secs() < 5 => "baru saja".to_owned(),
        Language::English => format!("{} ago", duration(length, language)),
        Language::Indonesian => format!("{} lalu", duration(length, language)),
    }
}

/// The name of a day of the week.
pub(super) fn weekday(day: Date, language: Language) -> &'static str {
    let names = match language {
        Language::English => ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
        Language::Indonesian => ["Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu"],
    };
    names[day.weekday().to_monday_zero_offset() as usize]
}

/// `November 2026`.
pub(super) fn month(day: Date, language: Language) -> String {
    let names = match language {
        Language::English => [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ],
        Language::Indonesian => [
            "Januari",
            "Februari",
            "Maret",
            "April",
            "Mei",
            "Juni",
            "Juli",
            "Agustus",
            "September",
            "Oktober",
            "November",
            "Desember",
        ],
    };
    format!("{} {}", names[day.month() as usize - 1], day.year())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::day_in_wib;

    #[test]
    fn numbers_have_dots() {
        assert_eq!((count(0), count(-1_234), count(1_000_000)), ("0".into(), "−1.234".into(), "1.000.000".into()));
    }

    #[test]
    fn times_are_those_of_jakarta() {
        let at: Timestamp = "2026-11-25T18:05:09Z".parse().expect("a moment");
        assert_eq!(moment(at), "26/11/2026 01:05 WIB");
        assert_eq!(weekday(day_in_wib(at), Language::Indonesian), "Kamis");
        assert_eq!(month(day_in_wib(at), Language::English), "November 2026");
    }

    #[test]
    fn lengths_of_time_are_given_in_the_largest_whole_unit() {
        let text = |seconds, language| duration(SignedDuration::from_secs(seconds), language);
        assert_eq!(text(1, Language::English), "1 second");
        assert_eq!(text(119, Language::English), "1 minute");
        assert_eq!(text(172_800, Language::English), "2 days");
        assert_eq!(text(7_200, Language::Indonesian), "2 jam");
    }
}
