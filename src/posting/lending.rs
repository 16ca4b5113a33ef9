//! A command that calls Accurate while the service runs may use half of Accurate's limit; see `storage/allowance.rs`.

use std::{sync::Arc, time::Duration};

use tokio::sync::Mutex;

use super::Posting;
use crate::{accurate::limiter::Lent, storage::Allowance, supervisor::Progress};

/// How often the service checks whether a command wants to make calls.
const CHECK: Duration = Duration::from_secs(1);

/// Lends half of every book's slots while a command makes calls.
pub async fn share_always(posting: Arc<Posting>, allowance: Arc<Mutex<Allowance>>, progress: Progress) {
    let mut allowance = allowance.lock().await;
    let clock = posting.clock.as_ref();
    let mut lent = None;
    loop {
        if lent.is_none() {
            if !allowance.is_ours(clock).await {
                // Calls in flight may take minutes.
                lent = Some(progress.wait_for(posting.lend()).await);
                allowance.lend().await;
                tracing::debug!("half of the calls to Accurate are lent to a command");
            }
        } else if allowance.take_back(clock).await {
            lent = None;
        }
        progress.wait_for(clock.sleep(CHECK)).await;
    }
}

impl Posting {
    /// Takes half of every book's slots out of use.
    async fn lend(&self) -> Vec<Lent<'_>> {
        let mut lent = Vec::new();
        for book in self.books.values() {
            lent.push(book.session.lend().await);
        }
        lent
    }
}
