//! The one error type of the HTTP surface: RFC 9457 `application/problem+json` with a stable `code`.

use std::time::Duration;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::wrong_field::WrongField;
use crate::{
    domain::{
        ids::DocumentNumber,
        manual::Refused,
        operator::{Actor, Role},
        toml_text::Problem as Mistake,
    },
    engine::forstok_reconciliation::NotImported,
    importing::{file::Failed, missing::NotTaken},
    inbox::record::NotRecorded,
    spreadsheet::Unreadable,
    storage::StorageError,
};

/// Why a request was not served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    /// 401: the webhook's signature is missing.
    #[error("{0}")]
    SignatureMissing(String),
    /// 401: the webhook's signature is wrong, or its time differs too much.
    #[error("{0}")]
    SignatureWrong(String),
    /// 503: no webhook key is set, so no webhook can be verified.
    #[error("this service is still being set up: it has no webhook key yet. Nothing was kept; send it again later")]
    NotSetUp,
    /// 401: the operator's token is missing or wrong.
    #[error("the operator token is missing or wrong; send one of the settings as \"Authorization: Bearer …\"")]
    TokenWrong,
    /// 403: no operator token is set, so nobody may use these routes.
    #[error("nobody may use these routes yet; set server.operator_token or [operators] in the settings")]
    Closed,
    /// 403: a page of another site sent the request.
    #[error("a page of another site sent this request; open the page in this service and try again")]
    OtherSite,
    /// 403: the operator's role does not allow it.
    #[error("this needs the role \"{needed}\" or a higher one; {name:?} has the role \"{role}\"", name = .actor.name, role = .actor.role)]
    RoleMissing {
        /// The operator.
        actor: Actor,
        /// The role that is needed.
        needed: Role,
    },
    /// 400: a parameter cannot be used.
    #[error("{0}")]
    BadRequest(String),
    /// 400: a field that people fill in cannot be used.
    #[error("{0}")]
    WrongField(WrongField),
    /// 412: the mapping was made from a revision that is no longer active.
    #[error("the mapping has changed: revision {0} is active; get it and make the change again")]
    MappingStale(i64),
    /// 428: the request does not say which revision of the mapping it replaces.
    #[error(
        "If-Match is missing: get the mapping, and send its ETag in If-Match with the change, so that no other change is lost"
    )]
    RevisionMissing,
    /// 422: the mapping has errors.
    #[error("the mapping was not changed: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    MappingWrong(Vec<Mistake>),
    /// 422: a file cannot be read.
    #[error("{}", Failed::Unreadable(*.0))]
    UnreadableFile(Unreadable),
    /// 422: it is not known which column of a file contains what.
    #[error(
        "the headings do not say which column contains Forstok's order id or the marketplace's number; choose the \
         columns once on the page /orders/import. The headings are: {}", .0.join(", ")
    )]
    ColumnsUnknown(Vec<String>),
    /// 404: there is no such order.
    #[error("order {0} is not known here; GET /v1/orders?q=… searches by the marketplace's number")]
    UnknownOrder(String),
    /// 404: the order does not have this warning.
    #[error("order {order_id} has no warning {code:?}; GET /v1/orders/{order_id} lists its warnings")]
    UnknownWarning {
        /// The order.
        order_id: String,
        /// As requested.
        code: String,
    },
    /// 404: the order has no such snapshot, or its body was cleared.
    #[error("order {order_id} has no snapshot {id}, or its body is no longer stored (database.keep_bodies_days)")]
    UnknownSnapshot {
        /// The order.
        order_id: String,
        /// As requested.
        id: String,
    },
    /// 404: there is no such webhook among the unreadable ones, or its body was cleared.
    #[error("there is no unreadable webhook {0}: it has been read since, or its body is no longer stored")]
    UnknownUnreadable(String),
    /// 404: there is no such revision of the mapping.
    #[error("the mapping has no revision {0}; GET /v1/mapping/history lists the revisions")]
    UnknownRevision(String),
    /// 404: there is no such reconciliation or finding: what, and the number that was asked for.
    #[error("no {0} has the number {1:?}; GET /v1/findings and GET /v1/reconciliations list the numbers")]
    UnknownNumber(&'static str, String),
    /// 409: what was to be done about a finding does not fit it, or no longer does.
    #[error(
        "this action does not fit the finding: the finding is no longer open, or its order has changed; get the finding \
         again, and use one of its actions"
    )]
    FindingChanged,
    /// 502: the order of a finding could not be fetched from Forstok.
    #[error("the order was not imported: {}", not_imported(.0))]
    NotImported(NotImported),
    /// 409: the decision is not possible in the order's state.
    #[error("{0}")]
    Refused(Refused),
    /// 404: there is no such payout or return.
    #[error("there is no row {id:?} of source {source_name:?}; GET /v1/payouts and GET /v1/returns list the rows")]
    UnknownRow {
        /// Where it comes from.
        source_name: String,
        /// Its id there.
        id: String,
    },
    /// 409: a document of ours books the row already, or may do so at any moment.
    #[error("{0} already books this, or is about to; first decide \"undo\" for the order")]
    BookedHere(DocumentNumber),
    /// 409: the row was corrected after a document of ours was created, and another number was given.
    #[error(
        "document: {0} was created for this; give this number once you have corrected it in Accurate, even if you \
         renumbered or replaced it there"
    )]
    CorrectedHere(DocumentNumber),
    /// 404: the settings have no such book, or it has no such list.
    #[error(
        "there is no list {kind:?} of an Accurate database {book:?}; use a database of the settings, and accounts, \
         warehouses, branches, terms, customers, items or taxes"
    )]
    UnknownList {
        /// As it was asked for.
        book: String,
        /// As it was asked for.
        kind: String,
    },
    /// 404: there is no such route.
    #[error("there is nothing at this address; /openapi.json lists all routes")]
    UnknownRoute,
    /// 405: not with this method.
    #[error("this address does not accept this method; /openapi.json lists the methods")]
    WrongMethod,
    /// 408: the body did not arrive in time.
    #[error("the body did not arrive in time; send it again")]
    TooSlow,
    /// 429: too many wrong tokens.
    #[error("too many wrong tokens; try again in {} seconds", .0.as_secs().max(1))]
    TooManyAttempts(Duration),
    /// The framework refused the request; with its message.
    #[error("{1}")]
    ByFramework(StatusCode, String),
    /// 413: the body is too large.
    #[error("the body is larger than {0} bytes, the limit of this address; send less at once")]
    TooLarge(usize),
    /// 503: it could not be stored; nothing of it is kept.
    #[error("{0}")]
    NotStored(String),
    /// 503: the database cannot be read.
    #[error("the database does not answer; try again a little later")]
    Unavailable,
    /// 503: other large bodies use all the memory that is reserved for them.
    #[error("too many large bodies are arriving at the same time; send it again a little later")]
    Crowded,
    /// 500: a bug.
    #[error("this is a bug of the service; its log has the details, under this answer's x-request-id")]
    Broken,
}

