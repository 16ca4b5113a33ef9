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
        Format::Xlsx => workbook(names, widths, rows),
    }
}

fn workbook(names: &[&str], widths: &[u16], rows: impl Iterator<Item = Vec<Cell>>) -> Result<Vec<u8>, ExportError> {
    let formats = Formats::new();
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    sheet.set_freeze_panes(1, 0)?;
    for ((name, width), at) in names.iter().zip(widths).zip(0..) {
        sheet.set_column_width(at, *width)?;
        sheet.write_string_with_format(0, at, *name, &formats.header)?;
    }
    for (row, cells) in (1..).zip(rows) {
        for (cell, at) in cells.into_iter().zip(0..) {
            xlsx::write_cell(sheet, row, at, cell, &formats)?;
        }
    }
    Ok(workbook.save_to_buffer()?)
}
