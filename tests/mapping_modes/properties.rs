//! Properties of generated orders and of their arrivals.

use std::sync::Arc;

use forstok_accurate::{
    clock::SystemClock,
    domain::{
        about::About,
        decision::{Decision, decide},
        history::{History, Sighting},
        ids::DeliveryId,
        invoice::Draft,
        mapping::Mapping,
        money::Rupiah,
        order::{OrderId, Snapshot},
        reason::{Language, OrderWarning, Reason},
    },
    engine::Engine,
    forstok::payload,
    inbox::delivery,
    sandbox::samples::SAMPLES,
    storage::{Deliveries, Orders, Sqlite, State},
};
use jiff::Timestamp;
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{BUNDLES, TAXES, active_mapping, mapping};

// ---- orders ----

/// A line of an order, amounts in half rupiahs.
#[derive(Clone, Debug)]
struct Line {
    price: i64,
    sale_price: Option<i64>,
    quantity: Option<u32>,
    /// Number of pieces and, if Forstok sends it, their total price.
    parts: Vec<(u32, Option<i64>)>,
}

/// The parts of an order that determine its invoice; amounts in half rupiahs.
#[derive(Clone, Debug)]
struct Amounts {
    lines: Vec<Line>,
    /// Percentage of the sum of the products.
    discount: u8,
    shipping: i64,
    cashless: Option<bool>,
}

/// 0, small, odd, large and half amounts, up to a billion rupiah.
fn half_rupiahs() -> impl Strategy<Value = i64> {
    prop_oneof![Just(0), 1..20_i64, 0..2_000_000_i64, 0..2_000_000_000_i64]
}

fn lines() -> impl Strategy<Value = Vec<Line>> {
    let parts = prop::collection::vec((0_u32..13, prop::option::of(half_rupiahs())), 0..5);
    let line = (half_rupiahs(), prop::option::of(half_rupiahs()), prop::option::of(1_u32..6), parts);
    let line = line.prop_map(|(price, sale_price, quantity, parts)| Line { price, sale_price, quantity, parts });
    prop::collection::vec(line, 1..7)
}

fn amounts() -> impl Strategy<Value = Amounts> {
    (lines(), prop_oneof![Just(0_u8), 0..=100_u8], half_rupiahs(), any::<Option<bool>>())
        .prop_map(|(lines, discount, shipping, cashless)| Amounts { lines, discount, shipping, cashless })
}

fn rupiah(halves: i64) -> Decimal {
    Decimal::new(halves * 5, 1)
}

/// Amounts are texts or numbers.
fn written(halves: i64) -> Value {
    let amount = rupiah(halves);
    if halves % 3 == 0 { json!(amount.to_string()) } else { json!(Rupiah::from_decimal(amount)) }
}

impl Amounts {
    fn products(&self) -> Decimal {
        let of_line =
            |line: &Line| rupiah(line.sale_price.unwrap_or(line.price)) * Decimal::from(line.quantity.unwrap_or(1));
        self.lines.iter().map(of_line).sum()
    }

    /// Whole half rupiahs, rounded down, so never above the sum of the products.
    fn discount(&self) -> Decimal {
        (self.products() * Decimal::from(self.discount) / Decimal::ONE_HUNDRED * Decimal::TWO).floor() / Decimal::TWO
    }

    /// Sum of the lines − discount + shipping, calculated without the code under test.
    fn total(&self) -> Decimal {
        let shipping = if self.cashless == Some(false) { rupiah(self.shipping) } else { Decimal::ZERO };
        self.products() - self.discount() + shipping
    }

    /// Sample 01 with these amounts.
    fn body(&self) -> Value {
        let mut body = SAMPLES[0].json();
        let order = &mut body["order"];
        let line = |(nth, line): (usize, &Line)| {
            let part = |(place, (pieces, subtotal)): (usize, &(u32, Option<i64>))| {
                json!({"sku": format!("PART-{nth}-{place}"), "name": "part", "qty": pieces,
                       "item_price": "3.5", "subtotal": subtotal.map(written)})
            };
            json!({"id": nth, "sku": format!("ITEM-{}", nth % 3), "name": "item", "price": written(line.price),
                   "sale_price": line.sale_price.map(written), "quantity": line.quantity,
                   "bundle_info": line.parts.iter().enumerate().map(part).collect::<Vec<_>>()})
        };
        order["item_lines"] = self.lines.iter().enumerate().map(line).collect();
        order["discount_amount"] = json!(self.discount().to_string());
        order["shipping_price"] = written(self.shipping);
        order["cashless"] = json!(self.cashless);
        order["total_price"] = json!(self.total().to_string());
        body
    }
}

fn read(body: &Value) -> Snapshot {
    payload::read(body.to_string().as_bytes()).expect("readable").order
}

