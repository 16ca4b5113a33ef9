//! `GET /metrics`: Prometheus text. What the database counts is read at each request.

use std::{collections::BTreeMap, path::Path};

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};

use super::{App, problem::Problem, process};
use crate::{
    domain::{
        document::Kind,
        payout::RowState,
        reason::Reason,
        reconciliation::{Class, FindingState},
    },
    housekeeping::backups,
    storage::State as OrderState,
};

/// All metrics of the service.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "getMetrics",
    tag = "probes",
    responses((status = 200, description = "Prometheus text", body = String, content_type = "text/plain"))
)]
pub(super) async fn render(State(app): State<App>) -> Result<Response, Problem> {
    let counts = app.engine.storage().counts().await?;
    let mut by_state: BTreeMap<_, _> = OrderState::ALL.map(|state| (state.as_str(), 0)).into();
    let blocking = Reason::ALL.iter().filter(|reason| !reason.is_by_rule());
    let mut by_reason: BTreeMap<_, _> = blocking.map(|reason| (reason.code(), 0)).collect();
    for count in counts {
        *by_state.entry(count.state.as_str()).or_default() += count.orders;
        if let (OrderState::Blocked, Some(reason)) = (count.state, count.reason) {
            *by_reason.entry(reason.code()).or_default() += count.orders;
        }
    }
    for (state, orders) in by_state {
        metrics::gauge!("forstok_accurate_orders", "state" => state).set(orders as f64);
    }
    for (reason, orders) in by_reason {
        metrics::gauge!("forstok_accurate_blocked_orders", "reason" => reason).set(orders as f64);
    }
    for (warning, orders) in app.engine.storage().warning_counts().await? {
        metrics::gauge!("forstok_accurate_warned_orders", "warning" => warning.code()).set(orders as f64);
    }
    metrics::gauge!("forstok_accurate_oldest_due_seconds").set(app.oldest_due_seconds().await?);
    let received = app.engine.storage().oldest_received().await?;
    metrics::gauge!("forstok_accurate_oldest_received_seconds").set(app.seconds_since(received));
    if let Some(newest) = app.newest_webhook().await? {
        metrics::gauge!("forstok_accurate_last_webhook_timestamp_seconds").set(newest.as_millisecond() as f64 / 1000.0);
    }
    let silence = app.engine.unusual_silence().await?;
    metrics::gauge!("forstok_accurate_unusual_silence_seconds").set(silence.as_secs_f64());
    let mut findings = BTreeMap::new();
    for state in FindingState::ALL {
        findings.extend(Class::ALL.map(|class| ((class.as_str(), state.as_str()), 0)));
    }
    for (class, state, count) in app.engine.storage().finding_counts().await? {
        findings.insert((class.as_str(), state.as_str()), count);
    }
    // Each gauge is set once: a reader of the metrics at the same time must see no 0 in between.
    for ((class, state), count) in findings {
        metrics::gauge!("forstok_accurate_findings", "class" => class, "state" => state).set(count as f64);
    }
    rows_after_the_sale(&app, Kind::Receipt, "forstok_accurate_payouts").await?;
    rows_after_the_sale(&app, Kind::Return, "forstok_accurate_returns").await?;
    let oldest = app.seconds_since(app.engine.storage().oldest_open_finding().await?);
    metrics::gauge!("forstok_accurate_oldest_open_finding_seconds").set(oldest);
    for result in ["complete", "incomplete"] {
        metrics::counter!("forstok_accurate_forstok_readings_total", "result" => result).increment(0);
    }
    // 0 before the first one.
    let last = app.engine.storage().backfill().await?.completed_at;
    metrics::gauge!("forstok_accurate_forstok_orders_read_timestamp_seconds")
        .set(last.map_or(0.0, |at| at.as_millisecond() as f64 / 1000.0));
    for book in app.engine.books() {
        let rest = app.engine.storage().unexplained(&book.name).await?;
        metrics::gauge!("forstok_accurate_unexplained_rupiah", "book" => book.name.to_string())
            .set(rest as f64 / 100.0);
        // 0 before the first one.
        let last = app.engine.storage().last_reconciliation(&book.name).await?;
        metrics::gauge!("forstok_accurate_reconciled_timestamp_seconds", "book" => book.name.to_string())
            .set(last.map_or(0.0, |at| at.as_millisecond() as f64 / 1000.0));
        if let Some(webhook) = app.engine.accurate_webhook(&book.name).await? {
            // 0 before the first renewal.
            metrics::gauge!("forstok_accurate_accurate_webhooks_end_timestamp_seconds", "book" => book.name.to_string())
                .set(webhook.ends_at.map_or(0.0, |at| at.as_millisecond() as f64 / 1000.0));
        }
        // A pause of one kind of document is a missing right; other calls go on.
        let is_limited = book.pause.as_ref().map(|pause| pause.documents.is_some());
        let shown = |limited: bool| if is_limited == Some(limited) { 1.0 } else { 0.0 };
        metrics::gauge!("forstok_accurate_book_paused", "book" => book.name.to_string()).set(shown(false));
        metrics::gauge!("forstok_accurate_book_limited", "book" => book.name.to_string()).set(shown(true));
        for list in app.engine.storage().master_lists(&book.name).await? {
            let labels = [("book", book.name.to_string()), ("list", list.kind.to_string())];
            let has_failed = if list.failure.is_some() { 1.0 } else { 0.0 };
            metrics::gauge!("forstok_accurate_list_failed", &labels).set(has_failed);
            let age = if list.read_at.is_some() { app.seconds_since(list.read_at) } else { f64::INFINITY };
            metrics::gauge!("forstok_accurate_list_age_seconds", &labels).set(age);
        }
    }
    let last_backup = match &app.file {
        Some(file) => {
            free_disk(file);
            backups::latest(file)
        }
        None => app.engine.storage().last_backup().await?,
    };
    // 0 before the first one.
    metrics::gauge!("forstok_accurate_last_backup_timestamp_seconds")
        .set(last_backup.map_or(0.0, |at| at.as_second() as f64));
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    let mut text = app.metrics.render();
    process::append(&mut text);
    Ok((kind, text).into_response())
}

/// Free disk; a server's is its own monitoring's.
fn free_disk(database: &Path) {
    let folder = database.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let Ok(disk) = rustix::fs::statvfs(folder) {
        let free = disk.f_bavail as f64 * disk.f_frsize as f64;
        metrics::gauge!("forstok_accurate_free_disk_bytes").set(free);
    }
}

/// Payouts or returns by state.
async fn rows_after_the_sale(app: &App, kind: Kind, metric: &'static str) -> Result<(), Problem> {
    let mut by_state: BTreeMap<_, _> = RowState::ALL.map(|state| (state.as_str(), 0)).into();
    for count in app.engine.storage().row_counts(kind).await? {
        *by_state.entry(count.state.as_str()).or_default() += count.count;
    }
    for (state, rows) in by_state {
        metrics::gauge!(metric, "state" => state).set(rows as f64);
    }
    Ok(())
}
