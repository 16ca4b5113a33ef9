//! A reply of 16 MiB needs little more memory than its own size, and parsing it does not delay other tasks.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use forstok_accurate::{
    accurate::{
        client::Session,
        invoices,
        wire::{Wire, WireFault, WireReply, WireRequest},
    },
    clock::SystemClock,
    domain::mapping::DEFAULT_BOOK,
    settings::BookConfig,
};

use crate::alone::is_alone;

const MIB: usize = 1024 * 1024;

/// The largest reply that is read.
const LARGEST: usize = 16 * MIB;

/// An Accurate that answers every call with the same body.
struct Always(axum::body::Bytes);

#[async_trait::async_trait]
impl Wire for Always {
    async fn send(&self, request: WireRequest) -> Result<WireReply, WireFault> {
        let host = r#"{"s":true,"d":{"database":{"host":"http://data.localhost"}}}"#;
        let is_data = request.url.host_str() == Some("data.localhost");
        let body = if is_data { self.0.clone() } else { host.into() };
        Ok(WireReply { status: 200, location: None, date: None, body })
    }
}

fn session(body: String) -> Session {
    let account_url = "http://account.localhost".parse().expect("a URL");
    let book = BookConfig {
        account_url,
        api_token: "sandbox-token".into(),
        signature_secret: "sandbox-secret".into(),
        bulk: true,
        check_owed: true,
    };
    Session::new(DEFAULT_BOOK, &book, Arc::new(Always(body.into())), Arc::new(SystemClock))
}

/// Repeats a piece until the largest reply is full.
fn filled(before: &str, piece: &str, after: &str) -> String {
    let pieces = (LARGEST - before.len() - after.len()) / piece.len();
    let body = format!("{before}{}{after}", piece.repeat(pieces));
    assert!(body.len() <= LARGEST && body.len() > LARGEST - piece.len() - 1);
    body
}

/// Peak memory of this process since the previous call, in bytes.
fn most_memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line for it");
    std::fs::write("/proc/self/clear_refs", "5").expect("a process may reset its own peak");
    line.trim().trim_end_matches(" kB").parse::<usize>().expect("a number") * 1024
}

#[tokio::test]
async fn the_largest_replies_cost_at_most_their_own_size_again() {
    if !is_alone("large_replies::the_largest_replies_cost_at_most_their_own_size_again") {
        return;
    }
    let replies = [
        ("a list of records", filled(r#"{"s":true,"d":["#, r#"{"id":1,"number":"A","totalAmount":1.50},"#, "{}]}")),
        ("a list of empty records", filled(r#"{"s":true,"d":["#, "{},", "{}]}")),
        ("a list of numbers", filled(r#"{"s":true,"d":["#, "1,", "1]}")),
        ("messages", filled(r#"{"s":false,"d":["#, r#""","#, r#""x"]}"#)),
        ("one message", filled(r#"{"s":false,"d":["Upsss... "#, r"\u00e4", r#""]}"#)),
        ("one text", filled(r#"{"s":true,"d":{"id":1,"number":"A","description":""#, r"\n", r#""}}"#)),
        ("fields", filled(r#"{"s":true,"d":{"id":1,"number":"A""#, r#","x":1"#, "}}")),
        ("lists in lists", filled(r#"{"s":true,"d":"#, "[", "")),
        ("objects in objects", filled(r#"{"s":true,"d":"#, r#"{"":"#, "")),
        ("a page", filled("<html>", "a sad proxy ", "</html>")),
    ];
    for (what, body) in replies {
        let session = session(body);
        let before = most_memory().min(most_memory());
        let began = Instant::now();
        // The type that the call needs determines how much of the reply is parsed.
        if what.starts_with("a list") {
            let _ = invoices::by_numbers(&session, &[&"A".into(), &"B".into()]).await;
        } else {
            let _ = invoices::by_number(&session, &"A".into()).await;
        }
        let (memory, took) = (most_memory().saturating_sub(before), began.elapsed());
        println!("{what}: {} KiB in {took:?}", memory / 1024);
        assert!(memory <= LARGEST + 4 * MIB, "{what}: {} MiB", memory / MIB);
    }
}

#[tokio::test]
async fn a_large_reply_is_read_beside_everything_else() {
    let session = session(filled(r#"{"s":true,"d":["#, "{},", "{}]}"));
    // The host is discovered first.
    let _ = invoices::by_number(&session, &"A".into()).await;
    let others = Arc::new(AtomicU64::new(0));
    let count = others.clone();
    let work = tokio::spawn(async move {
        loop {
            count.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    });
    let before = others.load(Ordering::Relaxed);
    let _ = invoices::by_number(&session, &"A".into()).await;
    work.abort();
    let turns = others.load(Ordering::Relaxed) - before;
    assert!(turns > 1_000, "others had {turns} turns while a reply of 16 MiB was read");
}
