//! Reads a file piece by piece: webhook bodies, one per line, or an export of a spreadsheet.
//!
//! Lines are compared while the file arrives, so that neither its size nor its number of lines matters. An export has
//! to be in memory as a whole, so its size is limited.

use bytes::Bytes;

use super::{
    BATCH, Importer, Mode,
    comparing::{Comparing, Listed},
    table,
};
use crate::{
    domain::{
        import::{Report, Unread, columns::Choice},
        origin::Origin,
        reason::Language,
        unreadable_file,
    },
    forstok::payload,
    spreadsheet::Unreadable,
    storage::StorageError,
};

/// Longest line that is read, in bytes: as long as a webhook's body may be.
const LONGEST_LINE: usize = 4 * 1024 * 1024;

/// Bytes of lines that are compared at once; one longer line is compared alone.
const LARGEST_BATCH: usize = 2 * 1024 * 1024;

/// Largest export that is read, in bytes.
pub const LARGEST_TABLE: usize = 16 * 1024 * 1024;

/// Most differences and unreadable lines that are named.
pub const MOST_NAMED: usize = 200;

/// Why a file could not be compared to its end.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// It is not a file that can be read.
    #[error("the file cannot be read: {}", match .0 {
        Unreadable::TooLarge => "it is too large; a table may have 16 MiB, and 64 MiB unpacked",
        Unreadable::Damaged => "it is neither a workbook (XLSX), nor a table (CSV), nor lines of JSON",
        other => unreadable_file::in_words(*other, Language::English),
    })]
    Unreadable(Unreadable),
    /// The database failed. What was taken in before stays.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The result of reading a file.
#[derive(Debug)]
pub enum Outcome {
    /// Webhook bodies were compared, and taken in if that was asked for.
    Bodies(Report),
    /// The rows of an export were compared.
    Table {
        /// What was found.
        report: Report,
        /// The headings of the export.
        headings: Vec<String>,
        /// The headings of the columns that were used.
        used: Choice,
    },
    /// The headings of an export say neither where Forstok's order id is nor where the marketplace's number is.
    ColumnsUnknown(Vec<String>),
}

/// A file that is being read.
pub struct Reading<'a> {
    importer: &'a Importer,
    comparing: Comparing<'a>,
    content: Content,
}

enum Content {
    /// Nothing but white space so far.
    Nothing,
    Lines(Lines),
    Table(Vec<u8>),
}

/// Lines that were read and are to be compared.
#[derive(Default)]
struct Lines {
    /// The number of the line in `rest`.
    number: u64,
    /// A line whose end has not arrived.
    rest: Vec<u8>,
    /// The line in `rest` is too long: it is thrown away up to its end.
    is_too_long: bool,
    batch: Vec<Listed>,
    bytes: usize,
}

impl Importer {
    /// Begins to read a file.
    pub fn read_file(&self, mode: Mode) -> Reading<'_> {
        let comparing = Comparing::new(self, Origin::Import, mode, MOST_NAMED);
        Reading { importer: self, comparing, content: Content::Nothing }
    }
}

impl Reading<'_> {
    /// Adds the next bytes of the file.
    pub async fn add(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        if matches!(self.content, Content::Nothing) {
            let Some(first) = first_letter(bytes) else { return Ok(()) };
            self.content = match first {
                b'{' if begins_split(bytes) => return Err(Failed::Unreadable(Unreadable::SplitJson)),
                b'{' => Content::Lines(Lines { number: 1, ..Lines::default() }),
                _ => Content::Table(Vec::new()),
            };
        }
        match &mut self.content {
            Content::Nothing => {}
            Content::Table(file) if file.len() + bytes.len() > LARGEST_TABLE => {
                return Err(Failed::Unreadable(Unreadable::TooLarge));
            }
            Content::Table(file) => file.extend_from_slice(bytes),
            Content::Lines(lines) => {
                for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
                    lines.add(piece, &mut self.comparing);
                    if lines.batch.len() >= BATCH || lines.bytes >= LARGEST_BATCH {
                        lines.compare(&mut self.comparing).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Ends the file.
    pub async fn end(mut self) -> Result<Outcome, Failed> {
        match self.content {
            Content::Nothing => Ok(Outcome::Bodies(self.comparing.into_report())),
            Content::Table(file) => table::compare(self.importer, file).await.map_err(|failed| match failed {
                // A list of orders: what is read are lines of JSON.
                Failed::Unreadable(Unreadable::Json) => Failed::Unreadable(Unreadable::SplitJson),
                other => other,
            }),
            Content::Lines(mut lines) => {
                lines.end_line(&mut self.comparing);
                lines.compare(&mut self.comparing).await?;
                Ok(Outcome::Bodies(self.comparing.into_report()))
            }
        }
    }
}

/// The first byte that is not white space or a byte order mark. A file in UTF-16 begins with a byte order mark too.
fn first_letter(bytes: &[u8]) -> Option<u8> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    bytes.trim_ascii_start().first().copied()
}

/// Whether the first line is nothing but the beginning of an object: the object continues in the next lines, as a
/// program that prints it for people writes it.
fn begins_split(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    let rest = bytes.strip_prefix(b"{").unwrap_or_default();
    rest.iter().take_while(|byte| byte.is_ascii_whitespace()).any(|byte| *byte == b'\n')
}

impl Lines {
    /// Adds a piece of a line; with a line feed at its end, the line is complete.
    fn add(&mut self, piece: &[u8], comparing: &mut Comparing<'_>) {
        let (text, ends) = piece.strip_suffix(b"\n").map_or((piece, false), |text| (text, true));
        if self.rest.len() + text.len() > LONGEST_LINE {
            self.is_too_long = true;
            self.rest = Vec::new();
        }
        if !self.is_too_long {
            self.rest.extend_from_slice(text);
        }
        if ends {
            self.end_line(comparing);
        }
    }

    fn end_line(&mut self, comparing: &mut Comparing<'_>) {
        let line = std::mem::take(&mut self.rest);
        let number = self.number;
        self.number += 1;
        if std::mem::take(&mut self.is_too_long) {
            comparing.add_unread(Unread { line: number, problem: "is longer than 4 MiB".to_owned() });
        } else if !line.trim_ascii().is_empty() {
            match listed(number, &line) {
                Ok(listed) => {
                    self.bytes += listed.body.len();
                    self.batch.push(listed);
                }
                Err(problem) => comparing.add_unread(Unread { line: number, problem }),
            }
        }
    }

    async fn compare(&mut self, comparing: &mut Comparing<'_>) -> Result<(), StorageError> {
        self.bytes = 0;
        comparing.add(std::mem::take(&mut self.batch)).await
    }
}

/// A line as a webhook's body: it may also contain an order alone.
fn listed(number: u64, line: &[u8]) -> Result<Listed, String> {
    let listed = |body: Bytes, order| Listed { line: Some(number), body, order };
    let line = line.trim_ascii();
    match payload::read(line) {
        Ok(read) => Ok(listed(Bytes::copy_from_slice(line), read.order)),
        Err(unreadable) => {
            let body = payload::enveloped(line);
            let read = body.as_deref().and_then(|body| payload::read(body).ok());
            read.zip(body.as_ref())
                .map(|(read, body)| listed(Bytes::copy_from_slice(body), read.order))
                .ok_or(unreadable.problem)
        }
    }
}
