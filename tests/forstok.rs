//! Forstok's side: bodies, signatures and webhooks.

use forstok_accurate::{
    sandbox::samples::{SAMPLES, Sample},
    signing::hmac_sha256,
};
use reqwest::Method;
use serde_json::{Value, json};

use super::service::{Answer, SECRET, Service};

/// The header of design.md §5, in a client's spelling.
pub(crate) const HEADER: &str = "x-forstok-signature";

/// The sample with this name.
pub(crate) fn sample(name: &str) -> Sample {
    *SAMPLES.iter().find(|sample| sample.name == name).expect("the sample exists")
}

/// Forstok's id of a sample's order.
pub(crate) fn id_of(body: &Value) -> String {
    body["order"]["id"].to_string().replace('"', "")
}

/// Sample 01 under another id and number.
pub(crate) fn order(id: u64) -> Value {
    let mut body = sample("01-shopee-simple").json();
    body["order"]["id"] = json!(id);
    body["order"]["local_id"] = json!(format!("N{id}"));
    body["order"]["local_name"] = json!(format!("N{id}"));
    body
}

/// HMAC of a body in hex.
pub(crate) fn hex_signature(secret: &str, body: &[u8]) -> String {
    hex::encode(hmac_sha256(secret, None, body))
}

impl Service {
    /// Sends a valid webhook.
    pub(crate) async fn send(&self, body: &Value) -> Answer {
        self.send_raw(body.to_string().into_bytes()).await
    }

    /// Sends any bytes with a valid signature.
    pub(crate) async fn send_raw(&self, body: Vec<u8>) -> Answer {
        let signature = hex_signature(SECRET, &body);
        self.send_with(&[(HEADER, signature)], body).await
    }

    /// Sends any bytes with these headers.
    pub(crate) async fn send_with(&self, headers: &[(&str, String)], body: Vec<u8>) -> Answer {
        self.ask(Method::POST, "/webhooks/forstok", headers, body).await
    }

    /// Sends all samples.
    pub(crate) async fn send_all_samples(&self) {
        for sample in SAMPLES {
            let answer = self.send(&sample.json()).await;
            assert_eq!(answer.status, 200, "{}: {}", sample.name, answer.text);
        }
    }

    /// Sends all samples and waits until each is in its expected state.
    pub(crate) async fn settle_all_samples(&self) {
        self.send_all_samples().await;
        let expected = |state: &str| SAMPLES.iter().filter(|sample| sample.expected()["state"] == state).count();
        let states = ["invoiced", "blocked", "ignored", "watching"];
        self.get_until("/v1/summary", |summary| {
            states.iter().all(|state| summary["by_state"][state] == expected(state))
        })
        .await;
    }
}
