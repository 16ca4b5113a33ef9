//! Which secrets are no secrets: placeholders of the example files, and texts that can be guessed.

use std::{cell::RefCell, net::SocketAddr};

use super::is_loopback;
use crate::domain::document::Problems;

/// Fewest characters of a secret that somebody else than this machine could try to guess.
const FEWEST: usize = 16;

/// What every placeholder of our example files holds.
const PLACEHOLDER: &str = "change-me";

/// Whether a text is a placeholder that nobody has replaced.
pub(super) fn is_placeholder(secret: &str) -> bool {
    secret.to_lowercase().contains(PLACEHOLDER)
}

/// What a placeholder is reported as.
pub(super) const STILL_PLACEHOLDER: &str =
    "is still the placeholder of the example file: replace it with the real secret";

/// Secrets that are short, by key. Whether that matters is known only when all settings are read.
#[derive(Debug, Default)]
pub(super) struct Short(RefCell<Vec<(String, usize)>>);

impl Short {
    /// Looks at one secret.
    pub(super) fn note(&self, key: String, secret: &str) {
        let characters = secret.chars().count();
        if characters < FEWEST {
            self.0.borrow_mut().push((key, characters));
        }
    }

    /// Reports the short ones, unless nobody outside of this machine takes part.
    pub(super) fn report(&self, listens: &[SocketAddr], account_urls: &[reqwest::Url], problems: &Problems) {
        let only_this_machine =
            listens.iter().all(|address| address.ip().is_loopback()) && account_urls.iter().all(is_loopback);
        if only_this_machine {
            return;
        }
        for (key, characters) in self.0.borrow().iter() {
            let has =
                if *characters == 1 { "has 1 character".to_owned() } else { format!("has {characters} characters") };
            let remedy = format!(
                "{has}: at least {FEWEST} are needed, such as `openssl rand -hex 24` makes, unless every address to \
                 listen on and every account_url is on this machine (127.0.0.1)"
            );
            problems.add(key, None, remedy);
        }
    }
}
