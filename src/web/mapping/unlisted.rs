//! Values that were entered although Accurate does not list them.

use std::collections::BTreeMap;

use super::{
    form::Values,
    lists::{Fields, List, Lists, value_of},
};
use crate::{
    domain::{
        masters::{Master, MasterKind},
        toml_text::nearness,
    },
    web::{format, page::Page},
};

/// What is wrong with each of these fields whose value was changed to one that Accurate does not list. A list that was
/// never read says nothing; a missing customer may be created.
pub(super) fn mistakes(fields: &Fields, before: &Values, lists: &Lists, page: &Page) -> BTreeMap<String, String> {
    let changed = fields
        .iter()
        .filter(|(name, (_, kind, value))| *kind != MasterKind::Customers && before.get(name) != value.as_str());
    let mistake = |(name, (book, kind, value)): (&String, &(_, MasterKind, String))| {
        let list = lists.for_field(name, book, *kind).filter(|list| list.row(value).is_none())?;
        Some((name.clone(), in_words(value, list, page)))
    };
    changed.filter_map(mistake).collect()
}

fn in_words(value: &str, list: &List, page: &Page) -> String {
    let unknown = page
        .t("“{}” is not in Accurate (read {at}).", "“{}” tidak ada di Accurate (dibaca {at}).")
        .replace("{at}", &format::moment(list.read_at))
        .replace("{}", value);
    let remedy = match nearest(value, list.rows.iter()) {
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

/// The row whose number or name resembles a text most.
fn nearest<'a>(text: &str, rows: impl Iterator<Item = &'a Master>) -> Option<&'a Master> {
    let near = rows.filter_map(|row| {
        let of_names = [value_of(row), &row.name].into_iter().filter_map(|name| nearness(text, name));
        Some((of_names.max_by(f64::total_cmp)?, row))
    });
    near.max_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, row)| row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_number_and_a_name_lead_to_the_account() {
        let account = |no: &str, name: &str| Master { no: no.to_owned(), name: name.to_owned(), ..Master::default() };
        let rows = [account("110101", "Kas"), account("110102", "Saldo Shopee"), account("600101", "Biaya Admin")];
        let named = |text| nearest(text, rows.iter()).map(|row| row.no.as_str());
        assert_eq!(named("600110"), Some("600101"));
        assert_eq!(named("saldo shope"), Some("110102"));
        assert_eq!(named("9"), None);
        assert_eq!(nearest("utama", [account("", "Utama")].iter()).map(|row| row.name.as_str()), Some("Utama"));
    }
}
