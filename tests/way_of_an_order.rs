//! The way of an order from Forstok's webhook to Accurate's invoice, with everything that can happen on it.
//!
//! Each test says what happens and looks at what people would see: the sandbox's books, the order, its timeline.

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
mod samples;
mod snapshots_of_orders;
mod together;

/// The order and the invoice that most tests are about: sample 01.
const ORDER: &str = "138163394";
const NUMBER: &str = "231127PECAFY4J";
