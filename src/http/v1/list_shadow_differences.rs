//! `GET /v1/shadow/differences`: in what drafts differ from the invoices that another integration has created.

use axum::{Json, extract::State};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema, openapi::schema::Object};

use crate::{
    domain::{money::exact_number, reason::Language, shadow::Kind},
    http::{
        App,
        language::Preferred,
        paging::{Page, PageSize, read_cursor},
        params::{Params, one_of, read_word},
        problem::Problem,
        responses::OperatorErrors,
    },
    storage::DifferenceRow,
};

/// Differences on a page.
const PAGE: PageSize = PageSize { usual: 50, most: 500 };

/// Which differences.
#[derive(Clone, Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DifferenceParams {
    /// Of this kind, a code of `GET /v1/shadow`.
    #[param(schema_with = kinds)]
    kind: Option<String>,
    /// Differences on a page, 1 to 500; 50 by default.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 500)]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9]{0,18}$")]
    cursor: Option<String>,
}

/// A page of differences.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DifferencePage {
    /// Newest first.
    differences: Vec<DifferenceAnswer>,
    /// Give it as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
}

/// One kind of difference of one order.
#[derive(Debug, Serialize, ToSchema)]
struct DifferenceAnswer {
    /// Forstok's order id.
    order_id: String,
    /// The marketplace's number of the order.
    channel_order_id: String,
    /// Forstok's store id.
    store_id: String,
    /// What differs.
    #[schema(example = "date_earlier")]
    kind: &'static str,
    /// Total of the draft, in rupiah.
    #[schema(value_type = f64)]
    total: serde_json::Number,
    /// By how much the invoice in Accurate is higher for this reason, in rupiah; negative if it is lower.
    #[schema(value_type = f64)]
    difference: serde_json::Number,
    /// The values on both sides; several entries if several products differ.
    details: Vec<DetailAnswer>,
}

/// The values of a difference on both sides, as text for people.
#[derive(Debug, Serialize, ToSchema)]
struct DetailAnswer {
    /// The product's item number; null if the difference is not about a product.
    about: Option<String>,
    /// In the draft.
    #[schema(example = "26/11/2026")]
    draft: String,
    /// On the invoice in Accurate.
    #[schema(example = "25/11/2026")]
    accurate: String,
}

impl DifferenceAnswer {
    fn new(row: DifferenceRow, language: Language) -> Self {
        let DifferenceRow { order_id, channel_order_id, store_id, hundredths, difference, .. } = row;
        let kind = difference.kind;
        let details = difference.details.into_iter().map(|detail| DetailAnswer {
            draft: detail.draft(kind, language),
            accurate: detail.accurate(kind, language),
            about: Some(detail.about).filter(|about| !about.is_empty()),
        });
        Self {
            order_id: order_id.to_string(),
            channel_order_id,
            store_id,
            kind: kind.code(),
            total: exact_number(Decimal::new(hundredths, 2).normalize()),
            difference: exact_number(difference.rupiah.decimal()),
            details: details.collect(),
        }
    }
}

/// Lists the differences between drafts and the invoices in Accurate, newest first.
#[utoipa::path(
    get,
    operation_id = "listShadowDifferences",
    path = "/v1/shadow/differences",
    tag = "operators",
    params(DifferenceParams),
    responses(
        (status = 200, description = "A page of differences", body = DifferencePage),
        (status = 400, description = "A parameter cannot be used"),
        OperatorErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    Preferred(language): Preferred,
    Params(params): Params<DifferenceParams>,
) -> Result<Json<DifferencePage>, Problem> {
    let limit = PAGE.read("limit", params.limit.as_deref())?;
    let before = read_cursor("cursor", params.cursor.as_deref(), |cursor| cursor.parse().ok())?;
    let kind = read_kind(params.kind.as_ref())?;
    let Page { rows, next } = page(&app, kind, before, limit).await?;
    let differences = rows.into_iter().map(|row| DifferenceAnswer::new(row, language)).collect();
    Ok(Json(DifferencePage { differences, next_cursor: next.map(|id| id.to_string()) }))
}

/// The kind that a code names; none if it is left out.
pub(crate) fn read_kind(code: Option<&String>) -> Result<Option<Kind>, Problem> {
    read_word("kind", code, Kind::from_code, Kind::all().map(Kind::code))
}

fn kinds() -> Object {
    one_of(Kind::all().map(Kind::code))
}

/// A page of differences, for the API and for the pages.
pub(crate) async fn page(
    app: &App,
    kind: Option<Kind>,
    before: Option<i64>,
    limit: i64,
) -> Result<Page<DifferenceRow>, Problem> {
    let found = app.engine.storage().differences(kind, before, limit + 1).await?;
    Ok(Page::cut(found, limit, |row| row.id))
}
