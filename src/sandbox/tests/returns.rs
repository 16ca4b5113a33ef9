//! Returns: goods, or their price, that went back (returns.md §2, §5).

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{Caller, invoice, shoes_with};
use crate::sandbox::Action;

/// With invoice A of 2 × 75,000 for customer 8277.
fn with_invoice() -> Caller {
    let caller = Caller::at_work();
    let shoes = shoes_with(&json!({ "unitPrice": 75_000, "quantity": 2 }));
    assert_eq!(caller.saves(&invoice("A", &json!({ "detailItem": [shoes] })))["s"], true);
    caller
}

/// R1 of returns.md §5: one of two comes back.
fn one_back(number: &str, changes: &Value) -> Value {
    let mut back = json!({
        "customerNo": "8277", "returnType": "INVOICE", "invoiceNumber": "A", "transDate": "29/11/2023",
        "number": number, "returnStatusType": "RETURNED", "taxable": false, "detailExpense": [],
        "detailItem": [{ "itemNo": "AAA2002", "quantity": 1, "unitPrice": 75_000, "warehouseName": "Utama",
            "returnDetailStatusType": "RETURNED" }],
    });
    for (name, value) in changes.as_object().into_iter().flatten() {
        back[name] = value.clone();
    }
    back
}

fn saves(caller: &Caller, back: &Value) -> Value {
    caller.calls(Action::ReturnSave, "", back).1
}

/// The messages with which a changed return is refused.
fn refused(caller: &Caller, changes: &Value) -> Vec<String> {
    let body = saves(caller, &one_back("A/R1", changes));
    assert_eq!(body["s"], false, "{body}");
    assert_eq!((caller.sandbox.returns().len(), caller.sandbox.owed("A")), (0, Some(150_000.into())));
    serde_json::from_value(body["d"].clone()).expect("a list of texts")
}

#[test]
fn one_of_two_pieces_back_halves_what_is_owed() {
    let caller = with_invoice();
    let saved = saves(&caller, &one_back("A/R1", &Value::Null));
    assert_eq!(saved["d"], json!(["Retur Penjualan \"A/R1\" berhasil disimpan"]));
    assert_eq!((&saved["r"]["totalAmount"], &saved["r"]["invoice"]["number"]), (&json!(75_000), &json!("A")));
    assert_eq!(saved["r"]["detailItem"][0]["returnDetailStatusType"], "RETURNED");
    assert_eq!(caller.gets(Action::ReturnDetail, "number=A%2FR1")["d"], saved["r"]);
    let read = caller.gets(Action::InvoiceDetail, "number=A");
    assert_eq!((&read["d"]["primeOwing"], &read["d"]["outstanding"]), (&json!(75_000), &json!(true)));
    assert_eq!(read["d"]["detailItem"][0]["returnQuantity"], 1);
}

#[test]
fn a_discount_lowers_and_shipping_raises_what_is_credited() {
    let caller = with_invoice();
    let shipping = json!([{ "accountNo": "700101", "expenseAmount": 9000 }]);
    let back = one_back("A/R1", &json!({ "cashDiscount": 5000, "detailExpense": shipping }));
    assert_eq!(saves(&caller, &back)["r"]["totalAmount"], 79_000);
    assert_eq!(caller.sandbox.owed("A"), Some(71_000.into()));
}

#[test]
fn no_more_comes_back_than_was_sold_and_has_not_come_back() {
    let caller = with_invoice();
    let line = |quantity: i64| json!([{ "itemNo": "AAA2002", "quantity": quantity, "unitPrice": 75_000 }]);
    let said = refused(&caller, &json!({ "detailItem": line(3) }));
    assert!(said[0].contains("melebihi sisa kuantitas"), "{said:?}");
    assert_eq!(saves(&caller, &one_back("A/R1", &Value::Null))["s"], true);
    assert_eq!(saves(&caller, &one_back("A/R2", &json!({ "detailItem": line(2) })))["s"], false);
    assert_eq!(saves(&caller, &one_back("A/R2", &Value::Null))["s"], true);
    assert_eq!(saves(&caller, &one_back("A/R3", &Value::Null))["s"], false);
    assert_eq!(caller.sandbox.owed("A"), Some(Decimal::ZERO));
    let other = json!([{ "itemNo": "KAOS-M", "quantity": 1, "unitPrice": 75_000 }]);
    assert_eq!(saves(&caller, &one_back("A/R3", &json!({ "detailItem": other })))["s"], false);
}

