//! The form of the mapping page: every field with its choices, and what is wrong with it.

mod rules;

use std::collections::{BTreeMap, BTreeSet};

use super::{
    field::{Choice, Field, Input, ListOf, OptionList},
    form::{INVOICING, TAX, Values, WAREHOUSES, of_store},
    lists::{Lists, TEXTS_FROM_LISTS, book_of, value_of},
    suggestions, words,
};
use crate::{
    domain::{
        ids::BookName,
        mapping::{CATEGORIES, DEFAULT_BOOK},
        masters::{AccountType, Master, MasterKind, account_type_in_words},
    },
    storage::StoreName,
    web::{
        format,
        page::{Page, address},
    },
};

/// What the form is made of.
pub(super) struct Source<'a> {
    /// What the fields hold.
    pub(super) values: Values,
    /// Mistakes by field.
    pub(super) mistakes: BTreeMap<String, String>,
    /// What another person entered meanwhile, by field.
    pub(super) theirs: BTreeMap<String, String>,
    /// Every store that ever had an order.
    pub(super) stores: &'a [StoreName],
    /// Warehouses that orders name: their ids, and the seller's codes, which may be empty.
    pub(super) warehouses: &'a BTreeMap<String, String>,
    /// Number of orders that wait until a store or a warehouse is mapped, by the name of its field.
    pub(super) waiting: &'a BTreeMap<String, i64>,
    /// Accounts and warehouses that only one store has, by its id, in words.
    pub(super) own: &'a BTreeMap<String, String>,
    /// What Accurate lists.
    pub(super) lists: &'a Lists,
    /// The names of all Accurate databases.
    pub(super) books: Vec<BookName>,
}

/// The form.
pub(in crate::web) struct Editor {
    pub(super) rules: Vec<Field>,
    pub(super) payouts: Vec<Field>,
    pub(super) returns: Vec<Field>,
    pub(super) reconciliation: Vec<Field>,
    pub(super) stores: Vec<StoreForm>,
    pub(super) accounts: Vec<Field>,
    /// Whether warehouses are put on invoices.
    pub(super) warehouse_switch: Field,
    pub(super) warehouses: Vec<Field>,
    pub(super) options: Vec<OptionList>,
    /// Mistakes that no field shows.
    pub(super) mistakes: Vec<String>,
    /// When the oldest of Accurate's lists was read; empty if none was.
    pub(super) read_at: String,
}

/// One store.
pub(super) struct StoreForm {
    pub(super) id: String,
    pub(super) name: String,
    /// How many orders wait for it, in words; empty if none do.
    pub(super) waiting: String,
    /// Not mapped yet.
    pub(super) is_new: bool,
    /// Its fields are shown at once.
    pub(super) is_open: bool,
    /// What its invoices have, in one line.
    pub(super) summary: String,
    /// What only this store has and no field shows; empty if there is nothing.
    pub(super) own: String,
    pub(super) fields: Vec<Field>,
}

/// Makes fields, and remembers which were made.
struct Maker<'a> {
    source: Source<'a>,
    page: &'a Page,
    options: BTreeMap<String, OptionList>,
    /// Names and ids of the fields that were made.
    shown: BTreeSet<String>,
}

impl Editor {
    pub(super) fn new(source: Source<'_>, page: &Page) -> Self {
        let read_at = source.lists.read_at().map(format::moment).unwrap_or_default();
        let mut maker = Maker { source, page, options: BTreeMap::new(), shown: BTreeSet::new() };
        let rules = maker.rules();
        let payouts = maker.payouts();
        let returns = maker.returns();
        let reconciliation = maker.reconciliation();
        let stores = maker.stores();
        let accounts = maker.accounts();
        let switch = [
            ("off", page.t("Not put on invoices", "Tidak dicantumkan pada faktur")),
            ("on", page.t("Put on every line", "Dicantumkan pada setiap baris")),
        ];
        let warehouse_switch = maker.choice(WAREHOUSES, page.t("Warehouse on invoices", "Gudang pada faktur"), switch);
        let warehouses = maker.warehouses();
        let unseen = maker.source.mistakes.iter().filter(|(field, _)| !maker.shown.contains(*field));
        let mistakes = unseen.map(|(field, mistake)| format!("{field}: {mistake}")).collect();
        let options = maker.options.into_values().collect();
        Self {
            rules,
            payouts,
            returns,
            reconciliation,
            stores,
            accounts,
            warehouse_switch,
            warehouses,
            options,
            mistakes,
            read_at,
        }
    }

    /// Whether a list is too long for the page.
    pub(in crate::web) fn asks_for_more(&self) -> bool {
        let fields = self.stores.iter().flat_map(|store| &store.fields).chain(&self.accounts).chain(&self.warehouses);
        fields.into_iter().any(|field| matches!(&field.input, Input::Text(Some(ListOf { more: Some(_), .. }))))
    }

