//! An order's money on its page: invoice, receipts, returns and what is left, which add up.

use rust_decimal::Decimal;

use super::{
    super::{
        format,
        page::{Page, address},
    },
    row::RowLine,
};
use crate::{
    domain::{
        document::{Drafted, Kind, Progress},
        money::Rupiah,
        reason::Language,
        receipt::ReceiptBody,
        reconciliation::Class,
        sales_return::ReturnBody,
    },
    http::{App, problem::Problem},
    storage::{FindingRecord, OrderDocument, OrderRecord, RowRecord, sums_of},
};

/// What was booked about an order, and what is left.
pub(in crate::web) struct Statement {
    /// Documents that exist, each with the amount that it changes what is owed by.
    pub(in crate::web) booked: Vec<Entry>,
    /// Receipts and returns that do not exist yet, or are not known to exist.
    pub(in crate::web) planned: Vec<Entry>,
    /// `Still owed`, `Credit of the customer`; with the sum.
    pub(in crate::web) left: (&'static str, String),
    /// Why something is still owed although all products were returned.
    pub(in crate::web) why_owed: String,
    /// Whether nothing is owed and nobody has a credit.
    pub(in crate::web) is_even: bool,
    /// Its newest payouts and return records.
    pub(in crate::web) rows: Vec<Row>,
    /// Those that are older: how many and their sum, with the file that has all of them.
    pub(in crate::web) older: Vec<Older>,
}

/// Most entries of each list.
const MOST_SHOWN: usize = 200;

/// Rows of one kind that are not shown.
pub(in crate::web) struct Older {
    pub(in crate::web) text: String,
    pub(in crate::web) file: String,
    pub(in crate::web) link: &'static str,
}

/// A document.
pub(in crate::web) struct Entry {
    pub(in crate::web) what: &'static str,
    pub(in crate::web) number: String,
    pub(in crate::web) kind: &'static str,
    pub(in crate::web) state: &'static str,
    /// For a receipt, the money that arrived.
    pub(in crate::web) detail: String,
    pub(in crate::web) amount: String,
    /// To the finding that the state comes from.
    pub(in crate::web) link: Option<String>,
}

/// What somebody did to an invoice in Accurate, as an open finding reports it.
#[derive(Clone)]
pub(in crate::web) struct ChangedInAccurate {
    pub(in crate::web) kind: &'static str,
    pub(in crate::web) state: &'static str,
    /// To the finding.
    pub(in crate::web) link: String,
}

impl ChangedInAccurate {
    /// `None` if the finding is about something else, or about a draft, which was never sent.
    pub(in crate::web) fn of(finding: &FindingRecord, page: &Page) -> Option<Self> {
        let (kind, state) = match finding.class {
            _ if finding.facts.is_draft => return None,
            Class::MissingInAccurate => ("bad", page.t("deleted in Accurate", "dihapus di Accurate")),
            Class::Differs => ("warn", page.t("changed in Accurate", "diubah di Accurate")),
            _ => return None,
        };
        Some(Self { kind, state, link: format!("/reconciliation/findings/{}", finding.id) })
    }
}

/// A payout or a return record.
pub(in crate::web) struct Row {
    pub(in crate::web) what: &'static str,
    pub(in crate::web) path: &'static str,
    pub(in crate::web) line: RowLine,
}

impl Statement {
    /// `None` if nothing but the invoice is known of the order.
    pub(in crate::web) async fn of(
        app: &App,
        order: &OrderRecord,
        changed: Option<&ChangedInAccurate>,
        page: &Page,
    ) -> Result<Option<Self>, Problem> {
        let storage = app.engine.storage();
        let (rows, documents) = storage.booked(&order.order_id).await?;
        let documents: Vec<_> = documents.into_iter().filter(|document| document.kind != Kind::Invoice).collect();
        if rows.is_empty() && documents.is_empty() {
            return Ok(None);
        }
        let (stores, active) = (storage.stores().await?, app.engine.mapping());
        let row = |row: &RowRecord| Row::new(row, RowLine::new(row, &active.mapping, &stores, page), page);
        let invoice = Entry::invoice(order, changed, page);
        let (earlier, newest) = rows.split_at(rows.len().saturating_sub(MOST_SHOWN));
        let newest = newest.iter().map(row).collect();
        let statement = Self::new(order, invoice, &documents, &rows, newest, page);
        Ok(Some(Self { older: Older::of(earlier, order, page), ..statement }))
    }

