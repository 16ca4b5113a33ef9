//! Request bodies as the OpenAPI document describes them.
//!
//! The program reads these bodies more leniently than they are described here (`forstok/payload.rs`,
//! `domain/mapping/read.rs`); whoever sends what is described is understood.

use std::collections::BTreeMap;

use utoipa::ToSchema;

/// What Forstok sends: an event and the order as it is now. Unknown fields are ignored.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct WebhookBody {
    /// The event; anything that begins with `orders/` is about an order.
    #[schema(example = "orders/update", pattern = "^orders/[a-z]{1,20}$")]
    event: String,
    /// The order.
    order: ForstokOrder,
}

/// An order as Forstok describes it; amounts are in rupiah.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its description is used")]
struct ForstokOrder {
    /// Forstok's order id.
    #[schema(example = 138_163_394, minimum = 1, maximum = 999_999_999_999_i64)]
    id: i64,
    /// The status in Forstok's words.
    #[schema(example = "Ready to Ship", max_length = 100)]
    status: String,
    /// When this was last changed in Forstok.
    #[schema(example = "2023-11-27T11:19:00.000+07:00", format = DateTime)]
    updated_at: String,
    /// When the buyer ordered.
    #[schema(example = "2023-11-27T11:19:00.000+07:00", format = DateTime)]
    ordered_at: Option<String>,
    /// The number that the buyer sees.
    #[schema(example = "231127PECAFY4J", max_length = 60)]
    local_name: Option<String>,
    /// The marketplace's own id of the order.
    #[schema(max_length = 60)]
    local_id: Option<String>,
    /// The marketplace.
    #[schema(example = "shopee", max_length = 60)]
    channel: Option<String>,
    /// Forstok's store id.
    #[schema(example = 8277, minimum = 1, maximum = 999_999_999_999_i64)]
    store_id: Option<i64>,
    /// The store's name.
    #[schema(max_length = 200)]
    store_name: Option<String>,
    /// Forstok's id of the warehouse that the order is sent from.
    #[schema(example = 834, minimum = 1, maximum = 999_999_999_999_i64)]
    warehouse_id: Option<i64>,
    /// The products, a line for each piece.
    #[schema(max_items = 5000)]
    item_lines: Vec<ForstokLine>,
    /// What the buyer pays for shipping.
    #[schema(example = 11000, minimum = 0, maximum = 1_000_000_000_000_i64)]
    shipping_price: Option<i64>,
    /// Whether the marketplace pays the courier.
    #[schema(example = true)]
    cashless: Option<bool>,
    /// The seller's discount.
    #[schema(example = 0, minimum = 0, maximum = 1_000_000_000_000_i64)]
    discount_amount: Option<i64>,
    /// The seller's voucher.
    #[schema(example = 0, minimum = 0, maximum = 1_000_000_000_000_i64)]
    voucher_seller: Option<i64>,
    /// What Forstok reckons as the order's total.
    #[schema(example = 80000, minimum = 0, maximum = 1_000_000_000_000_i64)]
    total_price: Option<i64>,
}

/// One line of an order.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its description is used")]
struct ForstokLine {
    /// The seller's number of the product.
    #[schema(example = "AAA2002", max_length = 100)]
    sku: Option<String>,
    /// The product's name.
    #[schema(example = "Sepatu Formal Hitam Pria", max_length = 500)]
    name: Option<String>,
    /// The variant's name.
    #[schema(max_length = 200)]
    variant_name: Option<String>,
    /// Forstok's id of the variant.
    #[schema(minimum = 1, maximum = 999_999_999_999_i64)]
    variant_id: Option<i64>,
    /// The price of one piece.
    #[schema(example = 80000, minimum = 0, maximum = 1_000_000_000_i64)]
    price: i64,
    /// The price of one piece after the product's own discount; overrides `price`.
    #[schema(minimum = 0, maximum = 1_000_000_000_i64)]
    sale_price: Option<i64>,
    /// Pieces; 1 when absent.
    #[schema(example = 1, minimum = 1, maximum = 10000)]
    quantity: Option<i64>,
    /// The parts of a bundle.
    #[schema(max_items = 100)]
    bundle_info: Vec<ForstokBundlePart>,
}

