//! Which number an invoice gets, and how upper and lower case are treated.

use serde_json::{Value, json};

use super::{Caller, invoice};
use crate::sandbox::{Action, LetterCase, Numbering};

fn at_work(numbering: Numbering, letter_case: LetterCase) -> Caller {
    let caller = Caller::at_work();
    caller.sandbox.change_settings(|settings| {
        settings.numbering = numbering;
        settings.letter_case = letter_case;
    });
    caller
}

#[test]
fn with_automatic_numbering_the_number_that_was_sent_is_ignored() {
    let caller = at_work(Numbering::Automatic, LetterCase::Exact);
    let saved = caller.saves(&invoice("N-1", &Value::Null));
    assert_eq!((&saved["s"], &saved["r"]["number"]), (&json!(true), &json!("SI.1001")));
    assert_eq!(caller.gets(Action::InvoiceDetail, "number=N-1")["s"], false);
    assert_eq!(caller.gets(Action::InvoiceDetail, "number=SI.1001")["d"], saved["r"]);

    let bulk = json!({ "data": [invoice("N-1", &Value::Null), invoice("N-1", &Value::Null)] });
    let (_, again) = caller.calls(Action::InvoiceBulkSave, "", &bulk);
    let numbers = [&again["d"][0]["r"]["number"], &again["d"][1]["r"]["number"]];
    assert_eq!(numbers, ["SI.1002", "SI.1003"], "the same number again is refused by nothing");
}

#[test]
fn a_number_is_kept_in_the_letters_of_the_database() {
    for (letter_case, kept) in
        [(LetterCase::Ignored, "tok-Abc"), (LetterCase::Upper, "TOK-ABC"), (LetterCase::Lower, "tok-abc")]
    {
        let caller = at_work(Numbering::Sent, letter_case);
        assert_eq!(caller.saves(&invoice("tok-Abc", &Value::Null))["r"]["number"], kept);
        for asked in ["tok-Abc", "TOK-ABC", "tok-abc"] {
            assert_eq!(caller.gets(Action::InvoiceDetail, &format!("number={asked}"))["d"]["number"], kept);
            let list = format!("fields=number&filter.number.val={asked}");
            assert_eq!(caller.gets(Action::InvoiceList, &list)["d"], json!([{ "number": kept }]));
            let taken = caller.saves(&invoice(asked, &Value::Null));
            assert_eq!((&taken["s"], caller.sandbox.invoice_count()), (&json!(false), 1), "{taken}");
        }
    }
}

#[test]
fn unless_it_is_ignored_letter_case_makes_another_number() {
    let caller = at_work(Numbering::Sent, LetterCase::Exact);
    caller.saves(&invoice("tok-1", &Value::Null));
    assert_eq!(caller.gets(Action::InvoiceDetail, "number=TOK-1")["s"], false);
    assert_eq!(caller.saves(&invoice("TOK-1", &Value::Null))["s"], true);
    assert_eq!(caller.sandbox.invoice_count(), 2);
}
