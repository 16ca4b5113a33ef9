//! What is said about the amount of a return before it is booked.

use super::*;
use crate::domain::mapping::ReturnMode;

/// The amounts of the records, in rupiah.
fn amounts(sale: &Sale) -> Vec<Option<i64>> {
    let hundredths = |verdict: Verdict<ReturnKey>| Some(verdict.amount?.hundredths() / 100);
    sale.decide().records.into_iter().map(hundredths).collect()
}

/// Approves all that waits, as *Approve all* does; returns what is booked then.
fn approve_all(sale: &mut Sale) -> Rupiah {
    let waits = sale_waits(sale);
    for (record, waits) in sale.records.iter_mut().zip(waits) {
        record.approved = waits;
    }
    sale.decide().returns.iter().map(|planned| planned.draft.total).sum()
}

fn sale_waits(sale: &Sale) -> Vec<bool> {
    let waits = |verdict: &Verdict<ReturnKey>| {
        matches!(verdict.outcome, Outcome::Waiting(WaitsFor::Approval | WaitsFor::ApprovalOf(_)))
    };
    sale.decide().records.iter().map(waits).collect()
}

#[test]
fn a_return_that_waits_has_the_amount_that_its_approval_books() {
    for (refund, pieces, amount) in [
        (None, 0, 150_000),
        (Some(150_000), 0, 150_000),
        (Some(75_000), 1, 75_000),
        (None, 1, 75_000),
        // The buyer got back something else: what is booked counts.
        (Some(70_000), 1, 75_000),
        (Some(75_000), 0, 150_000),
    ] {
        let mut sale = Sale::plain();
        sale.mapping.returns.mode = ReturnMode::Approve;
        let pieces = [("AAA2002", pieces)];
        sale.returns(Goods::Returned, refund, if pieces[0].1 == 0 { &[] } else { &pieces });
        assert_eq!(amounts(&sale), [Some(amount)], "{refund:?}, {pieces:?}");
        sale.mapping.returns.mode = ReturnMode::List;
        assert_eq!(amounts(&sale), [Some(amount)], "so much must a person book");
        sale.mapping.returns.mode = ReturnMode::Approve;
        assert_eq!(approve_all(&mut sale), rupiah(amount));
        sale.book();
        assert_eq!(amounts(&sale), [Some(amount)], "and so much is booked");
    }
}

#[test]
fn an_amount_that_depends_on_another_return_that_waits_is_not_known() {
    let mut sale = Sale::plain();
    sale.mapping.returns.mode = ReturnMode::Approve;
    // One of two pieces, then the other one, then all of them once more.
    for pieces in [&[("AAA2002", 1)][..], &[("AAA2002", 1)], &[]] {
        sale.returns(Goods::Returned, None, pieces);
    }
    assert_eq!(amounts(&sale), [Some(75_000), Some(75_000), None]);
    assert_eq!(approve_all(&mut sale), rupiah(150_000));
}

#[test]
fn an_amount_that_nobody_knows_is_none() {
    let mut sale = Sale::plain();
    sale.returns(Goods::Returned, None, &[("another product", 1)]);
    sale.returns(Goods::Returned, Some(20_000), &[("another product", 1)]);
    sale.returns(Goods::Returned, Some(900_000), &[("another product", 1)]);
    assert_eq!(amounts(&sale), [None, Some(20_000), Some(150_000)], "a refund is the best guess, up to the invoice");
    // A person who must decide about the order first sees the same amounts.
    sale.returns(Goods::Returned, None, &[("AAA2002", 1)]);
    assert_eq!(amounts(&sale)[3], Some(75_000));
}
