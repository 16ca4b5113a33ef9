//! Invoices, receipts and returns together: deletions, people, rights and faults.

use std::time::Duration;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{Caller, invoice};
use crate::{
    domain::document::Kind,
    sandbox::{Action, Answer, Fault, NotDone, On, SettlingEdit},
};

/// With invoice A of 80,000 for customer 8277.
fn with_invoice() -> Caller {
    let caller = Caller::at_work();
    assert_eq!(caller.saves(&invoice("A", &Value::Null))["s"], true);
    caller
}

fn receipt(number: &str) -> Value {
    json!({ "customerNo": "8277", "bankNo": "110102", "transDate": "28/11/2023", "number": number,
        "chequeAmount": 1000, "detailInvoice": [{ "invoiceNo": "A", "paymentAmount": 1000 }] })
}

fn back(number: &str) -> Value {
    json!({ "customerNo": "8277", "returnType": "INVOICE", "invoiceNumber": "A", "transDate": "29/11/2023",
        "number": number, "detailItem": [{ "itemNo": "AAA2002", "quantity": 0.5, "unitPrice": 80000 }] })
}

/// The save of each kind, with its body.
fn saves() -> [(Action, Value); 2] {
    [(Action::ReceiptSave, receipt("A/1")), (Action::ReturnSave, back("A/R1"))]
}

fn count(caller: &Caller) -> usize {
    caller.sandbox.receipts().len() + caller.sandbox.returns().len()
}

#[test]
fn an_invoice_under_a_receipt_or_a_return_is_not_deleted() {
    for (save, body) in saves() {
        let caller = with_invoice();
        let saved = caller.calls(save, "", &body).1;
        assert_eq!(saved["s"], true, "{saved}");
        let kept = caller.calls(Action::InvoiceDelete, "number=A", &Value::Null).1;
        assert!(kept["d"][0].as_str().expect("a text").contains("tidak dapat dihapus"), "{kept}");
        assert_eq!(caller.sandbox.invoice_count(), 1);
        let delete = if save == Action::ReceiptSave { Action::ReceiptDelete } else { Action::ReturnDelete };
        assert_eq!(caller.calls(delete, "id=1", &Value::Null).1["s"], true);
        assert_eq!(caller.calls(Action::InvoiceDelete, "number=A", &Value::Null).1["s"], true);
    }
}

#[test]
fn every_fault_before_saves_nothing_and_every_fault_after_saves_once() {
    for (save, body) in saves() {
        for (fault, saved) in [
            (Fault::DroppedBefore, 0),
            (Fault::DroppedAfter, 1),
            (Fault::Error5xxBefore, 0),
            (Fault::Error5xxAfter, 1),
            (Fault::HtmlAfter, 1),
            (Fault::UpsssBefore, 0),
            (Fault::UpsssAfter, 1),
            (Fault::DatabaseTrouble, 0),
            (Fault::Limit429, 0),
            (Fault::LimitMessage, 0),
            (Fault::DeniedAfter, 1),
            (Fault::UnknownTextAfter, 1),
            (Fault::NotSaved, 0),
            (Fault::Slow(Duration::from_mins(1)), 1),
        ] {
            let caller = with_invoice();
            caller.sandbox.next(save, fault, 1);
            caller.acts(save, "", &body);
            assert_eq!(count(&caller), saved, "{fault:?} on {save:?}");
            assert_eq!(caller.sandbox.fault_counts()[fault.name()], 1, "{fault:?} on {save:?}");
            assert_eq!(caller.sandbox.call_count(save), 1);
        }
    }
}

#[test]
fn the_reply_to_a_save_that_really_saved_is_lost_for_the_kind_that_was_asked_for() {
    for ((save, body), kind) in saves().into_iter().zip([Kind::Receipt, Kind::Return]) {
        let caller = with_invoice();
        caller.sandbox.lose_next_reply_after_saving_a(kind);
        assert_eq!(caller.saves(&invoice("B", &Value::Null))["s"], true, "another kind is not meant");
        assert_eq!(caller.acts(save, "", &body).answer, Answer::Dropped);
        assert_eq!(count(&caller), 1);
        assert_eq!(caller.calls(save, "", &body).1["s"], false, "its number is taken");
    }
}

#[test]
fn a_reply_can_misreport_a_receipt_and_a_return() {
    let caller = with_invoice();
    caller.sandbox.next(On::ReceiptSaves, Fault::WrongTotal, 1);
    assert_eq!(caller.calls(Action::ReceiptSave, "", &receipt("A/1")).1["r"]["chequeAmount"], 1);
    caller.sandbox.next(On::ReceiptSaves, Fault::TotalOff, 1);
    let off = caller.calls(Action::ReceiptSave, "", &receipt("A/2")).1;
    assert_eq!(off["r"]["chequeAmount"].to_string(), "1000.01");
    caller.sandbox.next(On::ReturnSaves, Fault::TotalOff, 1);
    let off = caller.calls(Action::ReturnSave, "", &back("A/R1")).1;
    assert_eq!(off["r"]["totalAmount"].to_string(), "40000.01");
    assert_eq!(caller.sandbox.owed("A"), Some(Decimal::new(3_799_999, 2)));
    caller.sandbox.next(Action::ReturnDelete, Fault::NotDeleted, 1);
    assert_eq!(caller.calls(Action::ReturnDelete, "id=1", &Value::Null).1["s"], true);
    assert_eq!(caller.sandbox.returns().len(), 1);
}

