//! Payouts from files. A file is read completely or not at all: [`PayoutFile::check`] reads all of it and records
//! nothing; [`record`] reads it again and records it in batches. Memory grows with one row, the ids, and, where a
//! payout consists of several rows, with these rows.

pub mod profiles;
mod reading;
mod recording;

pub use self::{
    reading::{NoHeadings, Opened, PayoutFile, Problems},
    recording::{Counts, Failed, record, record_all},
};
