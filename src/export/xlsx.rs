//! XLSX. Texts are texts, amounts numbers and times dates; no value is a formula.

use std::io::{Read, Seek};

use axum::body::Bytes;
use futures_util::{Stream, stream};
use rust_decimal::prelude::ToPrimitive;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet};
use tokio::sync::mpsc;

use super::{
    ExportError, Page, WAITING,
    columns::{Cell, Column, Headers},
    handed_over,
};

/// Excel's limit of rows per sheet, including the header.
const MOST_ROWS: u32 = 1_048_576;

/// Excel's limit of characters per cell.
const LONGEST_TEXT: usize = 32_767;

/// Bytes of one piece of the stream.
const PIECE: usize = 64 * 1024;

pub(super) fn written<T: Send + 'static>(
    pages: impl Stream<Item = Page<T>> + Send + 'static,
    columns: &'static [Column<T>],
    headers: Headers,
) -> impl Stream<Item = Result<Bytes, ExportError>> + Send {
    let (sender, receiver) = mpsc::channel(WAITING);
    let pages = handed_over(pages);
    tokio::task::spawn_blocking(move || {
        if let Err(error) = write(pages, columns, headers, &sender) {
            // The reader may have disconnected already.
            let _ = sender.blocking_send(Err(error));
        }
    });
    stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver)))
}

/// Writes the workbook to a temporary file, and sends the file.
fn write<T>(
    mut pages: mpsc::Receiver<Page<T>>,
    columns: &[Column<T>],
    headers: Headers,
    sender: &mpsc::Sender<Result<Bytes, ExportError>>,
) -> Result<(), ExportError> {
    let formats = Formats::new();
    let mut workbook = Workbook::new();
    let mut sheet = sheet(&mut workbook, columns, headers, &formats)?;
    let mut row = 1;
    while let Some(page) = pages.blocking_recv() {
        for one in &page? {
            if row == MOST_ROWS {
                sheet = self::sheet(&mut workbook, columns, headers, &formats)?;
                row = 1;
            }
            for (column, at) in columns.iter().zip(0..) {
                write_cell(sheet, row, at, column.cell(one, headers), &formats)?;
            }
            row += 1;
        }
        if sender.is_closed() {
            return Err(ExportError::CutShort);
        }
    }
    let mut file = tempfile::tempfile()?;
    workbook.save_to_writer(&mut file)?;
    file.rewind()?;
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        if Read::by_ref(&mut file).take(PIECE as u64).read_to_end(&mut piece)? == 0 {
            return Ok(());
        }
        sender.blocking_send(Ok(piece.into())).map_err(|_| ExportError::CutShort)?;
    }
}

pub(super) struct Formats {
    pub(super) header: Format,
    money: Format,
    /// The format of amounts with a fraction of a rupiah.
    cents: Format,
    moment: Format,
    day: Format,
}

impl Formats {
    pub(super) fn new() -> Self {
        Self {
            header: Format::new().set_bold(),
            money: Format::new().set_num_format("#,##0"),
            cents: Format::new().set_num_format("#,##0.00"),
            moment: Format::new().set_num_format("dd/mm/yyyy hh:mm"),
            day: Format::new().set_num_format("dd/mm/yyyy"),
        }
    }
}

fn sheet<'a, T>(
    workbook: &'a mut Workbook,
    columns: &[Column<T>],
    headers: Headers,
    formats: &Formats,
) -> Result<&'a mut Worksheet, ExportError> {
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    sheet.set_freeze_panes(1, 0)?;
    for (column, at) in columns.iter().zip(0..) {
        sheet.set_column_width(at, column.width)?;
        sheet.write_string_with_format(0, at, column.header(headers), &formats.header)?;
    }
    Ok(sheet)
}

pub(super) fn write_cell(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    cell: Cell,
    formats: &Formats,
) -> Result<(), ExportError> {
    match cell {
        Cell::Empty => {}
        Cell::Text(text) => {
            let text: String = text.chars().take(LONGEST_TEXT).collect();
            sheet.write_string(row, column, text)?;
        }
        Cell::Number(number) => {
            sheet.write_number(row, column, number as f64)?;
        }
        Cell::Money(amount) => {
            let format = if amount.is_integer() { &formats.money } else { &formats.cents };
            sheet.write_number_with_format(row, column, amount.to_f64().unwrap_or_default(), format)?;
        }
        Cell::Moment(moment) => {
            let (day, time) = (moment.date(), moment.time());
            let excel = ExcelDateTime::from_ymd(day.year() as u16, day.month() as u8, day.day() as u8)
                .and_then(|at| at.and_hms(time.hour() as u16, time.minute() as u8, f64::from(time.second())));
            match excel {
                Ok(at) => sheet.write_datetime_with_format(row, column, &at, &formats.moment)?,
                // Excel has no dates before 1900.
                Err(_) => sheet.write_string(row, column, moment.to_string())?,
            };
        }
        Cell::Day(day) => {
            match ExcelDateTime::from_ymd(day.year() as u16, day.month() as u8, day.day() as u8) {
                Ok(at) => sheet.write_datetime_with_format(row, column, &at, &formats.day)?,
                Err(_) => sheet.write_string(row, column, day.to_string())?,
            };
        }
    }
    Ok(())
}
