//! Reads tables that people keep in spreadsheets: CSV in any of their encodings, and XLSX.
//!
//! [`Table`] is in memory as a whole; [`sheets`] reads tables of any length row by row.

mod foreign;
pub mod sheets;

use std::io::{Cursor, Read, Seek, sink};

use calamine::{Data, Range, Reader, SheetVisible, Xlsx};
use jiff::{
    SignedDuration,
    civil::{DateTime, date},
};
use zip::ZipArchive;

/// Most bytes that a workbook may have unpacked. A small file can unpack to gigabytes.
const LARGEST_UNPACKED: u64 = 64 * 1024 * 1024;

/// Rows of a table among which its headings are looked for: reports have titles above them.
pub(crate) const FIRST_ROWS: usize = 60;

/// Why a file cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is larger than allowed, or unpacks to too much.
    TooLarge,
    /// It is a workbook of Excel 97 to 2003.
    OldWorkbook,
    /// It is a workbook with a password.
    Locked,
    /// It is a workbook of another format: XLSB, ODS, Numbers.
    OtherWorkbook,
    /// It is a text document or a presentation.
    Document,
    /// It is a PDF.
    Pdf,
    /// It is a picture: a screenshot or a photo.
    Picture,
    /// It is an archive, which may contain the table.
    Archive,
    /// It is a web page or XML; some marketplaces call one a workbook.
    WebPage,
    /// It is JSON.
    Json,
    /// It is a single JSON document, where each line must be one.
    SplitJson,
    /// It is a damaged workbook, or something else.
    Damaged,
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// A text, or a number that is written as one.
    Text(String),
    /// A number of a workbook, with a point before its decimals.
    Number(String),
    /// A date as ISO 8601. A spreadsheet also makes one of `1-2`.
    Date(String),
}

/// A table that has been read.
pub struct Table(Content);

enum Content {
    Text(String),
    Sheet(Range<Data>),
}

impl Table {
    /// Reads a CSV or the first visible sheet of an XLSX of at most this many bytes, whatever its name is. Blocks, for a
    /// large file for a second.
    pub fn read(file: &[u8], largest: usize) -> Result<Self, Unreadable> {
        if file.len() > largest {
            return Err(Unreadable::TooLarge);
        }
        if let Ok(Some(kind)) = foreign::recognise(file, &mut Cursor::new(file)) {
            return Err(kind);
        }
        Ok(Self(match file {
            [b'P', b'K', 3, 4, ..] => Content::Sheet(first_sheet(file)?),
            [0xff, 0xfe, rest @ ..] => Content::Text(utf_16(rest, u16::from_le_bytes)),
            [0xfe, 0xff, rest @ ..] => Content::Text(utf_16(rest, u16::from_be_bytes)),
            _ if file.contains(&0) => return Err(Unreadable::Damaged),
            _ => Content::Text(text_of(file)),
        }))
    }

    /// Its rows that are not empty, each with the number of its line; the first is 1.
    pub fn rows(&self) -> Box<dyn Iterator<Item = (u64, Vec<Cell>)> + Send + '_> {
        match &self.0 {
            Content::Text(text) => Box::new(rows_of(text)),
            Content::Sheet(sheet) => {
                // Empty rows and columns before the table are not in the range.
                let first_line = sheet.start().map_or(1, |(row, _)| u64::from(row) + 1);
                let rows = (first_line..).zip(sheet.rows());
                Box::new(not_empty(rows.map(|(line, cells)| (line, cells.iter().map(cell).collect()))))
            }
        }
    }
}

/// The rows of a text with a tab, a semicolon or a comma between the columns, as [`Table::rows`] gives them.
pub fn rows_of(text: &str) -> impl Iterator<Item = (u64, Vec<Cell>)> + Send + '_ {
    let text = text.trim_start_matches('\u{feff}');
    // A line for Excel alone.
    let text = text.strip_prefix("sep=").and_then(|rest| Some(rest.split_once('\n')?.1)).unwrap_or(text);
    let reader = csv::ReaderBuilder::new()
        .delimiter(delimiter_of(text))
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    // The text is UTF-8, and rows of any length are allowed, so that no row is refused.
    let rows = reader.into_records().filter_map(Result::ok).map(|row| {
        let line = row.position().map_or(0, csv::Position::line);
        (line, row.iter().map(|text| Cell::Text(text.to_owned())).collect())
    });
    not_empty(rows)
}

