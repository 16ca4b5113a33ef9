//! Logs and metrics of this process.

use std::io::IsTerminal;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, reload, util::SubscriberInitExt};

use crate::{
    domain::{notice::Channel, reason::Warning, toml_text::Problem},
    settings::{LogConfig, LogFormat},
    traces::Recorder,
    version,
};

/// Histogram limits in seconds for work on this machine.
const LOCAL_SECONDS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

/// Histogram limits in seconds for calls to Accurate and for the time from webhook to invoice.
const REMOTE_SECONDS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 3600.0];

/// The log filter, which can be changed while the process runs.
pub struct Log(Box<dyn Fn(EnvFilter) + Send + Sync>);

impl Log {
    /// Uses another filter from now on.
    pub fn set(&self, filter: EnvFilter) {
        (self.0)(filter);
    }
}

/// The filter of the settings, or the error in it.
pub fn filter(config: &LogConfig) -> Result<EnvFilter, Problem> {
    EnvFilter::try_new(&config.filter).map_err(|error| Problem {
        key: "log.filter".to_owned(),
        value: Some(format!("{:?}", config.filter)),
        remedy: format!("{error}; give a level such as info"),
    })
}

/// Writes logs to standard error, because standard output is for the output of commands, and gives spans to `traces`.
pub fn log(config: &LogConfig, traces: Recorder) -> Result<Log, Problem> {
    let (filter, handle) = reload::Layer::new(filter(config)?);
    let registry = tracing_subscriber::registry().with(traces.layer());
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        // If standard error is a closed pipe, reporting it there would panic.
        .log_internal_errors(false)
        .with_ansi(std::io::stderr().is_terminal());
    // A second call in one process (in tests) keeps the first logger.
    let _ = match config.format {
        LogFormat::Text => registry.with(lines.with_filter(filter)).try_init(),
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true).with_current_span(false).with_span_list(true);
            registry.with(lines.with_filter(filter)).try_init()
        }
    };
    Ok(changing(handle))
}

fn changing<S: 'static>(handle: reload::Handle<EnvFilter, S>) -> Log {
    Log(Box::new(move |filter| {
        if let Err(error) = handle.reload(filter) {
            tracing::error!("what is logged could not be changed: {error}");
        }
    }))
}

/// Collects the metrics of this process and describes them.
pub fn metrics() -> Result<PrometheusHandle, String> {
    let words = |error: &dyn std::fmt::Display| format!("metrics cannot be collected: {error}");
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full("forstok_accurate_webhook_seconds".to_owned()), LOCAL_SECONDS)
        .and_then(|builder| builder.set_buckets(REMOTE_SECONDS))
        .map_err(|error| words(&error))?
        .build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(|error| words(&error))?;
    describe();
    begin();
    Ok(handle)
}

/// Possible outcomes of a webhook.
const WEBHOOK_OUTCOMES: [&str; 13] = [
    "accepted",
    "repeat",
    "payout",
    "unreadable",
    "signature_missing",
    "signature_wrong",
    "not_stored",
    "body_too_large",
    "body_too_slow",
    "too_busy",
    "unavailable",
    "not_set_up",
    "broken",
];

/// Initialises the counters with 0, so that dashboards have their series before the first event.
fn begin() {
    for outcome in WEBHOOK_OUTCOMES {
        metrics::counter!("forstok_accurate_webhooks_total", "outcome" => outcome).absolute(0);
    }
    for code in ["token_wrong", "too_many_attempts"] {
        metrics::counter!("forstok_accurate_operators_refused_total", "code" => code).absolute(0);
    }
    for channel in Channel::ALL {
        for outcome in ["sent", "failed", "given_up", "refused"] {
            let labels = [("channel", channel.as_str()), ("outcome", outcome)];
            metrics::counter!("forstok_accurate_notices_total", &labels).absolute(0);
        }
    }
    metrics::counter!("forstok_accurate_task_panics_total", "task" => "deciding").absolute(0);
    let build = [("version", version::NUMBER), ("commit", version::COMMIT), ("date", version::COMMIT_DATE)];
    metrics::gauge!("forstok_accurate_build_info", &build).set(1.0);
    for warning in Warning::ALL {
        metrics::gauge!("forstok_accurate_warned_orders", "warning" => warning.code()).set(0.0);
    }
    let _ = metrics::histogram!("forstok_accurate_webhook_seconds");
    let _ = metrics::histogram!("forstok_accurate_invoice_lag_seconds");
}

fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    describe_counter!("forstok_accurate_webhooks_total", "Webhooks by outcome");
    describe_histogram!("forstok_accurate_webhook_seconds", "Seconds from the webhook's headers to its answer");
    describe_gauge!("forstok_accurate_orders", "Orders by state");
    describe_gauge!("forstok_accurate_blocked_orders", "Blocked orders by reason");
    describe_gauge!("forstok_accurate_warned_orders", "Orders with a warning that a person should check, by warning");
    describe_counter!("forstok_accurate_accurate_calls_total", "Calls to Accurate by book, call and outcome");
    describe_histogram!("forstok_accurate_accurate_call_seconds", "Seconds that calls to Accurate take");
    describe_histogram!(
        "forstok_accurate_invoice_lag_seconds",
        "Seconds from the webhook that made an order due to its saved invoice"
    );
    describe_gauge!("forstok_accurate_findings", "Findings of reconciliations by class and state");
    describe_gauge!(
        "forstok_accurate_oldest_open_finding_seconds",
        "Longest time in seconds that a finding has been open"
    );
    describe_gauge!(
        "forstok_accurate_unexplained_rupiah",
        "Rupiah of a book that no other finding explains: the sum of its open unexplained findings"
    );
    describe_gauge!(
        "forstok_accurate_reconciled_timestamp_seconds",
        "When a book was last reconciled completely, in seconds since 1970"
    );
    describe_counter!("forstok_accurate_forstok_readings_total", "Readings of Forstok's order API by result");
    describe_gauge!(
        "forstok_accurate_forstok_orders_read_timestamp_seconds",
        "When Forstok's order API was last read to the end, in seconds since 1970"
    );
    describe_counter!("forstok_accurate_hints_total", "Invoices named by Accurate's own webhooks, by book and outcome");
    describe_gauge!(
        "forstok_accurate_accurate_webhooks_end_timestamp_seconds",
        "When Accurate stops sending webhooks about a book; 0 before the first renewal"
    );
    describe_gauge!("forstok_accurate_oldest_due_seconds", "Longest time in seconds that an order has been due");
    describe_gauge!("forstok_accurate_book_paused", "1 while a book is paused");
    describe_gauge!("forstok_accurate_book_limited", "1 while one kind of document waits for a missing right");
    describe_gauge!(
        "forstok_accurate_list_age_seconds",
        "Seconds since a list of Accurate was last read in full; infinite before the first time"
    );
    describe_gauge!("forstok_accurate_list_failed", "1 if the latest reading of a list of Accurate failed");
    describe_gauge!(
        "forstok_accurate_oldest_received_seconds",
        "Longest time in seconds that an order has been waiting for its first decision"
    );
    describe_gauge!(
        "forstok_accurate_last_webhook_timestamp_seconds",
        "When the last authentic webhook arrived, in seconds since 1970; absent before the first"
    );
    describe_gauge!(
        "forstok_accurate_unusual_silence_seconds",
        "Seconds without a webhook that are unusual for this shop: twice the longest time between two new orders of the \
         last 14 days, at least one hour and at most 24; 24 hours during the first three days"
    );
    describe_gauge!("forstok_accurate_free_disk_bytes", "Bytes that are free for the SQLite database");
    describe_gauge!(
        "forstok_accurate_last_backup_timestamp_seconds",
        "When store backup or backup-postgres last made a backup, in seconds since 1970; 0 before the first time"
    );
    describe_counter!(
        "forstok_accurate_operators_refused_total",
        "Requests of operators refused because of their token"
    );
    describe_counter!("forstok_accurate_notices_total", "Attempts to send a notice, by channel and outcome");
    describe_counter!("forstok_accurate_task_panics_total", "Panics of the tasks that drive the service");
    describe_gauge!(
        "forstok_accurate_build_info",
        "Always 1; its labels are the version that runs and the commit from which it was built"
    );
}
