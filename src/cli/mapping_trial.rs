//! What a mapping would change, as lines for a terminal.

use super::counted;
use crate::{
    deciding::trial::{AfterSale, Tried},
    domain::{
        reason::Reason,
        state::State,
        trial::{Outcome, Trial},
    },
    storage::RowSum,
};

/// Examples that are printed.
const MOST_EXAMPLES: usize = 10;

/// The result of a trial in words.
pub(super) fn tried_in_words(tried: &Tried) -> Vec<String> {
    let (mut lines, waiting) = (trial_in_words(&tried.trial), waiting_in_words(tried));
    if !waiting.is_empty() {
        lines.extend([String::new(), "As soon as the mapping is applied:".to_owned()]);
        lines.extend(waiting);
    } else if tried.trial.same == tried.trial.orders {
        lines.push("Nothing would change.".to_owned());
    }
    lines
}

/// What happens to blocked orders, payouts and returns although no decision about an order changes.
fn waiting_in_words(Tried { trial, after_sale, .. }: &Tried) -> Vec<String> {
    let AfterSale { released_payouts, released_returns, listed_returns, automatically, after_days, .. } = after_sale;
    let (sent, again) = (trial.sent, trial.tried_again);
    let listed = if *automatically { "are booked in Accurate" } else { "wait for approval" };
    let orders = (again.orders > 0).then(|| {
        let orders = counted(again.orders as usize, "blocked order");
        format!("  {orders} ({}), for example refused by Accurate: attempted again", again.total.in_words())
    });
    let rows = [
        (released_payouts, "payout", format!("waiting for approval: booked without it, after {after_days} days")),
        (released_returns, "return", "waiting for approval: booked without it".to_owned()),
        (listed_returns, "listed return", listed.to_owned()),
        (&after_sale.blocked_payouts, "blocked payout", "decided and attempted again".to_owned()),
        (&after_sale.blocked_returns, "blocked return", "decided and attempted again".to_owned()),
    ];
    let of_rows = rows.into_iter().filter(|(sum, ..)| sum.rows > 0).map(|(RowSum { rows, total }, what, then)| {
        format!("  {} ({}): {then}", counted(*rows as usize, what), total.in_words())
    });
    let drafts = (sent.orders > 0).then(|| {
        let drafts = counted(sent.orders as usize, "invoice");
        format!("  {drafts} ({}), only drafted until now: sent to Accurate", sent.total.in_words())
    });
    drafts.into_iter().chain(orders).chain(of_rows).collect()
}

/// How past orders would be decided.
fn trial_in_words(trial: &Trial) -> Vec<String> {
    let mut lines = vec![format!("Tried on {}; nothing was saved.", counted(trial.orders as usize, "past order"))];
    if trial.without_body > 0 {
        lines.push(format!("{} more could not be tried: their data is no longer stored.", trial.without_body));
    }
    if trial.undecidable > 0 {
        lines.push(format!("{} more could not be tried, because of an error in this program.", trial.undecidable));
    }
    if trial.stops_every_invoice() {
        lines.push("With this mapping, no order would get an invoice any more.".to_owned());
    }
    lines.push(format!("{} would be decided in the same way.", trial.same));
    for change in trial.moves() {
        let (orders, total) = (counted(change.all.orders as usize, "order"), change.all.total.in_words());
        lines.push(String::new());
        lines.push(format!("{orders} ({total}): {} → {}", words(change.from), words(change.to)));
        lines.push(format!("  waiting, and moved as soon as the mapping is applied: {}", change.waiting.orders));
    }
    if trial.different.invoices > 0 {
        lines.push(String::new());
        let (invoices, existing) = (counted(trial.different.invoices as usize, "invoice"), trial.existing);
        lines.push(format!("{invoices} would be different; existing ones, which stay as they are: {existing}"));
        for (part, changed) in trial.parts() {
            let (before, after) = (changed.before.in_words(), changed.after.in_words());
            lines.push(format!("  {:<13} {:>7}   {before} → {after}", part.code(), changed.invoices));
        }
    }
    let examples = trial.examples().iter().filter(|example| !example.differences.is_empty()).take(MOST_EXAMPLES);
    for example in examples {
        lines.push(String::new());
        lines.push(format!("order {} ({}):", example.order_id, printable(&example.channel_order_id)));
        for difference in &example.differences {
            let (before, after) = (printable(&difference.before), printable(&difference.after));
            lines.push(format!("  {}: {before} → {after}", difference.part.code()));
        }
    }
    lines
}

fn words(Outcome { state, reason }: Outcome) -> String {
    let state = if state == State::Due { "invoice" } else { state.as_str() };
    reason.map(Reason::code).map_or_else(|| state.to_owned(), |reason| format!("{state} ({reason})"))
}

/// A seller's text without characters that control a terminal.
fn printable(text: &str) -> String {
    if text.is_empty() { "–".to_owned() } else { text.replace(char::is_control, "\u{fffd}") }
}
