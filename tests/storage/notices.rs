//! Notices on their way, and what people have been told.

use forstok_accurate::{
    domain::{
        notice::{Announced, Channel, News, message::Message},
        reason::Language,
    },
    storage::{NoticeRecord, NoticeState, NoticeTry},
};
use jiff::SignedDuration;

use crate::world::{Base, World};

const BOTH: [Channel; 2] = [Channel::Webhook, Channel::Email];

fn message(world: &World, number: i64) -> Message {
    let by = format!("ani\u{0}{number}");
    Message::new(&News::Test { by }, Language::English, Some("https://x"), world.clock_now())
}

async fn tells(world: &World, number: i64) -> Message {
    let revision = world.storage.announced().await.expect("readable").revision;
    let (told, message) = (Announced { failed_run: number, ..Announced::default() }, message(world, number));
    let written =
        world.storage.announce(revision, &told, std::slice::from_ref(&message), &BOTH).await.expect("written");
    assert!(written, "nobody else tells");
    message
}

async fn history(world: &World) -> Vec<NoticeRecord> {
    world.storage.notices(None, 5_000).await.expect("readable")
}

async fn due(world: &World) -> Vec<NoticeRecord> {
    world.storage.due_notices(world.clock_now()).await.expect("readable")
}

async fn ends(world: &World, notice: &NoticeRecord, state: NoticeState, after: Option<i64>) {
    let next_at = after.map(|seconds| world.clock_now() + SignedDuration::from_secs(seconds));
    let outcome = NoticeTry { state, next_at, words: "what they said".to_owned() };
    world.storage.end_notice_try(notice, &outcome, world.clock_now()).await.expect("written");
}

pub(crate) async fn what_people_are_told_is_written_once_with_a_notice_for_each_channel(base: Base) {
    let world = World::on(base).await;
    let first = world.storage.announced().await.expect("readable");
    assert_eq!((first.revision, first.announced), (0, Announced::default()));
    let message = tells(&world, 7).await;
    assert_eq!(world.storage.announced().await.expect("readable").announced.failed_run, 7);
    let late =
        world.storage.announce(0, &Announced::default(), std::slice::from_ref(&message), &BOTH).await.expect("written");
    assert!(!late, "another leader was faster");
    let kept = history(&world).await;
    let shown: Vec<_> = kept.iter().map(|one| (one.channel, one.state, one.tries, &one.message)).collect();
    // PostgreSQL stores no NUL in text.
    let text = message.text.replace('\0', "\u{fffd}");
    assert_eq!(kept[0].message.text, text);
    assert_eq!(kept[0].message.id, message.id);
    assert_eq!(shown.len(), 2);
    assert_eq!((shown[0].0, shown[1].0), (Channel::Email, Channel::Webhook), "newest first");
    assert!(shown.iter().all(|one| one.1 == NoticeState::Waiting && one.2 == 0 && one.3.id == message.id));
}

pub(crate) async fn a_notice_waits_for_the_one_before_it_in_its_channel(base: Base) {
    let mut world = World::on(base).await;
    let first = tells(&world, 1).await;
    world.advance(1);
    let second = tells(&world, 2).await;
    let [webhook, email] = &due(&world).await[..] else { panic!("one for each channel") };
    assert_eq!((&webhook.message.id, &email.message.id), (&first.id, &first.id));
    ends(&world, webhook, NoticeState::Sent, None).await;
    ends(&world, email, NoticeState::Waiting, Some(60)).await;
    let [next] = &due(&world).await[..] else { panic!("e-mail waits") };
    assert_eq!((next.channel, &next.message.id), (Channel::Webhook, &second.id));
    ends(&world, next, NoticeState::GivenUp, None).await;
    assert!(due(&world).await.is_empty());
    world.storage.hasten_notices(Channel::Email, world.clock_now()).await.expect("written");
    let [again] = &due(&world).await[..] else { panic!("e-mail is tried now") };
    assert_eq!((&again.message.id, again.tries, again.words.as_str()), (&first.id, 1, "what they said"));
}

pub(crate) async fn a_late_outcome_of_a_try_changes_nothing(base: Base) {
    let world = World::on(base).await;
    tells(&world, 1).await;
    let tried = due(&world).await.remove(0);
    ends(&world, &tried, NoticeState::Sent, None).await;
    ends(&world, &tried, NoticeState::Waiting, Some(1)).await;
    let kept = history(&world).await.into_iter().find(|one| one.id == tried.id).expect("it is kept");
    assert_eq!((kept.state, kept.tries, kept.next_at), (NoticeState::Sent, 1, None));
}

pub(crate) async fn the_history_of_notices_is_limited(base: Base) {
    let world = World::on(base).await;
    let messages: Vec<_> = (0..1_100).map(|number| message(&world, number)).collect();
    let told = world.storage.announce(0, &Announced::default(), &messages, &[Channel::Email]).await.expect("written");
    assert!(told);
    let kept = history(&world).await;
    assert_eq!((kept.len(), &kept[0].message.id), (1_000, &messages[1_099].id));
    let outcome = NoticeTry { state: NoticeState::Sent, next_at: None, words: String::new() };
    world.storage.add_tried_notice(Channel::Webhook, &messages[0], &outcome).await.expect("written");
    let page = world.storage.notices(None, 2).await.expect("readable");
    assert_eq!((page[0].channel, page[0].tries, page[0].state), (Channel::Webhook, 1, NoticeState::Sent));
    let older = world.storage.notices(Some(page[1].id), 5_000).await.expect("readable");
    assert_eq!(older.len(), 998, "the oldest one is gone");
}
