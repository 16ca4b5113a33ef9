//! An order as every answer gives it.

use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{
        ids::BookName,
        invoice::ACCURATE_DAY,
        manual::ManualDecision,
        money::exact_number,
        reason::{Language, OrderWarning, Reason},
    },
    storage::{OrderRecord, State as OrderState},
};

/// An order.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "`order_id` is the contract's name in every answer")]
pub(crate) struct Order {
    /// Forstok's order id.
    #[schema(example = "138163394")]
    order_id: String,
    /// The number that the buyer sees.
    #[schema(example = "231127PECAFY4J")]
    channel_order_id: String,
    /// Marketplace.
    channel: String,
    /// Forstok's store id.
    store_id: String,
    /// The store's name.
    store_name: String,
    /// The status in Forstok's words.
    status: String,
    /// When the buyer ordered.
    ordered_at: Option<String>,
    /// When the newest webhook about it arrived.
    received_at: String,
    /// When the first webhook arrived.
    first_received_at: String,
    /// The order's total, in rupiah: of its invoice, else of its draft, else as Forstok says.
    #[schema(value_type = f64)]
    total: serde_json::Number,
    /// The state of the order.
    #[schema(example = "invoiced")]
    state: &'static str,
    /// Why it is blocked or ignored: a stable code; null in other states.
    #[schema(example = "item_not_found")]
    reason: Option<&'static str>,
    /// What is wrong, in one sentence.
    sentence: Option<&'static str>,
    /// Details, for example a product, a store or Accurate's message.
    detail: Option<String>,
    /// What to do.
    remedy: Option<&'static str>,
    /// What the reason is about, for grouping: for example an item's number.
    #[schema(example = "KAOS-M")]
    subject: Option<String>,
    /// What a person decided about the order; it is in effect until it is taken back.
    decision: Option<OrderDecision>,
    /// Everything that blocks the order; the first entry is the reason.
    findings: Vec<Words>,
    /// Its warnings, which block nothing but which a person should check: stable codes.
    #[schema(example = json!(["customer_created"]))]
    warnings: Vec<&'static str>,
    /// The warnings in words.
    notices: Vec<NoticeWords>,
    /// Name of the Accurate database.
    #[schema(value_type = Option<String>)]
    book: Option<BookName>,
    /// Number of attempts, 0 while the order is watched or ignored; those that a paused Accurate database or its limit
    /// of calls prevented do not count.
    attempts: i64,
    /// Earliest time of the next attempt; null if none is needed.
    next_attempt_at: Option<String>,
    /// The invoice that exists.
    invoice: Option<OrderInvoice>,
    /// When the order last changed here.
    changed_at: String,
}

/// A code with its words.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Words {
    /// The stable code.
    #[schema(example = "item_not_found")]
    code: &'static str,
    /// What is wrong.
    sentence: &'static str,
    /// Details, for example a product, a store or Accurate's message.
    detail: String,
    /// What to do.
    remedy: &'static str,
}

/// A warning with its words.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NoticeWords {
    #[serde(flatten)]
    words: Words,
    /// Who has acknowledged it; null while it needs attention.
    acknowledged_by: Option<String>,
    /// When it was acknowledged.
    acknowledged_at: Option<String>,
}

/// What a person decided about an order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderDecision {
    /// The decision.
    #[schema(example = "by_hand")]
    decision: &'static str,
    /// Why, in the person's words.
    reason: Option<String>,
    /// Number of the document in Accurate that the person created.
    document: Option<String>,
    /// Who decided.
    actor: String,
    /// When the person decided.
    at: String,
}

impl OrderDecision {
    fn new(manual: ManualDecision) -> Self {
        let ManualDecision { decision, reason, document, actor, at } = manual;
        Self { decision: decision.as_str(), reason, document, actor, at: at.to_string() }
    }
}

/// An invoice that exists in Accurate.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderInvoice {
    /// Its number.
    number: String,
    /// Accurate's id of it.
    id: i64,
    /// Its day, dd/MM/yyyy.
    #[schema(example = "27/11/2023")]
    date: Option<String>,
    /// Accurate's total in rupiah.
    #[schema(value_type = f64)]
    total: serde_json::Number,
    /// The total that was sent, if a person has adopted another one from Accurate; otherwise null.
    #[schema(value_type = Option<f64>)]
    sent_total: Option<serde_json::Number>,
    /// When the service learned that it exists.
    invoiced_at: Option<String>,
}

impl Order {
    pub(crate) fn new(record: OrderRecord, language: Language) -> Self {
        let waiting = matches!(record.state, OrderState::Due | OrderState::VoidDue);
        let gets_no_invoice = matches!(record.state, OrderState::Watching | OrderState::Ignored);
        let findings: Vec<_> = record
            .findings
            .iter()
            .map(|finding| Words {
                code: finding.reason.code(),
                sentence: finding.reason.sentence(language),
                detail: finding.about.in_words(language),
                remedy: finding.reason.remedy(language),
            })
            .collect();
        let notices: Vec<_> = record.warnings.iter().map(|one| warning_words(one, &record, language)).collect();
        let date = record.draft.as_ref().map(|draft| draft.body.trans_date.strftime(ACCURATE_DAY).to_string());
        let invoiced_at = record.invoiced_at.map(|at| at.to_string());
        let invoice = record.standing_invoice().map(|invoice| OrderInvoice {
            number: invoice.number.to_string(),
            id: invoice.id,
            date,
            total: exact_number(invoice.total),
            sent_total: record.sent_total().map(|total| exact_number(total.decimal())),
            invoiced_at,
        });
        Self {
            order_id: record.order_id.to_string(),
            channel_order_id: record.channel_order_id,
            channel: record.channel,
            store_id: record.store_id,
            store_name: record.store_name,
            status: record.status,
            ordered_at: record.ordered_at.map(|at| at.to_string()),
            received_at: record.received_at.to_string(),
            first_received_at: record.created_at.to_string(),
            total: exact_number(Decimal::new(record.hundredths, 2).normalize()),
            subject: Some(record.subject).filter(|subject| !subject.is_empty()),
            decision: record.manual.map(OrderDecision::new),
            state: record.state.as_str(),
            reason: record.reason.map(Reason::code),
            sentence: record.reason.map(|reason| reason.sentence(language)),
            detail: record.findings.first().map(|finding| finding.about.in_words(language)),
            remedy: record.reason.map(|reason| reason.remedy(language)),
            findings,
            warnings: record.warnings.iter().map(|one| one.warning.code()).collect(),
            notices,
            book: record.book,
            attempts: if gets_no_invoice { 0 } else { record.tries },
            next_attempt_at: record.next_attempt_at.filter(|_| waiting).map(|at| at.to_string()),
            invoice,
            changed_at: record.changed_at.to_string(),
        }
    }
}

fn warning_words(one: &OrderWarning, record: &OrderRecord, language: Language) -> NoticeWords {
    let acknowledged = record.acknowledgement(one);
    NoticeWords {
        words: Words {
            code: one.warning.code(),
            sentence: one.warning.sentence(language),
            detail: one.about.in_words(language),
            remedy: one.warning.remedy(language),
        },
        acknowledged_by: acknowledged.map(|known| known.actor.clone()),
        acknowledged_at: acknowledged.map(|known| known.at.to_string()),
    }
}
