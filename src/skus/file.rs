//! SKUs and item numbers in spreadsheets.

use std::io::{Cursor, Read, sink};

use calamine::{Data, Reader, Xlsx};
use zip::ZipArchive;

use super::{
    Row,
    pairs::{self, Cell, Pairs},
};
use crate::{
    domain::reason::Language,
    export::{self, ExportError, Format, Headers, table},
};

/// Largest file that is read, in bytes.
pub const LARGEST: usize = 3 * 1024 * 1024;

/// Most bytes that a workbook may have unpacked. A small file can unpack to gigabytes.
const LARGEST_UNPACKED: u64 = 64 * 1024 * 1024;

/// Why a file cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is larger than [`LARGEST`], or unpacks to too much.
    TooLarge,
    /// It is a workbook of Excel 97 to 2003.
    OldWorkbook,
    /// It is a damaged workbook, or something else.
    Damaged,
}

/// Reads a CSV or the first sheet of an XLSX, whatever its name is. Blocks, for a large file for a second.
pub fn read(file: &[u8]) -> Result<Pairs, Unreadable> {
    if file.len() > LARGEST {
        return Err(Unreadable::TooLarge);
    }
    match file {
        [b'P', b'K', 3, 4, ..] => read_workbook(file),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Err(Unreadable::OldWorkbook),
        [0xff, 0xfe, rest @ ..] => Ok(pairs::from_text(&utf_16(rest, u16::from_le_bytes))),
        [0xfe, 0xff, rest @ ..] => Ok(pairs::from_text(&utf_16(rest, u16::from_be_bytes))),
        _ if file.contains(&0) => Err(Unreadable::Damaged),
        _ => Ok(pairs::from_text(&text_of(file))),
    }
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

fn read_workbook(file: &[u8]) -> Result<Pairs, Unreadable> {
    measure(file)?;
    let mut workbook = Xlsx::new(Cursor::new(file)).map_err(|_| Unreadable::Damaged)?;
    let first = workbook.sheet_names().first().cloned().ok_or(Unreadable::Damaged)?;
    let sheet = workbook.worksheet_range(&first).map_err(|_| Unreadable::Damaged)?;
    // Empty rows and columns before the table are not in the range.
    let first_line = sheet.start().map_or(1, |(row, _)| u64::from(row) + 1);
    let rows = (first_line..).zip(sheet.rows());
    Ok(pairs::from_rows(rows.map(|(line, cells)| (line, cells.iter().map(cell).collect()))))
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
        Data::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => Cell::Text(format!("{number:.0}")),
        Data::DateTime(_) | Data::DateTimeIso(_) | Data::DurationIso(_) => Cell::Date(data.to_string()),
        Data::Empty | Data::Error(_) => Cell::Text(String::new()),
        _ => Cell::Text(data.to_string()),
    }
}

/// Writes rows as a file that [`read`] understands. Texts stay texts: a seller's text is never a formula.
pub fn write(rows: &[&Row], format: Format, headers: Headers) -> Result<Vec<u8>, ExportError> {
    let names = COLUMNS.map(|(stable, english, indonesian, _)| match headers {
        Headers::Stable => stable,
        Headers::For(Language::English) => english,
        Headers::For(Language::Indonesian) => indonesian,
    });
    let widths = COLUMNS.map(|(.., width)| width);
    table::written(format, headers, &names, &widths, rows.iter().map(|row| cells(row)))
}

/// Name for programs, headings for people, width in characters.
const COLUMNS: [(&str, &str, &str, u16); 8] = [
    ("sku", "SKU", "SKU", 24),
    ("name", "Product", "Produk", 40),
    ("item_no", "Item number in the mapping", "Kode Barang di pemetaan", 24),
    ("match", "Match", "Kecocokan", 14),
    ("suggestion", "Suggested item number", "Saran Kode Barang", 24),
    ("suggestion_name", "Suggested item", "Saran barang", 40),
    ("waiting_orders", "Waiting orders", "Pesanan menunggu", 12),
    ("waiting_total", "Waiting (Rp)", "Menunggu (Rp)", 16),
];

