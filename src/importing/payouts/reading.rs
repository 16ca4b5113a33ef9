//! Finds the table in a file and reads it.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
};

use jiff::civil::Date;
use sha2::{Digest, Sha256};

use crate::{
    domain::{
        import::columns::Choice,
        payout_file::{
            Added, Assembler, Content, Layout, Made, Profile, Row, Summary, Survey, Why, Wrong, numbered,
            row::{self, is_totals},
        },
        row_fields::check_not_far_ahead,
    },
    spreadsheet::{
        Cell, FIRST_ROWS, Unreadable,
        sheets::{Sheets, Source},
    },
};

/// Most sheets that are looked at.
const MOST_SHEETS: usize = 20;

/// Most problems that are listed.
const MOST_NAMED: usize = 1000;

/// A file whose table has not been found yet.
pub struct Opened {
    sheets: Sheets,
    samples: Vec<Sample>,
}

/// The first rows of a sheet.
struct Sample {
    sheet: String,
    rows: Vec<(u64, Vec<Cell>)>,
}

/// No row of a file has the headings of its profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoHeadings {
    /// What the row with most of them lacks.
    pub missing: Vec<Content>,
    /// The headings of that row; empty if the file has no rows at all.
    pub headings: Vec<String>,
    /// The sheets of a workbook in which they were looked for.
    pub sheets: Vec<String>,
}

/// What cannot be read in a file. Nothing of such a file is recorded.
#[derive(Debug, Default)]
pub struct Problems {
    /// How many there are.
    pub count: u64,
    /// The first of them.
    pub named: Vec<Wrong>,
}

/// A file whose table was found.
pub struct PayoutFile {
    sheets: Sheets,
    sheet: String,
    /// The line of the headings.
    headings_at: u64,
    other_sheets: Vec<String>,
    profile: Profile,
    layout: Layout,
    /// The headings under which a choice of columns is remembered while the profile's own headings are not found.
    likely_headings: Vec<String>,
    /// What rows agree in of which several are alike but for their figures.
    alike: BTreeSet<String>,
}

impl Opened {
    /// Opens a file. Blocks.
    pub fn open(source: impl Source + 'static) -> Result<Self, Unreadable> {
        let mut sheets = Sheets::open(source)?;
        let mut samples = Vec::new();
        for sheet in sheets.names().into_iter().take(MOST_SHEETS) {
            let mut rows = Vec::new();
            sheets.each_row(&sheet, &mut |line, cells| {
                rows.push((line, cells.to_vec()));
                if rows.len() < FIRST_ROWS { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })?;
            samples.push(Sample { sheet, rows });
        }
        Ok(Self { sheets, samples })
    }

    /// Under what a choice of columns is remembered for files like this: one key for each sheet.
    pub fn keys(&self, profile: &str) -> Vec<String> {
        self.samples.iter().filter_map(|sample| Some(key(profile, &sample.likely_headings()?))).collect()
    }

    /// How many headings this profile names in the row that it could read the file by; 0 if there is none.
    pub fn named_by(&self, profile: &Profile) -> usize {
        let rows = self.samples.iter().flat_map(|sample| &sample.rows);
        let readable = rows.filter(|(_, cells)| Layout::of(profile, cells).is_ok());
        readable.map(|(_, cells)| Layout::named_in(profile, cells)).max().unwrap_or_default()
    }

    /// Finds the first sheet and row with the headings of this profile.
    pub fn find(self, profile: Profile) -> Result<PayoutFile, NoHeadings> {
        let mut found = None;
        let mut other_sheets = Vec::new();
        let sheets = self.samples.iter().map(|sample| sample.sheet.clone()).filter(|name| !name.is_empty());
        let mut nearest = NoHeadings { missing: profile.needed(), headings: Vec::new(), sheets: sheets.collect() };
        for sample in &self.samples {
            let mut first = None;
            for (line, cells) in &sample.rows {
                match Layout::of(&profile, cells) {
                    Ok(layout) => {
                        first = Some((*line, layout));
                        break;
                    }
                    Err(missing) => nearest.compare(missing, cells),
                }
            }
            let Some((line, layout)) = first else { continue };
            let is_named = profile.sheet.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(&sample.sheet));
            match &mut found {
                None => found = Some((sample, line, layout)),
                Some(found) if is_named => {
                    other_sheets.push(std::mem::replace(found, (sample, line, layout)).0.sheet.clone());
                }
                Some(_) => other_sheets.push(sample.sheet.clone()),
            }
        }
        let Some((sample, headings_at, layout)) = found else { return Err(nearest) };
        let (sheet, likely_headings) = (sample.sheet.clone(), sample.likely_headings().unwrap_or_default());
        Ok(PayoutFile {
            sheets: self.sheets,
            sheet,
            headings_at,
            other_sheets,
            profile,
            layout,
            likely_headings,
            alike: BTreeSet::new(),
        })
    }
}

