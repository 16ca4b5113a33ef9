//! Amounts as payout files write them: `1.234.567,89`, `1,234,567.89`, `-12.000`, `(12.000)`, `Rp12.000`.

use crate::domain::money::Rupiah;

/// What separates thousands and decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    /// `1.234.567,89`.
    Indonesian,
    /// `1,234,567.89`.
    English,
}

/// What a text can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// No amount: nothing, or a dash.
    Nothing,
    /// The same amount in both notations.
    Plain(Rupiah),
    /// An amount in one notation only.
    Only(Notation, Rupiah),
    /// Two different amounts: `12.000`.
    Either {
        /// In Indonesian notation.
        indonesian: Rupiah,
        /// In English notation.
        english: Rupiah,
    },
    /// Something else.
    NoAmount,
}

impl Written {
    /// Looks at a text.
    pub fn of(text: &str) -> Self {
        let text = text.trim();
        if text.is_empty() || text.chars().all(|letter| matches!(letter, '-' | '–' | '—')) {
            return Self::Nothing;
        }
        let Some((sign, digits)) = unsigned(text) else { return Self::NoAmount };
        let read = |thousands, decimals| amount(sign, &digits, thousands, decimals);
        match (read('.', ','), read(',', '.')) {
            (Some(one), Some(other)) if one == other => Self::Plain(one),
            (Some(indonesian), Some(english)) => Self::Either { indonesian, english },
            (Some(amount), None) => Self::Only(Notation::Indonesian, amount),
            (None, Some(amount)) => Self::Only(Notation::English, amount),
            (None, None) => Self::NoAmount,
        }
    }

    /// Whether it is an amount as people write it: three digits behind a separator are thousands, not decimals.
    pub fn is_usual_in(self, notation: Notation) -> bool {
        match (self, notation) {
            (Self::Either { indonesian, english }, Notation::Indonesian) => is_larger(indonesian, english),
            (Self::Either { indonesian, english }, Notation::English) => is_larger(english, indonesian),
            _ => self.amount(Some(notation)).is_some(),
        }
    }

    /// The amount in this notation; without one, only if there is no doubt.
    pub fn amount(self, notation: Option<Notation>) -> Option<Rupiah> {
        match (self, notation) {
            (Self::Plain(amount), _) => Some(amount),
            (Self::Only(one, amount), _) if notation.is_none_or(|notation| notation == one) => Some(amount),
            (Self::Either { indonesian, .. }, Some(Notation::Indonesian)) => Some(indonesian),
            (Self::Either { english, .. }, Some(Notation::English)) => Some(english),
            _ => None,
        }
    }
}

fn is_larger(one: Rupiah, other: Rupiah) -> bool {
    one.decimal().abs() > other.decimal().abs()
}

/// `-` if it is negative, and the number without sign, currency and spaces.
fn unsigned(text: &str) -> Option<(&'static str, String)> {
    let mut text: String = text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>().to_lowercase();
    let mut negative = 0;
    if let Some(inner) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
        (text, negative) = (inner.to_owned(), 1);
    }
    // The sign stands before or behind the currency, or behind the number.
    for _ in 0..2 {
        for sign in ['-', '−', '+'] {
            if let Some(rest) = text.strip_prefix(sign).or_else(|| text.strip_suffix(sign)) {
                (text, negative) = (rest.to_owned(), negative + i32::from(sign != '+'));
                break;
            }
        }
        let currency = ["rp.", "rp", "idr"].into_iter().find(|currency| text.starts_with(currency));
        text.drain(..currency.map_or(0, str::len));
    }
    let is_number = text.starts_with(|letter: char| letter.is_ascii_digit()) && negative <= 1;
    is_number.then_some((if negative == 1 { "-" } else { "" }, text))
}

/// A number whose thousands, if they are separated at all, are separated everywhere; `sign` is `-` or empty.
fn amount(sign: &str, digits: &str, thousands: char, decimals: char) -> Option<Rupiah> {
    let (whole, fraction) = digits.split_once(decimals).unwrap_or((digits, "0"));
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let groups: Vec<_> = whole.split(thousands).collect();
    let first = groups.first()?;
    let is_grouped = first.len() <= 3 && !first.starts_with('0') && groups[1..].iter().all(|group| group.len() == 3);
    if !groups.iter().all(|group| all_digits(group)) || !all_digits(fraction) || (groups.len() > 1 && !is_grouped) {
        return None;
    }
    Rupiah::parse(&format!("{sign}{}.{fraction}", groups.concat())).ok()
}