/// A part of a bundle.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its description is used")]
struct ForstokBundlePart {
    /// The seller's number of the product.
    #[schema(max_length = 100)]
    sku: Option<String>,
    /// The product's name.
    #[schema(max_length = 500)]
    name: Option<String>,
    /// Pieces in one bundle.
    #[schema(example = 1, minimum = 1, maximum = 1000)]
    qty: i64,
    /// The price of one piece.
    #[schema(minimum = 0, maximum = 1_000_000_000_i64)]
    item_price: Option<i64>,
}

/// The mapping, with the keys of the TOML file. A key that is absent has its default.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct MappingBody {
    /// The status at which the invoice is created.
    #[schema(example = "Ready to Ship")]
    auto_create_at: Option<String>,
    /// After a cancellation: delete the invoice (`void`) or leave it (`keep`).
    #[schema(example = "void")]
    on_cancel: Option<String>,
    /// Orders placed before this day are ignored.
    #[schema(example = "2026-11-01", format = Date)]
    orders_from: Option<String>,
    /// The day of the invoice: `trigger` or `ordered`.
    #[schema(example = "trigger")]
    invoice_date: Option<String>,
    /// The template of the invoice's number.
    #[schema(example = "{channel_order_id}")]
    invoice_number: Option<String>,
    /// The template of the invoice's description.
    #[schema(example = "{order_id}")]
    description: Option<String>,
    /// `parent_and_children`, `parent` or `children`.
    #[schema(example = "parent_and_children")]
    bundles: Option<String>,
    /// `warn` or `block`.
    #[schema(example = "warn")]
    on_total_difference: Option<String>,
    /// `block` or `accept`.
    #[schema(example = "block")]
    unknown_stores: Option<String>,
    /// Whether a store that Accurate does not know is created as a customer.
    create_missing_customers: Option<bool>,
    /// Tax.
    tax: Option<MappingTax>,
    /// Category of an amount → account number in Accurate.
    #[schema(example = json!({"shipping": "700101"}))]
    accounts: Option<BTreeMap<String, String>>,
    /// Forstok's warehouse id → warehouse in Accurate.
    #[schema(example = json!({"834": "Utama"}))]
    warehouses: Option<BTreeMap<String, String>>,
    /// SKU in Forstok → item number in Accurate.
    #[schema(example = json!({"SET-GEO": "SETGEO-01"}))]
    skus: Option<BTreeMap<String, String>>,
    /// Forstok's store id → its settings.
    #[schema(example = json!({"8277": {"branch": "Kantor Pusat"}}))]
    stores: Option<BTreeMap<String, MappingStore>>,
}

/// Tax on invoices.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its description is used")]
struct MappingTax {
    /// `off`, `inclusive` or `exclusive`.
    #[schema(example = "off")]
    mode: Option<String>,
}

/// The settings of one store.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its description is used")]
struct MappingStore {
    /// The Accurate database, by its name in the settings.
    #[schema(example = "main")]
    book: Option<String>,
    /// The store's customer number in Accurate.
    customer_no: Option<String>,
    /// The branch.
    #[schema(example = "Kantor Pusat")]
    branch: Option<String>,
    /// The account that payouts arrive on.
    bank_account: Option<String>,
    /// The payment term.
    payment_term: Option<String>,
    /// Whether orders of this store are invoiced.
    enabled: Option<bool>,
    /// Overrides the mapping's tax.
    tax: Option<MappingTax>,
    /// Overrides the mapping's accounts.
    accounts: Option<BTreeMap<String, String>>,
    /// Overrides the mapping's warehouses.
    warehouses: Option<BTreeMap<String, String>>,
}
