//! Strict reading of a TOML document (settings or mapping) that reports all errors at once.
//!
//! Serde stops at the first error and loses its position. A person who edits a file wants all errors, each with its
//! key, its value and what to do.

use std::{cell::RefCell, collections::BTreeMap, fmt, ops::RangeInclusive};

use serde::Serialize;
use toml::{Table, Value};

/// One error in a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Its key, for example `stores."8277".book`.
    pub key: String,
    /// The value; absent when the key is missing or the value is a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What is wrong and what to do.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{} = {value}: {}", self.key, self.remedy),
            None => write!(f, "{}: {}", self.key, self.remedy),
        }
    }
}

/// Collects the errors of one document while its sections are read.
#[derive(Debug, Default)]
pub struct Problems(RefCell<Vec<Problem>>);

impl Problems {
    /// Records one error.
    pub fn add(&self, key: impl Into<String>, value: Option<String>, remedy: impl Into<String>) {
        self.0.borrow_mut().push(Problem { key: key.into(), value, remedy: remedy.into() });
    }

    /// All errors, in the order in which they were found.
    pub fn into_vec(self) -> Vec<Problem> {
        self.0.into_inner()
    }
}

/// One table of the document. [`Section::finish`] must be called: it reports unknown keys.
#[must_use = "finish() reports unknown keys"]
pub struct Section<'a> {
    path: String,
    table: &'a Table,
    problems: &'a Problems,
    known: RefCell<Vec<String>>,
}

impl<'a> Section<'a> {
    /// The document itself.
    pub fn root(table: &'a Table, problems: &'a Problems) -> Self {
        Self { path: String::new(), table, problems, known: RefCell::default() }
    }

    /// Full path of this section; empty for the document itself.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Full path of a key of this section, quoted where TOML needs it.
    pub fn path_of(&self, key: &str) -> String {
        path_within(&self.path, key)
    }

