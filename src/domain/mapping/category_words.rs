//! The categories of amounts as people call them, on the pages and in messages.

use crate::domain::reason::Language;

/// What a category is called; a word that is none stays as it is.
pub fn category_in_words(category: &str, language: Language) -> &str {
    let (english, indonesian) = match category {
        "shipping" => ("Shipping paid to the seller", "Ongkos kirim untuk penjual"),
        "platform_rebate" => ("Rebate by the marketplace", "Rebate dari marketplace"),
        "voucher_seller" => ("Seller's voucher", "Voucher penjual"),
        "shipping_difference" => ("Shipping difference", "Selisih ongkos kirim"),
        "fulfillment_fee" => ("Fulfilment fee", "Biaya fulfillment"),
        "service_fee" => ("Service fee", "Biaya layanan"),
        "tax_withheld" => ("Tax withheld", "Pajak yang dipotong"),
        "refund" => ("Refund without return", "Pengembalian dana tanpa retur"),
        "subtotal" => ("Price of the products", "Harga produk"),
        "payout_rest" => ("Unexplained difference of a payout", "Selisih pencairan tanpa keterangan"),
        other => return other,
    };
    match language {
        Language::English => english,
        Language::Indonesian => indonesian,
    }
}
