//! The form of the mapping page: every field with its choices, and what is wrong with it.

mod rules;
mod stores;

use std::collections::{BTreeMap, BTreeSet};

use self::stores::StoreForm;
use super::{
    field::{Choice, Field, Input, ListOf, OptionList},
    form::{ACCOUNTS, Values, WAREHOUSES},
    lists::{Lists, fitting},
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
    /// The ids of the warehouses that a store's orders name, by the store's id.
    pub(super) warehouses_of_stores: &'a BTreeMap<String, BTreeSet<String>>,
    /// What Accurate lists.
    pub(super) lists: &'a Lists,
    /// The names of all Accurate databases.
    pub(super) books: Vec<BookName>,
}

/// The form.
pub(in crate::web) struct Editor {
    /// Whether anything is sent to Accurate.
    pub(super) posting: Field,
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
        let posting = maker.posting();
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
            posting,
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
        self.fields_from_lists().any(|field| matches!(&field.input, Input::Text(Some(ListOf { more: Some(_), .. }))))
    }

    /// Whether any field has a mistake.
    pub(in crate::web) fn has_mistakes(&self) -> bool {
        !self.mistakes.is_empty() || !self.wrong().is_empty()
    }

    /// The fields with a mistake: the id of each, and its label after that of its store.
    pub(in crate::web) fn wrong(&self) -> Vec<(&str, String)> {
        let of_stores = self.stores.iter().flat_map(|store| {
            let fields = store.fields.iter().chain(&store.own);
            fields.map(|field| (field, format!("{} {}: {}", store.id, store.name, field.label)))
        });
        let rules = [&self.rules, &self.payouts, &self.returns, &self.reconciliation, &self.accounts, &self.warehouses];
        let of_all = rules.into_iter().flatten().chain([&self.posting]).map(|field| (field, field.label.clone()));
        let wrong = of_stores.chain(of_all).filter(|(field, _)| !field.mistake.is_empty());
        wrong.map(|(field, label)| (field.id.as_str(), label)).collect()
    }

    /// Whether warehouses are put on the invoices of all stores.
    pub(in crate::web) fn sends_warehouses(&self) -> bool {
        let Input::Choice(choices) = &self.warehouse_switch.input else { return false };
        choices.iter().any(|one| one.is_chosen && one.value == "on")
    }

    fn fields_from_lists(&self) -> impl Iterator<Item = &Field> {
        let of_stores = self.stores.iter().flat_map(|store| store.fields.iter().chain(&store.own));
        of_stores.chain(&self.accounts).chain(&self.warehouses)
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

    fn accounts(&mut self) -> Vec<Field> {
        let book = self.source.books.first().cloned().unwrap_or_else(|| DEFAULT_BOOK.clone());
        CATEGORIES
            .into_iter()
            .map(|category| {
                let label = words::category(category, self.page);
                let mut field =
                    self.chosen_from(&format!("{ACCOUNTS}/{category}"), &label, &book, MasterKind::Accounts);
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
                let label = self.warehouse_label(&id);
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

    fn warehouse_label(&self, id: &str) -> String {
        let code = self.source.warehouses.get(id).filter(|code| !code.is_empty());
        let code = code.map(|code| format!(" ({code})")).unwrap_or_default();
        format!("{} {id}{code}", self.page.t("Warehouse in Forstok", "Gudang di Forstok"))
    }

    /// A text field with choices from one of Accurate's lists.
    fn chosen_from(&mut self, name: &str, label: &str, book: &BookName, kind: MasterKind) -> Field {
        let fitting = fitting(name, kind);
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
        let warning = warning.filter(|_| field.mistake.is_empty()).unwrap_or_default();
        Field { warning, hint, ..field }
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
    (row.value().to_owned(), text)
}

/// The id of a field's element, for its label.
pub(super) fn id_of(name: &str) -> String {
    format!("field-{}", name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-"))
}
