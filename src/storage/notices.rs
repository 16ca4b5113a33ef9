//! Notices that wait to be sent, and what has been announced. The newest ones are kept as history.

use jiff::Timestamp;

use super::{
    AnnouncedAt, NoticeRecord, NoticeState, NoticeTry, Result, StorageError,
    dialect::{Columns, Dialect},
    rows::{json as to_json, json_column, micros, moment, storable, timestamp},
};
use crate::domain::notice::{Announced, Channel, message::Message};

/// Rows that are kept.
const KEPT: i64 = 1_000;

/// Columns that [`read_notice`] reads.
const COLUMNS: &str =
    "id, notice, kind, channel, title, text, url, details, made_at, state, tries, next_at, tried_at, words";

pub(super) async fn announced(db: &mut impl Dialect) -> Result<AnnouncedAt> {
    let rows = db.fetch("SELECT revision, told FROM told WHERE id = 1", &[]).await?;
    let row = rows.first().ok_or_else(|| StorageError::Unreadable("the table told is empty".to_owned()))?;
    Ok(AnnouncedAt { revision: row.number("revision")?, announced: json_column(row, "told")? })
}

pub(super) async fn announce(
    db: &mut impl Dialect,
    revision: i64,
    announced: &Announced,
    messages: &[Message],
    channels: &[Channel],
) -> Result<bool> {
    let sql = "UPDATE told SET told = $1, revision = revision + 1 WHERE id = 1 AND revision = $2";
    if db.execute(sql, &[(&to_json(announced)).into(), revision.into()]).await? == 0 {
        return Ok(false);
    }
    for message in messages {
        for channel in channels {
            let waits = NoticeTry { state: NoticeState::Waiting, next_at: Some(message.made_at), words: String::new() };
            insert(db, *channel, message, &waits, 0).await?;
        }
    }
    if !messages.is_empty() {
        forget_old(db).await?;
    }
    Ok(true)
}

pub(super) async fn add_tried(
    db: &mut impl Dialect,
    channel: Channel,
    message: &Message,
    outcome: &NoticeTry,
) -> Result<()> {
    insert(db, channel, message, outcome, 1).await?;
    forget_old(db).await
}

async fn insert(
    db: &mut impl Dialect,
    channel: Channel,
    message: &Message,
    outcome: &NoticeTry,
    tries: i64,
) -> Result<()> {
    let Message { id, kind, title, text, url, details, made_at } = message;
    let (title, text, details, words) = (storable(title), storable(text), to_json(details), storable(&outcome.words));
    let (next_at, tried_at) = (outcome.next_at.map_or(0, micros), if tries > 0 { micros(*made_at) } else { 0 });
    let sql = "INSERT INTO notices (notice, kind, channel, title, text, url, details, made_at, state, tries, next_at,
                   tried_at, words)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    let values = [
        id.into(),
        kind.into(),
        channel.as_str().into(),
        (&*title).into(),
        (&*text).into(),
        url.into(),
        (&details).into(),
        (*made_at).into(),
        outcome.state.as_str().into(),
        tries.into(),
        next_at.into(),
        tried_at.into(),
        (&*words).into(),
    ];
    db.execute(sql, &values).await.map(drop)
}

async fn forget_old(db: &mut impl Dialect) -> Result<()> {
    let sql = "DELETE FROM notices WHERE id <= (SELECT MAX(id) FROM notices) - $1";
    db.execute(sql, &[KEPT.into()]).await.map(drop)
}

pub(super) async fn due(db: &mut impl Dialect, now: Timestamp) -> Result<Vec<NoticeRecord>> {
    let mut due = Vec::new();
    for channel in Channel::ALL {
        let sql = format!(
            "SELECT {COLUMNS} FROM notices WHERE channel = $1 AND state = 'waiting' ORDER BY channel, id LIMIT 1"
        );
        let rows = db.fetch(sql, &[channel.as_str().into()]).await?;
        let oldest = rows.first().map(read_notice).transpose()?;
        due.extend(oldest.filter(|notice| notice.next_at.is_none_or(|at| at <= now)));
    }
    Ok(due)
}

pub(super) async fn end_try(
    db: &mut impl Dialect,
    notice: &NoticeRecord,
    outcome: &NoticeTry,
    now: Timestamp,
) -> Result<()> {
    let sql = "UPDATE notices SET state = $3, tries = tries + 1, next_at = $4, tried_at = $5, words = $6
               WHERE id = $1 AND tries = $2 AND state = 'waiting'";
    let words = storable(&outcome.words);
    let values = [
        notice.id.into(),
        notice.tries.into(),
        outcome.state.as_str().into(),
        outcome.next_at.map_or(0, micros).into(),
        now.into(),
        (&*words).into(),
    ];
    db.execute(sql, &values).await.map(drop)
}

pub(super) async fn give_up(db: &mut impl Dialect, notice: &NoticeRecord) -> Result<()> {
    let sql = "UPDATE notices SET state = $2, next_at = 0 WHERE id = $1 AND state = 'waiting'";
    db.execute(sql, &[notice.id.into(), NoticeState::GivenUp.as_str().into()]).await.map(drop)
}

pub(super) async fn hasten(db: &mut impl Dialect, channel: Channel, now: Timestamp) -> Result<()> {
    let sql = "UPDATE notices SET next_at = $2 WHERE channel = $1 AND state = 'waiting' AND next_at > $2";
    db.execute(sql, &[channel.as_str().into(), now.into()]).await.map(drop)
}

pub(super) async fn page(db: &mut impl Dialect, before: Option<i64>, limit: i64) -> Result<Vec<NoticeRecord>> {
    let sql = format!("SELECT {COLUMNS} FROM notices WHERE id < $1 ORDER BY id DESC LIMIT $2");
    let rows = db.fetch(sql, &[before.unwrap_or(i64::MAX).into(), limit.into()]).await?;
    rows.iter().map(read_notice).collect()
}

fn read_notice(row: &impl Columns) -> Result<NoticeRecord> {
    let text = |column| Ok::<_, StorageError>(row.text(column)?.to_owned());
    let unknown = |column: &str, word: &str| StorageError::Unreadable(format!("{column} {word:?}"));
    let (channel, state) = (row.text("channel")?, row.text("state")?);
    Ok(NoticeRecord {
        id: row.number("id")?,
        channel: Channel::parse(channel).ok_or_else(|| unknown("channel", channel))?,
        message: Message {
            id: text("notice")?,
            kind: text("kind")?,
            title: text("title")?,
            text: text("text")?,
            url: text("url")?,
            details: json_column(row, "details")?,
            made_at: timestamp(row.number("made_at")?)?,
        },
        state: NoticeState::parse(state).ok_or_else(|| unknown("state", state))?,
        tries: row.number("tries")?,
        next_at: moment(row, "next_at")?,
        tried_at: moment(row, "tried_at")?,
        words: text("words")?,
    })
}
