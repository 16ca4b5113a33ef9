//! `POST /v1/findings/{id}/action`: what a person does about a finding.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
};
use serde::Deserialize;
use utoipa::{ToSchema, openapi::schema::Object};

use super::{
    close_finding::{read_reason, settled},
    get_finding,
    reconciliation::FindingAnswer,
};
use crate::{
    domain::{operator::Actor, reconciliation::Action},
    http::{
        App,
        auth::By,
        language::Preferred,
        params::one_of,
        problem::Problem,
        responses::{BodyErrors, RoleErrors},
        wrong_field::WrongField,
    },
};

/// The action on a finding, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActionRequest {
    /// `create_again`: the order is decided again, and its invoice created under the same number. `accept_deleted`: the
    /// order counts as one without an invoice. `adopt`: total, customer, date and number in Accurate count from now on.
    /// `import_order`: the order is fetched from Forstok and processed like a webhook.
    #[schema(schema_with = action_words)]
    pub(crate) action: String,
    /// Why, in the person's words; optional.
    #[schema(max_length = 500)]
    pub(crate) reason: Option<String>,
}

fn action_words() -> Object {
    one_of(Action::ALL.map(Action::as_str))
}

/// Carries out an action on an open finding. The finding's `actions` list what is possible.
#[utoipa::path(
    post,
    operation_id = "actOnFinding",
    path = "/v1/findings/{id}/action",
    tag = "operators",
    params(("id" = String, Path, description = "The number of the finding", example = "12")),
    request_body = ActionRequest,
    responses(
        (status = 200, description = "The finding", body = FindingAnswer),
        (status = 400, description = "The body does not name an action"),
        (status = 404, description = "No such finding"),
        (status = 409, description = "The action does not fit the finding, or the order has changed in the meantime"),
        (status = 502, description = "The order could not be fetched from Forstok"),
        BodyErrors,
        RoleErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    By(actor): By,
    Preferred(language): Preferred,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<FindingAnswer>, Problem> {
    let request: ActionRequest = serde_json::from_slice(&body)
        .map_err(|error| Problem::BadRequest(format!("the body does not name an action: {error}")))?;
    act(&app, &id, &request, &actor).await?;
    Ok(Json(FindingAnswer::new(get_finding::finding(&app, &id).await?, language)))
}

/// Does something about a finding, for the API and for the pages.
pub(crate) async fn act(app: &App, id: &str, request: &ActionRequest, actor: &Actor) -> Result<(), Problem> {
    let action = Action::parse(&request.action).ok_or_else(|| WrongField::NotOneOf {
        name: "action",
        word: request.action.clone(),
        all: Action::ALL.map(Action::as_str).join(", "),
    })?;
    let reason = read_reason(request.reason.as_deref().unwrap_or_default())?;
    let number = get_finding::finding(app, id).await?.id;
    if action == Action::ImportOrder {
        let imported = app.engine.import_order(number, &reason, actor).await;
        let imported = imported.map_err(|error| Problem::not_stored(&error))?;
        return settled(id, imported.map_err(Problem::NotImported)?);
    }
    let acted = app.engine.act_on_finding(number, action, &reason, actor).await;
    settled(id, acted.map_err(|error| Problem::not_stored(&error))?)
}
