//! Reads tables of any length row by row: memory grows with one row, and with the distinct texts of a workbook.

use std::{
    io::{self, BufReader, Cursor, Read, Seek, SeekFrom, Write},
    ops::ControlFlow,
};

use calamine::{DataRef, Reader, Xlsx};
use zip::ZipArchive;

use super::{Cell, Unreadable, delimiter_of, foreign, iso, moment_of, number_of, utf_16, visible_sheets};

/// Largest file, in bytes.
pub const LARGEST: u64 = 64 * 1024 * 1024;

/// Most bytes that the sheets of a workbook may have unpacked. They are read piece by piece, so this limits only time.
const LARGEST_SHEETS: u64 = 512 * 1024 * 1024;

/// Most bytes that all other parts may have unpacked. They are in memory as a whole.
const LARGEST_REST: u64 = 24 * 1024 * 1024;

/// Longest text or tag of a workbook's parts, in bytes: one is in memory as a whole.
const LONGEST_TEXT: usize = 1024 * 1024;

/// Most columns of a row; what is to the right of them is not read.
pub const MOST_COLUMNS: usize = 300;

/// How much of a text is looked at to find out what separates its columns, in bytes.
const BEGINNING: usize = 64 * 1024;

/// What is read after the end of a text: the end of its last line, and an empty row.
const AT_THE_END: &[u8] = b"\n\"\"\n";

/// How a value ends whose quote never closes: it contains the rest of the text, which is no value.
const OPEN_QUOTE: &[u8] = b"\n\"\n";

/// A file, or bytes in memory.
pub trait Source: Read + Seek + Send {}
impl<T: Read + Seek + Send> Source for T {}

type Buffered = BufReader<Box<dyn Source>>;

/// The sheets of a workbook, or a CSV, which is one sheet without a name.
pub struct Sheets(Kind);

/// Cells that are merged over several rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The first and the last line.
    pub lines: (u64, u64),
    /// The first and the last column; the first of the sheet is 0.
    pub columns: (usize, usize),
}

enum Kind {
    Text {
        text: Buffered,
        /// Where the first row begins, in bytes.
        begins_at: u64,
        /// Lines before the first row.
        lines_before: u64,
        delimiter: u8,
    },
    Workbook(Box<Xlsx<Buffered>>),
}

impl Sheets {
    /// Opens a CSV or an XLSX, whatever its name is. Blocks.
    pub fn open(source: impl Source + 'static) -> Result<Self, Unreadable> {
        let mut source: Buffered = BufReader::with_capacity(BEGINNING, Box::new(source));
        let length = source.seek(SeekFrom::End(0)).map_err(damaged)?;
        if length > LARGEST {
            return Err(Unreadable::TooLarge);
        }
        source.rewind().map_err(damaged)?;
        let mut beginning = Vec::new();
        (&mut source).take(BEGINNING as u64).read_to_end(&mut beginning).map_err(damaged)?;
        if let Some(kind) = foreign::recognise(&beginning, &mut source).map_err(damaged)? {
            return Err(kind);
        }
        source.rewind().map_err(damaged)?;
        match beginning.as_slice() {
            [b'P', b'K', 3, 4, ..] => {
                measure(&mut source)?;
                source.rewind().map_err(damaged)?;
                Ok(Self(Kind::Workbook(Box::new(Xlsx::new(source).map_err(damaged)?))))
            }
            [0xff, 0xfe, ..] => Self::utf_16(source, u16::from_le_bytes),
            [0xfe, 0xff, ..] => Self::utf_16(source, u16::from_be_bytes),
            _ if beginning.contains(&0) => Err(Unreadable::Damaged),
            // Lines that end as on old Macs.
            _ if beginning.contains(&b'\r') && !beginning.contains(&b'\n') => {
                let mut bytes = Vec::new();
                source.read_to_end(&mut bytes).map_err(damaged)?;
                for text in [&mut bytes, &mut beginning] {
                    text.iter_mut().filter(|byte| **byte == b'\r').for_each(|byte| *byte = b'\n');
                }
                Ok(Self::text(BufReader::new(Box::new(Cursor::new(bytes))), &beginning))
            }
            _ => Ok(Self::text(source, &beginning)),
        }
    }

