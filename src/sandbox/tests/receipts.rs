//! Receipts: what is paid on which invoice (payout.md §2, §4).

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{Caller, invoice, shoes_with};
use crate::sandbox::Action;

/// With invoice A of 150,000 for customer 8277.
fn with_invoice() -> Caller {
    let caller = Caller::at_work();
    let shoes = shoes_with(&json!({ "unitPrice": 75_000, "quantity": 2 }));
    assert_eq!(caller.saves(&invoice("A", &json!({ "detailItem": [shoes] })))["s"], true);
    caller
}

/// P1 of payout.md §4: 138,000 of 150,000 are paid out.
fn receipt(number: &str, changes: &Value) -> Value {
    let mut receipt = json!({
        "customerNo": "8277", "bankNo": "110102", "transDate": "28/11/2023", "number": number, "chequeAmount": 138_000,
        "detailInvoice": [{ "invoiceNo": "A", "paymentAmount": 150_000, "detailDiscount": [
            { "accountNo": "700102", "amount": -5000 }, { "accountNo": "600102", "amount": 2000 },
            { "accountNo": "600103", "amount": 3000 }, { "accountNo": "600104", "amount": 12_000 }] }],
    });
    for (name, value) in changes.as_object().into_iter().flatten() {
        receipt[name] = value.clone();
    }
    receipt
}

/// A receipt of so much money for the invoice, without discounts.
fn payment(number: &str, rupiah: i64) -> Value {
    let paid = json!([{ "invoiceNo": "A", "paymentAmount": rupiah }]);
    receipt(number, &json!({ "chequeAmount": rupiah, "detailInvoice": paid }))
}

fn saves(caller: &Caller, receipt: &Value) -> Value {
    caller.calls(Action::ReceiptSave, "", receipt).1
}

/// The messages with which a changed receipt is refused.
fn refused(caller: &Caller, changes: &Value) -> Vec<String> {
    let body = saves(caller, &receipt("A/1", changes));
    assert_eq!(body["s"], false, "{body}");
    assert_eq!((caller.sandbox.receipts().len(), caller.sandbox.owed("A")), (0, Some(150_000.into())));
    serde_json::from_value(body["d"].clone()).expect("a list of texts")
}

#[test]
fn a_payout_with_fees_and_a_rebate_settles_the_whole_invoice() {
    let caller = with_invoice();
    let saved = saves(&caller, &receipt("A/1", &Value::Null));
    assert_eq!(saved["d"], json!(["Penerimaan Penjualan \"A/1\" berhasil disimpan"]));
    assert_eq!(caller.gets(Action::ReceiptDetail, "number=A%2F1")["d"], saved["r"]);
    assert_eq!(caller.gets(Action::ReceiptDetail, "id=1")["d"], saved["r"]);
    let line = &saved["r"]["detailInvoice"][0];
    assert_eq!((&line["invoice"]["number"], &line["paymentAmount"]), (&json!("A"), &json!(150_000)));
    assert_eq!((&saved["r"]["chequeAmount"], &saved["r"]["customer"]["customerNo"]), (&json!(138_000), &json!("8277")));

    let paid = caller.gets(Action::InvoiceDetail, "number=A");
    assert_eq!(paid["d"]["receiptHistory"], json!([{ "number": "A/1", "historyAmount": 150_000 }]));
    assert_eq!((&paid["d"]["primeOwing"], &paid["d"]["statusName"]), (&json!(0), &json!("Lunas")));
    assert_eq!(caller.sandbox.owed("A"), Some(Decimal::ZERO));
}

#[test]
fn an_invoice_is_paid_in_parts_until_nothing_is_owed() {
    let caller = with_invoice();
    assert_eq!(saves(&caller, &payment("A/1", 120_000))["s"], true);
    assert_eq!(caller.sandbox.owed("A"), Some(30_000.into()));
    let fee = json!([{ "invoiceNo": "A", "paymentAmount": 30_000,
        "detailDiscount": [{ "accountNo": "600104", "amount": 12_000 }] }]);
    let second = receipt("A/2", &json!({ "chequeAmount": 18_000, "detailInvoice": fee }));
    assert_eq!(saves(&caller, &second)["s"], true);
    assert_eq!(caller.sandbox.owed("A"), Some(Decimal::ZERO));
    assert_eq!(saves(&caller, &payment("A/3", 1))["d"], json!(["Nilai Pembayaran melebihi sisa tagihan"]));
}

