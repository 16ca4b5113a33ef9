//! All of Accurate's messages, in Indonesian.
//!
//! The fragments are those of accurate.md §1 to §3; the words around a fragment, and the texts marked *guess*, are
//! ours. A client must distinguish errors only by the fragments.

use std::fmt::Display;

use super::{Action, auth::AuthFault, limits::BreachKind};

pub(super) const WRONG_URL: &str = "URL API tidak tepat";
pub(super) const NO_INVOICE: &str = "Faktur Penjualan tidak tepat";
pub(super) const NO_CUSTOMER: &str = "Pelanggan tidak tepat";
pub(super) const NO_ITEM: &str = "Barang & Jasa tidak tepat";
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

pub(super) fn invoice_saved(number: &str) -> String {
    format!("Faktur Penjualan \"{number}\" berhasil disimpan")
}

/// Guess, modelled on the message for a saved one.
pub(super) fn invoice_deleted(number: &str) -> String {
    format!("Faktur Penjualan \"{number}\" berhasil dihapus")
}

/// Guess: even that a receipt prevents a deletion is one (accurate.md §4).
pub(super) fn has_receipt(number: &str, receipt: &str) -> String {
    format!("Faktur Penjualan \"{number}\" tidak dapat dihapus karena digunakan di Penerimaan Penjualan \"{receipt}\"")
}

pub(super) fn customer_saved(name: &str) -> String {
    format!("Pelanggan \"{name}\" berhasil disimpan")
}

pub(super) fn number_taken(number: &str) -> String {
    format!("Sudah ada data lain dengan No Faktur # \"{number}\"")
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

pub(super) fn no_right(action: Action) -> String {
    let what = match action {
        Action::InvoiceSave | Action::InvoiceBulkSave => "menambah Faktur Penjualan",
        Action::InvoiceDelete => "menghapus Faktur Penjualan",
        Action::CustomerSave => "menambah Pelanggan",
        _ => "melihat data ini",
    };
    format!("Anda tidak mempunyai hak untuk {what}")
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
