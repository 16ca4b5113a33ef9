use jiff::{Timestamp, civil::date};

use super::{sums::SumsByDay, *};
use crate::domain::reason::Language;

mod unsettled;

const NOVEMBER: Period = Period { from: date(2026, 11, 1), to: date(2026, 11, 30) };
const DAY: Date = date(2026, 11, 5);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).expect("a time")
}

/// An order whose invoice 7 over Rp150.000 exists, unchanged since second 0.
fn invoiced() -> Held {
    Held {
        order_id: OrderId::parse("138").expect("an id"),
        store_id: "8277".to_owned(),
        standing: Standing::Exists,
        accurate_id: Some(7),
        number: "INV-1".into(),
        customer_no: "8277".to_owned(),
        day: DAY,
        total: 15_000_000,
        owed: Some(15_000_000),
        returns: 0,
        changed_at: at(0),
        is_cancelled: false,
    }
}

/// Its invoice as Accurate shows it.
fn same() -> Shown {
    Shown { id: 7, number: "INV-1".into(), customer_no: "8277".to_owned(), day: DAY, total: 15_000_000, owed: None }
}

/// What Accurate shows for the order, and when it was asked for it.
fn seen(shown: &[Shown], asked_at: Option<Timestamp>) -> Seen {
    Seen { shown: shown.to_vec(), asked_at, namesake: None }
}

/// What is known once Accurate was asked for the order's invoices one by one.
fn asked(held: &Held, shown: &[Shown]) -> Known {
    judged(held, &seen(shown, Some(at(30))))
}

fn judged(held: &Held, seen: &Seen) -> Known {
    match judge(held, seen, NOVEMBER) {
        Judgement::Known(known) => known,
        other => panic!("{other:?}"),
    }
}

fn classes(known: &Known) -> Vec<Class> {
    known.findings.iter().map(|finding| finding.class).collect()
}

/// The identity of design.md §8, for one order.
fn is_explained(known: &Known) {
    let mut sums = SumsByDay::default();
    sums.add("8277", known, NOVEMBER);
    for (_, day, sums) in sums.iter() {
        assert_eq!(sums.unexplained(), 0, "{day}: {sums:?} {known:?}");
    }
}

#[test]
fn an_invoice_that_the_list_shows_as_we_hold_it_needs_no_further_call() {
    let known = judged(&invoiced(), &seen(&[same()], None));
    assert_eq!(known.findings, []);
    assert_eq!((known.ledger.map(|amount| amount.total), known.accurate.len()), (Some(15_000_000), 1));
    is_explained(&known);
    let other_case = Shown { number: "inv-1".into(), ..same() };
    assert!(
        matches!(judge(&invoiced(), &seen(&[other_case], None), NOVEMBER), Judgement::Known(known) if known.findings.is_empty())
    );
}

#[test]
fn nothing_is_said_about_an_invoice_before_accurate_was_asked_for_it_individually() {
    let differs = Shown { total: 1, ..same() };
    for shown in [vec![], vec![differs]] {
        assert_eq!(judge(&invoiced(), &seen(&shown, None), NOVEMBER), Judgement::Ask);
    }
    // Right after a change, an invoice may not be shown yet.
    let changed = Held { changed_at: at(1), ..invoiced() };
    assert_eq!(judge(&changed, &seen(&[], Some(at(30))), NOVEMBER), Judgement::Ask);
    let gone = Held { standing: Standing::Gone, ..invoiced() };
    assert_eq!(judge(&gone, &seen(&[same()], None), NOVEMBER), Judgement::Ask);
    // A copy with the same number, while ours may have been moved to another day.
    let copy = Shown { id: 8, ..same() };
    assert_eq!(judge(&invoiced(), &seen(&[copy], None), NOVEMBER), Judgement::Ask);
}

#[test]
fn an_invoice_that_was_deleted_in_accurate_is_missing() {
    let known = asked(&invoiced(), &[]);
    assert_eq!(classes(&known), [Class::MissingInAccurate]);
    is_explained(&known);
}

