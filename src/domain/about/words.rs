//! The text about a finding's subject, for people.

use rust_decimal::Decimal;

use super::{About, Change, Changed, Difference, Field, Product};
use crate::domain::{money::Rupiah, reason::Language};

impl About {
    /// In words for a person.
    pub fn in_words(&self, language: Language) -> String {
        let say = |english: String, indonesian: String| match language {
            Language::English => english,
            Language::Indonesian => indonesian,
        };
        match self {
            Self::Store { id, name } if id.is_empty() => say(
                format!("the order does not name its store ({name})"),
                format!("pesanan tidak menyebutkan tokonya ({name})"),
            ),
            Self::Store { id, name } => say(format!("store {id} ({name})"), format!("toko {id} ({name})")),
            Self::Warehouse { id: Some(id) } => say(format!("warehouse {id}"), format!("gudang {id}")),
            Self::Warehouse { id: None } => {
                say("the order does not name its warehouse".into(), "pesanan tidak menyebutkan gudangnya".into())
            }
            Self::Order { id } => say(format!("order {id}"), format!("pesanan {id}")),
            Self::BodyCleared => say(
                "the data Forstok sent is no longer stored, because its retention period is over".into(),
                "data dari Forstok sudah tidak disimpan karena melewati masa simpannya".into(),
            ),
            Self::Unreadable { problem } | Self::Accurate { subject: None, words: problem } => problem.clone(),
            Self::Product { product } => product.in_words(language),
            Self::Part { part, bundle } => {
                let (part, bundle) = (part.in_words(language), bundle.in_words(language));
                say(format!("{part} in the bundle {bundle}"), format!("{part} dalam bundel {bundle}"))
            }
            Self::Unread { problem } => problem.in_words(language),
            Self::Status { text } if text.is_empty() => say("no status".into(), "tanpa status".into()),
            Self::Status { text } => format!("\"{text}\""),
            Self::CancelledOn { day } => {
                let day = day.strftime("%d/%m/%Y");
                say(format!("cancelled on {day}"), format!("dibatalkan pada {day}"))
            }
            Self::ArrivedOn { day } => {
                let day = day.strftime("%d/%m/%Y");
                say(
                    format!("Forstok gives no time of the change; arrived on {day}"),
                    format!("Forstok tidak mencantumkan waktu perubahan; data masuk pada {day}"),
                )
            }
            Self::DiscountNegative { discount } => {
                let discount = discount.in_words();
                say(format!("the discount is below zero: {discount}"), format!("diskonnya minus: {discount}"))
            }
            Self::PriceMissing { product } => {
                let product = product.in_words(language);
                say(format!("{product} has no price"), format!("{product} tidak memiliki harga"))
            }
            Self::PriceNegative { product, price } => {
                let (product, price) = (product.in_words(language), price.in_words());
                say(format!("{product} has a price below zero: {price}"), format!("{product} berharga minus: {price}"))
            }
            Self::Discount { discount, subtotal } => {
                let (discount, subtotal) = (discount.in_words(), subtotal.in_words());
                say(
                    format!("discount {discount}, products {subtotal}"),
                    format!("diskon {discount}, produk {subtotal}"),
                )
            }
            Self::Shipping { amount } => {
                let amount = amount.in_words();
                say(
                    format!("shipping {amount} has no account"),
                    format!("ongkos kirim {amount} belum memiliki akun perkiraan"),
                )
            }
            Self::OrderTotal { invoice, order } => {
                let (invoice, order) = (invoice.in_words(), order.in_words());
                say(format!("invoice {invoice}, order {order}"), format!("faktur {invoice}, pesanan {order}"))
            }
            Self::AccurateTotal { accurate, invoice } => {
                let (accurate, invoice) = (accurate.in_words(), invoice.in_words());
                say(
                    format!("{accurate} in Accurate, {invoice} was sent"),
                    format!("{accurate} di Accurate, {invoice} yang dikirim"),
                )
            }
            Self::Name { name } => name.clone(),
            Self::Invoice { number, id } => {
                let id = id.map(|id| format!(" (id {id})")).unwrap_or_default();
                say(format!("invoice {number}{id}"), format!("faktur {number}{id}"))
            }
            Self::OtherInvoice { .. }
            | Self::DiffersFromDraft { .. }
            | Self::InvoiceOfOrder { .. }
            | Self::ChangedThere { .. }
            | Self::Renumbered { .. }
            | Self::NotSearchable { .. }
            | Self::DescriptionWithoutOrder { .. }
            | Self::Receipt { .. }
            | Self::ReturnOfPerson { .. } => self.conflict_in_words(language),
            Self::Customer { no, name } => say(format!("customer {no} ({name})"), format!("pelanggan {no} ({name})")),
            Self::Changes { changes } => {
                changes.iter().map(|change| change.in_words(language)).collect::<Vec<_>>().join("; ")
            }
            Self::AfterSale { of } => of.in_words(language),
            Self::Accurate { subject: Some(subject), words } => format!("{} — {words}", subject.in_words(language)),
        }
    }

