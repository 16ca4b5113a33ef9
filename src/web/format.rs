//! Texts, days and times as pages show them; numbers and lengths of time come from [`crate::domain::format`]. Amounts
//! are written by [`crate::domain::money::Rupiah::in_words`].

use jiff::{Timestamp, civil::Date};

pub(super) use crate::domain::format::{count, day, duration, moment, sentence, weekday};
use crate::domain::{WIB, day_in_wib, reason::Language};

/// With amounts that no line break separates from their minus.
pub(super) fn unbroken(text: &str) -> String {
    text.replace("-Rp", "-\u{2060}Rp")
}

/// A body as a person can read it: JSON is indented, anything else is unchanged.
pub(super) fn indented(body: &[u8]) -> String {
    let json = serde_json::from_slice::<serde_json::Value>(body).ok();
    json.and_then(|json| serde_json::to_string_pretty(&json).ok())
        .unwrap_or_else(|| String::from_utf8_lossy(body).into_owned())
}

/// `26/11/2026 10:32:05 WIB`.
pub(super) fn moment_to_the_second(at: Timestamp) -> String {
    WIB.to_datetime(at).strftime("%d/%m/%Y %H:%M:%S WIB").to_string()
}

/// `14:32 WIB`, with the date if that is another day.
pub(super) fn time(at: Timestamp, now: Timestamp) -> String {
    if day_in_wib(at) != day_in_wib(now) {
        return moment(at);
    }
    WIB.to_datetime(at).strftime("%H:%M WIB").to_string()
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

    #[test]
    fn times_are_those_of_jakarta() {
        let at: Timestamp = "2026-11-25T18:05:09Z".parse().expect("a moment");
        assert_eq!(moment(at), "26/11/2026 01:05 WIB");
        assert_eq!(time(at, "2026-11-26T00:00:00+07:00".parse().expect("a moment")), "01:05 WIB");
        assert_eq!(time(at, "2026-11-25T23:59:00+07:00".parse().expect("a moment")), "26/11/2026 01:05 WIB");
        assert_eq!(weekday(day_in_wib(at), Language::Indonesian), "Kamis");
        assert_eq!(month(day_in_wib(at), Language::English), "November 2026");
    }
}
