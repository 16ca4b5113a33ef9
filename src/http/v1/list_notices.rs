//! `GET /v1/notices`: the channels of notices, and what was sent, newest first.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    http::{
        App,
        paging::{Page, PageSize, read_cursor},
        params::Params,
        problem::Problem,
        responses::OperatorErrors,
    },
    storage::NoticeRecord,
};

/// Notices on a page.
const PAGE: PageSize = PageSize { usual: 50, most: 200 };

/// Which notices.
#[derive(Clone, Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NoticeParams {
    /// Notices on a page, 1 to 200; 50 by default.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200)]
    pub(crate) limit: Option<String>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9]{0,18}$")]
    pub(crate) cursor: Option<String>,
}

/// A page of notices.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NoticePage {
    /// Channels that are on.
    channels: Vec<ChannelAnswer>,
    /// What was sent or is to be sent, newest first; about a thousand are kept.
    notices: Vec<NoticeAnswer>,
    /// Give it as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
}

/// A channel that is on.
#[derive(Debug, Serialize, ToSchema)]
struct ChannelAnswer {
    /// `webhook`, `email` or `telegram`.
    #[schema(example = "telegram")]
    channel: &'static str,
    /// Its receiver, without secrets.
    #[schema(example = "chat -1001")]
    destination: String,
}

/// A notice that is sent over one channel.
#[derive(Debug, Serialize, ToSchema)]
struct NoticeAnswer {
    /// The same in each channel; the header `webhook-id` of a webhook.
    #[schema(example = "msg_0123456789abcdef01234567")]
    id: String,
    /// What it is about, for example `book.paused`.
    #[schema(example = "book.paused")]
    kind: String,
    /// The channel: `webhook`, `email` or `telegram`.
    channel: &'static str,
    /// Its heading.
    title: String,
    /// Its text.
    text: String,
    /// When it was created.
    made_at: String,
    /// `waiting`; `sent`; `given_up`: it could not be sent for 24 hours; `refused`: the receiver refused it
    /// permanently, for example because a password is wrong.
    state: &'static str,
    /// Number of attempts.
    tries: i64,
    /// When it was last attempted.
    tried_at: Option<String>,
    /// When the next attempt is made; null unless it is waiting.
    next_at: Option<String>,
    /// The receiver's latest answer, or why it could not be reached.
    answer: String,
}

impl From<NoticeRecord> for NoticeAnswer {
    fn from(record: NoticeRecord) -> Self {
        let NoticeRecord { channel, message, state, tries, next_at, tried_at, words, .. } = record;
        Self {
            id: message.id,
            kind: message.kind,
            channel: channel.as_str(),
            title: message.title,
            text: message.text,
            made_at: message.made_at.to_string(),
            state: state.as_str(),
            tries,
            tried_at: tried_at.map(|at| at.to_string()),
            next_at: next_at.map(|at| at.to_string()),
            answer: words,
        }
    }
}

/// Lists notices, newest first, with the channels that are on.
#[utoipa::path(
    get,
    operation_id = "listNotices",
    path = "/v1/notices",
    tag = "operators",
    params(NoticeParams),
    responses(
        (status = 200, description = "A page of notices", body = NoticePage),
        (status = 400, description = "A parameter cannot be used"),
        OperatorErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    Params(params): Params<NoticeParams>,
) -> Result<Json<NoticePage>, Problem> {
    let Page { rows, next } = page(&app, &params).await?;
    let channel = |(channel, destination): (crate::domain::notice::Channel, String)| ChannelAnswer {
        channel: channel.as_str(),
        destination,
    };
    Ok(Json(NoticePage {
        channels: app.engine.channels().into_iter().map(channel).collect(),
        notices: rows.into_iter().map(NoticeAnswer::from).collect(),
        next_cursor: next.map(|id| id.to_string()),
    }))
}

/// A page of notices, for the API and for the page.
pub(crate) async fn page(app: &App, params: &NoticeParams) -> Result<Page<NoticeRecord>, Problem> {
    let limit = PAGE.read("limit", params.limit.as_deref())?;
    let before = read_cursor("cursor", params.cursor.as_deref(), |cursor| cursor.parse().ok())?;
    Ok(Page::cut(app.engine.storage().notices(before, limit + 1).await?, limit, |notice| notice.id))
}
