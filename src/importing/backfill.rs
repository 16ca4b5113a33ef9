//! Asks Forstok's order API what this service has never heard of.
//!
//! [`compare_period`] compares what Forstok lists for a period with what is known. [`run`] does so from where the last
//! reading ended, with an overlap, because clocks differ and lists are late. What Forstok no longer lists is not
//! compared, so it is never an error.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{
    BATCH, Importer, Mode,
    comparing::{Comparing, Listed},
};
use crate::{
    domain::{
        import::{Report, Standing, Unread, compare},
        origin::Origin,
    },
    forstok::api::{
        ForstokApi, Question, Row, Source,
        reading::{Step, Why},
    },
    settings::{BackfillConfig, BackfillMode},
    storage::{BackfillEnd, BackfillRun, Result},
};

/// How long a reading may take for one page before it counts as given up: the calls' time limits and pauses, and more.
const LEASE: SignedDuration = SignedDuration::from_mins(10);

/// How often Forstok is asked.
const BETWEEN_READINGS: SignedDuration = SignedDuration::from_hours(1);

/// How soon it is asked again after a reading that did not come to its end.
const AFTER_FAILURE: SignedDuration = SignedDuration::from_mins(10);

/// What Forstok lists for a period, beside what is known.
#[derive(Debug)]
pub struct Comparison {
    /// What was found. If the reading is incomplete, this is a lower bound.
    pub report: Report,
    /// Why the period was not read to its end; `None` if it was.
    pub incomplete: Option<Why>,
    /// Another reading began meanwhile, so that this one stopped.
    pub is_overtaken: bool,
}

/// The result of a reading that began where the previous one ended.
#[derive(Debug)]
pub struct Ran {
    /// The first moment of the period.
    pub from: Timestamp,
    /// Its last moment.
    pub to: Timestamp,
    /// Whether what was missing was taken in.
    pub mode: Mode,
    /// What was found.
    pub comparison: Comparison,
}

/// Compares what Forstok lists for a period with what is known, and takes in what is missing if the mode says so. Names
/// at most so many differences.
pub async fn compare_period(
    importer: &Importer,
    api: &ForstokApi,
    question: &Question,
    mode: Mode,
    most_named: usize,
) -> Result<Comparison> {
    compare_pages(importer, api, question, mode, most_named, None).await
}

/// Whether Forstok is to be asked now.
pub async fn is_due(importer: &Importer) -> Result<bool> {
    let state = importer.storage.backfill().await?;
    let was_complete = state.result.as_ref().is_some_and(|result| result["complete"] == true);
    let pause = if was_complete { BETWEEN_READINGS } else { AFTER_FAILURE };
    Ok(state.ended_at.is_none_or(|at| at + pause <= importer.clock.now()))
}

/// Asks for everything since the last reading. The mode is that of the settings unless it is given: without one, the
/// first reading reports and the following ones take in. `None` if another reading is under way.
pub async fn run(
    importer: &Importer,
    api: &ForstokApi,
    config: &BackfillConfig,
    mode: Option<Mode>,
    most_named: usize,
) -> Result<Option<Ran>> {
    let to = importer.clock.now();
    let Some(state) = importer.storage.begin_backfill(to, to + LEASE).await? else { return Ok(None) };
    let from = state.watermark.map_or(to - config.days, |at| at - config.overlap);
    let mode = mode.unwrap_or_else(|| mode_of(config, state.completed));
    let question = Question::of(config.by, from, to);
    let comparison = compare_pages(importer, api, &question, mode, most_named, Some(state.run)).await;
    let ended = comparison.as_ref().ok();
    let is_complete = ended.is_some_and(|one| one.incomplete.is_none() && !one.is_overtaken);
    // What was only reported is to be taken in by a later reading, so the next one begins where this one began.
    let watermark = (is_complete && mode == Mode::Ingest).then_some(to);
    let result = ended.map_or_else(|| json!({ "complete": false }), |one| result(from, to, mode, one));
    let end = BackfillEnd { is_complete, watermark, result: &result };
    importer.storage.end_backfill(state.run, &end, importer.clock.now()).await?;
    Ok(Some(Ran { from, to, mode, comparison: comparison? }))
}

/// Compares a period that a person chose, beside no other reading. `None` if one is under way. The next
/// reading of the service stays due as it was.
pub async fn run_for(
    importer: &Importer,
    api: &ForstokApi,
    question: &Question,
    mode: Mode,
    most_named: usize,
) -> Result<Option<Ran>> {
    let now = importer.clock.now();
    let Some(state) = importer.storage.begin_backfill(now, now + LEASE).await? else { return Ok(None) };
    let comparison = compare_pages(importer, api, question, mode, most_named, Some(state.run)).await;
    importer.storage.release_backfill(state.run).await?;
    Ok(Some(Ran { from: question.from, to: question.to, mode, comparison: comparison? }))
}

