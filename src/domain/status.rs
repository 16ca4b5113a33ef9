//! Forstok's order statuses and their ranks.

use serde::{Deserialize, Serialize};

/// A status that Forstok documents (forstok.md §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are Forstok's own and say it all")]
pub enum Status {
    PendingPayment,
    PendingCourier,
    Open,
    Picked,
    Packed,
    NotShipped,
    ReadyToShip,
    Shipped,
    FailedDelivery,
    Delivered,
    Completed,
    Returned,
    Cancelled,
}

/// How far an order has progressed, from 0 to 6. An order has reached the highest rank that was ever seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Rank(u8);

impl Rank {
    /// The number of ranks.
    pub const COUNT: usize = 7;

    /// Index into a table of [`Rank::COUNT`] entries.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl Status {
    /// Parses a status, ignoring case, spaces, `_` and `-`; `None` if it is not documented.
    pub fn parse(text: &str) -> Option<Self> {
        let key: String = text
            .chars()
            .filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-'))
            .flat_map(char::to_lowercase)
            .collect();
        Some(match key.as_str() {
            "pendingpayment" => Self::PendingPayment,
            "pendingcourier" => Self::PendingCourier,
            "open" => Self::Open,
            "picked" => Self::Picked,
            "packed" => Self::Packed,
            "notshipped" | "printed" => Self::NotShipped,
            "readytoship" => Self::ReadyToShip,
            "shipped" => Self::Shipped,
            "faileddelivery" => Self::FailedDelivery,
            "delivered" => Self::Delivered,
            "completed" => Self::Completed,
            "returned" => Self::Returned,
            "cancelled" | "canceled" => Self::Cancelled,
            _ => return None,
        })
    }

    /// The status's rank; `None` for `Cancelled`, which has none.
    pub fn rank(self) -> Option<Rank> {
        Some(Rank(match self {
            Self::PendingPayment | Self::PendingCourier => 0,
            Self::Open | Self::Picked | Self::Packed => 1,
            Self::NotShipped => 2,
            Self::ReadyToShip => 3,
            Self::Shipped | Self::FailedDelivery => 4,
            Self::Delivered => 5,
            Self::Completed | Self::Returned => 6,
            Self::Cancelled => return None,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_read_in_every_spelling() {
        for text in ["Ready to Ship", "ready_to_ship", "READY-TO-SHIP", " ReadyToShip "] {
            assert_eq!(Status::parse(text), Some(Status::ReadyToShip), "{text}");
        }
        assert_eq!(Status::parse("Printed"), Some(Status::NotShipped));
        assert_eq!(Status::parse("teleported"), None);
    }

    #[test]
    fn ranks_follow_the_way_of_a_parcel() {
        let way = ["Pending Payment", "Open", "Printed", "Ready to Ship", "Shipped", "Delivered", "Completed"];
        for (rank, text) in way.iter().enumerate() {
            let status = Status::parse(text).expect("documented");
            assert_eq!(status.rank().map(Rank::index), Some(rank), "{text}");
        }
        assert_eq!(Status::Cancelled.rank(), None);
    }
}