    fn new(
        order: &OrderRecord,
        invoice: Option<Entry>,
        documents: &[OrderDocument],
        records: &[RowRecord],
        rows: Vec<Row>,
        page: &Page,
    ) -> Self {
        let total = invoiced(order).map_or(Rupiah::ZERO, |(_, total)| total);
        let (exist, planned): (Vec<&OrderDocument>, Vec<_>) = documents
            .iter()
            .filter(|document| document.progress != Progress::Gone)
            .partition(|document| document.exists());
        let sums = sums_of(total, documents, records);
        let by_hand: Vec<_> = records.iter().filter(|row| row.settles != 0 && row.booked_by_hand().is_some()).collect();
        let mut booked: Vec<_> = invoice.into_iter().collect();
        booked.extend(Entry::newest(&exist, page));
        booked.extend(Entry::newest(&by_hand, page));
        let (word, left) = if sums.credit.is_zero() {
            (page.t("Still owed", "Sisa tagihan"), sums.owed)
        } else {
            (page.t("Credit of the customer", "Sisa kredit pelanggan"), sums.credit)
        };
        Self {
            booked,
            planned: Entry::newest(&planned, page),
            why_owed: shipping_left(order, documents).filter(|_| sums.owed.is_positive()).map_or_else(
                String::new,
                |left| {
                    page.t(
                    "All products were returned. The shipping on the invoice, {}, was not: a return of single products \
                     does not include it.",
                    "Semua produk sudah diretur, tetapi ongkos kirim di faktur, {}, belum: retur yang menyebut produk \
                     tertentu tidak memuatnya.",
                )
                .replace("{}", &left.in_words())
                },
            ),
            is_even: left.is_zero(),
            left: (word, left.in_words()),
            rows,
            older: Vec::new(),
        }
    }
}

impl Older {
    fn of(rows: &[RowRecord], order: &OrderRecord, page: &Page) -> Vec<Self> {
        let of_kind = |kind: Kind| {
            let of_kind: Vec<_> = rows.iter().filter(|row| row.content.kind() == kind).collect();
            let sum: Rupiah = of_kind.iter().filter_map(|row| row.amount).sum();
            let (path, text, link) = match kind {
                Kind::Return => (
                    "/returns/export",
                    page.t(
                        "And {count} older returns, {sum} in all.",
                        "Dan {count} retur yang lebih lama, total {sum}.",
                    ),
                    page.t("Download all returns of this order", "Unduh semua retur pesanan ini"),
                ),
                Kind::Invoice | Kind::Receipt => (
                    "/payouts/export",
                    page.t(
                        "And {count} older payouts, {sum} in all.",
                        "Dan {count} pencairan dana yang lebih lama, total {sum}.",
                    ),
                    page.t("Download all payouts of this order", "Unduh semua pencairan dana pesanan ini"),
                ),
            };
            let count = i64::try_from(of_kind.len()).ok().filter(|count| *count > 0)?;
            let text = text.replace("{count}", &format::count(count)).replace("{sum}", &sum.in_words());
            Some(Self { text, file: address(path, &[("order", order.order_id.as_str())]), link })
        };
        [Kind::Receipt, Kind::Return].into_iter().filter_map(of_kind).collect()
    }
}

/// What a statement has an entry for.
trait Booked {
    /// What it changes what is owed by.
    fn amount(&self) -> Rupiah;

    fn entry(&self, page: &Page) -> Entry;
}

impl Booked for OrderDocument {
    fn amount(&self) -> Rupiah {
        Rupiah::ZERO - self.draft.as_ref().map_or(Rupiah::ZERO, Drafted::total)
    }

    fn entry(&self, page: &Page) -> Entry {
        Entry::new(self, page)
    }
}

impl Booked for RowRecord {
    fn amount(&self) -> Rupiah {
        Rupiah::ZERO - Rupiah::from_hundredths(self.settles)
    }

    fn entry(&self, page: &Page) -> Entry {
        Entry::by_hand(self, page)
    }
}

/// The number and the total of the order's invoice.
fn invoiced(order: &OrderRecord) -> Option<(String, Rupiah)> {
    let invoice = order.standing_invoice()?;
    Some((invoice.number.to_string(), Rupiah::from_decimal(invoice.total)))
}

/// The shipping that returns of all products have left on the invoice.
fn shipping_left(order: &OrderRecord, documents: &[OrderDocument]) -> Option<Rupiah> {
    let sold = &order.draft.as_ref()?.body;
    let returns = documents.iter().filter(|document| document.exists()).filter_map(|document| match &document.draft {
        Some(Drafted::Return(draft)) => Some(&draft.body),
        _ => None,
    });
    let returned: Decimal = returns.clone().flat_map(|body| &body.detail_item).map(|item| item.quantity).sum();
    let pieces: Decimal = sold.detail_item.iter().map(|item| item.quantity).sum();
    let shipping: Rupiah = sold.detail_expense.iter().map(|expense| expense.expense_amount).sum();
    let left = shipping - returns.map(ReturnBody::shipping).sum();
    (returned >= pieces && left.is_positive()).then_some(left)
}

impl Entry {
    fn invoice(order: &OrderRecord, changed: Option<&ChangedInAccurate>, page: &Page) -> Option<Self> {
        let (number, total) = invoiced(order)?;
        let unchanged = ("good", page.t("in Accurate", "ada di Accurate"));
        let (kind, state) = changed.map_or(unchanged, |changed| (changed.kind, changed.state));
        Some(Self {
            what: named(Kind::Invoice, page),
            number,
            kind,
            state,
            detail: String::new(),
            amount: total.in_words(),
            link: changed.map(|changed| changed.link.clone()),
        })
    }

