//! `POST /v1/notices/test`: a test over every channel, with what the other side says.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    engine::Tested,
    http::{App, auth::By, problem::Problem, responses::RoleErrors},
};

/// The results of a test.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NoticeTest {
    /// The id of the notice that was sent.
    #[schema(example = "msg_0123456789abcdef01234567")]
    id: String,
    /// One for each channel that is on.
    results: Vec<ChannelTest>,
}

/// The result of testing one channel.
#[derive(Debug, Serialize, ToSchema)]
struct ChannelTest {
    /// `webhook`, `email` or `telegram`.
    #[schema(example = "email")]
    channel: &'static str,
    /// Whether the receiver accepted the notice.
    taken: bool,
    /// The receiver's answer, or why it could not be reached.
    #[schema(example = "250 2.0.0 Ok: queued")]
    answer: String,
}

impl From<Tested> for ChannelTest {
    fn from(Tested { channel, answer }: Tested) -> Self {
        let taken = answer.is_ok();
        Self { channel: channel.as_str(), taken, answer: answer.unwrap_or_else(|failure| failure.words().to_owned()) }
    }
}

/// Sends a test notice over every channel that is on, once, and waits for the answers.
///
/// If the receiver accepts the test, the waiting notices of that channel are sent immediately.
#[utoipa::path(
    post,
    operation_id = "testNotices",
    path = "/v1/notices/test",
    tag = "operators",
    responses(
        (status = 200, description = "The receivers' answers", body = NoticeTest),
        RoleErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(State(app): State<App>, By(actor): By) -> Result<Json<NoticeTest>, Problem> {
    let (id, tested) = app.engine.test_notices(&actor).await.map_err(|error| Problem::not_stored(&error))?;
    Ok(Json(NoticeTest { id, results: tested.into_iter().map(ChannelTest::from).collect() }))
}
