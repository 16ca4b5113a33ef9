//! The fields of a payout or a return as programs send them: read leniently, so that a number may be a text and a day a
//! moment, and refused where two readings are possible.

mod json;

pub use json::read_json;

use jiff::{
    Timestamp,
    civil::{Date, date},
};
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::{
    day_in_wib,
    money::{NotAnAmount, Rupiah},
    reason::Language,
    toml_text::did_you_mean,
};

/// Most days after today that a payout or a return can have; a day further ahead is mistyped.
const MOST_DAYS_AHEAD: i64 = 366;

/// Most characters of a source, and of the name of an amount.
pub const LONGEST_NAME: usize = 100;

/// Most characters of an id, a store id, an order number or a SKU.
pub const LONGEST_ID: usize = 200;

/// Most characters of a value that a message repeats.
const LONGEST_SHOWN: usize = 60;

/// The fields of one row.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    /// Of a JSON object; nothing else has fields.
    pub fn of(row: &'a Value) -> Result<Self, String> {
        row.as_object().map(Self).ok_or_else(|| format!("the row is not an object: {}", shown(row)))
    }

    /// Refuses a field that is none of these: what a mistyped name means would be lost.
    pub fn only(self, known: &[&str]) -> Result<Self, String> {
        let Some(name) = self.0.keys().find(|name| !known.contains(&name.as_str())) else { return Ok(self) };
        let hint = if name.len() > LONGEST_NAME { String::new() } else { did_you_mean(name, known) };
        Err(format!("{} is not a known field{hint}", shown(&name.as_str().into())))
    }

    /// A field that is there, and not null.
    pub fn value(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A text, without blanks around it; a number counts as one. Empty if it is not there.
    pub fn text(self, name: &str) -> Result<String, String> {
        match self.value(name) {
            None => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.trim().to_owned()),
            Some(Value::Number(number)) => Ok(number.to_string()),
            Some(other) => Err(format!("{name}: {} is not a text", shown(other))),
        }
    }

    /// A day: `2026-11-05`, or a moment, whose day in Jakarta counts.
    pub fn day(self, name: &str) -> Result<Option<Date>, String> {
        let text = match self.value(name) {
            None => return Ok(None),
            Some(Value::String(text)) if text.trim().is_empty() => return Ok(None),
            Some(Value::String(text)) => text.trim(),
            Some(other) => return Err(not_a_day(name, other)),
        };
        let day = text.parse::<Timestamp>().map(day_in_wib).or_else(|_| text.parse::<Date>());
        day.map(Some).map_err(|_| not_a_day(name, text))
    }

    /// An amount in rupiah. One with more decimal places than are kept is refused.
    pub fn amount(self, name: &str) -> Result<Option<Rupiah>, String> {
        self.value(name).map(|value| amount(name, value)).transpose()
    }

    /// An amount in rupiah that was calculated with floating point: digits after the sixth place are noise and are
    /// rounded off.
    pub fn calculated_amount(self, name: &str) -> Result<Option<Rupiah>, String> {
        self.value(name).map(|value| rounded_amount(name, value).map(|(amount, _)| amount)).transpose()
    }

    /// The entries of a list; none if it is not there.
    pub fn list(self, name: &str) -> Result<&'a [Value], String> {
        match self.value(name) {
            None => Ok(&[]),
            Some(Value::Array(entries)) => Ok(entries),
            Some(other) => Err(format!("{name}: {} is not a list", shown(other))),
        }
    }
}

/// The amount in a value that is called `name`, exactly as it is written.
pub fn amount(name: &str, value: &Value) -> Result<Rupiah, String> {
    let (amount, text) = rounded_amount(name, value)?;
    if amount.is_exactly(&text) {
        Ok(amount)
    } else {
        Err(format!("{name}: {} has more than 6 decimal places; round it to at most 6", shown(value)))
    }
}

/// The amount in a value that is called `name`, rounded if need be, and the text it was read from.
fn rounded_amount(name: &str, value: &Value) -> Result<(Rupiah, String), String> {
    let (text, read) = match value {
        Value::Number(number) => {
            let text = number.to_string();
            let read = Rupiah::parse(&text);
            (text, read)
        }
        Value::String(text) => (text.clone(), Rupiah::parse_text(text)),
        _ => (String::new(), Err(NotAnAmount::NotANumber)),
    };
    match read {
        Ok(amount) => Ok((amount, text)),
        Err(why) => Err(format!("{name}: {} {why}", shown(value))),
    }
}

