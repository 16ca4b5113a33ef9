//! An order as one line of a list.

use rust_decimal::Decimal;

use super::{
    format,
    page::Page,
    words::{StateShown, state_of},
};
use crate::{domain::money::Rupiah, storage::OrderRecord};

/// An order as one line of a list.
pub(super) struct OrderLine {
    pub(super) order_id: String,
    /// The marketplace's number.
    pub(super) number: String,
    pub(super) store: String,
    pub(super) channel: String,
    /// When the buyer ordered, else when the first webhook arrived.
    pub(super) day: String,
    pub(super) total: String,
    /// The total that was sent, if a person has adopted another one from Accurate.
    pub(super) sent_total: Option<String>,
    pub(super) state: StateShown,
    /// Why it is blocked or ignored, and what exactly it is about.
    pub(super) why: String,
    /// The invoice's number, or that of the document that a person made.
    pub(super) invoice: Option<String>,
    /// Warnings that nobody has acknowledged.
    pub(super) warnings: i64,
}

impl OrderLine {
    pub(super) fn new(order: &OrderRecord, page: &Page) -> Self {
        let language = page.language;
        let reason = order.reason.map(|reason| reason.sentence(language).to_owned());
        let about = order.findings.first().map(|finding| finding.about.in_words(language));
        let why = match (reason, about) {
            (Some(reason), Some(about)) => format!("{}: {about}", reason.trim_end_matches('.')),
            (reason, about) => reason.or(about).unwrap_or_default(),
        };
        let manual = order.manual.as_ref();
        Self {
            order_id: order.order_id.to_string(),
            number: order.channel_order_id.clone(),
            store: store_name(order),
            channel: order.channel.clone(),
            day: format::moment(order.ordered_at.unwrap_or(order.created_at)),
            total: rupiah(order.hundredths),
            sent_total: order.sent_total().map(Rupiah::in_words),
            state: state_of(order, page),
            why: manual.map_or(why, |manual| {
                format!("{} ({})", format::sentence(manual.decision.in_words(language)), manual.actor)
            }),
            invoice: order
                .invoice
                .as_ref()
                .map(|invoice| invoice.number.to_string())
                .or_else(|| manual.and_then(|manual| manual.document.clone())),
            warnings: order.warnings.iter().filter(|notice| order.acknowledgement(notice).is_none()).count() as i64,
        }
    }
}

/// Its name, else its id.
pub(super) fn store_name(order: &OrderRecord) -> String {
    if order.store_name.is_empty() { order.store_id.clone() } else { order.store_name.clone() }
}

/// Hundredths of a rupiah as people write them.
pub(super) fn rupiah(hundredths: i64) -> String {
    Rupiah::from_decimal(Decimal::new(hundredths, 2)).in_words()
}
