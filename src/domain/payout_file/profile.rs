//! Profiles: what the columns of one kind of payout file contain. A profile is a TOML file that a seller can edit.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::{days::DayOrder, numbers::Notation};
use crate::domain::{
    import::columns::Choice,
    reason::Language,
    toml_text::{Problem, Problems, Section, syntax_problem},
};

/// The profiles that come with the program, by name.
pub const BUILT_IN: [(&str, &str); 6] = [
    ("generic", include_str!("../../../profiles/generic.toml")),
    ("forstok", include_str!("../../../profiles/forstok.toml")),
    ("shopee-income", include_str!("../../../profiles/shopee-income.toml")),
    ("shopee-wallet", include_str!("../../../profiles/shopee-wallet.toml")),
    ("tiktok-tokopedia", include_str!("../../../profiles/tiktok-tokopedia.toml")),
    ("lazada", include_str!("../../../profiles/lazada.toml")),
];

/// What a column can contain beside amounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Content {
    /// The marketplace's order number.
    Order,
    /// The file's own id of a row, by which the same row is recognised in another file.
    Transaction,
    /// The statement that the row belongs to.
    Statement,
    /// What kind of row it is.
    Kind,
    /// The day on which the money arrived.
    PaidAt,
    /// The money that arrived; with a row for each fee, the money of this row.
    Net,
    /// Forstok's store id.
    Store,
    /// With a row for each fee: its name.
    Fee,
}

impl Content {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::Order, Self::Transaction, Self::Statement, Self::Kind, Self::PaidAt, Self::Net, Self::Store, Self::Fee];

    /// The profile's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Transaction => "transaction",
            Self::Statement => "statement",
            Self::Kind => "kind",
            Self::PaidAt => "paid_at",
            Self::Net => "net",
            Self::Store => "store",
            Self::Fee => "fee",
        }
    }
}

/// What one row of the file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// A payout, with its amounts in columns.
    Payout,
    /// One amount of a payout: the rows of one order and one statement are one payout.
    Fee,
}

/// A column with an amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    /// The name under which it is recorded.
    pub fee: String,
    /// Its headings; the first that exists counts.
    pub headings: Vec<String>,
    /// Whether the file writes what is taken as a positive number.
    pub is_reversed: bool,
    /// If the file has all these other amounts, they already contain it, and it is not added again.
    pub unless: Vec<String>,
}

/// What a kind of payout file contains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// What it is for, in English.
    pub title: String,
    /// The same in Indonesian; empty if the profile says it in one language only.
    pub title_indonesian: String,
    /// The source of its payouts, with the row's id their key.
    pub source: String,
    /// Whether it was tried with a real file.
    pub is_proven: bool,
    /// The name of its sheet; without one, the first sheet that has the headings.
    pub sheet: Option<String>,
    /// What a row is.
    pub rows: Rows,
    /// How its numbers are written; without one, the file itself must show it.
    pub numbers: Option<Notation>,
    /// How a person said that numbers of an earlier file were written: counts where this file leaves it open.
    pub numbers_before: Option<Notation>,
    /// How its days are written.
    pub days: DayOrder,
    /// The store of all its rows; empty if a column says it, or nothing does.
    pub store_id: String,
    /// Headings of each content. The first that is not empty in a row counts.
    pub columns: BTreeMap<Content, Vec<String>>,
    /// The columns with amounts.
    pub amounts: Vec<Amount>,
    /// Columns that are not needed, with the reason.
    pub ignored: BTreeMap<String, String>,
    /// With a row for each fee: under which name it is recorded; `net` is the payout itself, which is no fee.
    pub fees: BTreeMap<String, String>,
    /// Kinds (or fees) of rows that are not payouts, with the reason.
    pub skipped: BTreeMap<String, String>,
}

/// The fee name of the payout itself.
pub const NET: &str = "net";

