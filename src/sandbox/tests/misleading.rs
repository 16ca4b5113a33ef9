//! Replies that differ from the data.

use axum::http::StatusCode;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{Caller, invoice, read, shoes_with};
use crate::sandbox::{Action, CustomerNames, Emoji, Fault, On, SuspendedItems};

/// The status and text of a save under a fault, and the number of invoices afterwards.
fn save_under(fault: Fault) -> (Caller, StatusCode, String, usize) {
    let caller = Caller::at_work();
    caller.sandbox.next(Action::InvoiceSave, fault, 1);
    let (status, text) = read(caller.acts(Action::InvoiceSave, "", &invoice("N-1", &Value::Null)).answer);
    let count = caller.sandbox.invoice_count();
    (caller, status, text, count)
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn a_proxy_can_deny_a_save_that_was_carried_out() {
    for (fault, count) in [(Fault::DeniedAfter, 1), (Fault::DeniedBefore, 0)] {
        let (_, status, _, saved) = save_under(fault);
        assert!([StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&status), "{status}");
        assert_eq!(saved, count, "{fault:?}");
    }
}

#[test]
fn a_text_nobody_knows_says_nothing_about_the_books() {
    for (fault, count) in [(Fault::UnknownTextAfter, 1), (Fault::UnknownTextBefore, 0)] {
        let (_, status, text, saved) = save_under(fault);
        assert_eq!((status, &json_of(&text)["s"], saved), (StatusCode::OK, &json!(false), count));
    }
}

#[test]
fn an_error_page_can_show_the_request_with_its_secrets() {
    for (fault, count) in [(Fault::EchoedAfter, 1), (Fault::EchoedBefore, 0)] {
        let (caller, _, text, saved) = save_under(fault);
        let signature = caller.headers["x-api-signature"].to_str().expect("a text");
        assert!(text.contains("Bearer sandbox-token") && text.contains(signature), "{text}");
        assert!(text.contains("231127") || text.contains("N-1"), "{text}");
        assert_eq!(saved, count);
    }
}

#[test]
fn a_reply_can_have_sixteen_mebibytes() {
    let (_, _, text, saved) = save_under(Fault::Huge);
    assert_eq!((text.len(), saved), (16 * 1024 * 1024, 1));
    assert!(text.contains("\"number\":\"N-1\""));
    let (_, _, text, saved) = save_under(Fault::Deep);
    assert_eq!((text.len(), saved), (16 * 1024 * 1024, 1));
    assert!(serde_json::from_str::<Value>(&text).is_err(), "it is too deep for a tree");
}

#[test]
fn an_echo_can_name_what_was_not_saved() {
    let echo = |fault| {
        let (caller, _, text, _) = save_under(fault);
        let held = caller.sandbox.invoices_numbered("N-1").remove(0);
        assert_eq!((held.customer_no.as_str(), held.total_amount), ("8277", Decimal::from(80_000)));
        json_of(&text)
    };
    assert_eq!(echo(Fault::WrongCustomer)["r"]["customer"]["customerNo"], "LAIN-1");
    assert_eq!(echo(Fault::WrongDescription)["r"]["description"], "bukan pesanan ini");
    assert_eq!(echo(Fault::WrongTotal)["r"]["totalAmount"], 1);
    assert_eq!(echo(Fault::NoRecord)["r"], Value::Null);
    assert!(!echo(Fault::UnreadableTotal)["r"]["totalAmount"].is_number());
}

#[test]
fn a_look_up_can_show_a_total_that_is_none() {
    let caller = Caller::at_work();
    caller.saves(&invoice("N-1", &Value::Null));
    caller.sandbox.next(On::Any, Fault::UnreadableTotal, 2);
    assert!(!caller.gets(Action::InvoiceDetail, "number=N-1")["d"]["totalAmount"].is_number());
    assert!(!caller.gets(Action::InvoiceList, "fields=totalAmount")["d"][0]["totalAmount"].is_number());
    assert_eq!(caller.gets(Action::InvoiceDetail, "number=N-1")["d"]["totalAmount"], 80_000);
}

#[test]
fn a_total_can_be_off_and_its_reply_lost() {
    let caller = Caller::at_work();
    caller.sandbox.next(On::Any, Fault::TotalOff, 1);
    caller.sandbox.lose_next_reply_after_saving();
    let acted = caller.acts(Action::InvoiceSave, "", &invoice("N-1", &Value::Null));
    assert_eq!(acted.answer, crate::sandbox::Answer::Dropped);
    assert_eq!(caller.gets(Action::InvoiceDetail, "number=N-1")["d"]["totalAmount"].to_string(), "80000.01");
}

#[test]
fn success_can_be_a_lie() {
    let (_, _, text, saved) = save_under(Fault::NotSaved);
    assert_eq!((&json_of(&text)["s"], saved), (&json!(true), 0));

    let caller = Caller::at_work();
    caller.sandbox.next(Action::InvoiceBulkSave, Fault::NotSaved, 1);
    let bulk = json!({ "data": [invoice("N-1", &Value::Null), invoice("N-2", &Value::Null)] });
    let (_, body) = caller.calls(Action::InvoiceBulkSave, "", &bulk);
    assert_eq!((&body["s"], &body["d"][0]["s"]), (&json!(true), &json!(true)));
    let held: Vec<_> = caller.sandbox.invoices().into_iter().map(|invoice| invoice.number).collect();
    assert_eq!(held, ["N-2"]);

    caller.sandbox.next(Action::InvoiceDelete, Fault::NotDeleted, 1);
    assert_eq!(caller.calls(Action::InvoiceDelete, "id=2", &Value::Null).1["s"], true);
    assert_eq!(caller.sandbox.invoice_count(), 1);
    assert_eq!(caller.calls(Action::InvoiceDelete, "id=2", &Value::Null).1["s"], true);
    assert_eq!(caller.sandbox.invoice_count(), 0);
}

#[test]
fn messages_quote_what_was_sent() {
    let said = |caller: &Caller, item: &str, name: &str| {
        let line = shoes_with(&json!({ "itemNo": item, "detailName": name }));
        let body = caller.saves(&invoice("N-1", &json!({ "detailItem": [line] })));
        body["d"][0].as_str().unwrap_or_default().to_owned()
    };
    let caller = Caller::at_work();
    assert_eq!(
        said(&caller, "kabel-paralel-2m", "Kabel"),
        "Barang & Jasa kabel-paralel-2m tidak ditemukan atau sudah dihapus"
    );
    caller.sandbox.suspend_item("AAA2002");
    assert_eq!(said(&caller, "AAA2002", "Kaos"), "Barang & Jasa AAA2002 tidak ditemukan atau sudah dihapus");
    caller.sandbox.change_settings(|settings| settings.suspended_items = SuspendedItems::Named);
    let inactive = "Barang & Jasa AAA2002 berstatus Non Aktif. Barang & Jasa ini tidak dapat digunakan";
    assert_eq!(said(&caller, "AAA2002", "Kaos"), inactive);
    caller.sandbox.resume_item("AAA2002");
    caller.sandbox.change_settings(|settings| settings.emoji = Emoji::OwnError);
    for _ in 0..3 {
        assert!(said(&caller, "AAA2002", "Kaos 😀").starts_with("Upsss"));
    }
    assert_eq!(caller.sandbox.invoice_count(), 0);
    assert_eq!(said(&caller, "AAA2002", "Kaos"), "Faktur Penjualan \"N-1\" berhasil disimpan");
}

#[test]
fn a_customers_name_can_be_taken() {
    let caller = Caller::at_work();
    let save = |no: &str| {
        let customer = json!({ "name": "Toko Sepatu", "customerNo": no, "transDate": "27/11/2023" });
        caller.calls(Action::CustomerSave, "", &customer).1
    };
    assert_eq!(save("8278")["s"], true);
    caller.sandbox.change_settings(|settings| settings.customer_names = CustomerNames::Unique);
    assert_eq!(save("8279")["d"], json!(["Sudah ada data lain dengan Nama Pelanggan # \"Toko Sepatu\""]));
}
