//! `POST /webhooks/accurate/{book}/{secret}`: Accurate's own webhooks, as hints. Nothing in the body is trusted:
//! what it names is stored, and read again later.

use axum::{
    Json,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, header},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use utoipa::ToSchema;

use super::{App, Proofs, problem::Problem};
use crate::domain::ids::BookName;

/// Largest body, in bytes: several thousand events.
const LARGEST: usize = 1024 * 1024;

/// What Accurate sends. Nothing of this is required: other shapes are taken as well.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct AccurateEvent {
    /// The kind of document.
    #[schema(example = "SALES_INVOICE", max_length = 60)]
    r#type: Option<String>,
    /// Milliseconds since 1970.
    #[schema(example = 1_764_151_200_000_i64, minimum = 0)]
    timestamp: Option<i64>,
    /// The documents that were changed.
    #[schema(max_items = 1000)]
    data: Option<Vec<ChangedInvoice>>,
}

/// An invoice that was changed.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its description is used")]
#[schema(rename_all = "camelCase")]
struct ChangedInvoice {
    /// Accurate's id.
    #[schema(example = 7, minimum = 1)]
    sales_invoice_id: Option<i64>,
    /// Its number.
    #[schema(example = "231127PECAFY4J", max_length = 60)]
    sales_invoice_no: Option<String>,
}

/// Answer to a webhook of Accurate.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Heard {
    /// Always `Success`.
    #[schema(example = "Success")]
    message: &'static str,
    /// Number of invoices that it names; they are read again.
    #[schema(example = 1)]
    documents: usize,
}

/// Takes a webhook of Accurate as a hint that invoices may have been changed there.
///
/// The named invoices are read again within a few minutes; nothing else in the body is used. A book that does not exist
/// or does not follow webhooks, and a wrong secret, are answered alike.
#[utoipa::path(
    post,
    path = "/webhooks/accurate/{book}/{secret}",
    operation_id = "receiveAccurateWebhook",
    tag = "webhook",
    params(
        ("book" = String, Path, description = "The Accurate database's name in the settings"),
        ("secret" = String, Path, description = "books.<name>.webhook_secret"),
    ),
    request_body(content = Vec<AccurateEvent>, description = "At most 1 MiB, of any shape"),
    responses(
        (status = 200, description = "The invoices that it names are on disk, and will be read again", body = Heard),
        (status = 404, description = "There is nothing at this address"),
        (status = 408, description = "The body did not arrive in time"),
        (status = 413, description = "Above 1 MiB"),
        (status = 503, description = "It could not be stored; nothing of it is kept"),
    )
)]
pub(super) async fn receive(
    State(app): State<App>,
    Path((book, secret)): Path<(BookName, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Heard>, Problem> {
    if !app.proofs.get().opens(&book, &secret) {
        return Err(Problem::UnknownRoute);
    }
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let body = app.reading().read(announced, body).await?;
    if body.len() > LARGEST {
        return Err(Problem::TooLarge(LARGEST));
    }
    let documents = app.engine.hear_accurate(&book, &body).await?;
    Ok(Json(Heard { message: "Success", documents }))
}

impl Proofs {
    /// Whether this secret belongs to the address of a book whose webhooks are followed.
    fn opens(&self, book: &BookName, secret: &str) -> bool {
        let none = SecretString::default();
        let ours = self.hints.get(book).unwrap_or(&none).expose_secret();
        // Digests have one length, so that the comparison does not show how long the secret is.
        let is_it = Sha256::digest(ours).ct_eq(&Sha256::digest(secret));
        bool::from(is_it) && !ours.is_empty()
    }
}
