//! `preview`: what would happen to one order, and the exact invoice. Needs no credentials, sends nothing.

use std::{
    io::Read,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use serde_json::Value;

use super::{
    Failure, language, offline_mapping,
    output::{Form, say},
};
use crate::{
    clock::{Clock, SystemClock},
    deciding::preview::{Preview, preview},
    http::v1::preview_order,
    settings,
};

pub(super) async fn run(config: Option<PathBuf>, order: &Path, form: Form) -> Result<ExitCode, Failure> {
    let offline = settings::load_offline(config.as_deref(), settings::environment())?;
    let active = offline_mapping(&offline).await?;
    let text = read(order).with_context(|| format!("{} cannot be read", order.display()))?;
    let body = as_webhook(text);
    let preview = preview(&body, &active, SystemClock.now(), language())
        .map_err(|problem| anyhow::anyhow!("{} is not an order that can be read: {problem}", order.display()))?;
    match form {
        Form::Words => print(&preview)?,
        Form::Json => {
            let json = preview_order::Preview::from(preview);
            say!("{}", serde_json::to_string_pretty(&json).context("the preview as JSON")?);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The order's file, or standard input.
fn read(order: &Path) -> std::io::Result<Vec<u8>> {
    if order != Path::new("-") {
        return std::fs::read(order);
    }
    let mut text = Vec::new();
    std::io::stdin().lock().read_to_end(&mut text)?;
    Ok(text)
}

/// A person may have saved the order alone, without the webhook's envelope.
fn as_webhook(text: Vec<u8>) -> Vec<u8> {
    match serde_json::from_slice::<Value>(&text) {
        Ok(order) if order.get("order").is_none() && order.get("id").is_some() => {
            serde_json::json!({ "event": "orders/update", "order": order }).to_string().into_bytes()
        }
        _ => text,
    }
}

fn print(preview: &Preview) -> Result<(), Failure> {
    say!("Order {} ({}): {}", preview.order_id, preview.channel_order_id, preview.state.as_str());
    say!("{}", preview.decision);
    for finding in &preview.findings {
        say!("\n{} {}: {}", finding.severity.as_str(), finding.code, finding.sentence);
        say!("  {}\n  → {}", finding.detail, finding.remedy);
    }
    if let Some(body) = &preview.body {
        say!(
            "\nPOST sales-invoice/save.do\n{}",
            serde_json::to_string_pretty(&body.to_json()).context("the body as JSON")?
        );
    }
    Ok(())
}
