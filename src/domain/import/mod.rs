//! What another source lists about orders, beside what this service knows of them: files of webhook bodies, exports of
//! a spreadsheet, and Forstok's order API.
//!
//! [`compare`] says how an order that is listed relates to the order that is known. [`columns`] recognises the columns
//! of an export, [`row`] reads its rows, [`report`] adds up the result. Only listed orders are compared: an order that
//! a source does not list any more is not a difference.

pub mod columns;
pub mod compare;
pub mod report;
pub mod row;

pub use self::{
    compare::{Known, Standing},
    report::{Counts, Difference, Report, Side, Unread},
    row::Row,
};
