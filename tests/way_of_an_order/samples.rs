//! Every sample order of the specification goes the whole way and ends as `expected.json` says.

use forstok_accurate::{domain::invoice::ACCURATE_DAY, sandbox::Invoice};
use serde_json::{Value, json};

use crate::world::{World, sample};

const EXPECTED: &str = include_str!("../../src/sandbox/orders/expected.json");

macro_rules! files {
    ($($name:literal,)*) => {
        &[$(($name, include_str!(concat!("../../src/sandbox/orders/", $name, ".json"))),)*]
    };
}

const SAMPLES: &[(&str, &str)] = files! {
    "01-shopee-simple",
    "02-three-pieces-two-prices",
    "03-after-midnight-wib",
    "04-bundle",
    "05-seller-voucher",
    "06-not-cashless-shipping",
    "07-tokopedia-number-and-strings",
    "08-empty-sku",
    "09-rebate-line",
    "10-manual-order-null-address",
    "11-first-seen-cancelled",
    "12-still-open",
    "13-first-seen-completed",
    "14-unknown-store",
    "15-unknown-warehouse",
};

#[tokio::test]
async fn every_sample_order_ends_as_expected_however_its_deliveries_are_shuffled() {
    let expected: Value = serde_json::from_str(EXPECTED).expect("expected.json is JSON");
    assert_eq!(expected.as_object().expect("an object").len(), SAMPLES.len());
    for seed in 0..3 {
        let mut world = World::new().await;
        let mut bodies: Vec<_> = SAMPLES.iter().chain(SAMPLES).chain(SAMPLES).map(|(_, text)| sample(text)).collect();
        fastrand::Rng::with_seed(seed).shuffle(&mut bodies);
        for body in bodies {
            world.forstok_sends(body).await;
        }
        world.run_until_settled().await;
        for (name, text) in SAMPLES {
            assert_eq!(&outcome(&world, &id_in(text)).await, &expected[name], "{name}");
        }
        let invoices = expected.as_object().expect("an object").values().filter(|end| end["state"] == "invoiced");
        assert_eq!(world.accurate.invoice_count(), invoices.count());
    }
}

fn id_in(text: &str) -> String {
    let body: Value = serde_json::from_str(text).expect("samples are JSON");
    body["order"]["id"].to_string().replace('"', "")
}

/// What became of an order, in the shape of `expected.json`; the invoice is the one in Accurate's books.
async fn outcome(world: &World, id: &str) -> Value {
    let order = world.order(id).await;
    let mut outcome = json!({"state": order.state.as_str()});
    if let Some(reason) = order.reason {
        outcome["reason"] = json!(reason.code());
    }
    if let Some(known) = order.invoice {
        let standing = world.accurate.invoices_numbered(&known.number);
        assert_eq!(standing.len(), 1, "{}", known.number);
        assert_eq!((standing[0].id, standing[0].total_amount), (known.id, known.total));
        outcome["invoice"] = as_expected(&standing[0]);
    }
    outcome
}

fn as_expected(invoice: &Invoice) -> Value {
    let lines: Vec<_> = invoice
        .lines
        .iter()
        .map(|line| {
            json!({
                "itemNo": line.item_no, "unitPrice": line.unit_price.normalize().to_string(),
                "detailName": line.detail_name, "quantity": line.quantity.normalize().to_string(),
                "warehouseName": line.warehouse_name, "useTax1": line.use_tax1,
            })
        })
        .collect();
    let mut expected = json!({
        "lines": lines,
        "cashDiscount": invoice.cash_discount.normalize().to_string(),
        "taxable": invoice.taxable,
        "inclusiveTax": invoice.inclusive_tax,
        "branchName": invoice.branch_name,
        "customerNo": invoice.customer_no,
        "number": invoice.number,
        "description": invoice.description,
        "transDate": invoice.trans_date.strftime(ACCURATE_DAY).to_string(),
        "total": invoice.total_amount.normalize().to_string(),
    });
    if let Some(term) = &invoice.payment_term_name {
        expected["paymentTermName"] = json!(term);
    }
    for expense in &invoice.expenses {
        assert!(expected.get("expense").is_none(), "one expense at most");
        expected["expense"] =
            json!({"accountNo": expense.account_no, "expenseAmount": expense.amount.normalize().to_string()});
    }
    expected
}