#[test]
fn a_compensation_above_the_invoice_is_a_negative_discount() {
    let caller = with_invoice();
    let paid = json!([{ "invoiceNo": "A", "paymentAmount": 150_000,
        "detailDiscount": [{ "accountNo": "700102", "amount": -5000 }] }]);
    assert_eq!(saves(&caller, &receipt("A/1", &json!({ "chequeAmount": 155_000, "detailInvoice": paid })))["s"], true);
}

#[test]
fn the_money_must_be_what_is_paid_less_the_discounts() {
    let caller = with_invoice();
    let less = refused(&caller, &json!({ "chequeAmount": 137_999.5 }));
    assert_eq!(less, ["Nilai Pembayaran tidak mencukupi"]);
    assert_eq!(refused(&caller, &json!({ "chequeAmount": 138_000.5 })).len(), 1);
}

#[test]
fn a_receipt_needs_its_customer_bank_day_money_and_invoices() {
    let caller = with_invoice();
    let nothing = json!({ "customerNo": null, "bankNo": "", "transDate": null, "chequeAmount": null,
        "detailInvoice": [] });
    let said = [
        "Pelanggan harus diisi",
        "Akun harus diisi",
        "Tanggal harus diisi",
        "Nilai Pembayaran harus diisi",
        "Detail dari transaksi belum diisi!",
    ];
    assert_eq!(refused(&caller, &nothing), said);
    let bare = json!([{ "detailDiscount": [] }]);
    assert_eq!(
        refused(&caller, &json!({ "detailInvoice": bare })),
        ["Nilai Pembayaran harus diisi", "No Faktur harus diisi"]
    );
}

#[test]
fn a_discount_without_an_account_refuses_the_whole_receipt() {
    let caller = with_invoice();
    let paid = json!([{ "invoiceNo": "A", "paymentAmount": 150_000, "detailDiscount": [{ "amount": 12_000 }] }]);
    assert_eq!(refused(&caller, &json!({ "detailInvoice": paid })), ["Akun harus diisi"]);
}

#[test]
fn an_account_that_is_unknown_switched_off_or_no_bank_is_named() {
    let caller = with_invoice();
    let gone = "tidak ditemukan atau sudah dihapus";
    assert_eq!(refused(&caller, &json!({ "bankNo": "X" })), [format!("Akun X {gone}")]);
    assert_eq!(refused(&caller, &json!({ "bankNo": "600104" })), [format!("Akun 600104 {gone}")]);
    assert_eq!(
        refused(&caller, &json!({ "customerNo": "9" })),
        [format!("Pelanggan 9 {gone}"), "Faktur Penjualan \"A\" bukan milik Pelanggan \"9\"".to_owned(),]
    );
    caller.sandbox.suspend_account("600104");
    let inactive = "Akun 600104 berstatus Non Aktif. Akun ini tidak dapat digunakan";
    assert_eq!(refused(&caller, &Value::Null), [inactive]);
    caller.sandbox.resume_account("600104");
    assert_eq!(saves(&caller, &receipt("A/1", &Value::Null))["s"], true);
}

#[test]
fn only_an_invoice_of_the_customer_is_paid_and_not_with_nothing() {
    let caller = with_invoice();
    let line = |number: &str, amount: i64| json!([{ "invoiceNo": number, "paymentAmount": amount }]);
    let missing = refused(&caller, &json!({ "chequeAmount": 1, "detailInvoice": line("B", 1) }));
    assert_eq!(missing, ["Faktur Penjualan B tidak ditemukan atau sudah dihapus"]);
    caller.sandbox.add_invoice("C", "7475", "", 5.into());
    let others = refused(&caller, &json!({ "chequeAmount": 1, "detailInvoice": line("C", 1) }));
    assert!(others[0].contains("bukan milik Pelanggan"), "{others:?}");
    let zero = refused(&caller, &json!({ "chequeAmount": 0, "detailInvoice": line("A", 0) }));
    assert!(zero[0].contains("lebih besar dari 0"), "{zero:?}");
}

