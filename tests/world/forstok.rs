//! The connection to the stand-in for Forstok's order API: no sockets, simulated time.

use std::sync::Arc;

use forstok_accurate::{
    clock::Clock,
    forstok::api::{ApiConfig, ForstokApi, ParamNames},
    sandbox::ForstokSandbox,
    wire::{Wire, WireFault, WireReply, WireRequest},
};

use super::clock::FakeClock;

struct ForstokWire {
    forstok: ForstokSandbox,
    clock: Arc<FakeClock>,
}

#[async_trait::async_trait]
impl Wire for ForstokWire {
    async fn send(&self, request: WireRequest) -> Result<WireReply, WireFault> {
        let uri = request.url.as_str().parse().expect("a URL");
        let headers = request.headers.iter().map(|(name, value)| {
            let name = axum::http::HeaderName::from_static(name);
            (name, value.parse().expect("a header's value"))
        });
        let body = request.body.unwrap_or_default();
        let answer = self.forstok.answer(&request.method, &uri, &headers.collect(), &body, self.clock.now());
        if answer.delay > request.timeout {
            self.clock.sleep(request.timeout).await;
            return Err(WireFault::Lost("time ran out".to_owned()));
        }
        self.clock.sleep(answer.delay).await;
        Ok(WireReply { status: answer.status, location: None, date: None, body: answer.body.into() })
    }
}

/// Settings that the stand-in accepts.
pub(crate) fn api_config() -> ApiConfig {
    let name = |name: &str| name.to_owned();
    ApiConfig {
        base_url: "https://accounts.forstok.com".parse().expect("a URL"),
        auth_url: format!("https://integration.forstok.com{}", ForstokSandbox::AUTH_PATH).parse().expect("a URL"),
        auth_type: name("jwt"),
        id: name(ForstokSandbox::ID),
        secret_key: ForstokSandbox::SECRET_KEY.into(),
        kind: "seller",
        user_id: name(ForstokSandbox::USER_ID),
        orders_path: name(ForstokSandbox::ORDERS_PATH),
        order_path: None,
        webhook_log_path: None,
        list_key: None,
        params: ParamNames {
            from: name("from"),
            to: name("to"),
            page: name("page"),
            size: name("size"),
            status: name("status"),
            store: name("store"),
        },
        page_size: 10,
        calls_per_minute: 30,
    }
}

/// The client, connected to a stand-in.
pub(crate) fn forstok_api(config: ApiConfig, forstok: &ForstokSandbox, clock: &Arc<FakeClock>) -> ForstokApi {
    let wire = ForstokWire { forstok: forstok.clone(), clock: clock.clone() };
    ForstokApi::new(config, Arc::new(wire), clock.clone())
}
