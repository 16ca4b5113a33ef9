//! From the fields of an order to its snapshot.

use rust_decimal::prelude::ToPrimitive;

use super::{
    super::json::{Json, object},
    fields::{Reading, id, order_id, text},
};
use crate::domain::{
    mapping::canonical_id,
    money::Rupiah,
    order::{BundlePart, OrderLine, Snapshot},
    status::Status,
    unread::{Field, Why},
};

object! {
    /// An order as Forstok writes it (forstok.md §3).
    pub(super) Order {
        id, status, channel, store_id, store_name, local_id, local_name, ordered_at, created_at, updated_at, item_lines,
        shipping_price, cashless, discount_amount, voucher_amount, voucher_seller, total_price, warehouse_id,
        warehouse_code,
    }
}

object! {
    /// A line of an order.
    Line { id, sku, name, variant_name, variant_id, price, sale_price, voucher_seller, quantity, bundle_info }
}

object! {
    /// A product inside a bundle.
    Part { sku, name, qty, subtotal, item_price }
}

/// Without an id there is nothing to be idempotent about; whatever else cannot be read is noted.
pub(super) fn read_order(order: &Order<'_>) -> Result<Snapshot, String> {
    let mut reading = Reading::of_order();
    let status_text = text(order.status).unwrap_or_default();
    let snapshot = Snapshot {
        id: order_id(Some(order.id))?,
        status: Status::parse(&status_text),
        status_text,
        channel: text(order.channel).unwrap_or_default(),
        store_id: id(order.store_id).and_then(|id| canonical_id(&id)).unwrap_or_default(),
        store_name: text(order.store_name),
        local_id: text(order.local_id),
        local_name: text(order.local_name),
        ordered_at: reading
            .first_time(Field::OrderedAt, [("ordered_at", order.ordered_at), ("created_at", order.created_at)]),
        updated_at: reading.first_time(Field::UpdatedAt, [("updated_at", order.updated_at)]),
        lines: reading.list(Field::Lines, "item_lines", order.item_lines, read_line),
        shipping_price: reading.amount(Field::Shipping, "shipping_price", order.shipping_price).unwrap_or_default(),
        cashless: reading.flag(Field::Cashless, "cashless", order.cashless),
        discount_amount: reading.amount(Field::Discount, "discount_amount", order.discount_amount).unwrap_or_default(),
        voucher_amount: reading.amount(Field::Discount, "voucher_amount", order.voucher_amount).unwrap_or_default(),
        voucher_seller: reading
            .amount(Field::VoucherSeller, "voucher_seller", order.voucher_seller)
            .unwrap_or_default(),
        total_price: reading.amount(Field::Total, "total_price", order.total_price),
        warehouse_id: id(order.warehouse_id).and_then(|id| canonical_id(&id)),
        warehouse_code: text(order.warehouse_code),
        unread: Vec::new(),
    };
    Ok(Snapshot { unread: reading.unread, ..snapshot })
}

fn read_line(reading: &mut Reading<'_>, line: &Line<'_>) -> OrderLine {
    OrderLine {
        sku: text(line.sku).unwrap_or_default(),
        name: text(line.name).unwrap_or_default(),
        variant_name: text(line.variant_name).unwrap_or_default(),
        variant_id: id(line.variant_id),
        line_id: text(line.id),
        price: reading.amount(Field::Price, "price", line.price),
        sale_price: reading.amount(Field::SalePrice, "sale_price", line.sale_price),
        voucher_seller: reading.amount(Field::VoucherSeller, "voucher_seller", line.voucher_seller).unwrap_or_default(),
        quantity: reading.pieces("quantity", line.quantity),
        bundle: reading.list(Field::Parts, "bundle_info", line.bundle_info, read_part),
        unread: std::mem::take(&mut reading.unread),
    }
}

fn read_part(reading: &mut Reading<'_>, part: &Part<'_>) -> BundlePart {
    let pieces = reading.pieces("qty", part.qty);
    if !pieces.is_integer() {
        reading.note(Field::Quantity, "qty", &pieces.to_string(), Why::NotWhole);
    }
    let subtotal = reading.amount(Field::Subtotal, "subtotal", part.subtotal).unwrap_or_else(|| {
        let price = reading.amount(Field::Subtotal, "item_price", part.item_price);
        let subtotal = price.unwrap_or_default() * pieces;
        // A product of two readable numbers can still be beyond what amounts are calculated with.
        Rupiah::parse(&subtotal.to_string()).unwrap_or_else(|_| {
            reading.note(Field::Subtotal, "item_price", &format!("{subtotal} for all pieces"), Why::TooLarge);
            Rupiah::ZERO
        })
    });
    BundlePart {
        sku: text(part.sku).unwrap_or_default(),
        name: text(part.name).unwrap_or_default(),
        quantity: pieces.to_u32().unwrap_or_default(),
        subtotal,
        unread: std::mem::take(&mut reading.unread),
    }
}
