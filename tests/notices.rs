//! Notices really arrive: over a signed webhook, e-mail and Telegram's bot API, on receivers of this machine.

mod delivery;
pub(crate) mod receivers;
mod refused;
mod tls;

use std::sync::Arc;

use forstok_accurate::{
    domain::{notice::Rules, reason::Language},
    notices::{Channels, EmailConfig, Encryption, NoticesConfig, READ_OF_REPLY, TelegramConfig, WebhookConfig},
    storage::{NoticeRecord, NoticeState},
    wire::HttpWire,
};
use jiff::civil::time;
use serde_json::json;

use self::receivers::{MailServer, Receiver};
use crate::world::{World, order};

/// The webhook's secret.
pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The bot's token.
pub(crate) const TOKEN: &str = "4711:secret-of-the-bot";

/// The mail server's password.
pub(crate) const PASSWORD: &str = "secret-of-the-mail";

/// The other sides of all channels.
struct OtherSides {
    webhook: Receiver,
    telegram: Receiver,
    mail: MailServer,
}

impl OtherSides {
    async fn new() -> Self {
        Self { webhook: Receiver::new().await, telegram: Receiver::new().await, mail: MailServer::new().await }
    }

    fn channels(&self) -> Channels {
        let url = |text: &str| text.parse().expect("an address");
        let webhook = WebhookConfig { url: url(&format!("{}/hook", self.webhook.url)), secret: SECRET.into() };
        let email = EmailConfig {
            host: "127.0.0.1".to_owned(),
            port: self.mail.port,
            encryption: Encryption::None,
            credentials: Some(("books".to_owned(), PASSWORD.into())),
            from: "books@example.com".parse().expect("an address"),
            to: vec!["ani@example.com".parse().expect("an address"), "budi@example.com".parse().expect("an address")],
        };
        let telegram =
            TelegramConfig { base_url: url(&self.telegram.url), token: TOKEN.into(), chat: "-1001".to_owned() };
        let config = NoticesConfig {
            rules: Rules { language: Language::Indonesian, digest_at: Some(time(8, 0, 0, 0)) },
            webhook: Some(webhook),
            email: Some(email),
            telegram: Some(telegram),
        };
        let wire = HttpWire::new().expect("a client").reading_only(READ_OF_REPLY);
        Channels::new(config, Arc::new(wire))
    }

    /// How many notices each of them took.
    fn taken(&self) -> (usize, usize, usize) {
        (self.webhook.taken().len(), self.mail.mails().len(), self.telegram.taken().len())
    }

    fn are_down(&self) {
        self.webhook.answers(503, "closed for cleaning");
        self.telegram.answers(502, "Bad Gateway");
        self.mail.is_down(true);
    }

    fn are_up(&self) {
        self.webhook.answers(200, "");
        self.telegram.answers(200, "{\"ok\":true,\"result\":{}}");
        self.mail.is_down(false);
    }
}

async fn world(sides: &OtherSides) -> World {
    World::new().await.with_notices(sides.channels())
}

/// Tells what is new and sends what is due, as the service does every few seconds.
async fn tell(world: &World) -> usize {
    let told = world.engine.issue_notices().await.expect("written");
    while world.engine.send_due_notices().await.expect("written") > 0 {}
    told
}

/// Tells at each of these moments: the first is now, the others are so many seconds later.
async fn tell_after(world: &mut World, pauses: &[i64]) -> usize {
    let mut told = tell(world).await;
    for pause in pauses {
        world.advance(*pause);
        told += tell(world).await;
    }
    told
}

