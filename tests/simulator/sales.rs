//! What comes after the sale: payouts and return records that marketplaces send, and what people decide about them.

mod moving;
mod people;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use forstok_accurate::{
    domain::{
        document::Kind,
        manual::Manual,
        money::Rupiah,
        payout::{Payout, PayoutKey},
        return_record::{Goods, Piece, ReturnKey, ReturnRecord},
    },
    engine::Engine,
    storage::{Approving, ManualChange, Result, RowContent, RowFilter, Written},
};
use jiff::{SignedDuration, Timestamp, civil::Date};

pub(crate) use self::rules::{Rules, with_new_fee};
use super::{
    marks::Says,
    senders::{Flaw, Script},
    world::order_id,
};

/// Where all rows come from.
pub(crate) const SOURCE: &str = "shopee";

/// A fee that nobody has mapped at first.
const NEW_FEE: &str = "biaya baru";

/// What was sold in an order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sold {
    pub(crate) store: i64,
    pub(crate) sku: &'static str,
    /// Rupiah for one piece.
    pub(crate) price: i64,
    pub(crate) pieces: i64,
    /// The seller's voucher.
    pub(crate) voucher: i64,
    pub(crate) shipping: i64,
}

impl Sold {
    /// The invoice's total.
    pub(crate) fn total(&self) -> i64 {
        self.price * self.pieces + self.shipping - self.voucher
    }
}

/// Something that a marketplace or a person does in the service.
#[derive(Clone, Debug)]
pub(crate) struct Errand {
    pub(crate) at: Timestamp,
    pub(crate) words: String,
    pub(crate) deed: Deed,
}

#[derive(Clone, Debug)]
pub(crate) enum Deed {
    /// A row arrives.
    Send(Box<RowContent>),
    /// A person approves all rows of this kind that wait.
    Approve(Kind),
    /// A person says what they have booked for this row in Accurate.
    Say { kind: Kind, id: String, says: Says },
    /// A person takes everything about this order back.
    Undo(String),
}

impl Deed {
    /// Does it; returns whether it took effect.
    pub(crate) async fn run(&self, engine: &Engine) -> Result<bool> {
        let (storage, now) = (engine.storage(), engine.now());
        let done = match self {
            Self::Send(row) => storage.record_rows(&[(**row).clone()], now).await.map(|_| true),
            Self::Approve(kind) => {
                let all = RowFilter::default();
                storage.approve_rows(*kind, Approving::Shown(&all), "sari", now).await.map(|rows| rows > 0)
            }
            Self::Say { kind, id, says } => says.say(engine, *kind, id).await,
            Self::Undo(order) => {
                let (decision, reason) = (Some(Manual::Undo), Some("a mistake".to_owned()));
                let change = ManualChange { decision, reason, document: None, actor: "sari".to_owned() };
                let written = storage.decide_manually(&order_id(order), &change, now).await;
                written.map(|written| matches!(written, Written::Changed | Written::Unchanged))
            }
        };
        engine.wake();
        done
    }
}

/// What a seed sends after the sale, as the simulator knows it without asking the service. Every content of a payout
/// has an amount of its own, and every return record of an order its own number of pieces.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sales {
    /// Order and money → row.
    rows: BTreeMap<(String, i64), String>,
    /// Order and pieces → record.
    records: BTreeMap<(String, i64), String>,
    /// Orders about which one payout says everything.
    plain: BTreeMap<String, Sold>,
    /// What was sent of each row.
    sent: BTreeMap<String, Vec<RowContent>>,
    /// Rows whose correction is about the products, and not about a fee.
    about_products: BTreeSet<String>,
    /// Records whose correction is about the pieces: what it says first, and then.
    recounted: BTreeMap<String, (i64, i64)>,
}

impl Sales {
    /// The row of an order that is paid out with this money.
    pub(crate) fn row(&self, order: &str, net: i64) -> Option<&str> {
        self.rows.get(&(order.to_owned(), net)).map(String::as_str)
    }

