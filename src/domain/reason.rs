//! Why an order has no invoice, or has one that deserves a look: stable codes, with words for people.
//!
//! One table each for reasons and warnings, in Indonesian and English.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The language of sentences for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// Bahasa Indonesia.
    Indonesian,
    /// English.
    #[default]
    English,
}

/// A sentence and what to do, in both languages.
struct Words {
    code: &'static str,
    english: (&'static str, &'static str),
    indonesian: (&'static str, &'static str),
}

macro_rules! coded {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $code:literal,
        en $en:literal => $en_remedy:literal, id $id:literal => $id_remedy:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $(#[doc = $en] $(#[$variant_doc])* $variant,)* }

        impl $name {
            /// Every one of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            fn words(self) -> Words {
                match self {
                    $(Self::$variant => Words {
                        code: $code, english: ($en, $en_remedy), indonesian: ($id, $id_remedy),
                    },)*
                }
            }

            /// The stable code that the API, the metrics and the page use.
            pub fn code(self) -> &'static str {
                self.words().code
            }

            /// Reads a code.
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.code() == code)
            }

            /// What is the matter, in one sentence.
            pub fn sentence(self, language: Language) -> &'static str {
                let words = self.words();
                match language {
                    Language::English => words.english.0,
                    Language::Indonesian => words.indonesian.0,
                }
            }

            /// What to do about it, in one sentence.
            pub fn remedy(self, language: Language) -> &'static str {
                let words = self.words();
                match language {
                    Language::English => words.english.1,
                    Language::Indonesian => words.indonesian.1,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.code())
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.code())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let code = String::deserialize(deserializer)?;
                Self::from_code(&code).ok_or_else(|| serde::de::Error::custom(format!("unknown code {code:?}")))
            }
        }
    };
}

