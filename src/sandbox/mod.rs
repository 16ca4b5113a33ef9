//! A stateful stand-in for Accurate Online's HTTP API.
//!
//! It does what accurate.md says Accurate does, and nothing that file does not say; where that file is unsure,
//! the behaviour depends on one named field of [`Settings`] or [`Limits`].
//! The room has no knowledge of the client or of the service: it is what they are tried against.
//!
//! Everything that decides is a synchronous core without I/O and without a clock of its own ([`Core`]),
//! so a seeded simulator can drive it in simulated time just as the HTTP shell does in real time.
//!
//! # Layout
//!
//! In the order in which a call meets them:
//!
//! - `server`: the HTTP shell; `socket`: connections that can be cut without a reply
//! - `control`: the routes under `/sandbox`, for people and for tests outside this process
//! - `core`: one call from arrival to answer
//! - `action`: which calls there are
//! - `auth`: token, clock and signature
//! - `limits`: calls per second and in flight; breaches
//! - `fault`: what can go wrong with a call; `faults`: which call meets which, by chance or on command; `spoil`:
//!   what the caller sees of it
//! - `work`: what each call does with the books
//! - `save`: the checks before a sales invoice or a customer is saved; `fields`: reading their lenient JSON
//! - `totals`: subtotal, discount, tax, total
//! - `list`: fields, filters, paging
//! - `books`: what the sandbox holds and what of it is already shown; `register`: how it finds its records;
//!   `masters`: what it starts with; `invoice`: what it is all about
//! - `people`: what people do in Accurate: edit, renumber, duplicate, pay, delete
//! - `messages`: every text Accurate would say; `reply`: the forms replies come in
//! - `journal`: what calls were made
//! - [`samples`]: sample orders, their mapping and what each must lead to
//! - `handle`: [`Sandbox`], the handle that tests, `demo` and the shell share
//!
//! # Left out on purpose
//!
//! OAuth, `db-list.do`, sales receipts over HTTP, English messages (`X-Language-Profile` is not looked at),
//! the expansion of group items (accurate.md §6: not known), changing a record through `save.do` with its `id`.

mod action;
mod auth;
mod books;
mod control;
mod core;
mod fault;
mod faults;
mod fields;
mod handle;
mod invoice;
mod journal;
mod limits;
mod list;
mod masters;
mod messages;
mod options;
mod people;
mod register;
mod reply;
pub mod samples;
mod save;
mod server;
mod socket;
mod spoil;
mod totals;
mod work;

#[cfg(test)]
mod tests;

pub use self::action::Action;
pub use self::core::{Acted, Admission, Answer, Core, Down, Host, Plan, Request, Ticket};
pub use self::fault::Fault;
pub use self::faults::On;
pub use self::handle::Sandbox;
pub use self::invoice::{Customer, Invoice, InvoiceExpense, InvoiceLine, Receipt};
pub use self::journal::CallRecord;
pub use self::limits::{Breach, BreachKind, LimitReply, Limits};
pub use self::masters::{Account, AccountType, Item, Masters, Named, Tax};
pub use self::options::{
    Branches, BulkRule, CustomerNames, Emoji, FilterValues, LetterCase, NegativeExpenses, Numbering, Options, Settings,
    Sorting, SuspendedItems, UnknownMasters,
};
pub use self::people::{Edit, NotDone};
pub use self::server::Running;
