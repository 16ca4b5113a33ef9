//! The shop's year as the release has worked through it, from February 2024 to January 2025: 24 orders in each month,
//! each with its part. The test knows of every order what must become of it.

mod people;
mod planned;
pub(super) mod under_way;

use forstok_accurate::{
    domain::{
        WIB,
        document::Kind,
        notice::{Announced, Channel, News, message::Message},
        operator::{Actor, Role},
        reason::Language,
        reconciliation::Period,
        return_record::ReturnRecord,
    },
    sandbox::{Fault, On, samples::MAPPING},
    storage::{Approving, RowContent, RowFilter},
};
use jiff::{SignedDuration, ToSpan, civil::Date};
use serde_json::{Value, json};

pub(super) use self::planned::Planned;
use super::{
    Year,
    accurate::{Changed, Told, hundredths},
};
use crate::world::{BOOK, Order, World};

/// Months of the year.
const MONTHS: u32 = 12;

/// Orders of a month.
const A_MONTH: u32 = 24;

/// Days of a month on which orders come, and how many come on each.
const DAYS: [i8; 4] = [3, 10, 17, 24];

/// Bodies that are older are cleared.
const KEEP_DAYS: i64 = 60;

/// What a browser that is signed in is known by.
pub(super) const SESSION: &str = "digest-of-the-accountant";

pub(super) struct Shop {
    world: World,
    /// What people did in Accurate.
    people: Vec<Changed>,
    planned: Planned,
    /// Months that have begun, counted from 0.
    month: u32,
}

impl Shop {
    /// The year, up to the moment at which the release is stopped in the middle of its work.
    pub(super) async fn stopped_after_a_year() -> Year {
        let payouts =
            "[payout]\npost = \"approve\"\ndelay_days = 0\n\n[payout.kinds]\n\"commission\" = \"service_fee\"\n";
        let mapping = format!("{MAPPING}\n{payouts}");
        let world = World::with_mapping(&mapping).await;
        world.wire.keeps_changes();
        let mut shop = Self { world, people: Vec::new(), planned: Planned::default(), month: 0 };
        for month in 0..MONTHS {
            shop.month = month;
            shop.orders_come().await;
            shop.money_and_goods_come().await;
            shop.month_ends().await;
        }
        shop.stops_in_the_middle().await
    }

    /// The order with this part in the present month.
    fn id(&self, part: u32) -> String {
        (1_000 + self.month * A_MONTH + part).to_string()
    }

    /// Nine in the morning of this day of the month.
    fn reaches(&self, day: i8) {
        let months = i64::from(self.month).months();
        let day = Date::constant(2024, 2, 1).saturating_add(months).with().day(day).build().expect("it exists");
        let morning = day.at(9, 0, 0, 0).to_zoned(WIB.to_time_zone()).expect("it exists").timestamp();
        assert!(morning >= self.world.clock_now(), "it is later already");
        self.world.clock.reach(morning);
        self.world.wire.catch_up();
    }

    /// An order that was bought just now.
    fn bought(&mut self, part: u32) -> Order {
        let id = self.id(part);
        let rupiah = 50_000 + 1_000 * i64::from(self.month * 7 + part);
        self.bought_for(&id, rupiah)
    }

    fn bought_for(&mut self, id: &str, rupiah: i64) -> Order {
        let moment = moment(&self.world);
        self.planned.bought(id, today(&self.world), &moment, rupiah);
        self.planned.again(id).ready_to_ship().updated_at(&moment)
    }

    /// Each order becomes what it must become.
    async fn settles(&mut self, parts: impl IntoIterator<Item = u32>, state: &str) {
        self.world.run_until_settled().await;
        for part in parts {
            let id = self.id(part);
            self.becomes(&id, state).await;
        }
    }

    async fn becomes(&mut self, id: &str, state: &str) {
        assert_eq!(self.world.state(id).await, state, "order {id}: {}", self.world.timeline(id).await);
        self.planned.becomes(id, state);
        if state == "invoiced" {
            let invoice = &self.world.accurate.invoices_numbered(&format!("INV-{id}"))[0];
            self.planned.books(id, invoice.trans_date, hundredths(invoice.total_amount));
        } else {
            self.planned.has_no_invoice(id);
        }
    }

