//! Actions of people in Accurate itself.

use jiff::civil::date;
use rust_decimal::Decimal;
use serde_json::Value;

use super::{Caller, invoice};
use crate::sandbox::{Action, Edit, InvoiceLine, NotDone};

fn with_one() -> Caller {
    let caller = Caller::at_work();
    caller.saves(&invoice("N-1", &Value::Null));
    caller
}

#[test]
fn a_renumbered_invoice_keeps_its_id() {
    let caller = with_one();
    caller.sandbox.add_invoice("N-9", "8277", "", 5.into());
    assert_eq!(caller.sandbox.renumber_invoice("N-1", "N-9"), Err(NotDone::NumberTaken("N-9".to_owned())));
    assert_eq!(caller.sandbox.renumber_invoice("N-3", "N-4"), Err(NotDone::NoSuchInvoice("N-3".to_owned())));
    caller.sandbox.renumber_invoice("N-1", "N-2").expect("it is free");
    assert_eq!(caller.gets(Action::InvoiceDetail, "number=N-1")["s"], false);
    assert_eq!(caller.gets(Action::InvoiceDetail, "id=1")["d"]["number"], "N-2");
    assert_eq!(caller.saves(&invoice("N-1", &Value::Null))["s"], true, "the old number is free");
}

#[test]
fn an_edited_invoice_is_consistent() {
    let caller = with_one();
    let edit = Edit {
        customer_no: Some("7475".to_owned()),
        description: Some("salah pelanggan".to_owned()),
        day: Some(date(2024, 1, 31)),
        total: Some(Decimal::from(79_000)),
        ..Edit::default()
    };
    let edited = caller.sandbox.edit_invoice("N-1", &edit).expect("it is there");
    assert_eq!((edited.total_amount, edited.sub_total), (Decimal::from(79_000), Decimal::from(79_000)));
    let lines: Decimal = edited.lines.iter().map(InvoiceLine::amount).sum();
    assert_eq!(lines, edited.sub_total);
    let read = caller.gets(Action::InvoiceDetail, "number=N-1");
    assert_eq!(read["d"]["transDate"], "31/01/2024");
    assert_eq!(
        (&read["d"]["customer"]["customerNo"], &read["d"]["description"]),
        (&"7475".into(), &"salah pelanggan".into())
    );
}

#[test]
fn a_copy_has_all_but_number_and_receipts() {
    let caller = with_one();
    caller.sandbox.put_receipt_on("N-1").expect("it is there");
    let copy = caller.sandbox.duplicate_invoice("N-1", "N-2").expect("it is free");
    assert_eq!((copy.id, copy.description.as_str(), copy.receipts.len()), (2, "138163394", 0));
    assert!(caller.sandbox.duplicate_invoice("N-1", "N-2").is_err());
    assert!(caller.sandbox.remove_invoice("N-1") && !caller.sandbox.remove_invoice("N-1"));
    assert_eq!(caller.sandbox.invoice_count(), 1);
}
