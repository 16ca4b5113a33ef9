//! Values that were entered although Accurate does not list them, in words.

use super::form::field_of_key;
use crate::{
    engine::Unlisted,
    web::{format, page::Page},
};

/// The field of such a value, and what is wrong with it.
pub(super) fn mistake(unlisted: &Unlisted, page: &Page) -> (String, String) {
    (field_of_key(&unlisted.key), in_words(unlisted, page))
}

fn in_words(unlisted: &Unlisted, page: &Page) -> String {
    let unknown = page
        .t("“{}” is not in Accurate (read {at}).", "“{}” tidak ada di Accurate (dibaca {at}).")
        .replace("{at}", &format::moment(unlisted.read_at))
        .replace("{}", &unlisted.value);
    let remedy = match &unlisted.nearest {
        Some(row) if row.no.is_empty() => page.t("Did you mean “{}”?", "Maksud Anda “{}”?").replace("{}", &row.name),
        Some(row) => page
            .t("Did you mean “{}” ({name})?", "Maksud Anda “{}” ({name})?")
            .replace("{name}", &row.name)
            .replace("{}", &row.no),
        None => page
            .t(
                "If it was created there just now, choose “Refresh” on the page “Accurate connection”, then save again.",
                "Jika baru saja dibuat di sana, pilih “Muat ulang” di halaman “Koneksi Accurate”, lalu simpan lagi.",
            )
            .to_owned(),
    };
    format!("{unknown} {remedy}")
}
