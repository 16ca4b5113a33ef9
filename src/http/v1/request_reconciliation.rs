//! `POST /v1/reconciliations`: a period is compared with Accurate.

use axum::{Json, body::Bytes, extract::State, http::StatusCode};
use jiff::{Unit, civil::Date};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::{operator::Actor, reconciliation::Period},
    http::{
        App,
        auth::By,
        problem::Problem,
        responses::{BodyErrors, RoleErrors},
        wrong_field::WrongField,
    },
    reconciling::LONGEST_PERIOD,
};

/// Which days are compared.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReconciliationRequest {
    /// The first day, in Jakarta.
    #[schema(example = "2026-11-01", format = Date)]
    pub(crate) from: String,
    /// The last day, in Jakarta; at most 400 days are compared at a time.
    #[schema(example = "2026-11-30", format = Date)]
    pub(crate) to: String,
}

/// The run that was requested.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RequestedRun {
    /// Its number, for `getReconciliation`.
    #[schema(example = 7)]
    pub(crate) id: i64,
}

/// Compares the invoices of a period with those that Accurate lists now; `getReconciliation` shows the progress.
///
/// Nothing is changed in Accurate. The comparison uses at most half of the calls that Accurate allows and gives way to
/// invoices. A run waits for earlier ones.
#[utoipa::path(
    post,
    operation_id = "requestReconciliation",
    path = "/v1/reconciliations",
    tag = "operators",
    request_body = ReconciliationRequest,
    responses(
        (status = 202, description = "The run was requested", body = RequestedRun),
        (status = 400, description = "The body does not name a period that can be compared"),
        BodyErrors,
        RoleErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    By(actor): By,
    body: Bytes,
) -> Result<(StatusCode, Json<RequestedRun>), Problem> {
    let request: ReconciliationRequest = serde_json::from_slice(&body)
        .map_err(|error| Problem::BadRequest(format!("the body does not name a period: {error}")))?;
    let id = self::request(&app, &request, &actor).await?;
    Ok((StatusCode::ACCEPTED, Json(RequestedRun { id })))
}

/// Requests a run, for the API and for the pages; returns its number.
pub(crate) async fn request(app: &App, request: &ReconciliationRequest, actor: &Actor) -> Result<i64, Problem> {
    let period = read_period(&request.from, &request.to)?;
    app.engine.request_reconciliation(period, actor).await.map_err(|error| Problem::not_stored(&error))
}

/// The period between two days.
pub(crate) fn read_period(from: &str, to: &str) -> Result<Period, WrongField> {
    let day =
        |name, text: &str| text.trim().parse::<Date>().map_err(|_| WrongField::NotADay { name, word: text.to_owned() });
    let (from, to) = (day("from", from)?, day("to", to)?);
    let days = from.until((Unit::Day, to)).map_or(i32::MAX, |span| span.get_days()).saturating_add(1);
    match days {
        ..=0 => Err(WrongField::DaysReversed { from, to }),
        1..=LONGEST_PERIOD => Ok(Period { from, to }),
        _ => Err(WrongField::PeriodTooLong { days, most: LONGEST_PERIOD }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_has_two_days_in_their_order_and_is_not_endless() {
        assert!(read_period("2026-11-01", "2026-11-01").is_ok());
        for (from, to, why) in [
            ("2026-11-02", "2026-11-01", "to: 2026-11-01 is before from, 2026-11-02; exchange the two"),
            ("1/11/2026", "2026-11-01", "from: \"1/11/2026\" is not a day such as 2026-11-26"),
            (
                "2025-01-01",
                "2026-11-01",
                "from, to: these are 670 days, and at most 400 are compared at a time; ask for fewer",
            ),
        ] {
            assert_eq!(read_period(from, to).map_err(|wrong| wrong.to_string()), Err(why.to_owned()));
        }
    }
}
