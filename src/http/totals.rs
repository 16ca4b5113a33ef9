//! `GET /v1/totals`: orders per store, day and state.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use serde::{Deserialize, Serialize};
use utoipa::{
    IntoParams, ToSchema,
    openapi::schema::{Object, ObjectBuilder, Type},
};

use super::{
    App,
    filter::{day, query, read_day_of, read_days},
    problem::{Problem, ProblemBody},
};
use crate::{
    domain::money::exact_number,
    storage::{Grouping, Total},
};

/// Most rows of an answer.
const MOST_ROWS: i64 = 20_000;

/// Which totals.
#[derive(Clone, Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TotalsParams {
    /// A row for each: `store`, `day` or `store,day`.
    #[param(example = "store,day", schema_with = groupings)]
    by: Option<String>,
    /// The first day, in Jakarta.
    #[param(example = "2026-11-01", schema_with = day)]
    from: Option<String>,
    /// The last day, in Jakarta.
    #[param(example = "2026-11-30", schema_with = day)]
    to: Option<String>,
    /// What happened on those days: `ordered` (unless given), `received` or `invoiced`.
    #[param(example = "ordered", schema_with = dates)]
    date: Option<String>,
}

fn groupings() -> Object {
    let words = ["store", "day", "store,day", ""];
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

fn dates() -> Object {
    let words = ["ordered", "received", "invoiced", ""];
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

/// Orders per store, day and state.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TotalsAnswer {
    /// By day, store and state, in this order.
    rows: Vec<TotalRow>,
}

/// Orders of one store, one day and one state.
#[derive(Debug, Serialize, ToSchema)]
struct TotalRow {
    /// Forstok's store id; null unless asked for by store.
    store_id: Option<String>,
    /// The day in Jakarta; null unless asked for by day.
    #[schema(example = "2026-11-26")]
    day: Option<String>,
    /// The orders' state.
    #[schema(example = "invoiced")]
    state: &'static str,
    /// How many orders.
    count: i64,
    /// What they are worth, in rupiah.
    #[schema(value_type = f64)]
    total: serde_json::Number,
}

impl From<Total> for TotalRow {
    fn from(total: Total) -> Self {
        Self {
            count: total.sums.orders,
            total: exact_number(total.sums.rupiah()),
            state: total.state.as_str(),
            day: total.day.map(|day| day.to_string()),
            store_id: total.store_id,
        }
    }
}

/// How many orders there are per store, day and state, and what they are worth.
///
/// The figures are counted as orders change, so the answer takes no longer with a longer history.
#[utoipa::path(
    get,
    operation_id = "getTotals",
    path = "/v1/totals",
    tag = "operators",
    params(TotalsParams),
    responses(
        (status = 200, description = "The totals", body = TotalsAnswer),
        (status = 400, description = "A parameter cannot be used, or there are too many rows", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "Operator token missing or wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "No operator token is set", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database does not answer", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("operator_token" = []))
)]
pub(super) async fn list(
    State(app): State<App>,
    params: Result<Query<TotalsParams>, QueryRejection>,
) -> Result<Json<TotalsAnswer>, Problem> {
    let params = query(params)?;
    let days = read_days(read_day_of("date", params.date.as_ref())?, params.from.as_ref(), params.to.as_ref())?;
    let grouping = match params.by.as_deref().map(str::trim) {
        None | Some("" | "store,day" | "day,store") => Grouping { by_store: true, by_day: true },
        Some("store") => Grouping { by_store: true, by_day: false },
        Some("day") => Grouping { by_store: false, by_day: true },
        Some(word) => {
            let problem = format!("by: {word:?} is not one of store, day, \"store,day\"");
            return Err(Problem::BadRequest(problem));
        }
    };
    let rows = app.engine.storage().totals(&days, grouping, MOST_ROWS + 1).await?;
    if rows.len() as i64 > MOST_ROWS {
        let problem = format!("from, to: these days make more than {MOST_ROWS} rows; ask for fewer");
        return Err(Problem::BadRequest(problem));
    }
    Ok(Json(TotalsAnswer { rows: rows.into_iter().map(Into::into).collect() }))
}
