//! `GET /v1/payouts`: what marketplaces paid out, and how it is booked.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::rows::{Booked, RowParams, RowStatus, page, rupiah};
use crate::{
    domain::{document::Kind, payout::Payout, reason::Language},
    http::{App, language::Preferred, paging::Page, params::Params, problem::Problem, responses::OperatorErrors},
    storage::{RowContent, RowRecord},
};

/// A page of payouts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PayoutPage {
    /// Newest first.
    payouts: Vec<PayoutAnswer>,
    /// Give it as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
}

/// A payout.
#[derive(Debug, Serialize, ToSchema)]
struct PayoutAnswer {
    /// Name of the source, for example the marketplace.
    #[schema(example = "shopee")]
    source: String,
    /// Id of the payout in this source.
    #[schema(example = "row-1")]
    id: String,
    /// Forstok's store id; empty if the source does not name it.
    #[schema(example = "8277")]
    store_id: String,
    /// The marketplace's order number; empty for money without an order.
    #[schema(example = "231127PECAFY4J")]
    channel_order_id: String,
    /// The day on which the money arrived.
    #[schema(example = "2026-11-05", format = Date)]
    paid_at: String,
    /// The money that arrived, in rupiah; negative if it was taken.
    #[schema(value_type = f64)]
    net: serde_json::Number,
    /// The amounts that it consists of, in rupiah, by name; negative if they were taken.
    #[schema(value_type = std::collections::HashMap<String, f64>)]
    amounts: BTreeMap<String, serde_json::Number>,
    /// The receipt that books it, once it exists in Accurate.
    receipt: Option<Booked>,
    #[serde(flatten)]
    status: RowStatus,
}

impl PayoutAnswer {
    fn new(row: RowRecord, language: Language) -> Option<Self> {
        let RowContent::Payout(payout) = row.content.clone() else { return None };
        let Payout { key, store_id, channel_order_id, paid_at, net, amounts, lines: _ } = payout;
        let (status, receipt) = RowStatus::new(row, language);
        Some(Self {
            source: key.source,
            id: key.id,
            store_id,
            channel_order_id,
            paid_at: paid_at.to_string(),
            net: rupiah(net),
            amounts: amounts.into_iter().map(|(name, amount)| (name, rupiah(amount))).collect(),
            receipt,
            status,
        })
    }
}

/// Lists payouts, newest first.
#[utoipa::path(
    get,
    path = "/v1/payouts",
    operation_id = "listPayouts",
    tag = "operators",
    params(RowParams),
    responses(
        (status = 200, description = "A page of payouts", body = PayoutPage),
        (status = 400, description = "A parameter cannot be used"),
        OperatorErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    Preferred(language): Preferred,
    Params(params): Params<RowParams>,
) -> Result<Json<PayoutPage>, Problem> {
    let Page { rows, next } = page(&app, Kind::Receipt, &params).await?;
    let payouts = rows.into_iter().filter_map(|row| PayoutAnswer::new(row, language)).collect();
    Ok(Json(PayoutPage { payouts, next_cursor: next.map(|id| id.to_string()) }))
}
