//! How payouts and returns are booked in a world: a part of its mapping.

use forstok_accurate::sandbox::samples::MAPPING;

use super::NEW_FEE;

/// How payouts and returns are booked in a world.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// `payout.post`.
    pub(crate) post: &'static str,
    /// `returns.mode`.
    pub(crate) returns: &'static str,
    refund_only: &'static str,
}

impl Rules {
    pub(crate) fn draw(rng: &mut fastrand::Rng) -> Self {
        Self {
            post: if rng.bool() { "approve" } else { "auto" },
            returns: ["approve", "auto", "auto", "list"][rng.usize(..4)],
            refund_only: if rng.bool() { "discount" } else { "not_returned" },
        }
    }

    /// Everything goes out without a person.
    pub(crate) fn automatic() -> Self {
        Self { post: "auto", returns: "auto", refund_only: "discount" }
    }

    /// The service creates returns, with or without a person.
    pub(crate) fn returns_are_posted(&mut self) {
        if self.returns == "list" {
            self.returns = "approve";
        }
    }

    /// The mapping of the world, before a person has mapped the new fee.
    pub(crate) fn mapping(self) -> String {
        let Self { post, returns, refund_only } = self;
        let mapping = MAPPING.replace("[warehouses]", "refund = \"600105\"\n\n[warehouses]");
        format!(
            "{mapping}\n[payout]\npost = \"{post}\"\nauto_after_days = 0\n\n[payout.kinds]\n\
             \"commission\" = \"service_fee\"\n\n[returns]\nmode = \"{returns}\"\nrefund_only = \"{refund_only}\"\n"
        )
    }
}

/// A mapping in which the new fee has its category.
pub(crate) fn with_new_fee(mapping: &str) -> String {
    mapping.replace("[payout.kinds]", &format!("[payout.kinds]\n\"{NEW_FEE}\" = \"service_fee\""))
}
