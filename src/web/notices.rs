//! `/notices`: the channels of notices, a test of them, and what was sent.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{
    format,
    page::{Page, address, html},
};
use crate::{
    domain::notice::Channel,
    http::{
        App,
        auth::By,
        paging::Page as Cut,
        problem::Problem,
        v1::list_notices::{NoticeParams, page as read_page},
    },
    storage::{NoticeRecord, NoticeState},
};

#[derive(Template)]
#[template(path = "notices.html")]
struct Notices {
    page: Page,
    channels: Vec<ChannelShown>,
    /// The results of the test that the reader has just made.
    tested: Vec<NoticeShown>,
    history: Vec<NoticeShown>,
    older: Option<String>,
}

struct ChannelShown {
    name: &'static str,
    destination: String,
}

/// A notice on its way over one channel.
struct NoticeShown {
    made_at: String,
    title: String,
    channel: &'static str,
    kind: &'static str,
    state: &'static str,
    tries: String,
    next_at: Option<String>,
    answer: String,
}

/// Which notices, and the id of the test that the reader has just made.
#[derive(Deserialize)]
pub(super) struct Asked {
    cursor: Option<String>,
    tested: Option<String>,
}

/// `GET /notices`.
pub(super) async fn show(State(app): State<App>, Query(asked): Query<Asked>, page: Page) -> Result<Response, Problem> {
    let params = NoticeParams { limit: None, cursor: asked.cursor };
    let Cut { rows, next } = read_page(&app, &params).await?;
    let is_tested = |notice: &&NoticeRecord| asked.tested.as_ref() == Some(&notice.message.id);
    let channel = |(channel, destination)| ChannelShown { name: name(channel, &page), destination };
    html(&Notices {
        channels: app.engine.channels().into_iter().map(channel).collect(),
        tested: rows.iter().filter(is_tested).map(|notice| NoticeShown::new(notice, &page)).collect(),
        history: rows.iter().map(|notice| NoticeShown::new(notice, &page)).collect(),
        older: next.map(|id| address("/notices", &[("cursor", &id.to_string())])),
        page,
    })
}

/// `POST /notices/test`.
pub(super) async fn test(State(app): State<App>, By(actor): By) -> Result<Response, Problem> {
    let (id, _) = app.engine.test_notices(&actor).await.map_err(|error| Problem::not_stored(&error))?;
    Ok(Redirect::to(&address("/notices", &[("tested", &id)])).into_response())
}

impl NoticeShown {
    fn new(notice: &NoticeRecord, page: &Page) -> Self {
        let NoticeRecord { channel, message, state, tries, next_at, words, .. } = notice;
        let (kind, state) = match state {
            NoticeState::Waiting if *tries > 0 => ("warn", page.t("not taken yet", "belum diterima")),
            NoticeState::Waiting => ("warn", page.t("waiting", "menunggu")),
            NoticeState::Sent => ("good", page.t("taken", "diterima")),
            NoticeState::GivenUp => ("bad", page.t("not taken", "tidak diterima")),
        };
        Self {
            made_at: format::moment_to_the_second(message.made_at),
            title: message.title.clone(),
            channel: name(*channel, page),
            kind,
            state,
            tries: page.counted(*tries, "try", "tries", "kali dicoba"),
            next_at: next_at.map(format::moment_to_the_second),
            answer: words.clone(),
        }
    }
}

fn name(channel: Channel, page: &Page) -> &'static str {
    match channel {
        Channel::Webhook => "Webhook",
        Channel::Email => page.t("E-mail", "Email"),
        Channel::Telegram => "Telegram",
    }
}
