//! All sample orders of the specification lead to the result in `expected.json`, in every order of arrival and with any
//! number of repeats.

use forstok_accurate::{
    domain::{
        decision::{Decision, decide},
        history::{History, Sighting},
        ids::DeliveryId,
        invoice::{DetailExpense, InvoiceBody},
    },
    forstok::payload,
    sandbox::samples::{self, SAMPLES},
};
use serde_json::{Value, json};

/// The decision after these bodies arrived in this order, each in a second of its own.
fn decided(bodies: &[&Value]) -> Decision {
    let mapping = samples::mapping();
    let mut history: Option<History> = None;
    let mut orders = Vec::new();
    for (body, delivery) in bodies.iter().zip((0..).map(DeliveryId)) {
        let order = payload::read(body.to_string().as_bytes()).expect("samples are readable").order;
        let sighting = Sighting::of(&order, order.updated_at.expect("samples are dated"), delivery);
        match &mut history {
            None => history = Some(History::begin(&sighting)),
            Some(history) => history.absorb(&sighting),
        }
        orders.push(order);
    }
    let history = history.expect("at least one body");
    decide(&history, &orders[history.latest_delivery().0 as usize], &mapping)
}

/// A decision in the form of `expected.json`.
fn outcome(decision: &Decision) -> Value {
    match decision {
        Decision::Watch => json!({"state": "watching"}),
        Decision::Ignore(reason) => json!({"state": "ignored", "reason": reason}),
        Decision::Block(findings) => json!({"state": "blocked", "reason": findings[0].reason}),
        Decision::Invoice(draft, _) => json!({"state": "invoiced", "invoice": as_expected(&draft.body)}),
    }
}

fn as_expected(body: &InvoiceBody) -> Value {
    let mut sent = body.to_json();
    let invoice = sent.as_object_mut().expect("an object");
    let mut lines = invoice.remove("detailItem").expect("lines");
    for line in lines.as_array_mut().expect("a list") {
        for amount in ["unitPrice", "quantity"] {
            line[amount] = json!(line[amount].to_string());
        }
    }
    invoice.insert("lines".to_owned(), lines);
    invoice.remove("detailExpense");
    if let [DetailExpense { account_no, expense_amount, .. }] = body.detail_expense.as_slice() {
        let expense = json!({"accountNo": account_no, "expenseAmount": expense_amount.to_string()});
        invoice.insert("expense".to_owned(), expense);
    }
    invoice["cashDiscount"] = json!(body.cash_discount.to_string());
    invoice.insert("total".to_owned(), json!(body.total().to_string()));
    sent
}

/// The same order at an earlier time and status, with other amounts.
fn earlier(body: &Value) -> Value {
    let mut earlier = body.clone();
    earlier["order"]["status"] = json!("Pending Payment");
    earlier["order"]["updated_at"] = json!("2020-01-01T00:00:00+07:00");
    earlier["order"]["item_lines"] = json!([]);
    earlier
}

fn check(name: &str) {
    let sample = SAMPLES.iter().find(|sample| sample.name == name).expect("there is a sample with this name");
    let (body, expected) = (sample.json(), sample.expected());
    assert!(expected.is_object(), "{name} is not in expected.json");
    let before = earlier(&body);
    let odd = {
        let mut odd = body.clone();
        odd["order"]["status"] = json!("Teleported");
        odd["order"]["updated_at"] = json!("2030-01-01T00:00:00+07:00");
        odd
    };
    let arrivals: [&[&Value]; 6] = [
        &[&body],
        &[&body, &body, &body],
        &[&before, &body],
        &[&body, &before],
        &[&odd, &body, &before, &odd],
        &[&before, &odd, &body, &before],
    ];
    for bodies in arrivals {
        assert_eq!(outcome(&decided(bodies)), expected, "{name}");
    }
}

macro_rules! samples {
    ($($test:ident = $file:literal,)*) => {
        $(#[test]
        fn $test() {
            check($file);
        })*

        #[test]
        fn every_sample_is_tested() {
            let names: Vec<_> = SAMPLES.iter().map(|sample| sample.name).collect();
            assert_eq!(names, [$($file),*]);
        }
    };
}

samples! {
    a_simple_shopee_order_is_invoiced = "01-shopee-simple",
    pieces_of_one_sku_at_two_prices_stand_on_two_lines = "02-three-pieces-two-prices",
    an_order_after_midnight_in_jakarta_is_dated_that_day = "03-after-midnight-wib",
    a_bundle_shows_its_children_at_zero = "04-bundle",
    the_sellers_voucher_is_a_discount = "05-seller-voucher",
    shipping_that_the_seller_receives_is_an_expense_line = "06-not-cashless-shipping",
    tokopedias_number_and_amounts_as_texts_are_read = "07-tokopedia-number-and-strings",
    an_empty_sku_blocks = "08-empty-sku",
    a_rebate_line_is_no_product = "09-rebate-line",
    a_manual_order_without_address_is_invoiced_and_zero_is_a_price = "10-manual-order-null-address",
    first_seen_cancelled_is_ignored = "11-first-seen-cancelled",
    still_open_is_watched = "12-still-open",
    first_seen_completed_is_invoiced = "13-first-seen-completed",
    an_unknown_store_blocks = "14-unknown-store",
    an_unknown_warehouse_blocks = "15-unknown-warehouse",
}
