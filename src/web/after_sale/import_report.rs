//! What a payout file contains, in words.

use super::super::{format, mapping::words::category, page::Page};
use crate::{
    domain::payout_file::{Summary, summary::Sum},
    http::App,
    importing::payouts::Counts,
};

/// What a file contains, and how it was recorded.
pub(super) struct Report {
    pub(super) heading: String,
    /// What is to be done now.
    pub(super) next: &'static str,
    pub(super) counts: Vec<(&'static str, String)>,
    /// Names of amounts: name, category, payouts, sum, whether it has no category.
    pub(super) amounts: Vec<(String, String, String, String, bool)>,
    /// What to look at before it is imported.
    pub(super) notes: Vec<String>,
    /// The outcome of each row as the address of a file, once it is recorded.
    pub(super) outcomes: Option<String>,
}

impl Report {
    pub(super) fn checked(summary: &Summary, app: &App, page: &Page) -> Self {
        let heading =
            page.t("The file can be read; nothing is imported yet", "Berkas dapat dibaca; belum ada yang diimpor");
        let next = page.t(
            "If this is right, choose the file again and press Import.",
            "Jika sudah benar, pilih lagi berkasnya lalu tekan Impor.",
        );
        let file = vec![
            (page.t("Rows", "Baris"), count(summary.rows)),
            (page.t("Payouts", "Pencairan dana"), with_sum(&summary.payouts)),
            (page.t("Orders", "Pesanan"), count(summary.orders)),
            (page.t("Days", "Tanggal"), days(summary)),
        ];
        Self::of(summary, heading.to_owned(), next, file, app, page)
    }

    pub(super) fn recorded(summary: &Summary, counts: Counts, outcomes: String, app: &App, page: &Page) -> Self {
        let heading = page.t("{} imported", "{} diimpor").replace(
            "{}",
            &page.counted((counts.accepted + counts.corrected) as i64, "payout", "payouts", "pencairan dana"),
        );
        let next = page.t(
            "They are matched with their orders now; the page Payouts shows what waits for you.",
            "Sekarang dicocokkan dengan pesanannya; halaman Pencairan dana menampilkan yang menunggu Anda.",
        );
        let rows = vec![
            (page.t("New", "Baru"), count(counts.accepted)),
            (page.t("Known already", "Sudah ada"), count(counts.repeat)),
            (page.t("Corrected", "Dikoreksi"), count(counts.corrected)),
            (page.t("Sum of the file", "Total berkas"), with_sum(&summary.payouts)),
        ];
        Self { outcomes: Some(outcomes), ..Self::of(summary, heading, next, rows, app, page) }
    }

    fn of(
        summary: &Summary,
        heading: String,
        next: &'static str,
        counts: Vec<(&'static str, String)>,
        app: &App,
        page: &Page,
    ) -> Self {
        let active = app.engine.mapping();
        let amount = |(name, sum): (&String, &Sum)| {
            let to = active.mapping.payout.category(name).map(|to| category(to, page));
            let is_unknown = to.is_none();
            let to = to.unwrap_or_else(|| page.t("no category yet", "belum ada kategori").to_owned());
            (name.clone(), to, count(sum.count), sum.sum.in_words(), is_unknown)
        };
        let amounts = summary.amounts.iter().map(amount).collect();
        Self { heading, next, counts, amounts, notes: notes(summary, page), outcomes: None }
    }
}

fn count(number: u64) -> String {
    format::count(number as i64)
}

fn with_sum(sum: &Sum) -> String {
    format!("{} · {}", count(sum.count), sum.sum.in_words())
}

fn days(summary: &Summary) -> String {
    summary.days.map_or_else(String::new, |(first, last)| format!("{} – {}", format::day(first), format::day(last)))
}

fn notes(summary: &Summary, page: &Page) -> Vec<String> {
    let mut notes = Vec::new();
    if !summary.unknown_fees.is_empty() {
        notes.push(
            page.t(
                "{} without a category: payouts with these fees are not booked until you choose one on the page Payouts.",
                "{} belum berkategori: pencairan dengan biaya ini belum dibukukan sampai Anda memilih kategorinya di halaman Pencairan dana.",
            )
            .replace("{}", &page.counted(summary.unknown_fees.len() as i64, "fee", "fees", "biaya")),
        );
    }
    let mut of = |sum: &Sum, english, indonesian| {
        if sum.count > 0 {
            notes.push(page.t(english, indonesian).replace("{}", &with_sum(sum)));
        }
    };
    of(
        &summary.without_order,
        "Without an order: {}. You have to book this money in Accurate yourself.",
        "Tanpa pesanan: {}. Dana ini perlu Anda bukukan sendiri di Accurate.",
    );
    of(&summary.negative, "Below 0: {}.", "Di bawah 0: {}.");
    of(
        &summary.uneven,
        "The amounts do not add up to the money: {}. Check whether the fees have the right sign.",
        "Rinciannya tidak sama dengan dananya: {}. Periksa tanda plus atau minus biayanya.",
    );
    for (kind, sum) in &summary.skipped {
        let note = page.t("Not imported, “{kind}”: {}.", "Tidak diimpor, “{kind}”: {}.");
        notes.push(note.replace("{}", &with_sum(sum)).replace("{kind}", kind));
    }
    for (heading, rows) in &summary.unknown_columns {
        let note = page.t(
            "The column “{heading}” has numbers in {} rows and is not imported.",
            "Kolom “{heading}” berisi angka di {} baris dan tidak diimpor.",
        );
        notes.push(note.replace("{}", &count(*rows)).replace("{heading}", heading));
    }
    for line in &summary.totals {
        let note =
            page.t("Line {} adds up other rows and is not imported.", "Baris {} adalah baris total dan tidak diimpor.");
        notes.push(note.replace("{}", &line.to_string()));
    }
    for sheet in &summary.other_sheets {
        let note = page.t(
            "The sheet “{}” has these headings too and is not imported.",
            "Lembar “{}” juga memiliki judul kolom ini dan tidak diimpor.",
        );
        notes.push(note.replace("{}", sheet));
    }
    notes
}
