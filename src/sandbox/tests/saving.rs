//! Saving, reading back and deleting.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{Caller, invoice, shoes, shoes_with};
use crate::sandbox::{Action, Branches, BulkRule, UnknownMasters};

/// The messages with which a changed invoice is refused.
fn refused(caller: &Caller, changes: &Value) -> Vec<String> {
    let body = caller.saves(&invoice("N-1", changes));
    assert_eq!(body["s"], false, "{body}");
    assert_eq!(caller.sandbox.invoice_count(), 0, "a refused invoice does not stand");
    serde_json::from_value(body["d"].clone()).expect("a list of texts")
}

#[test]
fn a_good_invoice_stands_and_reads_back_as_it_was_saved() {
    let caller = Caller::at_work();
    let saved = caller.saves(&invoice("231127PECAFY4J", &json!({ "paymentTermName": "Net 7" })));
    assert_eq!(saved["d"], json!(["Faktur Penjualan \"231127PECAFY4J\" berhasil disimpan"]));
    assert_eq!((&saved["s"], &saved["r"]["id"]), (&json!(true), &json!(1)));

    let read = caller.gets(Action::InvoiceDetail, "number=231127PECAFY4J");
    assert_eq!(read["d"], saved["r"]);
    assert_eq!(caller.gets(Action::InvoiceDetail, "id=1")["d"], saved["r"]);
    // As text, because insta would show the exact numbers as private wrappers.
    insta::assert_snapshot!(serde_json::to_string_pretty(&read).expect("JSON"));

    let held = caller.sandbox.invoices_numbered("231127PECAFY4J");
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].total_amount, Decimal::from(80_000));
    assert_eq!(held[0].payment_term_name.as_deref(), Some("Net 7"));
}

#[test]
fn half_rupiahs_come_back_as_they_were_sent() {
    let caller = Caller::at_work();
    let line = shoes_with(&json!({ "unitPrice": 24500.5, "useTax1": true }));
    let changes = json!({
        "detailItem": [line], "taxable": true, "inclusiveTax": true,
        "detailExpense": [{ "accountNo": "700101", "expenseAmount": "20000" }],
    });
    let saved = caller.saves(&invoice("N-1", &changes));
    let amounts = |name: &str| saved["r"][name].to_string();
    assert_eq!(amounts("subTotal"), "24500.5");
    assert_eq!(amounts("tax1Amount"), "2427.98");
    assert_eq!(amounts("totalExpense"), "20000");
    assert_eq!(amounts("totalAmount"), "44500.5");
}

#[test]
fn what_is_missing_must_be_filled_in() {
    let caller = Caller::at_work();
    assert_eq!(refused(&caller, &json!({ "customerNo": null })), ["Pelanggan harus diisi"]);
    assert_eq!(refused(&caller, &json!({ "transDate": "" })), ["Tanggal harus diisi"]);
    assert_eq!(refused(&caller, &json!({ "detailItem": [] })), ["Detail dari transaksi belum diisi!"]);
    let no_price = shoes_with(&json!({ "unitPrice": null }));
    assert_eq!(refused(&caller, &json!({ "detailItem": [no_price] })), ["Harga harus diisi"]);
    let no_item = shoes_with(&json!({ "itemNo": " " }));
    assert_eq!(refused(&caller, &json!({ "detailItem": [no_item] })), ["Barang & Jasa harus diisi"]);
    let bare = json!([{ "expenseName": "Ongkir" }]);
    assert_eq!(refused(&caller, &json!({ "detailExpense": bare })), ["Akun harus diisi", "Nilai Biaya harus diisi"]);
}

