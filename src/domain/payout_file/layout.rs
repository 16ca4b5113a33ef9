//! Where the columns of a profile are in a file.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    numbers::{Evidence, Notation, Verdict, Written},
    profile::{Content, Profile},
    wrong::{Why, Wrong},
};
use crate::{
    domain::{
        import::columns::{Choice, key_of},
        money::Rupiah,
    },
    spreadsheet::Cell,
};

/// Words that name a column by its letter: `column P`.
const BY_LETTER: &str = "column ";

/// Where the columns of a profile are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The headings as the file writes them.
    pub headings: Vec<String>,
    columns: BTreeMap<Content, Vec<usize>>,
    pub(super) amounts: Vec<Place>,
    ignored: BTreeSet<usize>,
    notations: BTreeMap<usize, Notation>,
}

/// Where an amount is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) column: usize,
    pub(super) fee: String,
    pub(super) is_reversed: bool,
}

impl Layout {
    /// The columns below these headings; what is missing if they are not the profile's.
    pub fn of(profile: &Profile, cells: &[Cell]) -> Result<Self, Vec<Content>> {
        let headings: Vec<_> = cells.iter().map(Cell::text).collect();
        let keys: Vec<_> = headings.iter().map(|heading| key_of(heading)).collect();
        let place = |heading: &str| place(&keys, heading);
        let places = |headings: &Vec<String>| headings.iter().filter_map(|heading| place(heading)).collect::<Vec<_>>();
        let columns: BTreeMap<_, _> =
            profile.columns.iter().map(|(content, headings)| (*content, places(headings))).collect();
        let found: Vec<_> = profile
            .amounts
            .iter()
            .filter_map(|amount| Some((amount, amount.headings.iter().find_map(|heading| place(heading))?)))
            .collect();
        let is_found = |fee: &String| found.iter().any(|(amount, _)| amount.fee == *fee);
        let (contained, amounts): (Vec<_>, Vec<_>) = found
            .iter()
            .copied()
            .partition(|(amount, _)| !amount.unless.is_empty() && amount.unless.iter().all(is_found));
        let ignored = profile.ignored.keys().filter_map(|heading| place(heading));
        let ignored = ignored.chain(contained.iter().map(|(_, column)| *column)).collect();
        let amounts: Vec<_> = amounts
            .into_iter()
            .map(|(amount, column)| Place { column, fee: amount.fee.clone(), is_reversed: amount.is_reversed })
            .collect();
        let has = |content: &Content| columns.get(content).is_some_and(|places| !places.is_empty());
        let mut missing: Vec<_> = profile.needed().into_iter().filter(|content| !has(content)).collect();
        if amounts.is_empty() && !has(&Content::Net) && !missing.contains(&Content::Net) {
            missing.push(Content::Net);
        }
        let layout = Self { headings, columns, amounts, ignored, notations: BTreeMap::new() };
        if missing.is_empty() { Ok(layout) } else { Err(missing) }
    }

    /// How many of these headings the profile names.
    pub fn named_in(profile: &Profile, cells: &[Cell]) -> usize {
        let amounts = profile.amounts.iter().flat_map(|amount| &amount.headings);
        let named = profile.columns.values().flatten().chain(amounts).chain(profile.ignored.keys());
        let named: BTreeSet<_> = named.map(|heading| key_of(heading)).collect();
        cells.iter().filter(|cell| !cell.is_blank() && named.contains(&key_of(&cell.text()))).count()
    }

    /// The columns that are read, as if a person had chosen them.
    pub fn choice(&self) -> Choice {
        let heading = |at: usize| self.headings[at].clone();
        let columns = self.columns.iter().filter_map(|(content, places)| Some((content, places.first()?)));
        let columns = columns.map(|(content, at)| (content.as_str().to_owned(), heading(*at)));
        let amounts = self.amounts.iter().map(|place| {
            let sign = if place.is_reversed { "taken" } else { "amount" };
            (format!("{sign}.{}", place.fee), heading(place.column))
        });
        columns.chain(amounts).collect()
    }