    /// What prevents the order's invoice in Accurate from being created or deleted.
    fn conflict_in_words(&self, language: Language) -> String {
        let say = |english: String, indonesian: String| match language {
            Language::English => english,
            Language::Indonesian => indonesian,
        };
        match self {
            Self::DiffersFromDraft { number, id, differences } => {
                let listed = differences.iter().map(|one| one.in_words(language)).collect::<Vec<_>>().join("; ");
                say(
                    format!(
                        "invoice {number} (id {id}) was not created by this service and differs from the draft: \
                         {listed}. Correct or delete it in Accurate, then retry; or mark the order as done by hand"
                    ),
                    format!(
                        "faktur {number} (id {id}) tidak dibuat oleh layanan ini dan berbeda dengan draf: {listed}. \
                         Perbaiki atau hapus faktur itu di Accurate, lalu coba lagi; atau tandai pesanan sudah dibuat \
                         manual"
                    ),
                )
            }
            Self::OtherInvoice { document, number, id, differences } => {
                let document = document.in_words(language);
                let listed = differences.iter().map(|one| one.in_words(language)).collect::<Vec<_>>().join(", ");
                let listed = if listed.is_empty() { listed } else { format!(": {listed}") };
                say(
                    format!("{document} {number} (id {id}) is not this order's{listed}"),
                    format!("{document} {number} (id {id}) bukan milik pesanan ini{listed}"),
                )
            }
            Self::ChangedThere { document, number, id, differences } => {
                let document = document.in_words(language);
                let listed = differences.iter().map(|one| one.in_words(language)).collect::<Vec<_>>().join(", ");
                say(
                    format!(
                        "{document} {number} (id {id}) was changed in Accurate, so it was not deleted: {listed}. \
                         Delete it there, then retry"
                    ),
                    format!(
                        "{document} {number} (id {id}) telah diubah di Accurate sehingga tidak dihapus: {listed}. \
                         Hapus di sana, lalu coba lagi"
                    ),
                )
            }
            Self::InvoiceOfOrder { number, id, order_id } => say(
                format!("invoice {number} (id {id}) belongs to order {order_id}"),
                format!("faktur {number} (id {id}) adalah milik pesanan {order_id}"),
            ),
            Self::Renumbered { document, id, from, to } => {
                let document = document.in_words(language);
                say(
                    format!(
                        "{document} {from} (id {id}) was renumbered to {to} in Accurate, so it was not deleted; delete \
                         it there, then retry"
                    ),
                    format!(
                        "nomor {document} {from} (id {id}) telah diubah menjadi {to} di Accurate sehingga tidak \
                         dihapus; hapus di Accurate, lalu coba lagi"
                    ),
                )
            }
            Self::NotSearchable { order_id } => say(
                format!(
                    "Accurate may have created the invoice under another number; search Accurate for an invoice with \
                     {order_id} in its description, and retry if there is none"
                ),
                format!(
                    "Accurate mungkin sudah membuat faktur dengan nomor lain; cari faktur dengan {order_id} pada \
                     keterangannya di Accurate, dan coba lagi bila tidak ada"
                ),
            ),
            Self::DescriptionWithoutOrder { description } => say(
                format!(
                    "the description {description:?} does not contain the order id: add {{order_id}} to it in the mapping"
                ),
                format!("keterangan {description:?} tidak memuat ID pesanan: tambahkan {{order_id}} di pemetaan"),
            ),
            Self::Receipt { number } => say(
                format!("Accurate shows a receipt for invoice {number} that this service did not create"),
                format!("di Accurate ada penerimaan untuk faktur {number} yang tidak dibuat oleh layanan ini"),
            ),
            Self::ReturnOfPerson { number } => say(
                format!(
                    "Accurate does not delete invoice {number} because of a sales return that a person created or changed \
                     there; delete the return in Accurate, then retry"
                ),
                format!(
                    "Accurate tidak menghapus faktur {number} karena ada retur penjualan yang dibuat atau diubah secara \
                     manual di sana; hapus retur itu di Accurate, lalu coba lagi"
                ),
            ),
            _ => String::new(),
        }
    }
}

