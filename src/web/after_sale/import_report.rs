//! What a payout file contains, in words.

use super::{
    super::{format, mapping::words::category, page::Page},
    import::Names,
};
use crate::{
    domain::payout_file::{Summary, summary::Sum},
    http::App,
    importing::payouts::Counts,
};

/// What a file contains, and how it was recorded.
pub(super) struct Report {
    pub(super) heading: String,
    /// What is to be done now.
    pub(super) next: String,
    pub(super) counts: Vec<(&'static str, String)>,
    pub(super) amounts: Vec<Amount>,
    /// What to look at before it is imported.
    pub(super) notes: Vec<String>,
    /// It may be imported as it is.
    pub(super) is_ready: bool,
    /// The outcome of each row as the address of a file, once it is recorded.
    pub(super) outcomes: Option<String>,
}

/// An amount of the file.
pub(super) struct Amount {
    /// As the file calls it.
    pub(super) heading: String,
    /// As payouts call it; empty if that is the same.
    pub(super) name: String,
    pub(super) category: String,
    pub(super) count: String,
    pub(super) sum: String,
    pub(super) is_unknown: bool,
}

impl Report {
    /// What a file contains; perhaps it is another kind of file, with this title.
    pub(super) fn checked(summary: &Summary, names: &Names, other: Option<String>, app: &App, page: &Page) -> Self {
        let is_ready = summary.payouts.count > 0;
        let heading = if is_ready {
            page.t("The file can be read; nothing is imported yet", "Berkas dapat dibaca; belum ada yang diimpor")
        } else {
            page.t("The file contains no payout", "Berkas ini tidak memuat pencairan dana")
        };
        let next = if is_ready {
            page.t(
                "If this is right, press Import. If the field File is empty, choose the file again first.",
                "Jika sudah benar, tekan Impor. Jika kolom Berkas kosong, pilih lagi berkasnya dahulu.",
            )
        } else if summary.rows == 0 {
            page.t(
                "It has headings but no rows below them. Choose a period with payouts on the marketplace's page, and download it again.",
                "Ada judul kolom, tetapi tidak ada baris di bawahnya. Pilih periode yang berisi pencairan dana di halaman marketplace, lalu unduh lagi.",
            )
        } else {
            page.t(
                "None of its rows is a payout. Check the period and the kind of file.",
                "Tidak satu pun barisnya berupa pencairan dana. Periksa periode dan jenis berkasnya.",
            )
        };
        let file = vec![
            (page.t("Rows", "Baris"), count(summary.rows)),
            (page.t("Payouts", "Pencairan dana"), with_sum(&summary.payouts)),
            (page.t("Orders", "Pesanan"), count(summary.orders)),
            (page.t("Days", "Tanggal"), days(summary)),
        ];
        let mut report =
            Self { is_ready, ..Self::of(summary, names, [heading.to_owned(), next.to_owned()], file, app, page) };
        if let Some(other) = other {
            let note = page.t(
                "It looks like another kind of file: “{}”. If so, choose that kind; otherwise its fees are not read.",
                "Ini tampaknya jenis berkas lain: “{}”. Pilih jenis itu bila sesuai, agar biayanya ikut terbaca.",
            );
            report.notes.insert(0, note.replace("{}", &other));
        }
        report
    }