    /// Whether the file has this heading.
    pub fn has_heading(&self, heading: &str) -> bool {
        let keys: Vec<_> = self.headings.iter().map(|heading| key_of(heading)).collect();
        place(&keys, heading).is_some()
    }

    /// The first value of this content in a row, with its column.
    pub(super) fn first<'a>(&self, content: Content, cells: &'a [Cell]) -> Option<(usize, &'a Cell)> {
        self.filled(content, cells).next()
    }

    /// The values of this content in a row, with their columns.
    pub(super) fn filled<'a>(&self, content: Content, cells: &'a [Cell]) -> impl Iterator<Item = (usize, &'a Cell)> {
        let places = self.columns.get(&content).into_iter().flatten();
        places.filter_map(|at| Some((*at, cells.get(*at)?))).filter(|(_, cell)| !cell.is_blank())
    }

    /// The heading of each amount's column, by the amount's name.
    pub fn headings_of_amounts(&self) -> BTreeMap<String, String> {
        let heading = |place: &Place| (place.fee.clone(), self.headings[place.column].clone());
        self.amounts.iter().map(heading).collect()
    }

    /// The column of this content that is named in messages.
    pub(super) fn heading(&self, content: Content) -> &str {
        let at = self.columns.get(&content).and_then(|places| places.first());
        at.and_then(|at| self.headings.get(*at)).map_or(content.as_str(), String::as_str)
    }

    /// Whether the file has this content.
    pub(super) fn has(&self, content: Content) -> bool {
        self.columns.get(&content).is_some_and(|places| !places.is_empty())
    }

    /// The notation of a column.
    pub(super) fn notation(&self, column: usize) -> Option<Notation> {
        self.notations.get(&column).copied()
    }

    /// Whether a row of a CSV lacks columns; the last row of a file that was cut off does.
    pub fn is_short(&self, cells: &[Cell]) -> bool {
        cells.len() < self.headings.iter().rposition(|heading| !heading.is_empty()).map_or(0, |at| at + 1)
    }

    /// Whether a row of a CSV has values to the right of the headings: an amount with an unquoted comma does.
    pub fn is_wide(&self, cells: &[Cell]) -> bool {
        cells.iter().skip(self.headings.len()).any(|cell| !cell.is_blank())
    }

    /// The heading of a column that is read.
    pub fn heading_read(&self, column: usize) -> Option<&str> {
        let is_read = self.columns.values().flatten().any(|at| *at == column)
            || self.amounts.iter().any(|place| place.column == column);
        self.headings.get(column).filter(|_| is_read).map(String::as_str)
    }

    /// Columns whose cells are money.
    fn money(&self) -> BTreeSet<usize> {
        let net = self.columns.get(&Content::Net).into_iter().flatten().copied();
        net.chain(self.amounts.iter().map(|place| place.column)).collect()
    }

    fn is_used(&self, column: usize) -> bool {
        self.heading_read(column).is_some() || self.ignored.contains(&column)
    }
}

fn place(keys: &[String], heading: &str) -> Option<usize> {
    let wanted = key_of(heading);
    let named = keys.iter().position(|key| *key == wanted && !wanted.is_empty());
    named.or_else(|| {
        let letters = heading.strip_prefix(BY_LETTER)?.trim();
        let number = |sum: usize, letter: u8| Some(sum * 26 + usize::from(letter.checked_sub(b'A')?) + 1);
        let is_short = (1..=2).contains(&letters.len()) && letters.bytes().all(|letter| letter.is_ascii_uppercase());
        let at = is_short.then(|| letters.bytes().try_fold(0, number)).flatten()? - 1;
        (at < keys.len()).then_some(at)
    })
}

/// What the rows show about columns before they are read: how numbers are written, and which columns with numbers the
/// profile does not know.
pub struct Survey<'a> {
    layout: &'a Layout,
    evidence: BTreeMap<usize, Evidence>,
    others: BTreeMap<usize, Other>,
}

