//! Calls to Accurate and the meaning of its replies, in words.

use crate::domain::reason::Language;

/// A call to Accurate in an accountant's words; a call without a name keeps Accurate's.
pub(super) fn call_in_words(call: &str, language: Language) -> &str {
    let (english, indonesian) = match call {
        "sales-invoice/save" => ("Create the invoice", "Membuat faktur"),
        "sales-invoice/bulk-save" => ("Create the invoice (with others)", "Membuat faktur (bersama faktur lain)"),
        "sales-invoice/detail" => ("Look up the invoice", "Mencari faktur"),
        "sales-invoice/list" => ("Look up the invoice (with others)", "Mencari faktur (bersama faktur lain)"),
        "sales-invoice/delete" => ("Delete the invoice", "Menghapus faktur"),
        "sales-receipt/save" => ("Create the receipt", "Membuat penerimaan penjualan"),
        "sales-receipt/bulk-save" => {
            ("Create the receipt (with others)", "Membuat penerimaan penjualan (bersama yang lain)")
        }
        "sales-receipt/detail" => ("Look up the receipt", "Mencari penerimaan penjualan"),
        "sales-receipt/delete" => ("Delete the receipt", "Menghapus penerimaan penjualan"),
        "sales-return/save" => ("Create the return", "Membuat retur penjualan"),
        "sales-return/bulk-save" => ("Create the return (with others)", "Membuat retur penjualan (bersama yang lain)"),
        "sales-return/detail" => ("Look up the return", "Mencari retur penjualan"),
        "sales-return/delete" => ("Delete the return", "Menghapus retur penjualan"),
        "customer/save" => ("Create the customer", "Membuat pelanggan"),
        "customer/list" => ("Look up the customer", "Mencari pelanggan"),
        other => (other, other),
    };
    match language {
        Language::English => english,
        Language::Indonesian => indonesian,
    }
}

/// The meaning of a reply, followed by Accurate's message.
pub(super) fn reply_in_words(outcome: &str, words: &str, language: Language) -> String {
    let means = match (outcome, language) {
        ("ok", Language::English) => return words.to_owned(),
        ("ok", Language::Indonesian) => return in_indonesian(words).to_owned(),
        ("slow_down", Language::English) => "Accurate asks to slow down",
        ("slow_down", Language::Indonesian) => "Accurate meminta agar permintaan diperlambat",
        ("not_sent", Language::English) => "not sent",
        ("not_sent", Language::Indonesian) => "tidak terkirim",
        ("ambiguous", Language::English) => "outcome unknown",
        ("ambiguous", Language::Indonesian) => "hasilnya belum diketahui",
        ("refused", Language::English) => "Accurate refused",
        ("refused", Language::Indonesian) => "ditolak Accurate",
        ("book_refused", Language::English) => "Accurate refuses all calls",
        ("book_refused", Language::Indonesian) => "Accurate menolak semua permintaan",
        ("unknown_text", Language::English) => "Accurate replied with an unfamiliar message",
        ("unknown_text", Language::Indonesian) => "Accurate membalas dengan pesan yang belum dikenal",
        ("right_missing", Language::English) => "the API Token's user lacks a right",
        ("right_missing", Language::Indonesian) => "pengguna API Token tidak memiliki hak akses yang diperlukan",
        (other, _) => other,
    };
    // Why a call was not made, or what a look-up showed after it, is our own text; whatever else is said is Accurate's.
    let may_be_ours = matches!(outcome, "not_sent" | "ambiguous");
    let words = if may_be_ours && language == Language::Indonesian { in_indonesian(words) } else { words };
    match (means, words) {
        ("", words) => words.to_owned(),
        (means, "") => means.to_owned(),
        (means, words) => format!("{means} — {words}"),
    }
}

/// What a successful call did, or why a call was not made. The attempt records it in English.
fn in_indonesian(words: &str) -> &str {
    match words {
        "saved" => "tersimpan",
        "deleted" => "terhapus",
        "created" => "dibuat",
        "exists already" => "sudah ada",
        "nothing to delete" => "tidak ada yang perlu dihapus",
        "an invoice with this number exists" => "faktur dengan nomor ini ada",
        "an invoice of that day mentions this order" => "ada faktur pada tanggal itu yang menyebut pesanan ini",
        "the invoice equals the draft" => "sama dengan draf",
        "the invoice differs from the draft" => "berbeda dengan draf",
        "no invoice of that day mentions this order" => "tidak ada faktur pada tanggal itu yang menyebut pesanan ini",
        "the list of that day is unreliable" => "daftar faktur pada tanggal itu tidak dapat diandalkan",
        "the newest invoices show it" => "faktur terlihat di daftar faktur terbaru",
        "the newest invoices do not show it yet" => "faktur belum terlihat di daftar faktur terbaru",
        "it exists" => "ada",
        "it does not exist" => "tidak ada",
        "the invoice exists" => "faktur ada",
        "the invoice does not exist" => "faktur tidak ada",
        "no invoice has this number" => "tidak ada faktur dengan nomor ini",
        "what is left was read" => "sisa tagihan dan barangnya terbaca",
        "every invoice that was reported as saved exists" => "semua faktur yang dilaporkan tersimpan memang ada",
        // Version 0.1 recorded it of an invoice.
        "an earlier save of the same document may still arrive"
        | "an earlier save of the same invoice may still arrive" => {
            "penyimpanan dokumen yang sama sebelumnya mungkin masih sampai di Accurate"
        }
        "Accurate still shows it although it reported it as deleted" => {
            "Accurate masih menampilkannya meskipun melaporkannya terhapus"
        }
        "the invoice was saved less than five minutes ago and may not be shown yet" => {
            "faktur disimpan kurang dari lima menit yang lalu dan mungkin belum terlihat"
        }
        "it was saved less than five minutes ago and may not be shown yet" => {
            "disimpan kurang dari lima menit yang lalu dan mungkin belum terlihat"
        }
        "the calls before it failed" => "permintaan sebelumnya gagal",
        "the total of the order's invoice cannot be read" => "total faktur pesanan ini tidak terbaca",
        "no API Token has been entered yet" => "API Token belum diisi",
        other => other,
    }
}
