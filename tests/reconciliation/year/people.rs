//! What people do in Accurate, and about findings.

use forstok_accurate::{
    domain::reconciliation::{Action, Class},
    sandbox::Edit,
    storage::Acted,
};
use jiff::{ToSpan, civil::Date};
use rust_decimal::Decimal;

use super::{super::ani, RUN_DAYS, Shop, hundredths, sums::TOTAL};
use crate::world::order;

impl Shop {
    /// An order whose invoice nobody has touched, which is from now on touched. The run of the next night, which is
    /// late if the service is down, compares its day. It is older than the backup, if there is one: what people do to
    /// an invoice that a restored database does not know is not asked here.
    fn take(&mut self, days_down: i64) -> Option<u32> {
        let end = self.backup.as_ref().map_or(u32::MAX, |backup| backup.next_order);
        let earliest = self.now().date().saturating_add((1 + days_down - RUN_DAYS).days());
        let seen = |(id, day): (u32, Date)| id < end && day >= earliest;
        let places: Vec<_> = (0..self.untouched.len()).filter(|at| seen(self.untouched[*at])).collect();
        let at = self.random.choice(places)?;
        Some(self.untouched.remove(at).0)
    }

    async fn number(&self, id: u32) -> String {
        self.world.order(&id.to_string()).await.invoice.expect("invoiced").number.to_string()
    }

    pub(super) async fn people_work_in_accurate(&mut self, days_down: i64) {
        self.world.advance(60);
        for _ in 0..self.random.u32(..4) {
            let Some(id) = self.take(days_down) else { return };
            let number = self.number(id).await;
            let (_, total) = self.ledger.invoice_of(id);
            let accurate = self.world.accurate.clone();
            match self.random.u32(..7) {
                0 => {
                    assert!(accurate.remove_invoice(&number));
                    self.planted.plant_order(id, Class::MissingInAccurate, total, None);
                }
                1 => {
                    let edit = self.an_edit(&number);
                    let edited = accurate.edit_invoice(&number, &edit).expect("it is there");
                    let now = edit.total.map_or(total, hundredths);
                    self.planted.plant_order(id, Class::Differs, total, Some(now));
                    self.edited.insert(id, (edited.trans_date, now));
                }
                2 => {
                    let edited = accurate.renumber_invoice(&number, &format!("SI-{id}")).expect("it is there");
                    self.planted.plant_order(id, Class::Differs, total, Some(total));
                    self.edited.insert(id, (edited.trans_date, total));
                }
                3 => {
                    let copy = accurate.duplicate_invoice(&number, &format!("COPY-{id}")).expect("it is there");
                    self.planted.plant_invoice(copy.id, Class::Twice, total);
                }
                4 => {
                    let by_hand = format!("HAND-{}", self.next_by_hand);
                    self.next_by_hand += 1;
                    let added = accurate.add_invoice(&by_hand, "8277", "toko", Decimal::from(25_000));
                    self.planted.plant_invoice(added.id, Class::Foreign, 2_500_000);
                }
                // A cancellation whose webhook is lost.
                5 => {
                    let cancelled = order(&id.to_string()).cancelled().updated_at(&self.moment());
                    self.loses(id, &cancelled, Class::Stale);
                }
                // Nothing is wrong about a cancellation: the service deletes the invoice itself.
                _ => {
                    let cancelled = order(&id.to_string()).cancelled().updated_at(&self.moment());
                    self.sends(cancelled).await;
                    self.settles().await;
                    assert_eq!(self.world.state(&id.to_string()).await, "voided");
                    self.ledger.forgets(id);
                }
            }
        }
    }

    /// Another total, another customer, or another day, which may be too long ago for the next run.
    fn an_edit(&mut self, number: &str) -> Edit {
        match self.random.u32(..3) {
            0 => Edit { total: Some(Decimal::from(self.random.u32(1..1_000))), ..Edit::default() },
            1 => Edit { customer_no: Some("SOMEBODY".to_owned()), ..Edit::default() },
            _ => {
                let day = self.world.accurate.invoices_numbered(number)[0].trans_date;
                let days = self.random.choice([-20, -1, 1]).expect("three");
                Edit { day: Some(day.saturating_add(days.days())), ..Edit::default() }
            }
        }
    }

    /// Somebody goes through the findings and does what fits.
    pub(super) async fn somebody_deals_with_findings(&mut self) {
        let mut to_book = Vec::new();
        for finding in self.open().await {
            let engine = self.world.engine.clone();
            let act = async |action| {
                let acted = engine.act_on_finding(finding.id, action, "", &ani()).await.expect("written");
                assert_eq!(acted, Acted::Done, "{finding:?}");
            };
            let order = finding.order_id.as_ref().map_or(0, |id| id.as_str().parse().expect("an order of the test"));
            match finding.class {
                Class::MissingInAccurate if self.random.bool() => {
                    act(Action::CreateAgain).await;
                    to_book.push((order, self.ledger.invoice_of(order).0));
                }
                Class::MissingInAccurate => {
                    act(Action::AcceptDeleted).await;
                    self.ledger.forgets(order);
                }
                Class::Differs => {
                    act(Action::Adopt).await;
                    let (day, total) = self.edited[&order];
                    self.ledger.books(order, day, total);
                }
                Class::Twice | Class::Foreign => assert!(self.world.accurate.remove_invoice(finding.number.as_str())),
                Class::MissedWebhook | Class::Stale => {
                    let imported = engine.import_order(finding.id, "", &ani()).await.expect("stored");
                    assert_eq!(imported, Ok(Acted::Done), "{finding:?}");
                    if finding.class == Class::MissedWebhook {
                        to_book.push((order, self.lost_on[&order]));
                    } else {
                        self.ledger.forgets(order);
                    }
                }
                other => panic!("nobody did this: {other}"),
            }
        }
        self.settles().await;
        for (id, day) in to_book {
            self.books(id, day);
        }
        self.planted.clear();
    }

    /// The invoice of a blocked order has another total than the order, because Accurate made it so and its reply was
    /// lost. Nothing but a person's correction helps, and no other order is blocked for this reason.
    pub(super) fn somebody_corrects_the_total(&mut self, id: &str) {
        let number = format!("INV-{id}");
        let made = self.world.accurate.invoices_numbered(&number);
        assert_eq!(hundredths(made[0].total_amount), TOTAL + 1, "order {id} is blocked without cause");
        let total = Some(Decimal::from(TOTAL / 100));
        self.world.accurate.edit_invoice(&number, &Edit { total, ..Edit::default() }).expect("it is there");
        // Accurate may show it a little later.
        self.world.advance(60);
    }
}