    /// The return record of an order about so many pieces; a cancellation's is about all of them and is not known here.
    pub(crate) fn record(&self, order: &str, pieces: i64) -> Option<&str> {
        self.records.get(&(order.to_owned(), pieces)).map(String::as_str)
    }

    /// What was sold, if a single payout explains all of it.
    pub(crate) fn plain(&self, order: &str) -> Option<&Sold> {
        self.plain.get(order)
    }

    /// Whether a correction of this row changes what is paid on the invoice, and not a fee.
    pub(crate) fn is_about_products(&self, row: &str) -> bool {
        self.about_products.contains(row)
    }

    /// How many pieces a record names before or after its correction, if it does not name so many.
    pub(crate) fn other_pieces(&self, record: &str, pieces: i64) -> Option<i64> {
        let (first, then) = self.recounted.get(record)?;
        Some(if *first == pieces { *then } else { *first })
    }

    /// An order has other pieces now: what takes all of it back takes so many, if it is invoiced again.
    pub(crate) fn has_other_pieces(&mut self, order: &str, before: i64, now: i64) {
        if let Some(record) = self.record(order, before).map(str::to_owned) {
            self.records.entry((order.to_owned(), now)).or_insert(record);
        }
    }

    pub(crate) fn row_ids(&self) -> impl Iterator<Item = &String> {
        self.rows.values().chain(self.records.values())
    }
}

/// Draws what is sent after the sale of these orders, from this moment on.
pub(crate) fn draw(rng: &mut fastrand::Rng, scripts: &[Script], at: Timestamp, together: bool) -> (Sales, Vec<Errand>) {
    let goes_back = together && rng.bool();
    let own = fastrand::Rng::with_seed(rng.clone().u64(..));
    let mut drawn = Drawn { sales: Sales::default(), errands: Vec::new(), at, together, goes_back, own };
    for script in scripts.iter().filter(|script| script.flaw == Flaw::None) {
        drawn.order(rng, script);
    }
    drawn.moves(scripts);
    if rng.u8(..6) == 0 {
        drawn.send_payout(rng, "strangers", "p-nobody", 77_000, &[], "8277", false);
    }
    for kind in [Kind::Receipt, Kind::Return] {
        for _ in 0..rng.usize(1..3) {
            let moment = at + SignedDuration::from_secs(if together { 700 } else { rng.i64(0..3000) });
            let words = format!("approval of every {}", kind.as_str());
            drawn.errands.push(Errand { at: moment, words, deed: Deed::Approve(kind) });
        }
    }
    (drawn.sales, drawn.errands)
}

struct Drawn {
    sales: Sales,
    errands: Vec<Errand>,
    at: Timestamp,
    /// Everything arrives at about the same time, so that it is booked in bulk.
    together: bool,
    /// And all of it goes back, so that returns are booked in bulk.
    goes_back: bool,
    /// For what people never book, and what is corrected: so everything else is drawn as it is without that.
    own: fastrand::Rng,
}

impl Drawn {
    fn moment(&self, rng: &mut fastrand::Rng) -> Timestamp {
        let latest = if self.together { 60 } else { *rng.choice(&[1_i64, 60, 600, 2400]).unwrap_or(&1) };
        self.at + SignedDuration::from_secs(rng.i64(0..latest))
    }

    fn order(&mut self, rng: &mut fastrand::Rng, script: &Script) {
        if self.goes_back {
            return self.whole_return(rng, script);
        }
        if self.together {
            return self.two_parts(rng, script, 10);
        }
        if rng.u8(..8) == 0 {
            return;
        }
        if rng.u8(..6) == 0 {
            let at = self.moment(rng) + SignedDuration::from_secs(rng.i64(0..1200));
            let words = format!("undo of order {}", script.id);
            self.errands.push(Errand { at, words, deed: Deed::Undo(script.id.clone()) });
        }
        let refund = if rng.u8(..3) == 0 { self.returns(rng, script) } else { 0 };
        self.payouts(rng, script, refund);
        if rng.u8(..5) == 0 {
            self.by_hand(rng, script);
        }
        if self.own.u8(..6) == 0 {
            let mut own = self.own.fork();
            self.never(&mut own, script);
        }
    }

