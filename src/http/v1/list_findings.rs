//! `GET /v1/findings`: differences between this service and Accurate, newest first.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema, openapi::schema::Object};

use super::reconciliation::{FindingAnswer, classes, states};
use crate::{
    domain::reconciliation::{Class, FindingState},
    http::{
        App,
        language::Preferred,
        paging::{Page, PageSize, read_cursor},
        params::{Params, day, in_order, one_of, order_id_of_filter, read_day, read_word, text},
        problem::Problem,
        responses::OperatorErrors,
    },
    storage::{FindingFilter, FindingRecord},
};

/// Findings on a page.
const PAGE: PageSize = PageSize { usual: 50, most: 500 };

/// Which findings.
#[derive(Clone, Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FindingParams {
    /// Of this class.
    #[param(example = "missing_in_accurate", schema_with = class_words)]
    pub(crate) class: Option<String>,
    /// In this state.
    #[param(example = "open", schema_with = state_words)]
    pub(crate) state: Option<String>,
    /// About this order, by Forstok's order id.
    #[param(pattern = "^([1-9][0-9]{0,39})?$")]
    pub(crate) order_id: Option<String>,
    /// Of this store, by Forstok's store id.
    pub(crate) store: Option<String>,
    /// From this day on, in Jakarta.
    #[param(schema_with = day)]
    pub(crate) from: Option<String>,
    /// Up to this day, in Jakarta.
    #[param(schema_with = day)]
    pub(crate) to: Option<String>,
    /// Findings on a page, 1 to 500; 50 by default.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 500)]
    pub(crate) limit: Option<String>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9]{0,18}$")]
    pub(crate) cursor: Option<String>,
}

fn class_words() -> Object {
    one_of(classes())
}

fn state_words() -> Object {
    one_of(states())
}

/// A page of findings.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FindingPage {
    /// Newest first.
    findings: Vec<FindingAnswer>,
    /// Give it as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
}

/// Lists findings of reconciliations, newest first.
#[utoipa::path(
    get,
    operation_id = "listFindings",
    path = "/v1/findings",
    tag = "operators",
    params(FindingParams),
    responses(
        (status = 200, description = "A page of findings", body = FindingPage),
        (status = 400, description = "A parameter cannot be used"),
        OperatorErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    Preferred(language): Preferred,
    Params(params): Params<FindingParams>,
) -> Result<Json<FindingPage>, Problem> {
    let Page { rows, next } = page(&app, &params).await?;
    let findings = rows.into_iter().map(|row| FindingAnswer::new(row, language)).collect();
    Ok(Json(FindingPage { findings, next_cursor: next.map(|id| id.to_string()) }))
}

/// A page of findings, for the API and for the pages.
pub(crate) async fn page(app: &App, params: &FindingParams) -> Result<Page<FindingRecord>, Problem> {
    let limit = PAGE.read("limit", params.limit.as_deref())?;
    let before = read_cursor("cursor", params.cursor.as_deref(), |cursor| cursor.parse().ok())?;
    let filter = filter_of(params)?;
    let found = app.engine.storage().findings(&filter, before, limit + 1).await?;
    Ok(Page::cut(found, limit, |finding| finding.id))
}

/// The filter in the parameters, wherever a page of them begins.
pub(crate) fn filter_of(params: &FindingParams) -> Result<FindingFilter, Problem> {
    let (from, to) = (read_day("from", params.from.as_ref())?, read_day("to", params.to.as_ref())?);
    in_order(from, to)?;
    Ok(FindingFilter {
        class: read_word("class", params.class.as_ref(), Class::parse, classes())?,
        state: read_word("state", params.state.as_ref(), FindingState::parse, states())?,
        order_id: text(params.order_id.as_ref()).map(|id| order_id_of_filter(&id)).transpose()?,
        store_id: text(params.store.as_ref()),
        from,
        to,
        unchanged_since: None,
    })
}