coded! {
    /// Why an order is blocked or ignored (design.md §4).
    Reason {
        StoreUnmapped = "store_unmapped",
            en "This store is not in the mapping." => "Add a table [stores.\"<store id>\"] for it to the mapping; its orders then go on by themselves.",
            id "Toko ini belum ada di pemetaan." => "Tambahkan tabel [stores.\"<id toko>\"] di pemetaan; pesanannya akan lanjut dengan sendirinya.";
        WarehouseUnmapped = "warehouse_unmapped",
            en "The order's warehouse has no warehouse in Accurate." => "Map the Forstok warehouse id to the name of a warehouse that exists in Accurate, under [warehouses].",
            id "Gudang pesanan belum punya pasangan di Accurate." => "Petakan id gudang Forstok ke nama gudang yang ada di Accurate, di bagian [warehouses].";
        NoLines = "no_lines",
            en "The order holds no product." => "Look at the order in Forstok; it goes on when Forstok sends it with its products.",
            id "Pesanan ini tidak berisi produk." => "Periksa pesanan di Forstok; pesanan lanjut setelah Forstok mengirimnya beserta produknya.";
        SkuEmpty = "sku_empty",
            en "A product has no SKU in Forstok." => "Give the product a SKU in Forstok, or map it in [skus] as \"variant:<variant id>\" = \"<item number>\".",
            id "Ada produk tanpa SKU di Forstok." => "Isi SKU produk di Forstok, atau petakan di [skus] sebagai \"variant:<id varian>\" = \"<kode barang>\".";
        AccountUnmapped = "account_unmapped",
            en "An amount on the order has no usable account in Accurate." => "Give the amount's category an account number that exists in Accurate, under [accounts].",
            id "Ada jumlah di pesanan yang belum punya akun di Accurate." => "Isi nomor akun yang ada di Accurate untuk kategori tersebut, di bagian [accounts].";
        DiscountAboveSubtotal = "discount_above_subtotal",
            en "The discount is larger than the products' sum." => "Correct the discount or the prices of the order in Forstok.",
            id "Diskon lebih besar dari jumlah harga produk." => "Perbaiki diskon atau harga pesanan di Forstok.";
        TotalDifference = "total_difference",
            en "The invoice would not come to the order's total." => "Compare the prices, discount and shipping in Forstok; or set on_total_difference = \"warn\" in the mapping to invoice it all the same.",
            id "Jumlah faktur tidak sama dengan total pesanan." => "Bandingkan harga, diskon dan ongkos kirim di Forstok; atau atur on_total_difference = \"warn\" di pemetaan agar tetap dibuatkan faktur.";
        ItemNotFound = "item_not_found",
            en "Accurate does not know an item of this order." => "Create the item in Accurate, or map the SKU to an existing item number in [skus]; then retry.",
            id "Barang pada pesanan ini tidak ditemukan di Accurate." => "Buat barangnya di Accurate, atau petakan SKU ke kode barang yang ada di [skus]; lalu coba lagi.";
        AccountInactive = "account_inactive",
            en "An account of this invoice is switched off in Accurate." => "Activate the account in Accurate or map another one in [accounts]; then retry.",
            id "Akun pada faktur ini berstatus nonaktif di Accurate." => "Aktifkan akunnya di Accurate atau petakan akun lain di [accounts]; lalu coba lagi.";
        CustomerNotFound = "customer_not_found",
            en "Accurate does not know the customer (the store)." => "Create the customer in Accurate with this number, correct customer_no in the mapping, or set create_missing_customers = true.",
            id "Pelanggan (toko) tidak ditemukan di Accurate." => "Buat pelanggan dengan nomor ini di Accurate, perbaiki customer_no di pemetaan, atau atur create_missing_customers = true.";
        BranchRequired = "branch_required",
            en "Accurate wants a branch on this invoice." => "Set branch for the store in the mapping to the name of a branch in Accurate.",
            id "Accurate meminta cabang pada faktur ini." => "Isi branch untuk toko ini di pemetaan dengan nama cabang di Accurate.";
        NumberConflict = "number_conflict",
            en "Another invoice in Accurate already has this number." => "Look at that invoice in Accurate; rename or delete it if it is a mistake, or add {order_id} to invoice_number in the mapping; then retry.",
            id "Faktur lain di Accurate sudah memakai nomor ini." => "Periksa faktur tersebut di Accurate; ganti nomornya atau hapus bila keliru, atau tambahkan {order_id} pada invoice_number di pemetaan; lalu coba lagi.";
        PeriodClosed = "period_closed",
            en "Accurate does not take invoices of this day." => "Open the period in Accurate or correct the company's start date; then retry.",
            id "Accurate tidak menerima faktur pada tanggal ini." => "Buka periodenya di Accurate atau perbaiki tanggal mulai perusahaan; lalu coba lagi.";
        RefusedByAccurate = "refused_by_accurate",
            en "Accurate refused the invoice." => "Read Accurate's words below, mend the cause, then retry.",
            id "Accurate menolak faktur ini." => "Baca pesan Accurate di bawah, perbaiki penyebabnya, lalu coba lagi.";
        Cancelled = "cancelled",
            en "The order was cancelled before it was invoiced." => "Nothing to do.",
            id "Pesanan dibatalkan sebelum dibuatkan faktur." => "Tidak perlu tindakan.";
        BeforeStart = "before_start",
            en "The order is older than the first day that is invoiced." => "Nothing to do; orders_from in the mapping sets that day.",
            id "Pesanan lebih lama dari hari pertama pembuatan faktur." => "Tidak perlu tindakan; hari itu diatur oleh orders_from di pemetaan.";
        StoreOff = "store_off",
            en "Invoicing is switched off for this store." => "Nothing to do; enabled = true for the store in the mapping switches it on.",
            id "Pembuatan faktur dimatikan untuk toko ini." => "Tidak perlu tindakan; enabled = true untuk toko di pemetaan menyalakannya.";
        AutoCreateNever = "auto_create_never",
            en "The mapping says that no invoices are made." => "Nothing to do; auto_create_at in the mapping decides this.",
            id "Pemetaan mengatur agar faktur tidak dibuat." => "Tidak perlu tindakan; auto_create_at di pemetaan menentukannya.";
    }
}

