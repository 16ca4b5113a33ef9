//! `GET /v1/returns`: what went back, and how it is booked.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::rows::{Booked, RowParams, RowStatus, page, rupiah};
use crate::{
    domain::{
        document::Kind,
        money::exact_number,
        reason::Language,
        return_record::{Goods, ReturnRecord},
    },
    http::{App, language::Preferred, paging::Page, params::Params, problem::Problem, responses::OperatorErrors},
    storage::{RowContent, RowRecord},
};

/// A page of returns.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReturnPage {
    /// Newest first.
    returns: Vec<ReturnAnswer>,
    /// Give it as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
}

/// A return of an order.
#[derive(Debug, Serialize, ToSchema)]
struct ReturnAnswer {
    /// Name of the source, for example the marketplace.
    #[schema(example = "shopee")]
    source: String,
    /// Id of the return in this source.
    #[schema(example = "R-1")]
    id: String,
    /// Forstok's store id; empty if the source does not name it.
    #[schema(example = "8277")]
    store_id: String,
    /// The marketplace's order number.
    #[schema(example = "231127PECAFY4J")]
    channel_order_id: String,
    /// The day on which the request was accepted.
    #[schema(example = "2026-11-05", format = Date)]
    accepted_at: Option<String>,
    /// The day on which the goods arrived.
    #[schema(example = "2026-11-07", format = Date)]
    received_at: Option<String>,
    /// Whether the goods come back: `returned` or `kept`.
    #[schema(example = "returned")]
    goods: &'static str,
    /// What the buyer got back, in rupiah, if it is known.
    #[schema(value_type = Option<f64>)]
    refund: Option<serde_json::Number>,
    /// What it takes off the invoice, in rupiah, whether booked already or not; the refund, if that is not clear. Null
    /// if it is not known yet.
    #[schema(value_type = Option<f64>)]
    amount: Option<serde_json::Number>,
    /// What was sent back; empty: the whole order.
    pieces: Vec<ReturnedPieces>,
    /// The sales return that books it, once it exists in Accurate.
    #[serde(rename = "return")]
    document: Option<Booked>,
    #[serde(flatten)]
    status: RowStatus,
}

/// Pieces of one product.
#[derive(Debug, Serialize, ToSchema)]
struct ReturnedPieces {
    /// The product's SKU in Forstok.
    #[schema(example = "AAA2002")]
    sku: String,
    /// Number of pieces.
    #[schema(value_type = f64)]
    quantity: serde_json::Number,
}

impl ReturnAnswer {
    fn new(row: RowRecord, language: Language) -> Option<Self> {
        let RowContent::Return(record) = row.content.clone() else { return None };
        let ReturnRecord { key, store_id, channel_order_id, accepted_at, received_at, goods, refund, pieces } = record;
        let amount = row.amount.map(rupiah);
        let (status, document) = RowStatus::new(row, language);
        let pieces = pieces.into_iter();
        Some(Self {
            source: key.source,
            id: key.id,
            store_id,
            channel_order_id,
            accepted_at: accepted_at.map(|day| day.to_string()),
            received_at: received_at.map(|day| day.to_string()),
            goods: match goods {
                Goods::Returned => "returned",
                Goods::Kept => "kept",
            },
            refund: refund.map(rupiah),
            amount,
            pieces: pieces
                .map(|piece| ReturnedPieces { sku: piece.sku, quantity: exact_number(piece.quantity) })
                .collect(),
            document,
            status,
        })
    }
}

/// Lists returns, newest first.
#[utoipa::path(
    get,
    path = "/v1/returns",
    operation_id = "listReturns",
    tag = "operators",
    params(RowParams),
    responses(
        (status = 200, description = "A page of returns", body = ReturnPage),
        (status = 400, description = "A parameter cannot be used"),
        OperatorErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    Preferred(language): Preferred,
    Params(params): Params<RowParams>,
) -> Result<Json<ReturnPage>, Problem> {
    let Page { rows, next } = page(&app, Kind::Return, &params).await?;
    let returns = rows.into_iter().filter_map(|row| ReturnAnswer::new(row, language)).collect();
    Ok(Json(ReturnPage { returns, next_cursor: next.map(|id| id.to_string()) }))
}