    async fn orders_come(&mut self) {
        self.reaches(DAYS[0]);
        let orders = [
            self.bought(0),
            self.bought(1),
            self.bought(2).store(7475),
            self.bought(3).sku(""),
            self.bought(4).status("Open"),
            self.bought(5).status("Cancelled"),
        ];
        self.come(orders).await;
        self.settles(0..=2, "invoiced").await;
        self.settles([3], "blocked: sku_empty").await;
        self.settles([4], "watching").await;
        self.settles([5], "ignored: cancelled").await;

        self.reaches(DAYS[1]);
        let missing = missing_item(self.month);
        let orders = [self.bought(6), self.bought(7), self.bought(8).sku(&missing), self.bought(9).store(4711)];
        self.come(orders).await;
        self.settles(6..=7, "invoiced").await;
        self.settles([8], "blocked: item_not_found").await;
        self.settles([9], "blocked: store_unmapped").await;
        self.world.accurate.lose_next_reply_after_saving();
        let order = self.bought(10);
        self.come([order]).await;
        self.settles([10], "invoiced").await;
        self.world.accurate.next(On::InvoiceSaves, Fault::UpsssBefore, 1);
        let order = self.bought(11);
        self.come([order]).await;
        self.settles([11], "invoiced").await;

        self.reaches(DAYS[2]);
        let orders = [12, 13, 15, 16, 17].map(|part| self.bought(part));
        self.come(orders).await;
        self.settles([12, 13, 15, 16, 17], "invoiced").await;
        self.planned.unpaid.push(self.id(17));
        let order = self.bought(14).status("Open");
        self.come([order]).await;
        self.a_person_wants_no_invoice(14).await;
        self.people_work_in_accurate();
        self.orders_change().await;

        self.reaches(DAYS[3]);
        let orders = [
            self.bought(18),
            self.bought(19),
            self.bought(20),
            self.bought(21),
            self.bought(22),
            self.bought(23).store(7600),
        ];
        self.come(orders).await;
        self.settles(18..=23, "invoiced").await;
        if has_item_later(self.month) {
            self.settles([8], "invoiced").await;
        }
    }

    async fn come(&mut self, orders: impl IntoIterator<Item = Order>) {
        for order in orders {
            let body = order.body_json().to_string();
            let [first, last] = &mut self.planned.bodies;
            last.clone_from(&body);
            if first.is_empty() {
                *first = body;
            }
            self.world.forstok_sends(order).await;
        }
    }

    /// Forstok sends newer snapshots of some orders.
    async fn orders_change(&mut self) {
        // Cancelled before it is sent: its invoice is deleted.
        self.sends_again(7, Order::cancelled).await;
        self.settles([7], "voided").await;
        // Its price changes after the invoice: it keeps the invoice, and a person must see that it differs.
        self.sends_again(13, |order| order.shipped().price(12_345)).await;
        self.settles([13], "invoiced").await;
        // One is ready at last, or has the SKU that was missing.
        let part = if self.month.is_multiple_of(2) { 4 } else { 3 };
        self.sends_again(part, Order::shipped).await;
        self.settles([part], "invoiced").await;
    }

    async fn sends_again(&mut self, part: u32, change: fn(Order) -> Order) {
        let again = change(self.planned.again(&self.id(part))).updated_at(&moment(&self.world));
        self.world.forstok_sends(again).await;
    }

    /// The marketplaces pay, and some goods go back.
    async fn money_and_goods_come(&mut self) {
        self.reaches(28);
        let today = today(&self.world);
        // The last month's payouts still wait for a person.
        let is_last = self.month + 1 == MONTHS;
        let booked = if is_last { "waiting" } else { "settled" };
        let mut rows: Vec<_> = [0, 1, 6, 10, 18, 20].map(|part| self.paid(&self.id(part), "p", 100, booked)).into();
        // A first payment of more than half; the rest comes next month.
        rows.push(self.paid(&self.id(11), "p", 60, booked));
        if self.month > 0 {
            let earlier = self.id(11).parse::<u32>().expect("a number") - A_MONTH;
            rows.push(self.paid(&earlier.to_string(), "q", 40, booked));
        }
        rows.push(self.paid(&self.id(19), "p", 100, "ignored: by_hand"));
        let id = self.id(12);
        let (fee, state) =
            if self.month < 9 { ("biaya baru", "settled") } else { ("biaya lain", "blocked: fee_kind_unmapped") };
        let net = self.planned.rupiah(&id) - 1_000;
        rows.push(payout(&id, &format!("p-{id}"), today, net, &json!({fee: -1_000})));
        self.planned.row(format!("receipt p-{id}"), state);
        let nobodys = format!("u-{}", self.month);
        rows.push(payout("404", &nobodys, today, 75_000, &json!({})));
        self.planned.row(format!("receipt {nobodys}"), "unmatched");
        if !is_last {
            rows.push(self.paid(&self.id(22), "p", 100, booked));
        }
        self.records(&rows).await;
        self.was_booked_by_hand(19).await;
        if !is_last {
            self.world.accurate.lose_next_reply_after_saving_a(Kind::Receipt);
            self.approves_all().await;
        }
        // One was not paid, the other was.
        for part in if is_last { vec![21] } else { vec![21, 22] } {
            let row = return_record(&self.id(part), &format!("r-{}", self.id(part)), today);
            self.planned.row(format!("return r-{}", self.id(part)), "settled");
            self.records(&[row]).await;
        }
    }

