//! The meaning of a message from Accurate: whole templates, matched from the start of the message.
//!
//! Messages quote what sellers typed (item numbers, names, invoice numbers), so no phrase is searched for inside a
//! message. Fixed words must begin the message, and a seller's text may appear only where a template has its variable
//! part. Where accurate.md knows how a template ends, the end must match too. Each of a reply's messages is matched
//! alone; [`all_of`] says what they mean together.

use super::outcome::{BookTrouble, Meaning, Taken};
use crate::domain::reason::Reason;

/// What a message leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// The call may have been carried out.
    Ambiguous,
    /// Accurate accepts no calls of this book.
    Book(BookTrouble),
    /// The token's user lacks the right for this call.
    RightMissing,
    /// One of Accurate's limits was reached.
    SlowDown,
    /// There is no such call.
    WrongAddress,
    /// This call was refused.
    Refused(Meaning),
}

/// A message whose fixed words begin it.
struct Template {
    begins: &'static str,
    then: Then,
    class: Class,
}

/// What may follow the fixed words.
#[derive(Clone, Copy)]
enum Then {
    /// Anything: accurate.md does not give the end, or the variable part is the end.
    Anything,
    /// Nothing, or punctuation and another sentence. For short phrases that a name could begin with as well.
    EndOfSentence,
    /// Nothing but punctuation.
    End,
    /// A text of the order, then these words, then nothing.
    OrderText(&'static [&'static str]),
}

/// `X tidak ditemukan atau sudah dihapus` (accurate.md §3, A).
const GONE: &[&str] = &[" tidak ditemukan atau sudah dihapus"];

/// The end is known for accounts (accurate.md §3, A).
const ACCOUNT_INACTIVE: &[&str] = &[" berstatus Non Aktif. Akun ini tidak dapat digunakan"];

/// For items only the beginning is likely, because accounts have this form.
const ITEM_INACTIVE: &[&str] = &[
    " berstatus Non Aktif",
    " berstatus Non Aktif. Barang & Jasa ini tidak dapat digunakan",
    " berstatus Non Aktif. Barang ini tidak dapat digunakan",
];

/// The templates of accurate.md §1 to §3 whose beginning is known. The first match counts.
const TEMPLATES: &[Template] = {
    use self::{
        BookTrouble as Book, Class as C, Meaning as M, Reason as R, Taken as T,
        Then::{Anything, End, EndOfSentence, OrderText},
    };
    const fn template(begins: &'static str, then: Then, class: Class) -> Template {
        Template { begins, then, class }
    }
    const fn person(begins: &'static str, then: Then, reason: Reason) -> Template {
        template(begins, then, C::Refused(M::Person(reason)))
    }
    &[
        person("Barang & Jasa ", OrderText(GONE), R::ItemNotFound),
        person("Barang & Jasa ", OrderText(ITEM_INACTIVE), R::ItemNotFound),
        person("Pelanggan ", OrderText(GONE), R::CustomerNotFound),
        person("Akun ", OrderText(GONE), R::AccountUnmapped),
        person("Akun ", OrderText(ACCOUNT_INACTIVE), R::AccountInactive),
        person("Gudang ", OrderText(GONE), R::WarehouseUnmapped),
        person("Cabang ", OrderText(GONE), R::BranchRequired),
        person("Syarat Pembayaran ", OrderText(GONE), R::RefusedByAccurate),
        person("Departemen ", OrderText(GONE), R::RefusedByAccurate),
        person("Proyek ", OrderText(GONE), R::RefusedByAccurate),
        person("Satuan ", OrderText(GONE), R::RefusedByAccurate),
        person("Faktur Penjualan ", OrderText(GONE), R::RefusedByAccurate),
        template("Sudah ada data lain dengan No Faktur", Anything, C::Refused(M::Duplicate(T::InvoiceNumber))),
        template("Sudah ada data lain dengan ID Pelanggan", Anything, C::Refused(M::Duplicate(T::CustomerNo))),
        template("Sudah ada data lain dengan", Anything, C::Refused(M::Duplicate(T::Other))),
        template("Faktur Penjualan tidak tepat", End, C::Refused(M::NotFound)),
        template("Penerimaan Penjualan tidak tepat", End, C::Refused(M::NotFound)),
        template("Retur Penjualan tidak tepat", End, C::Refused(M::NotFound)),
        template("Pelanggan tidak tepat", End, C::Refused(M::NotFound)),
        template("Barang & Jasa tidak tepat", End, C::Refused(M::NotFound)),
        person("Profil pengguna anda memiliki akses ke lebih dari satu cabang", Anything, R::BranchRequired),
        person("Tanggal transaksi tidak dapat lebih kecil", Anything, R::PeriodClosed),
        person("Diskon tidak boleh melebihi nilai sub total", Anything, R::DiscountAboveSubtotal),
        person("Detail dari transaksi belum diisi", Anything, R::NoLines),
        person("Nilai Pembayaran tidak mencukupi", End, R::RefusedByAccurate),
        // How the sentence begins is not known for certain (returns.md §2, B).
        person("tidak dapat menghapus rincian faktur", Anything, R::RefusedByAccurate),
        person("Tidak dapat menghapus rincian faktur", Anything, R::RefusedByAccurate),
        template("Anda tidak mempunyai hak untuk", Anything, C::RightMissing),
        template("insufficient_scope", EndOfSentence, C::RightMissing),
        template("Header X-Api-Timestamp ", Anything, C::Book(Book::WrongClock)),
        template("Header X-Api Timestamp ", Anything, C::Book(Book::WrongClock)),
        template("Header X-Api-Signature ", Anything, C::Book(Book::TokenRefused)),
        template("Invalid or Revoked API Token", Anything, C::Book(Book::TokenRefused)),
        template("Data Session Key tidak tepat", Anything, C::Book(Book::TokenRefused)),
        template("invalid_token", EndOfSentence, C::Book(Book::TokenRefused)),
        template("Unauthorized", EndOfSentence, C::Book(Book::TokenRefused)),
        template("URL API tidak tepat", EndOfSentence, C::WrongAddress),
        template("Upsss", EndOfSentence, C::Ambiguous),
        template("Unable to acquire JDBC Connection", Anything, C::Ambiguous),
        template("java.lang.RuntimeException", Anything, C::Ambiguous),
    ]
};