#[test]
fn what_is_unknown_is_named() {
    let caller = Caller::at_work();
    let gone = "tidak ditemukan atau sudah dihapus";
    assert_eq!(refused(&caller, &json!({ "customerNo": 9 })), [format!("Pelanggan 9 {gone}")]);
    assert_eq!(refused(&caller, &json!({ "branchName": "X" })), [format!("Cabang X {gone}")]);
    assert_eq!(refused(&caller, &json!({ "branchId": 77 })), [format!("Cabang 77 {gone}")]);
    assert_eq!(refused(&caller, &json!({ "paymentTermName": "X" })), [format!("Syarat Pembayaran X {gone}")]);
    let item = shoes_with(&json!({ "itemNo": "X" }));
    assert_eq!(refused(&caller, &json!({ "detailItem": [item] })), [format!("Barang & Jasa X {gone}")]);
    let warehouse = shoes_with(&json!({ "warehouseName": "X" }));
    assert_eq!(refused(&caller, &json!({ "detailItem": [warehouse] })), [format!("Gudang X {gone}")]);
    let expense = json!([{ "accountNo": "X", "expenseAmount": 1 }]);
    assert_eq!(refused(&caller, &json!({ "detailExpense": expense })), [format!("Akun X {gone}")]);
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let caller = Caller::at_work();
    let said = refused(&caller, &json!({ "customerNo": "9", "cashDiscount": 80001, "branchName": "X" }));
    assert_eq!(said.len(), 3, "{said:?}");
}

#[test]
fn what_is_switched_off_cannot_be_used_until_it_is_on_again() {
    let caller = Caller::at_work();
    caller.sandbox.suspend_item("AAA2002");
    caller.sandbox.suspend_account("700101");
    let expense = json!([{ "accountNo": "700101", "expenseAmount": 1 }]);
    let said = refused(&caller, &json!({ "detailExpense": expense }));
    assert_eq!(
        said,
        [
            "Barang & Jasa AAA2002 tidak ditemukan atau sudah dihapus",
            "Akun 700101 berstatus Non Aktif. Akun ini tidak dapat digunakan",
        ]
    );
    caller.sandbox.resume_item("AAA2002");
    caller.sandbox.resume_account("700101");
    assert_eq!(caller.saves(&invoice("N-1", &json!({ "detailExpense": expense })))["s"], true);
}

#[test]
fn values_that_cannot_be_are_refused() {
    let caller = Caller::at_work();
    let one = |changes: &Value| {
        let said = refused(&caller, changes);
        assert_eq!(said.len(), 1, "{said:?}");
        said[0].clone()
    };
    assert_eq!(one(&json!({ "transDate": "2023-11-27" })), "Nilai 2023-11-27 pada Tanggal tidak tepat");
    assert_eq!(one(&json!({ "transDate": "31/02/2023" })), "Nilai 31/02/2023 pada Tanggal tidak tepat");
    assert!(one(&json!({ "transDate": "31/12/1999" })).starts_with("Tanggal transaksi tidak dapat lebih kecil"));
    assert_eq!(one(&json!({ "cashDiscount": 80000.5 })), "Diskon tidak boleh melebihi nilai sub total");
    assert_eq!(one(&json!({ "number": "N".repeat(31) })), "No Faktur Maksimal 30 karakter");
    assert!(one(&json!({ "number": "N\n1" })).contains("Karakter yang diperbolehkan"));
    let line = |changes: &Value| json!({ "detailItem": [shoes_with(changes)] });
    assert_eq!(one(&line(&json!({ "quantity": 0 }))), "Kuantitas Barang & Jasa AAA2002 harus lebih besar dari 0");
    assert_eq!(one(&line(&json!({ "detailName": "n".repeat(256) }))), "Nama Barang Maksimal 255 karakter");
    assert!(one(&line(&json!({ "unitPrice": "80000.0000001" }))).contains("maksimal 6 angka desimal"));
    let negative = json!([{ "accountNo": "700101", "expenseAmount": -1 }]);
    assert!(one(&json!({ "detailExpense": negative })).contains("tidak boleh lebih kecil dari 0"));
}

#[test]
fn a_number_stands_once_and_is_free_again_after_a_delete() {
    let caller = Caller::at_work();
    assert_eq!(caller.saves(&invoice("N-1", &Value::Null))["s"], true);
    let again = caller.saves(&invoice("N-1", &Value::Null));
    assert_eq!(again["d"], json!(["Sudah ada data lain dengan No Faktur # \"N-1\""]));
    assert_eq!(caller.sandbox.invoices_numbered("N-1").len(), 1);

    let (_, deleted) = caller.calls(Action::InvoiceDelete, "number=N-1", &Value::Null);
    assert_eq!(deleted["s"], true);
    let missing = caller.gets(Action::InvoiceDetail, "number=N-1");
    assert_eq!((&missing["s"], &missing["d"]), (&json!(false), &json!(["Faktur Penjualan tidak tepat"])));
    let (_, twice) = caller.calls(Action::InvoiceDelete, "id=1", &Value::Null);
    assert_eq!(twice["d"], json!(["Faktur Penjualan tidak tepat"]));

    let new = caller.saves(&invoice("N-1", &Value::Null));
    assert_eq!(new["r"]["id"], 2, "an id is never used again");
}

