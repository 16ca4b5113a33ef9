//! Reconciliation: what our ledger holds of an order's invoice beside what Accurate shows now (design.md §8).
//!
//! [`judge`] compares one order; [`stranger`] judges an invoice that no order knows. Both say what each side counts,
//! and what a person should know. The sums of a period follow from the judgements: [`sums`].

mod class;
mod forstok;
mod sides;
mod standing;
mod subject;
pub mod sums;
#[cfg(test)]
mod tests;
mod unpaid;
mod unsettled;
mod words;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use self::{
    class::{Class, FindingState},
    forstok::AtForstok,
    sides::{Held, Listed, Named, Seen, Shown, Side},
    standing::{Posted, Standing},
    subject::Subject,
    unpaid::{Owed, Unpaid},
    unsettled::{Lost, Settling, Unsettled},
    words::{Action, Facts},
};
use super::order::OrderId;

/// The days that are compared, the last one included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first day.
    pub from: Date,
    /// The last day.
    pub to: Date,
}

impl Period {
    /// Whether a day is in it.
    pub fn contains(self, day: Date) -> bool {
        self.from <= day && day <= self.to
    }
}

/// A field in which an invoice in Accurate differs from our ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Its total.
    Total,
    /// Its customer.
    Customer,
    /// Its day.
    Day,
    /// Its number.
    Number,
}

/// A difference that a person should know about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind of difference.
    pub class: Class,
    /// What it is about; there is one finding for each.
    pub subject: Subject,
    /// The order, if one is known.
    pub order_id: Option<OrderId>,
    /// The store; empty if several stores share the customer.
    pub store_id: String,
    /// Accurate's id of the invoice, if it is known.
    pub accurate_id: Option<i64>,
    /// Our ledger's side, where it counts.
    pub ledger: Option<Side>,
    /// Accurate's side, where it counts.
    pub accurate: Option<Side>,
    /// What Forstok lists, if the finding is about that.
    pub forstok: Option<AtForstok>,
    /// What is still owed, if the finding is about that.
    pub owed: Option<Owed>,
    /// The invoice of another sale that now has the number.
    pub namesake: Option<Side>,
    /// What is owed on each side, if the finding is about receipts and returns.
    pub unsettled: Option<Unsettled>,
    /// In which fields both sides differ.
    pub fields: Vec<Field>,
    /// Our ledger's side is only a draft, because shadow mode is on.
    pub is_draft: bool,
}

impl Finding {
    /// What a person has seen of it: another shape opens it again.
    pub fn shape(&self) -> String {
        let side = |side: Option<&Side>| match side {
            Some(side) => format!("{} {} {} {}", side.day, side.total, side.customer_no, side.number),
            None => String::new(),
        };
        let accurate_id = self.accurate_id.map(|id| id.to_string()).unwrap_or_default();
        let (ledger, accurate) = (side(self.ledger.as_ref()), side(self.accurate.as_ref()));
        let forstok = self.forstok.as_ref().map(|listed| format!("|{}", listed.shape())).unwrap_or_default();
        let owed = self.owed.as_ref().map(|owed| format!("|{}", owed.hundredths)).unwrap_or_default();
        let namesake = self.namesake.as_ref().map(|other| format!("|{}", side(Some(other)))).unwrap_or_default();
        let unsettled = self.unsettled.as_ref().map(|unsettled| format!("|{}", unsettled.shape())).unwrap_or_default();
        let draft = if self.is_draft { "|draft" } else { "" };
        format!("{}|{accurate_id}|{ledger}|{accurate}{forstok}{owed}{namesake}{unsettled}{draft}", self.class)
    }

    /// Accurate's day, if it is another one: the invoice was moved, so the finding is listed under both days.
    pub fn other_day(&self) -> Option<Date> {
        let accurate = self.accurate.as_ref().map(|side| side.day);
        accurate.filter(|day| self.ledger.is_some() && self.day() != Some(*day))
    }

    /// The day under which it is listed: our ledger's, else Accurate's, else the one on which Forstok last changed the
    /// order.
    pub fn day(&self) -> Option<Date> {
        let side = self.ledger.as_ref().or(self.accurate.as_ref());
        match &self.subject {
            Subject::Day(day) => Some(*day),
            Subject::Order(_) | Subject::Invoice(_) | Subject::Listed(_) | Subject::Money(_) | Subject::Settling(_) => {
                side.map(|side| side.day).or_else(|| self.forstok.as_ref().map(|listed| listed.day))
            }
        }
    }
}

/// The result of comparing an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// What each side counts, and what a person should know.
    Known(Known),
    /// The order's invoice is being created or deleted: neither side counts it in this run.
    UnderWay,
    /// Accurate has to be asked for this invoice individually first. A list may be older than the ledger, and what it
    /// does not show may have been moved to another day.
    Ask,
}

/// What each side counts, and what a person should know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Whether our ledger counts the invoice in the period.
    pub ledger: Option<Amount>,
    /// Invoices that Accurate counts in the period.
    pub accurate: Vec<Amount>,
    /// The differences.
    pub findings: Vec<Finding>,
}

/// A day and an amount in hundredths of a rupiah.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    /// The day.
    pub day: Date,
    /// Hundredths of a rupiah.
    pub total: i64,
}