    fn utf_16(mut source: Buffered, unit: fn([u8; 2]) -> u16) -> Result<Self, Unreadable> {
        let mut bytes = Vec::new();
        source.read_to_end(&mut bytes).map_err(damaged)?;
        let text = utf_16(&bytes[2..], unit).into_bytes();
        let beginning = text[..text.len().min(BEGINNING)].to_vec();
        Ok(Self::text(BufReader::new(Box::new(Cursor::new(text))), &beginning))
    }

    fn text(text: Buffered, beginning: &[u8]) -> Self {
        let mut begins_at = if beginning.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        let mut lines_before = 0;
        let rest = &beginning[begins_at..];
        // A line for Excel alone.
        if let Some(end) = rest.iter().position(|byte| *byte == b'\n').filter(|_| rest.starts_with(b"sep=")) {
            begins_at += end + 1;
            lines_before = 1;
        }
        let rest = &beginning[begins_at..];
        // The last line may be cut.
        let whole = match rest.iter().rposition(|byte| *byte == b'\n') {
            Some(end) if beginning.len() == BEGINNING => &rest[..end],
            _ => rest,
        };
        let delimiter = delimiter_of(&String::from_utf8_lossy(whole));
        Self(Kind::Text { text, begins_at: begins_at as u64, lines_before, delimiter })
    }

    /// The names of its visible sheets.
    pub fn names(&self) -> Vec<String> {
        match &self.0 {
            Kind::Text { .. } => vec![String::new()],
            Kind::Workbook(workbook) => visible_sheets(workbook),
        }
    }

    /// Whether it is a text, each row of which has all columns; a workbook leaves out empty cells.
    pub fn is_text(&self) -> bool {
        matches!(self.0, Kind::Text { .. })
    }

    /// Cells of a sheet that are merged over several rows: only the first has their value. Blocks.
    pub fn merged(&mut self, name: &str) -> Result<Vec<Merged>, Unreadable> {
        let Kind::Workbook(workbook) = &mut self.0 else { return Ok(Vec::new()) };
        let merged = workbook.merge_cells_by_sheet_name(name).map_err(damaged)?;
        let over_rows = merged.into_iter().filter(|merged| merged.start.0 < merged.end.0);
        let merged = over_rows.map(|merged| Merged {
            lines: (u64::from(merged.start.0) + 1, u64::from(merged.end.0) + 1),
            columns: (merged.start.1 as usize, merged.end.1 as usize),
        });
        Ok(merged.collect())
    }

    /// Reads the rows of a sheet that are not empty, each with the number of its line, until `row` breaks off; the
    /// first line is 1. Blocks.
    pub fn each_row(
        &mut self,
        name: &str,
        row: &mut dyn FnMut(u64, &[Cell]) -> ControlFlow<()>,
    ) -> Result<(), Unreadable> {
        match &mut self.0 {
            Kind::Text { text, begins_at, lines_before, delimiter } => {
                text.seek(SeekFrom::Start(*begins_at)).map_err(damaged)?;
                each_of_text(text, *delimiter, *lines_before, row)
            }
            Kind::Workbook(workbook) => each_of_sheet(workbook, name, row),
        }
    }
}

fn each_of_text(
    text: &mut Buffered,
    delimiter: u8,
    lines_before: u64,
    row: &mut dyn FnMut(u64, &[Cell]) -> ControlFlow<()>,
) -> Result<(), Unreadable> {
    // With this terminator alone, and one at the end, the reader's line is exact. Carriage returns stay, and are
    // trimmed. A row with an open quote is given without that value, so that it is too short.
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .terminator(csv::Terminator::Any(b'\n'))
        .has_headers(false)
        .flexible(true)
        .from_reader(text.chain(AT_THE_END));
    let mut record = csv::ByteRecord::new();
    let mut cells = Vec::new();
    while reader.read_byte_record(&mut record).map_err(damaged)? {
        // Where the row begins: the reader skips empty lines before it, and a value may contain line feeds.
        let inside = record.as_slice().split(|byte| *byte == b'\n').count() as u64 - 1;
        let after = reader.position().line() - 1;
        cells.clear();
        cells.extend(record.iter().take(MOST_COLUMNS).map(|field| Cell::Text(decoded(field.trim_ascii_end()))));
        let is_open = record.as_slice().ends_with(OPEN_QUOTE);
        if is_open {
            cells.truncate(record.len() - 1);
        }
        let begins = after - inside + lines_before + u64::from(is_open);
        if (is_full(&cells) || is_open) && row(begins, &cells).is_break() {
            break;
        }
    }
    Ok(())
}

