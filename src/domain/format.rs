//! Numbers, days and times as Indonesians write them, in both languages alike; lengths of time in words.

use jiff::{SignedDuration, Timestamp, civil::Date};

use super::{WIB, reason::Language};

/// With a capital at its beginning.
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    first + letters.as_str()
}

/// `1.234`.
pub fn count(number: i64) -> String {
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
pub fn day(day: Date) -> String {
    day.strftime("%d/%m/%Y").to_string()
}

/// `26/11/2026 10:32 WIB`.
pub fn moment(at: Timestamp) -> String {
    WIB.to_datetime(at).strftime("%d/%m/%Y %H:%M WIB").to_string()
}

/// `2 days`, `2 hari`: the largest unit that is whole.
pub fn duration(length: SignedDuration, language: Language) -> String {
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

/// The name of a day of the week.
pub fn weekday(day: Date, language: Language) -> &'static str {
    let names = match language {
        Language::English => ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
        Language::Indonesian => ["Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu"],
    };
    names[day.weekday().to_monday_zero_offset() as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_dots() {
        assert_eq!((count(0), count(-1_234), count(1_000_000)), ("0".into(), "−1.234".into(), "1.000.000".into()));
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
