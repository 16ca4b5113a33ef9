//! Payouts that consist of several rows of files. What later files name is added to what earlier files named; what may
//! be booked already stays as it is, so that further rows become another payout, the next part. All parts of a payout are
//! known before anything is added to one of them.

use std::collections::BTreeSet;

use super::record::{AllKnown, Known, known};
use crate::{
    domain::{
        document::Kind,
        money::Rupiah,
        payout::{
            Payout, PayoutKey,
            lines::{Line, news},
        },
    },
    storage::{Result, RowContent, RowRecorded, dialect::Dialect, rows::from_json},
};

/// Loads all further parts of the payouts that consist of several rows of files, or did so far.
pub(super) async fn load<T: Dialect>(db: &mut T, rows: &[RowContent], all: &mut AllKnown) -> Result<()> {
    let is_of_lines = |payout: &&Payout| {
        let stored = all.get(&named(&payout.key));
        !payout.lines.is_empty() || stored.is_some_and(|known| !lines_of(&known.content).is_empty())
    };
    let payouts = rows.iter().filter_map(|row| match row {
        RowContent::Payout(payout) => Some(payout),
        RowContent::Return(_) => None,
    });
    let mut wanted: BTreeSet<_> = payouts.filter(is_of_lines).map(|payout| payout.key.clone()).collect();
    for part in 2.. {
        wanted.retain(|key| all.contains_key(&named(&key_of(key, part - 1))));
        if wanted.is_empty() {
            break;
        }
        let keys: Vec<_> = wanted.iter().map(|key| named(&key_of(key, part))).collect();
        let keys: Vec<_> = keys.iter().map(|(source, id)| (Kind::Receipt, (source.as_str(), id.as_str()))).collect();
        all.extend(known(db, &keys).await?);
    }
    Ok(())
}

/// A part of a payout that is stored.
#[derive(Default)]
struct Part {
    is_closed: bool,
    store_id: String,
    channel_order_id: String,
    net: Rupiah,
    lines: Vec<Line>,
    has_changed: bool,
}

/// What is recorded for a payout: the parts that are new or have changed.
///
/// # Errors
///
/// Why nothing is recorded: money of earlier files would be lost, or money that another part contains might be recorded
/// twice.
pub(super) fn changed(payout: &Payout, all: &AllKnown) -> std::result::Result<Vec<Payout>, RowRecorded> {
    let stored = |part: usize| all.get(&named(&key_of(&payout.key, part)));
    let mut parts: Vec<_> = (1..).map_while(stored).map(part).collect();
    let (first, further) = match parts.split_first() {
        Some((first, further)) => (Some(first), further),
        None => (None, &[][..]),
    };
    let has_lines = first.is_some_and(|first| !first.lines.is_empty());
    if payout.lines.is_empty() && stored(1).is_some_and(|known| is_same_but_for_lines(known, payout)) {
        return Ok(Vec::new());
    }
    if payout.lines.is_empty() && parts.iter().all(|part| part.lines.is_empty()) {
        // Nothing of it is from a file: another source's ids end like those of parts.
        return Ok(vec![payout.clone()]);
    }
    if payout.lines.is_empty() || !has_lines {
        // What is sent as a whole may contain the further parts.
        let elsewhere = further.iter().map(|part| part.net).sum();
        return if further.is_empty() { Ok(vec![payout.clone()]) } else { Err(RowRecorded::InParts(elsewhere)) };
    }
    // A request has replaced a further part: nobody can tell which lines it contains.
    if further.iter().any(|part| part.lines.is_empty()) {
        let replaced = further.iter().filter(|part| part.lines.is_empty());
        return Err(RowRecorded::InParts(replaced.map(|part| part.net).sum()));
    }
    let all_lines: Vec<_> = parts.iter().flat_map(|part| part.lines.clone()).collect();
    // The order was mistyped.
    for part in parts.iter_mut().filter(|part| part.channel_order_id != payout.channel_order_id) {
        part.has_changed = true;
    }
    // A file that names the store says more about all of it, or corrects a mistyped one.
    if !payout.store_id.is_empty() {
        for part in parts.iter_mut().filter(|part| part.store_id != payout.store_id) {
            part.has_changed = true;
        }
    }
    let news = news(&all_lines, &payout.lines).map_err(RowRecorded::Unclear)?;
    for (mut at, line) in news.changed {
        for part in &mut parts {
            if at < part.lines.len() {
                (part.lines[at], part.has_changed) = (line, true);
                break;
            }
            at -= part.lines.len();
        }
    }
    if !news.added.is_empty() {
        match parts.last_mut() {
            Some(last) if !last.is_closed => {
                last.lines.extend(news.added);
                last.has_changed = true;
            }
            _ => parts.push(Part {
                is_closed: false,
                store_id: payout.store_id.clone(),
                channel_order_id: payout.channel_order_id.clone(),
                net: Rupiah::ZERO,
                lines: news.added,
                has_changed: true,
            }),
        }
    }
    let has_changed = parts.into_iter().zip(1..).filter(|(part, _)| part.has_changed);
    let made = has_changed.map(|(part, nth)| {
        let (store_id, channel_order_id) = (payout.store_id.clone(), payout.channel_order_id.clone());
        Payout::of_lines(key_of(&payout.key, nth), store_id, channel_order_id, part.lines)
    });
    Ok(made.collect())
}

fn part(known: &Known) -> Part {
    let Ok(Payout { store_id, channel_order_id, net, lines, .. }) = from_json(&known.content) else {
        return Part { is_closed: known.is_closed, ..Part::default() };
    };
    Part { is_closed: known.is_closed, store_id, channel_order_id, net, lines, has_changed: false }
}

/// Whether a payout that is sent as a whole says what is known from its lines.
fn is_same_but_for_lines(known: &Known, sent: &Payout) -> bool {
    from_json::<Payout>(&known.content).is_ok_and(|known| Payout { lines: Vec::new(), ..known } == *sent)
}

/// The lines of stored content; none if it has none, or cannot be read.
fn lines_of(content: &str) -> Vec<Line> {
    from_json::<Payout>(content).map(|payout| payout.lines).unwrap_or_default()
}

/// The first part has the payout's own id, the next `ID/2`.
fn key_of(key: &PayoutKey, part: usize) -> PayoutKey {
    let id = if part == 1 { key.id.clone() } else { format!("{}/{part}", key.id) };
    PayoutKey { source: key.source.clone(), id }
}

fn named(key: &PayoutKey) -> (String, String) {
    (key.source.clone(), key.id.clone())
}
