//! The mapping as the OpenAPI document describes it (`domain/mapping/read.rs` reads it). Null means absent.

mod after_sale;

use std::{borrow::Cow, collections::BTreeMap};

use serde_json::Value;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Ref, RefOr,
        schema::{AdditionalProperties, AnyOfBuilder, Object, ObjectBuilder, Schema, SchemaType, Type},
    },
};

use self::after_sale::{MappingPayout, MappingReturns};
use crate::domain::mapping::{AUTO_CREATE_AT, CATEGORIES};

/// The mapping, with the keys of the TOML file. A key that is absent has its default.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct MappingBody {
    /// The nightly reconciliation.
    reconcile: Option<MappingReconcile>,
    /// Payouts.
    payout: Option<MappingPayout>,
    /// Returns.
    returns: Option<MappingReturns>,
    /// `on`, or `shadow`: everything is decided and drafted, and nothing is sent to Accurate.
    #[schema(example = "on", schema_with = posting)]
    posting: Option<String>,
    /// The status at which the invoice is created.
    #[schema(example = "Ready to Ship", schema_with = statuses)]
    auto_create_at: Option<String>,
    /// After a cancellation: delete the invoice (`void`) or leave it (`keep`).
    #[schema(example = "void", schema_with = on_cancel)]
    on_cancel: Option<String>,
    /// Orders placed before this day are ignored.
    #[schema(example = "2026-11-01", format = Date)]
    orders_from: Option<String>,
    /// The day of the invoice: `trigger` or `ordered`.
    #[schema(example = "trigger", schema_with = invoice_date)]
    invoice_date: Option<String>,
    /// The template of the invoice's number; empty for the usual one, else it holds `{channel_order_id}` or
    /// `{order_id}`.
    #[schema(
        example = "{channel_order_id}",
        pattern = r"^\s*$|^([^{}]|\{(channel_order_id|order_id|store_id)\})*\{(channel_order_id|order_id)\}([^{}]|\{(channel_order_id|order_id|store_id)\})*$"
    )]
    invoice_number: Option<String>,
    /// The template of the invoice's description; empty for the usual one, else it holds `{order_id}`.
    #[schema(
        example = "{order_id}",
        pattern = r"^\s*$|^([^{}]|\{(channel_order_id|order_id|store_id)\})*\{order_id\}([^{}]|\{(channel_order_id|order_id|store_id)\})*$"
    )]
    description: Option<String>,
    /// `parent_and_children`, `parent` or `children`.
    #[schema(example = "parent_and_children", schema_with = bundles)]
    bundles: Option<String>,
    /// `warn` or `block`.
    #[schema(example = "warn", schema_with = on_total_difference)]
    on_total_difference: Option<String>,
    /// `block` or `accept`.
    #[schema(example = "block", schema_with = unknown_stores)]
    unknown_stores: Option<String>,
    /// Whether a store that Accurate does not know is created as a customer.
    create_missing_customers: Option<bool>,
    /// Tax.
    tax: Option<MappingTax>,
    /// Category of an amount → account number in Accurate.
    #[schema(example = json!({"shipping": "700101"}), schema_with = accounts)]
    accounts: Option<BTreeMap<String, String>>,
    /// Forstok's warehouse id → warehouse in Accurate.
    #[schema(example = json!({"834": "Utama"}), schema_with = names)]
    warehouses: Option<BTreeMap<String, String>>,
    /// SKU in Forstok → item number in Accurate.
    #[schema(example = json!({"SET-GEO": "SETGEO-01"}), schema_with = names)]
    skus: Option<BTreeMap<String, String>>,
    /// Forstok's store id → its settings.
    #[schema(example = json!({"8277": {"branch": "Kantor Pusat"}}), schema_with = stores)]
    stores: Option<BTreeMap<String, MappingStore>>,
}

/// Tax on invoices.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its description is used")]
struct MappingTax {
    /// `off`, `inclusive` or `exclusive`.
    #[schema(example = "off", schema_with = tax_modes)]
    mode: Option<String>,
}

/// The settings of one store.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct MappingStore {
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
    #[schema(schema_with = accounts)]
    accounts: Option<BTreeMap<String, String>>,
    /// Overrides the mapping's warehouses.
    #[schema(schema_with = names)]
    warehouses: Option<BTreeMap<String, String>>,
}

/// A mapping to be checked: any JSON object, since the answer says what is wrong with it.
pub(crate) struct MappingDraft;

impl PartialSchema for MappingDraft {
    fn schema() -> RefOr<Schema> {
        let anything = ObjectBuilder::new()
            .schema_type(Type::Object)
            .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(true)));
        super::any_of(
            "A mapping, or any other JSON object: the answer says what is wrong with it.",
            [RefOr::Ref(Ref::from_schema_name(MappingBody::name())), anything.into()],
        )
    }
}