#[test]
fn an_invoice_without_a_number_gets_one() {
    let caller = Caller::at_work();
    let saved = caller.saves(&invoice("", &Value::Null));
    assert_eq!(saved["r"]["number"], "SI.1001");
}

#[test]
fn an_invoice_with_a_receipt_cannot_be_deleted() {
    let caller = Caller::at_work();
    caller.saves(&invoice("N-1", &Value::Null));
    assert!(caller.sandbox.put_receipt_on("N-2").is_err());
    let receipt = caller.sandbox.put_receipt_on("N-1").expect("it exists");
    assert_eq!(receipt.cheque_amount, Decimal::from(80_000));
    let (_, kept) = caller.calls(Action::InvoiceDelete, "number=N-1", &Value::Null);
    assert_eq!(kept["s"], false);
    let read = caller.gets(Action::InvoiceDetail, "number=N-1");
    assert_eq!((&read["d"]["outstanding"], &read["d"]["status"]), (&json!(false), &json!("PAID")));
    assert_eq!(read["d"]["receiptHistory"][0]["number"], receipt.number);
}

#[test]
fn a_bulk_saves_what_is_good_and_answers_in_the_order_sent() {
    let caller = Caller::at_work();
    let bad = invoice("N-2", &json!({ "customerNo": "9" }));
    let bulk = json!({ "data": [invoice("N-1", &Value::Null), bad, invoice("N-1", &Value::Null), invoice("N-3", &json!({}))] });
    let (_, body) = caller.calls(Action::InvoiceBulkSave, "", &bulk);
    assert_eq!(body["s"], false);
    let good: Vec<bool> = body["d"].as_array().expect("a list").iter().map(|one| one["s"] == true).collect();
    assert_eq!(good, [true, false, false, true]);
    assert_eq!(body["d"][3]["r"]["number"], "N-3");
    assert_eq!(body["d"][2]["d"], json!(["Sudah ada data lain dengan No Faktur # \"N-1\""]));
    assert_eq!(caller.sandbox.invoice_count(), 2);
}

#[test]
fn one_bad_entry_fails_the_whole_bulk_when_so_set() {
    let caller = Caller::at_work();
    caller.sandbox.change_settings(|settings| settings.bulk = BulkRule::AllOrNothing);
    let bulk = json!({ "data": [invoice("N-1", &Value::Null), invoice("N-2", &json!({ "customerNo": "9" }))] });
    let acted = caller.acts(Action::InvoiceBulkSave, "", &bulk);
    assert!(!acted.changed);
    assert_eq!(caller.sandbox.invoice_count(), 0);
    let (_, good) = caller.calls(Action::InvoiceBulkSave, "", &json!({ "data": [invoice("N-1", &Value::Null)] }));
    assert_eq!(good["s"], true);
}

#[test]
fn a_bulk_holds_a_hundred_and_not_more() {
    let caller = Caller::at_work();
    let entries =
        |count: usize| -> Vec<Value> { (0..count).map(|n| invoice(&format!("N-{n}"), &Value::Null)).collect() };
    let (_, body) = caller.calls(Action::InvoiceBulkSave, "", &json!({ "data": entries(101) }));
    assert_eq!((&body["s"], caller.sandbox.invoice_count()), (&json!(false), 0));
    let (_, body) = caller.calls(Action::InvoiceBulkSave, "", &json!({ "data": entries(100) }));
    assert_eq!((&body["s"], caller.sandbox.invoice_count()), (&json!(true), 100));
    let (_, body) = caller.calls(Action::InvoiceBulkSave, "", &json!([]));
    assert_eq!(body["s"], false);
}