fn decided(order: &Snapshot, mapping: &Mapping) -> Decision {
    let at = order.updated_at.unwrap_or(Timestamp::UNIX_EPOCH);
    decide(&History::begin(&Sighting::of(order, at, DeliveryId(1))), order, mapping)
}

fn invoiced(decision: Decision) -> (Draft, Vec<OrderWarning>) {
    match decision {
        Decision::Invoice(draft, notices) => (*draft, notices),
        other => panic!("must be invoiced: {other:?}"),
    }
}

proptest! {
    #[test]
    fn the_total_is_exact_and_the_same_in_every_mode_and_no_price_is_below_zero(amounts in amounts()) {
        let order = read(&amounts.body());
        for (bundles, tax) in BUNDLES.into_iter().flat_map(|bundles| TAXES.map(|tax| (bundles, tax))) {
            let (draft, notices) = invoiced(decided(&order, &mapping(bundles, tax)));
            prop_assert_eq!(draft.total.decimal(), amounts.total(), "{} × {}", bundles, tax);
            prop_assert_eq!(&notices, &[], "the order's total is the invoice's");
            // The total that Accurate will calculate from the numbers it receives.
            let sent = draft.body.to_json();
            let number = |value: &Value| value.to_string().parse::<Decimal>().expect("a number");
            let mut sum = -number(&sent["cashDiscount"]);
            for line in sent["detailItem"].as_array().expect("a list") {
                prop_assert!(number(&line["unitPrice"]) >= Decimal::ZERO, "{}", line);
                prop_assert!(number(&line["quantity"]) > Decimal::ZERO, "{}", line);
                sum += number(&line["unitPrice"]) * number(&line["quantity"]);
            }
            for expense in sent["detailExpense"].as_array().into_iter().flatten() {
                prop_assert!(number(&expense["expenseAmount"]) > Decimal::ZERO, "{}", expense);
                sum += number(&expense["expenseAmount"]);
            }
            prop_assert_eq!(sum, amounts.total(), "{} × {}: {}", bundles, tax, sent);
        }
    }

    #[test]
    fn a_draft_that_is_stored_is_the_draft_that_was_made(amounts in amounts(), bundles in 0..3_usize, tax in 0..3_usize) {
        let (draft, _) = invoiced(decided(&read(&amounts.body()), &mapping(BUNDLES[bundles], TAXES[tax])));
        let stored = serde_json::to_string(&draft).expect("JSON");
        prop_assert_eq!(serde_json::from_str::<Draft>(&stored).expect("a draft"), draft);
    }

    #[test]
    fn whatever_numbers_an_order_holds_it_is_decided(
        amounts in prop::collection::vec(prop_oneof![Just(0), any::<i64>(), -9..9_i64], 8),
        scale in 0_u32..9, pieces in prop_oneof![0..9_u32, 0..1_000_001_u32],
    ) {
        let written = |nth: usize| json!(Decimal::new(amounts[nth], scale).to_string());
        let mut body = SAMPLES[0].json();
        let order = &mut body["order"];
        order["item_lines"] = json!([
            {"sku": "A", "price": written(0), "sale_price": written(1), "quantity": pieces, "bundle_info": [
                {"sku": "B", "qty": pieces, "item_price": written(2)},
                {"sku": "C", "qty": 3, "subtotal": written(3)}]},
            {"sku": "D", "price": written(4), "voucher_seller": written(5)},
        ]);
        order["discount_amount"] = written(6);
        order["shipping_price"] = written(7);
        order["cashless"] = json!(false);
        let Ok(payload) = payload::read(body.to_string().as_bytes()) else { return Ok(()) };
        for bundles in BUNDLES {
            if let Decision::Invoice(draft, _) = decided(&payload.order, &mapping(bundles, "off")) {
                prop_assert!(draft.total >= Rupiah::ZERO, "{:?}", draft);
                for line in &draft.body.detail_item {
                    prop_assert!(line.unit_price >= Rupiah::ZERO, "{:?}", line);
                }
            }
        }
    }
}

#[test]
fn a_price_below_zero_stops_the_invoice_and_is_named() {
    let mut body = SAMPLES[0].json();
    body["order"]["item_lines"][0]["sale_price"] = json!(-5000);
    for bundles in BUNDLES {
        let Decision::Block(findings) = decided(&read(&body), &mapping(bundles, "off")) else { panic!("must block") };
        assert_eq!(findings[0].reason, Reason::AmountUnreadable);
        assert!(matches!(findings[0].about, About::PriceNegative { .. }), "{findings:?}");
    }
}