/// A phrase whose beginning accurate.md does not give. Only words of a fixed set may precede it, so that no text which
/// a seller typed can.
struct Phrase {
    words: &'static str,
    before: &'static [&'static str],
    /// One of these must be among the words before it. If empty, none is required.
    needs: &'static [&'static str],
    then: Then,
    class: Class,
}

/// The words in the names of Accurate's fields.
const FIELD_WORDS: &[&str] = &[
    "&",
    "akun",
    "alamat",
    "barang",
    "biaya",
    "bukti",
    "cabang",
    "catatan",
    "data",
    "departemen",
    "detail",
    "diskon",
    "faktur",
    "gudang",
    "harga",
    "id",
    "jasa",
    "kategori",
    "keterangan",
    "kode",
    "kolom",
    "kuantitas",
    "kurs",
    "mata",
    "nama",
    "nilai",
    "no",
    "nomor",
    "pajak",
    "pelanggan",
    "pembayaran",
    "penerimaan",
    "pengiriman",
    "penjualan",
    "perkiraan",
    "proyek",
    "retur",
    "satuan",
    "syarat",
    "tanggal",
    "tipe",
    "transaksi",
    "uang",
];

/// The words that may precede the name of a limit.
const LIMIT_WORDS: &[&str] = &[
    "akses",
    "anda",
    "api",
    "batas",
    "dari",
    "detik",
    "jumlah",
    "koneksi",
    "limit",
    "maksimal",
    "maksimum",
    "melebihi",
    "mencapai",
    "panggilan",
    "permintaan",
    "proses",
    "request",
    "secara",
    "sudah",
    "telah",
    "terlalu",
    "banyak",
    "untuk",
];

/// The words of [`LIMIT_WORDS`] that show that the message is about a limit.
const LIMIT: &[&str] = &["banyak", "batas", "limit", "maksimal", "maksimum", "melebihi"];

/// The words that may precede what is still owed on an invoice.
const PAYMENT_WORDS: &[&str] = &[
    "besar",
    "boleh",
    "dapat",
    "dari",
    "faktur",
    "jumlah",
    "lebih",
    "melebihi",
    "nilai",
    "pembayaran",
    "penjualan",
    "tidak",
];

/// The words of [`PAYMENT_WORDS`] that show that too much would be paid.
const ABOVE: &[&str] = &["besar", "melebihi"];

const PHRASES: &[Phrase] = {
    use self::{
        Class as C,
        Then::{Anything, End, EndOfSentence},
    };
    &[
        Phrase { words: "harus diisi", before: FIELD_WORDS, needs: &[], then: End, class: REFUSED },
        Phrase {
            words: "terdeteksi terproses dua kali",
            before: FIELD_WORDS,
            needs: &[],
            then: End,
            class: C::Ambiguous,
        },
        // One client takes it for an invoice that is paid already (payout.md §2, ?).
        Phrase { words: "sisa tagihan", before: PAYMENT_WORDS, needs: ABOVE, then: End, class: REFUSED },
        Phrase { words: "request per detik", before: LIMIT_WORDS, needs: LIMIT, then: Anything, class: C::SlowDown },
        Phrase { words: "paralel", before: LIMIT_WORDS, needs: LIMIT, then: EndOfSentence, class: C::SlowDown },
    ]
};

/// A person must act; Accurate's message says what is wrong.
const REFUSED: Class = Class::Refused(Meaning::Person(Reason::RefusedByAccurate));

/// Fields whose characters Accurate may refuse. None of them begins a template in which a value follows immediately, as
/// in `Pelanggan X …`.
const TEXT_FIELDS: &[&str] = &[
    "Alamat",
    "Catatan",
    "ID Pelanggan",
    "Keterangan",
    "Kode Barang",
    "Nama",
    "Nama Barang",
    "Nama Pelanggan",
    "No Bukti",
    "No Faktur",
    "No PO",
    "No Retur",
];