    /// Whether any field has a mistake.
    pub(in crate::web) fn has_mistakes(&self) -> bool {
        let fields = self.stores.iter().flat_map(|store| &store.fields).chain(&self.accounts).chain(&self.warehouses);
        let rules = [&self.rules, &self.payouts, &self.returns, &self.reconciliation];
        let mut fields = fields.chain(rules.into_iter().flatten());
        !self.mistakes.is_empty() || fields.any(|field| !field.mistake.is_empty())
    }
}

impl Maker<'_> {
    fn field(&mut self, name: &str, label: &str, input: Input) -> Field {
        let id = id_of(name);
        let id = if self.shown.contains(&id) { format!("{id}-{}", self.shown.len()) } else { id };
        self.shown.extend([name.to_owned(), id.clone()]);
        let of = |texts: &BTreeMap<String, String>| texts.get(name).cloned().unwrap_or_default();
        Field {
            id,
            name: name.to_owned(),
            label: label.to_owned(),
            value: self.source.values.get(name).to_owned(),
            input,
            mistake: of(&self.source.mistakes),
            warning: String::new(),
            theirs: of(&self.source.theirs),
            hint: String::new(),
            is_suggested: false,
        }
    }

    fn choice<'t>(&mut self, name: &str, label: &str, choices: impl IntoIterator<Item = (&'t str, &'t str)>) -> Field {
        let value = self.source.values.get(name).to_owned();
        let choice = |(choice, text): (&str, &str)| Choice {
            value: choice.to_owned(),
            text: text.to_owned(),
            is_chosen: choice == value,
        };
        let choices = choices.into_iter().map(choice).collect();
        self.field(name, label, Input::Choice(choices))
    }

    /// A choice among the mapping's own words for a key.
    fn words_of(&mut self, key: &str, of: &[&str]) -> Field {
        self.words_of_field(key, key, of)
    }

    fn words_of_field(&mut self, name: &str, key: &str, of: &[&str]) -> Field {
        let page = self.page;
        let choices: Vec<_> = of.iter().map(|word| (*word, format::sentence(&words::value(key, word, page)))).collect();
        self.choice(name, words::key(key, page), choices.iter().map(|(word, text)| (*word, text.as_str())))
    }

    fn tax(&mut self, name: &str, modes: &[&str]) -> Field {
        let page = self.page;
        let as_above = page.t("as for all stores", "sama seperti semua toko");
        let text = |mode: &&str| if mode.is_empty() { as_above } else { words::tax_word(mode, page) };
        let choices: Vec<_> = modes.iter().map(|mode| (*mode, format::sentence(text(mode)))).collect();
        self.choice(name, page.t("Tax", "Pajak"), choices.iter().map(|(mode, text)| (*mode, text.as_str())))
    }

    /// Unmapped stores first, those with the most waiting orders at the top.
    fn stores(&mut self) -> Vec<StoreForm> {
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
        let has_mistake = fields.iter().any(|field| !field.mistake.is_empty() || !field.theirs.is_empty());
        let shown =
            fields.iter().skip(1).filter(|field| matches!(field.input, Input::Text(_)) && !field.value.is_empty());
        let summary = shown.map(|field| format!("{}: {}", field.label, field.value)).collect::<Vec<_>>().join(" · ");
        let waiting_in_words = match waiting {
            0 => String::new(),
            waiting => page.t("waiting: {}", "menunggu: {}").replace("{}", &page.orders(waiting)),
        };
        let form = StoreForm {
            id: id.to_owned(),
            name,
            waiting: waiting_in_words,
            is_new,
            is_open: is_new || has_mistake,
            summary,
            own: self.source.own.get(id).cloned().unwrap_or_default(),
            fields,
        };
        (is_new, waiting, form)
    }

    fn accounts(&mut self) -> Vec<Field> {
        let book = self.source.books.first().cloned().unwrap_or_else(|| DEFAULT_BOOK.clone());
        CATEGORIES
            .into_iter()
            .map(|category| {
                let label = words::category(category, self.page);
                let mut field = self.chosen_from(&format!("accounts/{category}"), &label, &book, MasterKind::Accounts);
                if category == "tax_withheld" && field.hint.is_empty() {
                    let hint = self.page.t("Empty: part of the service fee.", "Kosong: termasuk biaya layanan.");
                    hint.clone_into(&mut field.hint);
                }
                field
            })
            .collect()
    }

    fn warehouses(&mut self) -> Vec<Field> {
        let book = self.source.books.first().cloned().unwrap_or_else(|| DEFAULT_BOOK.clone());
        let ids: BTreeSet<_> = self
            .source
            .values
            .ids(WAREHOUSES)
            .map(str::to_owned)
            .chain(self.source.warehouses.keys().cloned())
            .collect();
        let page = self.page;
        ids.into_iter()
            .map(|id| {
                let code = self.source.warehouses.get(&id).filter(|code| !code.is_empty());
                let code = code.map(|code| format!(" ({code})")).unwrap_or_default();
                let label = format!("{} {id}{code}", page.t("Warehouse in Forstok", "Gudang di Forstok"));
                let mut field = self.chosen_from(&format!("{WAREHOUSES}/{id}"), &label, &book, MasterKind::Warehouses);
                if let Some(waiting) = self.source.waiting.get(&field.name) {
                    field.hint = page.t("Waiting: {}", "Menunggu: {}").replace("{}", &page.orders(*waiting));
                }
                let list = self.source.lists.of(&book, MasterKind::Warehouses, None);
                let code = self.source.warehouses.get(&id).map(String::as_str).unwrap_or_default();
                if field.value.is_empty()
                    && let Some(suggested) = list.and_then(|list| suggestions::warehouse(code, list))
                {
                    // A warehouse may be chosen only where warehouses are put on invoices.
                    if self.source.values.get(WAREHOUSES) == "on" {
                        field.value = suggested;
                        field.is_suggested = true;
                    } else {
                        let hint = page.t("Suggestion: {}", "Saran: {}").replace("{}", &suggested);
                        field.hint = if field.hint.is_empty() { hint } else { format!("{} · {hint}", field.hint) };
                    }
                }
                field
            })
            .collect()
    }

    /// A text field with choices from one of Accurate's lists.
    fn chosen_from(&mut self, name: &str, label: &str, book: &BookName, kind: MasterKind) -> Field {
        let fitting = match kind {
            MasterKind::Accounts => Some(AccountType::fitting(name.rsplit('/').next().unwrap_or_default())),
            _ => None,
        };
        let list = self.source.lists.of(book, kind, fitting);
        let list_of = list.map(|list| {
            let of_type = fitting.map_or("", AccountType::code);
            let suffix = fitting.map(|_| format!("-{}", of_type.to_lowercase())).unwrap_or_default();
            let place = self.source.books.iter().position(|one| one == book).unwrap_or_default();
            let id = format!("{kind}-{place}{suffix}");
            self.options
                .entry(id.clone())
                .or_insert_with(|| OptionList { id: id.clone(), rows: list.rows.iter().map(option).collect() });
            let more = || address(&format!("/mapping/choices/{kind}"), &[("book", book.as_str()), ("type", of_type)]);
            ListOf { id, more: (!list.is_whole).then(more) }
        });
        let warning = self.looks_wrong(self.source.values.get(name), book, kind, fitting);
        let value = self.source.values.get(name);
        let named = list.and_then(|list| list.row(value)).filter(|row| !row.no.is_empty() && row.name != row.no);
        let hint = named.map(|row| row.name.clone()).unwrap_or_default();
        let field = self.field(name, label, Input::Text(list_of));
        Field { warning: warning.unwrap_or_default(), hint, ..field }
    }

    /// What looks wrong with a value, as far as Accurate's lists tell.
    fn looks_wrong(
        &self,
        value: &str,
        book: &BookName,
        kind: MasterKind,
        fitting: Option<AccountType>,
    ) -> Option<String> {
        let page = self.page;
        let list = self.source.lists.of(book, kind, fitting)?;
        if value.is_empty() {
            return None;
        }
        match list.row(value) {
            None if kind == MasterKind::Customers => None,
            None => Some(
                page.t("“{}” is not in Accurate (read {at}).", "“{}” tidak ada di Accurate (dibaca {at}).")
                    .replace("{at}", &format::moment(list.read_at))
                    .replace("{}", value),
            ),
            Some(row) if row.suspended => {
                Some(page.t("It is inactive in Accurate.", "Nonaktif di Accurate.").to_owned())
            }
            Some(row) => {
                let wrong = fitting.map(AccountType::code).filter(|fitting| row.kind != *fitting)?;
                Some(
                    page.t(
                        "{name} is of type {is}; it should be {wanted}.",
                        "{name} bertipe {is}; seharusnya {wanted}.",
                    )
                    .replace("{is}", account_type_in_words(&row.kind, page.language))
                    .replace("{wanted}", account_type_in_words(wrong, page.language))
                    .replace("{name}", &row.name),
                )
            }
        }
    }
}

/// A row of a list as a choice: its value, and its name where that is something else.
pub(super) fn option(row: &Master) -> (String, String) {
    let text = if row.no.is_empty() { String::new() } else { row.name.clone() };
    (value_of(row).to_owned(), text)
}

/// The id of a field's element, for its label.
fn id_of(name: &str) -> String {
    format!("field-{}", name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-"))
}
