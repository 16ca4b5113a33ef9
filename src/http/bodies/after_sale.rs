//! Payouts and returns as programs send them.

use utoipa::ToSchema;

/// One payout, or a part of it, for one order. Unknown fields are refused. An amount may be a number or a text, but a
/// text with one dot and exactly three digits behind it is refused: the dot may separate thousands.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct PayoutRow {
    /// Name of the source, for example the marketplace. Source and id together identify the row.
    #[schema(example = "shopee", min_length = 1, max_length = 100)]
    source: String,
    /// Id of the row in this source. The same content again is a repeat; other content is a correction.
    #[schema(example = "row-1", min_length = 1, max_length = 200)]
    id: String,
    /// Forstok's store id, if it is known; needed if two stores have orders with the same number.
    #[schema(example = "8277", max_length = 200)]
    store_id: Option<String>,
    /// The marketplace's order number. Money without one must be booked by a person.
    #[schema(example = "231127PECAFY4J", max_length = 200)]
    channel_order_id: Option<String>,
    /// The day on which the money arrived in the seller's wallet; of a moment, its day in Jakarta.
    #[schema(example = "2026-11-05", format = Date)]
    paid_at: String,
    /// The money that arrived, in rupiah; negative if it was taken.
    #[schema(value_type = f64, example = 138_000)]
    net: serde_json::Number,
    /// The amounts that it consists of, in rupiah: what is paid to the seller is positive, what is taken is negative. A
    /// key is a category of the mapping's `accounts`, `subtotal`, `refund`, or the marketplace's name of a fee.
    #[schema(
        value_type = Option<std::collections::HashMap<String, f64>>,
        example = json!({"subtotal": 150_000, "service_fee": -12_000})
    )]
    amounts: Option<serde_json::Value>,
}

/// One return of an order; an order can have several. Unknown fields are refused.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct ReturnRow {
    /// Name of the source, for example the marketplace. Source and id together identify the return.
    #[schema(example = "shopee", min_length = 1, max_length = 100)]
    source: String,
    /// Id of the return in this source. The same content again is a repeat; other content is a correction.
    #[schema(example = "R-1", min_length = 1, max_length = 200)]
    id: String,
    /// Forstok's store id, if it is known.
    #[schema(example = "8277", max_length = 200)]
    store_id: Option<String>,
    /// The marketplace's order number.
    #[schema(example = "231127PECAFY4J", min_length = 1, max_length = 200)]
    channel_order_id: String,
    /// The day on which the request was accepted; of a moment, its day in Jakarta.
    #[schema(example = "2026-11-05", format = Date)]
    accepted_at: Option<String>,
    /// The day on which the goods arrived.
    #[schema(example = "2026-11-07", format = Date)]
    received_at: Option<String>,
    /// Whether the goods come back.
    goods: GoodsWord,
    /// What the buyer got back, in rupiah and not negative, if it is known.
    #[schema(value_type = Option<f64>, example = 75_000, minimum = 0)]
    refund: Option<serde_json::Number>,
    /// What was sent back; without any, the whole order with the shipping on its invoice.
    #[schema(max_items = 1_000)]
    pieces: Option<Vec<ReturnedPiece>>,
}

/// Whether the goods come back.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "only its description is used")]
enum GoodsWord {
    Returned,
    Kept,
}

/// Pieces of one product.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its description is used")]
struct ReturnedPiece {
    /// The product's SKU in Forstok.
    #[schema(example = "AAA2002", min_length = 1, max_length = 200)]
    sku: String,
    /// How many; above 0.
    #[schema(value_type = f64, example = 1, exclusive_minimum = 0)]
    quantity: serde_json::Number,
}