/// The meaning of a message; `None` if accurate.md does not contain it.
pub(super) fn class_of(message: &str) -> Option<Class> {
    let message = message.trim();
    let template = TEMPLATES.iter().find(|template| template.matches(message)).map(|template| template.class);
    let phrase = || PHRASES.iter().find(|phrase| phrase.matches(message)).map(|phrase| phrase.class);
    template.or_else(phrase).or_else(|| (is_about_characters(message) || is_about_length(message)).then_some(REFUSED))
}

/// How many messages of a reply were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MessagesRead {
    /// All of them.
    All,
    /// Some were left out, or are not texts.
    Some,
}

/// The meaning of all messages of one reply together; `None` if none is known.
///
/// The least certain meaning counts: a reply that contains both "no such item" and "error on our side" proves nothing.
/// A missing customer, which we may create, counts only if every other message is known.
pub(super) fn all_of(messages: &[String], kept: MessagesRead) -> Option<Class> {
    let classes: Vec<_> = messages.iter().map(|message| class_of(message)).collect();
    let first = |wanted: fn(&Class) -> bool| classes.iter().flatten().copied().find(wanted);
    let missing_customer = |class: &Class| *class == Class::Refused(Meaning::Person(Reason::CustomerNotFound));
    let missing = first(missing_customer).filter(|_| kept == MessagesRead::All && classes.iter().all(Option::is_some));
    first(|class| matches!(class, Class::Ambiguous))
        .or_else(|| first(|class| matches!(class, Class::Book(_))))
        .or_else(|| first(|class| matches!(class, Class::RightMissing)))
        .or_else(|| first(|class| matches!(class, Class::SlowDown)))
        .or_else(|| first(|class| matches!(class, Class::WrongAddress)))
        .or_else(|| first(|class| matches!(class, Class::Refused(Meaning::Duplicate(_)))))
        .or(missing)
        .or_else(|| classes.iter().flatten().copied().find(|class| !missing_customer(class)))
}

impl Template {
    fn matches(&self, message: &str) -> bool {
        message.strip_prefix(self.begins).is_some_and(|rest| self.then.allows(rest))
    }
}

impl Then {
    fn allows(self, rest: &str) -> bool {
        match self {
            Self::Anything => true,
            Self::End => rest.trim_end_matches(['.', '!']).is_empty(),
            Self::EndOfSentence => ends_a_sentence(rest),
            Self::OrderText(ends) => {
                let rest = rest.trim_end_matches('.');
                // If the order's text is empty, there is no space before the end.
                ends.iter().any(|end| rest.ends_with(end) && rest.len() > end.len())
            }
        }
    }
}

/// Nothing, or punctuation that ends here or is followed by a space: `Unauthorized-Tee` does not end after its first
/// word.
fn ends_a_sentence(rest: &str) -> bool {
    let after = rest.trim_start_matches(['.', '…', '!', ',', ';', ':']);
    rest.is_empty() || (after.len() < rest.len() && (after.is_empty() || after.starts_with(char::is_whitespace)))
}

impl Phrase {
    fn matches(&self, message: &str) -> bool {
        let mut needed = self.needs.is_empty();
        let mut rest = message;
        loop {
            if let Some(after) = rest.strip_prefix(self.words) {
                return needed && self.then.allows(after);
            }
            let Some((word, after)) = rest.split_once(' ') else { return false };
            let lower = word.to_lowercase();
            let is_small_number = !self.needs.is_empty() && word.len() <= 3 && word.bytes().all(|b| b.is_ascii_digit());
            if !is_small_number && !self.before.contains(&lower.as_str()) {
                return false;
            }
            needed |= self.needs.contains(&lower.as_str());
            rest = after;
        }
    }
}

/// `Karakter yang diperbolehkan …`, alone or after the name of a field.
fn is_about_characters(message: &str) -> bool {
    let rest = |field: &&str| message.strip_prefix(*field);
    let after_field = TEXT_FIELDS.iter().filter_map(rest).map(|rest| {
        let rest = rest.strip_prefix(" tidak tepat").unwrap_or(rest);
        rest.trim_start_matches(['.', ':', ',', ' '])
    });
    after_field.chain([message]).any(|rest| rest.starts_with("Karakter yang diperbolehkan"))
}

/// `No Faktur Maksimal 30 karakter`: the name of a field, and a number.
fn is_about_length(message: &str) -> bool {
    let Some(rest) = message.trim_end_matches('.').strip_suffix(" karakter") else { return false };
    let Some((field, most)) = rest.rsplit_once("Maksimal ") else { return false };
    let is_number = !most.is_empty() && most.len() <= 5 && most.bytes().all(|byte| byte.is_ascii_digit());
    is_number && field.split_whitespace().all(|word| FIELD_WORDS.contains(&word.to_lowercase().as_str()))
}

#[cfg(test)]
mod tests;
