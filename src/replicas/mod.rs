//! Several replicas on one database: each duty is done by one replica at a time.

pub mod leadership;

pub use self::leadership::{Duty, Replica};
