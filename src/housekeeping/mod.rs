//! What keeps the database small. Backup and copy are in [`crate::storage`], beside what they read.

pub mod retention;
