//! Recording the payouts of a file. A file says less than a request: its ids may only number its rows, its rows may come
//! in another order next time, and it may not name the store.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use super::{
    record::{AllKnown, known, record},
    transactions::{FoundAgain, corrects_order, find_again, rename},
};
use crate::{
    domain::{
        document::Kind,
        money::Rupiah,
        payout::{Payout, PayoutKey},
        payout_file::numbered,
    },
    storage::{Result, RowContent, RowRecorded, dialect::Dialect, rows::from_json},
};

/// Records payouts of a file. None of them moves a payout or a transaction to another order or store unless the first was
/// mistyped; what an earlier file said about order and store is not forgotten, and rows that are alike but
/// for their figures are found again in any order: all of them must be among these.
pub(in crate::storage) async fn record_of_file<T: Dialect>(
    db: &mut T,
    payouts: &[Payout],
    now: Timestamp,
) -> Result<Vec<(PayoutKey, RowRecorded)>> {
    let mut known = known_of(db, payouts).await?;
    let mut refused = HashMap::new();
    let mut rows = payouts.to_vec();
    for group in groups(payouts) {
        match_again(&mut rows, &group, &known, &mut refused);
    }
    let keys: Vec<_> = rows.iter().map(|payout| payout.key.clone()).collect();
    let mut outcomes = HashMap::new();
    let mut left: Vec<_> = rows.into_iter().enumerate().collect();
    while !left.is_empty() {
        let FoundAgain { rows, renamed, later } = find_again(db, &left, &mut known, &mut refused).await?;
        let rows = without_refused(rows, &known, &mut refused);
        for (place, before) in renamed.iter().filter(|(place, _)| !refused.contains_key(place)) {
            rename(db, before, &keys[*place].id).await?;
        }
        let (places, fine): (Vec<_>, Vec<_>) =
            rows.into_iter().map(|(place, payout)| (place, RowContent::Payout(payout))).unzip();
        for (place, recorded) in places.into_iter().zip(record(db, &fine, now).await?) {
            let before = outcomes.remove(&place);
            outcomes.insert(place, before.map_or(recorded.clone(), |before: RowRecorded| before.and(recorded)));
        }
        left.retain(|(place, _)| later.contains(place));
        if !left.is_empty() {
            let left: Vec<_> = left.iter().map(|(_, payout)| payout.clone()).collect();
            known = known_of(db, &left).await?;
        }
    }
    outcomes.extend(refused);
    Ok((0..).zip(keys).filter_map(|(place, key)| Some((key, outcomes.remove(&place)?))).collect())
}

/// What of these rows is recorded, with what earlier files said about their orders and stores; each with the place of its
/// payout in the file.
fn without_refused(
    mut rows: Vec<(usize, Payout)>,
    known: &AllKnown,
    refused: &mut HashMap<usize, RowRecorded>,
) -> Vec<(usize, Payout)> {
    for (place, payout) in &mut rows {
        let Some(before) = stored(known, &payout.key) else { continue };
        let differs = |before: &str, now: &str| !before.is_empty() && !now.is_empty() && before != now;
        let is_corrected = corrects_order(known, &before, payout);
        if differs(&before.channel_order_id, &payout.channel_order_id) && !is_corrected {
            refused.entry(*place).or_insert(RowRecorded::OtherOrder(before.channel_order_id));
            continue;
        }
        if differs(&before.store_id, &payout.store_id) && !may_be_mistyped(known, &before) {
            refused.entry(*place).or_insert(RowRecorded::OtherStore(before.store_id));
            continue;
        }
        if payout.channel_order_id.is_empty() {
            payout.channel_order_id = before.channel_order_id;
        }
        if payout.store_id.is_empty() {
            payout.store_id = before.store_id;
        }
    }
    rows.retain(|(place, _)| !refused.contains_key(place));
    rows
}

/// Numbers of one group that are asked for at once.
const MOST_ASKED: u64 = 1_000;

