//! The path of an order from Forstok's webhook to Accurate's invoice, with everything that can happen on it.
//!
//! Each test states what happens, and checks what people would see: the sandbox's invoices, the order, its timeline.

mod cancelling;
mod clocks;
mod crashes;
mod deleting;
mod doubt;
mod failing;
mod faults;
mod hosts;
mod manual;
mod many;
mod numbers;
mod old_bodies;
mod ownership;
mod people;
mod replies;
mod rights;
mod samples;
mod shadow;
mod snapshots_of_orders;
mod together;

/// The order and the invoice of most tests: sample 01.
const ORDER: &str = "138163394";
const NUMBER: &str = "231127PECAFY4J";