async fn history(world: &World) -> Vec<NoticeRecord> {
    world.storage.notices(None, 100).await.expect("readable")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_and_its_end_are_told_once_over_every_channel() {
    let sides = OtherSides::new().await;
    let mut world = world(&sides).await;
    assert_eq!(tell_after(&mut world, &[5, 60]).await, 0, "everything is fine");
    world.accurate.revoke_token();
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.run_until_idle().await;
    assert_eq!(world.pause(), Some("token_refused"));
    assert_eq!(tell_after(&mut world, &[5, 5, 3_600]).await, 1, "it is told at once, and once");
    assert_eq!(sides.taken(), (1, 1, 1));

    let webhook = &sides.webhook.taken()[0];
    assert_eq!(webhook.path, "/hook");
    assert!(webhook.is_signed(), "{webhook:?}");
    let body = webhook.json();
    assert_eq!((&body["type"], &body["data"]["code"]), (&"book.paused".into(), &"token_refused".into()));
    assert_eq!(body["data"]["url"], "https://books.example.com/connection");
    let title = body["data"]["title"].as_str().expect("a title");
    assert_eq!(title, "Database Accurate “main” terhenti");

    let mail = &sides.mail.mails()[0];
    assert_eq!(
        (mail.from.as_str(), mail.to.join(" ")),
        ("books@example.com", "ani@example.com budi@example.com".into())
    );
    let id = webhook.header("webhook-id");
    assert_eq!(mail.header("Message-ID"), format!("<{id}@example.com>"));
    let text = mail.text();
    assert!(
        text.contains("Accurate menolak API Token.") && text.ends_with("https://books.example.com/connection"),
        "{text}"
    );

    let telegram = &sides.telegram.taken()[0];
    assert_eq!(telegram.path, format!("/bot{TOKEN}/sendMessage"));
    let sent = telegram.json();
    assert_eq!(sent["chat_id"], "-1001");
    assert_eq!(sent["parse_mode"], serde_json::Value::Null, "nothing in it is markup");
    assert!(sent["text"].as_str().is_some_and(|text| text.starts_with(title)), "{sent}");

    world.accurate.restore_token();
    world.run_for(30).await;
    assert_eq!(world.pause(), None);
    tell_after(&mut world, &[60, 60]).await;
    assert_eq!(sides.taken(), (2, 2, 2));
    assert_eq!(sides.webhook.taken()[1].json()["type"], "book.resumed");
    assert!(history(&world).await.iter().all(|notice| notice.state == NoticeState::Sent && notice.tries == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_that_block_are_one_notice_for_each_new_cause_and_name_no_buyer() {
    let sides = OtherSides::new().await;
    let mut world = world(&sides).await;
    let blocked = |id: &str, sku: &str| {
        order(id).ready_to_ship().sku(sku).with("address", serde_json::json!({"name": "Siti Pembeli"}))
    };
    for id in ["1", "2", "3"] {
        world.forstok_sends(blocked(id, "BARU-01")).await;
    }
    world.forstok_sends(blocked("4", "BARU\r\nBcc: x")).await;
    world.run_until_settled().await;
    assert_eq!(tell_after(&mut world, &[30, 30, 30, 3_600]).await, 1);
    world.forstok_sends(blocked("5", "BARU-01")).await;
    world.run_until_settled().await;
    assert_eq!(tell_after(&mut world, &[3_600]).await, 0, "its cause is known");
    let mails = sides.mail.mails();
    assert_eq!(mails.len(), 1);
    let text = mails[0].text();
    assert!(text.contains("3 pesanan menunggu barang BARU-01 yang belum ada di Accurate"), "{text}");
    assert!(text.contains("/problems") && !text.contains("Siti"), "{text}");
    assert!(!mails[0].data.contains("Bcc"), "{}", mails[0].data);
    let body = sides.webhook.taken()[0].json();
    assert_eq!(body["data"]["causes"][0]["count"], 3);
    assert!(!body.to_string().contains("Siti"), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_digest_comes_at_its_hour_with_the_figures_of_the_day_before() {
    let sides = OtherSides::new().await;
    let mut world = world(&sides).await;
    for id in ["1", "2"] {
        world.forstok_sends(order(id).ready_to_ship()).await;
    }
    world.run_until_settled().await;
    assert_eq!(tell_after(&mut world, &[3_600]).await, 0, "the hour has passed today");
    // It is ten in the morning.
    assert_eq!(tell_after(&mut world, &[21 * 3_600, 3_600, 5, 600]).await, 1);
    let body = sides.webhook.taken()[0].json();
    assert_eq!(body["type"], "digest");
    assert_eq!(body["data"]["title"], "2 pesanan, 2 faktur, 0 perlu ditangani");
    assert_eq!(body["data"]["day"], "2024-02-01");
}

#[tokio::test(flavor = "multi_thread")]
async fn payouts_and_returns_that_need_a_person_are_told_with_their_sums_and_where_they_are() {
    let sides = OtherSides::new().await;
    let mut world = world(&sides).await;
    world.forstok_sends(order("1").price(150_000).ready_to_ship()).await;
    world.forstok_sends(order("2").price(150_000).ready_to_ship()).await;
    world.run_until_settled().await;
    assert_eq!(tell_after(&mut world, &[60]).await, 0);
    world.paid("1", "a", 150_000, json!({})).await;
    world.paid("2", "b", 140_000, json!({"new fee": -10_000})).await;
    world.went_back("2", "c", json!({"refund": 150_000})).await;
    assert_eq!(tell_after(&mut world, &[60, 3_600]).await, 2, "one about payouts, one about returns");
    let taken: Vec<_> = sides.webhook.taken().iter().map(receivers::Received::json).collect();
    assert_eq!((&taken[0]["type"], &taken[1]["type"]), (&"payouts.attention".into(), &"returns.attention".into()));
    let data = &taken[0]["data"];
    assert_eq!(
        (&data["title"], &data["url"]),
        (&"2 pencairan dana perlu ditangani".into(), &"https://books.example.com/payouts".into())
    );
    let mut causes: Vec<_> = data["causes"].as_array().into_iter().flatten().map(ToString::to_string).collect();
    causes.sort();
    let fee = r#"{"count":1,"fees":["new fee"],"reason":"fee_kind_unmapped"}"#;
    assert_eq!(causes, [fee, r#"{"count":1,"reason":"approval"}"#]);
    assert_eq!(taken[1]["data"]["causes"], json!([{"count": 1, "reason": "person"}]));
    assert_eq!(taken[1]["data"]["url"], "https://books.example.com/returns");
    let text = sides.mail.mails()[0].text();
    assert!(text.contains("- 1 pencairan dana (Rp150.000): Menunggu persetujuan."), "{text}");
    world.paid("2", "d", 1, json!({"new fee": -5_000})).await;
    assert_eq!(tell_after(&mut world, &[60, 3_600]).await, 0, "its cause is known");
    world.paid("1", "e", 1, json!({"another\nfee": -5_000})).await;
    assert_eq!(tell_after(&mut world, &[60, 3_600]).await, 1, "another new fee, while the first has no category yet");
    let causes = &sides.webhook.taken()[2].json()["data"]["causes"];
    assert_eq!(causes, &json!([{"count": 3, "reason": "fee_kind_unmapped", "fees": ["another\nfee"]}]));
    let text = sides.mail.mails()[2].text();
    assert!(text.contains("kategori. Biaya baru: “another fee”."), "{text}");
}