impl Profile {
    /// Reads a profile and reports every error.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let table = text.parse::<Table>().map_err(|error| vec![syntax_problem(file, &error)])?;
        let problems = Problems::default();
        let root = Section::root(&table, &problems);
        let profile = Self {
            title: root.text("title").unwrap_or_default(),
            title_indonesian: root.text("title_indonesian").unwrap_or_default(),
            source: root.text("source").unwrap_or_default(),
            is_proven: root.flag("proven", false),
            sheet: root.text("sheet"),
            rows: root.choice("rows", &[("payout", Rows::Payout), ("fee", Rows::Fee)]),
            numbers: root.choice("numbers", &NOTATIONS),
            numbers_before: None,
            days: root.choice("dates", &DAY_ORDERS),
            store_id: root.text("store_id").unwrap_or_default(),
            columns: read_columns(&root),
            amounts: read_amounts(&root),
            ignored: root.texts("ignored").unwrap_or_default(),
            fees: root.texts("fees").unwrap_or_default(),
            skipped: root.texts("skipped").unwrap_or_default(),
        };
        profile.report_gaps(&root);
        root.finish();
        let problems = problems.into_vec();
        if problems.is_empty() { Ok(profile) } else { Err(problems) }
    }

    fn report_gaps(&self, root: &Section<'_>) {
        if self.source.is_empty() {
            root.problem("source", None, "is missing; name where the payouts come from, for example \"shopee\"");
        }
        for content in self.needed() {
            if !self.columns.contains_key(&content) {
                let remedy = format!("lacks {}; list the headings of this column", content.as_str());
                root.problem("columns", None, remedy);
            }
        }
        if self.rows == Rows::Fee && !self.amounts.is_empty() {
            root.problem("amounts", None, "has no meaning with rows = \"fee\": columns.net is the amount of each row");
        }
    }

    /// What it is for, in words.
    pub fn title_in(&self, language: Language) -> &str {
        match language {
            Language::Indonesian if !self.title_indonesian.is_empty() => &self.title_indonesian,
            Language::Indonesian | Language::English => &self.title,
        }
    }

    /// The columns without which a file cannot be read.
    pub fn needed(&self) -> Vec<Content> {
        let mut needed = vec![Content::Order, Content::PaidAt];
        match self.rows {
            Rows::Fee => needed.extend([Content::Net, Content::Fee]),
            // Without it, the money that arrived is the sum of the amounts.
            Rows::Payout if self.amounts.is_empty() => needed.push(Content::Net),
            Rows::Payout => {}
        }
        needed
    }

    /// With what a person chose instead.
    #[must_use]
    pub fn with(mut self, choice: &Choice) -> Self {
        let chosen = amounts_in(choice);
        if !chosen.is_empty() {
            self.amounts = chosen;
        }
        self.with_columns(choice)
    }

    /// As [`Profile::with`], but the amounts that are not named stay as they are.
    #[must_use]
    pub fn with_more(mut self, choice: &Choice) -> Self {
        let chosen = amounts_in(choice);
        let replaces =
            |one: &Amount, before: &Amount| one.fee == before.fee || before.headings.contains(&one.headings[0]);
        self.amounts.retain(|before| !chosen.iter().any(|one| replaces(one, before)));
        self.amounts.extend(chosen);
        self.with_columns(choice)
    }

    /// The notation is that of an earlier file, not of this one.
    #[must_use]
    pub fn with_numbers_of_before(self) -> Self {
        Self { numbers: None, numbers_before: self.numbers, ..self }
    }

    fn with_columns(mut self, choice: &Choice) -> Self {
        for content in Content::ALL {
            if let Some(heading) = choice.get(content.as_str()) {
                self.columns.insert(content, vec![heading.clone()]);
            }
        }
        let word = |key: &str| choice.get(key).map(String::as_str);
        let of_words =
            |words: &[(&str, Option<Notation>)], word| words.iter().find(|one| one.0 == word).map(|one| one.1);
        self.numbers = word("numbers").and_then(|word| of_words(&NOTATIONS, word)).unwrap_or(self.numbers);
        if let Some((_, order)) = DAY_ORDERS.iter().find(|(order, _)| Some(*order) == word("dates")) {
            self.days = *order;
        }
        if let Some(source) = word("source") {
            source.clone_into(&mut self.source);
        }
        self
    }
}