fn cells(row: &Row) -> Vec<export::Cell> {
    let text = |text: &str| if text.is_empty() { export::Cell::Empty } else { export::Cell::Text(text.to_owned()) };
    let suggestion = row.suggestions.first();
    vec![
        text(&row.sku),
        text(&row.name),
        text(row.mapped_to.as_deref().unwrap_or_default()),
        text(row.kind.as_str()),
        text(suggestion.map_or("", |one| &one.item_no)),
        text(suggestion.map_or("", |one| &one.name)),
        export::Cell::Number(row.waiting.orders),
        export::Cell::Money(row.waiting.rupiah()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{skus::Kind, storage::Sums};

    fn row(sku: &str, mapped_to: Option<&str>) -> Row {
        Row {
            sku: sku.to_owned(),
            name: "=1+1".to_owned(),
            last_at: None,
            mapped_to: mapped_to.map(str::to_owned),
            item_no: None,
            item_name: None,
            kind: Kind::None,
            book: None,
            suggestions: Vec::new(),
            waiting: Sums { orders: 2, hundredths: 1_050, exact: true },
        }
    }

    #[test]
    fn what_is_exported_can_be_imported() {
        let rows = [row("=KAOS", Some("+1")), row("00123", Some("1-2")), row("TAS, \"A\";\u{200b}", None)];
        let rows: Vec<_> = rows.iter().collect();
        for format in [Format::Csv, Format::Xlsx] {
            for headers in [Headers::Stable, Headers::For(Language::English), Headers::For(Language::Indonesian)] {
                let read = read(&write(&rows, format, headers).expect("written")).expect("readable");
                let pairs = [("=KAOS", "+1"), ("00123", "1-2")].map(|(sku, item)| (sku.to_owned(), item.to_owned()));
                assert_eq!((read.pairs.as_slice(), read.wrong.len(), read.without_item), (&pairs[..], 0, 1));
            }
        }
    }

    #[test]
    fn a_csv_in_any_encoding_of_a_spreadsheet_is_read() {
        let utf_16: Vec<u8> = "\u{feff}É\tX".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for file in ["É\tX".as_bytes(), b"\xc9\tX", &utf_16] {
            assert_eq!(read(file).expect("readable").pairs, [("É".to_owned(), "X".to_owned())]);
        }
    }

    #[test]
    fn a_file_that_is_no_table_is_refused() {
        assert_eq!(read(&vec![b'x'; LARGEST + 1]), Err(Unreadable::TooLarge));
        assert_eq!(read(b"\xd0\xcf\x11\xe0"), Err(Unreadable::OldWorkbook));
        assert_eq!(read(b"PK\x03\x04 and nothing else"), Err(Unreadable::Damaged));
        assert_eq!(read(b"\x89PNG\0"), Err(Unreadable::Damaged));
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
        assert_eq!(read(&file), Err(Unreadable::TooLarge));
    }

    #[test]
    fn what_a_spreadsheet_has_made_a_date_of_is_reported() {
        use crate::skus::pairs::WrongPair;
        let mut workbook = rust_xlsxwriter::Workbook::new();
        let sheet = workbook.add_worksheet();
        let date = rust_xlsxwriter::Format::new().set_num_format("dd/mm/yyyy");
        sheet.write_string(1, 1, "KAOS-M").expect("written");
        sheet.write_number(1, 2, 12_345.0).expect("written");
        sheet.write_number_with_format(2, 1, 46_000.0, &date).expect("written");
        sheet.write_string(2, 2, "X").expect("written");
        let file = workbook.save_to_buffer().expect("a workbook");
        let read = read(&file).expect("readable");
        assert_eq!(read.pairs, [("KAOS-M".to_owned(), "12345".to_owned())]);
        assert_eq!(read.wrong.len(), 1);
        assert_eq!((read.wrong[0].line, &read.wrong[0].why), (3, &WrongPair::Date));
    }
}
