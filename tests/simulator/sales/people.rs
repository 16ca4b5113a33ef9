//! What people say about rows, and what marketplaces correct.

use forstok_accurate::{
    domain::{
        document::Kind,
        money::Rupiah,
        return_record::{Goods, Piece, ReturnRecord},
    },
    storage::RowContent,
};
use jiff::{SignedDuration, civil::Date};

use super::{super::marks::Says, Deed, Drawn, Errand, Sales, Script};

impl Drawn {
    /// A row of this order.
    pub(super) fn any_row(&self, rng: &mut fastrand::Rng, script: &Script) -> Option<(Kind, String)> {
        let of_order = |of: &String| *of == script.id;
        let rows = self.sales.rows.iter().filter(|((of, _), _)| of_order(of)).map(|(_, id)| (Kind::Receipt, id));
        let records = self.sales.records.iter().filter(|((of, _), _)| of_order(of)).map(|(_, id)| (Kind::Return, id));
        let all: Vec<_> = rows.chain(records).collect();
        rng.choice(all).map(|(kind, id)| (kind, id.clone()))
    }

    /// A person says something about a row of this order; some take that back later.
    fn says(&mut self, rng: &mut fastrand::Rng, script: &Script, says: Says, words: [&str; 2]) {
        let Some((kind, id)) = self.any_row(rng, script) else { return };
        let at = self.moment(rng) + SignedDuration::from_secs(rng.i64(0..1200));
        let deed = Deed::Say { kind, id: id.clone(), says };
        self.errands.push(Errand { at, words: format!("row {id} {}", words[0]), deed });
        if rng.u8(..3) == 0 {
            let later = at + SignedDuration::from_secs(rng.i64(1..900));
            let deed = Deed::Say { kind, id: id.clone(), says: Says::Nothing };
            self.errands.push(Errand { at: later, words: format!("row {id} {}", words[1]), deed });
        }
    }

    /// A person books a row of this order in Accurate.
    pub(super) fn by_hand(&mut self, rng: &mut fastrand::Rng, script: &Script) {
        self.says(rng, script, Says::Booked, ["is booked by hand", "is not"]);
    }

    /// The same money, or the same return, is known twice: a person says that one of them is never booked.
    pub(super) fn never(&mut self, rng: &mut fastrand::Rng, script: &Script) {
        self.says(rng, script, Says::Never, ["is never booked", "is booked after all"]);
    }
}

impl Sales {
    /// The source of a row that was sent with one content corrects it; `None` if it does not.
    pub(crate) fn correct(&mut self, rng: &mut fastrand::Rng, order: &str, id: &str) -> Option<RowContent> {
        let [sent] = self.sent.get(id)?.as_slice() else { return None };
        let corrected = match sent.clone() {
            RowContent::Return(record) => RowContent::Return(self.correct_record(rng, order, record)?),
            RowContent::Payout(mut payout) => {
                let key = (order.to_owned(), i64::try_from(payout.net.decimal()).ok()? - 5);
                if self.rows.contains_key(&key) || key.1 <= 0 {
                    return None;
                }
                payout.net = Rupiah::whole(key.1);
                // With a higher fee, as much is paid on the invoice as before.
                let is_of_fee = rng.bool() && payout.amounts.contains_key("commission");
                if let Some(amount) = payout.amounts.get_mut(if is_of_fee { "commission" } else { "subtotal" }) {
                    *amount = *amount - Rupiah::whole(5);
                }
                if !is_of_fee {
                    self.about_products.insert(id.to_owned());
                }
                self.rows.insert(key, id.to_owned());
                RowContent::Payout(payout)
            }
        };
        self.plain.remove(order);
        self.sent.entry(id.to_owned()).or_default().push(corrected.clone());
        Some(corrected)
    }

    /// Other pieces came back, or on another day.
    fn correct_record(
        &mut self,
        rng: &mut fastrand::Rng,
        order: &str,
        mut record: ReturnRecord,
    ) -> Option<ReturnRecord> {
        record.received_at.filter(|_| record.goods == Goods::Returned)?;
        let key = (order.to_owned(), 3);
        match record.pieces.as_mut_slice() {
            // Every return record of an order has its own number of pieces.
            [Piece { quantity, .. }]
                if *quantity == 1.into() && rng.u8(..3) > 0 && !self.records.contains_key(&key) =>
            {
                *quantity = 3.into();
                self.records.insert(key, record.key.id.clone());
                self.recounted.insert(record.key.id.clone(), (1, 3));
            }
            _ => record.received_at = Some(Date::constant(2024, 2, 1)),
        }
        Some(record)
    }
}
