//! Gives the spans of this program their places in traces, and records those that are to be sent.

use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
};

use jiff::Timestamp;
use tokio::sync::mpsc;
use tracing::{
    Metadata, Span, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{Layer, Registry, filter::filter_fn, layer::Context, registry::LookupSpan};

use super::TraceContext;
use crate::clock::SharedClock;

static ARE_SENT: AtomicBool = AtomicBool::new(false);

/// Records spans.
pub struct Recorder {
    clock: SharedClock,
    /// Where finished spans go; `None` if traces are only handed on.
    finished: Option<mpsc::Sender<Finished>>,
}

/// A span that has ended.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) context: TraceContext,
    pub(super) parent: Option<u64>,
    pub(super) links: Vec<TraceContext>,
    pub(super) name: &'static str,
    pub(super) began_at: Timestamp,
    pub(super) ended_at: Timestamp,
    pub(super) fields: Fields,
}

/// The fields of a span.
#[derive(Debug, Default)]
pub(super) struct Fields(pub(super) Vec<(&'static str, FieldValue)>);

#[derive(Debug)]
pub(super) enum FieldValue {
    Text(String),
    Whole(i64),
    Truth(bool),
}

/// A span's place in a trace.
struct Place {
    context: TraceContext,
    parent: Option<u64>,
    links: Vec<TraceContext>,
    /// `None` if the context is only handed on.
    recorded: Option<Recorded>,
}

struct Recorded {
    began_at: Timestamp,
    fields: Fields,
}

impl Recorder {
    /// Only hands on the contexts that callers sent.
    pub fn handing_on(clock: SharedClock) -> Self {
        Self { clock, finished: None }
    }

    pub(super) fn sending(clock: SharedClock, finished: mpsc::Sender<Finished>) -> Self {
        ARE_SENT.store(true, Ordering::Relaxed);
        Self { clock, finished: Some(finished) }
    }

    /// The same as a layer, for the spans of this program alone.
    pub fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(self) -> impl Layer<S> + Send + Sync {
        let is_ours = |metadata: &Metadata<'_>| metadata.is_span() && metadata.target().starts_with("forstok_accurate");
        // Without this limit, every event of every level would be asked about.
        self.with_filter(filter_fn(is_ours).with_max_level_hint(LevelFilter::INFO))
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recorder {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let above = span.parent().and_then(|parent| parent.extensions().get::<Place>().map(|place| place.context));
        let place = match (&self.finished, above) {
            (None, None) => return,
            (None, Some(above)) => Place { context: above, parent: None, links: Vec::new(), recorded: None },
            (Some(_), above) => {
                let mut fields = Fields::default();
                attributes.record(&mut fields);
                Place {
                    context: above.map_or_else(TraceContext::begin, TraceContext::next),
                    parent: above.map(|above| above.span),
                    links: Vec::new(),
                    recorded: Some(Recorded { began_at: self.clock.now(), fields }),
                }
            }
        };
        span.extensions_mut().insert(place);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(Place { recorded: Some(recorded), .. }) = span.extensions_mut().get_mut::<Place>() {
            values.record(&mut recorded.fields);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let (Some(finished), Some(span)) = (&self.finished, context.span(&id)) else { return };
        let Some(place) = span.extensions_mut().remove::<Place>() else { return };
        let Place { context, parent, links, recorded: Some(Recorded { began_at, fields }) } = place else { return };
        if context.sampled {
            let ended_at = self.clock.now();
            let ended = Finished { context, parent, links, name: span.name(), began_at, ended_at, fields };
            // If the collector is too slow, spans are lost and nothing waits.
            let _ = finished.try_send(ended);
        }
    }
}

/// Whether this process sends spans to a collector.
pub fn are_sent() -> bool {
    ARE_SENT.load(Ordering::Relaxed)
}

/// A span that only a collector would see: inside it nothing is logged. Without a collector it costs nothing.
pub fn if_sent(span: impl FnOnce() -> Span) -> Span {
    if are_sent() { span() } else { Span::none() }
}

/// Where the current span belongs; `None` if it is not part of a trace.
pub fn current() -> Option<TraceContext> {
    at(&Span::current(), |place| place.context)
}

/// Continues a trace in this span, which must not have spans inside it yet.
pub fn follow(span: &Span, context: Option<TraceContext>) {
    let Some(context) = context else { return };
    let _ = in_registry(span, |id, registry| {
        let span = registry.span(id)?;
        let mut extensions = span.extensions_mut();
        match extensions.get_mut::<Place>() {
            Some(place) if place.recorded.is_some() => {
                place.context = TraceContext { span: place.context.span, ..context };
                place.parent = Some(context.span);
            }
            Some(place) => place.context = context,
            None => extensions.insert(Place { context, parent: None, links: Vec::new(), recorded: None }),
        }
        Some(())
    });
}

/// Points from this span to another one that is not above it.
pub fn link(span: &Span, to: Option<TraceContext>) {
    let _ = at(span, |place| place.links.extend(to));
}

/// Sends nothing of this span and of the spans inside it.
pub fn leave_out(span: &Span) {
    let _ = at(span, |place| place.context.sampled = false);
}

fn at<T>(span: &Span, act: impl FnOnce(&mut Place) -> T) -> Option<T> {
    in_registry(span, |id, registry| registry.span(id)?.extensions_mut().get_mut::<Place>().map(act))
}

fn in_registry<T>(span: &Span, act: impl FnOnce(&Id, &Registry) -> Option<T>) -> Option<T> {
    span.with_subscriber(|(id, dispatch)| act(id, dispatch.downcast_ref::<Registry>()?)).flatten()
}

impl Fields {
    fn set(&mut self, field: &Field, value: FieldValue) {
        self.0.retain(|(name, _)| *name != field.name());
        self.0.push((field.name(), value));
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, FieldValue::Text(value.to_owned()));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, FieldValue::Whole(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, FieldValue::Whole(i64::try_from(value).unwrap_or(i64::MAX)));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, FieldValue::Truth(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field, FieldValue::Text(format!("{value:?}")));
    }
}
