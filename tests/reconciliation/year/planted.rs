//! What people did, and webhooks that got lost, that nobody has dealt with yet.
//!
//! Kept apart from everything that the service knows: only what the test itself has done is in it.

use std::collections::{BTreeMap, BTreeSet};

use forstok_accurate::{domain::reconciliation::Class, storage::FindingRecord};

/// The class of each difference, by what it is about.
#[derive(Default)]
pub(super) struct Planted {
    classes: BTreeMap<String, Class>,
    /// What was dealt with since the last complete run, which alone closes a finding.
    dealt_with: BTreeMap<String, Class>,
    /// The same when the backup was made, whose database still has these findings open.
    dealt_with_at_backup: BTreeMap<String, Class>,
    /// Lost since the backup.
    lost: BTreeSet<String>,
}

impl Planted {
    pub(super) fn plant_order(&mut self, id: u32, class: Class) {
        self.classes.insert(format!("order:{id}"), class);
    }

    pub(super) fn plant_invoice(&mut self, id: i64, class: Class) {
        self.classes.insert(format!("invoice:{id}"), class);
    }

    /// Forstok lists something about an order that never arrived.
    pub(super) fn plant_lost(&mut self, id: u32, class: Class) {
        let subject = format!("forstok:{id}");
        self.lost.insert(subject.clone());
        self.classes.insert(subject, class);
    }

    /// From now on, what is lost is also lost since a backup.
    pub(super) fn backup_is_made(&mut self) {
        self.lost.clear();
        self.dealt_with_at_backup.clone_from(&self.dealt_with);
    }

    /// The backup takes the place of the database, and everything that Forstok lists since then arrives; returns how
    /// many orders and how many cancellations of it were lost.
    pub(super) fn what_was_lost_arrives(&mut self) -> (usize, usize) {
        self.dealt_with.append(&mut self.dealt_with_at_backup);
        let arrived: Vec<_> =
            std::mem::take(&mut self.lost).iter().filter_map(|one| self.classes.remove(one)).collect();
        let orders = arrived.iter().filter(|class| **class == Class::MissedWebhook).count();
        (orders, arrived.len() - orders)
    }

    pub(super) fn clear(&mut self) {
        self.dealt_with.append(&mut self.classes);
        self.lost.clear();
    }

    /// These findings are what was planted and nothing else.
    pub(super) fn is_all_of(&mut self, findings: &[FindingRecord]) {
        self.dealt_with.clear();
        let found: BTreeMap<_, _> = findings.iter().map(|finding| (subject(finding), finding.class)).collect();
        assert_eq!(found, self.classes);
        assert_eq!(findings.len(), found.len(), "nothing is found twice");
    }

    /// Nothing else was found; some of it may not have been seen, and no finding was closed.
    pub(super) fn includes(&self, findings: &[FindingRecord]) {
        for finding in findings {
            let subject = subject(finding);
            let known = self.classes.get(&subject).or_else(|| self.dealt_with.get(&subject));
            assert_eq!(known, Some(&finding.class), "{finding:?}");
        }
    }
}

fn subject(finding: &FindingRecord) -> String {
    match finding.class {
        Class::Twice | Class::Foreign => format!("invoice:{}", finding.accurate_id.expect("it is there")),
        Class::MissedWebhook | Class::Stale => format!("forstok:{}", finding.order_id.clone().expect("it is known")),
        _ => format!("order:{}", finding.order_id.clone().expect("it is known")),
    }
}
