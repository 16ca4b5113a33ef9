//! What people search by: any part of an order that they have in hand.

use std::collections::BTreeSet;

use super::{Binds, conditions::rows_of};
use crate::{
    domain::money::Rupiah,
    storage::{
        Result,
        dialect::{Columns, Dialect},
        rows::{hundredths, storable},
    },
};

/// Of order ids, numbers and SKUs that begin (or end) with the text, how many orders are looked at: those that sort
/// last, which as a rule are the newest.
const MOST_BEGINNING: i64 = 1_000;

/// From so many orders on with exactly this SKU, amount or store they are not listed at once but walked through.
const MOST_LISTED: i64 = 1_000;

/// Stores whose name holds the text that are looked through.
const MOST_STORES: usize = 50;

/// Longest text that is searched for, in characters.
const LONGEST: usize = 200;

/// A shorter text would be the end of too many numbers, or be in too many stores' names.
const SHORTEST_PART: usize = 3;

/// Which orders a text finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::storage) struct Matches {
    /// Orders that were found one by one.
    pub(super) ids: Vec<i64>,
    /// Terms that so many orders have that they are walked through.
    pub(super) terms: Vec<String>,
    /// Stores whose orders are walked through.
    pub(super) stores: Vec<String>,
}

impl Matches {
    /// `None` when nothing has any part of it.
    pub(super) async fn of<T: Dialect>(db: &mut T, text: &str) -> Result<Option<Self>> {
        let text: String = storable(text.trim()).chars().take(LONGEST).collect();
        let lower = text.to_lowercase();
        let mut ids = beginning(db, &text, &lower).await?;
        let (mut terms, mut stores) = (Vec::new(), Vec::new());
        let amount = amount(&text).map(|amount| format!("a:{amount}"));
        for term in std::iter::once(format!("s:{lower}")).chain(amount) {
            let of_term = "SELECT id FROM order_terms WHERE term = $1 ORDER BY id DESC LIMIT $2";
            let found = listed(db, of_term, &term).await?;
            if found.len() as i64 > MOST_LISTED { terms.push(term) } else { ids.extend(found) }
        }
        for store_id in stores_named(db, &lower).await? {
            // As a range, so that the index by store is walked whatever the statistics say.
            let of_store = "SELECT id FROM orders WHERE store_id >= $1 AND store_id <= $1
                            ORDER BY store_id DESC, id DESC LIMIT $2";
            let found = listed(db, of_store, &store_id).await?;
            if found.len() as i64 > MOST_LISTED { stores.push(store_id) } else { ids.extend(found) }
        }
        let matches = Self { ids: ids.into_iter().collect(), terms, stores };
        let nothing = matches.ids.is_empty() && matches.are_all_listed();
        Ok((!nothing).then_some(matches))
    }

    /// Whether `ids` is all there is.
    pub(super) fn are_all_listed(&self) -> bool {
        self.terms.is_empty() && self.stores.is_empty()
    }

    /// Whether an order is among them.
    pub(super) fn test<T: Dialect>(&self, binds: &mut Binds) -> String {
        let mut any = Vec::new();
        if !self.ids.is_empty() {
            let rows = T::ROWS.replace("$1", &binds.text(&rows_of(&self.ids)));
            any.push(format!("orders.id IN (SELECT CAST(v.value ->> 0 AS BIGINT) FROM {rows})"));
        }
        for term in &self.terms {
            let term = binds.text(term);
            any.push(format!("EXISTS (SELECT 1 FROM order_terms AS t WHERE t.term = {term} AND t.id = orders.id)"));
        }
        any.extend(self.stores.iter().map(|store_id| format!("store_id = {}", binds.text(store_id))));
        format!("({})", any.join(" OR "))
    }
}

async fn listed<T: Dialect>(db: &mut T, sql: &'static str, value: &str) -> Result<Vec<i64>> {
    let rows = db.fetch(sql, &[value.into(), (MOST_LISTED + 1).into()]).await?;
    rows.iter().map(|row| row.number("id")).collect()
}

