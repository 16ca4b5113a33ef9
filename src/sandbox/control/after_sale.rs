//! Receipts and returns, and the people who book them: `/sandbox/receipts` and `/sandbox/returns`.

use axum::{
    Json,
    body::Bytes,
    extract::{Query, State},
};
use serde::Deserialize;
use serde_json::{Number, Value, json};

use super::{
    Answered, SHOWN, Shown,
    people::{NumberOrder, not_done, rupiah},
    read,
};
use crate::sandbox::{NotDone, Receipt, SalesReturn, Sandbox, SettlingEdit, reply::number};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReceiptOrder {
    /// The invoice's number.
    number: String,
    /// The receipt's number and amount; without them the whole invoice is paid.
    paid: Option<PaidOrder>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PaidOrder {
    receipt: String,
    amount: Number,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReturnOrder {
    /// The invoice's number.
    number: String,
    #[serde(rename = "return")]
    return_number: String,
    item_no: String,
    pieces: Number,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EditOrder {
    number: String,
    new_number: Option<String>,
    amount: Option<Number>,
}

pub(super) async fn receipts(State(sandbox): State<Sandbox>, Query(shown): Query<Shown>) -> Json<Value> {
    let core = sandbox.core();
    let all = &core.books.receipts;
    let row = |receipt: &Receipt| receipt.record(&core.books);
    let rows: Vec<Value> = match &shown.number {
        Some(number) => all.get(number).into_iter().map(row).collect(),
        None => all.all().rev().take(shown.limit.unwrap_or(SHOWN)).map(row).collect(),
    };
    Json(json!({ "count": all.len(), "receipts": rows }))
}

pub(super) async fn add_receipt(State(sandbox): State<Sandbox>, body: Bytes) -> Answered {
    let ReceiptOrder { number: invoice, paid } = read(&body)?;
    let paid = match paid {
        None => sandbox.put_receipt_on(&invoice),
        Some(PaidOrder { receipt, amount }) => sandbox.add_receipt(&receipt, &invoice, rupiah(&amount)?),
    };
    let receipt = paid.map_err(|refused| not_done(&refused))?;
    Ok(Json(json!({ "receipt": receipt.number, "amount": number(receipt.cheque_amount) })))
}

pub(super) async fn edit_receipt(State(sandbox): State<Sandbox>, body: Bytes) -> Answered {
    let (of, edit) = edit(&body)?;
    let receipt = sandbox.edit_receipt(&of, &edit).map_err(|refused| not_done(&refused))?;
    Ok(Json(receipt.record(&sandbox.core().books)))
}

pub(super) async fn delete_receipt(State(sandbox): State<Sandbox>, body: Bytes) -> Answered {
    let NumberOrder { number } = read(&body)?;
    if sandbox.remove_receipt(&number) { Ok(deleted(&number)) } else { Err(not_done(&NotDone::NoSuchReceipt(number))) }
}

pub(super) async fn returns(State(sandbox): State<Sandbox>, Query(shown): Query<Shown>) -> Json<Value> {
    let core = sandbox.core();
    let all = &core.books.returns;
    let row = |sales_return: &SalesReturn| sales_return.record(&core.books);
    let rows: Vec<Value> = match &shown.number {
        Some(number) => all.get(number).into_iter().map(row).collect(),
        None => all.all().rev().take(shown.limit.unwrap_or(SHOWN)).map(row).collect(),
    };
    Json(json!({ "count": all.len(), "returns": rows }))
}

pub(super) async fn add_return(State(sandbox): State<Sandbox>, body: Bytes) -> Answered {
    let ReturnOrder { number: invoice, return_number, item_no, pieces } = read(&body)?;
    let pieces = rupiah(&pieces)?;
    let added = sandbox.add_return(&return_number, &invoice, &item_no, pieces);
    let sales_return = added.map_err(|refused| not_done(&refused))?;
    Ok(Json(sales_return.record(&sandbox.core().books)))
}

pub(super) async fn edit_return(State(sandbox): State<Sandbox>, body: Bytes) -> Answered {
    let (of, edit) = edit(&body)?;
    let sales_return = sandbox.edit_return(&of, &edit).map_err(|refused| not_done(&refused))?;
    Ok(Json(sales_return.record(&sandbox.core().books)))
}

pub(super) async fn delete_return(State(sandbox): State<Sandbox>, body: Bytes) -> Answered {
    let NumberOrder { number } = read(&body)?;
    if sandbox.remove_return(&number) { Ok(deleted(&number)) } else { Err(not_done(&NotDone::NoSuchReturn(number))) }
}

fn edit(body: &Bytes) -> Result<(String, SettlingEdit), super::BadInput> {
    let EditOrder { number, new_number, amount } = read(body)?;
    let amount = amount.as_ref().map(rupiah).transpose()?;
    Ok((number, SettlingEdit { number: new_number, amount }))
}

fn deleted(number: &str) -> Json<serde_json::Value> {
    Json(json!({ "deleted": number }))
}
