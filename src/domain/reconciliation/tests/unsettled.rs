//! Receipts and returns that people deleted or lowered.

use super::*;
use crate::domain::document::Kind;

/// Its invoice as Accurate shows it, with so much owed on it.
fn owing(hundredths: i64) -> Shown {
    Shown { owed: Some(hundredths), ..same() }
}

fn words(known: &Known, language: Language) -> String {
    let [finding] = known.findings.as_slice() else { panic!("{known:?}") };
    Facts::of(finding).in_words(finding.class, language)
}

#[test]
fn more_owed_in_accurate_than_here_is_a_difference_of_its_own_that_explains_no_rupiah() {
    let paid = Held { owed: Some(0), ..invoiced() };
    assert!(matches!(judge(&paid, &seen(&[owing(5_000_000)], None), NOVEMBER), Judgement::Ask));
    assert!(matches!(judge(&paid, &seen(&[owing(5_000_000)], Some(at(29))), NOVEMBER), Judgement::Ask));
    let known = asked(&paid, &[owing(5_000_000)]);
    assert_eq!(classes(&known), [Class::Differs]);
    assert_eq!(known.findings[0].subject, Subject::Settling(paid.order_id.clone()));
    is_explained(&known);
    let facts = Facts::of(&known.findings[0]);
    assert_eq!((facts.effect(Class::Differs, NOVEMBER), facts.actions(Class::Differs)), (Some(0), &[][..]));
    assert!(!facts.concerns_the_invoice(), "both sides of the invoice are equal");
    // It stands beside what else differs.
    let moved = Shown { day: date(2026, 11, 6), ..owing(5_000_000) };
    let known = asked(&paid, &[moved]);
    assert_eq!(classes(&known), [Class::Differs, Class::Differs]);
    is_explained(&known);
}

#[test]
fn as_much_or_less_owed_in_accurate_says_nothing() {
    let none = |held: Held, shown: Shown| {
        let known = judged(&held, &seen(std::slice::from_ref(&shown), None));
        assert_eq!(known.findings, [], "{held:?} {shown:?}");
    };
    none(invoiced(), owing(15_000_000));
    none(invoiced(), owing(0));
    none(Held { owed: Some(0), ..invoiced() }, same());
    none(Held { owed: None, ..invoiced() }, owing(15_000_000));
    none(Held { owed: Some(-5_000_000), ..invoiced() }, owing(0));
    // Accurate calculates the tax of each return itself, and its rounding is not known.
    none(Held { owed: Some(0), returns: 2, ..invoiced() }, owing(200));
    let draft = Held { standing: Standing::Draft, accurate_id: None, owed: Some(0), ..invoiced() };
    none(draft, owing(15_000_000));
}

#[test]
fn what_is_owed_on_an_invoice_with_another_total_is_left_to_that_difference() {
    let paid = Held { owed: Some(0), ..invoiced() };
    let raised = asked(&paid, &[Shown { total: 16_000_000, ..owing(1_000_000) }]);
    assert_eq!(classes(&raised), [Class::Differs]);
    assert_eq!(raised.findings[0].subject, Subject::Order(paid.order_id.clone()));
    assert!(Facts::of(&raised.findings[0]).concerns_the_invoice());
}

#[test]
fn the_receipts_and_returns_that_are_lost_are_named() {
    let settling = |kind, number: &str| Settling { kind, number: number.into(), id: 9, amount: 10_000_000 };
    assert_eq!(settling(Kind::Receipt, "INV-1/1").lost(Some(10_000_000)), None);
    assert_eq!(settling(Kind::Receipt, "INV-1/1").lost(Some(11_000_000)), None);
    assert_eq!(settling(Kind::Return, "INV-1/R1").lost(Some(9_999_900)), None, "rounding");
    assert!(settling(Kind::Receipt, "INV-1/1").lost(Some(9_999_900)).is_some());
    let gone = settling(Kind::Receipt, "INV-1/1").lost(None).expect("lost");
    let lowered = settling(Kind::Return, "INV-1/R1").lost(Some(4_000_000)).expect("lost");
    let unsettled = |ledger, lost: &[Lost]| {
        let mut known = asked(&Held { owed: Some(ledger), ..invoiced() }, &[owing(12_000_000)]);
        known.findings[0].unsettled.as_mut().expect("known").lost = lost.to_vec();
        known
    };
    assert!(!unsettled(0, &[]).findings[0].names_what_differs(), "what is owed proves nothing (accurate.md §4, C)");
    assert!(unsettled(0, std::slice::from_ref(&gone)).findings[0].names_what_differs());
    let both = [Language::English, Language::Indonesian];
    assert_eq!(
        both.map(|language| words(&unsettled(0, std::slice::from_ref(&gone)), language)),
        [
            "Receipt INV-1/1 (Rp100.000) no longer exists in Accurate, so Rp120.000 is owed there on invoice INV-1, while nothing is owed here.",
            "Penerimaan INV-1/1 (Rp100.000) tidak ada lagi di Accurate, sehingga sisa tagihan faktur INV-1 di sana Rp120.000, sedangkan di sini tidak ada sisa tagihan.",
        ]
    );
    let known = unsettled(3_000_000, &[gone.clone(), lowered]);
    assert_eq!(
        both.map(|language| words(&known, language)),
        [
            "Receipt INV-1/1 (Rp100.000) no longer exists in Accurate; return INV-1/R1 takes Rp40.000 instead of Rp100.000 off the invoice in Accurate, so Rp120.000 is owed there on invoice INV-1, while Rp30.000 is owed here.",
            "Penerimaan INV-1/1 (Rp100.000) tidak ada lagi di Accurate; retur INV-1/R1 di Accurate hanya mengurangi tagihan Rp40.000, seharusnya Rp100.000, sehingga sisa tagihan faktur INV-1 di sana Rp120.000, sedangkan di sini Rp30.000.",
        ]
    );
    let other = unsettled(3_000_000, &[gone]);
    assert_ne!(known.findings[0].shape(), other.findings[0].shape(), "it opens again when it changes");
}