/// The amounts that were chosen.
fn amounts_in(choice: &Choice) -> Vec<Amount> {
    choice.iter().filter_map(|(key, heading)| Amount::chosen(key, heading)).collect()
}

/// The words for [`Notation`].
pub const NOTATIONS: [(&str, Option<Notation>); 3] =
    [("auto", None), ("id", Some(Notation::Indonesian)), ("en", Some(Notation::English))];

/// The words for [`DayOrder`].
pub const DAY_ORDERS: [(&str, DayOrder); 2] = [("dmy", DayOrder::DayMonth), ("mdy", DayOrder::MonthDay)];

impl Amount {
    /// `amount.NAME` for a column whose signs are the seller's, `taken.NAME` for one that writes what is taken as a
    /// positive number.
    fn chosen(key: &str, heading: &str) -> Option<Self> {
        let (sign, fee) = key.split_once('.')?;
        let is_reversed = match sign {
            "amount" => false,
            "taken" => true,
            _ => return None,
        };
        let (fee, headings) = (fee.to_owned(), vec![heading.to_owned()]);
        Some(Self { fee, headings, is_reversed, unless: Vec::new() })
    }
}

fn read_columns(root: &Section<'_>) -> BTreeMap<Content, Vec<String>> {
    let Some(section) = root.section("columns") else { return BTreeMap::new() };
    let columns = Content::ALL.into_iter().filter_map(|content| {
        let headings = headings(&section, content.as_str());
        (!headings.is_empty()).then_some((content, headings))
    });
    let columns = columns.collect();
    section.finish();
    columns
}

fn read_amounts(root: &Section<'_>) -> Vec<Amount> {
    let mut amounts = Vec::new();
    for (fee, section) in root.sections("amounts") {
        let amount = Amount {
            fee: fee.trim().to_owned(),
            headings: headings(&section, "columns"),
            is_reversed: section.choice("sign", &[("as_is", false), ("reversed", true)]),
            unless: headings(&section, "unless"),
        };
        if amount.headings.is_empty() {
            section.problem("columns", None, "is missing; list the headings of this column");
        }
        section.finish();
        amounts.push(amount);
    }
    amounts
}

/// One heading or several.
fn headings(section: &Section<'_>, key: &str) -> Vec<String> {
    let values = match section.value(key) {
        None => return Vec::new(),
        Some(Value::Array(values)) => values.clone(),
        Some(value) => vec![value.clone()],
    };
    let texts: Vec<_> = values.iter().filter_map(Value::as_str).map(|text| text.trim().to_owned()).collect();
    if texts.len() < values.len() || texts.iter().any(String::is_empty) {
        section.problem(key, section.value(key), "must be a heading in quotes, or a list of them, none empty");
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_profiles_can_be_read_and_guesses_are_marked() {
        for (name, text) in BUILT_IN {
            let profile = Profile::parse(name, text).unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
            assert!(!profile.title.is_empty() && !profile.title_indonesian.is_empty(), "{name}");
            assert_eq!(profile.is_proven, name == "generic", "{name}: no real file was seen yet");
        }
    }

    #[test]
    fn every_error_of_a_profile_is_reported() {
        let text = "rows = \"fees\"\n[columns]\norder = \"\"\npaid = \"Date\"\n[amounts.fee]\nsign = \"minus\"\n";
        let problems: Vec<_> =
            Profile::parse("p.toml", text).expect_err("wrong").iter().map(ToString::to_string).collect();
        for words in
            ["rows", "columns.order", "columns.paid", "amounts.fee.sign", "amounts.fee.columns", "source", "paid_at"]
        {
            assert!(problems.iter().any(|problem| problem.contains(words)), "{words} is not in {problems:#?}");
        }
    }
}