/// Orders whose id, number or SKU begins with the text, or whose marketplace number ends with it.
async fn beginning<T: Dialect>(db: &mut T, text: &str, lower: &str) -> Result<BTreeSet<i64>> {
    let mut binds = Binds::default();
    let mut each = Vec::new();
    let mut add = |binds: &mut Binds, table: &str, column: &str, start: &str| {
        // Ranges, not LIKE: they use the indexes. U+10FFFF sorts behind every other character.
        let (first, end) = (binds.text(start), binds.text(&format!("{start}\u{10ffff}")));
        let nth = each.len();
        each.push(format!(
            "SELECT id FROM (SELECT id FROM {table} WHERE {column} >= {first} AND {column} < {end}
                             ORDER BY {column} DESC LIMIT {MOST_BEGINNING}) AS part{nth}"
        ));
    };
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        add(&mut binds, "orders", "order_id", text);
    }
    // Marketplaces write their numbers in capitals; people often do not.
    let upper = text.to_uppercase();
    for start in BTreeSet::from([text, upper.as_str()]) {
        add(&mut binds, "orders", "channel_order_id", start);
        add(&mut binds, "orders", "invoice_number", start);
    }
    if lower.chars().count() >= SHORTEST_PART {
        let reversed: String = lower.chars().rev().collect();
        add(&mut binds, "order_terms", "term", &format!("r:{reversed}"));
    }
    add(&mut binds, "order_terms", "term", &format!("s:{lower}"));
    let rows = db.fetch(each.join(" UNION "), &binds.values()).await?;
    rows.iter().map(|row| row.number("id")).collect()
}

async fn stores_named(db: &mut impl Dialect, lower: &str) -> Result<Vec<String>> {
    let rows = db.fetch("SELECT store_id, name FROM stores", &[]).await?;
    let mut named = Vec::new();
    for row in &rows {
        let store_id = row.text("store_id")?;
        let is_named = lower.chars().count() >= SHORTEST_PART && row.text("name")?.to_lowercase().contains(lower);
        if is_named || store_id == lower {
            named.push(store_id.to_owned());
        }
    }
    named.truncate(MOST_STORES);
    Ok(named)
}

/// An amount as people write it, in hundredths of a rupiah: `144000`, `Rp144.000`, `144.000,50`.
fn amount(text: &str) -> Option<i64> {
    let text = text.trim();
    let text =
        text.strip_prefix("Rp").or_else(|| text.strip_prefix("rp")).unwrap_or(text).trim_start_matches('.').trim();
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, cents) = text.split_once(',').unwrap_or((text, ""));
    let groups: Vec<_> = whole.split('.').collect();
    let grouped = groups.len() > 1 && groups[1..].iter().all(|group| group.len() == 3 && is_digits(group));
    let plain = if grouped && is_digits(groups[0]) && groups[0].len() <= 3 {
        format!("{}.{cents}", groups.concat()).trim_end_matches('.').to_owned()
    } else if cents.is_empty() {
        text.trim_end_matches(',').to_owned()
    } else {
        format!("{whole}.{cents}")
    };
    if !is_digits(&plain.replacen('.', "", 1)) {
        return None;
    }
    Rupiah::parse(&plain).ok().map(hundredths).filter(|amount| *amount > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_write_them() {
        for text in ["144000", "144.000", "Rp144.000", "Rp 144.000", "rp144000", "144.000,00", "144000.00", "144000,0"]
        {
            assert_eq!(amount(text), Some(14_400_000), "{text}");
        }
        assert_eq!(amount("1.440.000,50"), Some(144_000_050));
        assert_eq!(amount("24500.5"), Some(2_450_050));
        for text in ["", "0", "KAOS-M", "1e5", "-5", "1.44.000", "INV-1", "12a"] {
            assert_eq!(amount(text), None, "{text}");
        }
    }
}
