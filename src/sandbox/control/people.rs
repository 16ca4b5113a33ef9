//! Actions of people in Accurate itself: `POST /sandbox/invoices/…`.

use axum::{Json, body::Bytes, extract::State};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Number, json};

use super::{Answered, BadInput, read};
use crate::sandbox::{Edit, Invoice, NotDone, Sandbox};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NumberOrder {
    pub(super) number: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddOrder {
    number: String,
    customer_no: String,
    #[serde(default)]
    description: String,
    total: Number,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EditOrder {
    number: String,
    new_number: Option<String>,
    customer_no: Option<String>,
    description: Option<String>,
    day: Option<String>,
    total: Option<Number>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DuplicateOrder {
    number: String,
    new_number: String,
}

pub(super) async fn add(State(sandbox): State<Sandbox>, body: Bytes) -> Answered {
    let order: AddOrder = read(&body)?;
    if !sandbox.invoices_numbered(&order.number).is_empty() {
        return Err(not_done(&NotDone::NumberTaken(order.number)));
    }
    let total = rupiah(&order.total)?;
    let invoice = sandbox.add_invoice(&order.number, &order.customer_no, &order.description, total);
    Ok(shown(&sandbox, &invoice))
}

pub(super) async fn edit(State(sandbox): State<Sandbox>, body: Bytes) -> Answered {
    let EditOrder { number, new_number, customer_no, description, day, total } = read(&body)?;
    let total = total.as_ref().map(rupiah).transpose()?;
    let day = day.map(|day| day.parse().map_err(|_| BadInput(format!("day {day:?} is not like 2024-01-31"))));
    let edit = Edit { number: new_number, customer_no, description, day: day.transpose()?, total };
    let invoice = sandbox.edit_invoice(&number, &edit).map_err(|refused| not_done(&refused))?;
    Ok(shown(&sandbox, &invoice))
}

pub(super) async fn duplicate(State(sandbox): State<Sandbox>, body: Bytes) -> Answered {
    let order: DuplicateOrder = read(&body)?;
    let copy = sandbox.duplicate_invoice(&order.number, &order.new_number).map_err(|refused| not_done(&refused))?;
    Ok(shown(&sandbox, &copy))
}

pub(super) async fn delete(State(sandbox): State<Sandbox>, body: Bytes) -> Answered {
    let NumberOrder { number } = read(&body)?;
    if sandbox.remove_invoice(&number) {
        Ok(Json(json!({ "deleted": number })))
    } else {
        Err(not_done(&NotDone::NoSuchInvoice(number)))
    }
}

pub(super) fn rupiah(total: &Number) -> Result<Decimal, BadInput> {
    Decimal::from_str_exact(&total.to_string())
        .map_err(|_| BadInput(format!("total: {total} is not an amount; give rupiah such as 80000 or 80000.5")))
}

pub(super) fn not_done(why: &NotDone) -> BadInput {
    BadInput(format!("number: {why}; GET /sandbox/invoices shows all there are"))
}

fn shown(sandbox: &Sandbox, invoice: &Invoice) -> Json<serde_json::Value> {
    Json(invoice.record(&sandbox.core().books))
}