/// Why an order could not be fetched, and what to do.
fn not_imported(why: &NotImported) -> String {
    match why {
        NotImported::Off => "Forstok's order API is off; set forstok.api.orders_path, or import a file".to_owned(),
        NotImported::NotTaken(NotTaken::Failed(failure)) => format!("{failure}; try again a little later"),
        NotImported::NotTaken(NotTaken::NotListed) => {
            "Forstok no longer lists the order as it was found; run the comparison again, or set forstok.api.order_path so that \
             single orders can be fetched"
                .to_owned()
        }
        NotImported::NotTaken(NotTaken::WithoutProducts) => {
            "Forstok lists the order without its products; set forstok.api.order_path, or import a file".to_owned()
        }
    }
}

/// The body of an error.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProblemBody {
    /// A link that names the kind of problem; always `about:blank`.
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    kind: &'static str,
    /// The status in words.
    #[schema(example = "Unauthorized")]
    title: &'static str,
    /// The HTTP status.
    #[schema(example = 401)]
    status: u16,
    /// A stable code for programs.
    #[schema(example = "signature_missing")]
    code: &'static str,
    /// What is wrong and what to do, for people.
    detail: String,
    /// Every error in a document, with its key, its value and what to do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<MistakeBody>,
}

/// One error in a document.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MistakeBody {
    /// The key with the error.
    #[schema(example = "stores.\"8277\".enabeld")]
    key: String,
    /// The value found there.
    value: Option<String>,
    /// What is wrong and what to do.
    remedy: String,
}

impl From<Mistake> for MistakeBody {
    fn from(Mistake { key, value, remedy }: Mistake) -> Self {
        Self { key, value, remedy }
    }
}

impl Problem {
    /// A change that could not be stored; nothing of it is kept.
    pub(crate) fn not_stored(error: &StorageError) -> Self {
        tracing::error!("a change could not be stored: {error}");
        Self::NotStored("the change could not be stored; try again a little later".to_owned())
    }

