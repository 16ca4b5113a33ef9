//! The fields of single stores.

use std::collections::{BTreeMap, BTreeSet};

use super::Maker;
use crate::{
    domain::{ids::BookName, mapping::CATEGORIES, masters::MasterKind},
    storage::StoreName,
    web::{
        format,
        mapping::{
            field::{Field, Input},
            form::{ACCOUNTS, INVOICING, TAX, WAREHOUSES, of_own, of_store},
            lists::{TEXTS_FROM_LISTS, book_of},
            suggestions, words,
        },
    },
};

/// One store.
pub(in crate::web::mapping) struct StoreForm {
    pub(in crate::web::mapping) id: String,
    pub(in crate::web::mapping) name: String,
    /// How many orders wait for it, in words; empty if none do.
    pub(in crate::web::mapping) waiting: String,
    /// Not mapped yet.
    pub(in crate::web::mapping) is_new: bool,
    /// Its fields are shown at once.
    pub(in crate::web::mapping) is_open: bool,
    /// What its invoices have, in one line.
    pub(in crate::web::mapping) summary: String,
    pub(in crate::web::mapping) fields: Vec<Field>,
    /// Accounts and warehouses of this store alone.
    pub(in crate::web::mapping) own: Vec<Field>,
    /// Those that are chosen, in one line.
    pub(in crate::web::mapping) own_summary: String,
    /// These fields are shown at once.
    pub(in crate::web::mapping) own_is_open: bool,
}

impl Maker<'_> {
    /// Unmapped stores first, those with the most waiting orders at the top.
    pub(super) fn stores(&mut self) -> Vec<StoreForm> {
        let names: BTreeMap<_, _> = self.source.stores.iter().map(|store| (store.id.clone(), store.clone())).collect();
        let ids: BTreeSet<_> =
            self.source.values.ids("stores").map(str::to_owned).chain(names.keys().cloned()).collect();
        let mut stores: Vec<_> =
            ids.into_iter().filter(|id| !id.is_empty()).map(|id| self.store(&id, names.get(&id))).collect();
        stores.sort_by_key(|(is_new, waiting, store)| (!*is_new, -*waiting, store.id.clone()));
        stores.into_iter().map(|(_, _, store)| store).collect()
    }

    fn store(&mut self, id: &str, known: Option<&StoreName>) -> (bool, i64, StoreForm) {
        let page = self.page;
        let name = known.map(|known| format!("{} · {}", known.name, known.channel)).unwrap_or_default();
        let waiting = self.source.waiting.get(&of_store(id, INVOICING)).copied().unwrap_or_default();
        let is_new = self.source.values.get(&of_store(id, INVOICING)).is_empty();
        let book = book_of(&self.source.values, id);
        let invoicing = [
            ("", page.t("Not mapped: orders wait", "Belum dipetakan: menunggu")),
            ("on", page.t("On: create invoices", "Aktif: buat faktur")),
            ("off", page.t("Off: ignore its orders", "Nonaktif: abaikan pesanannya")),
        ];
        let mut fields = vec![self.choice(&of_store(id, INVOICING), words::key("enabled", page), invoicing)];
        if self.source.books.len() > 1 {
            let books = self.source.books.clone();
            let choices = books.iter().map(|book| (book.as_str(), book.as_str()));
            fields.push(self.choice(&of_store(id, "book"), words::key("book", page), choices));
        }
        for (key, kind) in TEXTS_FROM_LISTS {
            let name = of_store(id, key);
            let mut field = self.chosen_from(&name, words::key(key, page), &book, kind);
            if field.value.is_empty() && key == "customer_no" {
                page.t("Store id, unless chosen", "ID toko, jika kosong").clone_into(&mut field.hint);
            }
            if is_new
                && field.value.is_empty()
                && let Some(known) = known
                && let Some(suggested) = suggestions::of(key, known, &self.source.values, self.source.lists, &book)
            {
                field.value = suggested;
                field.is_suggested = true;
            }
            field.label = format::sentence(&field.label);
            fields.push(field);
        }
        fields.push(self.tax(&of_store(id, TAX), &["", "off", "inclusive", "exclusive"]));
        fields[0].label = format::sentence(&fields[0].label);
        let own = self.own(id, &book);
        let needs_a_look = |field: &Field| !field.mistake.is_empty() || !field.theirs.is_empty();
        let own_is_open = own.iter().any(needs_a_look);
        let shown =
            fields.iter().skip(1).filter(|field| matches!(field.input, Input::Text(_)) && !field.value.is_empty());
        let in_one_line = |field: &Field| format!("{}: {}", field.label, field.value);
        let summary = shown.map(in_one_line).collect::<Vec<_>>().join(" · ");
        let chosen = own.iter().filter(|field| !field.value.is_empty());
        let own_summary = chosen.map(in_one_line).collect::<Vec<_>>().join(" · ");
        let waiting_in_words = match waiting {
            0 => String::new(),
            waiting => page.t("waiting: {}", "menunggu: {}").replace("{}", &page.orders(waiting)),
        };
        let form = StoreForm {
            id: id.to_owned(),
            name,
            waiting: waiting_in_words,
            is_new,
            is_open: is_new || own_is_open || fields.iter().any(needs_a_look),
            summary,
            fields,
            own,
            own_summary,
            own_is_open,
        };
        (is_new, waiting, form)
    }

    /// Accounts and warehouses that a store may have for itself. A field that is empty is as for all stores.
    fn own(&mut self, id: &str, book: &BookName) -> Vec<Field> {
        let mut fields = Vec::new();
        for category in CATEGORIES {
            let label = words::category(category, self.page);
            let field = self.chosen_from(&of_own(id, ACCOUNTS, category), &label, book, MasterKind::Accounts);
            fields.push(self.or_as_for_all(field, &format!("{ACCOUNTS}/{category}")));
        }
        let mapped = of_store(id, WAREHOUSES);
        let seen = self.source.warehouses_of_stores.get(id).into_iter().flatten();
        let warehouses: BTreeSet<_> = self.source.values.ids(&mapped).map(str::to_owned).chain(seen.cloned()).collect();
        for warehouse in warehouses {
            let (name, label) = (of_own(id, WAREHOUSES, &warehouse), self.warehouse_label(&warehouse));
            let field = self.chosen_from(&name, &label, book, MasterKind::Warehouses);
            let mut field = self.or_as_for_all(field, &format!("{WAREHOUSES}/{warehouse}"));
            let list = self.source.lists.of(book, MasterKind::Warehouses, None);
            let code = self.source.warehouses.get(&warehouse).map(String::as_str).unwrap_or_default();
            if field.value.is_empty()
                && field.hint.is_empty()
                && let Some(suggested) = list.and_then(|list| suggestions::warehouse(code, list))
            {
                field.hint = self.page.t("Suggestion: {}", "Saran: {}").replace("{}", &suggested);
            }
            fields.push(field);
        }
        fields
    }

    /// The field, with what applies while it is empty.
    fn or_as_for_all(&self, field: Field, name_for_all: &str) -> Field {
        let for_all = self.source.values.get(name_for_all);
        if !field.value.is_empty() || for_all.is_empty() {
            return field;
        }
        let hint = self.page.t("Empty: {}, as for all stores", "Kosong: {}, seperti semua toko");
        Field { hint: hint.replace("{}", for_all), ..field }
    }
}
