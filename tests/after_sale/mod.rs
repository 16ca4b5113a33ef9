//! What happens after the sale: payouts become receipts, returns become returns, and everything can be undone.

mod adopting;
mod api;
mod approving;
mod by_hand;
mod cancelling;
mod closed_months;
mod continuing;
mod deleting;
mod expected;
mod files;
mod moving;
mod outdated;
mod owed;
mod receipts;
mod refusals;
mod together;
mod transactions;
mod trouble;
mod trying;
mod unreadable;
mod ways_out;
mod webhook;

use forstok_accurate::{
    clock::Clock,
    domain::{
        document::Kind,
        payout::{Payout, RowState},
        return_record::ReturnRecord,
    },
    sandbox::samples::MAPPING,
    storage::{Approving, RowContent, RowFilter, RowRecord, RowRecorded},
};
use serde_json::{Value, json};

use crate::world::{Base, World, order, order_id};

/// A world whose mapping knows the fees of a marketplace.
async fn world(base: Base) -> World {
    let mapping =
        format!("{MAPPING}\n[payout]\npost = \"approve\"\n\n[payout.kinds]\n\"commission\" = \"service_fee\"\n");
    World::on_with_mapping(base, &mapping).await
}

/// A payout of the marketplace for an order.
fn payout(id: &str, row: &str, net: i64, amounts: &Value) -> RowContent {
    let payout: Payout = serde_json::from_value(json!({
        "source": "shopee", "id": row, "store_id": "8277", "channel_order_id": format!("INV-{id}"),
        "paid_at": "2024-01-31", "net": net, "amounts": amounts,
    }))
    .expect("a payout");
    RowContent::Payout(payout)
}

/// A return of an order, or of a part of it.
fn return_record(id: &str, row: &str, more: &Value) -> RowContent {
    let mut record = json!({
        "source": "shopee", "id": row, "store_id": "8277", "channel_order_id": format!("INV-{id}"),
        "accepted_at": "2024-01-30", "received_at": "2024-01-31", "goods": "returned",
    });
    record.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    let record: ReturnRecord = serde_json::from_value(record).expect("a return record");
    RowContent::Return(record)
}

impl World {
    /// An order for 150,000 is invoiced.
    async fn invoiced(&mut self, id: &str) {
        self.forstok_sends(order(id).price(150_000).ready_to_ship()).await;
        self.run_until_settled().await;
        assert_eq!(self.state(id).await, "invoiced");
    }

    /// The marketplace paid for an order.
    pub(crate) async fn paid(&mut self, id: &str, row: &str, net: i64, amounts: Value) -> RowRecorded {
        self.recorded(payout(id, row, net, &amounts)).await
    }

    /// An order, or a part of it, went back.
    pub(crate) async fn went_back(&mut self, id: &str, row: &str, more: Value) -> RowRecorded {
        self.recorded(return_record(id, row, &more)).await
    }

    async fn recorded(&mut self, row: RowContent) -> RowRecorded {
        let recorded = self.storage.record_rows(&[row], self.clock.now()).await.expect("recorded");
        self.run_until_settled().await;
        recorded[0].clone()
    }

    /// A person approves everything that waits.
    async fn approves_all(&mut self, kind: Kind) -> u64 {
        let all = RowFilter::default();
        let now = self.clock.now();
        let approved = self.storage.approve_rows(kind, Approving::Shown(&all), "sari", now).await.expect("written");
        self.run_until_settled().await;
        approved
    }

    async fn row(&self, kind: Kind, id: &str) -> RowRecord {
        let rows = self.storage.settlement_rows(kind, &RowFilter::default(), None, 100).await.expect("readable");
        rows.into_iter().find(|row| row.content.key().1 == id).expect("the row is known")
    }

    async fn payout_state(&self, id: &str) -> (RowState, &'static str) {
        let row = self.row(Kind::Receipt, id).await;
        (row.state, row.reason.map_or("", forstok_accurate::domain::reason::Reason::code))
    }

    async fn return_state(&self, id: &str) -> (RowState, &'static str) {
        let row = self.row(Kind::Return, id).await;
        (row.state, row.reason.map_or("", forstok_accurate::domain::reason::Reason::code))
    }

    /// Kinds and numbers of what is booked for an order, with its state.
    async fn documents(&self, id: &str) -> Vec<(String, &'static str)> {
        let (_, documents) = self.storage.booked(&order_id(id)).await.expect("readable");
        documents.into_iter().map(|document| (document.number.to_string(), document.progress.as_str())).collect()
    }
}

/// Runs a test on both databases.
macro_rules! on_both {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        mod sqlite { $( #[tokio::test] async fn $name() { super::$name(crate::world::Base::Sqlite).await; } )* }
        mod postgres { $( #[tokio::test] async fn $name() { super::$name(crate::world::Base::Postgres).await; } )* }
    };
}
use on_both;
