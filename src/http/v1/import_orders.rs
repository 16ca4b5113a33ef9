//! `POST /v1/orders/import`: compares a file with what is known, and takes in what is missing on request.

use axum::{
    Json,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, header},
};
use futures_util::{Stream, StreamExt};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::{
        import::{self, Report},
        money::exact_number,
        operator::Actor,
    },
    http::{App, auth::By, params::Params, problem::Problem, responses::RoleErrors},
    importing::{
        Mode,
        file::{Failed, Outcome},
    },
};

/// Largest file that is taken over HTTP, in bytes; the command line takes larger ones.
pub(crate) const LARGEST: usize = 16 * 1024 * 1024;

/// What is to be done with the file.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ImportParams {
    /// Take in what is missing here or newer in the file; without it, the file is only compared.
    #[serde(default)]
    ingest: bool,
}

/// A file: webhook bodies as lines of JSON, or an export of orders as CSV or XLSX.
#[derive(ToSchema)]
#[schema(example = "order_id,status,total\n138163394,Shipped,80000\n")]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct ImportFile(String);

/// A list of orders, compared with the orders here.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Import {
    /// `bodies`: lines of webhook bodies; `table`: rows of an export, which are only compared.
    #[schema(example = "bodies")]
    kind: &'static str,
    /// Orders in the list: its lines or rows, including those that cannot be read.
    listed: u64,
    /// Orders that are not known here.
    new: u64,
    /// Orders for which the list has newer data; without times, another status or total.
    newer: u64,
    /// Orders for which both have the same data.
    same: u64,
    /// Orders for which the list has older data.
    older: u64,
    /// Lines that cannot be read.
    unreadable: u64,
    /// Snapshots that were taken in.
    ingested: u64,
    /// Orders that are missing here or out of date; 200 at most.
    differences: Vec<Difference>,
    /// Lines that cannot be read; 200 at most.
    problems: Vec<Line>,
}

/// An order that is missing here or out of date.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Difference {
    /// The line of the file; null for a list of Forstok.
    line: Option<u64>,
    /// `missed_webhook`: the order is not known here; `stale`: the list has newer data.
    #[schema(example = "missed_webhook")]
    class: &'static str,
    /// Forstok's order id, as far as it is known.
    order_id: Option<String>,
    /// The marketplace's order number; empty if it is not known.
    channel_order_id: String,
    /// The store; empty if it is not known.
    store_id: String,
    /// The order's data in the list.
    listed: Side,
    /// The order's data here; null if the order is not known here.
    known: Option<Side>,
}

/// An order's data, in the list or here.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Side {
    /// The status as it is written; empty if there is none.
    status: String,
    /// The total in rupiah, if there is one that can be read.
    #[schema(value_type = Option<f64>)]
    total: Option<serde_json::Number>,
    /// When the order last changed.
    updated_at: Option<String>,
}

/// A line that cannot be read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Line {
    /// Number of the line; the first is 1.
    line: u64,
    /// What is wrong.
    problem: String,
}

impl Import {
    /// What was found in something of this kind.
    pub(crate) fn new(kind: &'static str, report: &Report) -> Self {
        let import::Counts { listed, new, newer, same, older, unreadable, ingested } = report.counts;
        let differences = report.differences.iter().map(Difference::new).collect();
        let line = |unread: &import::Unread| Line { line: unread.line, problem: unread.problem.clone() };
        let problems = report.unread.iter().map(line).collect();
        Self { kind, listed, new, newer, same, older, unreadable, ingested, differences, problems }
    }
}

impl Difference {
    fn new(difference: &import::Difference) -> Self {
        Self {
            line: difference.line,
            class: difference.standing.class().unwrap_or_default(),
            order_id: difference.order_id.as_ref().map(ToString::to_string),
            channel_order_id: difference.channel_order_id.clone(),
            store_id: difference.store_id.clone(),
            listed: Side::new(&difference.listed),
            known: difference.known.as_ref().map(Side::new),
        }
    }
}

impl Side {
    fn new(side: &import::Side) -> Self {
        Self {
            status: side.status.clone(),
            total: side.total.map(|total| exact_number(total.decimal())),
            updated_at: side.updated_at.map(|at| at.to_string()),
        }
    }
}

/// Compares a file with the orders here, and takes in what is missing or newer if `ingest` is set.
///
/// Each line is the body of a webhook, or an order alone. The rows of an export (CSV, XLSX) are only compared. After an
/// interruption, send the file again: nothing is taken in twice.
#[utoipa::path(
    post,
    path = "/v1/orders/import",
    operation_id = "importOrders",
    tag = "operators",
    params(ImportParams),
    request_body(
        description = "At most 16 MiB",
        content(
            (ImportFile = "application/x-ndjson"),
            (ImportFile = "text/csv"),
            (ImportFile = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        )
    ),
    responses(
        (status = 200, description = "The comparison", body = Import),
        (status = 400, description = "A parameter cannot be used"),
        (status = 408, description = "The file did not arrive in time"),
        (status = 413, description = "The file is larger than 16 MiB"),
        (status = 422, description = "The file cannot be read, or its headings say nothing about orders"),
        RoleErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    By(actor): By,
    Params(params): Params<ImportParams>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Import>, Problem> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > LARGEST) {
        return Err(Problem::TooLarge(LARGEST));
    }
    let mode = if params.ingest { Mode::Ingest } else { Mode::Report };
    let pieces = body.into_data_stream().map(|piece| piece.map_err(|_| Problem::TooSlow));
    match import(&app, mode, &actor, pieces).await? {
        Outcome::Bodies(report) => Ok(Json(Import::new("bodies", &report))),
        Outcome::Table { report, .. } => Ok(Json(Import::new("table", &report))),
        Outcome::ColumnsUnknown(headings) => Err(Problem::ColumnsUnknown(headings)),
    }
}

/// Reads a file that arrives in pieces. One file at a time: two could together need too much memory.
pub(crate) async fn import(
    app: &App,
    mode: Mode,
    actor: &Actor,
    pieces: impl Stream<Item = Result<Bytes, Problem>>,
) -> Result<Outcome, Problem> {
    let _alone = app.importing().try_acquire().map_err(|_| Problem::Crowded)?;
    let importer = app.engine.importer();
    let mut reading = importer.read_file(mode);
    let mut pieces = std::pin::pin!(pieces);
    let mut bytes = 0;
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        bytes += piece.len();
        if bytes > LARGEST {
            return Err(Problem::TooLarge(LARGEST));
        }
        reading.add(&piece).await.map_err(failed)?;
    }
    let outcome = reading.end().await.map_err(failed)?;
    if let Outcome::Bodies(report) = &outcome
        && mode == Mode::Ingest
    {
        let (who, taken) = (&actor.name, report.counts.ingested);
        tracing::info!(actor = who, snapshots = taken, "{who} imported a file: {taken} snapshots were taken in");
    }
    Ok(outcome)
}

fn failed(failed: Failed) -> Problem {
    match failed {
        Failed::Unreadable(why) => Problem::UnreadableFile(why),
        Failed::Storage(error) => Problem::not_stored(&error),
    }
}
