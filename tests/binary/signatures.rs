//! Every way in which Forstok may authenticate webhooks.

use base64::{Engine, engine::general_purpose::STANDARD};
use forstok_accurate::{
    clock::{Clock, SystemClock},
    signing::hmac_sha256,
};

use crate::{
    forstok::{HEADER, hex_signature, order},
    service::{Home, accurate},
};

#[tokio::test(flavor = "multi_thread")]
async fn by_default_a_shared_key_comes_as_it_is_in_the_header_key() {
    let accurate = accurate().await;
    let home = Home::with_webhook(&accurate, "secrets = [\"the-key\"]");
    let service = home.serve().await;
    let body = order(1).to_string().into_bytes();
    let detail = service.send_with(&[], body.clone()).await.problem(401, "signature_missing");
    assert!(detail.contains("header Key is missing"), "{detail}");
    let signed = [(HEADER, hex_signature("the-key", &body))];
    let detail = service.send_with(&signed, body.clone()).await.problem(401, "signature_missing");
    assert!(detail.contains("perhaps scheme = \"hmac-sha256\""), "{detail}");
    service.send_with(&[("Key", "the-keys".to_owned())], body.clone()).await.problem(401, "signature_wrong");
    assert_eq!(service.send_with(&[("Key", "the-key".to_owned())], body).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn base64_is_understood_with_and_without_a_prefix_in_a_header_of_any_name() {
    let accurate = accurate().await;
    let webhook = "scheme = \"hmac-sha256\"\nencoding = \"base64\"\nheader = \"X-Hub-Signature\"\nsecrets = [\"s\"]";
    let service = Home::with_webhook(&accurate, webhook).serve().await;
    for (id, prefix) in [(1, ""), (2, "sha256=")] {
        let body = order(id).to_string().into_bytes();
        let signature = format!("{prefix}{}", STANDARD.encode(hmac_sha256("s", None, &body)));
        assert_eq!(service.send_with(&[("X-Hub-Signature", signature)], body.clone()).await.status, 200);
        let hex = hex_signature("s", &body);
        service.send_with(&[("X-Hub-Signature", hex)], body).await.problem(401, "signature_wrong");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_time_must_be_there_signed_and_near_now() {
    let accurate = accurate().await;
    let webhook = "scheme = \"hmac-sha256\"\ntimestamp_header = \"X-Forstok-Time\"\nsecrets = [\"s\"]";
    let service = Home::with_webhook(&accurate, webhook).serve().await;
    let body = order(1).to_string().into_bytes();
    let now = SystemClock.now().as_second();
    let signed_at = |second: i64| {
        let time = second.to_string();
        let signature = hex::encode(hmac_sha256("s", Some(time.as_bytes()), &body));
        [(HEADER, signature), ("x-forstok-time", time)]
    };
    let send = async |headers: &[(&str, String)]| service.send_with(headers, body.clone()).await;

    let detail = send(&signed_at(now)[..1]).await.problem(401, "signature_missing");
    assert!(detail.starts_with("header X-Forstok-Time is "), "{detail}");
    let detail = send(&signed_at(now - 400)).await.problem(401, "signature_wrong");
    assert!(detail.starts_with("header X-Forstok-Time is "), "{detail}");
    let body_alone = [(HEADER, hex_signature("s", &body)), ("x-forstok-time", now.to_string())];
    send(&body_alone).await.problem(401, "signature_wrong");
    assert_eq!(send(&signed_at(now - 200)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_replaced_without_losing_a_webhook() {
    let accurate = accurate().await;
    let service = Home::with_webhook(&accurate, "scheme = \"hmac-sha256\"\nsecrets = [\"old\", \"new\"]").serve().await;
    for (id, secret) in [(1, "old"), (2, "new")] {
        let body = order(id).to_string().into_bytes();
        for signature in [hex_signature(secret, &body), format!("sha256={}", hex_signature(secret, &body))] {
            assert_eq!(service.send_with(&[(HEADER, signature)], body.clone()).await.status, 200, "{secret}");
        }
    }
    let body = order(3).to_string().into_bytes();
    service.send_with(&[(HEADER, hex_signature("older", &body))], body).await.problem(401, "signature_wrong");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_comes_where_a_signature_is_expected_is_named_in_the_answer() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let key = [("Key", "secret-of-the-webhook".to_owned())];
    let answer = service.send_with(&key, order(1).to_string().into_bytes()).await;
    let detail = answer.problem(401, "signature_missing");
    assert!(detail.contains("a header `Key` is there: perhaps scheme = \"shared-key\""), "{detail}");
    assert!(!detail.contains("secret-of-the-webhook"), "{detail}");
}
