//! Amounts in rupiah: exact decimal numbers, never floats.

use std::{
    fmt,
    iter::Sum,
    ops::{Add, Mul, Sub},
};

use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Accurate stores up to six decimal places (accurate.md §3, B).
const PLACES: u32 = 6;

/// Largest amount that is accepted, in rupiah.
///
/// A trillion exceeds any order. The limit keeps every sum and product within the exact range of a decimal.
const LARGEST: i64 = 1_000_000_000_000;

/// An amount in rupiah.
///
/// Displayed and serialised as a plain exact number: `24500.5`, never `24500.500000000004` or `2.45005e4`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rupiah(Decimal);

/// Why a text is not an amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnAmount {
    /// It is not a number such as `24500`, `24500.50` or `2.45e4`.
    #[error("is not a number such as 24500 or 24500.50")]
    NotANumber,
    /// It is above a trillion rupiah, or below minus a trillion.
    #[error("is beyond 1000000000000")]
    TooLarge,
    /// It has one dot followed by exactly three digits.
    #[error("is ambiguous: the dot may separate thousands or decimals")]
    Ambiguous,
}

impl Rupiah {
    /// Zero rupiah.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// Whether it is nothing.
    pub fn is_zero(&self) -> bool {
        self.0.is_zero()
    }

    /// Parses `24500`, `"24500.50"` or `2.45e4`. Digits after the sixth place are floating-point noise and are rounded
    /// off.
    pub fn parse(text: &str) -> Result<Self, NotAnAmount> {
        let number = number(text).ok_or(NotAnAmount::NotANumber)?;
        if number.abs() > Decimal::from(LARGEST) {
            return Err(NotAnAmount::TooLarge);
        }
        Ok(Self(number.round_dp(PLACES).normalize()))
    }

    /// Like [`Rupiah::parse`], for a number that was sent as a text. In Indonesia `10.000` may mean ten thousand
    /// rupiah, but a computer reads ten, so a text with one dot followed by exactly three digits is refused.
    pub fn parse_text(text: &str) -> Result<Self, NotAnAmount> {
        let amount = Self::parse(text)?;
        let is_ambiguous = text
            .trim()
            .split_once('.')
            .is_some_and(|(_, behind)| behind.len() == 3 && behind.bytes().all(|byte| byte.is_ascii_digit()));
        // Zero is unambiguous.
        if is_ambiguous && amount != Self::ZERO { Err(NotAnAmount::Ambiguous) } else { Ok(amount) }
    }

    /// Whether this text, from which it was parsed, says exactly this amount: nothing was rounded off.
    pub fn is_exactly(self, text: &str) -> bool {
        let (digits, _) = text.trim().split_once(['e', 'E']).unwrap_or((text.trim(), ""));
        // A decimal has 28 digits; more are rounded off while they are read.
        Decimal::from_str_exact(digits).is_ok() && number(text) == Some(self.0)
    }

    /// A whole number of rupiah.
    pub fn whole(rupiah: i64) -> Self {
        Self(Decimal::from(rupiah))
    }

    /// The amount as a decimal number.
    pub fn decimal(self) -> Decimal {
        self.0
    }

    /// From the result of decimal arithmetic on amounts.
    pub fn from_decimal(number: Decimal) -> Self {
        Self(number.normalize())
    }

    /// In Indonesian notation: `Rp1.234.567`, `-Rp500`, `Rp24.500,50`.
    pub fn in_words(self) -> String {
        let text = self.0.abs().normalize().to_string();
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let mut shown = String::from(if self.0.is_sign_negative() && !self.0.is_zero() { "-Rp" } else { "Rp" });
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place).is_multiple_of(3) {
                shown.push('.');
            }
            shown.push(digit);
        }
        match fraction.len() {
            0 => {}
            1 => shown.extend([",", fraction, "0"]),
            _ => shown.extend([",", fraction]),
        }
        shown
    }

    /// As the database adds it up; what is finer than a hundredth of a rupiah is rounded.
    pub fn hundredths(self) -> i64 {
        (self.0 * Decimal::ONE_HUNDRED).round().to_i64().unwrap_or_default()
    }

    /// So many hundredths of a rupiah.
    pub fn from_hundredths(hundredths: i64) -> Self {
        Self::from_decimal(Decimal::new(hundredths, 2))
    }

    /// Whether both differ by less than one rupiah.
    pub fn is_within_a_rupiah_of(self, other: Self) -> bool {
        (self.0 - other.0).abs() < Decimal::ONE
    }

    /// Whether the amount is greater than zero.
    pub fn is_positive(self) -> bool {
        self.0 > Decimal::ZERO
    }
}

