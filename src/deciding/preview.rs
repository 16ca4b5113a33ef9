//! Shows the decision on one order in words, and the exact body for Accurate. Nothing is stored or sent.

use jiff::Timestamp;

use super::mapping::ActiveMapping;
use crate::{
    domain::{
        decision::{Decision, decide, warnings},
        history::{History, Sighting},
        ids::{BookName, DeliveryId},
        invoice::InvoiceBody,
        money::Rupiah,
        order::OrderId,
        reason::{Language, OrderWarning, Reason},
    },
    forstok::payload::{self, Unreadable},
    storage::State,
};

/// What would happen to an order if this body were the only one of it.
#[derive(Clone, Debug)]
pub struct Preview {
    /// Forstok's order id.
    pub order_id: OrderId,
    /// The number that the buyer sees.
    pub channel_order_id: String,
    /// `watching`, `due`, `blocked` or `ignored`.
    pub state: State,
    /// Why, when it would be blocked or ignored.
    pub reason: Option<Reason>,
    /// The decision in words.
    pub decision: String,
    /// All that is in the way, and what deserves a look.
    pub findings: Vec<PreviewFinding>,
    /// The Accurate database that it would go to.
    pub book: Option<BookName>,
    /// The invoice's total.
    pub total: Option<Rupiah>,
    /// The exact body of `sales-invoice/save.do`.
    pub body: Option<InvoiceBody>,
    /// The mapping that decided; 0 when it is only a file.
    pub mapping_revision: i64,
}

/// One thing that is in the way or deserves a look.
#[derive(Clone, Debug)]
pub struct PreviewFinding {
    /// Whether it stops the invoice.
    pub severity: Severity,
    /// Stable code.
    pub code: &'static str,
    /// What is the matter.
    pub sentence: &'static str,
    /// What exactly it is about.
    pub detail: String,
    /// What to do.
    pub remedy: &'static str,
}

/// Whether a finding stops the invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// It does.
    Error,
    /// It does not.
    Warning,
}

impl Severity {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// Decides about a webhook's body as if it were the only one of its order.
pub fn preview(body: &[u8], active: &ActiveMapping, now: Timestamp, language: Language) -> Result<Preview, Unreadable> {
    let order = payload::read(body)?.order.arrived(now);
    let history = History::begin(&Sighting::of(&order, now, DeliveryId(1)));
    let decision = decide(&history, &order, &active.mapping);
    let mut preview = Preview {
        order_id: order.id.clone(),
        channel_order_id: order.channel_order_id().to_owned(),
        state: State::Watching,
        reason: None,
        decision: String::new(),
        findings: Vec::new(),
        book: None,
        total: None,
        body: None,
        mapping_revision: active.revision,
    };
    let warnings = warnings(&history, Some(&order), &active.mapping, &decision);
    match decision {
        Decision::Watch => {
            let wanted = active.mapping.auto_create_at.map_or("never", crate::domain::mapping::status_word);
            preview.decision = words(
                language,
                &format!("{:?} is before {wanted:?}: the order is watched, nothing is sent.", order.status_text),
                &format!(
                    "{:?} belum mencapai {wanted:?}: pesanan dipantau, belum ada yang dikirim.",
                    order.status_text
                ),
            );
        }
        Decision::Ignore(reason) => {
            preview.state = State::Ignored;
            preview.reason = Some(reason);
            preview.decision = format!("{} {}", reason.sentence(language), reason.remedy(language));
        }
        Decision::Block(findings) => {
            preview.state = State::Blocked;
            preview.reason = findings.first().map(|finding| finding.reason);
            preview.decision = words(
                language,
                "The order would be blocked until a person acts; nothing is sent.",
                "Pesanan akan ditahan sampai ada yang menanganinya; tidak ada yang dikirim.",
            );
            preview.findings.extend(findings.into_iter().map(|finding| PreviewFinding {
                severity: Severity::Error,
                code: finding.reason.code(),
                sentence: finding.reason.sentence(language),
                detail: finding.about.in_words(language),
                remedy: finding.reason.remedy(language),
            }));
        }
        Decision::Invoice(draft, about_invoice) => {
            preview.state = State::Due;
            // Accurate adds exclusive tax and calculates its amount.
            let tax = if draft.body.total_is_final() { ("", "") } else { (" before tax", " sebelum pajak") };
            let (number, total) = (&draft.body.number, draft.total.in_words());
            preview.decision = words(
                language,
                &format!(
                    "Invoice {number} for {total}{} would be sent to Accurate database \"{}\".",
                    tax.0, draft.book
                ),
                &format!(
                    "Faktur {number} senilai {total}{} akan dikirim ke database Accurate \"{}\".",
                    tax.1, draft.book
                ),
            );
            preview.warn(about_invoice, language);
            preview.total = Some(draft.total);
            preview.body = Some(draft.body);
            preview.book = Some(draft.book);
        }
    }
    preview.warn(warnings, language);
    Ok(preview)
}

impl Preview {
    fn warn(&mut self, warnings: Vec<OrderWarning>, language: Language) {
        self.findings.extend(warnings.into_iter().map(|one| PreviewFinding {
            severity: Severity::Warning,
            code: one.warning.code(),
            sentence: one.warning.sentence(language),
            detail: one.about.in_words(language),
            remedy: one.warning.remedy(language),
        }));
    }
}

fn words(language: Language, english: &str, indonesian: &str) -> String {
    match language {
        Language::English => english.to_owned(),
        Language::Indonesian => indonesian.to_owned(),
    }
}
