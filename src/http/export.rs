//! `GET /v1/orders/export`: the rows of a list as CSV or XLSX.

use axum::{
    body::Body,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::{
    IntoParams, ToSchema,
    openapi::schema::{Object, ObjectBuilder, Type},
};

use super::{
    App,
    filter::{FilterParams, query},
    problem::{Problem, ProblemBody},
    wrong_field::WrongField,
};
use crate::{
    domain::{day_in_wib, reason::Language},
    export::{Format, Headers, export},
    storage::Filter,
};

/// Of which form.
#[derive(Clone, Debug, Default, Deserialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
pub(super) struct ExportParams {
    /// `csv` or `xlsx`.
    #[param(example = "csv", schema_with = formats)]
    format: Option<String>,
    /// Language of the first row; without it the columns have the names of the API.
    #[param(schema_with = languages)]
    lang: Option<String>,
}

fn formats() -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["csv", "xlsx", ""])).build()
}

fn languages() -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["id", "en", ""])).build()
}

/// All orders that match, as a file for a spreadsheet. Takes the filters of the list.
///
/// Amounts are numbers, moments are dates in Jakarta, and nothing that a seller typed is a formula.
#[utoipa::path(
    get,
    operation_id = "exportOrders",
    path = "/v1/orders/export",
    tag = "operators",
    params(ExportParams, FilterParams),
    responses(
        (status = 200, description = "The file; it comes piece by piece", content(
            (String = "text/csv"),
            (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        )),
        (status = 400, description = "A parameter cannot be used", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "Operator token missing or wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "No operator token is set", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database does not answer", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("operator_token" = []))
)]
pub(super) async fn file(
    State(app): State<App>,
    form: Result<Query<ExportParams>, QueryRejection>,
    params: Result<Query<serde_json::Map<String, serde_json::Value>>, QueryRejection>,
) -> Result<Response, Problem> {
    let (form, mut params) = (query(form)?, query(params)?);
    params.remove("format");
    params.remove("lang");
    let params: FilterParams = serde_json::from_value(params.into())
        .map_err(|error| Problem::BadRequest(format!("a parameter cannot be used: {error}")))?;
    let filter = params.filter_of_all()?;
    let format = match form.format.as_deref().map(str::trim) {
        None | Some("") => Format::Csv,
        Some(word) => Format::parse(word).ok_or_else(|| WrongField::NotOneOf {
            name: "format",
            word: word.to_owned(),
            all: "csv, xlsx".to_owned(),
        })?,
    };
    let headers = match form.lang.as_deref().map(str::trim) {
        None | Some("") => Headers::Stable,
        Some("id") => Headers::For(Language::Indonesian),
        Some("en") => Headers::For(Language::English),
        Some(word) => return Err(Problem::BadRequest(format!("lang: {word:?} is not one of id, en"))),
    };
    answer(&app, filter, format, headers).await
}

/// The file as a browser downloads it.
pub(crate) async fn answer(app: &App, filter: Filter, format: Format, headers: Headers) -> Result<Response, Problem> {
    // What the database says at once is an answer; what it says later can only cut the file short.
    app.engine.storage().page(&filter, None, 1).await?;
    let today = day_in_wib(app.engine.now());
    let name = format!("attachment; filename=\"orders-{today}.{}\"", format.ending());
    let mut response = Body::from_stream(export(app.engine.clone(), filter, format, headers)).into_response();
    let answer_headers = response.headers_mut();
    answer_headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    if let Ok(name) = HeaderValue::from_str(&name) {
        answer_headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}
