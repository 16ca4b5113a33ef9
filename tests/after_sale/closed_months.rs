//! Days that cannot be booked: returns and receipts of a closed month, or before their invoice.

use forstok_accurate::{
    domain::{document::Kind, payout::RowState},
    sandbox::Action,
    storage::RowContent,
};
use jiff::civil::{Date, date};
use serde_json::json;

use super::{on_both, world};
use crate::world::{Base, World};

on_both! {
    a_return_of_a_closed_month_is_booked_in_the_next_one;
    a_return_whose_next_month_is_closed_too_waits_for_a_person;
    a_receipt_of_a_closed_month_waits_until_the_month_is_open;
    a_receipt_before_its_invoice_is_booked_only_if_the_mapping_says_so;
    a_return_before_its_invoice_is_booked_once_its_day_is_corrected;
}

/// An order came back in January; then January is closed.
async fn january_is_closed(base: Base, rule: &str, open_from: Date) -> World {
    let mut world = world(base).await;
    let rules = format!("[returns]\nmode = \"approve\"\nclosed_month = \"{rule}\"\n[payout]");
    world.mapping_changes("[payout]", &rules).await;
    world.invoiced("7").await;
    world.accurate.change_settings(|settings| settings.company_start = open_from);
    world.went_back("7", "r", json!({})).await;
    world.approves_all(Kind::Return).await;
    world
}

async fn a_return_of_a_closed_month_is_booked_in_the_next_one(base: Base) {
    let mut blocked = january_is_closed(base, "block", date(2024, 2, 1)).await;
    assert_eq!(blocked.return_state("r").await, (RowState::Blocked, "period_closed"));
    blocked.mapping_changes("closed_month = \"block\"", "closed_month = \"next_open\"").await;
    blocked.run_until_settled().await;
    let booked = january_is_closed(base, "next_open", date(2024, 2, 1)).await;
    for world in [blocked, booked] {
        assert_eq!(world.return_state("r").await, (RowState::Settled, ""));
        let returns = world.accurate.returns();
        assert_eq!((returns.len(), returns[0].trans_date), (1, date(2024, 2, 1)));
        assert_eq!(returns[0].number, "INV-7/R1");
        assert_eq!(world.accurate.owed("INV-7"), Some(0.into()));
    }
}

async fn a_return_whose_next_month_is_closed_too_waits_for_a_person(base: Base) {
    let mut world = january_is_closed(base, "next_open", date(2024, 3, 1)).await;
    assert_eq!(world.return_state("r").await, (RowState::Blocked, "period_closed"));
    let saves = world.accurate.call_counts()["sales-return/save"];
    assert_eq!(saves, 2, "once for January and once for February");
    world.accurate.change_settings(|settings| settings.company_start = date(2024, 2, 1));
    world.run_for(2 * 3600).await;
    assert_eq!(world.return_state("r").await, (RowState::Settled, ""), "retried automatically");
    assert_eq!(world.accurate.returns()[0].trans_date, date(2024, 2, 1));
}

async fn a_receipt_of_a_closed_month_waits_until_the_month_is_open(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.accurate.change_settings(|settings| settings.company_start = date(2024, 2, 1));
    world.paid("7", "a", 150_000, json!({})).await;
    world.approves_all(Kind::Receipt).await;
    assert_eq!(world.payout_state("a").await, (RowState::Blocked, "period_closed"));
    assert_eq!(world.state("7").await, "invoiced", "the invoice is not concerned");
    assert_eq!(world.accurate.receipts().len(), 0, "money is never booked on another day than it was paid");
    world.accurate.change_settings(|settings| settings.company_start = date(2024, 1, 1));
    world.run_for(2 * 3600).await;
    assert_eq!(world.payout_state("a").await, (RowState::Settled, ""), "retried automatically");
    assert_eq!(world.accurate.receipts()[0].trans_date, date(2024, 1, 31));
}

async fn a_receipt_before_its_invoice_is_booked_only_if_the_mapping_says_so(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    let day_before = world.accurate.invoices_numbered("INV-7")[0].trans_date.yesterday().expect("a day");
    let payout = json!({"source": "shopee", "id": "a", "store_id": "8277", "channel_order_id": "INV-7",
                        "paid_at": day_before, "net": 150_000, "amounts": {}});
    world.recorded(RowContent::Payout(serde_json::from_value(payout).expect("a payout"))).await;
    assert_eq!(world.payout_state("a").await, (RowState::Blocked, "receipt_before_invoice"));
    assert_eq!(world.approves_all(Kind::Receipt).await, 0);
    assert_eq!(world.accurate.call_count(Action::ReceiptSave), 0, "Accurate would refuse it");
    world.mapping_changes("[payout]", "[payout]\nbefore_invoice_date = \"pass\"").await;
    world.run_until_settled().await;
    assert_eq!(world.approves_all(Kind::Receipt).await, 1);
    assert_eq!(world.payout_state("a").await, (RowState::Settled, ""));
    assert_eq!(world.accurate.receipts()[0].trans_date, day_before);
}

async fn a_return_before_its_invoice_is_booked_once_its_day_is_corrected(base: Base) {
    let mut world = world(base).await;
    world.mapping_changes("[payout]\n", "[returns]\nmode = \"auto\"\n\n[payout]\n").await;
    world.invoiced("7").await;
    let day = world.accurate.invoices_numbered("INV-7")[0].trans_date;
    let day_before = day.yesterday().expect("a day");
    world.went_back("7", "r", json!({"accepted_at": day_before, "received_at": day_before})).await;
    assert_eq!(world.return_state("r").await, (RowState::Blocked, "return_needs_person"));
    assert_eq!(world.approves_all(Kind::Return).await, 0);
    assert_eq!(world.accurate.returns().len(), 0);
    world.went_back("7", "r", json!({"accepted_at": day_before, "received_at": day})).await;
    assert_eq!(world.return_state("r").await, (RowState::Settled, ""));
    assert_eq!(world.accurate.returns()[0].trans_date, day);
}
