//! Why a book is paused, and what to do, in words.

use super::reason::Language;

/// The sentence and the remedy of a pause's code.
pub fn in_words(code: &str, language: Language) -> (&'static str, &'static str) {
    let t = |english, indonesian| match language {
        Language::English => english,
        Language::Indonesian => indonesian,
    };
    match code {
        "token_refused" => (
            t("Accurate refuses the API Token.", "Accurate menolak API Token."),
            t(
                "Create a new API Token in Accurate for the same app, and ask the person who runs this service to put \
                 it into the settings. Invoicing then resumes automatically.",
                "Buat API Token baru di Accurate untuk aplikasi yang sama, lalu minta pengelola layanan mengisikannya \
                 di pengaturan. Pembuatan faktur kemudian berlanjut otomatis.",
            ),
        ),
        "credentials_missing" => (
            t("No API Token has been entered yet.", "API Token belum diisi."),
            t(
                "An admin enters it under “Set up”. Until then orders wait, and nothing is sent to Accurate.",
                "Admin mengisinya di halaman “Penyiapan”. Sementara itu pesanan menunggu, dan tidak ada yang dikirim \
                 ke Accurate.",
            ),
        ),
        "wrong_clock" => (
            t("The clock of this server is wrong.", "Jam server ini tidak tepat."),
            t(
                "Ask the person who runs this service to set the server's clock: it differs from Accurate's by more \
                 than ten minutes.",
                "Minta pengelola layanan menyetel jam server: selisihnya dengan jam Accurate lebih dari sepuluh menit.",
            ),
        ),
        "right_missing" => (
            t(
                "The user of the API Token lacks a right in Accurate.",
                "Pengguna API Token tidak memiliki hak akses yang diperlukan di Accurate.",
            ),
            t(
                "Grant the right that Accurate names below to the user who created the API Token. Only the documents that \
                 need it wait; everything else continues.",
                "Berikan hak akses yang disebut Accurate di bawah ini kepada pengguna yang membuat API Token. Hanya \
                 dokumen yang memerlukannya yang menunggu; yang lain tetap diproses.",
            ),
        ),
        _ => (
            t("Accurate cannot be reached.", "Accurate tidak dapat dihubungi."),
            t(
                "No action is needed at first: the service keeps trying, and nothing is lost. If this lasts, check \
                 this server's internet connection and whether Accurate itself works.",
                "Tidak ada yang perlu dilakukan bila hanya sebentar: layanan terus mencoba dan tidak ada yang hilang. \
                 Bila berlangsung lama, periksa koneksi internet server ini dan apakah Accurate sendiri berfungsi.",
            ),
        ),
    }
}
