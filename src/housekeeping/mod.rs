//! Keeps the database small. Backup and copy are in [`crate::storage`].

pub mod backups;
pub mod retention;
