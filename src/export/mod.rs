//! Orders, payouts and returns as a table for spreadsheets: all rows of a list, read page by page.
//!
//! A CSV is sent while it is read. An XLSX is a ZIP whose parts are written to temporary files row by row. Therefore
//! neither has more than a few pages of orders in memory.

mod columns;
mod csv;
pub mod outcomes;
mod rows;
pub mod table;
mod xlsx;

use std::sync::Arc;

use axum::body::Bytes;
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::mpsc;

use self::columns::COLUMNS;
pub use self::{
    columns::{Cell, Column, Headers},
    rows::export_rows,
};
use crate::{
    engine::Engine,
    storage::{Filter, OrderRecord, Position, StorageError},
};

/// Number of orders per page. Several pages may be queued while a workbook is written.
const AT_ONCE: i64 = 100;

/// Length of the queues of pages and pieces; limits the memory if the reader is slow.
const WAITING: usize = 2;

/// The format of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Text, one line per order.
    Csv,
    /// A workbook.
    Xlsx,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Csv, Self::Xlsx];

    /// Parses the word in the API.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.ending() == word)
    }

    /// The word in the API, and the file name extension.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
        }
    }

    /// The media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

/// Why an export fails. The reader sees a closed connection, never a file that looks complete.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StorageError),
    /// The workbook could not be written.
    #[error("the workbook could not be written: {0}")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
    /// A temporary file failed.
    #[error("a temporary file could not be used: {0}")]
    File(#[from] std::io::Error),
    /// The reader has disconnected, or the service stops.
    #[error("the export was cut short")]
    CutShort,
}

type Page<T = OrderRecord> = Result<Vec<T>, ExportError>;

/// All matching orders, as a file that is streamed in pieces.
pub fn export(
    engine: Arc<Engine>,
    filter: Filter,
    format: Format,
    headers: Headers,
) -> impl Stream<Item = Result<Bytes, ExportError>> + Send {
    match format {
        Format::Csv => csv::written(pages(engine, filter), COLUMNS, headers).left_stream(),
        Format::Xlsx => xlsx::written(pages(engine, filter), COLUMNS, headers).right_stream(),
    }
}

/// The pages of a list, each read when the previous one has been taken.
fn pages(engine: Arc<Engine>, filter: Filter) -> impl Stream<Item = Page> + Send {
    let first = Some((engine, filter, None::<Position>));
    stream::unfold(first, async |state| {
        let (engine, filter, before) = state?;
        match engine.storage().page(&filter, before, AT_ONCE).await {
            Ok(page) => {
                let next = page.next.map(|next| (engine, filter, Some(next)));
                Some((Ok(page.orders), next))
            }
            Err(error) => Some((Err(error.into()), None)),
        }
    })
}

/// Passes pages to a thread that may block.
fn handed_over<T: Send + 'static>(pages: impl Stream<Item = Page<T>> + Send + 'static) -> mpsc::Receiver<Page<T>> {
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        let mut pages = Box::pin(pages);
        while let Some(page) = pages.next().await {
            if sender.send(page).await.is_err() {
                return;
            }
        }
    });
    receiver
}