#[test]
fn a_payment_before_its_invoice_needs_to_be_waved_through() {
    let caller = with_invoice();
    let early = json!({ "transDate": "26/11/2023" });
    assert_eq!(refused(&caller, &early).len(), 1);
    let waved = receipt("A/1", &json!({ "transDate": "26/11/2023", "passValidateInvoiceDate": true }));
    assert_eq!(saves(&caller, &waved)["s"], true);
}

#[test]
fn one_receipt_pays_many_invoices_and_takes_off_one_beside_the_others() {
    let caller = with_invoice();
    caller.saves(&invoice("B", &Value::Null));
    assert_eq!(saves(&caller, &payment("A/1", 150_000))["s"], true);
    let both = json!([{ "invoiceNo": "B", "paymentAmount": 80_000 }, { "invoiceNo": "A", "paymentAmount": -5000 }]);
    let saved = saves(&caller, &receipt("B/1", &json!({ "chequeAmount": 75_000, "detailInvoice": both })));
    assert_eq!(saved["s"], true, "{saved}");
    assert_eq!((caller.sandbox.owed("A"), caller.sandbox.owed("B")), (Some(5_000.into()), Some(Decimal::ZERO)));
}

#[test]
fn a_receipts_number_stands_once_and_a_deleted_receipt_is_owed_again() {
    let caller = with_invoice();
    assert_eq!(saves(&caller, &payment("A/1", 1_000))["s"], true);
    assert_eq!(saves(&caller, &payment("A/1", 1_000))["d"], json!(["Sudah ada data lain dengan No Bukti # \"A/1\""]));
    assert_eq!(caller.calls(Action::ReceiptDelete, "id=1", &Value::Null).1["s"], true);
    assert_eq!(caller.sandbox.owed("A"), Some(150_000.into()));
    for (action, query) in [(Action::ReceiptDelete, "id=1"), (Action::ReceiptDetail, "number=A%2F1")] {
        assert_eq!(caller.calls(action, query, &Value::Null).1["d"], json!(["Penerimaan Penjualan tidak tepat"]));
    }
    assert_eq!(saves(&caller, &payment("A/1", 1_000))["r"]["id"], 2, "an id is never used again");
    let own = saves(&caller, &payment("", 1_000));
    assert_eq!(own["r"]["number"], "110102.2023.11.00003");
}

#[test]
fn a_list_of_receipts_shows_the_money_but_not_the_invoices() {
    let caller = with_invoice();
    saves(&caller, &receipt("A/1", &Value::Null));
    saves(&caller, &receipt("A/2", &Value::Null));
    let fields = "fields=id,number,transDate,totalPayment,chequeAmount,detailInvoice";
    let listed = caller.gets(Action::ReceiptList, fields);
    assert_eq!(
        listed["d"],
        json!([{ "id": 1, "number": "A/1", "transDate": "28/11/2023", "totalPayment": 150_000, "chequeAmount": 138_000 }])
    );
    let by_number = caller.gets(Action::ReceiptList, "filter.number.val=A%2F2");
    assert_eq!(by_number["sp"]["rowCount"], 0);
}

#[test]
fn a_bulk_of_receipts_saves_what_is_good() {
    let caller = with_invoice();
    let bulk = json!({ "data": [payment("A/1", 1_000), payment("A/2", 0), payment("A/3", 2_000)] });
    let (_, body) = caller.calls(Action::ReceiptBulkSave, "", &bulk);
    let good: Vec<bool> = body["d"].as_array().expect("a list").iter().map(|one| one["s"] == true).collect();
    assert_eq!((good, caller.sandbox.owed("A")), (vec![true, false, true], Some(147_000.into())));
}
