//! What the page says beside its table: what has just happened, what could not be used, and what others have changed.

use std::collections::BTreeMap;

use super::table::MOST_LISTED;
use crate::{
    deciding::mapping::ActiveMapping,
    domain::mapping::Mapping,
    http::{App, problem::Problem},
    skus::{
        Changes,
        pairs::{Pairs, WrongLine, WrongPair},
    },
    spreadsheet::Unreadable,
    web::{
        format,
        import::cannot_be_read,
        mapping::{
            trial::TrialShown,
            words::{self as mapping_words, Change},
        },
        page::Page,
    },
};

/// What somebody else has changed since the page was made.
pub(in crate::web) struct Meanwhile {
    pub(super) who: String,
    pub(super) at: String,
    pub(super) changes: Vec<Change>,
    pub(super) more: usize,
}

/// What is shown beside the table.
#[derive(Default)]
pub(super) struct Aside {
    pub(super) notice: Option<String>,
    pub(super) refusal: Option<String>,
    pub(super) wrong_lines: Vec<WrongLine>,
    /// Why the changes are made, as it is typed so far.
    pub(super) note: String,
    pub(super) pasted: String,
    pub(super) meanwhile: Vec<Meanwhile>,
    pub(super) conflicts: BTreeMap<String, Option<String>>,
    /// What saving would change.
    pub(super) trial: Option<TrialShown>,
}

impl Aside {
    pub(super) fn is_empty(&self) -> bool {
        self.notice.is_none()
            && self.refusal.is_none()
            && self.wrong_lines.is_empty()
            && self.meanwhile.is_empty()
            && self.trial.is_none()
    }

    /// Enters what was read, and reports what could not be used.
    pub(super) fn enter(&mut self, read: Pairs, changes: &mut Changes, page: &Page) {
        let count = read.pairs.len();
        for (sku, item_no) in read.pairs {
            changes.enter(&sku, &item_no);
        }
        if count == 0 && read.wrong.is_empty() {
            let nothing = page.t("There are no item numbers in it.", "Tidak ada Kode Barang di dalamnya.");
            self.refusal = Some(nothing.to_owned());
        } else if count > 0 {
            self.are_entered(count, page);
        }
        self.wrong_lines = read.wrong;
    }

    /// So many item numbers were entered.
    pub(super) fn are_entered(&mut self, count: usize, page: &Page) {
        let count = page.counted(count as i64, "item number was", "item numbers were", "Kode Barang");
        let sentence = page.t(
            "{} entered. Nothing is saved yet: check them and save.",
            "{} diisi. Belum ada yang disimpan: periksa lalu simpan.",
        );
        self.notice = Some(sentence.replace("{}", &count));
    }

    pub(super) fn are_too_many(&mut self, page: &Page) {
        let words = page
            .t("These are too many changes to save at once.", "Perubahannya terlalu banyak untuk disimpan sekaligus.");
        self.refusal = Some(words.to_owned());
    }

    pub(super) fn cannot_read(&mut self, unreadable: Unreadable, page: &Page) {
        self.refusal = Some(unreadable_in_words(unreadable, page));
    }

    /// What somebody else has changed since the page was made from this revision.
    pub(super) async fn since(
        &mut self,
        app: &App,
        revision: i64,
        now: &ActiveMapping,
        changes: &Changes,
        page: &Page,
    ) -> Result<(), Problem> {
        let storage = app.engine.storage();
        let newest = storage.mapping_history(MOST_LISTED as i64).await?;
        for later in newest.into_iter().filter(|one| one.revision > revision) {
            let more = later.changes.len().saturating_sub(MOST_LISTED);
            let listed = later.changes.iter().take(MOST_LISTED).map(|change| mapping_words::change(change, page));
            self.meanwhile.push(Meanwhile {
                at: format::moment(later.at),
                changes: listed.collect(),
                more,
                who: later.who,
            });
        }
        let base = storage.mappings_below(revision.saturating_add(1), 1).await?.pop();
        let base = base.and_then(|base| Mapping::parse("mapping", &base.document).ok()).unwrap_or_default();
        self.conflicts = changes.also_changed(&base, &now.mapping);
        Ok(())
    }
}

fn unreadable_in_words(unreadable: Unreadable, page: &Page) -> String {
    match unreadable {
        Unreadable::TooLarge => {
            page.t("The file is too large. 3 MiB can be read.", "Berkasnya terlalu besar. Batasnya 3 MiB.").to_owned()
        }
        other => cannot_be_read(other, page),
    }
}

/// A line that could not be used.
pub(super) fn wrong_line(wrong: &WrongLine, page: &Page) -> String {
    let why = match &wrong.why {
        WrongPair::OneColumn => page.t("has no second column", "tidak memiliki kolom kedua").to_owned(),
        WrongPair::SkuMissing => page.t("has no SKU", "tidak memiliki SKU").to_owned(),
        WrongPair::Contradiction(earlier) => {
            format!("{} {earlier}", page.t("an earlier line says", "baris sebelumnya berisi"))
        }
        WrongPair::TooLong => page.t("is too long", "terlalu panjang").to_owned(),
        WrongPair::Date => page
            .t(
                "the spreadsheet has turned it into a date; format the column as text",
                "terbaca sebagai tanggal; format kolomnya sebagai teks",
            )
            .to_owned(),
        WrongPair::TooMany => page
            .t("is beyond the 50.000 rows that are read at once", "melebihi 50.000 baris yang dapat dibaca sekaligus")
            .to_owned(),
    };
    let line = format!("{} {}", page.t("Line", "Baris"), wrong.line);
    if wrong.sku.is_empty() { format!("{line}: {why}") } else { format!("{line} ({}): {why}", wrong.sku) }
}
