//! The calls for receipts and returns, against the sandbox.

use std::{sync::Arc, time::Duration};

use forstok_accurate::{
    accurate::{
        client::{LastStart, Session},
        documents::{self, Deleted},
        outcome::{Failure, Meaning, MissingRight, Refusal, Right},
        outstanding,
        receipts::{FoundReceipt, Paid},
        returns::FoundReturn,
    },
    domain::{document::Kind, reason::Reason, receipt::ReceiptBody, sales_return::ReturnBody},
    sandbox::{Action, BulkReply, Fault, Masters, On, Options, Sandbox},
};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::world::{FakeClock, SandboxWire, session};

/// Accurate with invoice A of 150,000 (2 × 75,000) for customer 8277, and a session with it.
fn accurate() -> (Sandbox, Session) {
    let clock = Arc::new(FakeClock::at("2026-11-26T09:00:00+07:00"));
    let masters = Masters::sample().customer("8277", "Toko Sepatu");
    let sandbox = Sandbox::new(Options { clock: clock.clone(), masters, ..Options::default() });
    let wire = Arc::new(SandboxWire::new(sandbox.clone(), clock.clone()));
    let invoice = sandbox.add_invoice("A", "8277", "138163394", Decimal::from(150_000));
    assert_eq!(invoice.id, 1);
    (sandbox, session(&wire, &clock, true))
}

/// P1 of payout.md §4, with other texts for some fields.
fn receipt(number: &str, changes: &Value) -> ReceiptBody {
    let mut body = json!({
        "customerNo": "8277", "bankNo": "110102", "transDate": "26/11/2026", "number": number, "chequeAmount": 138_000,
        "detailInvoice": [{ "invoiceNo": "A", "paymentAmount": 150_000, "detailDiscount": [
            { "accountNo": "700102", "amount": -5000 }, { "accountNo": "600102", "amount": 2000 },
            { "accountNo": "600103", "amount": 3000 }, { "accountNo": "600104", "amount": 12_000 }] }],
    });
    for (name, value) in changes.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    serde_json::from_value(body).expect("a receipt")
}

/// A receipt of 1,000 for invoice A.
fn small_receipt(number: &str) -> ReceiptBody {
    let paid = json!([{ "invoiceNo": "A", "paymentAmount": 1000 }]);
    receipt(number, &json!({ "chequeAmount": 1000, "detailInvoice": paid }))
}

/// Invoice B has two pairs of shoes, of which one comes back.
fn one_back(number: &str) -> ReturnBody {
    let body = json!({
        "customerNo": "8277", "returnType": "INVOICE", "invoiceNumber": "B", "transDate": "26/11/2026",
        "number": number, "returnStatusType": "RETURNED", "taxable": false, "detailExpense": [],
        "detailItem": [{ "itemNo": "AAA2002", "quantity": 1, "unitPrice": 75_000, "returnDetailStatusType": "RETURNED" }],
    });
    serde_json::from_value(body).expect("a return")
}

async fn save_invoice_b(session: &Session) {
    let body = json!({
        "customerNo": "8277", "transDate": "26/11/2026", "number": "B", "description": "138163395", "taxable": false,
        "inclusiveTax": false, "cashDiscount": 0, "detailItem": [{ "itemNo": "AAA2002", "unitPrice": 75_000,
            "quantity": 2, "detailName": "Sepatu", "useTax1": false }],
    });
    let body = serde_json::from_value(body).expect("an invoice");
    forstok_accurate::accurate::invoices::save(session, &body, LastStart::NEVER).await.expect("saved");
}

fn paid_in_full() -> Vec<Paid> {
    vec![Paid { invoice: "A".into(), amount: Decimal::from(150_000) }]
}

#[tokio::test]
async fn a_receipt_is_saved_found_and_deleted() {
    let (sandbox, session) = accurate();
    assert_eq!(documents::by_number::<FoundReceipt>(&session, &"A/1".into()).await, Ok(None));
    let saved: Option<FoundReceipt> =
        documents::save(&session, &receipt("A/1", &Value::Null), LastStart::NEVER).await.expect("saved");
    let saved = saved.expect("the reply shows it");
    assert_eq!((saved.id, saved.number.as_str(), saved.customer_no.as_str()), (1, "A/1", "8277"));
    assert_eq!((saved.cheque_amount, &saved.invoices), (Some(Decimal::from(138_000)), &Some(paid_in_full())));
    assert_eq!(documents::by_number(&session, &"A/1".into()).await, Ok(Some(saved.clone())));
    assert_eq!(documents::by_id(&session, 1).await, Ok(Some(saved)));
    assert_eq!(sandbox.owed("A"), Some(Decimal::ZERO));
    assert_eq!(documents::delete::<FoundReceipt>(&session, 1).await, Ok(Deleted::Now));
    assert_eq!(documents::delete::<FoundReceipt>(&session, 1).await, Ok(Deleted::Before));
    assert_eq!(documents::by_id::<FoundReceipt>(&session, 1).await, Ok(None));
}

