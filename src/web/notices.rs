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
    /// When the digest is sent; `None` if it is off.
    digest: Option<String>,
    /// The results of the test that the reader has just made.
    tested: Vec<SendingShown>,
    history: Vec<NoticeShown>,
    older: Option<String>,
}

struct ChannelShown {
    name: &'static str,
    destination: String,
}

/// A notice on its way over all channels.
struct NoticeShown {
    id: String,
    made_at: String,
    title: String,
    text: String,
    sendings: Vec<SendingShown>,
}

/// The same over one channel.
struct SendingShown {
    channel: &'static str,
    kind: &'static str,
    state: &'static str,
    tries: String,
    next_at: Option<String>,
    answer: String,
    /// What has become of it and what to do; empty if the state says enough.
    explanation: &'static str,
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
        digest: app.engine.digest_at().map(|at| format!("{} WIB", at.strftime("%H:%M"))),
        tested: rows.iter().filter(is_tested).map(|notice| SendingShown::new(notice, &page)).collect(),
        history: by_notice(&rows, &page),
        older: next.map(|id| address("/notices", &[("cursor", &id.to_string())])),
        page,
    })
}

/// `POST /notices/test`.
pub(super) async fn test(State(app): State<App>, By(actor): By) -> Result<Response, Problem> {
    let (id, _) = app.engine.test_notices(&actor).await.map_err(|error| Problem::not_stored(&error))?;
    Ok(Redirect::to(&address("/notices", &[("tested", &id)])).into_response())
}

/// Rows of the same notice follow each other, because they are written together.
fn by_notice(rows: &[NoticeRecord], page: &Page) -> Vec<NoticeShown> {
    let mut notices: Vec<NoticeShown> = Vec::new();
    for row in rows {
        let sending = SendingShown::new(row, page);
        let message = &row.message;
        match notices.last_mut().filter(|notice| notice.id == message.id) {
            Some(notice) => notice.sendings.push(sending),
            None => notices.push(NoticeShown {
                id: message.id.clone(),
                made_at: format::moment_to_the_second(message.made_at),
                title: message.title.clone(),
                text: message.text.clone(),
                sendings: vec![sending],
            }),
        }
    }
    notices
}

impl SendingShown {
    fn new(notice: &NoticeRecord, page: &Page) -> Self {
        let NoticeRecord { channel, state, tries, next_at, words, .. } = notice;
        let (kind, state) = match state {
            NoticeState::Waiting if *tries > 0 => ("warn", page.t("being retried", "dicoba lagi")),
            NoticeState::Waiting => ("warn", page.t("waiting", "menunggu")),
            NoticeState::Sent => ("good", page.t("delivered", "terkirim")),
            NoticeState::GivenUp => ("bad", page.t("not delivered", "tidak terkirim")),
            NoticeState::Refused => ("bad", page.t("refused", "ditolak")),
        };
        let explanation = match notice.state {
            NoticeState::Refused => page.t(
                "The receiver refused it, so it is not sent again. Correct the settings or the receiver, then send a \
                 test notice.",
                "Penerima menolaknya, sehingga tidak dikirim lagi. Perbaiki pengaturan atau penerimanya, lalu kirim \
                 pemberitahuan uji.",
            ),
            NoticeState::GivenUp if *tries == 0 => page.t(
                "Not sent, because the notice was more than a day old before it could be sent.",
                "Tidak dikirim karena pemberitahuan ini sudah lebih dari sehari sebelum sempat dikirim.",
            ),
            NoticeState::GivenUp | NoticeState::Waiting | NoticeState::Sent => "",
        };
        Self {
            channel: name(*channel, page),
            kind,
            state,
            tries: page.counted(*tries, "attempt", "attempts", "kali dicoba"),
            next_at: next_at.map(format::moment_to_the_second),
            answer: words.clone(),
            explanation,
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