    /// A share of an order's price is paid, a tenth of it kept as commission.
    fn paid(&mut self, id: &str, row: &str, percent: i64, state: &str) -> RowContent {
        let share = self.planned.rupiah(id) * percent / 100;
        let (row, fee) = (format!("{row}-{id}"), share / 10);
        self.planned.row(format!("receipt {row}"), state);
        payout(id, &row, today(&self.world), share - fee, &json!({"commission": -fee}))
    }

    async fn records(&mut self, rows: &[RowContent]) {
        self.world.storage.record_rows(rows, self.world.clock_now()).await.expect("recorded");
        self.world.run_until_settled().await;
    }

    async fn approves_all(&mut self) {
        let (all, now) = (RowFilter::default(), self.world.clock_now());
        let approved = self.world.storage.approve_rows(Kind::Receipt, Approving::Shown(&all), "sari", now).await;
        assert!(approved.expect("written") > 0);
        self.world.run_until_settled().await;
    }

    /// The month is compared, people deal with what was found, and old bodies are cleared.
    async fn month_ends(&mut self) {
        self.mapping_changes().await;
        let today = today(&self.world);
        let period = Period { from: today.saturating_sub(50.days()), to: today };
        self.world.engine.request_reconciliation(period, &ani()).await.expect("written");
        while self.world.engine.reconcile(BOOK).await.expect("stored") {}
        if self.month + 1 < MONTHS {
            self.people_deal_with_findings().await;
        }
        let now = self.world.clock_now();
        let test = News::Test { by: "ani".to_owned() };
        let message = Message::new(&test, Language::Indonesian, None, now);
        let told = Announced { failed_run: i64::from(self.month), ..Announced::default() };
        let told = self.world.storage.announce(i64::from(self.month), &told, &[message], &[Channel::Email]).await;
        assert!(told.expect("written"));
        let old = now - SignedDuration::from_hours(24 * KEEP_DAYS);
        while self.world.storage.clear_bodies(old, now, 100).await.expect("written").examined > 0 {}
    }

    /// Returns are booked from the fourth month on, and the new fee gets an account after the sixth.
    async fn mapping_changes(&mut self) {
        let (from, to) = match self.month {
            3 => ("[payout]\n", "[returns]\nmode = \"auto\"\n\n[payout]\n"),
            6 => ("\"commission\" =", "\"biaya baru\" = \"service_fee\"\n\"commission\" ="),
            _ => return,
        };
        self.world.mapping_changes(from, to).await;
        self.world.run_until_settled().await;
    }
}

/// Whether the missing item of this month is added to Accurate later.
fn has_item_later(month: u32) -> bool {
    month % 3 == 2
}

/// The item that was missing in a month.
fn missing_item(month: u32) -> String {
    format!("BARU-{month:02}")
}

/// The items that were still missing at the end.
pub(super) fn missing_items() -> Vec<String> {
    (0..MONTHS).filter(|month| !has_item_later(*month)).map(missing_item).collect()
}

pub(super) fn ani() -> Actor {
    Actor { name: "ani".to_owned(), role: Role::Work }
}

/// The time in Jakarta, as Forstok writes it.
pub(super) fn moment(world: &World) -> String {
    WIB.to_datetime(world.clock_now()).strftime("%Y-%m-%dT%H:%M:%S+07:00").to_string()
}

/// The day in Jakarta.
pub(super) fn today(world: &World) -> Date {
    WIB.to_datetime(world.clock_now()).date()
}

/// A payout of the marketplace for an order.
pub(super) fn payout(order: &str, row: &str, day: Date, net: i64, amounts: &Value) -> RowContent {
    let payout = json!({
        "source": "shopee", "id": row, "store_id": "8277", "channel_order_id": format!("INV-{order}"),
        "paid_at": day, "net": net, "amounts": amounts,
    });
    RowContent::Payout(serde_json::from_value(payout).expect("a payout"))
}

/// All goods of an order went back.
pub(super) fn return_record(order: &str, row: &str, day: Date) -> RowContent {
    let record: ReturnRecord = serde_json::from_value(json!({
        "source": "shopee", "id": row, "store_id": "8277", "channel_order_id": format!("INV-{order}"),
        "accepted_at": day, "received_at": day, "goods": "returned",
    }))
    .expect("a return record");
    RowContent::Return(record)
}