/// The mode of the settings, after so many complete readings.
pub(super) fn mode_of(config: &BackfillConfig, completed: i64) -> Mode {
    match config.mode {
        BackfillMode::ReportFirst if completed == 0 => Mode::Report,
        BackfillMode::Report => Mode::Report,
        BackfillMode::ReportFirst | BackfillMode::Ingest => Mode::Ingest,
    }
}

async fn compare_pages(
    importer: &Importer,
    api: &ForstokApi,
    question: &Question,
    mode: Mode,
    most_named: usize,
    run: Option<BackfillRun>,
) -> Result<Comparison> {
    let mut comparing = Comparing::new(importer, Origin::Backfill, mode, most_named);
    let mut incomplete = None;
    for source in api.sources() {
        match compare_source(importer, api, (*source, question), mode, &mut comparing, run).await? {
            End::Complete => {}
            // What one source does not say, the other may.
            End::Incomplete(why) => incomplete = incomplete.or(Some(why)),
            End::Overtaken => {
                return Ok(Comparison { report: comparing.into_report(), incomplete, is_overtaken: true });
            }
        }
    }
    Ok(Comparison { report: comparing.into_report(), incomplete, is_overtaken: false })
}

/// How the reading of one source ended.
enum End {
    Complete,
    Incomplete(Why),
    /// Another reading began meanwhile.
    Overtaken,
}

async fn compare_source(
    importer: &Importer,
    api: &ForstokApi,
    (source, question): (Source, &Question),
    mode: Mode,
    comparing: &mut Comparing<'_>,
    run: Option<BackfillRun>,
) -> Result<End> {
    let mut reading = api.read_period(source, question);
    loop {
        let rows = match reading.next().await {
            Step::Rows(rows) => rows,
            Step::Complete => return Ok(End::Complete),
            Step::Incomplete(why) => return Ok(End::Incomplete(why)),
        };
        if let Some(run) = run
            && !importer.storage.keep_backfill(run, importer.clock.now() + LEASE).await?
        {
            return Ok(End::Overtaken);
        }
        let listed = readable(rows, comparing);
        for batch in listed.chunks(BATCH) {
            let batch = if mode == Mode::Ingest { whole(importer, api, batch).await? } else { Ok(batch.to_vec()) };
            match batch {
                Ok(batch) => comparing.add(batch).await?,
                Err(why) => return Ok(End::Incomplete(why)),
            }
        }
    }
}

/// The rows that are orders; the others are counted.
fn readable(rows: Vec<Row>, comparing: &mut Comparing<'_>) -> Vec<Listed> {
    let mut listed = Vec::with_capacity(rows.len());
    for Row { body, order } in rows {
        match order {
            Ok(order) => listed.push(Listed { line: None, body, order }),
            Err(problem) => {
                let line = comparing.report().counts.listed + 1;
                comparing.add_unread(Unread { line, problem });
            }
        }
    }
    listed
}

/// The same orders, with their products: a list may leave them out. Only orders that are missing are asked for.
async fn whole(
    importer: &Importer,
    api: &ForstokApi,
    batch: &[Listed],
) -> Result<std::result::Result<Vec<Listed>, Why>> {
    if !api.can_ask_for_one() || batch.iter().all(|listed| !listed.order.lines.is_empty()) {
        return Ok(Ok(batch.to_vec()));
    }
    let ids: Vec<_> = batch.iter().map(|listed| listed.order.id.clone()).collect();
    let known = importer.storage.known_by_id(&ids).await?;
    let known: HashMap<_, _> = known.into_iter().map(|order| (order.order_id, order.progress)).collect();
    let mut whole = Vec::with_capacity(batch.len());
    for listed in batch {
        let standing = compare::of_snapshot(&listed.order, known.get(&listed.order.id).copied());
        let is_missing = matches!(standing, Ok(Standing::New | Standing::Newer));
        let asked = if is_missing && listed.order.lines.is_empty() {
            match api.order(&listed.order.id).await {
                Ok(row) => row.and_then(|row| Some((row.body, row.order.ok()?))),
                Err(failure) => return Ok(Err(Why::Failed(failure))),
            }
        } else {
            None
        };
        whole.push(match asked {
            Some((body, order)) if order.id == listed.order.id => Listed { line: None, body, order },
            _ => listed.clone(),
        });
    }
    Ok(Ok(whole))
}

fn result(from: Timestamp, to: Timestamp, mode: Mode, comparison: &Comparison) -> serde_json::Value {
    let counts = &comparison.report.counts;
    json!({
        "from": from.to_string(),
        "to": to.to_string(),
        "ingest": mode == Mode::Ingest,
        "complete": comparison.incomplete.is_none() && !comparison.is_overtaken,
        "why": comparison.incomplete.as_ref().map(ToString::to_string),
        "listed": counts.listed,
        "new": counts.new,
        "newer": counts.newer,
        "unreadable": counts.unreadable,
        "ingested": counts.ingested,
    })
}