    pub(super) fn recorded(
        summary: &Summary,
        names: &Names,
        (counts, outcomes): (Counts, String),
        app: &App,
        page: &Page,
    ) -> Self {
        let changed = counts.accepted + counts.corrected;
        let heading = if changed == 0 && counts.refused > 0 {
            page.t("Nothing was imported: see why below", "Tidak ada yang diimpor: lihat alasannya di bawah").to_owned()
        } else if changed == 0 {
            page.t(
                "Nothing new: all payouts of this file are known",
                "Tidak ada yang baru: semua pencairan dana di berkas ini sudah ada",
            )
            .to_owned()
        } else {
            let payouts = page.counted(changed as i64, "payout", "payouts", "pencairan dana");
            page.t("{} imported", "{} diimpor").replace("{}", &payouts)
        };
        let next = if changed == 0 {
            ""
        } else {
            page.t(
                "They are being matched with their orders. The page Payouts shows what waits for you:",
                "Sekarang dicocokkan dengan pesanannya. Yang menunggu Anda ada di halaman:",
            )
        };
        let mut rows = vec![
            (page.t("New", "Baru"), count(counts.accepted)),
            (page.t("Known already", "Sudah ada"), count(counts.repeat)),
            (page.t("Corrected", "Dikoreksi"), count(counts.corrected)),
            (page.t("Total of the file", "Total dana di berkas"), with_sum(&summary.payouts)),
        ];
        if counts.refused > 0 {
            rows.push((page.t("Refused", "Ditolak"), count(counts.refused)));
        }
        let mut report =
            Self { outcomes: Some(outcomes), ..Self::of(summary, names, [heading, next.to_owned()], rows, app, page) };
        if counts.refused > 0 {
            let note = page.t(
                "Refused: {}. Earlier files say something else about these rows, and it is not clear which of them is right. Download the outcome of each row: it names the reason and what to do.",
                "Ditolak: {}. Berkas sebelumnya menyebut hal lain tentang baris ini, dan tidak dapat dipastikan mana yang benar. Unduh hasil setiap baris: di situ ada alasan dan langkahnya.",
            );
            report.notes.insert(0, note.replace("{}", &count(counts.refused)));
        }
        report
    }

    fn of(
        summary: &Summary,
        names: &Names,
        [heading, next]: [String; 2],
        counts: Vec<(&'static str, String)>,
        app: &App,
        page: &Page,
    ) -> Self {
        let active = app.engine.mapping();
        let amount = |(name, sum): (&String, &Sum)| {
            let to = active.mapping.payout.category(name).map(|to| category(to, page));
            let is_unknown = to.is_none();
            let to = to.unwrap_or_else(|| page.t("no category yet", "belum ada kategori").to_owned());
            let heading = names.get(name).unwrap_or(name).clone();
            Amount {
                name: if heading == *name { String::new() } else { name.clone() },
                heading,
                category: to,
                count: count(sum.count),
                sum: sum.sum.in_words(),
                is_unknown,
            }
        };
        let amounts = summary.amounts.iter().map(amount).collect();
        Self { heading, next, counts, amounts, notes: notes(summary, page), is_ready: false, outcomes: None }
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
    for (store, sum) in &summary.unknown_stores {
        let note = page.t(
            "Store “{store}” is not in the mapping: {}. Check Forstok's store id.",
            "Toko “{store}” tidak ada di pemetaan: {}. Periksa ID toko Forstok.",
        );
        notes.push(note.replace("{}", &with_sum(sum)).replace("{store}", store));
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
    of(
        &summary.repeats,
        "Rows that repeat the transaction of an earlier row: {}. Each transaction counts once.",
        "Baris yang mengulang transaksi di baris sebelumnya: {}. Setiap transaksi hanya dihitung sekali.",
    );
    for (kind, sum) in &summary.skipped {
        let note = page.t("Not imported, “{kind}”: {}.", "Tidak diimpor, “{kind}”: {}.");
        notes.push(note.replace("{}", &with_sum(sum)).replace("{kind}", kind));
    }
    for (heading, rows) in &summary.unknown_columns {
        let note = page.t(
            "The column “{heading}” has numbers in {} and is not imported.",
            "Kolom “{heading}” berisi angka di {} dan tidak diimpor.",
        );
        let rows = page.counted(*rows as i64, "row", "rows", "baris");
        notes.push(note.replace("{}", &rows).replace("{heading}", heading));
    }
    for line in &summary.totals {
        let note = page.t(
            "Line {} is a total of other rows and is not imported.",
            "Baris {} adalah baris total dan tidak diimpor.",
        );
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
