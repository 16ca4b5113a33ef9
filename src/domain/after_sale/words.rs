//! What a row or a record waits for, for people.

use super::WaitsFor;
use crate::domain::reason::Language;

impl WaitsFor {
    /// In words for a person: what it waits for, and what to do if that is theirs.
    pub fn in_words(self, language: Language) -> String {
        let say = |english: &str, indonesian: &str| match language {
            Language::English => english.to_owned(),
            Language::Indonesian => indonesian.to_owned(),
        };
        let on = |english: &str, indonesian: &str, day: jiff::civil::Date| {
            say(english, indonesian).replace("{}", &day.strftime("%d/%m/%Y").to_string())
        };
        match self {
            Self::Invoice => say("waits for the order's invoice", "menunggu faktur pesanan"),
            Self::Day(day) => on("waits until {}", "menunggu sampai {}", day),
            Self::Approval => say("waits for approval", "menunggu persetujuan"),
            Self::ApprovalOf(amount) => say(
                "waits for approval: this return takes {} off the invoice, but the buyer got back another amount",
                "menunggu persetujuan: retur ini mengurangi faktur sebesar {}, tetapi pengembalian dana ke pembeli berbeda",
            )
            .replace("{}", &amount.in_words()),
            Self::Payout => say(
                "waits for the payout that contains this refund",
                "menunggu pencairan yang memuat pengembalian dana ini",
            ),
            Self::ReturnRecord(amount, day) => on(
                "waits for a return that explains the refund of {amount}, until {}",
                "menunggu data retur untuk pengembalian dana {amount}, sampai {}",
                day,
            )
            .replace("{amount}", &amount.in_words()),
            Self::Goods(day) => {
                on("waits for the goods to arrive, until {}", "menunggu barang diterima, sampai {}", day)
            }
            Self::Person => say(
                "create the sales return in Accurate; this service only lists it",
                "buat Retur Penjualannya di Accurate; layanan ini hanya menampilkannya",
            ),
            Self::Decision => say(
                "waits for a person's decision about the cancelled order",
                "menunggu keputusan Anda tentang pesanan yang dibatalkan",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::money::Rupiah;

    #[test]
    fn a_person_reads_what_a_row_waits_for_and_until_when() {
        let wait = WaitsFor::ReturnRecord(Rupiah::whole(75_000), date(2026, 12, 5));
        assert_eq!(
            wait.in_words(Language::English),
            "waits for a return that explains the refund of Rp75.000, until 05/12/2026"
        );
        assert_eq!(
            wait.in_words(Language::Indonesian),
            "menunggu data retur untuk pengembalian dana Rp75.000, sampai 05/12/2026"
        );
        assert!(WaitsFor::Person.in_words(Language::English).starts_with("create the sales return in Accurate"));
    }
}
