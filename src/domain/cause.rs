//! The common cause of many blocked orders, in one sentence.

use super::{
    about::About,
    reason::{Language, Reason},
};

/// For example "12 orders wait for item KAOS-M". `about` is taken from one of the orders.
pub fn sentence(reason: Reason, about: &About, orders: i64, language: Language) -> String {
    let count = match (language, orders) {
        (Language::English, 1) => "1 order".to_owned(),
        (Language::English, orders) => format!("{orders} orders"),
        (Language::Indonesian, orders) => format!("{orders} pesanan"),
    };
    let waits = match (language, orders) {
        (Language::English, 1) => "waits",
        (Language::English, _) => "wait",
        (Language::Indonesian, _) => "menunggu",
    };
    match (about, language) {
        (About::Accurate { subject: Some(subject), .. }, language) => match (reason, language) {
            (Reason::ItemNotFound | Reason::CustomerNotFound, Language::English) => {
                format!("{count} {waits} for {}, which Accurate does not know", subject.in_words(language))
            }
            (Reason::ItemNotFound | Reason::CustomerNotFound, Language::Indonesian) => {
                format!("{count} {waits} {} yang belum ada di Accurate", subject.in_words(language))
            }
            (_, Language::English) => format!("{count} {waits} for {}", subject.in_words(language)),
            (_, Language::Indonesian) => format!("{count} {waits} {}", subject.in_words(language)),
        },
        (About::Store { id, .. } | About::Warehouse { id: Some(id) }, language) if !id.is_empty() => match language {
            Language::English => format!("{count} {waits} for the mapping of {}", about.in_words(language)),
            Language::Indonesian => format!("{count} {waits} pemetaan {}", about.in_words(language)),
        },
        (about, language) => {
            let what = reason.sentence(language).trim_end_matches('.');
            if about.cause().is_empty() {
                format!("{count}: {what}")
            } else {
                format!("{count}: {what} — {}", about.in_words(language))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::recheck::Subject;

    #[test]
    fn a_cause_is_named_with_its_count_in_the_language_of_the_reader() {
        let item =
            About::Accurate { subject: Some(Subject::Item("KAOS-M".to_owned())), words: "Barang tidak ada".to_owned() };
        let english = sentence(Reason::ItemNotFound, &item, 12, Language::English);
        assert_eq!(english, "12 orders wait for item KAOS-M, which Accurate does not know");
        let indonesian = sentence(Reason::ItemNotFound, &item, 12, Language::Indonesian);
        assert_eq!(indonesian, "12 pesanan menunggu barang KAOS-M yang belum ada di Accurate");
        let warehouse = About::Warehouse { id: Some("999".to_owned()) };
        let english = sentence(Reason::WarehouseUnmapped, &warehouse, 1, Language::English);
        assert_eq!(english, "1 order waits for the mapping of warehouse 999");
        let order = About::Order { id: "1".to_owned() };
        assert_eq!(sentence(Reason::NoLines, &order, 2, Language::English).split(':').next(), Some("2 orders"));
    }
}
