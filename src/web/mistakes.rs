//! What is wrong with a setting, in the reader's language. Settings and mappings report it in English.

use super::{format, page::Page};
use crate::domain::{reason::Language, toml_text::Problem};

/// What is wrong with the value of a field, and what to do.
pub(super) fn in_words(mistake: &Problem, page: &Page) -> String {
    match page.language {
        Language::English => format::sentence(&mistake.remedy),
        Language::Indonesian => in_indonesian(&mistake.remedy),
    }
}

/// Several mistakes, each with the setting that has it. The value is not repeated: it may be a secret.
pub(super) fn with_settings(mistakes: &[Problem], page: &Page) -> String {
    let shown = mistakes.iter().map(|mistake| format!("{}: {}", mistake.key, in_words(mistake, page)));
    shown.collect::<Vec<_>>().join(" ")
}

fn in_indonesian(english: &str) -> String {
    if let Some(words) = english.strip_prefix("must be one of ") {
        let words = words.split(" — ").next().unwrap_or_default();
        return format!("Harus salah satu dari: {words}.");
    }
    if let Some((least, most)) =
        english.strip_prefix("must be a whole number from ").and_then(|range| range.split_once(" to "))
    {
        return format!("Harus berupa bilangan bulat dari {least} sampai {most}.");
    }
    let begins = |(begins, _): &&(&str, &'static str)| english.starts_with(*begins);
    let known = IN_INDONESIAN.iter().find(begins).map(|(_, words)| *words);
    let known = known.or_else(|| {
        english.contains(": at least ").then_some("Terlalu pendek. Gunakan teks acak minimal 16 karakter.")
    });
    known.map_or_else(|| format!("Nilai ini tidak dapat dipakai. Rinciannya: “{english}”."), str::to_owned)
}

/// How a mistake begins, and what it is called in Indonesian.
const IN_INDONESIAN: [(&str, &str); 14] = [
    ("must be a time in WIB", "Harus berupa jam WIB, misalnya 02:30; kosongkan jika tidak perlu dijalankan."),
    ("must be a day", "Harus berupa tanggal, misalnya 2026-11-01."),
    ("must be a text", "Harus berupa teks."),
    ("must be true or false", "Harus true atau false."),
    ("is empty", "Tidak boleh kosong."),
    ("appears twice", "Tertulis dua kali, salah satunya dengan spasi di depan atau di belakang. Sisakan satu."),
    ("may contain ", "Tanda kurung kurawal hanya untuk {channel_order_id}, {order_id}, dan {store_id}."),
    (
        "is not a book of the settings",
        "Database Accurate ini tidak ada di pengaturan layanan. Pilih yang lain, atau tambahkan di pengaturan.",
    ),
    (
        "sends stores without a table to book",
        "Toko yang tidak tercantum akan dibukukan ke database Accurate utama, yang tidak ada di pengaturan layanan. \
         Tahan pesanan toko itu, atau tambahkan databasenya di pengaturan.",
    ),
    (
        "needs send_status = true",
        "Pilihan ini memerlukan status barang pada retur. Tanpa status itu, Accurate mengembalikan semua barang ke stok.",
    ),
    ("is still the placeholder", "Masih berisi contoh. Ganti dengan nilai yang sebenarnya."),
    ("is missing", "Belum diisi."),
    ("is given beside", "Diisi dua kali, langsung dan melalui berkas. Sisakan satu."),
    ("is not a known setting", "Pengaturan ini tidak dikenal."),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{ids::BookName, mapping::Mapping},
        settings::unknown_books,
    };

    /// One of every mistake that the form of the mapping can contain.
    const MISTAKES: &str = r#"
unknown_stores = "accept"
bundles = "whole"
orders_from = "yesterday"
invoice_number = "INV-{nomor}"
create_missing_customers = "yes"
[payout]
rest_limit = -1
[returns]
restock = "forstok"
send_status = false
[reconcile]
at = "26:00"
[stores."8277"]
book = "other"
"#;

    #[test]
    fn every_mistake_of_a_mapping_has_a_remedy_in_indonesian() {
        let mistakes = Mapping::parse("mapping", MISTAKES).expect_err("it has mistakes");
        let valid = Mapping::parse("mapping", "unknown_stores = \"accept\"\n[stores.\"8277\"]\nbook = \"other\"\n");
        let books = unknown_books(&valid.expect("a mapping"), &[BookName::from("second")]);
        assert_eq!((mistakes.len(), books.len()), (7, 2), "{mistakes:?} {books:?}");
        for mistake in mistakes.iter().chain(&books) {
            let words = in_indonesian(&mistake.remedy);
            assert!(words.ends_with('.') && !words.contains('“'), "{mistake:?}: {words}");
        }
    }

    #[test]
    fn a_mistake_without_words_of_its_own_is_quoted() {
        assert_eq!(in_indonesian("is odd"), "Nilai ini tidak dapat dipakai. Rinciannya: “is odd”.");
    }
}
