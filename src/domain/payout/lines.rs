//! Payouts that consist of several rows of a file, which can be spread over several files.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Payout, PayoutKey};
use crate::domain::{mapping::after_sale::payout_categories, money::Rupiah, reason::Language};

/// A row of a file: the payout itself, or one amount of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The marketplace's number of the transaction, which no other row has; empty if the file names none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub transaction: String,
    /// The day on which the money moved.
    pub day: Date,
    /// The name of the amount; `None` for the payout itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee: Option<String>,
    /// How much, with the seller's sign.
    pub amount: Rupiah,
}

/// What a file adds to the known lines of a payout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Known lines, by their places, whose transactions have other content now.
    pub changed: Vec<(usize, Line)>,
    /// Lines that are not known.
    pub added: Vec<Line>,
}

impl Payout {
    /// The payout that consists of these lines.
    pub fn of_lines(key: PayoutKey, store_id: String, channel_order_id: String, lines: Vec<Line>) -> Self {
        let mut amounts: BTreeMap<String, Rupiah> = BTreeMap::new();
        for line in &lines {
            if let Some(fee) = &line.fee {
                let sum = amounts.entry(fee.clone()).or_default();
                *sum = *sum + line.amount;
            }
        }
        amounts.retain(|fee, amount| !amount.is_zero() || payout_categories().any(|category| category == fee));
        Self {
            key,
            store_id,
            channel_order_id,
            paid_at: lines.iter().map(|line| line.day).max().unwrap_or_default(),
            net: lines.iter().map(|line| line.amount).sum(),
            amounts,
            lines,
        }
    }
}

/// Compares the lines that a file names with those that are known. What only earlier files named stays: a file can
/// contain a part of a payout.
///
/// # Errors
///
/// The money that earlier files named and this one does not, if it could be the same money as lines of this file,
/// because not every line has a transaction number.
pub fn news(known: &[Line], sent: &[Line]) -> Result<News, Rupiah> {
    let mut unnamed: Vec<_> = (0..known.len()).collect();
    let (mut changed, mut others) = (Vec::new(), Vec::new());
    for line in sent {
        let is_same = |at: &usize| !line.transaction.is_empty() && known[*at].transaction == line.transaction;
        match unnamed.iter().position(is_same).map(|place| unnamed.remove(place)) {
            Some(at) if known[at] == *line => {}
            Some(at) => changed.push((at, line.clone())),
            None => others.push(line),
        }
    }
    let mut added = Vec::new();
    for line in others {
        let is_alike = |at: &usize| {
            let known = &known[*at];
            (known.transaction.is_empty() || line.transaction.is_empty())
                && (known.day, &known.fee, known.amount) == (line.day, &line.fee, line.amount)
        };
        match unnamed.iter().position(is_alike) {
            Some(place) => {
                unnamed.remove(place);
            }
            None => added.push(line.clone()),
        }
    }
    let left = || unnamed.iter().map(move |at| &known[*at]);
    let is_unclear = left().chain(&added).any(|line| line.transaction.is_empty());
    if !added.is_empty() && !unnamed.is_empty() && is_unclear {
        return Err(left().map(|line| line.amount).sum());
    }
    Ok(News { changed, added })
}

/// Why a payout is refused that would replace this money of earlier files, and what to do.
pub fn unclear(lost: Rupiah, language: Language) -> String {
    let lost = lost.in_words();
    match language {
        Language::English => format!(
            "an earlier file has {lost} for this order and day that this file lacks, and without transaction numbers \
             nobody can tell whether it was corrected; import a file that contains all rows of the order and day"
        ),
        Language::Indonesian => format!(
            "berkas sebelumnya memuat {lost} untuk pesanan dan tanggal ini yang tidak ada di berkas ini, dan tanpa nomor \
             transaksi tidak dapat dipastikan apakah itu koreksi; impor berkas yang memuat semua baris pesanan dan \
             tanggal itu"
        ),
    }
}

