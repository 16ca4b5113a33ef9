//! Several replicas on one database: each duty is done by one of them at a time.

pub mod leadership;

pub use self::leadership::{Duty, Replica};