    /// The status of the answer.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::SignatureMissing(_) | Self::SignatureWrong(_) | Self::TokenWrong => StatusCode::UNAUTHORIZED,
            Self::Closed | Self::RoleMissing { .. } | Self::OtherSite => StatusCode::FORBIDDEN,
            Self::BadRequest(_) | Self::WrongField(_) => StatusCode::BAD_REQUEST,
            Self::MappingStale(_) => StatusCode::PRECONDITION_FAILED,
            Self::RevisionMissing => StatusCode::PRECONDITION_REQUIRED,
            Self::MappingWrong(_) | Self::UnreadableFile(_) | Self::ColumnsUnknown(_) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::Refused(_) | Self::FindingChanged | Self::BookedHere(_) | Self::CorrectedHere(_) => {
                StatusCode::CONFLICT
            }
            Self::UnknownOrder(_)
            | Self::UnknownWarning { .. }
            | Self::UnknownSnapshot { .. }
            | Self::UnknownUnreadable(_)
            | Self::UnknownRevision(_)
            | Self::UnknownNumber(..)
            | Self::UnknownRow { .. }
            | Self::UnknownList { .. }
            | Self::UnknownRoute => StatusCode::NOT_FOUND,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooManyAttempts(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::ByFramework(status, _) => *status,
            Self::NotStored(_) | Self::Unavailable | Self::Crowded | Self::NotSetUp => StatusCode::SERVICE_UNAVAILABLE,
            Self::NotImported(_) => StatusCode::BAD_GATEWAY,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::SignatureMissing(_) => "signature_missing",
            Self::NotSetUp => "not_set_up",
            Self::SignatureWrong(_) => "signature_wrong",
            Self::TokenWrong => "token_wrong",
            Self::Closed => "operator_surface_closed",
            Self::RoleMissing { .. } => "role_missing",
            Self::OtherSite => "other_site",
            Self::MappingStale(_) => "mapping_stale",
            Self::RevisionMissing => "if_match_missing",
            Self::MappingWrong(_) => "mapping_wrong",
            Self::UnreadableFile(_) => "file_unreadable",
            Self::ColumnsUnknown(_) => "columns_unknown",
            Self::UnknownOrder(_) => "order_unknown",
            Self::UnknownWarning { .. } => "warning_unknown",
            Self::UnknownSnapshot { .. } => "snapshot_unknown",
            Self::UnknownUnreadable(_) => "webhook_unknown",
            Self::UnknownRevision(_) => "revision_unknown",
            Self::UnknownNumber("finding", _) => "finding_unknown",
            Self::UnknownNumber(..) => "reconciliation_unknown",
            Self::FindingChanged => "finding_changed",
            Self::UnknownRow { .. } => "row_unknown",
            Self::BookedHere(_) | Self::CorrectedHere(_) => "booked_here",
            Self::NotImported(_) => "order_not_imported",
            Self::UnknownList { .. } => "list_unknown",
            Self::Refused(refused) => refused.code(),
            Self::UnknownRoute => "route_unknown",
            Self::WrongMethod => "method_wrong",
            Self::TooSlow => "body_too_slow",
            Self::TooManyAttempts(_) => "too_many_attempts",
            Self::TooLarge(_) | Self::ByFramework(StatusCode::PAYLOAD_TOO_LARGE, _) => "body_too_large",
            Self::ByFramework(StatusCode::UNSUPPORTED_MEDIA_TYPE, _) => "media_type_wrong",
            Self::BadRequest(_) | Self::WrongField(_) | Self::ByFramework(..) => "bad_request",
            Self::NotStored(_) => "not_stored",
            Self::Unavailable => "unavailable",
            Self::Crowded => "too_busy",
            Self::Broken => "broken",
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let body = ProblemBody {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            code: self.code(),
            detail: self.to_string(),
            problems: match &self {
                Self::MappingWrong(mistakes) => mistakes.iter().cloned().map(Into::into).collect(),
                _ => Vec::new(),
            },
        };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match &self {
            Self::NotStored(_) | Self::Unavailable | Self::Crowded => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            }
            Self::TooManyAttempts(wait) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
            }
            _ => {}
        }
        match &self {
            Self::TokenWrong => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            // The rest of such a body is not read.
            Self::TooSlow | Self::Crowded => {
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        // Pages say the same in the reader's language.
        response.extensions_mut().insert(self);
        response
    }
}

impl From<WrongField> for Problem {
    fn from(wrong: WrongField) -> Self {
        Self::WrongField(wrong)
    }
}

impl From<NotRecorded> for Problem {
    fn from(error: NotRecorded) -> Self {
        Self::NotStored(error.to_string())
    }
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        tracing::error!("a request could not be served: {error}");
        Self::Unavailable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_work_later_says_when_and_what_is_not_read_to_its_end_closes_the_connection() {
        for (problem, retry_after, closes) in [
            (Problem::Crowded, Some("5"), true),
            (Problem::NotStored("the disk is full".to_owned()), Some("5"), false),
            (Problem::TooManyAttempts(Duration::from_secs(30)), Some("30"), false),
            (Problem::TooSlow, None, true),
            (Problem::TokenWrong, None, false),
        ] {
            let response = problem.clone().into_response();
            let text = |name| response.headers().get(name).map(|value: &HeaderValue| value.to_str().expect("text"));
            assert_eq!(text(header::RETRY_AFTER), retry_after, "{problem}");
            assert_eq!(text(header::CONNECTION) == Some("close"), closes, "{problem}");
            assert_eq!(text(header::CONTENT_TYPE), Some("application/problem+json"));
        }
    }
}
