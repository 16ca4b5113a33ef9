//! `/payouts/export` and `/returns/export`: the rows of a list as a file.

use axum::{
    body::Body,
    extract::{Query, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};

use super::{super::page::Page, shown::Asked};
use crate::{
    domain::{day_in_wib, document::Kind, order::OrderId},
    export::{Format, Headers, export_rows},
    http::{App, params::read_format, problem::Problem},
    storage::RowFilter,
};

/// `GET /payouts/export`.
pub(in crate::web) async fn payouts(
    State(app): State<App>,
    page: Page,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    file(&app, Kind::Receipt, "payouts", &asked, &page).await
}

/// `GET /returns/export`.
pub(in crate::web) async fn returns(
    State(app): State<App>,
    page: Page,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    file(&app, Kind::Return, "returns", &asked, &page).await
}

async fn file(app: &App, kind: Kind, name: &str, asked: &Asked, page: &Page) -> Result<Response, Problem> {
    asked.check()?;
    let order = asked.order.as_deref().filter(|id| !id.is_empty());
    let order_id =
        order.map(|id| OrderId::parse(id).ok_or_else(|| Problem::UnknownOrder(id.to_owned()))).transpose()?;
    let filter = RowFilter { order_id, ..asked.filter() };
    // An error of the database that shows at once is answered; a later one can only cut the file short.
    app.engine.storage().settlement_rows(kind, &filter, None, 1).await?;
    let format = read_format(asked.format.as_ref(), [Format::Xlsx, Format::Csv])?;
    let headers = Headers::For(page.language);
    let stream = export_rows(app.engine.clone(), kind, filter, format, headers);
    let name = format!("attachment; filename=\"{name}-{}.{}\"", day_in_wib(page.now), format.ending());
    let mut response = Body::from_stream(stream).into_response();
    let answer_headers = response.headers_mut();
    answer_headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    if let Ok(name) = HeaderValue::from_str(&name) {
        answer_headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}
