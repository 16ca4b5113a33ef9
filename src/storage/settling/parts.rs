//! Payouts that consist of several rows of files. What later files name is added to what earlier files named; what may
//! be booked already stays as it is, so that further rows become another payout, the next part.

use std::collections::BTreeSet;

use super::record::{AllKnown, known};
use crate::{
    domain::{
        document::Kind,
        money::Rupiah,
        payout::{
            Payout, PayoutKey,
            lines::{Line, news},
        },
    },
    storage::{Result, RowContent, dialect::Dialect, rows::from_json},
};

/// Loads the further parts of payouts that consist of several rows.
pub(super) async fn load<T: Dialect>(db: &mut T, rows: &[RowContent], all: &mut AllKnown) -> Result<()> {
    let of_lines = |row: &RowContent| match row {
        RowContent::Payout(payout) if !payout.lines.is_empty() => Some(payout.key.clone()),
        _ => None,
    };
    let mut wanted: BTreeSet<_> = rows.iter().filter_map(of_lines).collect();
    for part in 2.. {
        wanted.retain(|key| all.get(&named(&key_of(key, part - 1))).is_some_and(|known| known.is_closed));
        if wanted.is_empty() {
            break;
        }
        let keys: Vec<_> = wanted.iter().map(|key| named(&key_of(key, part))).collect();
        let keys: Vec<_> = keys.iter().map(|(source, id)| (Kind::Receipt, (source.as_str(), id.as_str()))).collect();
        all.extend(known(db, &keys).await?);
    }
    Ok(())
}

/// What is recorded for a payout of a file: the parts that are new or have changed.
///
/// # Errors
///
/// The money of earlier files that recording the payout would lose.
pub(super) fn changed(payout: &Payout, all: &AllKnown) -> std::result::Result<Vec<Payout>, Rupiah> {
    let part = |part: usize| all.get(&named(&key_of(&payout.key, part)));
    let mut parts: Vec<_> =
        (1..).map_while(part).map(|known| (known.is_closed, lines_of(&known.content), false)).collect();
    // Content without lines was not recorded from a file; it is replaced.
    if parts.first().is_none_or(|(_, lines, _)| lines.is_empty()) {
        return Ok(vec![payout.clone()]);
    }
    let all_lines: Vec<_> = parts.iter().flat_map(|(_, lines, _)| lines.clone()).collect();
    let news = news(&all_lines, &payout.lines)?;
    for (mut at, line) in news.changed {
        for (_, lines, has_changed) in &mut parts {
            if at < lines.len() {
                (lines[at], *has_changed) = (line, true);
                break;
            }
            at -= lines.len();
        }
    }
    if !news.added.is_empty() {
        match parts.last_mut() {
            Some((false, lines, has_changed)) => {
                lines.extend(news.added);
                *has_changed = true;
            }
            _ => parts.push((false, news.added, true)),
        }
    }
    let has_changed = parts.into_iter().zip(1..).filter(|((_, _, has_changed), _)| *has_changed);
    let made = has_changed.map(|((_, lines, _), part)| {
        let (store_id, channel_order_id) = (payout.store_id.clone(), payout.channel_order_id.clone());
        Payout::of_lines(key_of(&payout.key, part), store_id, channel_order_id, lines)
    });
    Ok(made.collect())
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
