//! A payout or a return as one row of a list.

use super::{
    super::{
        format,
        mapping::{self, words::category},
        page::Page,
        problems::where_to_act,
    },
    shown::Shown,
    unmatched::Suggestion,
};
use crate::{
    domain::{
        about::{About, AfterSale},
        after_sale::{Waits, WaitsFor},
        document::Kind,
        mapping::Mapping,
        money::Rupiah,
        payout::{Payout, RowState},
        reason::Finding,
    },
    storage::{ByHand, RowContent, RowRecord, StoreName},
};

/// A row of a list.
pub(in crate::web) struct RowLine {
    pub(in crate::web) id: i64,
    /// Its number and the moment of its content: what is approved.
    pub(in crate::web) seen: String,
    /// The marketplace's number of the order, or words that say that it names none.
    pub(in crate::web) number: String,
    /// The id at the source, where no order says which row it is.
    pub(in crate::web) id_without_order: Option<String>,
    pub(in crate::web) order_id: Option<String>,
    pub(in crate::web) store: String,
    pub(in crate::web) source: String,
    pub(in crate::web) source_id: String,
    pub(in crate::web) day: String,
    pub(in crate::web) amount: String,
    pub(in crate::web) kind: &'static str,
    pub(in crate::web) state: &'static str,
    /// What it waits for, or why nothing is booked.
    pub(in crate::web) why: String,
    pub(in crate::web) trouble: Option<Trouble>,
    /// The number of the receipt or return.
    pub(in crate::web) document: String,
    /// The reader can approve it.
    pub(in crate::web) is_approvable: bool,
    pub(in crate::web) approved: Option<String>,
    /// The reader can mark it as booked by hand.
    pub(in crate::web) is_markable: bool,
    /// A person has booked it by hand, and the reader can take that mark back.
    pub(in crate::web) is_marked: bool,
    /// What the money consists of: the name, where it goes, the amount.
    pub(in crate::web) amounts: Vec<(String, String, String)>,
    /// What a person has to book in Accurate.
    pub(in crate::web) to_do: String,
    pub(in crate::web) suggestions: Vec<Suggestion>,
}