    /// Return records; returns what the payout says about their refunds.
    fn returns(&mut self, rng: &mut fastrand::Rng, script: &Script) -> i64 {
        let Sold { price, pieces, .. } = script.sold;
        let record = |goods, refund: Option<i64>, count: i64| {
            let one = Piece { sku: script.sold.sku.to_owned(), quantity: count.into() };
            let pieces = if count == 0 || count == pieces { Vec::new() } else { vec![one] };
            (goods, refund, pieces)
        };
        let all = match rng.u8(..5) {
            0 => vec![record(Goods::Kept, Some(300), 0)],
            1 if pieces == 4 => vec![record(Goods::Returned, None, 1)],
            2 if pieces == 4 => vec![record(Goods::Returned, None, 1), record(Goods::Returned, None, 2)],
            _ => vec![record(Goods::Returned, None, pieces)],
        };
        let mut refunded = 0;
        for (nth, (goods, refund, pieces_back)) in all.into_iter().enumerate() {
            let id = format!("r-{}-{nth}", script.id);
            let count = pieces_back.first().map_or(pieces, |piece| i64::try_from(piece.quantity).unwrap_or_default());
            refunded += refund.unwrap_or(if count == pieces { 0 } else { count * price });
            self.sales.records.insert((script.id.clone(), count), id.clone());
            let received = rng.u8(..6) > 0;
            let record = ReturnRecord {
                key: ReturnKey { source: SOURCE.to_owned(), id },
                store_id: script.sold.store.to_string(),
                channel_order_id: script.number.clone(),
                accepted_at: Some(Date::constant(2024, 1, 30)),
                received_at: received.then(|| Date::constant(2024, 1, 31)),
                goods,
                refund: refund.map(Rupiah::whole),
                pieces: pieces_back,
            };
            let at = self.moment(rng);
            self.send(rng, at, RowContent::Return(record.clone()));
            if !received && rng.bool() {
                let arrived = ReturnRecord { received_at: Some(Date::constant(2024, 2, 1)), ..record };
                let later = at + SignedDuration::from_secs(rng.i64(1..900));
                self.send(rng, later, RowContent::Return(arrived));
            }
        }
        if rng.bool() { refunded } else { 0 }
    }

    fn whole_return(&mut self, rng: &mut fastrand::Rng, script: &Script) {
        let id = format!("r-{}-0", script.id);
        self.sales.records.insert((script.id.clone(), script.sold.pieces), id.clone());
        let record = ReturnRecord {
            key: ReturnKey { source: SOURCE.to_owned(), id },
            store_id: script.sold.store.to_string(),
            channel_order_id: script.number.clone(),
            accepted_at: Some(Date::constant(2024, 1, 30)),
            received_at: Some(Date::constant(2024, 1, 31)),
            goods: Goods::Returned,
            refund: None,
            pieces: Vec::new(),
        };
        let at = self.moment(rng);
        self.send(rng, at, RowContent::Return(record));
    }

    fn payouts(&mut self, rng: &mut fastrand::Rng, script: &Script, refund: i64) {
        let sold = script.sold.clone();
        let (id, store) = (script.id.clone(), sold.store.to_string());
        let store = if rng.u8(..6) == 0 { "" } else { store.as_str() };
        let fee = 10 * rng.i64(1..9);
        let mut whole = vec![("subtotal", sold.price * sold.pieces)];
        if sold.voucher > 0 {
            whole.push(("voucher_seller", -sold.voucher));
        }
        if sold.shipping > 0 {
            whole.push(("shipping", sold.shipping));
        }
        if refund > 0 {
            whole.push(("refund", -refund));
        }
        let row = |nth: u8| format!("p-{}-{nth}", script.id);
        match rng.u8(..9) {
            0 => {}
            1 => self.two_parts(rng, script, fee),
            2 => self.send_payout(rng, &id, &row(0), sold.total(), &[], store, false),
            3 => {
                // Nothing, or less than nothing, is left to be paid.
                let net = if rng.bool() { 0 } else { -7 };
                self.send_payout(rng, &id, &row(0), net, &[("commission", net)], store, false);
            }
            kind => {
                let name = if kind == 4 { NEW_FEE } else { "commission" };
                whole.push((name, -fee));
                let net = whole.iter().map(|(_, amount)| amount).sum();
                let is_plain = refund == 0 && kind != 4 && !self.has_records(&id);
                let corrected = rng.u8(..4) == 0;
                self.send_payout(rng, &id, &row(0), net, &whole, store, corrected);
                if is_plain && !corrected {
                    self.sales.plain.insert(id.clone(), sold.clone());
                }
            }
        }
        if rng.u8(..6) == 0 {
            self.sales.plain.remove(&id);
            self.send_payout(rng, &id, &row(2), 3_333, &[], store, false);
        }
    }

