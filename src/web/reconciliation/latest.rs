//! The latest run, in words.

use super::super::{format, order_line::rupiah, page::Page};
use crate::{
    domain::reconciliation::{
        Period,
        sums::{Count, Sums},
    },
    storage::{Run, RunPart},
};

/// The latest run.
pub(super) struct RunShown {
    pub(super) kind: &'static str,
    pub(super) state: String,
    pub(super) sentence: String,
    /// Both sides, once they are known.
    pub(super) result: Option<String>,
    /// How far each Accurate database is, or why it is incomplete.
    pub(super) books: Vec<String>,
}

impl RunShown {
    pub(super) fn new(run: &Run, page: &Page) -> Self {
        let Period { from, to } = run.period;
        let days = format!("{} – {}", format::day(from), format::day(to));
        let why = |part: &RunPart| Some(format!("{}: {}", part.book, part.why_incomplete(page.language)?));
        let mut incomplete: Vec<_> = run.parts.iter().filter_map(why).collect();
        incomplete.extend(run.forstok.as_ref().and_then(|forstok| forstok.incomplete.as_ref()).map(|why| {
            let sentence = page.t(
                "Forstok's orders were not read to the end, so more of them may be missing here",
                "Daftar pesanan Forstok tidak terbaca sampai selesai, sehingga mungkin masih ada pesanan yang belum masuk",
            );
            format!("{sentence}: {why}")
        }));
        let is_complete = incomplete.is_empty();
        if !is_complete && run.who.is_empty() {
            let again = page.t(
                "What could not be read is read again every hour, until the next night.",
                "Yang belum terbaca dibaca lagi setiap jam, sampai malam berikutnya.",
            );
            incomplete.push(again.to_owned());
        }
        let sums_are_known = run.parts.iter().all(|part| part.incomplete.is_none());
        let sums = run.parts.iter().fold(Sums::default(), |sum, part| sum + part.sums);
        let books = if run.ended_at.is_none() {
            let of = page.t("invoices of Accurate's list read", "faktur dari daftar Accurate sudah dibaca");
            let open = run.parts.iter().filter(|part| part.ended_at.is_none());
            let mut lines: Vec<_> = open
                .map(|part| {
                    let (read, all) = (format::count(part.rows_read), format::count(part.rows_expected));
                    format!("{}: {read} / {all} {of}", part.book)
                })
                .collect();
            if run.forstok.as_ref().is_some_and(|forstok| forstok.ended_at.is_none()) {
                lines.push(
                    page.t("Forstok's orders are being read.", "Daftar pesanan Forstok sedang dibaca.").to_owned(),
                );
            }
            lines
        } else {
            incomplete
        };
        let (kind, state) = match (run.ended_at, is_complete, run.findings.open - run.findings.unpaid) {
            (None, ..) => ("busy", page.t("Comparing", "Sedang dibandingkan")),
            (Some(_), false, _) => ("warn", page.t("Incomplete", "Belum lengkap")),
            (Some(_), true, 0) if sums.difference() != 0 => {
                ("good", page.t("Differences are explained", "Perbedaan sudah dijelaskan"))
            }
            (Some(_), true, 0) => ("good", page.t("Agrees with Accurate", "Sesuai dengan Accurate")),
            (Some(_), true, _) => ("bad", page.t("Differences found", "Ada perbedaan")),
        };
        let sentence = match run.ended_at {
            Some(at) => format!("{days}, {} {}", page.t("compared", "dibandingkan"), page.moment(at)),
            None => days,
        };
        let result = (run.ended_at.is_some() && sums_are_known).then(|| in_words(&sums, page));
        Self { kind, state: state.to_owned(), sentence, result, books }
    }
}

/// Both sides, their difference, and whether findings explain it.
fn in_words(sums: &Sums, page: &Page) -> String {
    let side = |count: Count| {
        let invoices = page.counted(count.count, "invoice", "invoices", "faktur");
        format!("{invoices}, {}", rupiah(count.total))
    };
    let (here, there) = (page.t("Here", "Di sini"), page.t("in Accurate", "di Accurate"));
    let sides = format!("{here}: {}; {there}: {}.", side(sums.ledger), side(sums.accurate));
    if sums.difference() == 0 {
        return sides;
    }
    let difference = format!("{}: {}", page.t("Difference", "Selisih"), rupiah(sums.difference()));
    match sums.unexplained() {
        0 => {
            let explained = page.t("Findings explain all of it.", "Seluruhnya dijelaskan oleh temuan.");
            format!("{sides} {difference}. {explained}")
        }
        rest => {
            let unexplained = page.t("Unexplained", "Tanpa penjelasan");
            format!("{sides} {difference}. {unexplained}: {}.", rupiah(rest))
        }
    }
}
