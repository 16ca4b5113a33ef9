//! Hostile senders, and senders that cause harm unintentionally. `benches/hostile.rs` measures the service's speed
//! meanwhile.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    process::Command,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use forstok_accurate::sandbox::samples::SAMPLES;

use crate::{
    forstok::{HEADER, hex_signature, order},
    service::{Home, SECRET, Service, accurate},
};

const MIB: usize = 1024 * 1024;

/// How long the first headers of a connection may take to arrive.
const HEAD_TIME: Duration = Duration::from_secs(15);

/// The highest permitted peak memory of the service, in KiB. An idle service uses about 20 MiB.
const MOST_MEMORY: u64 = 128 * 1024;

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_mins(1))).expect("a time limit");
    stream
}

/// The service's answer to these bytes, until it closes the connection.
async fn answer_to(service: &Service, bytes: Vec<u8>) -> String {
    let address = service.address;
    let raw = tokio::task::spawn_blocking(move || {
        let mut stream = connect(address);
        stream.write_all(&bytes).expect("the service hears its senders out");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("the answer has an end");
        String::from_utf8_lossy(&answer).into_owned()
    });
    raw.await.expect("no panic")
}

/// A webhook whose signature header consists of these bytes.
fn webhook(signature: &[u8], body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /webhooks/forstok HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n{HEADER}: ",
        body.len()
    );
    [head.as_bytes(), signature, b"\r\n\r\n", body].concat()
}

/// Peak memory of a process so far, in KiB.
fn most_memory(service: &Service) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", service.id())).expect("it lives");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux counts it");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

async fn nothing_is_kept(service: &Service) {
    let summary = service.get("/v1/summary").await.json();
    assert_eq!((&summary["orders"], &summary["unreadable"]["deliveries"]), (&0.into(), &0.into()), "{summary}");
}

