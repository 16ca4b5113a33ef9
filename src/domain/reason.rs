//! Why an order has no invoice, or has one that needs attention: stable codes, with texts for people.
//!
//! Reasons and warnings each have one table, in Indonesian and English.

pub mod after_sale;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::about::About;

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
            /// All of them.
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

            /// What is wrong, in one sentence.
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
            en "This store is not in the mapping." => "Add the store to the mapping; its orders then continue automatically.",
            id "Toko ini belum ada di pemetaan." => "Tambahkan toko ini ke pemetaan; pesanannya kemudian diproses otomatis.";
        WarehouseUnmapped = "warehouse_unmapped",
            en "The order's warehouse is not mapped to a warehouse in Accurate." => "Map the Forstok warehouse to the name of a warehouse in Accurate; the orders then continue automatically.",
            id "Gudang pada pesanan ini belum dipetakan ke gudang di Accurate." => "Petakan gudang Forstok tersebut ke nama Gudang yang ada di Accurate; pesanannya kemudian diproses otomatis.";
        AmountUnreadable = "amount_unreadable",
            en "An amount or quantity on this order is missing, negative or unreadable." => "Correct it in Forstok; the order continues once Forstok sends it again.",
            id "Ada nominal atau jumlah barang pada pesanan ini yang kosong, minus, atau tidak dapat dibaca." => "Perbaiki di Forstok; pesanan diproses lagi setelah Forstok mengirimnya ulang.";
        TimeUnreadable = "time_unreadable",
            en "A time that this order's invoice depends on cannot be read." => "Check the order in Forstok; it continues once Forstok sends it again with a readable time. Or choose Invoice now: the invoice is then dated by the order's arrival.",
            id "Waktu yang menentukan faktur pesanan ini tidak dapat dibaca." => "Periksa pesanan di Forstok; pesanan diproses lagi setelah Forstok mengirimnya ulang dengan waktu yang dapat dibaca. Atau pilih Buat faktur sekarang: tanggal fakturnya adalah tanggal data pesanan masuk ke layanan ini.";
        ProgressedAfterCancel = "progressed_after_cancel",
            en "The order was cancelled, but a later update from Forstok says that it continued." => "Check the order at the marketplace: if it was delivered, choose Invoice now; if it really was cancelled, choose Never invoice.",
            id "Pesanan ini dibatalkan, tetapi pembaruan berikutnya dari Forstok menyatakan pesanan berlanjut." => "Periksa pesanan di marketplace: bila barangnya dikirim, pilih Buat faktur sekarang; bila benar dibatalkan, pilih Jangan buat faktur.";
        NoLines = "no_lines",
            en "The order contains no products." => "Check the order in Forstok; it continues once Forstok sends it again with its products.",
            id "Pesanan ini tidak berisi produk." => "Periksa pesanan di Forstok; pesanan diproses lagi setelah Forstok mengirim ulang lengkap dengan produknya.";
        SkuEmpty = "sku_empty",
            en "A product has no SKU in Forstok." => "Give the product a SKU in Forstok; the order continues once Forstok sends it again. If a variant is named here, you can map it to an item number of Accurate instead.",
            id "Ada produk tanpa SKU di Forstok." => "Isi SKU produk tersebut di Forstok; pesanan diproses lagi setelah Forstok mengirimnya ulang. Bila di sini tercantum varian, varian itu juga dapat dipetakan ke Kode Barang di Accurate.";
        AccountUnmapped = "account_unmapped",
            en "An amount on this order is not mapped to an account in Accurate." => "Choose an account for this kind of amount in the mapping; the orders then continue automatically.",
            id "Ada nominal pada pesanan ini yang belum dipetakan ke akun perkiraan di Accurate." => "Tentukan Akun Perkiraan untuk nominal tersebut di pemetaan; pesanannya kemudian diproses otomatis.";
        DiscountAboveSubtotal = "discount_above_subtotal",
            en "The discount exceeds the products' subtotal." => "Correct the discount or the prices of the order in Forstok.",
            id "Diskon melebihi subtotal produk." => "Perbaiki diskon atau harga pada pesanan di Forstok.";
        TotalDifference = "total_difference",
            en "The invoice total would differ from the order total." => "Compare prices, discount and shipping in Forstok; or let the mapping invoice such orders with a warning.",
            id "Total faktur berbeda dengan total pesanan." => "Bandingkan harga, diskon, dan ongkos kirim di Forstok; atau atur pemetaan agar faktur tetap dibuat dengan peringatan.";
        ItemNotFound = "item_not_found",
            en "An item of this order does not exist in Accurate, or is inactive." => "Create or activate the item in Accurate, or map the SKU to the number of an active item; then retry.",
            id "Barang pada pesanan ini tidak ditemukan di Accurate, atau berstatus nonaktif." => "Buat atau aktifkan barang tersebut di Accurate (Barang & Jasa), atau petakan SKU ke Kode Barang yang aktif; lalu coba lagi.";
        AccountInactive = "account_inactive",
            en "An account of this invoice is inactive in Accurate." => "Activate the account in Accurate or map another one; then retry.",
            id "Akun pada faktur ini berstatus nonaktif di Accurate." => "Aktifkan akun tersebut di Accurate atau petakan ke akun lain; lalu coba lagi.";
        CustomerNotFound = "customer_not_found",
            en "The customer (the store) does not exist in Accurate." => "Create the customer with this number in Accurate, correct the customer in the mapping, or allow missing customers to be created.",
            id "Pelanggan (toko) tidak ditemukan di Accurate." => "Buat pelanggan dengan ID Pelanggan ini di Accurate, perbaiki ID Pelanggan di pemetaan, atau izinkan pembuatan pelanggan otomatis.";
        BranchRequired = "branch_required",
            en "Accurate requires a branch on this invoice." => "Choose a branch of Accurate for this store in the mapping.",
            id "Accurate mewajibkan cabang pada faktur ini." => "Tentukan Cabang untuk toko ini di pemetaan.";
        NumberConflict = "number_conflict",
            en "Another invoice in Accurate has this number, or this one was changed or renumbered there." => "Compare the invoice in Accurate; correct, renumber or delete it there, or make the invoice numbers in the mapping unique; then retry.",
            id "Nomor ini dipakai faktur lain di Accurate, atau faktur ini telah diubah atau diganti nomornya di sana." => "Bandingkan faktur tersebut di Accurate; perbaiki, ganti nomornya, atau hapus di sana, atau buat nomor faktur di pemetaan menjadi unik; lalu coba lagi.";
        PeriodClosed = "period_closed",
            en "Accurate does not accept invoices on this date." => "Reopen the period in Accurate, or correct the company's start date; then retry.",
            id "Accurate tidak menerima faktur pada tanggal ini." => "Buka kembali periode tersebut di Accurate, atau perbaiki tanggal mulai data usaha; lalu coba lagi.";
        RefusedByAccurate = "refused_by_accurate",
            en "Accurate refused the invoice." => "Read Accurate's message, fix the cause, then retry.",
            id "Accurate menolak faktur ini." => "Baca pesan dari Accurate, perbaiki penyebabnya, lalu coba lagi.";
        KeepsFailing = "keeps_failing",
            en "Accurate keeps answering this order with an error of its own." => "Read Accurate's message and create the invoice in Accurate, or contact Accurate's support; the order is retried once a day automatically.",
            id "Accurate terus membalas pesanan ini dengan kesalahan dari sistemnya sendiri." => "Baca pesan dari Accurate lalu buat fakturnya langsung di Accurate, atau hubungi dukungan Accurate; pesanan dicoba lagi otomatis sekali sehari.";
        StoredDataUnreadable = "stored_data_unreadable",
            en "This version of the program cannot read the stored data of this order's document." => "Retry; the document is then prepared again from what Forstok sent. If that fails too, create, correct or delete the invoice in Accurate.",
            id "Data dokumen pesanan ini yang tersimpan tidak dapat dibaca oleh versi program ini." => "Coba lagi; dokumen kemudian disiapkan ulang dari data yang dikirim Forstok. Bila tetap gagal, buat, perbaiki, atau hapus fakturnya langsung di Accurate.";
        InvoicePaid = "invoice_paid",
            en "A receipt or a return is booked on the invoice, so it cannot be deleted." => "If the goods were really returned, book that as a return; once everything has gone back, nothing is left to decide. To delete everything that this service has booked, choose \"Delete from Accurate\" on the order's page. A receipt or a return that a person created, changed or renumbered in Accurate must be deleted there first; then retry.",
            id "Faktur ini sudah memiliki penerimaan atau retur penjualan sehingga tidak dapat dihapus." => "Bila barang memang dikembalikan, bukukan sebagai retur penjualan; setelah semuanya kembali, tidak ada lagi yang perlu diputuskan. Untuk menghapus semua yang dibukukan layanan ini, pilih \"Hapus dari Accurate\" di halaman pesanan. Penerimaan atau retur yang dibuat, diubah, atau diganti nomornya secara manual di Accurate harus dihapus di sana terlebih dahulu; lalu coba lagi.";
        FeeKindUnmapped = "fee_kind_unmapped",
            en "The payout contains a fee that is not mapped to a category." => "Choose a category for the fee on the page Payouts; its payouts then continue automatically.",
            id "Pencairan ini memuat biaya yang belum dipetakan ke kategori." => "Pilih kategori untuk biaya tersebut di halaman Pencairan dana; pencairannya kemudian diproses otomatis.";
        PayoutRest = "payout_rest",
            en "The money of the payout differs from its amounts, or from what is owed, by more than the limit." => "Compare the payout with the marketplace. If another row contains the same money, for example from another report, mark one of the two rows as not to be booked. If an amount is wrong, correct it in the file and import that again, or send the row again; only if the difference is correct, raise the limit of unexplained differences in the mapping.",
            id "Selisih dana pencairan dengan rinciannya, atau dengan sisa tagihan, melebihi batas." => "Bandingkan pencairan dengan data marketplace. Bila dana yang sama ada di baris lain, misalnya dari laporan lain, tandai salah satunya sebagai tidak perlu dibukukan. Bila ada nominal yang keliru, perbaiki di berkasnya lalu impor lagi, atau kirim ulang barisnya; hanya bila selisih itu benar, naikkan \"Batas selisih tanpa keterangan\" di pemetaan.";
        PayoutLate = "payout_late",
            en "Money arrived although nothing is owed on the invoice any more." => "If another row contains the same money already, for example from another report, mark this one as not to be booked. Otherwise book the money in Accurate as named here, for example as other income.",
            id "Ada dana masuk padahal faktur sudah lunas." => "Bila dana yang sama sudah ada di baris lain, misalnya dari laporan lain, tandai baris ini sebagai tidak perlu dibukukan. Bila tidak, bukukan dana tersebut di Accurate sesuai keterangan di sini, misalnya sebagai pendapatan lain.";
        ReceiptBeforeInvoice = "receipt_before_invoice",
            en "The receipt would be dated before its invoice, which Accurate refuses." => "Correct the payout's day, or change in the mapping how such receipts are dated or sent.",
            id "Tanggal penerimaan penjualan lebih awal daripada tanggal fakturnya, sehingga ditolak Accurate." => "Perbaiki tanggal pencairannya, atau ubah tanggal atau cara pengiriman penerimaan seperti ini di pemetaan.";
        PayoutCorrected = "payout_corrected",
            en "The marketplace changed this payout after it was booked or set aside." => "Compare both versions. Correct what is booked in Accurate, if anything is, then mark the payout again, as done by hand with the number of the document or as not to be booked; or send the payout again as it was.",
            id "Marketplace mengubah pencairan ini setelah dibukukan atau dikesampingkan." => "Bandingkan kedua versi. Perbaiki dokumennya di Accurate bila ada, lalu tandai lagi pencairan ini: sudah dibuat manual dengan nomor dokumennya, atau tidak dibukukan; atau kirim ulang pencairan seperti semula.";
        PayoutUnmatched = "payout_unmatched",
            en "This money cannot be booked on an invoice." => "Book the money in Accurate as named here.",
            id "Dana ini tidak dapat dibukukan pada faktur." => "Bukukan dana tersebut di Accurate sesuai keterangan di sini.";
        ReturnNeedsPerson = "return_needs_person",
            en "A return or refund needs a person's decision." => "Check at the marketplace what was sent back. Then correct the return record; or book the return in Accurate (if it is booked already, correct it there) and mark it as done by hand.",
            id "Retur atau pengembalian dana ini memerlukan keputusan Anda." => "Periksa barang yang dikembalikan di marketplace. Lalu perbaiki data returnya; atau bukukan Retur Penjualan di Accurate (jika sudah dibukukan, perbaiki di sana) dan tandai sudah dibuat manual.";
        Cancelled = "cancelled",
            en "The order was cancelled before it was invoiced." => "Nothing to do.",
            id "Pesanan dibatalkan sebelum dibuatkan faktur." => "Tidak ada yang perlu dilakukan.";
        BeforeStart = "before_start",
            en "The order is older than the first day of invoicing." => "Nothing to do; the mapping sets that day.",
            id "Tanggal pesanan lebih awal daripada tanggal mulai pembuatan faktur." => "Tidak ada yang perlu dilakukan; tanggal mulai diatur di pemetaan.";
        StoreOff = "store_off",
            en "Invoicing is disabled for this store." => "Nothing to do; the mapping can enable it.",
            id "Pembuatan faktur dinonaktifkan untuk toko ini." => "Tidak ada yang perlu dilakukan; pembuatan faktur dapat diaktifkan di pemetaan.";
        AutoCreateNever = "auto_create_never",
            en "The mapping says that invoices are not created automatically." => "Nothing to do; the mapping decides this.",
            id "Sesuai pemetaan, faktur tidak dibuat otomatis." => "Tidak ada yang perlu dilakukan; hal ini diatur di pemetaan.";
        ByHand = "by_hand",
            en "A person has created the invoice in Accurate by hand." => "Nothing to do; the decision can be taken back.",
            id "Faktur sudah dibuat manual di Accurate." => "Tidak ada yang perlu dilakukan; keputusan ini dapat dicabut.";
        Excluded = "excluded",
            en "A person decided that this order gets no invoice." => "Nothing to do; the decision can be taken back.",
            id "Pengguna memutuskan bahwa pesanan ini tidak dibuatkan faktur." => "Tidak ada yang perlu dilakukan; keputusan ini dapat dicabut.";
    }
}

