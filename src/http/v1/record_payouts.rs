//! `POST /v1/payouts`: records what marketplaces paid out.

use axum::{Json, body::Bytes, extract::State};

use super::recorded_rows::{RecordedRows, record};
use crate::{
    domain::payout::Payout,
    http::{
        App,
        auth::By,
        bodies::PayoutRow,
        problem::Problem,
        responses::{BodyErrors, RoleErrors},
    },
    storage::RowContent,
};

/// Records payouts, at most 10,000 in one request. The answer gives the outcome of each, once all are on disk.
///
/// Source and id identify a row: the same content again is a repeat, other content a correction. A row that cannot be
/// read is refused; all others are recorded. The same request can be sent again at any time.
#[utoipa::path(
    post,
    path = "/v1/payouts",
    operation_id = "recordPayouts",
    tag = "operators",
    request_body = Vec<PayoutRow>,
    responses(
        (status = 200, description = "The outcome of every row", body = RecordedRows),
        (status = 400, description = "The body is not an array, or has more than 10,000 rows; nothing was kept"),
        BodyErrors,
        RoleErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(State(app): State<App>, By(actor): By, body: Bytes) -> Result<Json<RecordedRows>, Problem> {
    record(&app, &actor, &body, |row| Payout::read(row).map(RowContent::Payout)).await
}