    /// The first part names the voucher, which the invoice already holds.
    fn two_parts(&mut self, rng: &mut fastrand::Rng, script: &Script, fee: i64) {
        let (id, sold, store) = (&script.id, &script.sold, script.sold.store.to_string());
        let first = sold.total() / 2;
        let names: &[(&str, i64)] = if sold.voucher > 0 { &[("voucher_seller", -sold.voucher)] } else { &[] };
        self.send_payout(rng, id, &format!("p-{id}-0"), first, names, &store, false);
        let rest = sold.total() - first - fee;
        self.send_payout(rng, id, &format!("p-{id}-1"), rest, &[("commission", -fee)], &store, false);
    }

    fn has_records(&self, order: &str) -> bool {
        self.sales.records.keys().any(|(of, _)| of == order)
    }

    /// Sends a payout, and perhaps a correction of it.
    #[expect(clippy::too_many_arguments, reason = "a row has as many columns")]
    fn send_payout(
        &mut self,
        rng: &mut fastrand::Rng,
        order: &str,
        row: &str,
        net: i64,
        amounts: &[(&str, i64)],
        store: &str,
        corrected: bool,
    ) {
        // What was paid today is booked tomorrow.
        let paid_at = if rng.u8(..5) == 0 { Date::constant(2024, 2, 1) } else { Date::constant(2024, 1, 31) };
        let payout = |net: i64, amounts: &[(&str, i64)]| {
            let amounts = amounts.iter();
            Payout {
                key: PayoutKey { source: SOURCE.to_owned(), id: row.to_owned() },
                store_id: store.to_owned(),
                channel_order_id: format!("INV-{order}"),
                paid_at,
                net: Rupiah::whole(net),
                amounts: amounts.map(|(name, amount)| ((*name).to_owned(), Rupiah::whole(*amount))).collect(),
                lines: Vec::new(),
            }
        };
        let at = self.moment(rng);
        self.sales.rows.insert((order.to_owned(), net), row.to_owned());
        self.send(rng, at, RowContent::Payout(payout(net, amounts)));
        if corrected {
            let mut amounts = amounts.to_vec();
            let is_about_products = self.own.bool();
            if is_about_products {
                self.sales.about_products.insert(row.to_owned());
            }
            let corrected = if is_about_products { amounts.first_mut() } else { amounts.last_mut() };
            if let Some((_, amount)) = corrected {
                *amount -= 5;
            }
            self.sales.rows.insert((order.to_owned(), net - 5), row.to_owned());
            let later = at + SignedDuration::from_secs(rng.i64(1..900));
            self.send(rng, later, RowContent::Payout(payout(net - 5, &amounts)));
        }
    }

    fn send(&mut self, rng: &mut fastrand::Rng, at: Timestamp, row: RowContent) {
        let words = format!("row {}", row.key().1);
        self.sales.sent.entry(row.key().1.to_owned()).or_default().push(row.clone());
        let errand = Errand { at, words, deed: Deed::Send(Box::new(row)) };
        if rng.u8(..6) == 0 {
            let again = at + SignedDuration::from_secs(rng.i64(0..2));
            self.errands.push(Errand { at: again, ..errand.clone() });
        }
        self.errands.push(errand);
    }
}