impl NoHeadings {
    /// Takes a row if it lacks less, or has more headings: a title above the table has fewer.
    fn compare(&mut self, missing: Vec<Content>, cells: &[Cell]) {
        let headings: Vec<_> = cells.iter().map(Cell::text).filter(|heading| !heading.is_empty()).collect();
        let is_nearer = self.headings.is_empty() || missing.len() < self.missing.len();
        if is_nearer || (missing.len() == self.missing.len() && headings.len() > self.headings.len()) {
            (self.missing, self.headings) = (missing, headings);
        }
    }
}

impl Sample {
    /// The first row with nearly as many values as any: a title above the table has fewer.
    fn likely_headings(&self) -> Option<Vec<String>> {
        let filled = |cells: &[Cell]| cells.iter().filter(|cell| !cell.is_blank()).count();
        let most = self.rows.iter().map(|(_, cells)| filled(cells)).max()?;
        let (_, cells) = self.rows.iter().find(|(_, cells)| filled(cells) * 10 >= most * 8)?;
        Some(cells.iter().map(Cell::text).collect())
    }
}

fn key(profile: &str, headings: &[String]) -> String {
    hex::encode(Sha256::digest(format!("payouts\n{profile}\n{}", headings.join("\n")).to_lowercase()))
}

impl PayoutFile {
    /// Its headings.
    pub fn headings(&self) -> &[String] {
        &self.layout.headings
    }

    /// Which of its columns are read, as if a person had chosen them.
    pub fn choice(&self) -> Choice {
        self.layout.choice()
    }

    /// How the file calls each amount that has another name here.
    pub fn names_of_amounts(&self) -> BTreeMap<String, String> {
        let of_rows = self.profile.fees.iter().map(|(written, name)| (name.clone(), written.clone()));
        self.layout.headings_of_amounts().into_iter().chain(of_rows).collect()
    }

    /// Whether it has this heading.
    pub fn has_heading(&self, heading: &str) -> bool {
        self.layout.has_heading(heading)
    }

    /// Under what a choice of columns is remembered for files like this.
    pub fn key(&self, profile: &str) -> String {
        key(profile, &self.likely_headings)
    }

    /// Reads the whole file and records nothing. Blocks, for a large file for seconds.
    pub fn check(&mut self, today: Date) -> Result<Result<Summary, Problems>, Unreadable> {
        let (sheet, headings_at) = (self.sheet.clone(), self.headings_at);
        let mut survey = Survey::new(&self.layout);
        let is_text = self.sheets.is_text();
        let mut cut = None;
        let mut problems = Problems::default();
        self.sheets.each_row(&sheet, &mut |line, cells| {
            if line > headings_at && !is_totals(&self.layout, cells) {
                survey.add(line, cells);
                cut = (is_text && self.layout.is_short(cells)).then_some(line);
                if is_text && self.layout.is_wide(cells) {
                    problems.add(Wrong::new(line, "", "", Why::TooWide));
                }
            }
            ControlFlow::Continue(())
        })?;
        if let Some(line) = cut {
            problems.add(Wrong::new(line, "", "", Why::CutOff));
        }
        for merged in self.sheets.merged(&sheet)? {
            let ((first, last), (left, right)) = (merged.lines, merged.columns);
            let read = (left..=right.min(self.layout.headings.len())).find_map(|at| self.layout.heading_read(at));
            if let Some(heading) = read.filter(|_| first > headings_at) {
                problems.add(Wrong::new(first, heading, "", Why::Merged(last)));
            }
        }
        let unknown = match survey.end(&self.profile) {
            Ok(surveyed) => {
                self.layout = surveyed.layout;
                surveyed.unknown
            }
            Err(wrong) => {
                for wrong in wrong {
                    problems.add(wrong);
                }
                return Ok(Err(problems));
            }
        };
        let mut summary = Summary::default();
        summary.unknown_columns.extend(unknown);
        summary.other_sheets.clone_from(&self.other_sheets);
        let mut groups = BTreeSet::new();
        self.each(&mut |read| {
            match read {
                Read::Row => summary.rows += 1,
                Read::Made(made) => {
                    if let Err(why) = check_not_far_ahead("paid_at", made.payout.paid_at, today) {
                        problems.add(Wrong::new(made.line, "", "", Why::Unusable(why)));
                    }
                    summary.add(made.line, &made.payout);
                    if let Some((alike, 2)) = numbered::read(&made.payout.key.id) {
                        groups.insert(alike.to_owned());
                    }
                }
                Read::Repeat { line, net } => summary.add_repeat(line, net),
                Read::Totals(line) => summary.totals.push(line),
                Read::Skipped { kind, net } => summary.skipped.entry(kind).or_default().add(net),
                Read::Wrong(wrong) => problems.add(wrong),
            }
            ControlFlow::Continue(())
        })?;
        self.alike = groups;
        Ok(if problems.count == 0 { Ok(summary) } else { Err(problems) })
    }