/// Why a person must act.
pub(in crate::web) struct Trouble {
    pub(in crate::web) sentence: String,
    pub(in crate::web) about: String,
    pub(in crate::web) remedy: String,
    pub(in crate::web) link: Option<(String, &'static str)>,
}

impl Trouble {
    pub(super) fn new(document: Kind, finding: &Finding, page: &Page) -> Self {
        let (reason, language) = (finding.reason, page.language);
        Self {
            sentence: reason.sentence_about(document, language),
            about: format::unbroken(&format::sentence(&finding.about.in_words(language))),
            remedy: reason.remedy_about(document, language),
            link: where_to_choose(&finding.about, page)
                .or_else(|| where_to_act(reason, page).map(|(link, text)| (link.to_owned(), text))),
        }
    }
}

/// The field of the mapping that lacks an account, or limits a difference.
fn where_to_choose(about: &About, page: &Page) -> Option<(String, &'static str)> {
    let About::AfterSale { of } = about else { return None };
    // Who cannot change the mapping sees no fields.
    let field = |field: String, table: &str| if page.may_administer() { field } else { format!("/mapping#{table}") };
    Some(match of {
        AfterSale::BankAccount { store } => (
            field(mapping::bank_account_of(store), "stores"),
            page.t("Choose the store's Cash & Bank account", "Pilih akun Kas & Bank toko"),
        ),
        AfterSale::Category { category, .. } => {
            (field(mapping::account_of(category), "accounts"), page.t("Choose the account", "Pilih akunnya"))
        }
        AfterSale::Rest { .. } => {
            (field(mapping::rule("payout.rest_limit"), "later"), page.t("See the limit", "Lihat batasnya"))
        }
        _ => return None,
    })
}

impl RowLine {
    pub(super) fn new(row: &RowRecord, mapping: &Mapping, stores: &[StoreName], page: &Page) -> Self {
        let (source, source_id) = row.content.key();
        let (store_id, number) = row.content.order();
        let shown = shown_as(row);
        let why = match (row.waits_for, row.reason) {
            _ if row.by_hand.is_some() => {
                let booked = row.by_hand.as_ref().map(|one| booked_by_hand(one, page)).unwrap_or_default();
                // An order's row has a finding that says so.
                let again = page.t(
                    " The row was corrected since: compare it with your document, then mark it again.",
                    " Baris ini diperbaiki setelahnya: bandingkan dengan dokumen Anda, lalu tandai lagi.",
                );
                booked + if row.state == RowState::Unmatched { again } else { "" }
            }
            // The state says it all.
            (Some(WaitsFor::Approval | WaitsFor::ApprovalOf(_)), _) => String::new(),
            (Some(waits_for), _) if row.state == RowState::Waiting => {
                format::sentence(&waits_for.in_words(page.language))
            }
            (_, Some(reason)) if row.is_of_an_ignored_order() => {
                let remedy = row.remedy(page.language).unwrap_or_default();
                format!("{} {remedy}", reason.sentence(page.language))
            }
            (_, Some(reason)) if row.state == RowState::Ignored => reason.sentence(page.language).to_owned(),
            _ if row.state == RowState::Settled && row.document.is_none() => without_document(&row.content, page),
            _ => row.unmatched().map(|row| row.in_words(page.language).join(" ")).unwrap_or_default(),
        };
        let (amount, amounts) = match &row.content {
            RowContent::Payout(payout) => (payout.net.in_words(), amounts(payout, mapping, page)),
            RowContent::Return(_) => (amount_of_return(row, page), Vec::new()),
        };
        let trouble = row.finding.as_ref().filter(|_| row.state == RowState::Blocked);
        Self {
            id: row.id,
            seen: format!("{}:{}", row.id, row.content_at.as_microsecond()),
            number: if number.is_empty() { page.t("No order", "Tanpa pesanan") } else { number }.to_owned(),
            id_without_order: number.is_empty().then(|| source_id.to_owned()),
            order_id: row.order_id.as_ref().map(ToString::to_string),
            store: store_name(store_id, stores),
            source: source.to_owned(),
            source_id: source_id.to_owned(),
            day: row.content.day().map(format::day).unwrap_or_default(),
            amount,
            kind: shown.kind(),
            state: shown.text(page),
            why,
            trouble: trouble.map(|finding| Trouble::new(row.content.kind(), finding, page)),
            document: row.booked_as().map(ToString::to_string).unwrap_or_default(),
            is_approvable: shown == Shown::Waits(Waits::Approval) && page.may_work(),
            is_markable: is_markable(row) && page.may_work(),
            is_marked: row.by_hand.is_some() && page.may_work(),
            approved: row.approved.as_ref().map(|(who, at)| format!("{who}, {}", format::moment(*at))),
            amounts,
            to_do: String::new(),
            suggestions: Vec::new(),
        }
    }
}

/// Why a settled row has no document of its own.
fn without_document(content: &RowContent, page: &Page) -> String {
    match content {
        RowContent::Payout(_) => page.t(
            "No money arrived, so there is nothing to book.",
            "Tidak ada uang yang masuk, jadi tidak perlu dibukukan.",
        ),
        RowContent::Return(record) if record.refund == Some(Rupiah::ZERO) => page.t(
            "The buyer keeps the goods and got no money back, so there is nothing to book.",
            "Barang tetap di pembeli dan tidak ada dana yang dikembalikan, jadi tidak perlu dibukukan.",
        ),
        RowContent::Return(_) => page.t(
            "The receipt of the payout books this refund as a discount.",
            "Penerimaan dari pencairan dana membukukan pengembalian dana ini sebagai diskon.",
        ),
    }
    .to_owned()
}

/// Whether a person may say that a row is booked by hand: nothing of ours books it, or it was corrected since it was
/// booked.
pub(super) fn is_markable(row: &RowRecord) -> bool {
    let is_open = matches!(row.state, RowState::Unmatched | RowState::Waiting | RowState::Blocked);
    is_open && (is_corrected(row) || row.document.as_ref().is_none_or(|document| document.id.is_none()))
}

/// Whether a row was corrected after it was booked.
pub(super) fn is_corrected(row: &RowRecord) -> bool {
    row.was.is_some() || row.finding.as_ref().is_some_and(|finding| finding.about.is_correction())
}

/// What a return takes off its invoice.
fn amount_of_return(row: &RowRecord, page: &Page) -> String {
    match row.amount {
        Some(amount) => amount.in_words(),
        None if row.state == RowState::Ignored => String::new(),
        None => page.t("not known yet", "belum diketahui").to_owned(),
    }
}

fn booked_by_hand(by_hand: &ByHand, page: &Page) -> String {
    let who = (&by_hand.actor, format::moment(by_hand.at), &by_hand.reason);
    let Some(document) = &by_hand.document else {
        return page
            .t("Not to be booked ({actor}, {at}): {reason}", "Tidak dibukukan ({actor}, {at}): {reason}")
            .replace("{actor}", who.0)
            .replace("{at}", &who.1)
            .replace("{reason}", who.2);
    };
    // 0: it pays nothing of an invoice here.
    let amount = by_hand
        .amount
        .filter(|amount| !amount.is_zero())
        .map(|amount| format!(", {}", amount.in_words()))
        .unwrap_or_default();
    page.t(
        "Booked by hand as {document}{amount} ({actor}, {at}): {reason}",
        "Dibukukan manual sebagai {document}{amount} ({actor}, {at}): {reason}",
    )
    .replace("{amount}", &amount)
    .replace("{document}", document)
    .replace("{actor}", who.0)
    .replace("{at}", &who.1)
    .replace("{reason}", who.2)
}

/// The state with what it waits for.
pub(super) fn shown_as(row: &RowRecord) -> Shown {
    match row.waits_for {
        Some(waits_for) if row.state == RowState::Waiting => Shown::Waits(waits_for.what()),
        _ => Shown::State(row.state),
    }
}

/// A store's name; its id, if no order of it has come; empty, if the row does not name it.
pub(super) fn store_name(id: &str, stores: &[StoreName]) -> String {
    let known = stores.iter().find(|store| store.id == id && !store.name.is_empty());
    known.map_or_else(|| id.to_owned(), |store| store.name.clone())
}

fn amounts(payout: &Payout, mapping: &Mapping, page: &Page) -> Vec<(String, String, String)> {
    let amount = |(name, amount): (&String, &Rupiah)| {
        let to = match mapping.payout.category(name) {
            Some(to) => category(to, page),
            None => page.t("no category yet", "belum ada kategori").to_owned(),
        };
        (name.clone(), to, amount.in_words())
    };
    payout.amounts.iter().map(amount).collect()
}
