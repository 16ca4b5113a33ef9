//! Rows that name another order after a correction.

use forstok_accurate::{domain::money::Rupiah, storage::RowContent};
use jiff::SignedDuration;

use super::{
    super::{moved::number_of, senders::Flaw},
    Deed, Drawn, Errand, NEW_FEE, Sales, Script,
};

/// An order that nobody has.
const NOBODY: &str = "404";

impl Drawn {
    /// Corrections move some rows to other orders.
    pub(super) fn moves(&mut self, scripts: &[Script]) {
        let mut own = self.own.fork();
        for script in scripts.iter().filter(|script| script.flaw == Flaw::None) {
            let Some((_, id)) = self.any_row(&mut own, script).filter(|_| own.u8(..6) == 0) else { continue };
            let mut at = self.moment(&mut own);
            for row in self.sales.moved(&mut own, &script.id, &id, scripts) {
                at += SignedDuration::from_secs(own.i64(0..900));
                let words = format!("row {id} again, of {}", row.order().1);
                self.errands.push(Errand { at, words, deed: Deed::Send(Box::new(row)) });
            }
        }
    }
}

impl Sales {
    /// Whether a correction of a row names another order.
    pub(crate) fn was_moved(&self, id: &str) -> bool {
        let Some([first, .., last]) = self.sent.get(id).map(Vec::as_slice) else { return false };
        first.order().1 != last.order().1
    }

    /// What the source of a row sends that was sent with one content: that it is of another order. Some name one first
    /// that nobody has, or do not get further.
    pub(crate) fn moved(
        &mut self,
        rng: &mut fastrand::Rng,
        from: &str,
        id: &str,
        scripts: &[Script],
    ) -> Vec<RowContent> {
        let Some([sent]) = self.sent.get(id).map(Vec::as_slice) else { return Vec::new() };
        let (sent, mut moved) = (sent.clone(), Vec::new());
        let others = scripts.iter().filter(|script| script.flaw == Flaw::None && script.id != from);
        let target = rng.choice(others.collect::<Vec<_>>()).filter(|_| rng.u8(..8) > 0);
        let last = target.and_then(|target| self.of_another(rng, sent.clone(), target));
        if last.is_none() || rng.u8(..3) == 0 {
            moved.push(naming(sent, NOBODY, ""));
        }
        moved.extend(last);
        self.plain.remove(from);
        self.sent.entry(id.to_owned()).or_default().extend(moved.clone());
        moved
    }

    /// A row as though it had been another order's; `None` if nobody could tell it from that order's own rows.
    fn of_another(&mut self, rng: &mut fastrand::Rng, sent: RowContent, target: &Script) -> Option<RowContent> {
        let store = if rng.u8(..6) == 0 { String::new() } else { target.sold.store.to_string() };
        let mut sent = naming(sent, &target.id, &store);
        match &mut sent {
            RowContent::Payout(payout) => {
                if rng.bool() {
                    payout.net = Rupiah::whole(target.sold.total() / 3);
                }
                // What that order's invoice does not hold is booked, and rightly so.
                payout.amounts.retain(|name, _| ["commission", NEW_FEE].contains(&name.as_str()));
                let key = (target.id.clone(), i64::try_from(payout.net.decimal()).ok()?);
                if key.1 <= 0 || self.rows.contains_key(&key) {
                    return None;
                }
                self.rows.insert(key, payout.key.id.clone());
            }
            RowContent::Return(record) => {
                // Beside another one, a return of everything takes back what that leaves.
                if self.records.keys().any(|(order, _)| *order == target.id) {
                    return None;
                }
                if target.sold.pieces != 4 {
                    record.pieces.clear();
                }
                let named = record.pieces.first_mut().map(|piece| {
                    target.sold.sku.clone_into(&mut piece.sku);
                    i64::try_from(piece.quantity).unwrap_or_default()
                });
                let all = [target.sold.pieces, target.newest_pieces()];
                for count in named.map_or(all.to_vec(), |named| vec![named]) {
                    self.records.insert((target.id.clone(), count), record.key.id.clone());
                }
            }
        }
        self.plain.remove(&target.id);
        Some(sent)
    }
}

/// The same row, of another order.
fn naming(mut row: RowContent, order: &str, store: &str) -> RowContent {
    let (number, store) = (number_of(order), store.to_owned());
    match &mut row {
        RowContent::Payout(payout) => (payout.channel_order_id, payout.store_id) = (number, store),
        RowContent::Return(record) => (record.channel_order_id, record.store_id) = (number, store),
    }
    row
}