/// A number of pieces above zero, in a value that is called `name`.
pub fn pieces(name: &str, value: Option<&Value>) -> Result<Decimal, String> {
    let value = value.ok_or_else(|| format!("{name} is missing"))?;
    let quantity = amount(name, value)?.decimal();
    if quantity > Decimal::ZERO { Ok(quantity) } else { Err(format!("{name}: {} is not above 0", shown(value))) }
}

/// What makes a row unusable. Fields have the names of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// The field, which identifies the row, is empty.
    Empty(&'static str),
    /// The field has more than so many characters.
    TooLong(&'static str, usize),
    /// The field contains a control character.
    ControlCharacter(&'static str),
    /// An amount has no name.
    NamelessAmount,
    /// It has more than so many amounts.
    TooManyAmounts(usize),
    /// Nothing can have happened on the field's day.
    ImpossibleDay(&'static str, Date),
    /// The field's day is further ahead than that of any payout or return.
    FarAhead(&'static str, Date),
}

impl Unusable {
    /// For a program, which knows the names of the fields.
    fn for_programs(self) -> String {
        match self {
            Self::Empty(field) => format!("{field} is empty; the row is recognised by it"),
            Self::TooLong(field, most) => format!("{field} is longer than {most} characters"),
            Self::ControlCharacter(field) => format!("{field} contains a control character"),
            Self::NamelessAmount => "an amount has no name".to_owned(),
            Self::TooManyAmounts(most) => format!("it has more than {most} amounts"),
            Self::ImpossibleDay(field, day) => format!("{field} is {day}; it must be from 2000 to 2099"),
            Self::FarAhead(field, day) => {
                format!("{field} is {day}, more than {MOST_DAYS_AHEAD} days after today; correct the day")
            }
        }
    }

    /// For a person, who sees the rows of a file.
    pub fn in_words(self, language: Language) -> String {
        let say = |english: String, indonesian: String| match language {
            Language::English => english,
            Language::Indonesian => indonesian,
        };
        let called = |field| named(field, language);
        match self {
            Self::Empty(field) => {
                let field = called(field);
                say(format!("{field} is missing; fill it in"), format!("{field} kosong; isi nilainya"))
            }
            Self::TooLong(field, most) => {
                let field = called(field);
                say(
                    format!("{field} has more than {most} characters; check that the right column is chosen"),
                    format!("{field} lebih dari {most} karakter; periksa apakah kolom yang dipilih sudah benar"),
                )
            }
            Self::ControlCharacter(field) => {
                let field = called(field);
                say(
                    format!("{field} contains a line break or another control character; remove it"),
                    format!("{field} berisi ganti baris atau karakter kontrol lain; hapus karakter itu"),
                )
            }
            Self::NamelessAmount => say(
                "an amount has no name; give its column a heading".to_owned(),
                "ada nominal tanpa nama; beri judul pada kolomnya".to_owned(),
            ),
            Self::TooManyAmounts(most) => say(
                format!("the payout has more than {most} amounts; check that the right column is the order number"),
                format!(
                    "pencairan ini memuat lebih dari {most} nominal; periksa apakah kolom nomor pesanan sudah benar"
                ),
            ),
            Self::ImpossibleDay(_, day) => {
                let day = day.strftime("%d/%m/%Y");
                say(
                    format!("the day is {day}, but must be from 2000 to 2099; correct it"),
                    format!("tanggalnya {day}, padahal harus antara tahun 2000 dan 2099; perbaiki tanggalnya"),
                )
            }
            Self::FarAhead(_, day) => {
                let day = day.strftime("%d/%m/%Y");
                say(
                    format!("the day is {day}, more than {MOST_DAYS_AHEAD} days after today; correct it"),
                    format!(
                        "tanggalnya {day}, lebih dari {MOST_DAYS_AHEAD} hari setelah hari ini; perbaiki tanggalnya"
                    ),
                )
            }
        }
    }
}

impl From<Unusable> for String {
    fn from(unusable: Unusable) -> Self {
        unusable.for_programs()
    }
}

/// What a person calls a field.
fn named(field: &'static str, language: Language) -> &'static str {
    match (field, language) {
        ("source", Language::English) => "the source",
        ("source", Language::Indonesian) => "sumber",
        ("id", Language::English) => "the transaction ID",
        ("id", Language::Indonesian) => "ID transaksi",
        ("store_id", Language::English) => "the store ID",
        ("store_id", Language::Indonesian) => "ID toko",
        ("channel_order_id", Language::English) => "the order number",
        ("channel_order_id", Language::Indonesian) => "nomor pesanan",
        (NAME_OF_AN_AMOUNT, Language::Indonesian) => "nama biaya",
        (field, _) => field,
    }
}

/// What the name of an amount is called in messages.
pub const NAME_OF_AN_AMOUNT: &str = "the name of an amount";

/// Refuses a text that is too long to be one, or that no list could show.
pub fn check_text(name: &'static str, text: &str, most: usize) -> Result<(), Unusable> {
    if text.chars().count() > most {
        return Err(Unusable::TooLong(name, most));
    }
    if text.chars().any(char::is_control) {
        return Err(Unusable::ControlCharacter(name));
    }
    Ok(())
}

/// Refuses a day that is too far ahead.
pub fn check_not_far_ahead(name: &'static str, day: Date, today: Date) -> Result<(), Unusable> {
    let latest = today.saturating_add(jiff::Span::new().days(MOST_DAYS_AHEAD));
    if day > latest { Err(Unusable::FarAhead(name, day)) } else { Ok(()) }
}

/// Whether something can have happened on this day: the times of marketplaces begin after 2000, and an unknown time is
/// sometimes written as the year 1.
pub fn is_possible(day: Date) -> bool {
    (date(2000, 1, 1)..date(2100, 1, 1)).contains(&day)
}

fn not_a_day(name: &str, value: impl std::fmt::Display) -> String {
    let value: String = value.to_string().chars().take(LONGEST_SHOWN).collect();
    format!("{name}: {value:?} is not a day such as 2026-11-05")
}

/// A value as a message repeats it.
pub fn shown(value: &Value) -> String {
    value.to_string().chars().take(LONGEST_SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_reads_what_is_wrong_with_a_row_in_their_language() {
        for (unusable, english, indonesian) in [
            (Unusable::Empty("source"), "the source is missing; fill it in", "sumber kosong; isi nilainya"),
            (
                Unusable::TooLong("channel_order_id", 200),
                "the order number has more than 200 characters; check that the right column is chosen",
                "nomor pesanan lebih dari 200 karakter; periksa apakah kolom yang dipilih sudah benar",
            ),
            (
                Unusable::ControlCharacter(NAME_OF_AN_AMOUNT),
                "the name of an amount contains a line break or another control character; remove it",
                "nama biaya berisi ganti baris atau karakter kontrol lain; hapus karakter itu",
            ),
            (
                Unusable::NamelessAmount,
                "an amount has no name; give its column a heading",
                "ada nominal tanpa nama; beri judul pada kolomnya",
            ),
            (
                Unusable::TooManyAmounts(100),
                "the payout has more than 100 amounts; check that the right column is the order number",
                "pencairan ini memuat lebih dari 100 nominal; periksa apakah kolom nomor pesanan sudah benar",
            ),
            (
                Unusable::ImpossibleDay("paid_at", date(1999, 12, 31)),
                "the day is 31/12/1999, but must be from 2000 to 2099; correct it",
                "tanggalnya 31/12/1999, padahal harus antara tahun 2000 dan 2099; perbaiki tanggalnya",
            ),
            (
                Unusable::FarAhead("paid_at", date(2062, 11, 5)),
                "the day is 05/11/2062, more than 366 days after today; correct it",
                "tanggalnya 05/11/2062, lebih dari 366 hari setelah hari ini; perbaiki tanggalnya",
            ),
        ] {
            assert_eq!(unusable.in_words(Language::English), english);
            assert_eq!(unusable.in_words(Language::Indonesian), indonesian);
        }
    }
}
