//! Who acts: the people who may sign in, and what each of them may do.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The operator whom `server.operator_token` admits; always an admin.
pub const OPERATOR: &str = "operator";

/// What an operator may do. Each role may do what the one before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// See everything, change nothing.
    Read,
    /// Retry, decide, acknowledge, import, approve.
    Work,
    /// Change the mapping and whatever else decides about all orders.
    Admin,
}

impl Role {
    /// All of them, the least first.
    pub const ALL: [Self; 3] = [Self::Read, Self::Work, Self::Admin];

    /// The word of the settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Work => "work",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The person, or the person's tool, that a request comes from. What it changes is recorded under this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// As the settings name them.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

impl Actor {
    /// Whether this role, or a higher one, is theirs.
    pub fn may(&self, role: Role) -> bool {
        self.role >= role
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