#[test]
fn a_part_worth_more_than_any_order_stops_only_the_invoice_that_needs_its_worth() {
    let mut body = SAMPLES[0].json();
    let part = json!({"sku": "B", "qty": 1_000_000, "item_price": "999999999999.999999"});
    body["order"]["item_lines"][0]["price"] = json!("999999999999.999999");
    body["order"]["total_price"] = json!("999999999999.999999");
    body["order"]["item_lines"][0]["bundle_info"] = json!([part]);
    let order = read(&body);
    let Decision::Block(findings) = decided(&order, &mapping("children", "off")) else { panic!("must block") };
    assert_eq!(findings[0].reason, Reason::AmountUnreadable);
    let about = findings[0].about.in_words(Language::English);
    assert!(about.contains("item_lines[0].bundle_info[0].item_price"), "{about}");
    for bundles in ["parent", "parent_and_children"] {
        invoiced(decided(&order, &mapping(bundles, "off")));
    }
}

// ---- arrivals ----

/// A snapshot of the order: its status, and the price of its only piece in half rupiahs.
fn snapshots() -> impl Strategy<Value = Vec<Value>> {
    let statuses = ["Pending Payment", "Open", "Printed", "Ready to Ship", "Shipped", "Completed", "Teleported"];
    // Cancellations are rarer, otherwise all orders would end cancelled; a cancelled order may progress afterwards.
    let status = prop_oneof![5 => prop::sample::select(statuses.to_vec()), 1 => Just("Cancelled")];
    prop::collection::vec((status, half_rupiahs()), 1..6).prop_map(|told| {
        let snapshot = |(nth, (status, price)): (usize, (&str, i64))| {
            let mut body = SAMPLES[0].json();
            let order = &mut body["order"];
            order["status"] = json!(status);
            order["updated_at"] = json!(format!("2024-01-12T23:{:02}:00+07:00", 50 + nth));
            order["item_lines"][0]["price"] = written(price);
            order["total_price"] = written(price);
            body
        };
        told.into_iter().enumerate().map(snapshot).collect()
    })
}

/// All of them, some twice, in any order.
fn arrivals() -> impl Strategy<Value = (Vec<Value>, Vec<Value>)> {
    snapshots().prop_flat_map(|snapshots| {
        let count = snapshots.len();
        let more = prop::collection::vec(0..count, 0..=count);
        (Just(snapshots), more).prop_flat_map(|(snapshots, more)| {
            let repeats = more.into_iter().map(|nth| snapshots[nth].clone());
            let all: Vec<_> = snapshots.iter().cloned().chain(repeats).collect();
            (Just(snapshots), Just(all).prop_shuffle())
        })
    })
}

/// The decision after these bodies arrived in this order.
fn folded(bodies: &[Value]) -> Decision {
    let orders: Vec<_> = bodies.iter().map(read).collect();
    let sighting =
        |(order, delivery): (&Snapshot, DeliveryId)| Sighting::of(order, order.updated_at.expect("dated"), delivery);
    let mut history: Option<History> = None;
    for sighting in orders.iter().zip((0..).map(DeliveryId)).map(sighting) {
        match &mut history {
            Some(history) => history.absorb(&sighting),
            None => history = Some(History::begin(&sighting)),
        }
    }
    let history = history.expect("at least one");
    decide(&history, &orders[history.latest_delivery().0 as usize], &mapping("children", "off"))
}

/// The order's state after these were recorded and decided, and the draft.
async fn stored(bodies: &[Value]) -> (State, Option<Reason>, Option<Draft>) {
    let folder = tempfile::tempdir().expect("a folder");
    let storage = Arc::new(Sqlite::open(&folder.path().join("test.db")).await.expect("a database"));
    let engine = Engine::new(storage.clone(), Arc::new(SystemClock), Vec::new(), active_mapping("children", "off"), 1);
    for body in bodies {
        let arrived_at = "2024-01-13T00:00:00+07:00".parse().expect("a moment");
        let body = delivery(body.to_string().into(), arrived_at);
        storage.record(&[body]).await.expect("recorded");
    }
    while engine.decide_some().await.expect("decided") > 0 {}
    let id = OrderId::parse("138163394").expect("digits");
    let order = storage.order(&id).await.expect("readable").expect("known");
    (order.state, order.reason, order.draft)
}

proptest! {
    #[test]
    fn any_order_of_arrival_and_any_repeats_lead_to_the_same_decision((told, arrived) in arrivals()) {
        prop_assert_eq!(folded(&told), folded(&arrived));
    }
}

proptest! {
    // Each case uses two databases.
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn any_order_of_arrival_and_any_repeats_end_the_same_in_the_store((told, arrived) in arrivals()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (one, other) = runtime.block_on(async { (stored(&told).await, stored(&arrived).await) });
        prop_assert_eq!(one, other);
    }
}