/// Compares what the ledger holds of an order with what Accurate shows for it.
pub fn judge(held: &Held, seen: &Seen, period: Period) -> Judgement {
    let shown = seen.shown.as_slice();
    let asked = match seen.asked_at {
        Some(at) if at >= held.certain_from() => Asked::WithCertainty,
        Some(at) if at >= held.changed_at => Asked::SinceChange,
        _ => Asked::Never,
    };
    match held.standing {
        // What is shown of one that is late may be the save whose reply was lost; the next attempt looks it up.
        Standing::Late if shown.is_empty() => Judgement::Known(late(held, period)),
        Standing::UnderWay | Standing::Late => Judgement::UnderWay,
        Standing::Never => Judgement::Known(never(held, shown, period)),
        Standing::Exists | Standing::Draft => wanted(held, seen, asked, period),
        Standing::Gone | Standing::MustGo if shown.is_empty() => Judgement::Known(Known::default()),
        Standing::Gone | Standing::MustGo if asked != Asked::WithCertainty => Judgement::Ask,
        Standing::Gone | Standing::MustGo => Judgement::Known(unwanted(held, shown, period)),
    }
}

fn late(held: &Held, period: Period) -> Known {
    let is_due = period.contains(held.day);
    let finding = Finding { ledger: Some(held.side()), ..held.finding(Class::Late) };
    Known { findings: if is_due { vec![finding] } else { Vec::new() }, ..Known::default() }
}

/// Invoices that name an order which has none of ours: somebody else created them.
fn never(held: &Held, shown: &[Shown], period: Period) -> Known {
    let mut all = Known::default();
    let named = Named { order_id: held.order_id.clone(), is_cancelled: held.is_cancelled };
    for one in shown {
        let known = stranger(one, &held.store_id, Some(&named), period);
        all.accurate.extend(known.accurate);
        all.findings.extend(known.findings);
    }
    all
}

/// The ledger says that the invoice exists.
fn wanted(held: &Held, seen: &Seen, asked: Asked, period: Period) -> Judgement {
    let shown = seen.shown.as_slice();
    let by_id = shown.iter().find(|one| Some(one.id) == held.accurate_id);
    // Ours may have been moved out of the period while a copy of it is in it.
    if by_id.is_none() && held.accurate_id.is_some() && asked != Asked::WithCertainty {
        return Judgement::Ask;
    }
    let ours = by_id.or_else(|| shown.iter().find(|one| one.number == held.number)).or_else(|| shown.first());
    let mut known = Known::default();
    if period.contains(held.day) {
        known.ledger = Some(Amount { day: held.day, total: held.total });
    }
    let Some(ours) = ours else {
        if asked != Asked::WithCertainty {
            return Judgement::Ask;
        }
        known.findings.push(Finding {
            ledger: Some(held.side()),
            namesake: seen.namesake.as_ref().map(Shown::side),
            ..held.finding(Class::MissingInAccurate)
        });
        return Judgement::Known(known);
    };
    let fields = held.fields_that_differ_from(ours);
    // Entered again: receipts and returns are still to be booked on the invoice with the earlier id.
    let is_another = held.accurate_id.is_some_and(|id| id != ours.id);
    if is_another || !fields.is_empty() {
        if asked == Asked::Never {
            return Judgement::Ask;
        }
        known.findings.push(Finding {
            accurate_id: Some(ours.id),
            ledger: Some(held.side()),
            accurate: Some(ours.side()),
            fields,
            ..held.finding(Class::Differs)
        });
    }
    if let Some(finding) = held.unsettled(ours, period) {
        if asked != Asked::WithCertainty {
            return Judgement::Ask;
        }
        known.findings.push(finding);
    }
    for one in shown {
        known.accurate.extend(one.counted(period));
        if one.id != ours.id && period.contains(one.day) {
            known.findings.push(Finding {
                subject: Subject::Invoice(one.id),
                accurate_id: Some(one.id),
                accurate: Some(one.side()),
                ..held.finding(Class::Twice)
            });
        }
    }
    Judgement::Known(known)
}

/// The ledger says that the invoice no longer exists.
fn unwanted(held: &Held, shown: &[Shown], period: Period) -> Known {
    let mut known = Known::default();
    for (nth, one) in shown.iter().filter(|one| period.contains(one.day)).enumerate() {
        known.accurate.extend(one.counted(period));
        let subject = if nth == 0 { Subject::Order(held.order_id.clone()) } else { Subject::Invoice(one.id) };
        known.findings.push(Finding {
            subject,
            accurate_id: Some(one.id),
            accurate: Some(one.side()),
            ..held.finding(Class::VoidStanding)
        });
    }
    known
}

/// Judges an invoice of one of our customers that we have not created. Its description may still name an order.
pub fn stranger(shown: &Shown, store_id: &str, named: Option<&Named>, period: Period) -> Known {
    let Some(amount) = shown.counted(period) else { return Known::default() };
    let is_cancelled = named.is_some_and(|named| named.is_cancelled);
    let finding = Finding {
        class: if is_cancelled { Class::VoidStanding } else { Class::Foreign },
        subject: Subject::Invoice(shown.id),
        order_id: named.map(|named| named.order_id.clone()),
        store_id: store_id.to_owned(),
        accurate_id: Some(shown.id),
        ledger: None,
        accurate: Some(shown.side()),
        forstok: None,
        owed: None,
        namesake: None,
        unsettled: None,
        fields: Vec::new(),
        is_draft: false,
    };
    Known { ledger: None, accurate: vec![amount], findings: vec![finding] }
}

/// Whether Accurate was asked for an order's invoices one by one, and how long after the order's last change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// Not since the order last changed.
    Never,
    /// Since then, but so soon that an invoice may not be shown yet, or one that was deleted still be.
    SinceChange,
    /// Long enough after it.
    WithCertainty,
}