/// Why a payout is refused of which rows of their own contain this money, and what to do.
pub fn in_parts(elsewhere: Rupiah, language: Language) -> String {
    let elsewhere = elsewhere.in_words();
    match language {
        Language::English => format!(
            "{elsewhere} of this payout is in rows of their own (ids that end with /2, /3 …), and nobody can tell whether \
             this row contains that money too; correct each of these rows under its own id, or book the difference in \
             Accurate"
        ),
        Language::Indonesian => format!(
            "{elsewhere} dari pencairan dana ini ada di baris tersendiri (ID berakhiran /2, /3 …), dan tidak dapat \
             dipastikan apakah baris ini juga memuatnya; koreksi setiap baris dengan ID-nya sendiri, atau bukukan \
             selisihnya di Accurate"
        ),
    }
}

/// Why a payout of a file is refused whose id is known from another order, and what to do.
pub fn of_another_order(order: &str, language: Language) -> String {
    match language {
        Language::English => format!(
            "its id was recorded before for order {order:?}; if that column only numbers the rows, choose another one \
             for the transaction; if the marketplace has corrected the order, send the payout to POST /v1/payouts"
        ),
        Language::Indonesian => format!(
            "ID ini sudah tercatat untuk pesanan {order:?}; jika kolom itu hanya nomor urut baris, pilih kolom lain untuk \
             transaksi; jika marketplace mengoreksi pesanannya, kirim pencairan ini ke POST /v1/payouts"
        ),
    }
}

/// Why a payout of a file is refused that contains a transaction of another order's payout, and what to do.
pub fn transaction_of_another_order(transaction: &str, order: &str, id: &str, language: Language) -> String {
    match language {
        Language::English => format!(
            "transaction {transaction:?} was recorded before for order {order:?}, in payout {id:?}; if that column only \
             numbers the rows, choose another one for the transaction; if the marketplace has corrected the order, send \
             payout {id:?} to POST /v1/payouts without this amount, then import the file again"
        ),
        Language::Indonesian => format!(
            "transaksi {transaction:?} sudah tercatat untuk pesanan {order:?}, dalam pencairan {id:?}; jika kolom itu \
             hanya nomor urut baris, pilih kolom lain untuk transaksi; jika marketplace mengoreksi pesanannya, kirim \
             pencairan {id:?} ke POST /v1/payouts tanpa nominal ini, lalu impor lagi berkasnya"
        ),
    }
}

/// Why a payout of a file is refused that contains a transaction of a payout that a request has replaced, and what to do.
pub fn in_replaced(transaction: &str, id: &str, net: Rupiah, language: Language) -> String {
    let net = net.in_words();
    match language {
        Language::English => format!(
            "transaction {transaction:?} was part of payout {id:?}, which a request has replaced by {net}, and nobody can \
             tell whether that still contains it; if it does, nothing is missing; if it does not, send payout {id:?} with \
             all of its money to POST /v1/payouts"
        ),
        Language::Indonesian => format!(
            "transaksi {transaction:?} adalah bagian dari pencairan {id:?}, yang sudah diganti lewat permintaan menjadi \
             {net}, dan tidak dapat dipastikan apakah transaksi ini masih termasuk di dalamnya; jika ya, tidak ada yang \
             kurang; jika tidak, kirim pencairan {id:?} dengan seluruh dananya ke POST /v1/payouts"
        ),
    }
}

/// Why a payout of a file is refused whose money is known from a payout with another id, and what to do.
pub fn alike(money: Rupiah, language: Language) -> String {
    let money = money.in_words();
    match language {
        Language::English => format!(
            "an earlier file has {money} for this order with the same days, kinds and amounts; one of the two files names \
             no statement, and without transaction numbers in both, nobody can tell whether it is the same money; if it \
             is, nothing is missing; if it is not, send the missing money to POST /v1/payouts"
        ),
        Language::Indonesian => format!(
            "berkas sebelumnya memuat {money} untuk pesanan ini dengan tanggal, jenis, dan nominal yang sama; salah satu \
             dari kedua berkas tidak mencantumkan nomor laporan, dan tanpa nomor transaksi di keduanya tidak dapat \
             dipastikan apakah itu dana yang sama; jika sama, tidak ada yang kurang; jika berbeda, kirim dana yang kurang \
             ke POST /v1/payouts"
        ),
    }
}

