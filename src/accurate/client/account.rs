//! Calls that the account server answers itself, not the data host.

use serde::de::DeserializeOwned;

use super::{Call, Session, exchange::joined};
use crate::accurate::{
    outcome::Failure,
    reply::{self, Envelope, Skipped},
};

impl Session {
    /// Makes one call on the account server.
    pub async fn call_account<D>(&self, call: &Call) -> Result<Envelope<D>, Failure>
    where
        D: DeserializeOwned + Send + 'static,
    {
        if !self.has_credentials() {
            return Err(Failure::NotSent("there is no API Token yet".to_owned()));
        }
        let name = call.name;
        let exchanged = self.exchange(joined(&self.account_url, &format!("/api/{name}.do")), call).await;
        self.read(exchanged, move |reply, secrets| reply::read::<D, Skipped>(name, reply, secrets)).await
    }
}