#[derive(Clone, Copy, Default)]
struct Other {
    amounts: u64,
    is_text: bool,
}

impl<'a> Survey<'a> {
    /// Of a file with these columns.
    pub fn new(layout: &'a Layout) -> Self {
        let evidence = layout.money().into_iter().map(|column| (column, Evidence::default())).collect();
        let unknown = |column: &usize| !layout.is_used(*column) && !layout.headings[*column].is_empty();
        let others = (0..layout.headings.len()).filter(unknown).map(|column| (column, Other::default())).collect();
        Self { layout, evidence, others }
    }

    /// Adds a row.
    pub fn add(&mut self, line: u64, cells: &[Cell]) {
        for (column, evidence) in &mut self.evidence {
            if let Some(Cell::Text(text)) = cells.get(*column) {
                evidence.add(line, text);
            }
        }
        for (column, other) in &mut self.others {
            match cells.get(*column) {
                Some(cell) if !cell.is_blank() => other.add(cell),
                _ => {}
            }
        }
    }

    /// The layout with the notation of every column, or what is wrong.
    pub fn end(self, profile: &Profile) -> Result<Surveyed, Vec<Wrong>> {
        let mut layout = self.layout.clone();
        let unknown = self.others.iter().filter(|(_, other)| !other.is_text && other.amounts > 0);
        let unknown = unknown.map(|(column, other)| (layout.headings[*column].clone(), other.amounts)).collect();
        if let Some(notation) = profile.numbers {
            layout.notations = self.evidence.keys().map(|column| (*column, notation)).collect();
            return Ok(Surveyed { layout, unknown });
        }
        let verdicts: Vec<_> = self.evidence.iter().map(|(column, evidence)| (*column, evidence.verdict())).collect();
        let clear: Vec<_> = verdicts.iter().filter_map(|(_, verdict)| verdict.notation()).collect();
        let of_file = clear.first().copied().filter(|first| clear.iter().all(|one| one == first));
        // What a person said of an earlier file, unless it would make decimals of what look like thousands.
        let before = |text: &str| profile.numbers_before.filter(|notation| Written::of(text).is_usual_in(*notation));
        let mut wrong = Vec::new();
        for (column, verdict) in verdicts {
            let (line, text, why) = match verdict {
                Verdict::NoMatter => continue,
                Verdict::Is(notation) => {
                    layout.notations.insert(column, notation);
                    continue;
                }
                Verdict::Open(line, text) => match of_file.or_else(|| before(&text)) {
                    Some(notation) => {
                        layout.notations.insert(column, notation);
                        continue;
                    }
                    None => (line, text, Why::WhichNotation),
                },
                Verdict::Contradiction(line, text) => (line, text, Why::TwoNotations),
            };
            wrong.push(Wrong::new(line, &layout.headings[column], &text, why));
        }
        if wrong.is_empty() { Ok(Surveyed { layout, unknown }) } else { Err(wrong) }
    }
}

impl Verdict {
    fn notation(&self) -> Option<Notation> {
        match self {
            Self::Is(notation) => Some(*notation),
            _ => None,
        }
    }
}

impl Other {
    fn add(&mut self, cell: &Cell) {
        match (cell, Written::of(&cell.text())) {
            (Cell::Date(_), _) | (_, Written::NoAmount) => self.is_text = true,
            (_, Written::Plain(amount) | Written::Only(_, amount)) if amount == Rupiah::ZERO => {}
            (_, Written::Nothing) => {}
            _ => self.amounts += 1,
        }
    }
}

/// What [`Survey`] shows.
#[derive(Debug)]
pub struct Surveyed {
    /// The columns, with their notations.
    pub layout: Layout,
    /// Headings of columns with numbers that the profile does not know, and in how many rows there is one.
    pub unknown: Vec<(String, u64)>,
}
