//! A table that fits into memory, as a file.

use rust_xlsxwriter::Workbook;

use super::{
    Cell, ExportError, Format, Headers, csv,
    xlsx::{self, Formats},
};

/// A file with these headings and rows. The widths are in characters.
pub fn written(
    format: Format,
    headers: Headers,
    names: &[&str],
    widths: &[u16],
    rows: impl Iterator<Item = Vec<Cell>>,
) -> Result<Vec<u8>, ExportError> {
    match format {
        Format::Csv => csv::table(headers, names, rows),
        Format::Xlsx => {
            workbook(&[Sheet { name: "", headers: names.to_vec(), widths: widths.to_vec(), rows: rows.collect() }])
        }
    }
}

/// A sheet of a workbook.
pub struct Sheet<'a> {
    /// Its name; empty for the usual one.
    pub name: &'a str,
    /// The first row.
    pub headers: Vec<&'a str>,
    /// The widths of the columns, in characters.
    pub widths: Vec<u16>,
    /// All other rows.
    pub rows: Vec<Vec<Cell>>,
}

/// A workbook with these sheets.
pub fn workbook(sheets: &[Sheet<'_>]) -> Result<Vec<u8>, ExportError> {
    let formats = Formats::new();
    let mut workbook = Workbook::new();
    for Sheet { name, headers, widths, rows } in sheets {
        let sheet = workbook.add_worksheet_with_constant_memory()?;
        if !name.is_empty() {
            sheet.set_name(*name)?;
        }
        sheet.set_freeze_panes(1, 0)?;
        for ((header, width), at) in headers.iter().zip(widths).zip(0..) {
            sheet.set_column_width(at, *width)?;
            sheet.write_string_with_format(0, at, *header, &formats.header)?;
        }
        for (row, cells) in (1..).zip(rows) {
            for (cell, at) in cells.iter().zip(0..) {
                xlsx::write_cell(sheet, row, at, cell.clone(), &formats)?;
            }
        }
    }
    Ok(workbook.save_to_buffer()?)
}