coded! {
    /// What was done but needs attention.
    Warning {
        TotalDifference = "total_difference",
            en "The invoice's total differs from the order's." => "Compare prices, discount and shipping of the order in Forstok with the invoice.",
            id "Total faktur berbeda dengan total pesanan." => "Bandingkan harga, diskon, dan ongkos kirim pesanan di Forstok dengan fakturnya.";
        NameCut = "name_cut",
            en "A product's name was too long for Accurate and was cut." => "Shorten the product's name in Forstok if the cut name is unclear.",
            id "Nama produk terlalu panjang untuk Accurate sehingga dipotong." => "Persingkat nama produk di Forstok bila hasil potongannya kurang jelas.";
        CustomerCreated = "customer_created",
            en "The store was created as a customer in Accurate." => "Complete the new customer's data in Accurate.",
            id "Toko ini dibuat sebagai pelanggan baru di Accurate." => "Lengkapi data pelanggan baru tersebut di Accurate.";
        InvoiceAdopted = "invoice_adopted",
            en "The invoice already existed in Accurate, so it was used and not created again." => "Nothing to do; it was compared with the order first.",
            id "Faktur sudah ada di Accurate, sehingga faktur itu yang dipakai dan tidak dibuat ulang." => "Tidak ada yang perlu dilakukan; faktur itu sudah dicocokkan dengan pesanan.";
        OtherNumber = "other_number",
            en "Accurate gave the invoice a different number from the one that was sent." => "Nothing to do; to keep the numbers that are sent, turn off automatic numbering for sales invoices in Accurate.",
            id "Accurate memberi faktur ini nomor yang berbeda dari nomor yang dikirim." => "Tidak ada yang perlu dilakukan; agar nomor yang dikirim dipakai, nonaktifkan penomoran otomatis Faktur Penjualan di Accurate.";
        CancelledKept = "cancelled_kept",
            en "The order was cancelled after it was invoiced; as the mapping says, the invoice is kept." => "Delete or correct the invoice in Accurate if it should not exist.",
            id "Pesanan dibatalkan setelah dibuatkan faktur; sesuai pemetaan, fakturnya tidak dihapus." => "Hapus atau perbaiki faktur tersebut di Accurate bila tidak seharusnya ada.";
        ChangedAfterInvoice = "changed_after_invoice",
            en "The order changed in Forstok after its invoice was created." => "Compare the order with the invoice and correct the invoice in Accurate.",
            id "Pesanan berubah di Forstok setelah fakturnya dibuat." => "Bandingkan pesanan dengan fakturnya, lalu perbaiki faktur tersebut di Accurate.";
        ProgressedAfterCancel = "progressed_after_cancel",
            en "The order was cancelled, but a later update from Forstok says that it continued; its invoice was left unchanged." => "Check the order at the marketplace; if it really was cancelled, delete its invoice in Accurate.",
            id "Pesanan ini dibatalkan, tetapi pembaruan berikutnya dari Forstok menyatakan pesanan berlanjut; fakturnya tidak diubah." => "Periksa pesanan di marketplace; bila benar dibatalkan, hapus fakturnya di Accurate.";
        AmountUnreadable = "amount_unreadable",
            en "An amount or quantity on this order cannot be read, but its invoice does not depend on it." => "Check the order in Forstok if the amount matters to you.",
            id "Ada nominal atau jumlah barang pada pesanan ini yang tidak dapat dibaca, tetapi tidak memengaruhi fakturnya." => "Periksa pesanan di Forstok bila nominal tersebut penting.";
        TimeUnreadable = "time_unreadable",
            en "A time on this order cannot be read." => "Compare the date of the invoice with the order in Forstok.",
            id "Salah satu waktu pada pesanan ini tidak dapat dibaca." => "Bandingkan tanggal faktur dengan pesanan di Forstok.";
        TimeInFuture = "time_in_future",
            en "A time on this order is more than a day in the future; the time of arrival is used instead." => "Compare the date of the invoice with the order in Forstok.",
            id "Ada waktu pada pesanan ini yang lebih dari satu hari ke depan; sebagai gantinya dipakai waktu data pesanan masuk ke layanan ini." => "Bandingkan tanggal faktur dengan pesanan di Forstok.";
        DatedByArrival = "dated_by_arrival",
            en "Forstok did not say when the order changed, so the invoice is dated by the day on which the order's data arrived here." => "Compare the date of the invoice with the order in Forstok.",
            id "Forstok tidak menyebutkan waktu perubahan pesanan ini, sehingga faktur memakai tanggal data pesanan masuk ke layanan ini." => "Bandingkan tanggal faktur dengan pesanan di Forstok.";
        UnknownStatus = "unknown_status",
            en "Forstok sent an unknown status; it changed nothing." => "Check the order in Forstok; it continues with the next known status.",
            id "Forstok mengirim status yang tidak dikenal; status itu tidak mengubah apa pun." => "Periksa pesanan di Forstok; pesanan diproses lagi pada status berikutnya yang dikenal.";
    }
}

