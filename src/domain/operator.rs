//! Operators: the people who may sign in, and what each of them may do.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The operator of `server.operator_token`; always an admin.
pub const OPERATOR: &str = "operator";

/// What an operator may do. Each role includes the previous one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees everything, changes nothing.
    Read,
    /// May also retry, decide, acknowledge, import and approve.
    Work,
    /// May also change the mapping and everything else that affects all orders.
    Admin,
}

impl Role {
    /// All roles, in ascending order.
    pub const ALL: [Self; 3] = [Self::Read, Self::Work, Self::Admin];

    /// The word in the settings.
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

/// The person, or the person's tool, that sends a request. Changes are recorded under this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The name in the settings.
    pub name: String,
    /// The operator's role.
    pub role: Role,
}

impl Actor {
    /// Whether the operator has this role or a higher one.
    pub fn may(&self, role: Role) -> bool {
        self.role >= role
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
