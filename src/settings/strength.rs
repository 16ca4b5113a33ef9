//! Rejects insecure secrets: placeholders of the example files, and texts that can be guessed.

use std::{cell::RefCell, net::SocketAddr};

use super::is_loopback;
use crate::domain::toml_text::Problems;

/// Minimum length of a secret that can be tried from another machine.
const FEWEST: usize = 16;

/// The text that every placeholder in our example files contains.
const PLACEHOLDER: &str = "change-me";

/// Whether a text is a placeholder that was not replaced.
pub(super) fn is_placeholder(secret: &str) -> bool {
    secret.to_lowercase().contains(PLACEHOLDER)
}

/// The error message for a placeholder.
pub(super) const STILL_PLACEHOLDER: &str =
    "is still the placeholder of the example file: replace it with the real secret";

/// Short secrets, by key. Whether they are allowed is known only after all settings have been read.
#[derive(Debug, Default)]
pub(super) struct Short(RefCell<Vec<(String, usize)>>);

impl Short {
    /// Checks one secret.
    pub(super) fn note(&self, key: String, secret: &str) {
        let characters = secret.chars().count();
        if characters < FEWEST {
            self.0.borrow_mut().push((key, characters));
        }
    }

    /// Reports the short secrets, unless everything runs on this machine.
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
