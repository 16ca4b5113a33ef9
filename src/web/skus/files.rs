//! What a field offers while somebody types, and the rows as a file.

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    extract::{Query, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::form::View;
use crate::{
    domain::{day_in_wib, reason::Language},
    export::{Format, Headers},
    http::{App, params::read_format, problem::Problem},
    skus::{Catalogue, ItemList, file},
    web::page::{Page, html},
};

/// Items that a field offers.
const MOST_OFFERED: usize = 20;

/// Which items a field offers.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct Typed {
    item: Option<String>,
}

#[derive(Template)]
#[template(
    source = r#"{% for item in items %}<option value="{{ item.0 }}">{{ item.1 }}</option>{% endfor %}"#,
    ext = "html"
)]
struct Offered {
    items: Vec<(String, String)>,
}

/// `GET /mapping/skus/items`: what a field offers while somebody types.
pub(in crate::web) async fn items(State(app): State<App>, Query(typed): Query<Typed>) -> Result<Response, Problem> {
    let text = typed.item.unwrap_or_default();
    let items = ItemList::search(&app.engine, text.trim(), MOST_OFFERED).await?;
    html(&Offered { items: items.into_iter().map(|item| (item.no, item.name)).collect() })
}

/// `GET /mapping/skus/export`: the rows as a file, which can be filled in and imported.
pub(in crate::web) async fn export(
    State(app): State<App>,
    page: Page,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Response, Problem> {
    let view = View::asked(&query)?;
    let format = read_format(query.get("format"), [Format::Xlsx, Format::Csv])?;
    let headers = Headers::For(if page.lang() == "en" { Language::English } else { Language::Indonesian });
    let catalogue = Catalogue::load(&app.engine).await?;
    let written = tokio::task::spawn_blocking(move || {
        let filter = view.filter();
        let rows: Vec<_> = catalogue.filtered(&filter).collect();
        file::write(&rows, format, headers)
    });
    let failed = |error: &dyn std::fmt::Display| {
        tracing::error!("SKUs could not be exported: {error}");
        Problem::Broken
    };
    let file = written.await.map_err(|error| failed(&error))?.map_err(|error| failed(&error))?;
    let name = format!("attachment; filename=\"skus-{}.{}\"", day_in_wib(app.engine.now()), format.ending());
    let mut response = file.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}