    /// Reads the payouts of a file that [`PayoutFile::check`] has read: one by one and, at the end, those that are alike
    /// but for their figures, each group together. Blocks.
    pub(super) fn payouts(&mut self, add: &mut dyn FnMut(Vec<Made>) -> ControlFlow<()>) -> Result<(), Unreadable> {
        let mut has_changed = false;
        let mut goes_on = ControlFlow::Continue(());
        let groups = std::mem::take(&mut self.alike);
        let mut held: BTreeMap<&str, Vec<Made>> = BTreeMap::new();
        self.each(&mut |read| match read {
            Read::Made(made) => {
                let alike = numbered::read(&made.payout.key.id).and_then(|(alike, _)| groups.get(alike));
                if let Some(alike) = alike {
                    held.entry(alike).or_default().push(made);
                } else {
                    goes_on = add(vec![made]);
                }
                goes_on
            }
            Read::Row | Read::Repeat { .. } | Read::Totals(_) | Read::Skipped { .. } => ControlFlow::Continue(()),
            Read::Wrong(_) => {
                has_changed = true;
                ControlFlow::Break(())
            }
        })?;
        if goes_on.is_continue() && !has_changed {
            let _ = held.into_values().try_for_each(add);
        }
        self.alike = groups;
        // The file has changed since it was checked.
        if has_changed { Err(Unreadable::Damaged) } else { Ok(()) }
    }

    fn each(&mut self, add: &mut dyn FnMut(Read) -> ControlFlow<()>) -> Result<(), Unreadable> {
        let Self { sheets, sheet, headings_at, profile, layout, .. } = self;
        let mut assembler = Assembler::new(profile);
        let mut goes_on = ControlFlow::Continue(());
        sheets.each_row(sheet, &mut |line, cells| {
            if line <= *headings_at {
                return ControlFlow::Continue(());
            }
            add(Read::Row)?;
            goes_on = match row::read(profile, layout, line, cells) {
                Ok(Row::Totals) => add(Read::Totals(line)),
                Ok(Row::Skipped { kind, net }) => add(Read::Skipped { kind, net }),
                Ok(Row::Money(money)) => {
                    let net = money.net;
                    match assembler.add(money) {
                        Ok(Added::Payout(made)) => add(Read::Made(made)),
                        Ok(Added::Part) => ControlFlow::Continue(()),
                        Ok(Added::Repeat) => add(Read::Repeat { line, net }),
                        Err(wrong) => add(Read::Wrong(wrong)),
                    }
                }
                Err(wrong) => wrong.into_iter().try_for_each(|wrong| add(Read::Wrong(wrong))),
            };
            goes_on
        })?;
        if goes_on.is_continue() {
            let _ = assembler.end().try_for_each(|made| match made {
                Ok(made) => add(Read::Made(made)),
                Err(wrong) => add(Read::Wrong(wrong)),
            });
        }
        Ok(())
    }
}

/// What a file contains, in its order.
enum Read {
    Row,
    Made(Made),
    Repeat { line: u64, net: crate::domain::money::Rupiah },
    Totals(u64),
    Skipped { kind: String, net: crate::domain::money::Rupiah },
    Wrong(Wrong),
}

impl Problems {
    fn add(&mut self, wrong: Wrong) {
        self.count += 1;
        if self.named.len() < MOST_NAMED {
            self.named.push(wrong);
        }
    }
}