/// Which notation the texts of a column are in.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    indonesian: Option<(u64, String)>,
    english: Option<(u64, String)>,
    either: Option<(u64, String)>,
}

/// What the texts of a column say about their notation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every text is the same in both.
    NoMatter,
    /// They are all in this one.
    Is(Notation),
    /// Each text can be in both: the first one, with its line.
    Open(u64, String),
    /// One is Indonesian, another English: the later of the first two, with its line.
    Contradiction(u64, String),
}

impl Evidence {
    /// Adds a text of this line.
    pub fn add(&mut self, line: u64, text: &str) {
        let place = match Written::of(text) {
            Written::Only(Notation::Indonesian, _) => &mut self.indonesian,
            Written::Only(Notation::English, _) => &mut self.english,
            Written::Either { .. } => &mut self.either,
            Written::Nothing | Written::Plain(_) | Written::NoAmount => return,
        };
        place.get_or_insert_with(|| (line, text.to_owned()));
    }

    /// What they say together.
    pub fn verdict(&self) -> Verdict {
        match (&self.indonesian, &self.english, &self.either) {
            (Some(one), Some(other), _) => {
                let (line, text) = one.max(other).clone();
                Verdict::Contradiction(line, text)
            }
            (Some(_), None, _) => Verdict::Is(Notation::Indonesian),
            (None, Some(_), _) => Verdict::Is(Notation::English),
            (None, None, Some((line, text))) => Verdict::Open(*line, text.clone()),
            (None, None, None) => Verdict::NoMatter,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_in_the_notation_of_its_file() {
        for (text, indonesian, english) in [
            ("1.234.567,89", "1234567.89", ""),
            ("1,234,567.89", "", "1234567.89"),
            ("-12.000", "-12000", "-12"),
            ("(12.000)", "-12000", "-12"),
            ("Rp 12.000", "12000", "12"),
            ("-Rp12,000", "-12", "-12000"),
            ("Rp. -12.000,00", "-12000", ""),
            ("IDR 5000-", "-5000", "-5000"),
            ("\u{2212}5000", "-5000", "-5000"),
            ("0,125", "0.125", ""),
            ("12.0000", "", "12"),
            ("1.2345.678", "", ""),
            ("138000", "138000", "138000"),
            ("--5", "", ""),
            ("(-5)", "", ""),
            ("5 pcs", "", ""),
            ("=1+1", "", ""),
            ("99999999999999", "", ""),
        ] {
            let read = |notation| Written::of(text).amount(Some(notation)).map(|amount| amount.to_string());
            let both = [Notation::Indonesian, Notation::English].map(|one| read(one).unwrap_or_default());
            assert_eq!(both, [indonesian, english], "{text:?}");
        }
        for text in ["", " ", "-", "–"] {
            assert_eq!(Written::of(text), Written::Nothing);
        }
        assert_eq!(Written::of("12.000").amount(None), None, "it is not guessed");
    }

    #[test]
    fn one_clear_amount_settles_the_notation_of_a_column() {
        let verdict = |texts: &[&str]| {
            let mut evidence = Evidence::default();
            texts.iter().zip(2..).for_each(|(text, line)| evidence.add(line, text));
            evidence.verdict()
        };
        assert_eq!(verdict(&["12.000", "1.500.000"]), Verdict::Is(Notation::Indonesian));
        assert_eq!(verdict(&["12.000", "12.50", "-"]), Verdict::Is(Notation::English));
        assert_eq!(verdict(&["100", "", "n/a"]), Verdict::NoMatter);
        assert_eq!(verdict(&["500", "12.000", "9.000"]), Verdict::Open(3, "12.000".to_owned()));
        assert_eq!(verdict(&["1.500.000", "12.50"]), Verdict::Contradiction(3, "12.50".to_owned()));
    }
}
