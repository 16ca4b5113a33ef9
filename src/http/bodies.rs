//! Request bodies as the OpenAPI document describes them.
//!
//! A body that matches its description is accepted, unless it names something that only the settings know (the books of
//! a mapping). A body that does not match is refused, with one exception: the webhook keeps every authentic body.

mod after_sale;
mod decision;
mod mapping;

use std::borrow::Cow;

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Ref, RefOr,
        schema::{AnyOfBuilder, ObjectBuilder, Schema, SchemaType, Type},
    },
};

pub(crate) use self::{
    after_sale::{PayoutRow, ReturnRow},
    decision::DecisionBody,
    mapping::{MappingBody, MappingDraft},
};

/// What Forstok sends: an event and the order as it is now. Unknown fields are ignored.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct WebhookBody {
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
    /// The order's total as Forstok calculates it.
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

/// A webhook's body, read as leniently as a webhook is: a body that names an order's id is an order, and any other
/// value that cannot be read becomes a finding.
pub(crate) struct PreviewBody;

impl PartialSchema for PreviewBody {
    fn schema() -> RefOr<Schema> {
        any_of(
            "What Forstok sends, or any other body that names an order's id: whatever else cannot be read becomes a \
             finding.",
            [WebhookBody::name(), OrderWithAnId::name()].map(Ref::from_schema_name),
        )
    }
}

impl ToSchema for PreviewBody {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("PreviewBody")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((WebhookBody::name().into_owned(), WebhookBody::schema()));
        WebhookBody::schemas(schemas);
        schemas.push((OrderWithAnId::name().into_owned(), OrderWithAnId::schema()));
        OrderWithAnId::schemas(schemas);
    }
}

/// One of these schemas or several.
fn any_of<S: Into<RefOr<Schema>>>(description: &str, schemas: impl IntoIterator<Item = S>) -> RefOr<Schema> {
    let any_of = AnyOfBuilder::new().description(Some(description));
    RefOr::T(Schema::AnyOf(schemas.into_iter().fold(any_of, AnyOfBuilder::item).build()))
}

/// An envelope with an order of which only the id must be readable.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct OrderWithAnId {
    /// A text that is not empty begins with `orders/`; anything but a text is ignored.
    #[schema(schema_with = event)]
    event: Option<serde_json::Value>,
    /// The order. Unknown fields are ignored.
    order: JustTheId,
}

/// An order of which only the id must be readable.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its description is used")]
struct JustTheId {
    /// Forstok's order id: digits, as a number or as a text, also with an empty fraction such as `8277.0`.
    #[schema(schema_with = id)]
    id: serde_json::Value,
}

fn event() -> Schema {
    let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(r"^\s*(orders/.*)?\s*$"));
    let others = [Type::Null, Type::Boolean, Type::Number, Type::Array, Type::Object];
    let other = ObjectBuilder::new().schema_type(SchemaType::from_iter(others));
    Schema::AnyOf(AnyOfBuilder::new().item(text).item(other).build())
}

fn id() -> Schema {
    let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1));
    let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(r"^0*[1-9][0-9]{0,39}(\.0+)?$"));
    Schema::AnyOf(AnyOfBuilder::new().item(number).item(text).build())
}
