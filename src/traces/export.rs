//! Sends finished spans to an OpenTelemetry collector: OTLP as JSON over HTTP
//! (<https://opentelemetry.io/docs/specs/otlp/>, <https://opentelemetry.io/docs/specs/otel/protocol/exporter/>).

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use reqwest::Url;
use serde_json::{Value, json};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use super::{
    TraceContext,
    recorder::{FieldValue, Finished, Recorder},
};
use crate::{clock::SharedClock, version, wire::is_loopback};

/// Spans that wait to be sent; more are dropped.
const MOST_WAITING: usize = 8192;

/// Spans in one request.
const MOST_AT_ONCE: usize = 512;

/// How long spans are collected before they are sent.
const TOGETHER: Duration = Duration::from_secs(1);

/// How long a request to the collector may take, and how long stopping waits for the last one.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The collector, and the attributes of this process that it receives.
#[derive(Debug)]
pub struct Destination {
    /// Where spans are posted.
    pub url: Url,
    headers: Vec<(String, String)>,
    resource: BTreeMap<String, String>,
}

impl Destination {
    /// Reads the variables that OpenTelemetry defines. `None` if they name no collector; an error if they name one that
    /// cannot be used.
    pub fn of(environment: impl IntoIterator<Item = (String, String)>) -> Result<Option<Self>, String> {
        let given = environment.into_iter().filter(|(name, value)| name.starts_with("OTEL_") && !value.is_empty());
        let given: BTreeMap<_, _> = given.collect();
        let one = |name: &str| given.get(name).map(String::as_str);
        let of_traces = one("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").map(str::to_owned);
        let of_all = one("OTEL_EXPORTER_OTLP_ENDPOINT").map(|url| format!("{}/v1/traces", url.trim_end_matches('/')));
        let is_off = one("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"))
            || one("OTEL_TRACES_EXPORTER") == Some("none");
        let Some(url) = of_traces.or(of_all).filter(|_| !is_off) else { return Ok(None) };
        let url = Url::parse(&url).ok().filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
        let url = url.ok_or("OTEL_EXPORTER_OTLP_ENDPOINT must be an address such as http://127.0.0.1:4318")?;
        let headers = one("OTEL_EXPORTER_OTLP_TRACES_HEADERS").or(one("OTEL_EXPORTER_OTLP_HEADERS"));
        let mut resource: BTreeMap<_, _> = pairs(one("OTEL_RESOURCE_ATTRIBUTES")).collect();
        resource.entry("service.name".to_owned()).or_insert_with(|| "forstok-accurate".to_owned());
        if let Some(name) = one("OTEL_SERVICE_NAME") {
            resource.insert("service.name".to_owned(), name.to_owned());
        }
        resource.insert("service.version".to_owned(), version::NUMBER.to_owned());
        Ok(Some(Self { url, headers: pairs(headers).collect(), resource }))
    }

    /// What records spans, and what sends them once it is started.
    pub fn open(self, clock: SharedClock) -> (Recorder, Exporter) {
        let (finished, waiting) = mpsc::channel(MOST_WAITING);
        (Recorder::sending(clock, finished), Exporter { destination: self, waiting })
    }

    /// The collector's host and port: the rest of an address may contain a key or a password.
    pub fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port_or_known_default().map_or(host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// The body of a request.
    fn body(&self, spans: &[Finished]) -> Value {
        let resource = self.resource.iter().map(|(key, value)| attribute(key, &json!({ "stringValue": value })));
        json!({ "resourceSpans": [{
            "resource": { "attributes": resource.collect::<Vec<_>>() },
            "scopeSpans": [{
                "scope": { "name": "forstok-accurate", "version": version::NUMBER },
                "spans": spans.iter().map(in_json).collect::<Vec<_>>(),
            }],
        }] })
    }
}

/// `a=1,b=2`.
fn pairs(text: Option<&str>) -> impl Iterator<Item = (String, String)> {
    let pairs = text.unwrap_or_default().split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
}

/// Sends spans.
pub struct Exporter {
    destination: Destination,
    waiting: mpsc::Receiver<Finished>,
}

/// An exporter that runs.
pub struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Exporter {
    /// Sends spans until it is stopped.
    pub fn start(self) -> Result<Running, String> {
        // Fails if a provider is already installed, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // A redirect would hand the headers, which may contain a key, to another host.
        let builder = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none());
        let builder = if is_loopback(&self.destination.url) { builder.no_proxy() } else { builder };
        let client = builder.build().map_err(|error| format!("the HTTP client for traces: {error}"))?;
        let (stop, stopped) = oneshot::channel();
        Ok(Running { stop, task: tokio::spawn(self.send_until(stopped, client)) })
    }

    async fn send_until(mut self, mut stopped: oneshot::Receiver<()>, client: reqwest::Client) {
        let (mut has_failed, mut is_stopped) = (false, false);
        loop {
            let mut spans = Vec::new();
            if !is_stopped {
                tokio::select! {
                    _ = self.waiting.recv_many(&mut spans, MOST_AT_ONCE) => {
                        is_stopped = tokio::time::timeout(TOGETHER, &mut stopped).await.is_ok();
                    }
                    _ = &mut stopped => is_stopped = true,
                }
            }
            while spans.len() < MOST_AT_ONCE
                && let Ok(span) = self.waiting.try_recv()
            {
                spans.push(span);
            }
            if spans.is_empty() {
                if is_stopped || self.waiting.is_closed() {
                    return;
                }
                continue;
            }
            let result = self.post(&client, &spans).await;
            match &result {
                // One line for each time that the collector begins to fail, not one for each request.
                Err(words) if !has_failed => {
                    tracing::warn!("traces cannot be sent to {}: {words}", self.destination.host());
                }
                Ok(()) if has_failed => tracing::info!("traces can be sent to {} again", self.destination.host()),
                _ => {}
            }
            has_failed = result.is_err();
        }
    }

    async fn post(&self, client: &reqwest::Client, spans: &[Finished]) -> Result<(), String> {
        let body = self.destination.body(spans).to_string();
        let mut request = client.post(self.destination.url.clone()).header("content-type", "application/json");
        for (name, value) in &self.destination.headers {
            request = request.header(name, value);
        }
        let response = request.body(body).send().await.map_err(|error| error.without_url().to_string())?;
        let status = response.status();
        if status.is_success() { Ok(()) } else { Err(format!("it answers {status}")) }
    }
}

