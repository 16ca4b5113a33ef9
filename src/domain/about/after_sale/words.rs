//! What [`AfterSale`] says, in both languages.

use jiff::civil::Date;

use super::{AfterSale, OnAccount};
use crate::domain::{
    ids::DocumentNumber, mapping::category_in_words, matching::spelling::written_out, money::Rupiah, reason::Language,
};

impl AfterSale {
    /// In words for a person.
    #[expect(clippy::too_many_lines, reason = "one arm for each variant")]
    pub(in crate::domain::about) fn in_words(&self, language: Language) -> String {
        let say = |english: String, indonesian: String| match language {
            Language::English => english,
            Language::Indonesian => indonesian,
        };
        match self {
            Self::FeeNames { names } => {
                names.iter().map(|name| format!("\"{}\"", written_out(name))).collect::<Vec<_>>().join(", ")
            }
            Self::Category { category, amount } => {
                let (category, amount) = (category_in_words(category, language), amount.in_words());
                say(
                    format!("{category} {amount} has no account"),
                    format!("{category} {amount} belum memiliki akun perkiraan"),
                )
            }
            Self::BankAccount { store } => say(
                format!("store {store} has no Cash & Bank account for its payouts"),
                format!("toko {store} belum memiliki akun Kas & Bank untuk pencairan dananya"),
            ),
            Self::Rest { rest, limit } => unexplained(*rest, *limit, language),
            Self::ToBook { net, bank, amounts } => to_book(*net, bank, amounts, language),
            Self::AboveOwed { invoice, owed, to_book } => {
                let (booked, owed) = (to_book.in_words(language), owed.in_words());
                say(
                    format!("{booked}; {owed} of it pays invoice {invoice}, and the rest is more than is owed on it"),
                    format!("{booked}; {owed} melunasi faktur {invoice}, dan sisanya melebihi tagihannya"),
                )
            }
            Self::SameMoney { number, payout, net, fees } => {
                let (source, id) = (&payout.source, &payout.id);
                let fees = fees.iter().map(|one| on_account(one, one.amount, language)).collect::<Vec<_>>().join("; ");
                let net = net.in_words();
                say(
                    format!(
                        "receipt {number} has already booked {net} of this order, for payout {id} from {source}, but \
                         without these fees: {fees}; if it is the same money, mark this row as not to be booked and \
                         send payout {id} from {source} again with the fees, which then says how to correct the receipt \
                         in Accurate"
                    ),
                    format!(
                        "penerimaan {number} sudah membukukan {net} untuk pesanan ini, dari pencairan {id} ({source}), \
                         tetapi tanpa biaya berikut: {fees}; bila dananya sama, tandai baris ini sebagai tidak perlu \
                         dibukukan, lalu kirim ulang pencairan {id} ({source}) beserta biaya tersebut; pencairan itu \
                         kemudian menjelaskan cara mengoreksi penerimaannya di Accurate"
                    ),
                )
            }
            Self::CreditToClose { amount, customer, bank, fees } => journal(*amount, customer, bank, fees, language),
            Self::BeforeInvoice { receipt, invoice } => {
                before_invoice(["receipt", "penerimaan"], *receipt, *invoice, language)
            }
            Self::TotalAdopted { sent, total } => {
                let (sent, total) = (sent.in_words(), total.in_words());
                say(
                    format!(
                        "the invoice was changed in Accurate from {sent} to {total}, so the prices of its lines are not \
                         known here"
                    ),
                    format!(
                        "faktur ini diubah di Accurate dari {sent} menjadi {total}, sehingga harga barisnya tidak \
                         diketahui di sini"
                    ),
                )
            }
            Self::ReturnBeforeInvoice { returned, invoice } => {
                let days = before_invoice(["return", "retur"], *returned, *invoice, language);
                say(
                    format!("{days}; correct the day in the return record"),
                    format!("{days}; perbaiki tanggal pada data returnya"),
                )
            }
            Self::Corrected { changes } => {
                changes.iter().map(|change| change.in_words(language)).collect::<Vec<_>>().join("; ")
            }
            Self::Refund { amount } => {
                let amount = amount.in_words();
                say(
                    format!("no return explains the refund of {amount}"),
                    format!("pengembalian dana {amount} belum memiliki data retur"),
                )
            }
            Self::GoodsMissing { since } => {
                let since = since.strftime("%d/%m/%Y");
                say(
                    format!("the goods expected since {since} have not arrived"),
                    format!("barang retur yang ditunggu sejak {since} belum diterima"),
                )
            }
            Self::NotSold { sku } => say(
                format!("SKU {sku} is not on the invoice as a product of its own"),
                format!("SKU {sku} tidak ada di faktur sebagai produk tersendiri"),
            ),
            Self::MoreThanSold { sku, pieces, left } => say(
                format!("SKU {sku}: {pieces} pcs came back, {left} pcs are left on the invoice"),
                format!("SKU {sku}: {pieces} pcs dikembalikan, sisa di faktur {left} pcs"),
            ),
            Self::ReturnedBefore { item, pieces, sold, returned } => {
                returned_before(item, pieces, sold, returned, language)
            }
            Self::PaidBefore { invoice, payment, owed } => paid_before(invoice, *payment, *owed, language),
            Self::NothingLeft { shipping } if shipping.is_zero() => say(
                "everything on the invoice has been returned already".to_owned(),
                "semua isi faktur sudah diretur".to_owned(),
            ),
            Self::NothingLeft { shipping } => say(
                format!(
                    "all products on the invoice have been returned already; its shipping of {} stays on the invoice, \
                     because these returns name single products",
                    shipping.in_words()
                ),
                format!(
                    "semua produk di faktur sudah diretur; ongkos kirim {} tetap ada di faktur karena retur tersebut \
                     hanya menyebut produk tertentu",
                    shipping.in_words()
                ),
            ),
            Self::StatusOnly => say(
                "Forstok says only that the order was returned or not delivered".to_owned(),
                "Forstok hanya melaporkan bahwa pesanan diretur atau gagal dikirim".to_owned(),
            ),
            Self::WhichPieces { refund } => {
                let refund = refund.as_ref().and_then(|text| Rupiah::parse(text).ok());
                let amount = |name: &str| refund.map_or_else(String::new, |sum| format!("; {name} {}", sum.in_words()));
                say(
                    format!("it is not clear which pieces came back{}", amount("refund")),
                    format!("barang yang dikembalikan belum jelas{}", amount("pengembalian dana")),
                )
            }
            Self::NotSearchable { invoice } => say(
                format!(
                    "Accurate may have created this document under another number; check the receipts and returns of \
                     invoice {invoice} in Accurate, delete the document if it is there, then retry"
                ),
                format!(
                    "Accurate mungkin sudah membuat dokumen ini dengan nomor lain; periksa penerimaan dan retur faktur \
                     {invoice} di Accurate, hapus dokumen itu bila ada, lalu coba lagi"
                ),
            ),
            Self::NotDeleted { numbers } => {
                let numbers = listed(numbers);
                say(
                    format!(
                        "{numbers} could not be deleted in Accurate, and the invoice cannot be deleted before; the \
                         payout or the return gives the reason"
                    ),
                    format!(
                        "{numbers} tidak dapat dihapus di Accurate sehingga fakturnya juga belum dapat dihapus; \
                         alasannya ada pada pencairan dana atau returnya"
                    ),
                )
            }
            Self::Booked { numbers } => listed(numbers),
        }
    }
}

