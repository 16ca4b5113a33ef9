//! `POST /sandbox/old-integration`: another integration books orders, with its mistakes.

use axum::{Json, body::Bytes, extract::State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answered, read};
use crate::sandbox::{
    Sandbox,
    old_integration::{Booking, OldIntegration},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BookOrders {
    /// Bodies of Forstok's webhooks.
    orders: Vec<Value>,
    #[serde(default)]
    settings: OldIntegration,
}

pub(super) async fn books(State(sandbox): State<Sandbox>, body: Bytes) -> Answered {
    let BookOrders { orders, settings } = read(&body)?;
    let booked = |order| match sandbox.old_integration_books(&settings, order) {
        Booking::Created(number) => json!({ "outcome": "created", "number": number }),
        Booking::TakenForSuccess(number) => json!({ "outcome": "taken_for_success", "number": number }),
        Booking::Crashed => json!({ "outcome": "crashed" }),
    };
    Ok(Json(json!({ "orders": orders.iter().map(booked).collect::<Vec<_>>() })))
}
