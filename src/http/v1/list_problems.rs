//! `GET /v1/problems`: what needs a person, grouped by its cause.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{cause::sentence, money::exact_number, reason::Language},
    http::{App, language::Preferred, problem::Problem, responses::OperatorErrors},
    storage::{Cause, OpenWarning},
};

/// Groups that are shown; those with the most orders.
const MOST_GROUPS: i64 = 200;

/// What needs a person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problems {
    /// Blocked orders by their cause, those with the most orders first; 200 at most.
    groups: Vec<Group>,
    /// Warnings that nobody has acknowledged, by their code.
    warnings: Vec<WarningGroup>,
    /// Webhooks that were authentic but could not be read; `/v1/unreadable` lists them.
    unreadable: i64,
}

/// Blocked orders with the same cause.
#[derive(Debug, Serialize, ToSchema)]
struct Group {
    /// Why they are blocked: a stable code.
    #[schema(example = "item_not_found")]
    reason: &'static str,
    /// What the reason is about, for example an item's number; empty where it differs from order to order.
    #[schema(example = "KAOS-M")]
    subject: String,
    /// Number of orders.
    count: i64,
    /// Their total, in rupiah.
    #[schema(value_type = f64)]
    total: serde_json::Number,
    /// When the oldest of them arrived.
    oldest: String,
    /// What is wrong, in one sentence.
    #[schema(example = "12 orders wait for item KAOS-M, which Accurate does not know")]
    sentence: String,
    /// What to do.
    remedy: &'static str,
}

/// Orders with a warning that nobody has acknowledged.
#[derive(Debug, Serialize, ToSchema)]
struct WarningGroup {
    /// The stable code.
    #[schema(example = "customer_created")]
    code: &'static str,
    /// Number of orders.
    count: i64,
    /// What is wrong.
    sentence: &'static str,
    /// What to do.
    remedy: &'static str,
}

impl Group {
    fn new(cause: Cause, language: Language) -> Self {
        let Cause { reason, subject, about, oldest, sums } = cause;
        Self {
            reason: reason.code(),
            subject,
            count: sums.orders,
            total: exact_number(sums.rupiah()),
            oldest: oldest.to_string(),
            sentence: sentence(reason, &about, sums.orders, language),
            remedy: reason.remedy(language),
        }
    }
}

/// What needs a person: blocked orders grouped by their cause, and warnings that nobody has acknowledged.
#[utoipa::path(
    get,
    operation_id = "listProblems",
    path = "/v1/problems",
    tag = "operators",
    responses(
        (status = 200, description = "What needs a person", body = Problems),
        OperatorErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(State(app): State<App>, Preferred(language): Preferred) -> Result<Json<Problems>, Problem> {
    let storage = app.engine.storage();
    let causes = storage.causes(MOST_GROUPS).await?;
    let warning = |OpenWarning { warning, orders }: OpenWarning| WarningGroup {
        code: warning.code(),
        count: orders,
        sentence: warning.sentence(language),
        remedy: warning.remedy(language),
    };
    Ok(Json(Problems {
        groups: causes.into_iter().map(|cause| Group::new(cause, language)).collect(),
        warnings: storage.open_warnings().await?.into_iter().map(warning).collect(),
        unreadable: storage.unreadable_count().await?,
    }))
}
