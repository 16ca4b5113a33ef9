//! No reply of Accurate makes a call panic, and none makes a call return another document than the one asked for.

#![no_main]

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use forstok_accurate::{
    accurate::{
        booked,
        client::Session,
        credentials::BookConfig,
        customers,
        documents::{self, Found},
        invoices, masters, outstanding,
        period::{self, ByKey},
        receipts::FoundReceipt,
        returns::FoundReturn,
        webhooks,
    },
    clock::{Clock, Monotonic},
    domain::masters::MasterKind,
    wire::{Wire, WireFault, WireReply, WireRequest},
};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use tokio::runtime::Runtime;

const STATUSES: [u16; 6] = [200, 308, 401, 429, 500, 502];

/// Answers the discovery of the host, and everything else with one reply.
struct Canned(WireReply);

#[async_trait::async_trait]
impl Wire for Canned {
    async fn send(&self, request: WireRequest) -> Result<WireReply, WireFault> {
        if request.url.path().ends_with("/api-token.do") {
            let body = Bytes::from_static(br#"{"s":true,"d":{"database":{"host":"https://zeus.accurate.id"}}}"#);
            return Ok(WireReply { status: 200, location: None, date: None, body });
        }
        Ok(self.0.clone())
    }
}

/// A clock on which waiting takes no time.
#[derive(Default)]
struct Jumping(AtomicU64);

impl Clock for Jumping {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_700_000_000).expect("in range")
    }

    fn monotonic(&self) -> Monotonic {
        Monotonic::from_micros(self.0.load(Ordering::Relaxed))
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.0.fetch_add(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX / 2) + 1, Ordering::Relaxed);
        Box::pin(std::future::ready(()))
    }
}

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime"));

async fn details_of<F: Found>(session: &Session) {
    if let Ok(Some(found)) = documents::by_id::<F>(session, 7).await {
        assert_eq!(found.id(), 7);
    }
    let number = "INV-7".into();
    if let Ok(Some(found)) = documents::by_number::<F>(session, &number).await {
        assert!(found.number().is_same_as(&number));
    }
    let _ = documents::delete::<F>(session, 7).await;
}

// The first byte chooses the status, the rest is the body.
fuzz_target!(|input: &[u8]| {
    let Some((first, body)) = input.split_first() else { return };
    let status = STATUSES[usize::from(*first) % STATUSES.len()];
    let reply = WireReply { status, location: None, date: None, body: Bytes::copy_from_slice(body) };
    let book = BookConfig {
        account_url: "https://account.accurate.id".parse().expect("an address"),
        api_token: "api token of the test".into(),
        signature_secret: "signature secret of the test".into(),
        bulk: true,
    };
    let session = Session::new(&"main".into(), &book, Arc::new(Canned(reply)), Arc::new(Jumping::default()));
    RUNTIME.block_on(async {
        if let Ok(Some(found)) = invoices::by_id(&session, 7).await {
            assert_eq!(found.id, 7);
        }
        let _ = invoices::by_numbers(&session, &[&"INV-7".into(), &"INV-8".into()]).await;
        details_of::<FoundReceipt>(&session).await;
        details_of::<FoundReturn>(&session).await;
        let _ = booked::by_id(&session, 7).await;
        let _ = outstanding::of_invoice(&session, &"INV-7".into()).await;
        let _ = customers::exists(&session, "8277").await;
        if let Ok(Some(found)) = period::one(&session, ByKey::Id(7)).await {
            assert_eq!(found.shown.id, 7);
        }
        let _ = masters::list(&session, MasterKind::Items).await;
        let _ = webhooks::renew(&session).await;
    });
});
