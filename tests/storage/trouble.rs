//! The server is gone, disconnected or read-only: what is not certainly stored is an error, and everything recovers
//! automatically.

use std::{str::FromStr, sync::Arc};

use forstok_accurate::{
    clock::Clock,
    inbox::record::delivery,
    settings::Database,
    storage::{self, Content, Delivery, Storage, StorageError},
};
use secrecy::ExposeSecret;
use sqlx::postgres::PgConnectOptions;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
};

use super::replicas::{LONGEST, beside};
use crate::world::{Base, World, fold_all, order, postgres};

/// The connection between storage and the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Open,
    /// Nothing is delivered, and nothing is reported.
    Silent,
    /// All connections are closed, and new ones are closed immediately.
    Cut,
}

/// Storage with a connection that can be interrupted.
struct Behind {
    storage: Arc<dyn Storage>,
    way: watch::Sender<Way>,
    world: World,
}

impl Behind {
    async fn a_way() -> Self {
        let world = World::on(Base::Postgres).await;
        let Database::Postgres(url) = &world.place else { panic!("a server's") };
        let server = PgConnectOptions::from_str(url.expose_secret()).expect("it was used already");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let (way, state) = watch::channel(Way::Open);
        let (user, database) = (server.get_username(), server.get_database().expect("named"));
        let behind = format!("postgres://{user}@127.0.0.1:{port}/{database}");
        tokio::spawn(lead(listener, server.clone(), state));
        let storage = storage::open(&Database::Postgres(behind.into())).await.expect("the way is open");
        Self { storage, way, world }
    }

    fn delivery(&self, id: u32) -> Delivery {
        delivery(order(&id.to_string()).open().body(), self.world.clock.now())
    }

    async fn record(&self, id: u32) -> storage::Result<()> {
        let recording = async { self.storage.record(&[self.delivery(id)]).await.map(drop) };
        tokio::time::timeout(LONGEST, recording).await.expect("it says something, yes or no")
    }