impl ToSchema for MappingDraft {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("MappingDraft")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((MappingBody::name().into_owned(), MappingBody::schema()));
        MappingBody::schemas(schemas);
    }
}

/// A value of this type, or null.
fn or_null(kind: Type) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::from_iter([kind, Type::Null]))
}

fn one_of(words: impl IntoIterator<Item = &'static str>) -> Object {
    let words = words.into_iter().map(Value::from).chain([Value::Null]);
    or_null(Type::String).enum_values(Some(words)).build()
}

/// The nightly reconciliation.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its description is used")]
struct MappingReconcile {
    /// When the nightly run begins, as `HH:MM` in WIB; empty for never.
    #[schema(example = "02:30", pattern = r"^\s*$|^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    at: Option<String>,
    /// How many days back it compares.
    #[schema(example = 45, minimum = 1, maximum = 366)]
    days: Option<i64>,
    /// `trans_date`: invoices of these days; `last_update`: also invoices of other days that were changed since the
    /// last run.
    #[schema(example = "trans_date", schema_with = reconcile_by)]
    by: Option<String>,
}

fn reconcile_by() -> Object {
    one_of(["trans_date", "last_update"])
}

fn statuses() -> Object {
    one_of(AUTO_CREATE_AT.map(|(word, _)| word))
}

fn posting() -> Object {
    one_of(["on", "shadow"])
}

fn on_cancel() -> Object {
    one_of(["void", "keep"])
}

fn invoice_date() -> Object {
    one_of(["trigger", "ordered"])
}

fn bundles() -> Object {
    one_of(["parent_and_children", "parent", "children"])
}

fn on_total_difference() -> Object {
    one_of(["warn", "block"])
}

fn unknown_stores() -> Object {
    one_of(["block", "accept"])
}

fn tax_modes() -> Object {
    one_of(["off", "inclusive", "exclusive"])
}

/// A table with a text for each category.
fn accounts() -> Object {
    let text = or_null(Type::String).build();
    let table = or_null(Type::Object).additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)));
    CATEGORIES.into_iter().fold(table, |table, category| table.property(category, text.clone())).build()
}

/// A table with any keys and texts that are not empty.
fn names() -> Object {
    let text = Schema::Object(or_null(Type::String).pattern(Some(r"\S")).build());
    or_null(Type::Object).additional_properties(Some(text)).build()
}

/// A table with the stores' ids.
fn stores() -> Object {
    let id = ObjectBuilder::new().schema_type(Type::String).pattern(Some(r"\S")).build();
    let null = ObjectBuilder::new().schema_type(Type::Null);
    let store = AnyOfBuilder::new().item(MappingStore::schema()).item(null).build();
    or_null(Type::Object)
        .property_names(Some(Schema::Object(id)))
        .additional_properties(Some(Schema::AnyOf(store)))
        .build()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use utoipa::PartialSchema;

    use super::MappingBody;
    use crate::{domain::mapping::Mapping, sandbox::samples};

    /// What a document holds that its schema does not describe, by path.
    fn undescribed(schema: &Value, document: &Value, path: &str, found: &mut Vec<String>) {
        for (key, value) in document.as_object().into_iter().flatten() {
            let path = format!("{path}.{key}");
            let (known, others) = (&schema["properties"][key], &schema["additionalProperties"]);
            match if known.is_null() { others } else { known } {
                Value::Null | Value::Bool(false) => found.push(path),
                schema if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) => found.push(path),
                schema => undescribed(schema, value, &path, found),
            }
        }
    }

    #[test]
    fn every_key_and_word_of_a_mapping_is_described() {
        let schema = serde_json::to_value(MappingBody::schema()).expect("a schema is JSON");
        let mapping = Mapping::parse("mapping.toml", samples::MAPPING).expect("valid");
        let mut document = serde_json::to_value(mapping.to_table()).expect("a mapping is JSON");
        // These stand in schemas of their own.
        for key in ["tax", "stores", "reconcile", "payout", "returns"] {
            document.as_object_mut().expect("an object").remove(key).expect("it is there");
        }
        let mut found = Vec::new();
        undescribed(&schema, &document, "mapping", &mut found);
        assert_eq!(found, [""; 0]);
        document["bundles"] = "some".into();
        document["accounts"]["postage"] = "1".into();
        undescribed(&schema, &document, "mapping", &mut found);
        assert_eq!(found, ["mapping.accounts.postage", "mapping.bundles"]);
    }
}