fn each_of_sheet(
    workbook: &mut Xlsx<Buffered>,
    name: &str,
    row: &mut dyn FnMut(u64, &[Cell]) -> ControlFlow<()>,
) -> Result<(), Unreadable> {
    let mut reader = workbook.worksheet_cells_reader(name).map_err(damaged)?;
    let mut cells: Vec<Cell> = Vec::new();
    let mut current = 0;
    while let Some(found) = reader.next_cell().map_err(damaged)? {
        let (at, column) = found.get_position();
        if at != current {
            if is_full(&cells) && row(u64::from(current) + 1, &cells).is_break() {
                return Ok(());
            }
            cells.clear();
            current = at;
        }
        let column = column as usize;
        if column < MOST_COLUMNS {
            if cells.len() <= column {
                cells.resize_with(column + 1, || Cell::Text(String::new()));
            }
            cells[column] = cell(found.get_value());
        }
    }
    if is_full(&cells) {
        let _ = row(u64::from(current) + 1, &cells);
    }
    Ok(())
}

fn is_full(cells: &[Cell]) -> bool {
    cells.iter().any(|cell| !cell.is_blank())
}

fn decoded(field: &[u8]) -> String {
    match std::str::from_utf8(field) {
        Ok(text) => text.to_owned(),
        Err(_) => field.iter().map(|byte| char::from(*byte)).collect(),
    }
}

fn cell(data: &DataRef<'_>) -> Cell {
    match data {
        DataRef::Int(number) => Cell::Number(number.to_string()),
        DataRef::Float(number) => Cell::Number(number_of(*number)),
        DataRef::String(text) => Cell::Text(text.clone()),
        DataRef::SharedString(text) => Cell::Text((*text).to_owned()),
        DataRef::Bool(word) => Cell::Text(word.to_string()),
        DataRef::DateTime(moment) => match moment_of(moment.as_f64()) {
            Some(day) => Cell::Date(iso(day)),
            None => Cell::Number(number_of(moment.as_f64())),
        },
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Cell::Date(text.clone()),
        DataRef::Error(error) => Cell::Text(error.to_string()),
        DataRef::Empty => Cell::Text(String::new()),
    }
}

/// Refuses a workbook that unpacks to too much, whatever its directory says.
fn measure(file: &mut Buffered) -> Result<(), Unreadable> {
    let mut archive = ZipArchive::new(file).map_err(damaged)?;
    let (mut sheets, mut rest) = (LARGEST_SHEETS, LARGEST_REST);
    for place in 0..archive.len() {
        let part = archive.by_index(place).map_err(damaged)?;
        let is_sheet = part.name().is_ok_and(|name| name.starts_with("xl/worksheets/sheet"));
        let room = if is_sheet { &mut sheets } else { &mut rest };
        let mut longest = Longest::default();
        let size = io::copy(&mut part.take(*room + 1), &mut longest).map_err(|error| match error.kind() {
            io::ErrorKind::FileTooLarge => Unreadable::TooLarge,
            _ => Unreadable::Damaged,
        })?;
        *room = room.checked_sub(size).ok_or(Unreadable::TooLarge)?;
    }
    Ok(())
}

/// Counts the bytes since the last tag began, and fails if there are too many.
#[derive(Default)]
struct Longest(usize);