#[tokio::test]
async fn a_return_is_saved_found_and_deleted() {
    let (_sandbox, session) = accurate();
    save_invoice_b(&session).await;
    let saved: Option<FoundReturn> =
        documents::save(&session, &one_back("B/R1"), LastStart::NEVER).await.expect("saved");
    let saved = saved.expect("the reply shows it");
    assert_eq!((saved.invoice_number.as_str(), saved.total), ("B", Some(Decimal::from(75_000))));
    assert!(saved.can_be_compared());
    assert_eq!(documents::by_number(&session, &"B/R1".into()).await, Ok(Some(saved.clone())));
    assert_eq!(documents::by_id(&session, saved.id).await, Ok(Some(saved)));

    let open = outstanding::of_invoice(&session, &"B".into()).await.expect("read").expect("it exists");
    assert_eq!(open.owed, Some(Decimal::from(75_000)));
    let [line] = open.lines.as_slice() else { panic!("one line: {:?}", open.lines) };
    assert_eq!((line.quantity, line.returned), (Decimal::TWO, Some(Decimal::ONE)));
    assert_eq!(outstanding::of_invoice(&session, &"Z".into()).await, Ok(None));

    assert_eq!(documents::delete::<FoundReturn>(&session, 1).await, Ok(Deleted::Now));
    assert_eq!(documents::delete::<FoundReturn>(&session, 1).await, Ok(Deleted::Before));
    assert_eq!(documents::by_number::<FoundReturn>(&session, &"B/R1".into()).await, Ok(None));
}

