//! CSV. Values that a spreadsheet would interpret as formulas are marked as text.

use axum::body::Bytes;
use futures_util::{Stream, StreamExt, stream};

use super::{
    ExportError, Page,
    columns::{Cell, Column, Headers},
};

/// A byte order mark, without which Excel does not recognise UTF-8. Exports for programs have none.
pub(super) const BYTE_ORDER_MARK: &str = "\u{feff}";

pub(super) fn written<T: Send + 'static>(
    pages: impl Stream<Item = Page<T>> + Send,
    columns: &'static [Column<T>],
    headers: Headers,
) -> impl Stream<Item = Result<Bytes, ExportError>> + Send {
    let first = stream::once(async move {
        let mark = mark(headers);
        let names = columns.iter().map(|column| column.header(headers).to_owned());
        let lines = lines(std::iter::once(names.collect()))?;
        Ok([mark.as_bytes(), &lines].concat().into())
    });
    first.chain(pages.map(move |page| {
        let rows = page?;
        let row = |row: &T| columns.iter().map(|column| field(column.cell(row, headers))).collect();
        let rows = rows.iter().map(row);
        Ok(lines(rows)?.into())
    }))
}

fn mark(headers: Headers) -> &'static str {
    if headers == Headers::Stable { "" } else { BYTE_ORDER_MARK }
}

/// A whole table.
pub(super) fn table(
    headers: Headers,
    names: &[&str],
    rows: impl Iterator<Item = Vec<Cell>>,
) -> Result<Vec<u8>, ExportError> {
    let names = std::iter::once(names.iter().map(|name| (*name).to_owned()).collect());
    let lines = lines(names.chain(rows.map(|row| row.into_iter().map(field).collect())))?;
    Ok([mark(headers).as_bytes(), &lines].concat())
}

fn lines(rows: impl Iterator<Item = Vec<String>>) -> Result<Vec<u8>, ExportError> {
    let mut writer = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).map_err(std::io::Error::other)?;
    }
    writer.into_inner().map_err(|error| std::io::Error::other(error.to_string()).into())
}

fn field(cell: Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => as_text(text),
        Cell::Number(number) => number.to_string(),
        Cell::Money(amount) => amount.to_string(),
        Cell::Moment(moment) => moment.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        Cell::Day(day) => day.to_string(),
    }
}

/// A spreadsheet executes a value that begins like this, even after spaces; a leading quote makes it a text.
pub(super) fn as_text(text: String) -> String {
    let is_formula =
        |letter: char| matches!(letter, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠');
    let is_dangerous = text.starts_with(is_formula) || text.trim_start().starts_with(is_formula);
    if is_dangerous { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_seller_typed_becomes_a_formula() {
        for text in ["=HYPERLINK(\"http://evil\")", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1"] {
            assert_eq!(as_text(text.to_owned()), format!("'{text}"));
        }
        for text in ["KAOS-M", "INV/1", "a=b", ""] {
            assert_eq!(as_text(text.to_owned()), text);
        }
    }
}
