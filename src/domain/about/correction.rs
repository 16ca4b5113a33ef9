//! What changed in a payout row or a return record after it was booked.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::{money::Rupiah, reason::Language};

/// One value that changed after it was booked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// Which: `channel_order_id`, `net`, `paid_at`, the name of an amount, `accepted_at`, `received_at`, `goods`, or
    /// `pieces`.
    pub what: String,
    /// What was booked; empty if there was none.
    pub before: String,
    /// The value now; empty if there is none.
    pub after: String,
}

impl Correction {
    /// In words for a person.
    pub(super) fn in_words(&self, language: Language) -> String {
        let shown = |value: &str| match (value, language) {
            ("", Language::English) => "none".to_owned(),
            ("", Language::Indonesian) => "tidak ada".to_owned(),
            (value, _) => self.shown(value, language),
        };
        format!("{}: {} → {}", named(&self.what, language), shown(&self.before), shown(&self.after))
    }

    /// A value as people write it.
    fn shown(&self, value: &str, language: Language) -> String {
        match (self.what.as_str(), value, language) {
            ("store_id" | "channel_order_id" | "pieces", ..) | ("goods", _, Language::English) => value.to_owned(),
            ("goods", "returned", Language::Indonesian) => "dikembalikan".to_owned(),
            ("goods", _, Language::Indonesian) => "tidak dikembalikan".to_owned(),
            ("paid_at" | "accepted_at" | "received_at", ..) => {
                value.parse().map_or_else(|_| value.to_owned(), |day: Date| day.strftime("%d/%m/%Y").to_string())
            }
            _ => Rupiah::parse(value).map_or_else(|_| value.to_owned(), Rupiah::in_words),
        }
    }
}

/// A field of a row in a person's words; the name of an amount is the marketplace's own.
fn named(what: &str, language: Language) -> String {
    let (english, indonesian) = match what {
        "store_id" => ("store", "toko"),
        "channel_order_id" => ("order number", "nomor pesanan"),
        "net" => ("net amount", "nominal bersih"),
        "paid_at" => ("day of payment", "tanggal pencairan"),
        "accepted_at" => ("day of acceptance", "tanggal disetujui"),
        "received_at" => ("day of arrival", "tanggal diterima"),
        "goods" => ("goods", "barang"),
        "pieces" => ("pieces", "jumlah barang"),
        amount => return format!("“{amount}”"),
    };
    if language == Language::English { english } else { indonesian }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::{super::AfterSale, *};

    #[test]
    fn a_person_reads_what_was_corrected() {
        let correction = |what: &str, before: &str, after: &str| Correction {
            what: what.to_owned(),
            before: before.to_owned(),
            after: after.to_owned(),
        };
        let changes = vec![
            correction("paid_at", "2026-11-05", "2026-12-05"),
            correction("net", "94500", "-1000.5"),
            correction("Biaya layanan", "", "-500"),
            correction("goods", "returned", "kept"),
        ];
        let about = AfterSale::Corrected { changes };
        assert_eq!(
            about.in_words(Language::English),
            "day of payment: 05/11/2026 → 05/12/2026; net amount: Rp94.500 → -Rp1.000,50; “Biaya layanan”: none → \
             -Rp500; goods: returned → kept"
        );
        assert_eq!(
            about.in_words(Language::Indonesian),
            "tanggal pencairan: 05/11/2026 → 05/12/2026; nominal bersih: Rp94.500 → -Rp1.000,50; “Biaya layanan”: tidak \
             ada → -Rp500; barang: dikembalikan → tidak dikembalikan"
        );
    }
}
