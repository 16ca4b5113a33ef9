//! What people did in that year.

use forstok_accurate::{
    domain::{
        document::Kind,
        manual::Manual,
        reconciliation::{Action, Class, FindingState},
    },
    storage::{Acted, ByHand, FindingFilter, ManualChange, Marked, SessionRecord},
};
use jiff::SignedDuration;

use super::{Changed, SESSION, Shop, Told, ani, has_item_later, missing_item};
use crate::world::order_id;

/// The total, in rupiah, that somebody gives one invoice of a month.
const EDITED: i64 = 45_000;

impl Shop {
    /// Somebody does this in Accurate.
    fn in_accurate(&mut self, what: Told) {
        let at = self.world.clock_now();
        what.happens(&self.world.accurate, at);
        self.people.push(Changed { at, what });
    }

    /// An invoice is deleted, one gets another total, and one is added.
    pub(super) fn people_work_in_accurate(&mut self) {
        self.world.advance(60);
        self.in_accurate(Told::InvoiceRemoved { number: format!("INV-{}", self.id(15)) });
        self.in_accurate(Told::TotalEdited { number: format!("INV-{}", self.id(16)), rupiah: EDITED });
        self.in_accurate(Told::InvoiceAdded { number: format!("HAND-{}", self.month), rupiah: 25_000 });
        // Some of the missing items are added later, which the next recheck finds.
        if has_item_later(self.month) {
            self.in_accurate(Told::ItemAdded { no: missing_item(self.month) });
        }
        self.world.advance(60);
    }

    pub(super) async fn a_person_wants_no_invoice(&mut self, part: u32) {
        let id = self.id(part);
        let change = ManualChange {
            decision: Some(Manual::Never),
            reason: Some("a gift".to_owned()),
            document: None,
            actor: "ani".to_owned(),
        };
        let now = self.world.clock_now();
        self.world.storage.decide_manually(&order_id(&id), &change, now).await.expect("written");
        self.settles([part], "ignored: excluded").await;
    }

    pub(super) async fn was_booked_by_hand(&mut self, part: u32) {
        let (row, at) = (format!("p-{}", self.id(part)), self.world.clock_now());
        let by_hand = ByHand {
            document: Some(format!("RCP-{}", self.month)),
            reason: "booked it myself".to_owned(),
            amount: None,
            actor: "ani".to_owned(),
            at,
        };
        let storage = &self.world.storage;
        let marked = storage.mark_by_hand(Kind::Receipt, ("shopee", &row), Some(&by_hand), "ani", at).await;
        assert_eq!(marked.expect("written"), Marked::Done);
        self.world.run_until_settled().await;
    }

    pub(super) async fn people_deal_with_findings(&mut self) {
        let open = FindingFilter { state: Some(FindingState::Open), ..FindingFilter::default() };
        for finding in self.world.storage.findings(&open, None, 500).await.expect("readable") {
            let engine = self.world.engine.clone();
            let act = async |action| {
                let acted = engine.act_on_finding(finding.id, action, "as agreed", &ani()).await.expect("written");
                assert_eq!(acted, Acted::Done, "{finding:?}");
            };
            match finding.class {
                Class::MissingInAccurate if self.month.is_multiple_of(2) => act(Action::CreateAgain).await,
                Class::MissingInAccurate => act(Action::AcceptDeleted).await,
                Class::Differs => act(Action::Adopt).await,
                Class::Foreign => self.in_accurate(Told::InvoiceRemoved { number: finding.number.to_string() }),
                other => panic!("nobody did this: {other}"),
            }
        }
        let state = if self.month.is_multiple_of(2) { "invoiced" } else { "voided" };
        self.settles([15], state).await;
        self.settles([16], "invoiced").await;
        let adopted = self.id(16);
        self.planned.costs(&adopted, EDITED);
    }

    /// The accountant is signed in.
    pub(super) async fn is_signed_in(&mut self) {
        let now = self.world.clock_now();
        let session = SessionRecord {
            digest: SESSION.to_owned(),
            operator: "ani".to_owned(),
            proof: "proof".to_owned(),
            until: now + SignedDuration::from_hours(12),
        };
        self.world.storage.open_session(&session, now).await.expect("written");
    }
}