#[tokio::test]
async fn after_a_lost_reply_the_look_up_shows_whether_the_receipt_was_saved() {
    for (fault, saved) in [
        (Fault::DroppedAfter, true),
        (Fault::DroppedBefore, false),
        (Fault::UpsssAfter, true),
        (Fault::UnknownTextBefore, false),
        (Fault::HtmlAfter, true),
        (Fault::Slow(Duration::from_mins(5)), true),
    ] {
        let (sandbox, session) = accurate();
        sandbox.next(On::ReceiptSaves, fault, 1);
        let lost = documents::save::<FoundReceipt>(&session, &receipt("A/1", &Value::Null), LastStart::NEVER).await;
        assert!(lost.expect_err("the reply is lost").leaves_doubt(), "{fault:?}");
        let found: Option<FoundReceipt> = documents::by_number(&session, &"A/1".into()).await.expect("answered");
        assert_eq!(found.and_then(|found| found.invoices), saved.then(paid_in_full), "{fault:?}");
        let again = documents::save::<FoundReceipt>(&session, &receipt("A/1", &Value::Null), LastStart::NEVER).await;
        let is_taken = matches!(again, Err(Failure::Refused(Refusal { meaning: Meaning::Duplicate(_), .. })));
        assert_eq!((again.is_ok(), is_taken), (!saved, saved), "{fault:?}");
        assert_eq!(sandbox.receipts().len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn after_a_lost_reply_the_look_up_shows_whether_the_return_was_saved_or_deleted() {
    let (sandbox, session) = accurate();
    save_invoice_b(&session).await;
    sandbox.lose_next_reply_after_saving_a(Kind::Return);
    let lost = documents::save::<FoundReturn>(&session, &one_back("B/R1"), LastStart::NEVER).await;
    assert!(lost.expect_err("the reply is lost").leaves_doubt());
    let found: FoundReturn =
        documents::by_number(&session, &"B/R1".into()).await.expect("answered").expect("it was saved");
    sandbox.next(Action::ReturnDelete, Fault::DroppedAfter, 1);
    let lost = documents::delete::<FoundReturn>(&session, found.id).await;
    assert!(lost.expect_err("the reply is lost").leaves_doubt());
    assert_eq!(documents::by_id::<FoundReturn>(&session, found.id).await, Ok(None));
}

#[tokio::test]
async fn a_bulk_of_receipts_has_one_outcome_for_each() {
    let (sandbox, session) = accurate();
    let bodies = [small_receipt("A/1"), receipt("A/2", &json!({ "bankNo": "X" })), small_receipt("A/3")];
    let bodies: Vec<&ReceiptBody> = bodies.iter().collect();
    let outcomes = documents::save_many::<FoundReceipt>(&session, &bodies, LastStart::NEVER).await.expect("answered");
    let numbers: Vec<_> =
        outcomes.iter().map(|outcome| outcome.as_ref().ok()?.as_ref().map(|found| found.number.as_str())).collect();
    assert_eq!(numbers, [Some("A/1"), None, Some("A/3")]);
    assert_eq!(meaning(outcomes[1].as_ref().expect_err("no such account")), Some(Reason::AccountUnmapped));
    assert_eq!((sandbox.receipts().len(), sandbox.call_count(Action::ReceiptBulkSave)), (2, 1));

    sandbox.change_settings(|settings| settings.bulk_reply = BulkReply::IdAndNumber);
    let fourth = small_receipt("A/4");
    let outcomes =
        documents::save_many::<FoundReceipt>(&session, &[&fourth], LastStart::NEVER).await.expect("answered");
    let found = outcomes[0].as_ref().expect("saved").as_ref().expect("with id and number");
    assert!(!found.can_be_compared(), "it must be read back");
}

#[tokio::test]
async fn a_bulk_of_returns_has_one_outcome_for_each() {
    let (sandbox, session) = accurate();
    save_invoice_b(&session).await;
    let bodies = [one_back("B/R1"), one_back("B/R2"), one_back("B/R3")];
    let bodies: Vec<&ReturnBody> = bodies.iter().collect();
    let outcomes = documents::save_many::<FoundReturn>(&session, &bodies, LastStart::NEVER).await.expect("answered");
    assert_eq!(outcomes.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true, false]);
    // More than was sold: the text is not known, so it proves nothing.
    assert!(matches!(outcomes[2], Err(Failure::UnknownText(_))));
    assert_eq!(sandbox.returns().len(), 2);
}

/// The reason that a person must act.
fn meaning(failure: &Failure) -> Option<Reason> {
    match failure {
        Failure::Refused(Refusal { meaning: Meaning::Person(reason), .. }) => Some(*reason),
        _ => None,
    }
}

#[tokio::test]
async fn what_accurate_says_about_a_receipt_is_understood_or_taken_for_unknown() {
    let (sandbox, session) = accurate();
    let refused = async |changes: Value| {
        let body = receipt("A/1", &changes);
        documents::save::<FoundReceipt>(&session, &body, LastStart::NEVER).await.expect_err("it is refused")
    };
    let line = |invoice: &str, amount: i64| json!([{ "invoiceNo": invoice, "paymentAmount": amount }]);
    for (changes, reason) in [
        (json!({ "chequeAmount": 137_000 }), Some(Reason::RefusedByAccurate)),
        (json!({ "detailInvoice": [] }), Some(Reason::NoLines)),
        (json!({ "detailInvoice": line("A", 150_001) , "chequeAmount": 150_001 }), Some(Reason::RefusedByAccurate)),
        (json!({ "detailInvoice": line("X", 1), "chequeAmount": 1 }), Some(Reason::RefusedByAccurate)),
        (json!({ "bankNo": "X" }), Some(Reason::AccountUnmapped)),
        (json!({ "transDate": "25/11/2026" }), None),
        (json!({ "detailInvoice": line("A", 0), "chequeAmount": 0 }), None),
    ] {
        let failure = refused(changes.clone()).await;
        assert_eq!(meaning(&failure), reason, "{changes}: {failure:?}");
        assert_eq!(matches!(failure, Failure::UnknownText(_)), reason.is_none(), "{changes}: {failure:?}");
    }
    sandbox.suspend_account("600104");
    assert_eq!(meaning(&refused(Value::Null).await), Some(Reason::AccountInactive));
}

#[tokio::test]
async fn an_invoice_under_a_receipt_is_refused_with_an_unknown_text_and_is_still_there() {
    let (sandbox, session) = accurate();
    sandbox.put_receipt_on("A").expect("it exists");
    let refused = forstok_accurate::accurate::invoices::delete(&session, 1).await;
    assert!(matches!(refused, Err(Failure::UnknownText(_))), "{refused:?}");
    let found = forstok_accurate::accurate::invoices::by_id(&session, 1).await.expect("answered");
    assert!(found.expect("it is still there").has_receipt);
}

#[tokio::test]
async fn a_right_that_is_missing_names_the_kind_that_needs_it() {
    let (sandbox, session) = accurate();
    for action in [Action::ReceiptSave, Action::ReceiptDelete, Action::ReturnDetail] {
        sandbox.withhold_right(action);
    }
    let missing = |failure: Failure| match failure {
        Failure::RightMissing(MissingRight { right, .. }) => right,
        failure => panic!("{failure:?}"),
    };
    let save = documents::save::<FoundReceipt>(&session, &small_receipt("A/1"), LastStart::NEVER).await;
    assert_eq!(missing(save.expect_err("no right")), Right::Save(Kind::Receipt));
    let delete = documents::delete::<FoundReceipt>(&session, 1).await;
    assert_eq!(missing(delete.expect_err("no right")), Right::Delete(Kind::Receipt));
    let look = documents::by_number::<FoundReturn>(&session, &"B/R1".into()).await;
    assert_eq!(missing(look.expect_err("no right")), Right::Read(Kind::Return));
    assert_eq!(
        documents::by_number::<FoundReceipt>(&session, &"A/1".into()).await,
        Ok(None),
        "reading needs another right"
    );
}
