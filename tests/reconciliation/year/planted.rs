//! What people did, and webhooks that got lost, that nobody has dealt with yet, with the amounts on both sides.
//!
//! Kept apart from everything that the service knows: only what the test itself has done is in it.

use std::collections::{BTreeMap, BTreeSet};

use forstok_accurate::{domain::reconciliation::Class, storage::FindingRecord};

/// A difference: its class, and what the finding must say of both sides, in hundredths of a rupiah.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) class: Class,
    pub(super) ledger: Option<i64>,
    pub(super) accurate: Option<i64>,
}

/// Each difference, by what it is about.
#[derive(Default)]
pub(super) struct Planted {
    differences: BTreeMap<String, Difference>,
    /// What was dealt with since the last complete run, which alone closes a finding.
    dealt_with: BTreeMap<String, Difference>,
    /// The same when the backup was made, whose database still has these findings open.
    dealt_with_at_backup: BTreeMap<String, Difference>,
    /// Lost since the backup.
    lost: BTreeSet<String>,
}

impl Planted {
    /// Somebody deleted or changed the invoice of an order: both sides as they are now.
    pub(super) fn plant_order(&mut self, id: u32, class: Class, ledger: i64, accurate: Option<i64>) {
        self.differences.insert(format!("order:{id}"), Difference { class, ledger: Some(ledger), accurate });
    }

    /// Somebody added an invoice.
    pub(super) fn plant_invoice(&mut self, id: i64, class: Class, accurate: i64) {
        self.differences.insert(format!("invoice:{id}"), Difference { class, ledger: None, accurate: Some(accurate) });
    }

    /// Forstok lists something about an order that never arrived.
    pub(super) fn plant_lost(&mut self, id: u32, class: Class) {
        let subject = format!("forstok:{id}");
        self.lost.insert(subject.clone());
        self.differences.insert(subject, Difference { class, ledger: None, accurate: None });
    }

    /// From now on, what is lost is also lost since a backup.
    pub(super) fn backup_is_made(&mut self) {
        self.lost.clear();
        self.dealt_with_at_backup.clone_from(&self.dealt_with);
    }

    /// The backup takes the place of the database, and everything that Forstok lists since then arrives; returns the
    /// orders and the cancelled orders of it that were lost.
    pub(super) fn what_was_lost_arrives(&mut self) -> (Vec<u32>, Vec<u32>) {
        self.dealt_with.append(&mut self.dealt_with_at_backup);
        let (mut orders, mut cancelled) = (Vec::new(), Vec::new());
        for subject in std::mem::take(&mut self.lost) {
            let Some(difference) = self.differences.remove(&subject) else { continue };
            let id = subject.trim_start_matches("forstok:").parse().expect("an order's id");
            if difference.class == Class::MissedWebhook { orders.push(id) } else { cancelled.push(id) }
        }
        (orders, cancelled)
    }

    pub(super) fn clear(&mut self) {
        self.dealt_with.append(&mut self.differences);
        self.lost.clear();
    }

    /// These findings are what was planted and nothing else.
    pub(super) fn is_all_of(&mut self, findings: &[FindingRecord]) {
        self.dealt_with.clear();
        let found: BTreeMap<_, _> = findings.iter().map(|finding| (subject(finding), difference(finding))).collect();
        assert_eq!(found, self.differences);
        assert_eq!(findings.len(), found.len(), "nothing is found twice");
    }

    /// Nothing else was found; some of it may not have been seen, and no finding was closed.
    pub(super) fn includes(&self, findings: &[FindingRecord]) {
        for finding in findings {
            let subject = subject(finding);
            let known = self.differences.get(&subject).or_else(|| self.dealt_with.get(&subject));
            assert_eq!(known, Some(&difference(finding)), "{finding:?}");
        }
    }
}

fn difference(finding: &FindingRecord) -> Difference {
    Difference { class: finding.class, ledger: finding.ledger_total, accurate: finding.accurate_total }
}

fn subject(finding: &FindingRecord) -> String {
    match finding.class {
        Class::Twice | Class::Foreign => format!("invoice:{}", finding.accurate_id.expect("it is there")),
        Class::MissedWebhook | Class::Stale => format!("forstok:{}", finding.order_id.clone().expect("it is known")),
        _ => format!("order:{}", finding.order_id.clone().expect("it is known")),
    }
}
