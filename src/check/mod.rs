//! Finds problems before they block an order: settings, database, clock, credentials, rights, and the mapping compared
//! with Accurate's masters and with waiting orders. Every finding says what to do.

mod book;
mod masters;
mod orders;

use serde::Serialize;

use crate::domain::reason::Language;

pub use self::{
    book::{check_access, check_book, try_missing, try_rights},
    orders::{MOST_ORDERS, check_orders, items_of, read_orders},
};

/// Severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Invoices cannot be created, or not all of them.
    Error,
    /// Invoices can be created, but a person should check something.
    Warning,
    /// Checked without a problem.
    Ok,
}

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The severity.
    pub severity: Severity,
    /// What was checked, for example `book main` or `accounts.shipping`.
    pub part: String,
    /// What was found.
    pub found: String,
    /// What to do; empty if nothing needs to be done.
    pub remedy: String,
    /// The same texts in Indonesian.
    #[serde(skip)]
    indonesian: Option<Words>,
}

/// What was found and what to do, in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// What was found.
    pub found: String,
    /// What to do; empty if nothing needs to be done.
    pub remedy: String,
}

impl Finding {
    /// Without a problem.
    pub fn ok(part: impl Into<String>, found: impl Into<String>) -> Self {
        Self { severity: Severity::Ok, part: part.into(), found: found.into(), remedy: String::new(), indonesian: None }
    }

    /// A person should check something.
    pub fn warning(part: impl Into<String>, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            part: part.into(),
            found: found.into(),
            remedy: remedy.into(),
            indonesian: None,
        }
    }

    /// Prevents invoices.
    pub fn error(part: impl Into<String>, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            part: part.into(),
            found: found.into(),
            remedy: remedy.into(),
            indonesian: None,
        }
    }

    /// Adds the texts in Indonesian.
    #[must_use]
    fn indonesian(self, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { indonesian: Some(Words { found: found.into(), remedy: remedy.into() }), ..self }
    }

    /// What was found and what to do. Findings that only the command line shows are in English.
    pub fn in_words(&self, language: Language) -> Words {
        match &self.indonesian {
            Some(words) if language == Language::Indonesian => words.clone(),
            _ => Words { found: self.found.clone(), remedy: self.remedy.clone() },
        }
    }
}
