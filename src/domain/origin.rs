//! How a snapshot of an order reached this service.

use serde::{Deserialize, Serialize};

/// How a snapshot of an order reached this service. It changes nothing about what the snapshot says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Forstok sent it.
    #[default]
    Webhook,
    /// A person imported it from a file.
    Import,
    /// This service asked Forstok's order API for it.
    Backfill,
}

impl Origin {
    /// The word in the database and in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Import => "import",
            Self::Backfill => "backfill",
        }
    }

    /// From that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Webhook, Self::Import, Self::Backfill].into_iter().find(|origin| origin.as_str() == word)
    }
}