impl Product {
    /// Name with SKU, or with the variant's id if there is no SKU.
    pub fn in_words(&self, language: Language) -> String {
        let name = match (self.name.as_str(), language) {
            ("", Language::English) => "(no name)",
            ("", Language::Indonesian) => "(tanpa nama)",
            (name, _) => name,
        };
        match (self.sku.trim(), &self.variant_id, language) {
            ("", None, _) => name.to_owned(),
            ("", Some(id), Language::English) => format!("{name} (variant {id})"),
            ("", Some(id), Language::Indonesian) => format!("{name} (varian {id})"),
            (sku, ..) => format!("{name} ({sku})"),
        }
    }
}

/// The value of a field in Accurate that cannot be read, or is not there.
pub const UNREADABLE: &str = "?";

impl Difference {
    fn in_words(&self, language: Language) -> String {
        let Self { field, there, ours } = self;
        let field = field.in_words(language);
        match language {
            Language::English if there == UNREADABLE => format!("{field} cannot be read there, {ours} here"),
            Language::Indonesian if there == UNREADABLE => format!("{field} di sana tidak terbaca, di sini {ours}"),
            Language::English => format!("{field} {there} instead of {ours}"),
            Language::Indonesian => format!("{field} {there}, seharusnya {ours}"),
        }
    }
}

impl Field {
    /// The field's name for people.
    pub fn in_words(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Customer, Language::English) => "customer",
            (Self::Customer, Language::Indonesian) => "pelanggan",
            (Self::Description, Language::English) => "description",
            (Self::Description, Language::Indonesian) => "keterangan",
            (Self::Total, _) => "total",
            (Self::Number, Language::English) => "number",
            (Self::Number, Language::Indonesian) => "nomor",
            (Self::Day, Language::English) => "date",
            (Self::Day, Language::Indonesian) => "tanggal",
            (Self::Paid, Language::English) => "payment",
            (Self::Paid, Language::Indonesian) => "pembayaran",
            (Self::Invoice, Language::English) => "invoice",
            (Self::Invoice, Language::Indonesian) => "faktur",
        }
    }
}

impl Change {
    fn in_words(&self, language: Language) -> String {
        let what = match (&self.what, language) {
            (Changed::Total, _) => "total",
            (Changed::Discount, Language::English) => "discount",
            (Changed::Discount, Language::Indonesian) => "diskon",
            (Changed::Shipping, Language::English) => "shipping",
            (Changed::Shipping, Language::Indonesian) => "ongkos kirim",
            (Changed::Store, Language::English) => "store",
            (Changed::Store, Language::Indonesian) => "toko",
            (Changed::Warehouse, Language::English) => "warehouse",
            (Changed::Warehouse, Language::Indonesian) => "gudang",
            (Changed::Pieces(product), _) => product,
        };
        let none = match language {
            Language::English => "none",
            Language::Indonesian => "tidak ada",
        };
        let value = |text: &str| match &self.what {
            _ if text.is_empty() => none.to_owned(),
            Changed::Total | Changed::Discount | Changed::Shipping => text
                .parse::<Decimal>()
                .map_or_else(|_| text.to_owned(), |amount| Rupiah::from_decimal(amount).in_words()),
            Changed::Pieces(_) => format!("{text} pcs"),
            Changed::Store | Changed::Warehouse => text.to_owned(),
        };
        format!("{what}: {} → {}", value(&self.before), value(&self.after))
    }
}