impl Write for Longest {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|byte| *byte == b'<') {
            self.0 += piece.len();
            if self.0 > LONGEST_TEXT {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            if piece.ends_with(b"<") {
                self.0 = 0;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn damaged<E>(_: E) -> Unreadable {
    Unreadable::Damaged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(file: &[u8]) -> Result<Vec<(u64, Vec<Cell>)>, Unreadable> {
        let mut sheets = Sheets::open(Cursor::new(file.to_vec()))?;
        let name = sheets.names()[0].clone();
        let mut rows = Vec::new();
        sheets.each_row(&name, &mut |line, cells| {
            rows.push((line, cells.to_vec()));
            ControlFlow::Continue(())
        })?;
        Ok(rows)
    }

    fn texts(words: &[&str]) -> Vec<Cell> {
        words.iter().map(|word| Cell::Text((*word).to_owned())).collect()
    }

    #[test]
    fn rows_of_a_csv_keep_their_line_numbers_in_every_encoding() {
        let wanted = vec![(2, texts(&["É", "X"])), (4, texts(&["1,5", "é"]))];
        let text = "\n\u{c9};X\n;\n1,5;\u{e9}\n";
        let utf_16: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        let latin: Vec<u8> = text.chars().map(|letter| letter as u8).collect();
        for file in [text.as_bytes(), format!("\u{feff}{text}").as_bytes(), &utf_16, &latin] {
            assert_eq!(rows(file), Ok(wanted.clone()));
        }
        assert_eq!(rows(b"sep=;\na;b\n"), Ok(vec![(2, texts(&["a", "b"]))]));
        let of_old_macs = rows(b"a;b\r1,5;c\r");
        assert_eq!(of_old_macs, Ok(vec![(1, texts(&["a", "b"])), (2, texts(&["1,5", "c"]))]));
    }

    #[test]
    fn a_line_keeps_its_number_behind_empty_lines_and_values_of_several_lines() {
        for end in ["\n", "\r\n"] {
            let file = ["", "a,\"b", "c\"", "", "d,e", "f,\"g\""].join(end);
            let lines: Vec<_> = rows(file.as_bytes()).expect("readable").iter().map(|(line, _)| *line).collect();
            assert_eq!(lines, [2, 5, 6], "{end:?}");
            let lines: Vec<_> =
                rows((file + end).as_bytes()).expect("readable").iter().map(|(line, _)| *line).collect();
            assert_eq!(lines, [2, 5, 6], "{end:?}");
        }
    }

    #[test]
    fn a_title_above_the_table_does_not_change_what_separates_its_columns() {
        let file =
            b"Laporan, November\n\nNo;Total\n1;1.234,50\n2;9,00\n3;8,00\n4;7,00\n5;6,00\n6;5,00\n7;4,00\n8;3,00\n";
        assert_eq!(rows(file).expect("readable")[2].1, texts(&["1", "1.234,50"]));
    }

    #[test]
    fn cells_of_a_workbook_are_told_apart() {
        let mut workbook = rust_xlsxwriter::Workbook::new();
        let sheet = workbook.add_worksheet();
        let day = rust_xlsxwriter::Format::new().set_num_format("dd/mm/yyyy");
        sheet.write_string(2, 1, "=1+1").expect("written");
        sheet.write_number(2, 3, -12_000.5).expect("written");
        sheet.write_number_with_format(4, 0, 45_257.0, &day).expect("written");
        let file = workbook.save_to_buffer().expect("a workbook");
        let empty = || Cell::Text(String::new());
        let first = vec![empty(), Cell::Text("=1+1".to_owned()), empty(), Cell::Number("-12000.5".to_owned())];
        let second = vec![Cell::Date("2023-11-27T00:00:00".to_owned())];
        assert_eq!(rows(&file), Ok(vec![(3, first), (5, second)]));
    }

    #[test]
    fn what_unpacks_to_too_much_is_refused_without_unpacking_it_all() {
        let bomb = |part: &str, filler: &[u8], megabytes: usize| {
            let mut file = Cursor::new(Vec::new());
            let mut writer = zip::ZipWriter::new(&mut file);
            writer.start_file(part, zip::write::SimpleFileOptions::default()).expect("a part");
            for _ in 0..megabytes {
                writer.write_all(&filler.repeat(1024 * 1024 / filler.len())).expect("written");
            }
            writer.finish().expect("an archive");
            file.into_inner()
        };
        for file in [bomb("xl/sharedStrings.xml", b"<si/>   ", 25), bomb("xl/worksheets/sheet1.xml", b" ", 2)] {
            assert_eq!(rows(&file), Err(Unreadable::TooLarge));
        }
        assert_eq!(rows(b"PK\x03\x04 and nothing else"), Err(Unreadable::Damaged));
        assert_eq!(rows(b"\xd0\xcf\x11\xe0"), Err(Unreadable::OldWorkbook));
        assert_eq!(rows(b"\x89PNG\0"), Err(Unreadable::Picture));
        assert_eq!(rows(b"a\0b"), Err(Unreadable::Damaged));
    }
}
