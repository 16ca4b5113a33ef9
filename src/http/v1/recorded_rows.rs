//! What payouts and returns have in common when they are recorded: how a request is read, and how it is answered.

use axum::Json;
use serde::Serialize;
use serde_json::{Value, value::RawValue};
use utoipa::ToSchema;

use crate::{
    domain::{
        day_in_wib,
        operator::Actor,
        reason::Language,
        row_fields::{Fields, check_not_far_ahead, read_json},
    },
    http::{App, params::shortened, problem::Problem},
    storage::RowContent,
};

/// Most rows of one request.
const MOST_ROWS: usize = 10_000;

/// The outcome of every row.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecordedRows {
    /// In the order in which they were sent.
    rows: Vec<RecordedRow>,
}

/// The outcome of one row.
#[derive(Debug, Serialize, ToSchema)]
struct RecordedRow {
    /// Name of the row's source; empty if it cannot be read.
    #[schema(example = "shopee")]
    source: String,
    /// Id of the row in this source; empty if it cannot be read.
    #[schema(example = "row-1")]
    id: String,
    /// `accepted`: it is new; `repeat`: it is known with the same content; `corrected`: it is known, and its content is
    /// replaced; `refused`: it cannot be read, or money could be booked twice, and nothing of it is kept.
    #[schema(example = "accepted")]
    outcome: &'static str,
    /// Why it was refused.
    problem: Option<String>,
}

/// Records the rows of a body that can be read, and answers once all of them are on disk.
pub(super) async fn record(
    app: &App,
    actor: &Actor,
    body: &[u8],
    read: impl Fn(&Value) -> Result<RowContent, String>,
) -> Result<Json<RecordedRows>, Problem> {
    let today = day_in_wib(app.engine.now());
    let read = |row: &Value| {
        let content = read(row)?;
        for (name, day) in content.days() {
            check_not_far_ahead(name, day, today)?;
        }
        Ok(content)
    };
    let (mut rows, contents) = read_rows(body, read)?;
    let recorded = app.engine.record_rows(&contents).await.map_err(|error| Problem::not_stored(&error))?;
    let readable = rows.iter_mut().filter(|row| row.problem.is_none());
    for (row, recorded) in readable.zip(&recorded) {
        row.outcome = recorded.as_str();
        row.problem = recorded.problem(Language::English);
    }
    let refused = rows.iter().filter(|row| row.problem.is_some()).count();
    let (name, kept) = (&actor.name, rows.len() - refused);
    tracing::info!(actor = name, rows = kept, refused, "{name} sent {kept} payouts or returns; {refused} were refused");
    Ok(Json(RecordedRows { rows }))
}

/// The answer to every row, still without outcomes, and the contents of those that can be read.
fn read_rows(
    body: &[u8],
    read: impl Fn(&Value) -> Result<RowContent, String>,
) -> Result<(Vec<RecordedRow>, Vec<RowContent>), Problem> {
    // One row after the other, so that a large body is never in memory as a whole tree.
    let written: Vec<&RawValue> = serde_json::from_slice(body)
        .map_err(|error| Problem::BadRequest(format!("the body is not a JSON array of rows: {error}")))?;
    if written.len() > MOST_ROWS {
        let count = written.len();
        return Err(Problem::BadRequest(format!("{count} rows; send at most {MOST_ROWS} in one request")));
    }
    let (mut rows, mut contents) = (Vec::with_capacity(written.len()), Vec::new());
    for written in written {
        let row = read_json(written.get());
        let (source, id) = row.as_ref().map(named).unwrap_or_default();
        let problem = match row.and_then(|row| read(&row)) {
            Ok(content) => {
                contents.push(content);
                None
            }
            Err(problem) => Some(problem),
        };
        rows.push(RecordedRow { source, id, outcome: "refused", problem });
    }
    Ok((rows, contents))
}

/// Source and id of a row, as far as they can be read.
fn named(row: &Value) -> (String, String) {
    let text = |name| {
        let text = Fields::of(row).and_then(|fields| fields.text(name));
        text.unwrap_or_default()
    };
    (shortened(&text("source")), shortened(&text("id")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::payout::Payout;

    fn read(body: &str) -> Result<(Vec<RecordedRow>, Vec<RowContent>), Problem> {
        read_rows(body.as_bytes(), |row| Payout::read(row).map(RowContent::Payout))
    }

    #[test]
    fn a_row_that_cannot_be_read_keeps_no_other_out() {
        let good = r#"{"source":"shopee","id":7,"paid_at":"2026-11-05","net":"1000"}"#;
        let half = r#"{"source":"shopee","id":"\ud800","paid_at":"2026-11-05","net":1}"#;
        let twice = r#"{"source":"shopee","id":9,"paid_at":"2026-11-05","net":1,"amounts":{"fee":-5000,"fee":-7000}}"#;
        let body = format!(r#"[{good},{{"source":"shopee","id":"8"}},5,{half},{good},{twice}]"#);
        let (rows, contents) = read(&body).expect("an array");
        assert_eq!(contents.len(), 2);
        let refused: Vec<_> = rows.iter().map(|row| row.problem.is_some()).collect();
        assert_eq!(refused, [false, true, true, true, false, true]);
        assert_eq!(rows[5].problem.as_deref(), Some("\"fee\" occurs twice in one object; give it once"));
        assert_eq!((rows[0].id.as_str(), rows[1].id.as_str(), rows[2].id.as_str()), ("7", "8", ""));
    }

    #[test]
    fn a_body_that_is_no_array_or_too_long_is_refused_as_a_whole() {
        for body in ["", "{}", "[1,", "[1] 2"] {
            let problem = read(body).expect_err(body);
            assert!(problem.to_string().starts_with("the body is not a JSON array of rows"), "{problem}");
        }
        let many = format!("[{}1]", "1,".repeat(MOST_ROWS));
        assert_eq!(read(&many).expect_err("too many").to_string(), "10001 rows; send at most 10000 in one request");
    }
}