coded! {
    /// What was done but deserves a look.
    Warning {
        TotalDifference = "total_difference",
            en "The invoice's total differs from the order's." => "Compare prices, discount and shipping of the order in Forstok with the invoice.",
            id "Jumlah faktur berbeda dari total pesanan." => "Bandingkan harga, diskon dan ongkos kirim pesanan di Forstok dengan fakturnya.";
        NameCut = "name_cut",
            en "A product's name was too long for Accurate and was cut." => "Shorten the product's name in Forstok if the cut one is unclear.",
            id "Nama produk terlalu panjang untuk Accurate dan dipotong." => "Pendekkan nama produk di Forstok bila potongannya tidak jelas.";
        CustomerCreated = "customer_created",
            en "The store was created as a customer in Accurate." => "Complete the new customer's data in Accurate.",
            id "Toko dibuat sebagai pelanggan di Accurate." => "Lengkapi data pelanggan baru itu di Accurate.";
        InvoiceAdopted = "invoice_adopted",
            en "The invoice already stood in Accurate and was taken over, not made again." => "Nothing to do; it was compared with the order first.",
            id "Faktur sudah ada di Accurate dan dipakai, tidak dibuat lagi." => "Tidak perlu tindakan; faktur itu sudah dibandingkan dengan pesanan.";
        CancelledKept = "cancelled_kept",
            en "The order was cancelled after it was invoiced; the mapping keeps the invoice." => "Delete or correct the invoice in Accurate by hand if it should not stand.",
            id "Pesanan dibatalkan setelah dibuatkan faktur; pemetaan mempertahankan fakturnya." => "Hapus atau perbaiki faktur di Accurate secara manual bila tidak seharusnya ada.";
        ChangedAfterInvoice = "changed_after_invoice",
            en "The order changed in Forstok after its invoice was made." => "Compare the order with the invoice and correct the invoice in Accurate by hand.",
            id "Pesanan berubah di Forstok setelah fakturnya dibuat." => "Bandingkan pesanan dengan fakturnya dan perbaiki faktur di Accurate secara manual.";
    }
}

/// A reason with what exactly it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The code.
    pub reason: Reason,
    /// The product, store, amount or the words of Accurate that it is about.
    pub about: String,
}

/// A warning with what exactly it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The code.
    pub warning: Warning,
    /// The product, amounts or customer that it is about.
    pub about: String,
}

impl Reason {
    /// Whether the order is ignored by a rule rather than waiting for a person.
    pub fn is_by_rule(self) -> bool {
        matches!(self, Self::Cancelled | Self::BeforeStart | Self::StoreOff | Self::AutoCreateNever)
    }
}

impl Warning {
    /// Whether it tells what posting did, rather than what the order and the mapping say.
    pub fn is_of_posting(self) -> bool {
        matches!(self, Self::CustomerCreated | Self::InvoiceAdopted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_and_warning_has_words_in_both_languages() {
        let mut codes = std::collections::HashSet::new();
        for reason in Reason::ALL {
            assert!(codes.insert(reason.code()), "{reason} stands twice");
            assert_eq!(Reason::from_code(reason.code()), Some(*reason));
            for language in [Language::English, Language::Indonesian] {
                for words in [reason.sentence(language), reason.remedy(language)] {
                    assert!(words.ends_with('.') && words.len() > 10, "{reason}: {words:?} is no sentence");
                }
            }
            assert_ne!(reason.sentence(Language::English), reason.sentence(Language::Indonesian), "{reason}");
        }
        for warning in Warning::ALL {
            for language in [Language::English, Language::Indonesian] {
                assert!(warning.sentence(language).ends_with('.') && warning.remedy(language).ends_with('.'));
            }
            assert_eq!(Warning::from_code(warning.code()), Some(*warning));
        }
    }
}