/// Why a payout of a file is refused that earlier files had for another store, and what to do.
pub fn of_another_store(store: &str, language: Language) -> String {
    match language {
        Language::English => format!(
            "an earlier file had this payout for store {store:?}; import the file with that store. If the store was wrong, \
             take back the mark on the page Payouts, if there is one, and import again; money without an order needs no \
             other store"
        ),
        Language::Indonesian => format!(
            "berkas sebelumnya mencatat pencairan ini untuk toko {store:?}; impor berkas dengan toko itu. Jika tokonya \
             keliru, cabut tandanya di halaman Pencairan dana bila ada, lalu impor lagi; dana tanpa pesanan tidak perlu \
             diubah tokonya"
        ),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn line(transaction: &str, fee: Option<&str>, amount: i64) -> Line {
        let (transaction, fee) = (transaction.to_owned(), fee.map(str::to_owned));
        Line { transaction, day: date(2026, 11, 5), fee, amount: Rupiah::whole(amount) }
    }

    #[test]
    fn a_transaction_that_comes_again_is_a_repeat_and_with_another_amount_a_correction() {
        let known = [line("W1", None, 138_000), line("W2", Some("Adjustment"), -1_500)];
        assert_eq!(news(&known, &known[1..]), Ok(News::default()), "a part of what is known");
        let (other, next) = (line("W1", None, 139_000), line("W3", None, 1_000));
        let changed = vec![(0, other.clone())];
        assert_eq!(news(&known, &[next.clone(), other]), Ok(News { changed, added: vec![next] }));
    }

    #[test]
    fn without_transaction_numbers_only_a_file_with_all_known_lines_can_add_others() {
        let (first, second, third) = (line("", None, 138_000), line("", Some("fee"), -500), line("", None, 1_000));
        let known = [first.clone(), second.clone(), second.clone()];
        assert_eq!(news(&known, &known), Ok(News::default()));
        assert_eq!(news(&known, &known[..2]), Ok(News::default()), "a part of what is known");
        let whole = [third.clone(), second.clone(), first, second.clone()];
        assert_eq!(news(&known, &whole), Ok(News { changed: Vec::new(), added: vec![third.clone()] }));
        assert_eq!(news(&known, &[second, third]), Err(Rupiah::whole(137_500)), "is it a correction or another part?");
    }

    #[test]
    fn a_file_with_transaction_numbers_recognises_lines_that_came_without() {
        let known = [line("", None, 138_000)];
        assert_eq!(news(&known, &[line("W1", None, 138_000)]), Ok(News::default()));
        assert_eq!(news(&known, &[line("W1", None, 1_000)]), Err(Rupiah::whole(138_000)));
    }

    #[test]
    fn a_payout_of_lines_adds_them_up_and_is_dated_on_the_last_day() {
        let later = Line { day: date(2026, 11, 6), ..line("W4", Some("refund"), 0) };
        let lines = vec![line("W1", None, 138_000), line("W2", Some("fee"), 5), line("W3", Some("fee"), -5), later];
        let key = PayoutKey { source: "shopee".to_owned(), id: "1".to_owned() };
        let payout = Payout::of_lines(key, String::new(), "A".to_owned(), lines);
        assert_eq!((payout.net, payout.paid_at), (Rupiah::whole(138_000), date(2026, 11, 6)));
        assert_eq!(
            payout.amounts,
            BTreeMap::from([("refund".to_owned(), Rupiah::ZERO)]),
            "a category counts even if 0"
        );
    }
}
