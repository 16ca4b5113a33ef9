//! Two columns, SKU and item number, as people copy them from a spreadsheet.

use std::collections::{HashMap, hash_map::Entry};

use super::{LONGEST, MOST_ROWS};
use crate::spreadsheet::{self, Cell, FIRST_ROWS};

/// Lines that are reported as wrong; nobody reads more of them.
const MOST_WRONG: usize = 100;

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairs {
    /// SKUs with their item numbers.
    pub pairs: Vec<(String, String)>,
    /// Lines that could not be used; 100 at most.
    pub wrong: Vec<WrongLine>,
    /// Rows without an item number, which change nothing.
    pub without_item: usize,
}

/// A line that could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongLine {
    /// Its number; the first is 1.
    pub line: u64,
    /// The SKU in it.
    pub sku: String,
    /// What is wrong.
    pub why: WrongPair,
}

/// Why a line could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WrongPair {
    /// There is no second column.
    OneColumn,
    /// There is an item number without an SKU.
    SkuMissing,
    /// An earlier line has another item number for the SKU.
    Contradiction(String),
    /// A text is too long.
    TooLong,
    /// The spreadsheet has made a date of it.
    Date,
    /// There are more rows than can be read.
    TooMany,
}

/// Reads text with a tab, a semicolon or a comma between the columns.
pub fn from_text(text: &str) -> Pairs {
    from_rows(spreadsheet::rows_of(text))
}

/// Rows with the numbers of their lines. A row of headings says which columns count, and rows above it are left out.
/// Without one, the first two columns count.
pub(super) fn from_rows(mut rows: impl Iterator<Item = (u64, Vec<Cell>)>) -> Pairs {
    let mut first: Vec<_> = rows.by_ref().take(FIRST_ROWS).collect();
    let headings = first.iter().enumerate().find_map(|(nth, (_, cells))| Some((nth, headings(cells)?)));
    if let Some((nth, _)) = headings {
        first.drain(..=nth);
    }
    let rows = first.into_iter().chain(rows);
    let headings = headings.map(|(_, columns)| columns);
    let (sku_at, item_at) = headings.unwrap_or((0, 1));
    let mut read = Pairs::default();
    let mut known: HashMap<String, String> = HashMap::new();
    for (nth, (line, cells)) in rows.enumerate() {
        let sku = cells.get(sku_at).map(Cell::text).unwrap_or_default();
        let item_no = cells.get(item_at).map(Cell::text).unwrap_or_default();
        let is_date = [sku_at, item_at].iter().any(|at| matches!(cells.get(*at), Some(Cell::Date(_))));
        let why = if nth >= MOST_ROWS {
            Some(WrongPair::TooMany)
        } else if cells.len() <= sku_at.max(item_at) && headings.is_none() {
            Some(WrongPair::OneColumn)
        } else if item_no.is_empty() {
            read.without_item += 1;
            continue;
        } else if sku.is_empty() {
            Some(WrongPair::SkuMissing)
        } else if is_date {
            Some(WrongPair::Date)
        } else if [&sku, &item_no].into_iter().any(|text| text.chars().count() > LONGEST) {
            Some(WrongPair::TooLong)
        } else {
            match known.entry(sku.clone()) {
                Entry::Occupied(earlier) if *earlier.get() == item_no => continue,
                Entry::Occupied(earlier) => Some(WrongPair::Contradiction(earlier.get().clone())),
                Entry::Vacant(new) => {
                    new.insert(item_no.clone());
                    read.pairs.push((sku.clone(), item_no));
                    None
                }
            }
        };
        if let Some(why) = why {
            let is_last = why == WrongPair::TooMany || read.wrong.len() + 1 >= MOST_WRONG;
            read.wrong.push(WrongLine { line, sku: sku.chars().take(60).collect(), why });
            if is_last {
                break;
            }
        }
    }
    read
}