/// A document of this kind that would be dated before its invoice.
fn before_invoice([english, indonesian]: [&str; 2], day: Date, invoice: Date, language: Language) -> String {
    let [day, invoice] = [day, invoice].map(|day| day.strftime("%d/%m/%Y"));
    match language {
        Language::English => format!("the {english} would be dated {day}, its invoice is dated {invoice}"),
        Language::Indonesian => format!("{indonesian} akan bertanggal {day}, sedangkan fakturnya bertanggal {invoice}"),
    }
}

/// How many pieces are to be returned, and how many Accurate shows as returned.
fn returned_before(item: &str, pieces: &str, sold: &str, returned: &str, language: Language) -> String {
    match language {
        Language::English => {
            format!(
                "item {item}: {pieces} pcs are to be returned, but Accurate shows {returned} of {sold} pcs as returned"
            )
        }
        Language::Indonesian => {
            format!(
                "barang {item}: {pieces} pcs akan diretur, tetapi di Accurate sudah diretur {returned} dari {sold} pcs"
            )
        }
    }
}

/// What a receipt would pay, and what Accurate shows as owed.
fn paid_before(invoice: &DocumentNumber, payment: Rupiah, owed: Rupiah, language: Language) -> String {
    let [payment, owed] = [payment, owed].map(Rupiah::in_words);
    match language {
        Language::English => {
            format!("the receipt would pay {payment} on invoice {invoice}, but Accurate shows only {owed} as owed")
        }
        Language::Indonesian => format!(
            "penerimaan ini akan melunasi {payment} dari faktur {invoice}, tetapi di Accurate sisa tagihannya {owed}"
        ),
    }
}