#[tokio::test(flavor = "multi_thread")]
async fn signatures_of_every_wrong_length_and_alphabet_are_401_and_nothing_is_kept() {
    let accurate = accurate().await;
    let hex = Home::new(&accurate).serve().await;
    let webhook_settings = "scheme = \"hmac-sha256\"\nencoding = \"base64\"\nsecrets = [\"secret-of-the-webhook\"]";
    let base64 = Home::with_webhook(&accurate, webhook_settings).serve().await;
    let body = order(1).to_string().into_bytes();
    let right = hex_signature(SECRET, &body);
    let right_bytes = hex::decode(&right).expect("hex");
    for length in 0..=300 {
        // The valid signature, truncated or extended.
        let in_hex: String = right.chars().cycle().take(length).collect();
        let bytes: Vec<u8> = right_bytes.iter().copied().cycle().take(length).collect();
        for (service, signature, is_right) in
            [(&hex, in_hex, length == 64), (&base64, STANDARD.encode(bytes), length == 32)]
        {
            if !is_right {
                let answer = service.send_with(&[(HEADER, signature)], body.clone()).await;
                answer.problem(401, "signature_wrong");
            }
        }
    }
    for signature in ["é".repeat(32), "日本".repeat(10), format!("{right}\u{0}"), "\t".to_owned(), "=".repeat(64)] {
        for service in [&hex, &base64] {
            let answer = answer_to(service, webhook(signature.as_bytes(), &body)).await;
            let status = answer.split(' ').nth(1).unwrap_or_default();
            // A header that HTTP does not allow is not a signature at all.
            assert!(["400", "401"].contains(&status), "{signature:?}: {answer}");
        }
    }
    for byte in [0x80, 0xff] {
        let answer = answer_to(&hex, webhook(&[byte; 64], &body)).await;
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    }
    for service in [&hex, &base64] {
        nothing_is_kept(service).await;
    }
    assert_eq!(hex.send_raw(body.clone()).await.status, 200, "the right one is still accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_headers_is_431_and_costs_no_memory() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let many: String = (0..10_000).flat_map(|nth| ["x-".to_owned(), nth.to_string(), ": 1\r\n".to_owned()]).collect();
    let one = format!("x-long: {}\r\n", "a".repeat(MIB));
    for flood in [many, one, "x-more-than-a-hundred: 1\r\n".repeat(101)] {
        let request = format!("GET /healthz HTTP/1.1\r\nhost: x\r\n{flood}\r\n");
        let answer = answer_to(&service, request.into_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
    let long_address = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(MIB));
    let answer = answer_to(&service, long_address.into_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 414 ") || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    assert!(most_memory(&service) < MOST_MEMORY, "{} KiB", most_memory(&service));
    assert_eq!(service.get("/healthz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_body_is_never_decompressed() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let bomb = bomb();
    assert!(bomb.len() <= MIB);
    let encoding = ("content-encoding", "gzip".to_owned());
    let signature = (HEADER, hex_signature("a stranger's", &bomb));
    service.send_with(&[encoding.clone(), signature], bomb.clone()).await.problem(401, "signature_wrong");
    nothing_is_kept(&service).await;

    // Forstok's own signature: the body is stored like every unreadable body from Forstok.
    let answer = service.send_with(&[encoding, (HEADER, hex_signature(SECRET, &bomb))], bomb.clone()).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    assert!(answer.text.contains("is not JSON"), "{}", answer.text);
    assert!(most_memory(&service) < MOST_MEMORY, "{} KiB", most_memory(&service));
}

/// 300 KB that would decompress to 300 MB.
fn bomb() -> Vec<u8> {
    let packed =
        Command::new("sh").args(["-c", "head -c 300000000 /dev/zero | gzip"]).output().expect("every Unix has sh");
    assert!(packed.status.success() && packed.stdout.len() > 100_000, "gzip packs");
    packed.stdout
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_broken_in_every_way_are_kept_or_refused_and_nothing_breaks() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let mut chance = fastrand::Rng::with_seed(7);
    let mut bodies = vec![
        vec![b'['; MIB],
        "{\"order\":".repeat(MIB / 9).into_bytes(),
        vec![0; 100],
        vec![0xff; 1000],
        b"\xef\xbb\xbf{}".to_vec(),
        b"{\"event\":\"orders/update\",\"order\":{\"id\":1e999999999}}".to_vec(),
        format!("{{\"event\":\"orders/update\",\"order\":{{\"id\":{}}}}}", "9".repeat(100_000)).into_bytes(),
        b"{\"event\":\"orders/update\",\"order\":{\"id\":\"\\ud800\"}}".to_vec(),
    ];
    for sample in SAMPLES {
        for _ in 0..40 {
            bodies.push(broken(sample.body.as_bytes().to_vec(), &mut chance));
        }
    }
    for body in bodies {
        let shown = String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned();
        let answer = service.send_raw(body).await;
        assert!([200, 202].contains(&answer.status.as_u16()), "{}: {shown}", answer.text);
    }
    assert!(!service.log.text().contains("panicked"), "nothing broke");
}

/// The same body with a few bytes changed, removed or duplicated.
fn broken(mut body: Vec<u8>, chance: &mut fastrand::Rng) -> Vec<u8> {
    for _ in 0..chance.usize(1..=4) {
        let at = chance.usize(..body.len() - 1);
        match chance.u8(..4) {
            0 => body[at] = chance.u8(..),
            1 => body[at] = *chance.choice(b"\"{}[]:,0-en\\").expect("not empty"),
            2 => drop(body.drain(at..(at + chance.usize(1..40)).min(body.len() - 1))),
            _ => {
                let again = body[at..(at + chance.usize(1..40)).min(body.len())].to_vec();
                body.splice(at..at, again);
            }
        }
    }
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_whose_framing_is_broken_are_4xx_and_nothing_is_kept() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let post = "POST /webhooks/forstok HTTP/1.1\r\nhost: x\r\nconnection: close\r\n";
    for broken in [
        "\r\n\u{0}\u{1}\u{2}\r\n\r\n".to_owned(),
        "nonsense\r\n\r\n".to_owned(),
        "POST /webhooks/forstok HTTP/9.9\r\n\r\n".to_owned(),
        format!("{post}content-length: -1\r\n\r\n{{}}"),
        format!("{post}content-length: 99999999999999999999999\r\n\r\n{{}}"),
        format!("{post}content-length: 2\r\ncontent-length: 3\r\n\r\n{{}}"),
        format!("{post}transfer-encoding: chunked\r\n\r\nnot a size\r\n{{}}"),
        format!("{post}transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n{{}}"),
        format!("{post}transfer-encoding: gzip\r\n\r\n{{}}"),
        format!("{post}transfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
        format!("{post}content-length: 18446744073709551615\r\n\r\n"),
    ] {
        let answer = answer_to(&service, broken.clone().into_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{broken:?}: {answer}");
    }
    nothing_is_kept(&service).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_delay_a_sender_for_no_longer_than_headers_may_take() {
    let accurate = accurate().await;
    // 200 files leave about a hundred for connections.
    let service = Home::new(&accurate).serve_by("ulimit -n 200; exec \"$0\" \"$@\"").await;
    assert!(service.log.text().contains("at most 100 connections"), "{}", service.log.text());
    let body = order(1).to_string().into_bytes();
    let began = Instant::now();
    let silent: Vec<_> = (0..150).map(|_| connect(service.address)).collect();
    let answer = answer_to(&service, webhook(hex_signature(SECRET, &body).as_bytes(), &body)).await;
    let waited = began.elapsed();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(waited > HEAD_TIME / 2, "answered after {waited:?}: the places were not all taken");
    // One round of silent connections delays a sender, not two.
    assert!(waited < 2 * HEAD_TIME, "answered after {waited:?}");
    let mut first = silent.into_iter().next().expect("150");
    let closed = tokio::task::spawn_blocking(move || first.read(&mut [0; 1]).map_or(0, |bytes| bytes));
    assert_eq!(closed.await.expect("no panic"), 0, "a connection that sent nothing was closed");
    service.order_once("1", "invoiced").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_large_bodies_share_a_fixed_memory_and_ordinary_bodies_are_still_accepted() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let head = format!("POST /webhooks/forstok HTTP/1.1\r\nhost: x\r\ncontent-length: {MIB}\r\n\r\n");
    let begin = |length: usize| {
        let mut stream = connect(service.address);
        stream.write_all(&[head.as_bytes(), &vec![b' '; length]].concat()).expect("the service reads");
        stream
    };
    // These take all of the memory for large bodies, and the others wait for a part of it.
    let holding: Vec<_> = (0..16).map(|_| begin(MIB - 1)).collect();
    let waiting: Vec<_> = (0..84).map(|_| begin(20 * 1024)).collect();
    for id in 1..=20 {
        assert_eq!(service.send(&order(id)).await.status, 200);
    }
    let mut large = order(21);
    large["order"]["note"] = "x".repeat(MIB).into();
    assert_eq!(service.send(&large).await.status, 200, "it gets in when the time of those before it is over");
    for stream in [holding, waiting].map(|streams| streams.into_iter().last().expect("several")) {
        let answer = rest_of(stream).await;
        // On a slow machine the time of one that waits for memory may be over before any is free.
        let is_refused = answer.contains("\"code\":\"body_too_slow\"") || answer.starts_with("HTTP/1.1 503 ");
        assert!(is_refused, "{answer}");
    }
    assert!(most_memory(&service) < MOST_MEMORY, "{} KiB", most_memory(&service));
}

/// What a connection still answers, until it is closed.
async fn rest_of(mut stream: TcpStream) -> String {
    let rest = tokio::task::spawn_blocking(move || {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the answer has an end");
        answer
    });
    rest.await.expect("no panic")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_allocator_keeps_one_arena_unless_the_operator_says_how_many() {
    let accurate = accurate().await;
    for (environment, arenas) in [(&[][..], "1"), (&[("MALLOC_ARENA_MAX", "3")][..], "3")] {
        let service = Home::new(&accurate).serve_with(environment).await;
        let read = std::fs::read(format!("/proc/{}/environ", service.id())).expect("it is ours");
        let read = String::from_utf8_lossy(&read);
        let set = read.split('\0').find_map(|one| one.strip_prefix("MALLOC_ARENA_MAX="));
        assert_eq!(set, Some(arenas));
    }
}