/// A reason, with what exactly it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The code.
    pub reason: Reason,
    /// The product, store, amounts or message of Accurate that it is about.
    pub about: About,
}

/// A warning, with what exactly it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderWarning {
    /// The code.
    pub warning: Warning,
    /// The product, amounts or customer that it is about.
    pub about: About,
}

impl Reason {
    /// Whether the order is ignored by a rule rather than waiting for a person.
    pub fn is_by_rule(self) -> bool {
        matches!(
            self,
            Self::Cancelled
                | Self::BeforeStart
                | Self::StoreOff
                | Self::AutoCreateNever
                | Self::ByHand
                | Self::Excluded
        )
    }

    /// Whether it is why a payout row or a return record is blocked, never an order.
    pub fn is_after_sale(self) -> bool {
        matches!(
            self,
            Self::FeeKindUnmapped
                | Self::PayoutRest
                | Self::PayoutLate
                | Self::ReceiptBeforeInvoice
                | Self::PayoutCorrected
                | Self::PayoutUnmatched
                | Self::ReturnNeedsPerson
        )
    }
}

impl Warning {
    /// Whether it reports the result of posting, not a property of the order or the mapping.
    pub fn is_of_posting(self) -> bool {
        matches!(self, Self::CustomerCreated | Self::InvoiceAdopted | Self::OtherNumber)
    }

