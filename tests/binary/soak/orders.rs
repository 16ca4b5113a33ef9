//! The orders that are sent, and the invoices that must come of them.

use std::collections::BTreeMap;

use forstok_accurate::sandbox::{Invoice, samples::SAMPLES};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::sequels::Sequel;

/// Later than all samples.
pub(super) const SHIPPED_AT: &str = "2024-02-01T10:00:00.000+07:00";
pub(super) const CANCELLED_AT: &str = "2024-02-02T10:00:00.000+07:00";

/// What happens to an order after it was first sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Nothing more.
    Stays,
    /// It is shipped once its invoice exists.
    ShippedAfter,
    /// It is shipped at any time. Until a lost save has expired, five minutes can pass.
    ShippedMeanwhile,
    /// It is cancelled before it is due.
    CancelledBefore,
    /// It is cancelled once its invoice exists.
    CancelledAfter,
    /// It is cancelled at any time; this can also take five minutes.
    CancelledMeanwhile,
}

impl Fate {
    fn is_of_a_cancelled_order(self) -> bool {
        matches!(self, Self::CancelledBefore | Self::CancelledAfter | Self::CancelledMeanwhile)
    }
}

/// An order and its expected invoice.
pub(super) struct Ordered {
    pub(super) id: String,
    pub(super) number: String,
    pub(super) customer_no: String,
    pub(super) total: Decimal,
    pub(super) fate: Fate,
    /// What the marketplace reports about it; nothing about an order that is cancelled.
    pub(super) sequel: Sequel,
    pub(super) body: Value,
}

impl Ordered {
    pub(super) fn is_cancelled(&self) -> bool {
        self.fate.is_of_a_cancelled_order() || self.sequel == Sequel::PaidThenCancelled
    }

    /// A later snapshot.
    pub(super) fn later(&self, status: &str, updated_at: &str) -> Vec<u8> {
        let mut body = self.body.clone();
        body["order"]["status"] = json!(status);
        body["order"]["updated_at"] = json!(updated_at);
        body.to_string().into_bytes()
    }
}

/// One of the samples that lead to an invoice, with another id and more pieces.
pub(super) fn ordered(nth: usize, chance: &mut fastrand::Rng) -> Ordered {
    let invoiced: Vec<_> = SAMPLES.iter().filter(|sample| sample.expected()["state"] == "invoiced").collect();
    let sample = invoiced[nth % invoiced.len()];
    let expected = &sample.expected()["invoice"];
    let (id, number) = ((200_000_000 + nth).to_string(), format!("K-{nth:05}"));
    let mut body = sample.json();
    let order = &mut body["order"];
    order["id"] = json!(id);
    order["local_id"] = json!(number);
    order["local_name"] = json!(number);
    let mut more = Decimal::ZERO;
    for piece in 0..chance.usize(..6) {
        let price = Decimal::from(1_000 * (nth % 500 + 1) + 7 * piece);
        more += price;
        let line = json!({"sku": "KAOS-M", "name": "Kaos Polos", "price": price.to_string()});
        order["item_lines"].as_array_mut().expect("a list").push(line);
    }
    order["total_price"] = json!((decimal(&order["total_price"]) + more).to_string());
    let total = decimal(&expected["total"]) + more;
    let customer_no = expected["customerNo"].as_str().expect("a text").to_owned();
    // After shipping, a cancellation becomes a return, and the invoice stays.
    let status = body["order"]["status"].as_str().expect("a text").to_lowercase();
    let has_left = ["shipped", "delivered", "completed"].contains(&&*status);
    let fate = match chance.u8(..20) {
        0..=9 => Fate::Stays,
        10..=12 => Fate::ShippedMeanwhile,
        13..=15 => Fate::ShippedAfter,
        16 => Fate::CancelledBefore,
        17.. if has_left => Fate::Stays,
        17 => Fate::CancelledMeanwhile,
        _ => Fate::CancelledAfter,
    };
    let mut ordered = Ordered { id, number, customer_no, total, fate, sequel: Sequel::draw(chance), body };
    let is_one_piece = ordered.body.to_string().matches("\"KAOS-M\"").count() == 1;
    ordered.sequel = match ordered.sequel {
        Sequel::PaidThenCancelled if !has_left && fate == Fate::Stays => Sequel::PaidThenCancelled,
        Sequel::PartBack if !is_one_piece => Sequel::Paid,
        Sequel::PaidThenCancelled => Sequel::Paid,
        sequel => sequel,
    };
    if fate.is_of_a_cancelled_order() {
        ordered.sequel = Sequel::Nothing;
    }
    ordered
}

pub(super) fn decimal(value: &Value) -> Decimal {
    value.to_string().replace('"', "").parse().expect("a number")
}

/// The sandbox has exactly the expected invoices, and the service knows them.
pub(super) fn compare(sent: &[Ordered], invoices: &[Invoice], shown: &BTreeMap<String, Value>) {
    assert_eq!(shown.len(), sent.len(), "the service knows each order that was sent and no other");
    let mut by_order: BTreeMap<&str, Vec<&Invoice>> = BTreeMap::new();
    for invoice in invoices {
        by_order.entry(&invoice.description).or_default().push(invoice);
    }
    for order in sent {
        let of_order = by_order.remove(order.id.as_str()).unwrap_or_default();
        let shown = &shown[&order.id];
        if order.is_cancelled() {
            assert!(of_order.is_empty(), "cancelled order {} has an invoice: {of_order:?}", order.id);
            assert!(["ignored", "voided"].contains(&shown["state"].as_str().expect("a text")), "{shown}");
            continue;
        }
        let [invoice] = of_order[..] else { panic!("order {} has {} invoices: {shown}", order.id, of_order.len()) };
        assert_eq!(invoice.number, order.number);
        assert_eq!(invoice.customer_no, order.customer_no, "order {}", order.id);
        assert_eq!(invoice.total_amount, order.total, "order {}", order.id);
        assert_eq!(shown["state"], "invoiced", "{shown}");
        assert_eq!(shown["invoice"]["id"], invoice.id, "{shown}");
        assert_eq!(decimal(&shown["invoice"]["total"]), invoice.total_amount, "{shown}");
    }
    assert!(by_order.is_empty(), "invoices that nobody asked for: {by_order:?}");
}