/// What is stored under the keys of these payouts and, for those that are numbered because they are alike, under all
/// their numbers.
async fn known_of<T: Dialect>(db: &mut T, payouts: &[Payout]) -> Result<AllKnown> {
    let keys: Vec<_> = payouts.iter().map(|one| (one.key.source.clone(), one.key.id.clone())).collect();
    let mut all = read(db, &keys).await?;
    let alike = |payout: &Payout| Some((payout.key.source.clone(), numbered::read(&payout.key.id)?.0.to_owned()));
    let mut open: BTreeSet<_> = payouts.iter().filter_map(alike).collect();
    // Most rows are alike to few others, and some to very many: twice as many are asked for each time.
    let (mut first, mut width) = (1, 1);
    while !open.is_empty() {
        let numbers = first..first + width;
        let key = |(source, alike): &(String, String), number| (source.clone(), numbered::write(alike, number));
        let wanted = open.iter().flat_map(|group| numbers.clone().map(move |number| key(group, number)));
        let wanted: Vec<_> = wanted.filter(|key| !all.contains_key(key)).collect();
        all.extend(read(db, &wanted).await?);
        open.retain(|group| all.contains_key(&key(group, numbers.end - 1)));
        (first, width) = (numbers.end, (width * 2).min(MOST_ASKED));
    }
    Ok(all)
}

async fn read<T: Dialect>(db: &mut T, keys: &[(String, String)]) -> Result<AllKnown> {
    let keys: Vec<_> = keys.iter().map(|(source, id)| (Kind::Receipt, (source.as_str(), id.as_str()))).collect();
    known(db, &keys).await
}

fn stored(known: &AllKnown, key: &PayoutKey) -> Option<Payout> {
    let known = known.get(&(key.source.clone(), key.id.clone()))?;
    from_json::<Payout>(&known.content).ok()
}

/// Whether the store of a payout may be mistyped: no order of that store has its number, and nothing is booked for it.
fn may_be_mistyped(known: &AllKnown, payout: &Payout) -> bool {
    let known = known.get(&(payout.key.source.clone(), payout.key.id.clone()));
    !payout.channel_order_id.is_empty() && known.is_some_and(|known| known.order_id.is_empty() && !known.is_closed)
}

/// The places of the payouts that are alike but for their figures, each group by itself.
fn groups(payouts: &[Payout]) -> Vec<Vec<usize>> {
    let mut groups = BTreeMap::<_, Vec<_>>::new();
    for (place, payout) in payouts.iter().enumerate() {
        if let Some((alike, _)) = numbered::read(&payout.key.id) {
            groups.entry((&payout.key.source, alike)).or_default().push(place);
        }
    }
    groups.into_values().collect()
}

/// Gives rows that are alike the ids under which they are known. A row with known figures is that row, wherever the file
/// has it; of the others, each corrects one that is left. If more are left than the file has, nobody can tell which one
/// a row corrects, or whether it is another one.
fn match_again(rows: &mut [Payout], group: &[usize], known: &AllKnown, refused: &mut HashMap<usize, RowRecorded>) {
    let Some(first) = group.first().map(|place| rows[*place].key.clone()) else { return };
    let Some((alike, _)) = numbered::read(&first.id) else { return };
    let key = |number| PayoutKey { source: first.source.clone(), id: numbered::write(alike, number) };
    let mut left: Vec<_> = (1..).map(key).map_while(|key| stored(known, &key)).collect();
    let mut next = left.len() as u64 + 1;
    let mut others = Vec::new();
    for place in group {
        let row = &rows[*place];
        let has_same_figures = |before: &Payout| (before.net, &before.amounts) == (row.net, &row.amounts);
        let is_same = |before: &Payout| {
            has_same_figures(before) && (before.paid_at, &before.store_id) == (row.paid_at, &row.store_id)
        };
        match left.iter().position(is_same).or_else(|| left.iter().position(has_same_figures)) {
            Some(at) => rows[*place].key = left.remove(at).key,
            None => others.push(*place),
        }
    }
    if others.len() < left.len() {
        let lost: Rupiah = left.iter().map(|payout| payout.net).sum();
        refused.extend(others.into_iter().map(|place| (place, RowRecorded::Unclear(lost))));
        return;
    }
    let mut left = left.into_iter();
    for place in others {
        rows[place].key = left.next().map_or_else(
            || {
                next += 1;
                key(next - 1)
            },
            |before| before.key,
        );
    }
}
