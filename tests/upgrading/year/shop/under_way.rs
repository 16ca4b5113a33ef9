//! The release is stopped in the middle of its work, with orders in every stage of their way.

use axum::body::Bytes;
use forstok_accurate::{domain::document::Kind, inbox::delivery, posting::post, storage::Approving};
use jiff::SignedDuration;
use serde_json::json;

use super::{
    super::{
        Oracle, Year,
        accurate::{Changed, InAccurate, Told},
        held::{self, Held},
        rows_of,
    },
    Shop, moment, payout, today,
};
use crate::world::{order, session};

/// Accurate has saved its invoice, and the reply was not recorded.
const SAVED: &str = "9001";
/// Its invoice was not tried yet.
const DUE: &str = "9002";
/// It is not decided.
const UNDECIDED: &str = "9003";
/// Its webhook was answered, and nothing else.
const UNFOLDED: &str = "9004";
/// It was cancelled, and its invoice is to be deleted.
const CANCELLED: &str = "9005";
/// Its payout was approved, and its receipt was not tried yet.
const PAID: &str = "9006";

/// Invoices that the next version creates when it goes on, and deletes.
pub(in crate::upgrading::year) const CREATED_LATER: usize = 3;
pub(in crate::upgrading::year) const DELETED_LATER: usize = 1;

pub(in crate::upgrading::year) fn is_under_way(id: &str) -> bool {
    id.starts_with("900")
}

/// What becomes of the orders that were under way.
pub(in crate::upgrading::year) fn once_it_goes_on() -> Vec<(String, String)> {
    let state = |id| if id == CANCELLED { "voided" } else { "invoiced" };
    [SAVED, DUE, UNDECIDED, UNFOLDED, CANCELLED, PAID].map(|id| (id.to_owned(), state(id).to_owned())).into()
}

/// What becomes of the payouts that were under way.
pub(in crate::upgrading::year) fn rows_once_it_goes_on() -> Vec<(String, String)> {
    vec![(format!("receipt p-{PAID}"), "settled".to_owned())]
}

impl Shop {
    /// The release is stopped while orders are in every stage of their way.
    pub(super) async fn stops_in_the_middle(mut self) -> Year {
        self.is_signed_in().await;
        self.world.advance(3_600);
        let orders = [CANCELLED, PAID].map(|id| self.bought_for(id, 80_000));
        self.come(orders).await;
        self.world.run_until_settled().await;
        for id in [CANCELLED, PAID] {
            self.becomes(id, "invoiced").await;
        }
        self.world.advance(60);

        let saved = self.bought_for(SAVED, 80_000);
        self.come([saved]).await;
        let claim = self.world.only_claim().await;
        let session = session(&self.world.wire, &self.world.clock, true);
        post::attempt(&session, claim.invoice().expect("an invoice"), |_| SignedDuration::ZERO).await;
        self.planned.becomes(SAVED, "due");

        let cancelled = self.planned.again(CANCELLED).cancelled().updated_at(&moment(&self.world));
        let due = self.bought_for(DUE, 80_000);
        self.come([cancelled, due]).await;
        let row = [payout(PAID, &format!("p-{PAID}"), today(&self.world), 80_000, &json!({}))];
        self.world.storage.record_rows(&row, self.world.clock_now()).await.expect("recorded");
        self.world.decide_all().await;
        let key = [("shopee".to_owned(), format!("p-{PAID}"))];
        let now = self.world.clock_now();
        self.world.storage.approve_rows(Kind::Receipt, Approving::Keys(&key), "sari", now).await.expect("written");
        self.world.decide_all().await;
        self.planned.becomes(CANCELLED, "void_due");
        self.planned.becomes(DUE, "due");
        self.planned.row(format!("receipt p-{PAID}"), "due");
        let undecided = self.bought_for(UNDECIDED, 80_000);
        self.come([undecided]).await;
        self.planned.becomes(UNDECIDED, "received");
        self.planned.stopped_at = now;
        let number = |part| format!("INV-{}", self.id(part));
        self.planned.open = vec![
            format!("foreign HAND-{}", self.month),
            format!("missing_in_accurate {}", number(15)),
            format!("differs {}", number(16)),
        ];
        let unfolded = order(UNFOLDED).price(80_000).ready_to_ship().updated_at(&moment(&self.world));
        let last = [unfolded.body(), Bytes::from_static(b"not JSON")].map(|body| delivery(body, now));
        self.world.storage.record(&last).await.expect("recorded");
        self.planned.unfolded = 1;
        let held = Held::of(&self.world).await;
        held::is_as_planned(&self.world, &held, &self.planned).await;
        self.leaves(held)
    }

    fn leaves(self, held: Held) -> Year {
        let call = |(at, request)| Changed { at, what: Told::call(&request) };
        let mut changes: Vec<_> = self.world.wire.changes().into_iter().map(call).chain(self.people).collect();
        changes.sort_by_key(|change| change.at);
        let accurate = InAccurate::of(&self.world.accurate);
        let oracle = Oracle { planned: self.planned, held, accurate };
        Year { rows: rows_of(&self.world.database()), changes, oracle }
    }
}