impl Running {
    /// Sends what waits, and ends.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        if tokio::time::timeout(TIMEOUT, self.task).await.is_err() {
            tracing::warn!("the last traces could not be sent in time");
        }
    }
}

fn in_json(span: &Finished) -> Value {
    let nanoseconds = |at: Timestamp| at.as_nanosecond().to_string();
    let TraceContext { trace, span: id, .. } = span.context;
    let link =
        |to: &TraceContext| json!({ "traceId": format!("{:032x}", to.trace), "spanId": format!("{:016x}", to.span) });
    let mut json = json!({
        "traceId": format!("{trace:032x}"),
        "spanId": format!("{id:016x}"),
        "name": name(span),
        "kind": kind(span.name),
        "startTimeUnixNano": nanoseconds(span.began_at),
        "endTimeUnixNano": nanoseconds(span.ended_at),
        "attributes": span.fields.0.iter().map(|(key, value)| attribute(key, &in_any(value))).collect::<Vec<_>>(),
        "links": span.links.iter().map(link).collect::<Vec<_>>(),
    });
    if let Some(parent) = span.parent {
        json["parentSpanId"] = format!("{parent:016x}").into();
    }
    json
}

/// `POST /webhooks/forstok`, `accurate sales-invoice/save`, `decide`.
fn name(span: &Finished) -> String {
    let text = |wanted: &str| {
        span.fields.0.iter().find_map(|(name, value)| match value {
            FieldValue::Text(text) if *name == wanted => Some(text.as_str()),
            _ => None,
        })
    };
    match (text("method"), text("route"), text("call")) {
        (Some(method), Some(route), _) => format!("{method} {route}"),
        (_, _, Some(call)) => format!("{} {call}", span.name),
        _ => span.name.to_owned(),
    }
}

/// 1: within this process, 2: serves a request, 3: makes a request.
fn kind(name: &str) -> u8 {
    match name {
        "request" => 2,
        "accurate" => 3,
        _ => 1,
    }
}

fn attribute(key: &str, value: &Value) -> Value {
    json!({ "key": key, "value": value })
}

fn in_any(value: &FieldValue) -> Value {
    match value {
        FieldValue::Text(text) => json!({ "stringValue": text }),
        // 64-bit numbers are texts in OTLP's JSON.
        FieldValue::Whole(number) => json!({ "intValue": number.to_string() }),
        FieldValue::Truth(truth) => json!({ "boolValue": truth }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<Option<Destination>, String> {
        Destination::of(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn nothing_is_sent_unless_the_environment_names_a_collector() {
        assert!(of(&[("OTEL_SERVICE_NAME", "x")]).expect("right").is_none());
        assert!(of(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "")]).expect("right").is_none());
        let off = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"), ("OTEL_SDK_DISABLED", "true")];
        assert!(of(&off).expect("right").is_none());
        assert!(of(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "c:4318")]).is_err());
    }

    #[test]
    fn what_is_logged_about_the_collector_holds_no_password() {
        let given = [("OTEL_EXPORTER_OTLP_ENDPOINT", "https://me:hush@collector.example/hush?key=hush")];
        assert_eq!(of(&given).expect("right").expect("a collector").host(), "collector.example:443");
    }

    #[test]
    fn the_variables_of_opentelemetry_are_understood() {
        let given = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318/"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=1, x-other=a=b"),
            ("OTEL_RESOURCE_ATTRIBUTES", "service.name=old,deployment.environment=test"),
            ("OTEL_SERVICE_NAME", "invoices"),
        ];
        let destination = of(&given).expect("right").expect("a collector");
        assert_eq!(destination.url.as_str(), "http://c:4318/v1/traces");
        assert_eq!(destination.host(), "c:4318");
        let headers = [("x-key", "1"), ("x-other", "a=b")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(destination.headers, headers);
        assert_eq!(destination.resource["service.name"], "invoices");
        assert_eq!(destination.resource["deployment.environment"], "test");
        let own = of(&[given[0], ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://t:1/x")]);
        assert_eq!(own.expect("right").expect("a collector").url.as_str(), "http://t:1/x");
    }
}
