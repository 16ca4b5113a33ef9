//! `POST /v1/returns`: records what went back to sellers or buyers.

use axum::{Json, body::Bytes, extract::State};

use super::recorded_rows::{RecordedRows, record};
use crate::{
    domain::return_record::ReturnRecord,
    http::{
        App,
        auth::By,
        bodies::ReturnRow,
        problem::Problem,
        responses::{BodyErrors, RoleErrors},
    },
    storage::RowContent,
};

/// Records returns, at most 10,000 in one request. The answer gives the outcome of each, once all are on disk.
///
/// Source and id identify a return: the same content again is a repeat, other content a correction, for example when
/// the goods arrive. A return that cannot be read is refused; all others are recorded.
#[utoipa::path(
    post,
    path = "/v1/returns",
    operation_id = "recordReturns",
    tag = "operators",
    request_body = Vec<ReturnRow>,
    responses(
        (status = 200, description = "The outcome of every return", body = RecordedRows),
        (status = 400, description = "The body is not an array, or has more than 10,000 rows; nothing was kept"),
        BodyErrors,
        RoleErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(State(app): State<App>, By(actor): By, body: Bytes) -> Result<Json<RecordedRows>, Problem> {
    record(&app, &actor, &body, |row| ReturnRecord::read(row).map(RowContent::Return)).await
}