#[test]
fn pieces_of_an_item_with_two_prices_come_from_the_line_with_their_price() {
    let caller = Caller::at_work();
    let lines = [shoes_with(&json!({ "unitPrice": 80_000 })), shoes_with(&json!({ "unitPrice": 75_000 }))];
    caller.saves(&invoice("A", &json!({ "detailItem": lines })));
    saves(&caller, &one_back("A/R1", &Value::Null));
    let read = caller.gets(Action::InvoiceDetail, "number=A");
    let returned: Vec<&Value> =
        read["d"]["detailItem"].as_array().expect("lines").iter().map(|line| &line["returnQuantity"]).collect();
    assert_eq!(returned, [&json!(0), &json!(1)]);
}

#[test]
fn a_return_of_a_paid_invoice_leaves_the_customer_a_credit() {
    let caller = with_invoice();
    caller.sandbox.put_receipt_on("A").expect("it exists");
    assert_eq!(saves(&caller, &one_back("A/R1", &Value::Null))["s"], true);
    assert_eq!((caller.sandbox.owed("A"), caller.sandbox.credit("A")), (Some(Decimal::ZERO), Some(75_000.into())));
}

#[test]
fn a_return_names_an_invoice_of_its_customer() {
    let caller = with_invoice();
    assert_eq!(refused(&caller, &json!({ "invoiceNumber": null })), ["No Faktur harus diisi"]);
    let gone = refused(&caller, &json!({ "invoiceNumber": "B" }));
    assert_eq!(gone, ["Faktur Penjualan B tidak ditemukan atau sudah dihapus"]);
    caller.sandbox.add_invoice("C", "7475", "", 5.into());
    assert!(refused(&caller, &json!({ "invoiceNumber": "C" }))[0].contains("bukan milik"));
    assert_eq!(refused(&caller, &json!({ "returnType": "DELIVERY" })).len(), 1);
    assert_eq!(refused(&caller, &json!({ "returnType": null })), ["Tipe Retur harus diisi"]);
    assert_eq!(refused(&caller, &json!({ "returnStatusType": "BACK" })).len(), 1);
    assert_eq!(refused(&caller, &json!({ "detailItem": [] })), ["Detail dari transaksi belum diisi!"]);
}

#[test]
fn a_returns_number_stands_once_and_a_deleted_return_is_owed_again() {
    let caller = with_invoice();
    assert_eq!(saves(&caller, &one_back("A/R1", &Value::Null))["s"], true);
    let again = saves(&caller, &one_back("A/R1", &Value::Null));
    assert_eq!(again["d"], json!(["Sudah ada data lain dengan No Retur # \"A/R1\""]));
    assert_eq!(caller.calls(Action::ReturnDelete, "id=1", &Value::Null).1["s"], true);
    assert_eq!(caller.sandbox.owed("A"), Some(150_000.into()));
    assert_eq!(caller.gets(Action::InvoiceDetail, "number=A")["d"]["detailItem"][0]["returnQuantity"], 0);
    let gone = caller.calls(Action::ReturnDelete, "id=1", &Value::Null).1;
    assert_eq!(gone["d"], json!(["Retur Penjualan tidak tepat"]));
}

#[test]
fn returns_are_listed_by_day_and_not_by_number() {
    let caller = with_invoice();
    saves(&caller, &one_back("A/R1", &Value::Null));
    let listed = caller.gets(Action::ReturnList, "fields=number,transDate,totalAmount&filter.number.val=X");
    assert_eq!(listed["d"], json!([{ "number": "A/R1", "transDate": "29/11/2023", "totalAmount": 75_000 }]));
    assert_eq!(caller.gets(Action::ReturnList, "filter.transDate.val=28/11/2023")["sp"]["rowCount"], 0);
}