    /// Whether it reports how the order's snapshots arrived.
    pub fn is_of_reading(self) -> bool {
        matches!(self, Self::AmountUnreadable | Self::TimeUnreadable | Self::TimeInFuture | Self::UnknownStatus)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::document::Kind, *};

    #[test]
    fn every_reason_and_warning_has_words_in_both_languages() {
        let mut codes = std::collections::HashSet::new();
        for reason in Reason::ALL {
            assert!(codes.insert(reason.code()), "{reason} is listed twice");
            assert_eq!(Reason::from_code(reason.code()), Some(*reason));
            for language in [Language::English, Language::Indonesian] {
                for words in [reason.sentence(language), reason.remedy(language)] {
                    assert!(words.ends_with('.') && words.len() > 10, "{reason}: {words:?} is not a sentence");
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

    /// The content of docs/reasons.md, generated from the tables above.
    fn reasons_for_readers() -> String {
        let row = |code: &str, sentence: &str, remedy: &str| format!("| `{code}` | {sentence} | {remedy} |\n");
        let head = "| code | meaning | what to do |\n| --- | --- | --- |\n";
        let english = Language::English;
        let reasons = |is_listed: &dyn Fn(Reason) -> bool| {
            let listed = Reason::ALL.iter().filter(|reason| is_listed(**reason));
            listed.map(|one| row(one.code(), one.sentence(english), one.remedy(english))).collect::<String>()
        };
        let (paid, receipt) = (Reason::InvoicePaid, Kind::Receipt);
        let paid = row(paid.code(), &paid.sentence_about(receipt, english), &paid.remedy_about(receipt, english));
        let warnings = Warning::ALL.iter().map(|one| row(one.code(), one.sentence(english), one.remedy(english)));
        format!(
            "# Reasons and warnings

This file is generated from `src/domain/reason.rs`. The pages and the API also show these texts in Indonesian.

## Why an order is blocked

Once the mapping is fixed, the affected orders continue automatically. The service checks a missing item or
customer, an inactive account and a closed period again after 30 seconds, then at growing intervals of up to an
hour. *Retry* checks immediately.

{head}{blocked}
## Why an order is ignored

{head}{ignored}
## Why a payout or a return is blocked

Some of the reasons above can block a payout or a return too, for example an account that is not mapped.

{head}{after_sale}
## Warnings

A warning blocks nothing, but a person should check it.

{head}{warnings}",
            blocked = reasons(&|reason| !reason.is_by_rule() && !reason.is_after_sale()),
            ignored = reasons(&Reason::is_by_rule),
            // On a payout it means something else than on an order.
            after_sale = reasons(&Reason::is_after_sale) + &paid,
            warnings = warnings.collect::<String>(),
        )
    }

    #[test]
    fn the_reasons_in_the_documentation_are_those_of_the_code() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reasons.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, reasons_for_readers()).expect("docs/ can be written");
        }
        let written = std::fs::read_to_string(path).expect("docs/reasons.md can be read");
        assert!(written == reasons_for_readers(), "docs/reasons.md is out of date: run the tests with UPDATE_DOCS=1");
    }
}