#[test]
fn the_invoice_of_another_sale_that_has_the_number_now_is_named() {
    let other = Shown { id: 9, customer_no: "COUNTER".to_owned(), total: 77_700, ..same() };
    let alone = seen(&[], Some(at(30)));
    let taken = Seen { namesake: Some(other), ..alone.clone() };
    let finding = judged(&invoiced(), &taken).findings.remove(0);
    assert_eq!((finding.class, finding.accurate_id), (Class::MissingInAccurate, Some(7)));
    assert_ne!(finding.shape(), judged(&invoiced(), &alone).findings[0].shape(), "a person has not seen that yet");
    let facts = Facts::of(&finding);
    assert_eq!(
        facts.in_words(finding.class, Language::English),
        "Invoice INV-1 (05/11/2026, Rp150.000) was created, but no longer exists in Accurate: it was deleted there. The \
         number now belongs to the invoice of another sale, which does not name this order: INV-1 (05/11/2026, Rp777), \
         customer COUNTER."
    );
    for (language, said) in [(Language::English, "another number"), (Language::Indonesian, "ubah dulu nomor")] {
        assert!(facts.remedy(finding.class, language).contains(said));
    }
    is_explained(&judged(&invoiced(), &taken));
}

#[test]
fn each_field_that_was_changed_in_accurate_is_named() {
    let changed = Shown {
        total: 14_500_000,
        customer_no: "9".to_owned(),
        day: date(2026, 11, 6),
        number: "INV-1A".into(),
        ..same()
    };
    let known = asked(&invoiced(), &[changed]);
    assert_eq!(classes(&known), [Class::Differs]);
    assert_eq!(known.findings[0].fields, [Field::Total, Field::Customer, Field::Day, Field::Number]);
    is_explained(&known);
}

#[test]
fn an_invoice_that_was_moved_out_of_the_period_or_into_it_differs() {
    let out = asked(&invoiced(), &[Shown { day: date(2026, 12, 1), ..same() }]);
    assert_eq!((classes(&out), out.accurate.len()), (vec![Class::Differs], 0));
    is_explained(&out);
    let into = asked(&Held { day: date(2026, 10, 31), ..invoiced() }, &[same()]);
    assert_eq!((classes(&into), into.ledger), (vec![Class::Differs], None));
    is_explained(&into);
}

#[test]
fn an_invoice_that_was_entered_again_by_hand_is_one_difference_and_not_two() {
    let again = Shown { id: 9, number: "HAND-1".into(), total: 14_000_000, ..same() };
    let known = asked(&invoiced(), &[again]);
    assert_eq!(classes(&known), [Class::Differs]);
    assert_eq!(known.findings[0].accurate_id, Some(9));
    is_explained(&known);
}

#[test]
fn an_invoice_that_was_entered_again_as_it_was_can_be_adopted() {
    let again = Shown { id: 9, ..same() };
    let known = asked(&invoiced(), &[again]);
    let finding = &known.findings[0];
    assert_eq!((finding.class, finding.accurate_id, finding.fields.is_empty()), (Class::Differs, Some(9), true));
    let facts = Facts::of(finding);
    assert_eq!(
        facts.in_words(finding.class, Language::English),
        "Invoice INV-1 was deleted in Accurate and entered again, with the same contents."
    );
    assert_eq!(facts.actions(finding.class), [Action::Adopt]);
    is_explained(&known);
}

#[test]
fn every_other_invoice_that_names_the_order_is_there_twice() {
    let copies = [8, 9].map(|id| Shown { id, number: format!("INV-1-{id}").into(), ..same() });
    let known = asked(&invoiced(), &[same(), copies[0].clone(), copies[1].clone()]);
    assert_eq!(classes(&known), [Class::Twice, Class::Twice]);
    let subjects: Vec<_> = known.findings.iter().map(|finding| finding.subject.key()).collect();
    assert_eq!(subjects, ["invoice:8", "invoice:9"]);
    is_explained(&known);
    let elsewhere = Shown { day: date(2026, 12, 1), ..copies[0].clone() };
    let known = asked(&invoiced(), &[same(), elsewhere]);
    assert_eq!(known.findings, [], "a period says nothing about invoices of other days");
}

