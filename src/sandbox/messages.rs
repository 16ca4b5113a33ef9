//! All of Accurate's messages, in Indonesian.
//!
//! The fragments are those of accurate.md §1 to §3; the words around a fragment, and the texts marked *guess*, are
//! ours. A client must distinguish errors only by the fragments.

use std::fmt::Display;

use super::{Action, Deed, auth::AuthFault, limits::BreachKind};
use crate::domain::document::Kind;

pub(super) const WRONG_URL: &str = "URL API tidak tepat";
pub(super) const NO_INVOICE: &str = "Faktur Penjualan tidak tepat";
/// Guess, modelled on the message for invoices (accurate.md §3).
pub(super) const NO_RECEIPT: &str = "Penerimaan Penjualan tidak tepat";
/// Guess, modelled on the message for invoices (accurate.md §3).
pub(super) const NO_RETURN: &str = "Retur Penjualan tidak tepat";
pub(super) const NO_CUSTOMER: &str = "Pelanggan tidak tepat";
pub(super) const NO_ITEM: &str = "Barang & Jasa tidak tepat";
/// Guess.
pub(super) const WRONG_PERIOD: &str = "Periode tidak tepat";
pub(super) const NO_LINES: &str = "Detail dari transaksi belum diisi!";
pub(super) const DISCOUNT_ABOVE_SUBTOTAL: &str = "Diskon tidak boleh melebihi nilai sub total";
pub(super) const BRANCH_REQUIRED: &str = "Profil pengguna anda memiliki akses ke lebih dari satu cabang. \
    Silakan isi cabang terlebih dahulu";
pub(super) const BEFORE_START: &str = "Tanggal transaksi tidak dapat lebih kecil dari tanggal mulai perusahaan";
pub(super) const DATABASE_TROUBLE: &str = "Unable to acquire JDBC Connection";
/// Guess: `open-db.do` is known to be refused, but not with which words.
pub(super) const OPEN_DB_REFUSED: &str = "open-db.do tidak dapat digunakan dengan API Token";
/// Guess: the message for a good entry when another one fails the whole bulk.
pub(super) const HELD_BACK: &str = "Data tidak disimpan karena ada data lain yang gagal disimpan";
/// Guess.
pub(super) const BULK_EMPTY: &str = "data harus diisi";
/// Guess; the maximum of 100 is known.
pub(super) const BULK_TOO_LONG: &str = "Maksimal 100 data dalam satu kali proses";
/// Guess.
pub(super) const NEGATIVE_EXPENSE: &str = "Nilai biaya tidak boleh lebih kecil dari 0";

/// A receipt brings less money than its payments need (payout.md §2, B).
pub(super) const NOT_ENOUGH_MONEY: &str = "Nilai Pembayaran tidak mencukupi";
/// Guess: that the amounts must be equal is known (payout.md §2, A).
pub(super) const TOO_MUCH_MONEY: &str = "Penerimaan lebih besar daripada total pembayaran faktur";
/// Guess; one client looks for `sisa tagihan` (payout.md §2, ?).
pub(super) const ABOVE_OWED: &str = "Nilai Pembayaran melebihi sisa tagihan";

pub(super) const TOO_MANY_IN_A_SECOND: &str = "Permintaan anda melebihi batas 8 request per detik";
pub(super) const TOO_MANY_IN_FLIGHT: &str = "Permintaan anda melebihi batas 8 proses paralel";

pub(super) fn above_limit(kind: BreachKind) -> &'static str {
    match kind {
        BreachKind::PerSecond => TOO_MANY_IN_A_SECOND,
        BreachKind::InFlight => TOO_MANY_IN_FLIGHT,
    }
}

pub(super) fn not_let_in(fault: AuthFault) -> &'static str {
    match fault {
        AuthFault::Unauthorized => "Unauthorized",
        AuthFault::InvalidToken => "invalid_token",
        AuthFault::RevokedToken => "Invalid or Revoked API Token",
        AuthFault::TimestampRequired => "Header X-Api-Timestamp is required",
        AuthFault::TimestampInvalid => "Header X-Api-Timestamp is invalid",
        AuthFault::TimestampTooFar => "Header X-Api Timestamp difference more than 600 seconds with Server Time",
        AuthFault::SignatureRequired => "Header X-Api-Signature is required",
        AuthFault::SignatureInvalid => "Header X-Api-Signature is invalid",
    }
}

pub(super) fn upsss(reference: u64) -> String {
    format!(
        "Upsss... Telah terjadi permasalahan pada sistem kami. Silakan coba beberapa saat lagi. \
         Kode Referensi: {reference:08X}"
    )
}

/// `kind` is one of `Faktur Penjualan`, `Penerimaan Penjualan`, `Retur Penjualan`.
pub(super) fn document_saved(kind: &str, number: &str) -> String {
    format!("{kind} \"{number}\" berhasil disimpan")
}

/// Guess, modelled on the message for a saved one.
pub(super) fn document_deleted(kind: &str, number: &str) -> String {
    format!("{kind} \"{number}\" berhasil dihapus")
}