#[test]
fn a_right_for_receipts_is_missed_by_receipts_only() {
    let caller = with_invoice();
    caller.sandbox.withhold_right(Action::ReceiptSave);
    let refused = caller.calls(Action::ReceiptSave, "", &receipt("A/1")).1;
    assert_eq!(refused["d"], json!(["Anda tidak mempunyai hak untuk menambah Penerimaan Penjualan"]));
    assert_eq!(caller.saves(&invoice("B", &Value::Null))["s"], true);
    assert_eq!(caller.calls(Action::ReturnSave, "", &back("A/R1")).1["s"], true);
}

#[test]
fn a_new_receipt_shows_in_details_and_lists_when_their_time_has_come() {
    let mut caller = with_invoice();
    caller.sandbox.change_settings(|settings| {
        settings.detail_lag = Duration::from_secs(30);
        settings.list_lag = Duration::from_mins(1);
    });
    assert_eq!(caller.calls(Action::ReceiptSave, "", &receipt("A/1")).1["s"], true);
    let shown = |caller: &Caller| {
        let detail = caller.gets(Action::ReceiptDetail, "id=1")["s"] == true;
        let owing = caller.gets(Action::InvoiceDetail, "number=A")["d"]["primeOwing"] == 79_000;
        (detail, owing, caller.gets(Action::ReceiptList, "")["sp"]["rowCount"] == 1)
    };
    assert_eq!(shown(&caller), (false, false, false));
    caller.now += jiff::SignedDuration::from_secs(30);
    assert_eq!(shown(&caller), (true, true, false));
    caller.now += jiff::SignedDuration::from_secs(30);
    assert_eq!(shown(&caller), (true, true, true));
}

#[test]
fn people_pay_change_and_delete_receipts_by_hand() {
    let caller = with_invoice();
    let accurate = &caller.sandbox;
    accurate.add_receipt("SR-1", "A", 50_000.into()).expect("the number is free");
    assert_eq!(accurate.owed("A"), Some(30_000.into()));
    assert_eq!(accurate.add_receipt("SR-1", "A", 1.into()), Err(NotDone::NumberTaken("SR-1".to_owned())));
    let edit = SettlingEdit { number: Some("SR-2".to_owned()), amount: Some(20_000.into()) };
    let edited = accurate.edit_receipt("SR-1", &edit).expect("it exists");
    assert_eq!((edited.cheque_amount, accurate.owed("A")), (20_000.into(), Some(60_000.into())));
    let history = caller.gets(Action::InvoiceDetail, "number=A")["d"]["receiptHistory"].clone();
    assert_eq!(history, json!([{ "number": "SR-2", "historyAmount": 20000 }]));
    assert!(accurate.remove_receipt("SR-2") && !accurate.remove_receipt("SR-2"));
    assert_eq!(accurate.owed("A"), Some(80_000.into()));
    assert_eq!(accurate.edit_receipt("SR-2", &edit), Err(NotDone::NoSuchReceipt("SR-2".to_owned())));
}

#[test]
fn people_take_goods_back_by_hand() {
    let caller = with_invoice();
    let accurate = &caller.sandbox;
    accurate.add_return("RJ-1", "A", "AAA2002", Decimal::ONE).expect("it was sold");
    assert_eq!(accurate.owed("A"), Some(Decimal::ZERO));
    let again = accurate.add_return("RJ-2", "A", "AAA2002", Decimal::ONE);
    assert_eq!(again, Err(NotDone::NotSold("AAA2002".to_owned())));
    let edit = SettlingEdit { number: None, amount: Some(70_000.into()) };
    accurate.edit_return("RJ-1", &edit).expect("it exists");
    assert_eq!(accurate.owed("A"), Some(10_000.into()));
    assert!(accurate.remove_return("RJ-1") && !accurate.remove_return("RJ-1"));
    assert_eq!(accurate.owed("A"), Some(80_000.into()));
}

#[test]
fn a_person_who_deletes_an_invoice_takes_along_what_settles_it() {
    let caller = with_invoice();
    for (save, body) in saves() {
        caller.calls(save, "", &body);
    }
    assert_eq!(count(&caller), 2);
    assert!(caller.sandbox.remove_invoice("A"));
    assert_eq!(count(&caller), 0);
}

#[test]
fn an_invoice_equals_payments_returns_what_is_owed_less_credit_at_every_step() {
    let caller = with_invoice();
    let holds = || {
        let invoice = caller.sandbox.invoices_numbered("A").remove(0);
        // From the documents, because what is owed is calculated from what the invoice says of them.
        let receipts = caller.sandbox.receipts();
        let paid: Decimal = receipts.iter().flat_map(|one| &one.invoices).map(|paid| paid.payment_amount).sum();
        let returned: Decimal = caller.sandbox.returns().iter().map(|one| one.total_amount).sum();
        assert_eq!(invoice.total_amount, paid + returned + invoice.owed() - invoice.credit());
    };
    let steps: [(Action, &str, Value); 5] = [
        (Action::ReceiptSave, "", receipt("A/1")),
        (Action::ReturnSave, "", back("A/R1")),
        (Action::ReceiptSave, "", receipt("A/2")),
        (Action::ReceiptDelete, "id=1", Value::Null),
        (Action::ReturnDelete, "id=1", Value::Null),
    ];
    for (action, query, body) in steps {
        assert_eq!(caller.calls(action, query, &body).1["s"], true);
        holds();
    }
    caller.sandbox.put_receipt_on("A").expect("it exists");
    assert_eq!(caller.calls(Action::ReturnSave, "", &back("A/R2")).1["s"], true);
    holds();
    assert_eq!(caller.sandbox.credit("A"), Some(40_000.into()));
}
