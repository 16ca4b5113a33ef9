//! The state of the connection to each Accurate database, in words.

use super::page::Page;
use crate::{
    domain::{ids::BookName, pause},
    posting::{BookStatus, circuit::Pause},
};

/// A book as pages show it.
pub(super) struct Book {
    pub(super) name: BookName,
    pub(super) pause: Option<Trouble>,
}

/// Why a book is paused, and what to do.
pub(super) struct Trouble {
    pub(super) sentence: &'static str,
    /// Whether nothing is sent at all, or only one kind of document waits.
    pub(super) is_whole: bool,
    pub(super) remedy: &'static str,
    /// `26/11/2026 10:32 WIB`.
    pub(super) since: String,
    /// `12 minutes`.
    pub(super) length: String,
    /// Accurate's own message, unchanged.
    pub(super) words: String,
}

impl Book {
    pub(super) fn new(book: BookStatus, page: &Page) -> Self {
        Self { name: book.name, pause: book.pause.map(|pause| Trouble::new(pause, page)) }
    }
}

impl Trouble {
    fn new(pause: Pause, page: &Page) -> Self {
        let (sentence, remedy) = pause::in_words(pause.code, page.language);
        Self {
            sentence,
            is_whole: pause.documents.is_none(),
            remedy,
            since: page.moment(pause.since),
            length: page.since(pause.since),
            words: pause.words,
        }
    }
}