/// Guess: even that a receipt or a return prevents a deletion is one (accurate.md §4).
pub(super) fn invoice_in_use(number: &str, kind: &str, by: &str) -> String {
    format!("Faktur Penjualan \"{number}\" tidak dapat dihapus karena digunakan di {kind} \"{by}\"")
}

/// Guess; that it is refused is known (payout.md §2, B).
pub(super) fn payment_of_zero(invoice: &str) -> String {
    format!("Nilai Pembayaran Faktur Penjualan \"{invoice}\" harus lebih besar dari 0")
}

/// Guess; that it is refused is known (payout.md §2, C).
pub(super) fn paid_before_invoice(invoice: &str) -> String {
    format!("Tanggal penerimaan lebih kecil dari tanggal Faktur Penjualan \"{invoice}\"")
}

/// Guess.
pub(super) fn another_customers(invoice: &str, customer_no: &str) -> String {
    format!("Faktur Penjualan \"{invoice}\" bukan milik Pelanggan \"{customer_no}\"")
}

/// Guess.
pub(super) fn more_than_sold(item_no: &str, invoice: &str) -> String {
    format!("Kuantitas retur Barang & Jasa {item_no} melebihi sisa kuantitas pada Faktur Penjualan \"{invoice}\"")
}

pub(super) fn customer_saved(name: &str) -> String {
    format!("Pelanggan \"{name}\" berhasil disimpan")
}

/// `No Faktur` is known; the names of the fields of receipts and returns are guesses.
pub(super) fn number_taken(field: &str, number: &str) -> String {
    format!("Sudah ada data lain dengan {field} # \"{number}\"")
}

pub(super) fn customer_taken(no: &str) -> String {
    format!("Sudah ada data lain dengan ID Pelanggan # \"{no}\"")
}

/// Guess, modelled on the others.
pub(super) fn customer_name_taken(name: &str) -> String {
    format!("Sudah ada data lain dengan Nama Pelanggan # \"{name}\"")
}

pub(super) fn too_long(field: &str, most: usize) -> String {
    format!("{field} Maksimal {most} karakter")
}

/// Guess: the fragment is known, but not which characters it refers to; here only control characters are refused.
pub(super) fn wrong_characters(field: &str) -> String {
    format!("{field} tidak tepat. Karakter yang diperbolehkan adalah huruf, angka dan tanda baca")
}

pub(super) fn required(field: &str) -> String {
    format!("{field} harus diisi")
}

/// `what` is one of `Pelanggan`, `Barang & Jasa`, `Gudang`, `Cabang`, `Syarat Pembayaran`, `Akun`.
pub(super) fn not_found(what: &str, which: impl Display) -> String {
    format!("{what} {which} tidak ditemukan atau sudah dihapus")
}

pub(super) fn account_inactive(no: &str) -> String {
    format!("Akun {no} berstatus Non Aktif. Akun ini tidak dapat digunakan")
}

/// Guess, modelled on the message for accounts.
pub(super) fn item_inactive(no: &str) -> String {
    format!("Barang & Jasa {no} berstatus Non Aktif. Barang & Jasa ini tidak dapat digunakan")
}

/// Texts that accurate.md does not contain, so their meaning for a call is unknown. All are guesses.
pub(super) const UNKNOWN: [&str; 4] = [
    "Proses tidak dapat dilanjutkan, silakan hubungi administrator data usaha anda",
    "Data sedang digunakan oleh pengguna lain",
    "Sesi pengguna telah berakhir di tengah proses",
    "Kuota transaksi bulan ini sudah habis",
];

/// Only the fixed words are known.
pub(super) fn no_right(action: Action) -> String {
    let (verb, what) = match action.on_documents() {
        Some((kind, deed)) => {
            let verb = match deed {
                Deed::Save | Deed::BulkSave => "menambah",
                Deed::Delete => "menghapus",
                Deed::Detail | Deed::List => "melihat",
            };
            (verb, document(kind))
        }
        None if action == Action::CustomerSave => ("menambah", "Pelanggan"),
        None => ("melihat", "data ini"),
    };
    format!("Anda tidak mempunyai hak untuk {verb} {what}")
}

/// What Accurate calls a kind of document.
pub(super) fn document(kind: Kind) -> &'static str {
    match kind {
        Kind::Invoice => "Faktur Penjualan",
        Kind::Receipt => "Penerimaan Penjualan",
        Kind::Return => "Retur Penjualan",
    }
}

/// Guess: a number, a percentage or a date that cannot be parsed.
pub(super) fn unreadable(field: &str, value: impl Display) -> String {
    format!("Nilai {value} pada {field} tidak tepat")
}

/// Guess; that six places are accepted is known (accurate.md §3).
pub(super) fn too_many_places(field: &str, value: impl Display) -> String {
    format!("Nilai {value} pada {field} tidak tepat, maksimal 6 angka desimal")
}

/// Guess.
pub(super) fn quantity_not_positive(item_no: &str) -> String {
    format!("Kuantitas Barang & Jasa {item_no} harus lebih besar dari 0")
}