impl Cell {
    /// The value without spaces around it, and without the quote that keeps a spreadsheet from executing it.
    pub fn text(&self) -> String {
        let text = self.written().trim();
        let unquoted = text
            .strip_prefix('\'')
            .filter(|rest| rest.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']));
        unquoted.unwrap_or(text).trim().to_owned()
    }

    /// Whether it has no value.
    pub fn is_blank(&self) -> bool {
        self.written().trim().is_empty()
    }

    fn written(&self) -> &str {
        let (Self::Text(text) | Self::Number(text) | Self::Date(text)) = self;
        text
    }
}

fn not_empty(rows: impl Iterator<Item = (u64, Vec<Cell>)> + Send) -> impl Iterator<Item = (u64, Vec<Cell>)> + Send {
    rows.filter(|(_, cells)| !cells.iter().all(Cell::is_blank))
}

/// What separates the columns: values may contain commas and semicolons, but no tabs. A title above the table may lack
/// the delimiter, and may contain commas.
fn delimiter_of(text: &str) -> u8 {
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).take(100).collect();
    let having = |delimiter: char| lines.iter().filter(|line| line.contains(delimiter)).count();
    let mostly_semicolons =
        |lines: &[&str]| lines.iter().filter(|line| line.contains(';')).count() * 10 >= lines.len() * 8;
    if having('\t') > 0 {
        b'\t'
    } else if mostly_semicolons(&lines) || having(',') == 0 || mostly_semicolons(below_title(&lines)) {
        b';'
    } else {
        b','
    }
}

