//! `GET /v1/orders/export`: the rows of a list as CSV or XLSX.

use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema, openapi::schema::Object};

use crate::{
    domain::{day_in_wib, reason::Language},
    export::{Format, Headers, export},
    http::{
        App,
        filter::FilterParams,
        params::{Params, one_of, read_format, read_word},
        problem::Problem,
        responses::OperatorErrors,
    },
    storage::Filter,
};

/// The format of the file.
#[derive(Clone, Debug, Default, Deserialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportParams {
    /// `csv` or `xlsx`.
    #[param(example = "csv", schema_with = formats)]
    format: Option<String>,
    /// Language of the first row; without it the columns have the names of the API.
    #[param(schema_with = languages)]
    lang: Option<String>,
}

/// The languages of its first row.
const LANGUAGES: [&str; 2] = ["id", "en"];

fn formats() -> Object {
    one_of(Format::ALL.map(Format::ending))
}

fn languages() -> Object {
    one_of(LANGUAGES)
}

/// All orders that match, as a file for a spreadsheet. Takes the filters of the list.
///
/// Amounts are numbers in rupiah, times are dates in Jakarta, and text that a seller typed never becomes a formula.
#[utoipa::path(
    get,
    operation_id = "exportOrders",
    path = "/v1/orders/export",
    tag = "operators",
    params(ExportParams, FilterParams),
    responses(
        (status = 200, description = "The file, as a stream", content(
            (String = "text/csv"),
            (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        )),
        (status = 400, description = "A parameter cannot be used"),
        OperatorErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    Params(form): Params<ExportParams>,
    Params(mut params): Params<serde_json::Map<String, serde_json::Value>>,
) -> Result<Response, Problem> {
    params.remove("format");
    params.remove("lang");
    let params: FilterParams = serde_json::from_value(params.into())
        .map_err(|error| Problem::BadRequest(format!("a parameter cannot be used: {error}")))?;
    let filter = params.filter_of_all()?;
    let format = read_format(form.format.as_ref(), Format::ALL)?;
    let headers = read_word("lang", form.lang.as_ref(), headers_in, LANGUAGES)?.unwrap_or(Headers::Stable);
    answer(&app, filter, format, headers).await
}

fn headers_in(language: &str) -> Option<Headers> {
    match language {
        "id" => Some(Headers::For(Language::Indonesian)),
        "en" => Some(Headers::For(Language::English)),
        _ => None,
    }
}

/// The file as a browser downloads it.
async fn answer(app: &App, filter: Filter, format: Format, headers: Headers) -> Result<Response, Problem> {
    // An error of the database that shows at once is answered; a later one can only cut the file short.
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
