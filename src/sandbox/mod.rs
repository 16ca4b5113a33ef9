//! A stateful simulation of Accurate Online's HTTP API.
//!
//! It behaves as accurate.md describes, and does nothing that accurate.md does not describe. Where accurate.md is
//! uncertain, one named field of [`Settings`] or [`Limits`] selects the behaviour. This module does not depend on the
//! client or the service, because both are tested against it.
//!
//! All behaviour is in a synchronous core without I/O and without a clock of its own ([`Core`]), so a seeded simulator
//! can run it in simulated time, and the HTTP shell in real time.
//!
//! # Layout
//!
//! In the order in which a call passes through them:
//!
//! - `server`: the HTTP shell; `socket`: connections that can be closed without a reply
//! - `control`: the routes under `/sandbox`, for people and for tests outside this process
//! - `core`: one call from arrival to answer
//! - `action`: the supported calls
//! - `auth`: token, clock and signature
//! - `limits`: calls per second and in flight; violations
//! - `fault`: the faults of a call; `faults`: which call meets which fault, at random or on command; `spoil`: the
//!   effect of a fault on the answer
//! - `work`: the effect of each call on the data
//! - `save`: the checks before a document or a customer is saved; `fields`: parses their lenient JSON
//! - `totals`: subtotal, discount, tax, total
//! - `list`: fields, filters, paging
//! - `books`: the data, and what documents do to each other; `documents`: which of their changes are already shown;
//!   `register`: records by id and key; `masters`: the initial data; `invoice`: sales invoices and customers; `receipt`
//!   and `sales_return`: what settles an invoice
//! - `people`: actions of people in Accurate: edit, renumber, duplicate, pay, take goods back, delete
//! - `webhooks`: Accurate's own webhooks about changes
//! - `old_integration`: another integration that books orders with known mistakes
//! - `messages`: all of Accurate's messages; `reply`: the forms of replies
//! - `journal`: the calls that were made
//! - [`samples`]: sample orders, their mapping and the expected results
//! - `forstok`: a stand-in for Forstok's order API, beside the simulated Accurate
//! - `handle`: [`Sandbox`], the handle that tests, `demo` and the shell use
//!
//! # Left out on purpose
//!
//! OAuth, `db-list.do`, returns that name no invoice, credit (`useCredit`), English messages (`X-Language-Profile` is
//! ignored), the expansion of group items (accurate.md §6: not known), changing a record through `save.do` with its
//! `id`.

mod action;
mod auth;
mod books;
mod control;
mod core;
mod documents;
mod fault;
mod faults;
mod fields;
mod forstok;
mod handle;
mod invoice;
mod journal;
mod limits;
mod list;
mod masters;
mod messages;
mod old_integration;
mod options;
mod people;
mod receipt;
mod register;
mod reply;
mod sales_return;
pub mod samples;
mod save;
mod server;
mod socket;
mod spoil;
mod totals;
mod webhooks;
mod work;

#[cfg(test)]
mod tests;

pub use self::action::{Action, Deed};
pub use self::core::{Acted, Admission, Answer, Core, Down, Host, Plan, Request, Ticket};
pub use self::fault::Fault;
pub use self::faults::On;
pub use self::forstok::{ForstokAnswer, ForstokBehaviour, ForstokFault, ForstokSandbox};
pub use self::handle::Sandbox;
pub use self::invoice::{Customer, HistoryEntry, Invoice, InvoiceExpense, InvoiceLine};
pub use self::journal::CallRecord;
pub use self::limits::{Breach, BreachKind, LimitReply, Limits};
pub use self::masters::{Account, AccountType, Item, Masters, Named, Tax};
pub use self::old_integration::{Booking, OldIntegration};
pub use self::options::{
    Branches, BulkReply, BulkRule, CustomerNames, Emoji, FilterValues, IdRanges, LetterCase, NegativeExpenses,
    Numbering, Options, Overpayment, Settings, Sorting, SuspendedItems, UnknownMasters,
};
pub use self::people::{Edit, NotDone, SettlingEdit};
pub use self::receipt::{PaidInvoice, Receipt, ReceiptDiscount};
pub use self::sales_return::{ReturnedLine, SalesReturn};
pub use self::server::Running;