#[test]
fn an_order_without_an_invoice_that_has_one_in_accurate_is_void_standing() {
    for standing in [Standing::Gone, Standing::MustGo] {
        let held = Held { standing, ..invoiced() };
        assert_eq!(asked(&held, &[]), Known::default());
        let known = asked(&held, &[same(), Shown { id: 8, ..same() }]);
        assert_eq!(classes(&known), [Class::VoidStanding, Class::VoidStanding]);
        assert_eq!(known.ledger, None);
        is_explained(&known);
    }
}

#[test]
fn an_invoice_that_is_being_created_counts_on_neither_side() {
    let held = Held { standing: Standing::UnderWay, accurate_id: None, ..invoiced() };
    for shown in [vec![], vec![same()]] {
        assert_eq!(judge(&held, &seen(&shown, Some(at(30))), NOVEMBER), Judgement::UnderWay);
    }
    let late = Held { standing: Standing::Late, ..held };
    let known = asked(&late, &[]);
    assert_eq!((classes(&known), known.ledger), (vec![Class::Late], None));
    is_explained(&known);
    assert_eq!(judge(&late, &seen(&[same()], Some(at(30))), NOVEMBER), Judgement::UnderWay);
}

#[test]
fn a_draft_of_shadow_mode_takes_the_ledgers_side() {
    let held = Held { standing: Standing::Draft, accurate_id: None, ..invoiced() };
    let known = judged(&held, &seen(&[Shown { id: 40, ..same() }], None));
    assert_eq!((known.findings.len(), known.ledger.is_some()), (0, true));
    let missing = asked(&held, &[]);
    assert_eq!(classes(&missing), [Class::MissingInAccurate]);
    let facts = Facts::of(&missing.findings[0]);
    let said = |language| facts.in_words(Class::MissingInAccurate, language);
    assert_eq!(
        said(Language::English),
        "Invoice INV-1 (05/11/2026, Rp150.000) is not in Accurate yet (shadow mode): it is only drafted here, and not sent."
    );
    assert!(said(Language::Indonesian).contains("belum ada di Accurate (mode bayangan)"));
    assert_eq!(facts.actions(Class::MissingInAccurate), [], "there is nothing to create again or to accept as deleted");
    let sent = Facts::of(&asked(&invoiced(), &[]).findings[0]);
    assert!(sent.in_words(Class::MissingInAccurate, Language::English).contains("it was deleted there"));
}

#[test]
fn an_invoice_of_our_customer_that_no_order_knows_is_foreign() {
    let known = stranger(&same(), "8277", None, NOVEMBER);
    assert_eq!(classes(&known), [Class::Foreign]);
    is_explained(&known);
    let words = |known: &Known| Facts::of(&known.findings[0]).in_words(Class::Foreign, Language::English);
    assert!(words(&known).contains("not created from any order"));
    let order = Named { order_id: invoiced().order_id, is_cancelled: false };
    let named = stranger(&same(), "8277", Some(&order), NOVEMBER);
    assert!(words(&named).contains("which names order 138"), "{}", words(&named));
    // An order that was cancelled must have no invoice, whoever created it.
    let cancelled = Named { is_cancelled: true, ..order };
    let known = stranger(&same(), "8277", Some(&cancelled), NOVEMBER);
    assert_eq!(classes(&known), [Class::VoidStanding]);
    is_explained(&known);
    let never = Held { standing: Standing::Never, is_cancelled: true, ..invoiced() };
    assert_eq!(classes(&asked(&never, &[same()])), [Class::VoidStanding]);
    let elsewhere = Shown { day: date(2026, 12, 1), ..same() };
    assert_eq!(stranger(&elsewhere, "8277", None, NOVEMBER), Known::default());
}