#[test]
fn a_customer_is_saved_once() {
    let caller = Caller::at_work();
    let save = |body: &Value| caller.calls(Action::CustomerSave, "", body).1;
    let new = json!({ "name": "Toko Kucing", "customerNo": "7475", "transDate": "27/11/2023" });
    assert_eq!(save(&new)["r"], json!({ "id": 2, "customerNo": "7475", "name": "Toko Kucing" }));
    assert_eq!(save(&new)["d"], json!(["Sudah ada data lain dengan ID Pelanggan # \"7475\""]));
    assert_eq!(save(&json!({}))["d"], json!(["Nama harus diisi", "Tanggal harus diisi"]));
    assert_eq!(save(&json!({ "name": "N", "transDate": "27/11/2023" }))["r"]["customerNo"], "C.00003");
    assert_eq!(caller.gets(Action::CustomerDetail, "customerNo=7475")["d"]["name"], "Toko Kucing");
    assert_eq!(caller.gets(Action::CustomerDetail, "customerNo=0")["d"], json!(["Pelanggan tidak tepat"]));
    assert_eq!(caller.sandbox.customers().len(), 3);
}

#[test]
fn a_user_of_several_branches_must_name_one() {
    let caller = Caller::at_work();
    caller.sandbox.change_settings(|settings| settings.branches = Branches::SeveralSeen);
    let said = refused(&caller, &json!({ "branchName": null }));
    assert!(said[0].starts_with("Profil pengguna anda memiliki akses ke lebih dari satu cabang"), "{said:?}");
    let by_id = caller.saves(&invoice("N-1", &json!({ "branchName": null, "branchId": 1 })));
    assert_eq!(by_id["r"]["branchName"], "Kantor Pusat");
}

#[test]
fn a_right_that_is_withheld_is_missed_and_one_that_is_granted_again_is_not() {
    let caller = Caller::at_work();
    caller.sandbox.withhold_right(Action::InvoiceSave);
    assert_eq!(refused(&caller, &Value::Null), ["Anda tidak mempunyai hak untuk menambah Faktur Penjualan"]);
    caller.sandbox.grant_right(Action::InvoiceSave);
    assert_eq!(caller.saves(&invoice("N-1", &Value::Null))["s"], true);
}

#[test]
fn unknown_masters_pass_in_the_permissive_mode_but_suspended_ones_do_not() {
    let caller = Caller::at_work();
    caller.sandbox.change_settings(|settings| settings.unknown_masters = UnknownMasters::Accepted);
    let new = shoes_with(&json!({ "itemNo": "NEW", "warehouseName": "Baru" }));
    assert_eq!(caller.saves(&invoice("N-0", &json!({ "detailItem": [new] })))["s"], true);
    caller.sandbox.suspend_item("AAA2002");
    assert_eq!(caller.saves(&invoice("N-1", &json!({ "detailItem": [shoes()] })))["s"], false);
}

#[test]
fn a_strangers_invoice_holds_its_number() {
    let caller = Caller::at_work();
    caller.sandbox.add_invoice("N-1", "77", "by hand", Decimal::from(5));
    assert_eq!(caller.saves(&invoice("N-1", &Value::Null))["s"], false);
    let read = caller.gets(Action::InvoiceDetail, "number=N-1");
    assert_eq!((&read["d"]["totalAmount"], &read["d"]["customer"]["customerNo"]), (&json!(5), &json!("77")));
    assert!(caller.sandbox.remove_invoice("N-1"));
    assert!(!caller.sandbox.remove_invoice("N-1"));
}

#[test]
fn a_percentage_takes_the_place_of_the_discount() {
    let caller = Caller::at_work();
    let line = shoes_with(&json!({ "itemDiscPercent": "10", "itemCashDiscount": 1 }));
    let saved = caller.saves(&invoice("N-1", &json!({ "detailItem": [line], "cashDiscPercent": "5+2" })));
    assert_eq!(saved["r"]["subTotal"], json!(72000));
    assert_eq!(saved["r"]["cashDiscount"], json!(4968));
    assert_eq!(saved["r"]["totalAmount"], json!(67032));
}

#[test]
fn form_fields_and_broken_json_are_told_so() {
    let caller = Caller::at_work();
    let mut request = caller.request(Action::InvoiceSave, "", &json!({}));
    request.body = "customerNo=8277".into();
    let (status, text) = super::read(caller.sandbox.answer(&request, caller.now).answer);
    assert_eq!(status.as_u16(), 400);
    assert!(text.contains("not JSON"), "{text}");
    request.headers.insert("content-type", "application/x-www-form-urlencoded".parse().expect("a header"));
    let (_, text) = super::read(caller.sandbox.answer(&request, caller.now).answer);
    assert!(text.contains("send the body as application/json"), "{text}");
}
