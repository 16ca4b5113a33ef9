//! Forms with a file. One that is too large is read to its end and discarded: a browser shows the answer only after it
//! has sent everything, and otherwise reports a broken connection.

use std::time::Duration;

use axum::{
    body::Body,
    extract::{FromRequest, Multipart, Request},
    http::header,
};
use http_body_util::BodyExt;
use tokio::time::timeout;

use super::import::LARGEST_FORM;
use crate::http::{App, problem::Problem, v1::import_orders::LARGEST};

/// Largest form that is discarded, in bytes. The connection of a larger one is closed.
const MOST_DISCARDED: usize = 256 * 1024 * 1024;

/// How long that may take.
const LONGEST: Duration = Duration::from_mins(1);

/// The parts of a form with a file.
pub(super) struct Upload(pub(super) Multipart);

impl FromRequest<App> for Upload {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let announced = request.headers().get(header::CONTENT_LENGTH);
        let announced = announced.and_then(|value| value.to_str().ok()?.parse::<usize>().ok()).unwrap_or_default();
        if announced > LARGEST_FORM {
            if announced <= MOST_DISCARDED {
                // Whatever happens to the rest, the answer is the same.
                let _ = timeout(LONGEST, discard(request.into_body())).await;
            }
            return Err(Problem::TooLarge(LARGEST));
        }
        let parts = Multipart::from_request(request, app).await;
        parts.map(Self).map_err(|refused| Problem::BadRequest(refused.body_text()))
    }
}

async fn discard(mut body: Body) {
    while let Some(Ok(_)) = body.frame().await {}
}
