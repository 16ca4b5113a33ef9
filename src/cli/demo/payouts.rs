//! What happens after the sale in the demo: the marketplace pays out, and one order comes back.

use std::collections::BTreeMap;

use anyhow::Context;
use comfy_table::{ContentArrangement, Table, presets::UTF8_FULL_CONDENSED};
use jiff::civil::Date;

use super::{CHECK_INTERVAL, LONGEST_WAIT};
use crate::{
    cli::{
        Failure, language,
        output::{paragraph, say},
    },
    domain::{
        day_in_wib,
        document::Kind,
        money::Rupiah,
        payout::{Payout, PayoutKey, RowState},
        reason::Language,
        return_record::{Goods, ReturnKey, ReturnRecord},
    },
    sandbox::Sandbox,
    service::Service,
    storage::{Approving, OrderRecord, RowContent, RowFilter, RowRecord},
};

/// The order whose payout lacks money that nothing explains.
const WITH_A_REST: usize = 0;

/// The order whose goods come back instead of being paid.
const RETURNED: usize = 1;

/// By how much that payout is too low, in rupiah.
const REST: i64 = 7_000;

/// The marketplace keeps six of a hundred.
const FEE: i64 = 6;

/// Pays out the invoiced orders, has it approved, and shows what was booked. Returns the unexpected results.
pub(super) async fn play(service: &Service, sandbox: &Sandbox, orders: &[OrderRecord]) -> Result<Vec<String>, Failure> {
    let storage = service.engine.storage();
    let today = day_in_wib(service.engine.now());
    let mut invoiced: Vec<_> = orders.iter().filter(|order| order.invoice.is_some()).collect();
    // The same in each run.
    invoiced.sort_by_key(|order| order.order_id.to_string());
    let rows: Vec<_> = invoiced.iter().enumerate().filter_map(|(nth, order)| row(nth, order, today)).collect();
    let begins = "A day later, the marketplace pays for all of these orders but one, whose goods come back. A person approves the payouts and the return.";
    say!("\n{}\n", paragraph("", begins));
    storage.record_rows(&rows, service.engine.now()).await.context("payouts are recorded")?;
    service.engine.wake();
    let rows = wait(service, |row| row.state == RowState::Waiting && row.waits_for.is_none()).await?;
    for kind in [Kind::Receipt, Kind::Return] {
        let all = RowFilter::default();
        let which = Approving::Shown(&all);
        storage.approve_rows(kind, which, "demo", service.engine.now()).await.context("payouts are approved")?;
    }
    drop(rows);
    service.engine.wake();
    let rows = wait(service, |row| matches!(row.state, RowState::Waiting | RowState::Due)).await?;
    show(&rows, &invoiced, sandbox)
}

/// What is said about the nth invoiced order.
fn row(nth: usize, order: &OrderRecord, today: Date) -> Option<RowContent> {
    let total = Rupiah::from_decimal(order.invoice.as_ref()?.total);
    let (store_id, channel_order_id) = (order.store_id.clone(), order.channel_order_id.clone());
    let source = "demo".to_owned();
    let id = order.order_id.to_string();
    if nth == RETURNED {
        return Some(RowContent::Return(ReturnRecord {
            key: ReturnKey { source, id },
            store_id,
            channel_order_id,
            accepted_at: Some(today),
            received_at: Some(today),
            goods: Goods::Returned,
            refund: Some(total),
            pieces: Vec::new(),
        }));
    }
    let fee = Rupiah::whole(total.hundredths() * FEE / 10_000);
    let mut amounts = BTreeMap::from([("service_fee".to_owned(), Rupiah::ZERO - fee)]);
    let mut net = total - fee;
    if nth == WITH_A_REST {
        amounts.insert("subtotal".to_owned(), total);
        net = net - Rupiah::whole(REST);
    }
    let paid_at = today.yesterday().unwrap_or(today);
    let key = PayoutKey { source, id };
    Some(RowContent::Payout(Payout { key, store_id, channel_order_id, paid_at, net, amounts, lines: Vec::new() }))
}

/// All rows, once none of them is like this.
async fn wait(service: &Service, is_under_way: impl Fn(&RowRecord) -> bool) -> anyhow::Result<Vec<RowRecord>> {
    let storage = service.engine.storage();
    let started = service.engine.now();
    loop {
        let mut rows = Vec::new();
        for kind in [Kind::Receipt, Kind::Return] {
            rows.extend(storage.settlement_rows(kind, &RowFilter::default(), None, 1_000).await?);
        }
        let waited = service.engine.now().duration_since(started);
        if !rows.iter().any(&is_under_way) || waited.unsigned_abs() > LONGEST_WAIT {
            return Ok(rows);
        }
        tokio::time::sleep(CHECK_INTERVAL).await;
    }
}

/// Prints what was booked for each order, and why one is left to a person.
fn show(rows: &[RowRecord], orders: &[&OrderRecord], sandbox: &Sandbox) -> Result<Vec<String>, Failure> {
    let language = language();
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(match language {
        Language::English => ["Order", "Paid or returned", "State", "Booked as", "Still owed"],
        Language::Indonesian => ["Pesanan", "Dibayar atau diretur", "Status", "Dibukukan sebagai", "Sisa tagihan"],
    });
    let (mut wrong, mut reasons) = (Vec::new(), Vec::new());
    for (nth, order) in orders.iter().enumerate() {
        let row = rows.iter().find(|row| row.order_id.as_ref() == Some(&order.order_id));
        let (Some(row), Some(invoice)) = (row, order.invoice.as_ref()) else {
            wrong.push(format!("nothing was paid for order {}", order.order_id));
            continue;
        };
        let owed = sandbox.owed(invoice.number.as_str()).map(Rupiah::from_decimal).unwrap_or_default();
        let expected = if nth == WITH_A_REST { RowState::Blocked } else { RowState::Settled };
        if row.state != expected || owed.is_zero() == (nth == WITH_A_REST) {
            wrong.push(format!("order {}: {}, {} is owed", order.order_id, row.state.as_str(), owed.in_words()));
        }
        let amount = match &row.content {
            RowContent::Payout(payout) => payout.net,
            RowContent::Return(record) => record.refund.unwrap_or_default(),
        };
        let number = row.document.as_ref().map(|document| document.number.to_string()).unwrap_or_default();
        let state = row.state.as_str().to_owned();
        table.add_row([order.order_id.to_string(), amount.in_words(), state, number, owed.in_words()]);
        if let Some(finding) = &row.finding {
            let sentence = finding.reason.sentence(language).trim_end_matches('.');
            let about = finding.about.in_words(language);
            let said = format!("{}: {sentence}: {about}.", finding.reason);
            reasons.push(paragraph(&format!("  {}  ", order.order_id), &said));
            reasons.push(paragraph("             → ", finding.reason.remedy(language)));
        }
    }
    say!("{table}\n");
    for reason in reasons {
        say!("{reason}");
    }
    let (receipts, returns) = (sandbox.receipts().len(), sandbox.returns().len());
    let sum = format!("{} payouts and returns → {receipts} receipts and {returns} return in Accurate.", rows.len());
    say!("\n{}", paragraph("", &sum));
    Ok(wrong)
}
