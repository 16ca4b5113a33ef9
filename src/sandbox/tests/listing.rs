//! Lists: fields, filters, paging.

use serde_json::{Value, json};

use super::{Caller, invoice};
use crate::sandbox::{Action, Sorting};

fn with_invoices(count: usize) -> Caller {
    let caller = Caller::at_work();
    for n in 1..=count {
        assert_eq!(caller.saves(&invoice(&format!("N-{n}"), &Value::Null))["s"], true);
    }
    caller
}

fn ids(body: &Value) -> Vec<i64> {
    body["d"].as_array().expect("a list").iter().filter_map(|row| row["id"].as_i64()).collect()
}

#[test]
fn rows_hold_only_the_fields_that_were_asked_for() {
    let caller = with_invoices(1);
    assert_eq!(caller.gets(Action::InvoiceList, "")["d"], json!([{ "id": 1 }]));
    let named = caller.gets(Action::InvoiceList, "fields=id,number,nonsense,totalAmount");
    assert_eq!(named["d"], json!([{ "id": 1, "number": "N-1", "totalAmount": 80000 }]));
}

#[test]
fn pages_are_twenty_rows_unless_asked_and_at_most_a_hundred() {
    let caller = with_invoices(101);
    let first = caller.gets(Action::InvoiceList, "");
    assert_eq!(first["sp"], json!({ "page": 1, "pageSize": 20, "pageCount": 6, "rowCount": 101 }));
    assert_eq!(ids(&first).len(), 20);
    let last = caller.gets(Action::InvoiceList, "sp.page=2&sp.pageSize=500");
    assert_eq!(last["sp"], json!({ "page": 2, "pageSize": 100, "pageCount": 2, "rowCount": 101 }));
    assert_eq!(ids(&last), [101]);
    assert_eq!(ids(&caller.gets(Action::InvoiceList, "sp.page=9")), [0_i64; 0]);
}

#[test]
fn the_newest_come_first_when_the_order_is_understood() {
    let caller = with_invoices(3);
    let newest = "sp.sort=id|desc&sp.pageSize=2";
    assert_eq!(ids(&caller.gets(Action::InvoiceList, newest)), [3, 2]);
    assert_eq!(ids(&caller.gets(Action::InvoiceList, &format!("{newest}&sp.page=2"))), [1]);
    caller.sandbox.change_settings(|settings| settings.sorting = Sorting::Ignored);
    assert_eq!(ids(&caller.gets(Action::InvoiceList, newest)), [1, 2]);
}

#[test]
fn a_filter_finds_its_row_and_a_mistyped_one_returns_all() {
    let caller = with_invoices(3);
    let by_number = caller.gets(Action::InvoiceList, "filter.number.op=EQUAL&filter.number.val=N-2");
    assert_eq!((ids(&by_number), &by_number["sp"]["rowCount"]), (vec![2], &json!(1)));
    assert_eq!(ids(&caller.gets(Action::InvoiceList, "filter.number.val=N-9")), [0_i64; 0]);
    assert_eq!(ids(&caller.gets(Action::InvoiceList, "filter.numbre.val=N-2")).len(), 3);
    let by_day = "filter.transDate.op=EQUAL&filter.transDate.val=27/11/2023&sp.pageSize=2&sp.page=2";
    assert_eq!(ids(&caller.gets(Action::InvoiceList, by_day)), [3]);
    assert_eq!(ids(&caller.gets(Action::InvoiceList, "filter.transDate.val=28/11/2023")), [0_i64; 0]);
}

#[test]
fn a_range_of_days_finds_what_lies_in_it_and_a_description_is_no_filter() {
    let caller = with_invoices(2);
    caller.saves(&invoice("N-3", &json!({ "transDate": "30/11/2023" })));
    let between = |from: &str, to: &str| {
        let filter = "filter.transDate";
        ids(&caller
            .gets(Action::InvoiceList, &format!("{filter}.op=BETWEEN&{filter}.val[0]={from}&{filter}.val[1]={to}")))
    };
    assert_eq!(between("27/11/2023", "29/11/2023"), [1, 2]);
    assert_eq!(between("28/11/2023", "01/12/2023"), [3]);
    assert_eq!(ids(&caller.gets(Action::InvoiceList, "filter.description.val=nobody")), [1, 2, 3]);
}

#[test]
fn a_customer_is_looked_up_by_number() {
    let caller = Caller::at_work();
    let found = caller.gets(Action::CustomerList, "filter.no.val=8277&fields=id,customerNo,name");
    assert_eq!(found["d"], json!([{ "id": 1, "customerNo": "8277", "name": "Toko Sepatu" }]));
}

#[test]
fn all_masters_can_be_listed() {
    let caller = Caller::at_work();
    let names = |action, query: &str, field: &str| -> Vec<String> {
        let body = caller.gets(action, &format!("fields={field}&{query}"));
        let rows = body["d"].as_array().expect("a list").clone();
        rows.iter().map(|row| row[field].as_str().expect("a text").to_owned()).collect()
    };
    assert_eq!(names(Action::WarehouseList, "", "name"), ["Utama", "Gudang B"]);
    assert_eq!(names(Action::BranchList, "", "name"), ["Kantor Pusat"]);
    assert_eq!(names(Action::PaymentTermList, "", "name"), ["Net 7"]);
    let bank = "filter.accountType.op=EQUAL&filter.accountType.val=CASH_BANK";
    assert_eq!(names(Action::AccountList, bank, "no"), ["110101", "110102", "110103"]);
    assert_eq!(names(Action::ItemList, "filter.no.val=GELAS-01", "name"), ["Gelas"]);
    assert_eq!(caller.gets(Action::TaxList, "fields=rate")["d"], json!([{ "rate": 11 }]));
    assert_eq!(caller.gets(Action::ItemDetail, "no=GELAS-01")["d"]["suspended"], false);
    assert_eq!(caller.gets(Action::ItemDetail, "no=X")["d"], json!(["Barang & Jasa tidak tepat"]));
}

#[test]
fn suspended_masters_can_be_left_out() {
    let caller = Caller::at_work();
    caller.sandbox.suspend_account("110101");
    let count = |query| caller.gets(Action::AccountList, query)["sp"]["rowCount"].clone();
    assert_eq!(count(""), 13);
    assert_eq!(count("filter.suspended=false"), 12);
    assert_eq!(count("filter.suspended=true"), 1);
    assert_eq!(count("filter.suspended=false&filter.no.val=110101"), 0);
}

#[test]
fn a_query_is_decoded() {
    let caller = Caller::at_work();
    caller.sandbox.add_invoice("INV/2023 1&2", "8277", "", 5.into());
    let read = caller.gets(Action::InvoiceDetail, "number=INV%2F2023+1%262");
    assert_eq!(read["d"]["number"], "INV/2023 1&2");
}
