//! `GET /v1/totals`: orders per store, day and state.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema, openapi::schema::Object};

use crate::{
    domain::money::exact_number,
    http::{
        App,
        params::{Params, day, day_of, one_of, read_day_of, read_days, read_word},
        problem::Problem,
        responses::OperatorErrors,
    },
    storage::{Grouping, Total},
};

/// Most rows of an answer.
const MOST_ROWS: i64 = 20_000;

/// For what there is a row each.
const GROUPINGS: [&str; 3] = ["store", "day", "store,day"];

/// Which totals.
#[derive(Clone, Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TotalsParams {
    /// How the rows are grouped: `store`, `day` or `store,day`.
    #[param(example = "store,day", schema_with = groupings)]
    by: Option<String>,
    /// The first day, in Jakarta.
    #[param(example = "2026-11-01", schema_with = day)]
    from: Option<String>,
    /// The last day, in Jakarta.
    #[param(example = "2026-11-30", schema_with = day)]
    to: Option<String>,
    /// What happened on those days: `ordered` (the default), `received` or `invoiced`.
    #[param(example = "ordered", schema_with = day_of)]
    date: Option<String>,
}

fn groupings() -> Object {
    one_of(GROUPINGS)
}

/// Orders per store, day and state.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TotalsAnswer {
    /// By day, store and state, in this order.
    rows: Vec<TotalRow>,
}

/// Orders of one store, one day and one state.
#[derive(Debug, Serialize, ToSchema)]
struct TotalRow {
    /// Forstok's store id; null unless the rows are grouped by store.
    store_id: Option<String>,
    /// The day in Jakarta; null unless the rows are grouped by day.
    #[schema(example = "2026-11-26")]
    day: Option<String>,
    /// The orders' state.
    #[schema(example = "invoiced")]
    state: &'static str,
    /// Number of orders.
    count: i64,
    /// Their total, in rupiah.
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

/// Number and total amount of orders by store, day and state.
///
/// The figures are kept up to date as orders change, so the answer takes no longer with a longer history.
#[utoipa::path(
    get,
    operation_id = "getTotals",
    path = "/v1/totals",
    tag = "operators",
    params(TotalsParams),
    responses(
        (status = 200, description = "The totals", body = TotalsAnswer),
        (status = 400, description = "A parameter cannot be used, or there are too many rows"),
        OperatorErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    Params(params): Params<TotalsParams>,
) -> Result<Json<TotalsAnswer>, Problem> {
    let days = read_days(read_day_of("date", params.date.as_ref())?, params.from.as_ref(), params.to.as_ref())?;
    let grouping = read_word("by", params.by.as_ref(), grouping, GROUPINGS)?.unwrap_or(BY_STORE_AND_DAY);
    let rows = app.engine.storage().totals(&days, grouping, MOST_ROWS + 1).await?;
    if rows.len() as i64 > MOST_ROWS {
        let problem = format!("from, to: these days make more than {MOST_ROWS} rows; ask for fewer");
        return Err(Problem::BadRequest(problem));
    }
    Ok(Json(TotalsAnswer { rows: rows.into_iter().map(Into::into).collect() }))
}

/// A row for each store and day.
const BY_STORE_AND_DAY: Grouping = Grouping { by_store: true, by_day: true };

fn grouping(word: &str) -> Option<Grouping> {
    match word {
        "store,day" | "day,store" => Some(BY_STORE_AND_DAY),
        "store" => Some(Grouping { by_store: true, by_day: false }),
        "day" => Some(Grouping { by_store: false, by_day: true }),
        _ => None,
    }
}