/// A difference, and up to which limit one is booked.
fn unexplained(rest: Rupiah, limit: Rupiah, language: Language) -> String {
    let (what, before, after) = match language {
        Language::English => (format!("{} is not explained", rest.in_words()), "at most", "is booked automatically"),
        Language::Indonesian => {
            (format!("selisih {} tanpa keterangan", rest.in_words()), "paling banyak", "dibukukan otomatis")
        }
    };
    if limit.is_zero() { what } else { format!("{what}; {before} {} {after}", limit.in_words()) }
}

/// What a person has to book: for example `Rp94.500 arrived on account 110102`.
fn to_book(net: Rupiah, bank: &str, amounts: &[OnAccount], language: Language) -> String {
    let bank = bank_in_words(bank, language);
    let money = match (net < Rupiah::ZERO, language) {
        (false, Language::English) => format!("{} arrived on {bank}", net.in_words()),
        (true, Language::English) => format!("{} left {bank}", (Rupiah::ZERO - net).in_words()),
        (false, Language::Indonesian) => format!("{} masuk ke {bank}", net.in_words()),
        (true, Language::Indonesian) => format!("{} keluar dari {bank}", (Rupiah::ZERO - net).in_words()),
    };
    let each = amounts.iter().map(|one| on_account(one, one.amount, language));
    std::iter::once(money).chain(each).collect::<Vec<_>>().join("; ")
}

/// The journal voucher that closes a credit, with the fees of the same payout.
fn journal(amount: Rupiah, customer: &str, bank: &str, fees: &[OnAccount], language: Language) -> String {
    let bank = bank_in_words(bank, language);
    let left = (amount - fees.iter().map(|fee| fee.amount).sum()).in_words();
    let amount = amount.in_words();
    let (debit, credit, receivable) = match language {
        Language::English => ("debit", "credit", "the receivable of customer"),
        Language::Indonesian => ("debit", "kredit", "piutang pelanggan"),
    };
    let each = fees.iter().map(|fee| {
        let (side, amount) =
            if fee.amount.is_positive() { (credit, fee.amount) } else { (debit, Rupiah::ZERO - fee.amount) };
        format!("{side} {}", on_account(fee, amount, language))
    });
    let receivable = std::iter::once(format!("{debit} {receivable} {customer} {amount}"));
    let lines = receivable.chain(each).chain([format!("{credit} {bank} {left}")]).collect::<Vec<_>>().join(", ");
    match language {
        Language::English => {
            format!("{left} left {bank} for a return; close the credit with a journal voucher: {lines}")
        }
        Language::Indonesian => {
            format!("{left} keluar dari {bank} karena retur; tutup sisa kredit dengan Jurnal Umum: {lines}")
        }
    }
}

/// An amount of a category, and its account; it is empty if none is chosen.
fn on_account(one: &OnAccount, amount: Rupiah, language: Language) -> String {
    let on_account = match (one.account.as_str(), language) {
        ("", Language::English) => "no account chosen in the mapping yet".to_owned(),
        ("", Language::Indonesian) => "akunnya belum dipilih di pemetaan".to_owned(),
        (account, Language::English) => format!("account {account}"),
        (account, Language::Indonesian) => format!("akun {account}"),
    };
    format!("{} {} ({on_account})", category_in_words(&one.category, language), amount.in_words())
}

/// The store's Cash & Bank account; it is empty if none is chosen.
fn bank_in_words(account: &str, language: Language) -> String {
    match (account, language) {
        ("", Language::English) => "the store's Cash & Bank account (not chosen in the mapping yet)".to_owned(),
        ("", Language::Indonesian) => "akun Kas & Bank toko (belum dipilih di pemetaan)".to_owned(),
        (account, Language::English) => format!("account {account}"),
        (account, Language::Indonesian) => format!("akun {account}"),
    }
}

fn listed(numbers: &[DocumentNumber]) -> String {
    numbers.iter().map(DocumentNumber::as_str).collect::<Vec<_>>().join(", ")
}
