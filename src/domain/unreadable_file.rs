//! Files that cannot be read, in words.

use super::reason::Language;
use crate::spreadsheet::Unreadable;

/// What the file is and what to do.
pub fn in_words(why: Unreadable, language: Language) -> &'static str {
    let (english, indonesian) = match why {
        Unreadable::TooLarge => ("it is too large", "berkasnya terlalu besar"),
        Unreadable::OldWorkbook => (
            "it is in Excel's old format (XLS); save it as XLSX or CSV",
            "berkas ini berformat Excel lama (XLS); simpan sebagai XLSX atau CSV",
        ),
        Unreadable::Locked => (
            "it is a workbook with a password; open it, remove the password and save it as XLSX",
            "berkas ini dilindungi kata sandi; buka berkasnya, hapus kata sandinya, lalu simpan sebagai XLSX",
        ),
        Unreadable::OtherWorkbook => (
            "it is a workbook in another format (XLSB, ODS or Numbers); save it as XLSX or CSV",
            "berkas ini buku kerja berformat lain (XLSB, ODS, atau Numbers); simpan sebagai XLSX atau CSV",
        ),
        Unreadable::Document => (
            "it is a text document or a presentation; choose the XLSX or CSV file",
            "berkas ini dokumen teks atau presentasi; pilih berkas XLSX atau CSV",
        ),
        Unreadable::Pdf => (
            "it is a PDF; download the same report as XLSX or CSV",
            "berkas ini PDF; unduh laporan yang sama dalam format XLSX atau CSV",
        ),
        Unreadable::Picture => (
            "it is a picture, for example a screenshot; download the report as XLSX or CSV",
            "berkas ini gambar, misalnya tangkapan layar; unduh laporannya dalam format XLSX atau CSV",
        ),
        Unreadable::Archive => (
            "it is an archive (ZIP, RAR); unpack it and choose the XLSX or CSV file in it",
            "berkas ini arsip (ZIP, RAR); ekstrak lalu pilih berkas XLSX atau CSV di dalamnya",
        ),
        Unreadable::WebPage => (
            "it is a web page or XML, whatever its name says; open it in Excel and save it as XLSX",
            "berkas ini halaman web atau XML, apa pun nama berkasnya; buka di Excel lalu simpan sebagai XLSX",
        ),
        Unreadable::Json => ("it is JSON; choose the XLSX or CSV file", "berkas ini JSON; pilih berkas XLSX atau CSV"),
        Unreadable::SplitJson => (
            "it is a single JSON document; write each order or webhook body in a line of its own",
            "berkas ini satu dokumen JSON; tulis setiap pesanan atau isi webhook dalam satu baris tersendiri",
        ),
        Unreadable::Damaged => (
            "it is neither a whole workbook (XLSX) nor a table (CSV); download it again",
            "berkas ini bukan buku kerja (XLSX) yang utuh dan bukan tabel (CSV); unduh lagi berkasnya",
        ),
    };
    match language {
        Language::English => english,
        Language::Indonesian => indonesian,
    }
}
