//! What happens to a notice that a receiver does not accept, refuses, or accepts late.

use forstok_accurate::{
    domain::{
        notice::Channel,
        operator::{Actor, Role},
    },
    notices::NotTaken,
    storage::NoticeState,
};

use super::{
    OtherSides, SECRET, history,
    receivers::{Received, Receiver},
    tell, tell_after, world,
};
use crate::world::order;

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_sent_arrives_later_once_and_in_its_order_also_after_a_restart() {
    let sides = OtherSides::new().await;
    let mut world = world(&sides).await;
    sides.are_down();
    world.accurate.revoke_token();
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.forstok_sends(order("2").ready_to_ship().sku("")).await;
    world.run_until_idle().await;
    assert_eq!(tell_after(&mut world, &[30, 30, 30]).await, 2, "the pause, then the blocked order");
    assert_eq!(sides.taken(), (0, 0, 0));
    let waiting = history(&world).await;
    assert_eq!(waiting.len(), 6);
    assert!(waiting.iter().all(|notice| notice.state == NoticeState::Waiting && notice.next_at.is_some()));
    let of = |channel| waiting.iter().rfind(|notice| notice.channel == channel).expect("the oldest");
    assert!(of(Channel::Webhook).tries > 1, "it is tried again: {waiting:?}");
    assert_eq!(of(Channel::Webhook).words, "HTTP 503: closed for cleaning");
    assert!(
        of(Channel::Email).words.contains("the mail server is closed for cleaning"),
        "{}",
        of(Channel::Email).words
    );
    assert_eq!(of(Channel::Telegram).words, "HTTP 502: Bad Gateway");
    assert_eq!(waiting[0].tries, 0, "a later notice waits for an earlier one");

    let mut world = world.dies_and_starts_again().await.with_notices(sides.channels());
    world.run_until_idle().await;
    assert_eq!(world.pause(), Some("token_refused"));
    sides.are_up();
    assert_eq!(tell_after(&mut world, &[3_600, 3_600]).await, 0, "no notice is sent twice");
    assert_eq!(sides.taken(), (2, 2, 2));
    let types: Vec<_> = sides.webhook.taken().iter().map(|taken| taken.json()["type"].clone()).collect();
    assert_eq!(types, ["book.paused", "orders.blocked"]);
    // Every try carries the same id and body, each with a signature of its own time.
    let received = sides.webhook.received();
    assert!(received.iter().all(Received::is_signed));
    for taken in sides.webhook.taken() {
        let id = taken.header("webhook-id").to_owned();
        let tries: Vec<_> = received.iter().filter(|one| one.header("webhook-id") == id).collect();
        assert!(tries.iter().all(|one| one.body == taken.body), "{id}");
        assert_eq!(tries.iter().filter(|one| one.is_taken).count(), 1, "{id}");
    }
    assert!(history(&world).await.iter().all(|notice| notice.state == NoticeState::Sent));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_shows_at_once_what_each_other_side_says_and_never_the_secrets() {
    let sides = OtherSides::new().await;
    let world = world(&sides).await;
    sides.webhook.answers(401, &format!("the signature is wrong, {SECRET}?"));
    sides.telegram.answers(401, r#"{"ok":false,"error_code":401,"description":"Unauthorized"}"#);
    sides.mail.refuses_passwords(true);
    let admin = Actor { name: "ani".to_owned(), role: Role::Admin };
    let (id, tested) = world.engine.test_notices(&admin).await.expect("written");
    let words = |channel| {
        let result = tested.iter().find(|tested| tested.channel == channel).expect("it was tested");
        let NotTaken::Refused(words) = result.answer.clone().expect_err("it was refused") else { panic!("{result:?}") };
        words
    };
    assert_eq!(words(Channel::Webhook), "HTTP 401: the signature is wrong, ***?");
    assert_eq!(words(Channel::Telegram), "HTTP 401: Unauthorized");
    assert!(
        words(Channel::Email).contains("535") && words(Channel::Email).contains("this password is not the right one")
    );
    let kept = history(&world).await;
    assert!(kept.iter().all(|notice| notice.message.id == id && notice.state == NoticeState::Refused));
    assert_eq!((kept.len(), tell(&world).await), (3, 0), "a test is not repeated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_works_again_gets_what_waits_for_it_as_soon_as_it_is_tested() {
    let sides = OtherSides::new().await;
    let mut world = world(&sides).await;
    sides.are_down();
    world.forstok_sends(order("1").ready_to_ship().sku("")).await;
    world.run_until_settled().await;
    // It has failed for hours, so that the next try is an hour away.
    assert_eq!(tell_after(&mut world, &[60, 3_600, 3_600, 3_600, 3_600, 3_600, 3_600]).await, 1);
    sides.are_up();
    assert_eq!((tell(&world).await, sides.taken()), (0, (0, 0, 0)));
    let admin = Actor { name: "ani".to_owned(), role: Role::Admin };
    world.engine.test_notices(&admin).await.expect("written");
    tell(&world).await;
    assert_eq!(sides.taken(), (2, 2, 2), "the test, and the notice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_that_is_refused_permanently_is_not_sent_again_and_holds_no_other_back() {
    let sides = OtherSides::new().await;
    let mut world = world(&sides).await;
    sides.webhook.answers(410, "nobody listens here any more");
    sides.telegram.answers(403, r#"{"ok":false,"error_code":403,"description":"Forbidden: bot was kicked"}"#);
    sides.mail.refuses_passwords(true);
    world.forstok_sends(order("1").ready_to_ship().sku("")).await;
    world.run_until_settled().await;
    assert_eq!(tell_after(&mut world, &[60, 60, 3_600]).await, 1);
    let refused = history(&world).await;
    assert_eq!(refused.len(), 3);
    assert!(refused.iter().all(|notice| notice.state == NoticeState::Refused && notice.tries == 1), "{refused:?}");
    let of = |channel| refused.iter().find(|notice| notice.channel == channel).expect("one for each").words.clone();
    assert_eq!(of(Channel::Webhook), "HTTP 410: nobody listens here any more");
    assert_eq!(of(Channel::Telegram), "HTTP 403: Forbidden: bot was kicked");
    assert!(of(Channel::Email).contains("this password is not the right one"), "{}", of(Channel::Email));
    sides.are_up();
    sides.mail.refuses_passwords(false);
    world.forstok_sends(order("2").ready_to_ship().sku("BARU-01")).await;
    world.run_until_settled().await;
    assert_eq!(tell_after(&mut world, &[60]).await, 1);
    assert_eq!(sides.taken(), (1, 1, 1), "the next one is sent at once, and the refused one never");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_a_day_old_when_the_service_starts_again_is_not_sent_as_if_it_were_new() {
    let sides = OtherSides::new().await;
    let mut world = world(&sides).await;
    world.forstok_sends(order("1").ready_to_ship().sku("")).await;
    world.run_until_settled().await;
    assert_eq!(world.engine.issue_notices().await.expect("written"), 0);
    world.advance(60);
    assert_eq!(world.engine.issue_notices().await.expect("written"), 1);
    // It is stopped before it has sent the notice, and for longer than a day.
    let mut world = world.dies_and_starts_again().await.with_notices(sides.channels());
    world.advance(25 * 3_600);
    tell_after(&mut world, &[5, 60]).await;
    let types: Vec<_> = sides.webhook.taken().iter().map(|taken| taken.json()["type"].clone()).collect();
    assert!(!types.contains(&"orders.blocked".into()) && types.contains(&"webhooks.stopped".into()), "{types:?}");
    let all = history(&world).await;
    let old: Vec<_> = all.iter().filter(|notice| notice.message.kind == "orders.blocked").collect();
    assert_eq!(old.len(), 3);
    assert!(old.iter().all(|notice| notice.state == NoticeState::GivenUp && notice.tries == 0), "{old:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_not_followed_and_a_huge_answer_is_not_read() {
    let sides = OtherSides::new().await;
    let world = world(&sides).await;
    let elsewhere = Receiver::new().await;
    sides.webhook.redirects_to(&elsewhere.url);
    sides.telegram.answers(200, &format!("{{\"ok\":true,\"result\":\"{}\"}}", "x".repeat(5_000_000)));
    let admin = Actor { name: "ani".to_owned(), role: Role::Admin };
    let (_, tested) = world.engine.test_notices(&admin).await.expect("written");
    let of = |channel| tested.iter().find(|tested| tested.channel == channel).expect("it was tested").answer.clone();
    assert_eq!(of(Channel::Webhook), Err(NotTaken::ForNow("HTTP 307".to_owned())));
    assert!(elsewhere.received().is_empty());
    let answer = of(Channel::Telegram).expect("its status says that it was taken");
    assert!(answer.len() < 400, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_that_nobody_takes_for_a_day_is_given_up_and_the_next_one_is_sent() {
    let sides = OtherSides::new().await;
    let mut world = world(&sides).await;
    sides.are_down();
    world.forstok_sends(order("1").ready_to_ship().sku("")).await;
    world.run_until_settled().await;
    let hours = [3_600; 26];
    assert_eq!(tell_after(&mut world, &[60]).await, 1);
    tell_after(&mut world, &hours).await;
    let oldest = history(&world).await.pop().expect("one");
    assert_eq!((oldest.state, oldest.next_at), (NoticeState::GivenUp, None));
    assert!(oldest.tries > 20, "{oldest:?}");
    sides.are_up();
    tell_after(&mut world, &hours).await;
    let types: Vec<_> = sides.webhook.taken().iter().map(|taken| taken.json()["type"].clone()).collect();
    assert_eq!(types, ["digest", "webhooks.stopped", "digest"]);
}
