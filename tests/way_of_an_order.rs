//! The way of an order from Forstok's webhook to Accurate's invoice, with everything that can happen on it.
//!
//! Each test says what happens and looks at what people would see: the sandbox's books, the order, its timeline.

#[expect(dead_code, reason = "each test target uses its part of the harness")]
mod world;

#[path = "way_of_an_order/cancelling.rs"]
mod cancelling;
#[path = "way_of_an_order/clocks.rs"]
mod clocks;
#[path = "way_of_an_order/crashes.rs"]
mod crashes;
#[path = "way_of_an_order/deleting.rs"]
mod deleting;
#[path = "way_of_an_order/doubt.rs"]
mod doubt;
#[path = "way_of_an_order/failing.rs"]
mod failing;
#[path = "way_of_an_order/faults.rs"]
mod faults;
#[path = "way_of_an_order/hosts.rs"]
mod hosts;
#[path = "way_of_an_order/manual.rs"]
mod manual;
#[path = "way_of_an_order/many.rs"]
mod many;
#[path = "way_of_an_order/numbers.rs"]
mod numbers;
#[path = "way_of_an_order/old_bodies.rs"]
mod old_bodies;
#[path = "way_of_an_order/ownership.rs"]
mod ownership;
#[path = "way_of_an_order/people.rs"]
mod people;
#[path = "way_of_an_order/replies.rs"]
mod replies;
#[path = "way_of_an_order/samples.rs"]
mod samples;
#[path = "way_of_an_order/snapshots_of_orders.rs"]
mod snapshots_of_orders;
#[path = "way_of_an_order/together.rs"]
mod together;

/// The order and the invoice that most tests are about: sample 01.
const ORDER: &str = "138163394";
const NUMBER: &str = "231127PECAFY4J";
