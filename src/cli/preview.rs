//! `preview`: what would become of one order, and the exact invoice. Needs no credentials, sends nothing.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use serde_json::Value;

use super::{Failure, language, offline_mapping};
use crate::{
    clock::{Clock, SystemClock},
    config,
    pipeline::preview::{Preview, preview},
};

pub(super) async fn run(config: Option<PathBuf>, order: &Path, json: bool) -> Result<ExitCode, Failure> {
    let offline = config::load_offline(config.as_deref(), std::env::vars())?;
    let in_force = offline_mapping(&offline).await?;
    let text = std::fs::read(order).with_context(|| format!("{} cannot be read", order.display()))?;
    let body = as_webhook(text);
    let preview = preview(&body, &in_force, SystemClock.now(), language())
        .map_err(|problem| anyhow::anyhow!("{} is no order that can be read: {problem}", order.display()))?;
    if json {
        println!("{}", serde_json::to_string_pretty(&preview).context("the preview as JSON")?);
    } else {
        print(&preview)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A person may save the order alone, without the envelope that the webhook has around it.
fn as_webhook(text: Vec<u8>) -> Vec<u8> {
    match serde_json::from_slice::<Value>(&text) {
        Ok(order) if order.get("order").is_none() && order.get("id").is_some() => {
            serde_json::json!({ "event": "orders/update", "order": order }).to_string().into_bytes()
        }
        _ => text,
    }
}

fn print(preview: &Preview) -> anyhow::Result<()> {
    println!("Order {} ({}): {}", preview.order_id, preview.channel_order_id, preview.state);
    println!("{}", preview.decision);
    for finding in &preview.findings {
        println!("\n{} {}: {}", finding.severity, finding.code, finding.sentence);
        println!("  {}\n  → {}", finding.detail, finding.remedy);
    }
    if let Some(body) = &preview.body {
        println!("\nPOST sales-invoice/save.do\n{}", serde_json::to_string_pretty(body).context("the body as JSON")?);
    }
    Ok(())
}
