//! `GET /v1/shadow`: how the drafts of shadow mode compare with what another integration has created.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{money::exact_number, reason::Language, shadow::Kind},
    http::{App, language::Preferred, problem::Problem, responses::OperatorErrors},
    storage::{ShadowSums, Sums},
};

/// Shadow mode: drafts that are not sent, compared with the invoices that exist in Accurate under their numbers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShadowAnswer {
    /// `shadow`, or `on` when invoices are created; then only orders are counted that were due in shadow mode and are
    /// still to be processed.
    #[schema(example = "shadow")]
    posting: &'static str,
    /// Not compared yet.
    waiting: Amount,
    /// The invoice equals the draft in everything that is compared.
    equal: Amount,
    /// The invoice differs from the draft.
    differs: Amount,
    /// Accurate has no invoice with this number.
    absent: Amount,
    /// Kinds of difference that at least one order has.
    differences: Vec<KindSums>,
}

/// A number of orders, and the total of their drafts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Amount {
    /// Number of orders.
    count: i64,
    /// Their drafts' totals, in rupiah.
    #[schema(value_type = f64)]
    total: serde_json::Number,
}

/// One kind of difference.
#[derive(Debug, Serialize, ToSchema)]
struct KindSums {
    /// Stable code.
    #[schema(example = "date_earlier")]
    kind: &'static str,
    /// Its name, for people.
    #[schema(example = "Date too early")]
    name: &'static str,
    /// What it means, in one sentence.
    meaning: &'static str,
    /// How many orders have it.
    count: i64,
    /// Their drafts' totals, in rupiah.
    #[schema(value_type = f64)]
    total: serde_json::Number,
    /// By how much the invoices in Accurate are higher for this reason, in rupiah; negative if they are lower.
    #[schema(value_type = f64)]
    difference: serde_json::Number,
}

impl From<Sums> for Amount {
    fn from(sums: Sums) -> Self {
        Self { count: sums.orders, total: exact_number(sums.rupiah()) }
    }
}

impl KindSums {
    fn new((kind, sums, hundredths): (Kind, Sums, i64), language: Language) -> Self {
        Self {
            kind: kind.code(),
            name: kind.name(language),
            meaning: kind.meaning(language),
            count: sums.orders,
            total: exact_number(sums.rupiah()),
            difference: exact_number(Sums { hundredths, ..sums }.rupiah()),
        }
    }
}

/// Shadow mode in figures: how many drafts equal the invoices in Accurate, how many differ, and how.
#[utoipa::path(
    get,
    operation_id = "getShadow",
    path = "/v1/shadow",
    tag = "operators",
    responses(
        (status = 200, description = "The comparison in figures", body = ShadowAnswer),
        OperatorErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    Preferred(language): Preferred,
) -> Result<Json<ShadowAnswer>, Problem> {
    let ShadowSums { waiting, equal, differs, absent, kinds } = app.engine.storage().shadow_sums().await?;
    Ok(Json(ShadowAnswer {
        posting: app.engine.mapping().mapping.posting.as_str(),
        waiting: waiting.into(),
        equal: equal.into(),
        differs: differs.into(),
        absent: absent.into(),
        differences: kinds.into_iter().map(|kind| KindSums::new(kind, language)).collect(),
    }))
}