    /// Recovery needs nothing but another call.
    async fn recovers(&self) {
        let recovered = async {
            while self.storage.ping().await.is_err() || self.storage.next_attempt_at(&"main".into()).await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(LONGEST, recovered).await.expect("it recovers automatically");
    }
}

async fn lead(listener: TcpListener, server: PgConnectOptions, way: watch::Receiver<Way>) {
    while let Ok((client, _)) = listener.accept().await {
        let (server, way) = (server.clone(), way.clone());
        tokio::spawn(async move {
            if let Some(folder) = server.get_socket() {
                let path = folder.join(format!(".s.PGSQL.{}", server.get_port()));
                pass(client, UnixStream::connect(path).await.expect("the server is there"), way).await;
            } else {
                let address = (server.get_host(), server.get_port());
                pass(client, TcpStream::connect(address).await.expect("the server is there"), way).await;
            }
        });
    }
}

async fn pass<S>(mut client: TcpStream, mut server: S, mut way: watch::Receiver<Way>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    loop {
        let state = *way.borrow_and_update();
        tokio::select! {
            // What is sent after the way was closed must not come through.
            biased;
            changed = way.changed(), if state != Way::Cut => if changed.is_err() { return },
            _ = copy_bidirectional(&mut client, &mut server), if state == Way::Open => return,
            else => return,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_restarted_costs_one_failure_at_most() {
    let behind = Behind::a_way().await;
    behind.record(1).await.expect("the way is open");
    behind.storage.ping().await.expect("the way is open");
    let ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid()";
    sqlx::raw_sql(ended).execute(&mut beside(&behind.world.place).await).await.expect("run");
    // The first call may find a dead connection; from then on all connections are new.
    let _ = behind.record(2).await;
    behind.record(2).await.expect("recorded");
    behind.storage.counts().await.expect("readable");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn during_a_network_failure_all_calls_fail_and_afterwards_all_succeed() {
    let behind = Behind::a_way().await;
    for (id, way) in [(1, Way::Silent), (2, Way::Cut)] {
        behind.record(id).await.expect("the way is open");
        behind.way.send_replace(way);
        // Long enough that an idle connection is tested before use, and that a ping must write.
        for again in 0..2 {
            let refused = behind.record(100 + id).await.expect_err("nothing comes through");
            let words = refused.to_string();
            assert!(words.contains("see that PostgreSQL runs and can be reached"), "{way:?} {again}: {words}");
            assert!(behind.storage.ping().await.is_err(), "a probe hears of it");
        }
        assert!(behind.storage.order(&crate::world::order_id("1")).await.is_err());
        behind.way.send_replace(Way::Open);
        behind.recovers().await;
        behind.record(100 + id).await.expect("the way is open again");
    }
    fold_all(behind.world.storage.as_ref()).await;
    let known: Vec<_> = super::ids(&behind.world, &super::ALL).await;
    assert!(["1", "2", "101", "102"].iter().all(|id| known.contains(&(*id).to_owned())), "{known:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_server_is_left_as_soon_as_another_can_be_reached() {
    let behind = Behind::a_way().await;
    let mut person = beside(&behind.world.place).await;
    let row = sqlx::query_scalar::<_, String>("SELECT current_database()").fetch_one(&mut person);
    let name = row.await.expect("readable");
    let set = async |person: &mut sqlx::PgConnection, to: &str| {
        let sql = format!("ALTER DATABASE {name} SET default_transaction_read_only = {to}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(person).await.expect("run");
    };
    set(&mut person, "on").await;
    // The earlier connections do not know of it.
    behind.way.send_replace(Way::Cut);
    behind.way.send_replace(Way::Open);
    let refused = loop {
        let refused = behind.record(1).await.expect_err("it takes only reads");
        if matches!(&refused, StorageError::Database(sqlx::Error::Database(_))) {
            break refused;
        }
    };
    assert!(refused.to_string().contains("only takes reads"), "{refused}");
    assert!(behind.storage.ping().await.is_err(), "a ping shows it");
    behind.storage.counts().await.expect("reads are taken");
    set(&mut person, "off").await;
    // The connection that reported it was closed and is not used again.
    behind.record(1).await.expect("the next one takes writes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_cannot_be_used_is_reported_with_its_remedy_and_without_the_password() {
    let Database::Postgres(url) = postgres::empty_database("refused").await else { panic!("a server's") };
    let with = |from: &str, to: &str| Database::Postgres(url.expose_secret().replacen(from, to, 1).into());
    let name = format!("test_{}_refused", std::process::id());
    for (place, remedy) in [
        (with(&name, "no_such_database"), "make the database"),
        (with("postgres@", "nobody_knows:hush@"), "does not let this user in"),
    ] {
        let refused = storage::open(&place).await.err().expect("it cannot be used").to_string();
        assert!(refused.contains(remedy) && !refused.contains("hush"), "{refused}");
    }
    let nowhere = Database::Postgres("postgres://me:hush@127.0.0.1:1/x".into());
    let refused = storage::open(&nowhere).await.err().expect("nobody listens there").to_string();
    assert!(refused.contains("postgres://me@127.0.0.1:1/x") && !refused.contains("hush"), "{refused}");
    assert!(refused.contains("see that PostgreSQL runs"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_is_notified_again_after_its_connection_broke() {
    let behind = Behind::a_way().await;
    behind.storage.notified().await;
    for way in [Way::Cut, Way::Silent] {
        let heard = tokio::spawn({
            let storage = behind.storage.clone();
            async move { storage.notified().await }
        });
        behind.way.send_replace(way);
        tokio::task::yield_now().await;
        behind.way.send_replace(Way::Open);
        // Whether or not it was woken, it checks.
        let calls = async {
            while !heard.is_finished() {
                behind.world.storage.notify_others().await.expect("called");
            }
        };
        tokio::time::timeout(LONGEST, calls).await.expect("it is heard");
    }
}

#[tokio::test]
async fn a_file_that_was_cut_short_is_reported_as_such_by_the_first_caller_to_find_it() {
    let world = World::on(Base::Sqlite).await;
    let deliveries: Vec<_> = (1..=50).map(|id| delivery(order(&id.to_string()).body(), world.clock.now())).collect();
    world.storage.record(&deliveries).await.expect("it is whole");
    // The start moves the log into the file, and readers that are new read it there.
    let world = world.dies_and_starts_again().await;
    let Database::Sqlite(file) = &world.place else { panic!("a file") };
    std::fs::File::options().write(true).open(file).expect("it is ours").set_len(16_384).expect("cut");

    world.storage.undecided(world.clock.now(), 100).await.expect_err("what a reader needs is gone");

    let said = world.storage.ping().await.expect_err("nothing more is taken").to_string();
    assert!(said.contains("it was cut short or overwritten while the service runs"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_that_cannot_be_read_does_not_wait_for_webhooks_that_are_read_again() {
    let mut world = World::on(Base::Postgres).await;
    world.forstok_sends(order("1").open()).await;
    // An older version could not read this one.
    let content = Content::Unreadable { problem: "of an older version".to_owned(), order_id: None };
    let kept = Delivery { content, ..delivery(order("1").ready_to_ship().body(), world.clock.now()) };
    world.storage.record(&[kept]).await.expect("recorded");
    // Folding it into its order takes long.
    let mut other = beside(&world.place).await;
    let occupied = "BEGIN; SELECT id FROM orders WHERE order_id = '1' FOR UPDATE";
    sqlx::raw_sql(occupied).execute(&mut other).await.expect("run");
    let inbox = world.engine.inbox().clone();
    let reread = tokio::spawn(async move { inbox.reread().await });
    let mut looking = beside(&world.place).await;
    let waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let begun = async {
        while sqlx::query(waits).fetch_optional(&mut looking).await.expect("readable").is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONGEST, begun).await.expect("it waits for the order");
    let unreadable = delivery("{".into(), world.clock.now());
    world.storage.record(&[unreadable]).await.expect("recorded at once");
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.expect("run");
    let reread = reread.await.expect("it ends").expect("folded");
    assert_eq!(reread.now_orders, 1);
    assert_eq!(world.storage.unreadable_count().await.expect("readable"), 1);
}