impl fmt::Display for Rupiah {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.normalize().fmt(f)
    }
}

impl Add for Rupiah {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Rupiah {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Mul<Decimal> for Rupiah {
    type Output = Self;
    fn mul(self, times: Decimal) -> Self {
        Self(self.0 * times)
    }
}

impl Sum for Rupiah {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl Serialize for Rupiah {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        exact_number(self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Rupiah {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        // Sums of a large order may exceed the limit for parsed amounts, so the limit is not applied here.
        let decimal = number.to_string().parse::<Decimal>().map_err(de::Error::custom)?;
        Ok(Self::from_decimal(decimal))
    }
}

/// The number in a text, in plain or scientific notation.
fn number(text: &str) -> Option<Decimal> {
    let text = text.trim();
    text.parse().or_else(|_| Decimal::from_scientific(text)).ok()
}

/// A decimal as a JSON number with exactly its digits.
pub fn exact_number(number: Decimal) -> serde_json::Number {
    number.normalize().to_string().parse().expect("a printed decimal is a JSON number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_rupiahs_go_out_as_exact_json_numbers() {
        let amount = Rupiah::parse("24500.50").expect("an amount");
        assert_eq!(serde_json::to_string(&amount).expect("json"), "24500.5");
        assert_eq!(serde_json::from_str::<Rupiah>("24500.5").expect("amount"), amount);
    }

    #[test]
    fn money_is_shown_as_indonesians_write_it() {
        let shown = |text: &str| Rupiah::parse(text).expect("an amount").in_words();
        assert_eq!(
            ["0", "950", "80000", "1234567", "-500", "24500.5", "0.125"].map(shown),
            ["Rp0", "Rp950", "Rp80.000", "Rp1.234.567", "-Rp500", "Rp24.500,50", "Rp0,125"]
        );
    }

    #[test]
    fn float_noise_is_rounded_off() {
        assert_eq!(Rupiah::parse("24500.500000000004").expect("an amount").to_string(), "24500.5");
    }

    #[test]
    fn an_amount_that_was_rounded_can_be_told_from_an_exact_one() {
        let is_exact = |text: &str| Rupiah::parse(text).expect("an amount").is_exactly(text);
        for text in ["24500", "24500.50", " 0.123456 ", "-0.1234560", "2.45e4", "1.5e-5", "0", "-0.0"] {
            assert!(is_exact(text), "{text}");
        }
        let longer_than_a_decimal = format!("1.{}1", "0".repeat(40));
        for text in ["0.1234567", "-12000.0000001", "1e-7", "24500.500000000004", &longer_than_a_decimal] {
            assert!(!is_exact(text), "{text}");
        }
    }

    #[test]
    fn large_and_odd_texts_are_refused_with_the_reason() {
        assert_eq!(Rupiah::parse("1e13"), Err(NotAnAmount::TooLarge));
        assert_eq!(Rupiah::parse("Rp 5"), Err(NotAnAmount::NotANumber));
        assert_eq!(Rupiah::parse("24.500,50"), Err(NotAnAmount::NotANumber));
        assert_eq!(Rupiah::parse("2.45e4"), Ok(Rupiah::whole(24500)));
    }

    #[test]
    fn a_text_that_may_mean_thousands_is_not_an_amount() {
        for text in ["10.000", "-1.500", " 24.500 "] {
            assert_eq!(Rupiah::parse_text(text), Err(NotAnAmount::Ambiguous), "{text}");
        }
        for (text, rupiah) in [("10.00", 10), ("10000", 10_000), ("10.0000", 10), ("0.000", 0), ("1.0e3", 1000)] {
            assert_eq!(Rupiah::parse_text(text), Ok(Rupiah::whole(rupiah)), "{text}");
        }
        assert_eq!(Rupiah::parse("10.000"), Ok(Rupiah::whole(10)), "a JSON number says what it means");
    }
}
