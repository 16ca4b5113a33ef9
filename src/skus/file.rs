//! SKUs and item numbers in spreadsheets.

use super::{
    Row,
    pairs::{self, Pairs},
};
use crate::{
    domain::reason::Language,
    export::{self, ExportError, Format, Headers, table},
    spreadsheet::{Table, Unreadable},
};

/// Largest file that is read, in bytes.
pub const LARGEST: usize = 3 * 1024 * 1024;

/// Reads a CSV or the first visible sheet of an XLSX, whatever its name is. Blocks, for a large file for a second.
pub fn read(file: &[u8]) -> Result<Pairs, Unreadable> {
    Ok(pairs::from_rows(Table::read(file, LARGEST)?.rows()))
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