    /// The raw value of a key.
    pub fn value(&self, key: &str) -> Option<&'a Value> {
        self.known.borrow_mut().push(key.to_owned());
        self.table.get(key)
    }

    /// Records an error at a key of this section.
    pub fn problem(&self, key: &str, value: Option<&Value>, remedy: impl Into<String>) {
        self.problems.add(self.path_of(key), value.map(shown), remedy);
    }

    /// Records an error about a text at a full path.
    pub fn problem_at(&self, path: &str, value: &str, remedy: impl Into<String>) {
        self.problems.add(path, Some(shown(&Value::String(value.to_owned()))), remedy);
    }

    /// A text without leading and trailing white space. An empty text counts as absent.
    pub fn text(&self, key: &str) -> Option<String> {
        let value = self.value(key)?;
        self.as_text(key, value).filter(|text| !text.is_empty())
    }

    /// A secret text: never shown in a problem.
    pub fn secret(&self, key: &str) -> Option<String> {
        let Value::String(text) = self.value(key)? else {
            self.problem(key, None, "must be a text in quotes");
            return None;
        };
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// Whether this key has a text.
    pub fn is_text(&self, key: &str) -> bool {
        self.table.get(key).is_some_and(Value::is_str)
    }

    /// Secret texts: a list, or (from the environment) one text, separated by commas or written as a TOML list.
    pub fn secrets(&self, key: &str) -> Vec<String> {
        let texts = match self.value(key) {
            None => Vec::new(),
            Some(Value::Array(values)) => values.clone(),
            Some(Value::String(text)) => match format!("list = {text}").parse::<Table>() {
                Ok(table) if table["list"].is_array() => table["list"].as_array().cloned().unwrap_or_default(),
                _ => text.split(',').map(|part| Value::String(part.to_owned())).collect(),
            },
            Some(_) => vec![Value::Boolean(false)],
        };
        let mut secrets = Vec::new();
        for text in texts {
            match text {
                Value::String(text) if !text.trim().is_empty() => secrets.push(text.trim().to_owned()),
                _ => self.problem(key, None, "must be a list of texts, none empty: secrets = [\"…\"]"),
            }
        }
        secrets
    }

    /// A whole number; the environment gives it as a text.
    pub fn whole(&self, key: &'static str, allowed: RangeInclusive<i64>) -> Option<i64> {
        let value = self.value(key)?;
        let number = match value {
            Value::Integer(number) => Some(*number),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        let number = number.filter(|number| allowed.contains(number));
        if number.is_none() {
            let (least, most) = allowed.into_inner();
            self.problem(key, Some(value), format!("must be a whole number from {least} to {most}"));
        }
        number
    }

    /// True or false.
    pub fn flag(&self, key: &'static str, default: bool) -> bool {
        match self.value(key) {
            None => default,
            Some(Value::Boolean(flag)) => *flag,
            Some(value) => {
                self.problem(key, Some(value), "must be true or false, without quotes");
                default
            }
        }
    }

    /// One of several words; the first is the default.
    pub fn choice<T: Copy>(&self, key: &'static str, choices: &[(&str, T)]) -> T {
        let default = choices[0].1;
        let Some(value) = self.value(key) else { return default };
        let Some(text) = self.as_text(key, value) else { return default };
        if let Some((_, choice)) = choices.iter().find(|(word, _)| *word == text) {
            return *choice;
        }
        let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
        self.problem(key, Some(value), format!("must be one of {}{}", words.join(", "), did_you_mean(&text, &words)));
        default
    }

    /// A table inside this one.
    pub fn section(&self, key: &'static str) -> Option<Section<'a>> {
        let value = self.value(key)?;
        self.as_section(key, value)
    }

    /// A table whose keys are free names and whose values are tables.
    pub fn sections(&self, key: &'static str) -> Vec<(String, Section<'a>)> {
        let Some(outer) = self.section(key) else { return Vec::new() };
        let inner = outer.table.iter();
        inner.filter_map(|(name, value)| Some((name.clone(), outer.as_section(name, value)?))).collect()
    }

    /// A table whose keys are free names and whose values are texts that are not empty.
    pub fn texts(&self, key: &'static str) -> Option<BTreeMap<String, String>> {
        let outer = self.section(key)?;
        let mut texts = BTreeMap::new();
        for (name, value) in outer.table {
            let Some(text) = outer.as_text(name, value) else { continue };
            if text.is_empty() {
                outer.problem(name, Some(value), "is empty; give a value or remove the line");
            } else if texts.insert(name.trim().to_owned(), text).is_some() {
                let remedy = "appears twice, once with spaces around it; keep one of the two";
                outer.problem(name, Some(value), remedy);
            }
        }
        Some(texts)
    }

    /// Reports unknown keys, each with the nearest known one.
    pub fn finish(self) {
        let known = self.known.borrow();
        for (key, value) in self.table {
            if !known.contains(key) {
                let known: Vec<_> = known.iter().map(String::as_str).collect();
                let hint = did_you_mean(key, &known);
                // The value of a mistyped key may be a secret, so only its type is reported.
                self.problem(key, None, format!("is not a known setting (its value is {}){hint}", kind_of(value)));
            }
        }
    }

    fn as_text(&self, key: &str, value: &Value) -> Option<String> {
        if let Value::String(text) = value {
            if text.contains('\0') || key.contains('\0') {
                self.problem(key, None, "contains the character U+0000, which cannot be stored; remove it");
                return None;
            }
            return Some(text.trim().to_owned());
        }
        self.problem(key, Some(value), "must be a text in quotes");
        None
    }

    fn as_section(&self, key: &str, value: &'a Value) -> Option<Section<'a>> {
        let Value::Table(table) = value else {
            // A secret may have been written in the place of its table, so only the type is reported.
            let kind = kind_of(value);
            self.problem(key, None, format!("must be a table, not {kind}: write [{}]", self.path_of(key)));
            return None;
        };
        Some(Section { path: self.path_of(key), table, problems: self.problems, known: RefCell::default() })
    }
}

/// Full path of a key inside a section, quoted where TOML needs it.
pub fn path_within(section: &str, key: &str) -> String {
    let bare = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    let key = if bare && !key.bytes().all(|b| b.is_ascii_digit()) { key.to_owned() } else { format!("\"{key}\"") };
    if section.is_empty() { key } else { format!("{section}.{key}") }
}

/// How much two words resemble each other, whatever their case: at most 1; `None` if they are not near.
pub fn nearness(word: &str, other: &str) -> Option<f64> {
    let nearness = strsim::jaro_winkler(&word.to_lowercase(), &other.to_lowercase());
    (nearness > 0.8).then_some(nearness)
}

/// ` — did you mean "x"?` when one of the words is near, else nothing.
pub fn did_you_mean(word: &str, known: &[&str]) -> String {
    known
        .iter()
        .filter_map(|candidate| Some((nearness(word, candidate)?, candidate)))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| format!(" — did you mean {candidate:?}?"))
        .unwrap_or_default()
}

/// `a string`, `an integer`.
fn kind_of(value: &Value) -> String {
    let kind = value.type_str();
    let article = if kind.starts_with(['a', 'i']) { "an" } else { "a" };
    format!("{article} {kind}")
}

/// A value as TOML writes it, cut so that an error does not fill the screen.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 80 { text } else { text.chars().take(79).chain(['…']).collect() }
}

/// Where a document with secrets is not TOML. The parser's own words would quote the line, and a secret without quotes
/// is an error of this kind.
pub fn secret_syntax_problem(file: &str, text: &str, error: &toml::de::Error) -> Problem {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let (line, begins) = (before.matches('\n').count() + 1, before.rfind('\n').map_or(0, |at| at + 1));
    let column = before[begins..].chars().count() + 1;
    let remedy = format!(
        "is not valid TOML at line {line}, column {column}; the line is not shown, because it may contain a secret. \
         Check that texts are in quotes, for example key = \"text\", and that no key occurs twice"
    );
    Problem { key: file.to_owned(), value: None, remedy }
}

/// The words of a TOML syntax error, with line and column.
pub fn syntax_problem(file: &str, error: &toml::de::Error) -> Problem {
    // toml prints the line, the place and what it expected; that is the remedy.
    Problem { key: file.to_owned(), value: None, remedy: error.to_string().trim_end().to_owned() }
}