/// The lines from the headings on, if semicolons separate these, and commas do not separate the line above them in the
/// same way; else all lines.
fn below_title<'a>(lines: &'a [&'a str]) -> &'a [&'a str] {
    let count = |line: &str, delimiter: char| line.matches(delimiter).count();
    let Some(at) = lines.iter().position(|line| line.contains(';')).filter(|at| *at > 0) else { return lines };
    let (commas, semicolons) = (count(lines[at], ','), count(lines[at], ';'));
    if semicolons > commas && count(lines[at - 1], ',') != commas { &lines[at..] } else { lines }
}

/// UTF-8, else the encoding of old spreadsheets on Windows, whose letters beyond ASCII are close to Latin 1.
fn text_of(file: &[u8]) -> String {
    match std::str::from_utf8(file) {
        Ok(text) => text.to_owned(),
        Err(_) => file.iter().map(|byte| char::from(*byte)).collect(),
    }
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let (units, _) = bytes.as_chunks::<2>();
    char::decode_utf16(units.iter().map(|pair| unit(*pair))).map(|letter| letter.unwrap_or('\u{fffd}')).collect()
}

fn first_sheet(file: &[u8]) -> Result<Range<Data>, Unreadable> {
    measure(file)?;
    let mut workbook = Xlsx::new(Cursor::new(file)).map_err(|_| Unreadable::Damaged)?;
    let first = visible_sheets(&workbook).first().cloned().ok_or(Unreadable::Damaged)?;
    workbook.worksheet_range(&first).map_err(|_| Unreadable::Damaged)
}

/// The names of the sheets that a person sees; of all sheets, if they see none.
fn visible_sheets<R: Read + Seek>(workbook: &Xlsx<R>) -> Vec<String> {
    let seen = workbook.sheets_metadata().iter().filter(|sheet| sheet.visible == SheetVisible::Visible);
    let seen: Vec<_> = seen.map(|sheet| sheet.name.clone()).collect();
    if seen.is_empty() { workbook.sheet_names() } else { seen }
}

/// Refuses a workbook that unpacks to too much, whatever its directory says.
fn measure(file: &[u8]) -> Result<(), Unreadable> {
    let mut archive = ZipArchive::new(Cursor::new(file)).map_err(|_| Unreadable::Damaged)?;
    let mut room = LARGEST_UNPACKED;
    for place in 0..archive.len() {
        let part = archive.by_index(place).map_err(|_| Unreadable::Damaged)?;
        let size = std::io::copy(&mut part.take(room + 1), &mut sink()).map_err(|_| Unreadable::Damaged)?;
        room = room.checked_sub(size).ok_or(Unreadable::TooLarge)?;
    }
    Ok(())
}

fn cell(data: &Data) -> Cell {
    match data {
        Data::Float(number) => Cell::Number(number_of(*number)),
        Data::Int(number) => Cell::Number(number.to_string()),
        Data::DateTime(moment) => Cell::Date(moment_of(moment.as_f64()).map_or_else(|| data.to_string(), iso)),
        Data::DateTimeIso(_) | Data::DurationIso(_) => Cell::Date(data.to_string()),
        Data::Empty | Data::Error(_) => Cell::Text(String::new()),
        _ => Cell::Text(data.to_string()),
    }
}

fn number_of(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e15 { format!("{number:.0}") } else { number.to_string() }
}

/// The moment that a spreadsheet keeps as a number of days since the end of 1899, to the second.
#[expect(clippy::cast_possible_truncation, reason = "seconds of a few thousand years")]
fn moment_of(days: f64) -> Option<DateTime> {
    let seconds = (days * 86_400.0).round();
    if !(0.0..3e11).contains(&seconds) {
        return None;
    }
    date(1899, 12, 30).at(0, 0, 0, 0).checked_add(SignedDuration::from_secs(seconds as i64)).ok()
}

fn iso(moment: DateTime) -> String {
    moment.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LARGEST: usize = 3 * 1024 * 1024;

    fn first_row(file: &[u8]) -> Result<Vec<Cell>, Unreadable> {
        Table::read(file, LARGEST).map(|table| table.rows().next().map(|(_, cells)| cells).unwrap_or_default())
    }

    #[test]
    fn a_csv_in_any_encoding_of_a_spreadsheet_is_read() {
        let utf_16: Vec<u8> = "\u{feff}É\tX".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let row = ["É", "X"].map(|text| Cell::Text(text.to_owned())).to_vec();
        for file in ["É\tX".as_bytes(), b"\xc9\tX", &utf_16] {
            assert_eq!(first_row(file), Ok(row.clone()));
        }
    }

    #[test]
    fn commas_of_a_title_separate_no_columns() {
        let separates = |delimiter: char, text: &str| assert_eq!(char::from(delimiter_of(text)), delimiter, "{text:?}");
        separates(';', "Laporan, Toko A, November 2026\n\nNo;Total\n1;1.234,50\n");
        separates(';', "Toko A\nDicetak 05/11/2026, 10:00\nSKU;Kode Barang\nKAOS;K-1\n");
        separates(',', "Laporan; November\nNo,Total\n1,2\n");
        separates(',', "No,Note\n1,a;b;c\n");
        separates(',', "Laporan November\nNo,Note\n1,a;b;c\n");
    }

    #[test]
    fn a_hidden_sheet_is_not_read() {
        let mut workbook = rust_xlsxwriter::Workbook::new();
        let sheet = workbook.add_worksheet();
        sheet.write_string(0, 0, "hidden").expect("written");
        sheet.set_hidden(true);
        let sheet = workbook.add_worksheet();
        sheet.write_string(0, 0, "seen").expect("written");
        sheet.set_active(true);
        let file = workbook.save_to_buffer().expect("a workbook");
        assert_eq!(first_row(&file), Ok(vec![Cell::Text("seen".to_owned())]));
        let sheets = sheets::Sheets::open(Cursor::new(file)).expect("readable");
        assert_eq!(sheets.names(), ["Sheet2"]);
    }

    #[test]
    fn a_file_that_is_no_table_is_refused() {
        assert_eq!(first_row(&vec![b'x'; LARGEST + 1]), Err(Unreadable::TooLarge));
        assert_eq!(first_row(b"\xd0\xcf\x11\xe0"), Err(Unreadable::OldWorkbook));
        assert_eq!(first_row(b"PK\x03\x04 and nothing else"), Err(Unreadable::Damaged));
        assert_eq!(first_row(b"\x89PNG\0"), Err(Unreadable::Picture));
        assert_eq!(first_row(b"a\0b"), Err(Unreadable::Damaged));
    }

    #[test]
    fn a_small_file_that_unpacks_to_much_is_refused_without_unpacking_it_all() {
        use std::io::Write;
        let mut file = Cursor::new(Vec::new());
        let mut writer = zip::ZipWriter::new(&mut file);
        writer.start_file("xl/sharedStrings.xml", zip::write::SimpleFileOptions::default()).expect("a part");
        let megabyte = vec![b' '; 1024 * 1024];
        for _ in 0..65 {
            writer.write_all(&megabyte).expect("written");
        }
        writer.finish().expect("an archive");
        let file = file.into_inner();
        assert!(file.len() < LARGEST);
        assert_eq!(first_row(&file), Err(Unreadable::TooLarge));
    }

    #[test]
    fn a_date_of_a_workbook_is_read_to_the_second() {
        let mut workbook = rust_xlsxwriter::Workbook::new();
        let sheet = workbook.add_worksheet();
        let format = rust_xlsxwriter::Format::new().set_num_format("dd/mm/yyyy hh:mm:ss");
        sheet.write_number_with_format(4, 1, 45_257.425_138_888_89, &format).expect("written");
        let file = workbook.save_to_buffer().expect("a workbook");
        let table = Table::read(&file, LARGEST).expect("readable");
        let rows: Vec<_> = table.rows().collect();
        assert_eq!(rows, [(5, vec![Cell::Date("2023-11-27T10:12:12".to_owned())])]);
    }
}
