//! Names and numbers that must not be mistaken for one another.

use std::{
    borrow::{Borrow, Cow},
    fmt,
};

use serde::{Deserialize, Serialize};

/// A stored webhook. With one database file, later arrivals have higher numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DeliveryId(pub i64);

/// A claim of a document: it counts every claim, so that the write of a late worker is recognised. It is not the number
/// of attempts that the timeline shows, which leaves out attempts that made no difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct AttemptNo(pub i64);

/// The name of a book, which is an Accurate database: `NAME` in `[books.NAME]` of the settings. Any text can be one;
/// whether the settings have such a book is known elsewhere.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BookName(Cow<'static, str>);

impl BookName {
    /// A name that is known when the program is compiled.
    pub const fn of(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// The name as the settings have it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for BookName {
    fn from(name: &str) -> Self {
        Self(Cow::Owned(name.to_owned()))
    }
}

impl From<String> for BookName {
    fn from(name: String) -> Self {
        Self(Cow::Owned(name))
    }
}

/// A map by book can be asked with a text, such as a part of an address.
impl Borrow<str> for BookName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// As messages quote it.
impl fmt::Debug for BookName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for BookName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The number of a document in Accurate: of an invoice, a receipt or a return, ours or another's. Empty only where it is
/// not known.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DocumentNumber(String);

impl DocumentNumber {
    /// The number as Accurate shows it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is not known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether two numbers name the same document: some databases change the case of letters.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self == other || self.0.to_lowercase() == other.0.to_lowercase()
    }
}

impl From<&str> for DocumentNumber {
    fn from(number: &str) -> Self {
        Self(number.to_owned())
    }
}

impl From<String> for DocumentNumber {
    fn from(number: String) -> Self {
        Self(number)
    }
}

/// As messages quote it.
impl fmt::Debug for DocumentNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for DocumentNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for AttemptNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_book_is_stored_and_shown_by_its_plain_name() {
        let books = BTreeMap::from([(BookName::from("main"), BookName::of("second"))]);
        let stored = serde_json::to_string(&books).expect("JSON");
        assert_eq!(stored, r#"{"main":"second"}"#);
        assert_eq!(serde_json::from_str::<BTreeMap<BookName, BookName>>(&stored).expect("our own JSON"), books);
        assert_eq!(books["main"].to_string(), "second");
    }

    #[test]
    fn a_document_is_stored_and_shown_by_its_plain_number() {
        let number = DocumentNumber::from("INV-1/R1");
        let stored = serde_json::to_string(&number).expect("JSON");
        assert_eq!(stored, r#""INV-1/R1""#);
        assert_eq!(serde_json::from_str::<DocumentNumber>(&stored).expect("our own JSON"), number);
        assert_eq!(number.to_string(), "INV-1/R1");
    }

    #[test]
    fn a_database_may_change_the_case_of_a_number_but_not_its_text() {
        let number = DocumentNumber::from("INV-1");
        assert!(number.is_same_as(&"inv-1".into()) && number != "inv-1".into());
        assert!(!number.is_same_as(&"INV-10".into()));
    }
}