    /// The newest of these; those before them as one entry.
    fn newest(all: &[&impl Booked], page: &Page) -> Vec<Self> {
        let (older, newest) = all.split_at(all.len().saturating_sub(MOST_SHOWN));
        let older = i64::try_from(older.len()).ok().filter(|count| *count > 0).map(|count| Self {
            what: page.t("Older documents:", "Dokumen yang lebih lama:"),
            number: format::count(count),
            kind: "",
            state: "",
            detail: String::new(),
            amount: older.iter().map(|one| one.amount()).sum::<Rupiah>().in_words(),
            link: None,
        });
        older.into_iter().chain(newest.iter().map(|one| one.entry(page))).collect()
    }

    /// What a person has booked.
    fn by_hand(row: &RowRecord, page: &Page) -> Self {
        Self {
            what: named(row.content.kind(), page),
            number: row.booked_by_hand().unwrap_or_default().to_owned(),
            kind: "good",
            state: page.t("booked by hand", "dibukukan manual"),
            detail: String::new(),
            amount: row.amount().in_words(),
            link: None,
        }
    }

    fn new(document: &OrderDocument, page: &Page) -> Self {
        let (kind, state) = match (document.progress, document.id) {
            (Progress::Exists, _) => ("good", page.t("in Accurate", "ada di Accurate")),
            (Progress::Blocked, _) => ("bad", page.t("needs attention", "perlu ditangani")),
            (_, Some(_)) => ("busy", page.t("being deleted", "sedang dihapus")),
            _ if document.may_exist() => ("busy", page.t("being looked up", "sedang diperiksa")),
            _ => ("busy", page.t("being created", "sedang dibuat")),
        };
        let detail = match &document.draft {
            Some(Drafted::Receipt(draft)) => receipt_in_words(&draft.body, page),
            _ => String::new(),
        };
        Self {
            what: named(document.kind, page),
            number: document.number.to_string(),
            kind,
            state,
            detail,
            amount: document.amount().in_words(),
            link: None,
        }
    }
}

/// The money that arrived, and each discount on its account: together, what the receipt pays.
fn receipt_in_words(receipt: &ReceiptBody, page: &Page) -> String {
    let money = page
        .t("{} arrived on account {account}", "{} masuk ke akun {account}")
        .replace("{account}", &receipt.bank_no)
        .replace("{}", &receipt.cheque_amount.in_words());
    let discounts = receipt.detail_invoice.iter().flat_map(|paid| &paid.detail_discount).map(|one| {
        page.t("{} discount on account {account}", "diskon {} di akun {account}")
            .replace("{account}", &one.account_no)
            .replace("{}", &one.amount.in_words())
    });
    format::unbroken(&std::iter::once(money).chain(discounts).collect::<Vec<_>>().join("; "))
}

/// A document as a line of a statement names it.
fn named(kind: Kind, page: &Page) -> &'static str {
    match (kind, page.language) {
        (Kind::Invoice, Language::English) => "Invoice",
        (Kind::Invoice, Language::Indonesian) => "Faktur Penjualan",
        (Kind::Receipt, Language::English) => "Sales receipt",
        (Kind::Receipt, Language::Indonesian) => "Penerimaan Penjualan",
        (Kind::Return, Language::English) => "Sales return",
        (Kind::Return, Language::Indonesian) => "Retur Penjualan",
    }
}

impl Row {
    fn new(row: &RowRecord, line: RowLine, page: &Page) -> Self {
        let (what, path) = match row.content.kind() {
            Kind::Return => (page.t("Return", "Retur"), "/returns"),
            Kind::Invoice | Kind::Receipt => (page.t("Payout", "Pencairan dana"), "/payouts"),
        };
        Self { what, path, line }
    }
}
