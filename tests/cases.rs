//! Webhook bodies that once caused bugs (`tests/cases/`), each processed from recording to Accurate.

mod arriving;
mod cancelling;
mod reading;
mod unreadable;

use axum::body::Bytes;
use forstok_accurate::{
    domain::reason::{Finding, Language, Warning},
    inbox::record::delivery,
    sandbox::samples::MAPPING,
    storage::Receipt,
};

use crate::world::{World, fold_all};

/// The body of a case, unchanged.
macro_rules! case {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/", $name, ".json"))
    };
}
pub(crate) use case;

/// A world with the item of the cases, at a time after all of them.
async fn a_world() -> World {
    a_world_with(MAPPING).await
}

async fn a_world_with(mapping: &str) -> World {
    let mut world = World::with_mapping(mapping).await;
    world.advance(3 * 86_400);
    world
}

/// The sample mapping with one text replaced.
fn mapping_with(from: &str, to: &str) -> String {
    let mapping = MAPPING.replace(from, to);
    assert_ne!(mapping, MAPPING, "{from:?} is not in the mapping");
    mapping
}

impl World {
    /// A body arrives.
    pub(crate) async fn arrives(&mut self, body: impl AsRef<[u8]>) -> Receipt {
        let delivery = delivery(Bytes::copy_from_slice(body.as_ref()), self.clock_now());
        let mut receipts = self.storage.record(&[delivery]).await.expect("recorded");
        fold_all(self.storage.as_ref()).await;
        receipts.pop().expect("one receipt for one delivery")
    }

    /// A body arrives and is processed completely.
    pub(crate) async fn takes(&mut self, body: impl AsRef<[u8]>) {
        self.arrives(body).await;
        self.run_until_settled().await;
    }

    /// The total and the date of the only invoice.
    pub(crate) fn only_invoice(&self) -> (String, String) {
        let invoices = self.accurate.invoices();
        assert_eq!(invoices.len(), 1, "{invoices:?}");
        (invoices[0].total_amount.normalize().to_string(), invoices[0].trans_date.to_string())
    }

    /// The findings that block an order.
    pub(crate) async fn findings(&self, id: &str) -> Vec<Finding> {
        self.order(id).await.findings
    }

    /// The subject of a finding, in English.
    #[expect(clippy::unused_self, reason = "it reads like the other questions to the world")]
    pub(crate) fn about(&self, finding: &Finding) -> String {
        finding.about.in_words(Language::English)
    }

    pub(crate) async fn is_warned(&self, id: &str, warning: Warning) -> bool {
        self.warnings(id).await.contains(&warning)
    }
}
