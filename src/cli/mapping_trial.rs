//! What a mapping would change, as lines for a terminal.

use super::counted;
use crate::domain::{
    reason::Reason,
    state::State,
    trial::{Outcome, Trial},
};

/// Examples that are printed.
const MOST_EXAMPLES: usize = 10;

/// The result of a trial in words.
pub(super) fn trial_in_words(trial: &Trial) -> Vec<String> {
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
    if trial.same == trial.orders {
        lines.push("Nothing would change.".to_owned());
        return lines;
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
