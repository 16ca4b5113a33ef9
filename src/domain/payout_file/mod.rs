//! Files with payouts, as marketplaces and Forstok export them.
//!
//! A [`profile`] says what the columns contain; [`layout`] finds them in a file, and surveys what the rows show about
//! them ([`numbers`]: how amounts are written). [`row`] reads a row, [`assemble`] makes payouts of rows, [`summary`]
//! adds them up, [`numbered`] are ids of rows without one of their own, [`wrong`] says what cannot be read. Nothing is guessed: a file that can be read in two ways is a
//! question.

pub mod assemble;
pub mod days;
pub mod layout;
pub mod numbered;
pub mod numbers;
pub mod profile;
pub mod row;
pub mod summary;
pub mod wrong;

pub use self::{
    assemble::{Added, Assembler, Made},
    layout::{Layout, Survey, Surveyed},
    numbers::{Notation, Written},
    profile::{Content, Profile},
    row::Row,
    summary::Summary,
    wrong::{Why, Wrong},
};