/// Columns of SKU and item number in a row of headings, our own or those that people write.
fn headings(cells: &[Cell]) -> Option<(usize, usize)> {
    const SKU: [&str; 5] = ["sku", "seller sku", "sku penjual", "sku di forstok", "sku in forstok"];
    const ITEM: [&str; 9] = [
        "item_no",
        "item number",
        "item no",
        "item",
        "item number in the mapping",
        "kode barang",
        "kode barang di pemetaan",
        "kode",
        "no. barang",
    ];
    let names: Vec<_> = cells.iter().map(|cell| cell.text().to_lowercase()).collect();
    let sku = names.iter().position(|name| SKU.contains(&name.as_str()))?;
    let item = names.iter().position(|name| ITEM.contains(&name.as_str()))?;
    Some((sku, item))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        let read = from_text(text);
        assert_eq!(read.wrong, [], "{text:?}");
        read.pairs
    }

    fn pair(sku: &str, item_no: &str) -> (String, String) {
        (sku.to_owned(), item_no.to_owned())
    }

    #[test]
    fn lines_above_the_headings_are_left_out() {
        let text = "Daftar SKU, Toko A\nDicetak 05/11/2026, 10:00\nNama,SKU,Kode Barang\nKaos,KAOS-M,K-M\n";
        assert_eq!(read(text), [pair("KAOS-M", "K-M")]);
    }

    #[test]
    fn columns_are_separated_by_tab_semicolon_or_comma() {
        let expected = [pair("KAOS-M", "K-M"), pair("TAS 01", "T-1")];
        for text in [
            "KAOS-M\tK-M\nTAS 01\tT-1",
            "KAOS-M;K-M\r\nTAS 01;T-1\r\n",
            "KAOS-M,K-M\nTAS 01,T-1\n\n",
            "\u{feff}sep=;\nKAOS-M;K-M\nTAS 01;T-1",
            " KAOS-M \t K-M \n\t\nTAS 01\tT-1\textra",
            "\"KAOS-M\",\"K-M\"\nTAS 01,T-1",
            "SKU,Kode Barang\nKAOS-M,K-M\nTAS 01,T-1",
            "name;item_no;sku\nKaos;K-M;KAOS-M\nTas;T-1;TAS 01",
            "KAOS-M\tK-M\nTAS 01\tT-1\nKAOS-M\tK-M",
        ] {
            assert_eq!(read(text), expected, "{text:?}");
        }
        assert_eq!(read("A,B\tC;1"), [pair("A,B", "C;1")], "only tabs separate where there is one");
        assert_eq!(read("A,1;X\nB;Y"), [pair("A,1", "X"), pair("B", "Y")]);
        assert_eq!(read(""), []);
    }

    #[test]
    fn what_an_export_protects_from_a_spreadsheet_comes_back_as_it_was() {
        assert_eq!(read("'=SUM(1)\t'-5"), [pair("=SUM(1)", "-5")]);
        assert_eq!(read("'90s\tX"), [pair("'90s", "X")], "a quote of the seller stays");
    }

    #[test]
    fn every_wrong_line_is_reported_with_its_number() {
        let long = "X".repeat(LONGEST + 1);
        let read = from_text(&format!("A\tX\nB\n\tY\nC\t\nA\tZ\n{long}\tX\nD\tY"));
        assert_eq!(read.pairs, [pair("A", "X"), pair("D", "Y")]);
        assert_eq!(read.without_item, 1);
        let wrong: Vec<_> = read.wrong.into_iter().map(|wrong| (wrong.line, wrong.why)).collect();
        let contradiction = WrongPair::Contradiction("X".to_owned());
        assert_eq!(
            wrong,
            [(2, WrongPair::OneColumn), (3, WrongPair::SkuMissing), (5, contradiction), (6, WrongPair::TooLong)]
        );
    }

    #[test]
    fn a_text_of_any_size_is_read_in_part() {
        let rows = |count: usize| (0..count).map(|nth| format!("S{nth}\tI{nth}")).collect::<Vec<_>>().join("\n");
        let read = from_text(&rows(MOST_ROWS + 2));
        assert_eq!((read.pairs.len(), read.wrong.len()), (MOST_ROWS, 1));
        assert_eq!(read.wrong[0].why, WrongPair::TooMany);
        let wrong = from_text(&"A\n".repeat(1_000));
        assert_eq!((wrong.pairs.len(), wrong.wrong.len()), (0, MOST_WRONG));
    }
}
