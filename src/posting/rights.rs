//! Records which rights the token's user has or lacks, as calls have shown.

use super::{Book, Posting, circuit::Change};
use crate::{
    accurate::{client::RightsSeen, outcome::Right},
    domain::ids::BookName,
    storage::Result,
};

impl Posting {
    /// The rights that a book's token lacks, as far as this replica's calls showed.
    pub fn missing_rights(&self, book: &BookName) -> Vec<Right> {
        self.books.get(book).map_or_else(Vec::new, |book| book.lock_circuit().missing_rights())
    }

    /// Records what calls beside the attempts showed about rights, such as those of a check; `given` are rights that
    /// the check found to exist.
    pub async fn note_tried_rights(&self, name: &BookName, given: &[Right]) -> Result<()> {
        let Some(book) = self.books.get(name) else { return Ok(()) };
        let mut seen = book.session.take_rights_seen();
        seen.extend(given.iter().map(|right| (*right, None)));
        self.take_in_rights(name, book, seen).await
    }

    /// Updates the circuit breaker with the rights that calls of the book had or lacked.
    pub(super) async fn note_rights(&self, name: &BookName, book: &Book) -> Result<()> {
        self.take_in_rights(name, book, book.session.take_rights_seen()).await
    }

    async fn take_in_rights(&self, name: &BookName, book: &Book, seen: RightsSeen) -> Result<()> {
        let now = self.now();
        let mut is_given = false;
        for (right, missing) in seen {
            match book.lock_circuit().note_right(right, missing, now) {
                Change::None => {}
                Change::Paused => {
                    tracing::warn!(book = name.as_str(), ?right, "book {name}: a right is missing, its orders wait");
                }
                Change::Resumed => {
                    tracing::info!(
                        book = name.as_str(),
                        ?right,
                        "book {name}: a right that was missing has been granted"
                    );
                    is_given = true;
                    if right == Right::CreateCustomers {
                        book.lock_without_customer().clear();
                    }
                }
            }
        }
        if is_given {
            self.storage.hasten(name, now).await?;
        }
        Ok(())
    }
}
