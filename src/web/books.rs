//! The state of the connection to each Accurate database, in words.

use super::page::Page;
use crate::posting::{BookStatus, circuit::Pause};

/// A book as pages show it.
pub(super) struct Book {
    pub(super) name: String,
    pub(super) pause: Option<Trouble>,
}

/// Why a book is paused, and what to do.
pub(super) struct Trouble {
    pub(super) sentence: &'static str,
    pub(super) remedy: &'static str,
    /// `26/11/2026 10:32 WIB`.
    pub(super) since: String,
    /// `12 minutes`.
    pub(super) length: String,
    /// Accurate's own message, unchanged.
    pub(super) words: String,
}

impl Book {
    pub(super) fn new(book: BookStatus, page: &Page) -> Self {
        Self { name: book.name, pause: book.pause.map(|pause| Trouble::new(pause, page)) }
    }
}

impl Trouble {
    fn new(pause: Pause, page: &Page) -> Self {
        let (sentence, remedy) = in_words(pause.code, page);
        Self { sentence, remedy, since: page.moment(pause.since), length: page.since(pause.since), words: pause.words }
    }
}

/// The sentence and the remedy of a pause's code.
fn in_words(code: &str, page: &Page) -> (&'static str, &'static str) {
    match code {
        "token_refused" => (
            page.t("Accurate refuses the API Token.", "Accurate menolak API Token."),
            page.t(
                "Create a new API Token in Accurate for the same app, and ask the person who runs this service to put it \
                 into the settings. Invoicing then resumes automatically.",
                "Buat API Token baru di Accurate untuk aplikasi yang sama, lalu minta pengelola layanan memasangnya di \
                 pengaturan. Pembuatan faktur kemudian berlanjut otomatis.",
            ),
        ),
        "credentials_missing" => (
            page.t("No API Token has been entered yet.", "API Token belum diisi."),
            page.t(
                "An admin enters it under “Set up”. Until then orders wait, and nothing is sent to Accurate.",
                "Admin mengisinya di halaman “Penyiapan”. Sementara itu pesanan menunggu, dan tidak ada yang dikirim ke \
                 Accurate.",
            ),
        ),
        "wrong_clock" => (
            page.t("The clock of this server is wrong.", "Jam server ini tidak tepat."),
            page.t(
                "Ask the person who runs this service to set the server's clock: it differs from Accurate's by more than \
                 ten minutes.",
                "Minta pengelola layanan menyetel jam server: selisihnya dengan jam Accurate lebih dari sepuluh menit.",
            ),
        ),
        "right_missing" => (
            page.t("The user of the API Token lacks a right in Accurate.", "Pengguna API Token tidak memiliki hak akses yang diperlukan di Accurate."),
            page.t(
                "Grant the right that Accurate names below to the user who created the API Token.",
                "Berikan hak akses yang disebut Accurate di bawah ini kepada pengguna yang membuat API Token.",
            ),
        ),
        _ => (
            page.t("Accurate cannot be reached.", "Accurate tidak dapat dihubungi."),
            page.t(
                "You need not do anything at first: the service keeps trying, and nothing gets lost. If this lasts, check \
                 this server's internet connection and whether Accurate itself works.",
                "Tidak ada yang perlu dilakukan bila hanya sebentar: layanan terus mencoba dan tidak ada yang hilang. \
                 Bila berlangsung lama, periksa koneksi internet server ini dan apakah Accurate sendiri berfungsi.",
            ),
        ),
    }
}