#[test]
fn the_worked_example_of_a_week_adds_up() {
    // backfill.md §5: 936 invoiced; Accurate shows 937: 934 equal, one at Rp145.000, two foreign, one missing.
    let mut sums = SumsByDay::default();
    let mut add = |known: &Known| sums.add("8277", known, NOVEMBER);
    let equal = asked(&invoiced(), &[same()]);
    for _ in 0..934 {
        add(&equal);
    }
    add(&asked(&invoiced(), &[Shown { total: 14_500_000, ..same() }]));
    add(&asked(&invoiced(), &[]));
    for id in [1, 2] {
        add(&stranger(&Shown { id, ..same() }, "8277", None, NOVEMBER));
    }
    let total = sums.total();
    assert_eq!((total.ledger.count, total.accurate.count), (936, 937));
    assert_eq!((total.difference(), total.explained, total.unexplained()), (-14_500_000, -14_500_000, 0));
}

#[test]
fn a_finding_has_another_shape_once_it_changes() {
    let finding = |total| asked(&invoiced(), &[Shown { total, ..same() }]).findings.remove(0);
    assert_eq!(finding(1).shape(), finding(1).shape());
    assert_ne!(finding(1).shape(), finding(2).shape());
}

#[test]
fn a_finding_says_what_happened_in_both_languages() {
    use crate::domain::reason::Language::{English, Indonesian};
    let words = |finding: &Finding, language| Facts::of(finding).in_words(finding.class, language);
    let differs = asked(&invoiced(), &[Shown { total: 14_500_000, ..same() }]).findings.remove(0);
    assert_eq!(
        words(&differs, English),
        "Invoice INV-1 was changed in Accurate: total Rp145.000 instead of Rp150.000."
    );
    let missing = asked(&invoiced(), &[]).findings.remove(0);
    assert_eq!(
        words(&missing, Indonesian),
        "Faktur INV-1 (05/11/2026, Rp150.000) pernah dibuat, tetapi tidak ada lagi di Accurate karena sudah dihapus."
    );
}

/// Whatever the ledger holds and Accurate shows, the findings explain the difference, and no order has one finding
/// twice.
#[test]
fn every_difference_is_explained() {
    let days = [date(2026, 10, 31), DAY, date(2026, 11, 30), date(2026, 12, 1)];
    let mut random = fastrand::Rng::with_seed(15);
    for _ in 0..20_000 {
        let standings = [
            Standing::Exists,
            Standing::Draft,
            Standing::Never,
            Standing::Gone,
            Standing::MustGo,
            Standing::UnderWay,
            Standing::Late,
        ];
        let held = Held {
            standing: standings[random.usize(..standings.len())],
            accurate_id: random.bool().then_some(7),
            day: days[random.usize(..days.len())],
            ..invoiced()
        };
        let shown: Vec<_> = (0..random.usize(..4))
            .map(|nth| Shown {
                id: 7 + nth as i64,
                number: if random.bool() { "INV-1".into() } else { format!("X-{nth}").into() },
                total: random.i64(1..4),
                day: days[random.usize(..days.len())],
                ..same()
            })
            .collect();
        let Judgement::Known(known) = judge(&held, &seen(&shown, Some(at(30))), NOVEMBER) else { continue };
        is_explained(&known);
        let mut subjects: Vec<_> = known.findings.iter().map(|finding| finding.subject.key()).collect();
        subjects.sort();
        subjects.dedup();
        assert_eq!(subjects.len(), known.findings.len(), "{known:?}");
        let shown_in_period = shown.iter().filter(|one| NOVEMBER.contains(one.day)).count();
        assert_eq!(known.accurate.len(), shown_in_period, "each invoice that is shown counts once");
    }
}
