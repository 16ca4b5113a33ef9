//! Clears old bodies, and records when a backup was made. Backing up and copying are in [`crate::storage`].

pub mod backups;
pub mod retention;
