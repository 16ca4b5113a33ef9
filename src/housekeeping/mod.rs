//! Keeps the database small. Backup and copy are in [`crate::storage`].

pub mod retention;
