//! Backups while the service runs, and the retention of bodies.

use std::{
    path::{Path, PathBuf},
    process::Output,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

use forstok_accurate::settings::Database;
use rusqlite::Connection;
use secrecy::ExposeSecret;
use serde_json::json;

use crate::{
    forstok::order,
    service::{Home, Service, accurate, binary, eventually},
    world::postgres,
};

/// Number of orders that are answered before the backup begins.
const BEFORE: usize = 200;

/// Runs `store backup` while everything else continues.
async fn backup(home: &Home, file: &Path) -> Output {
    let mut command = home.command(&["store", "backup", file.to_str().expect("UTF-8")]);
    tokio::task::spawn_blocking(move || command.output().expect("it runs")).await.expect("no panic")
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn open(file: &Path) -> Connection {
    Connection::open(file).expect("a database")
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).expect("it is there").map(|entry| entry.expect("it is there").path()).collect()
}

/// Concurrently sent orders, and those that were answered.
#[derive(Default)]
struct Sent {
    next: AtomicU64,
    answered: Mutex<Vec<u64>>,
    stop: AtomicBool,
}

impl Sent {
    fn answered(&self) -> Vec<u64> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends one order after the other until it is told to stop.
    async fn keep_sending(&self, service: &Service) {
        while !self.stop.load(Relaxed) {
            let id = 1 + self.next.fetch_add(1, Relaxed);
            assert_eq!(service.send(&order(id)).await.status, 200);
            self.answered.lock().unwrap_or_else(PoisonError::into_inner).push(id);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_holds_every_order_that_was_answered_before_it_began() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = home.serve().await;
    let folder = home.path("backups");
    std::fs::create_dir(&folder).expect("a new folder");
    let (copy, sent) = (folder.join("orders.db"), Sent::default());
    let backing_up = async {
        eventually("many orders were answered", async || (sent.answered().len() >= BEFORE).then_some(())).await;
        // A shop without invoices cannot know that Accurate keeps our numbers. An attempt that was in progress during
        // the backup would wait for five minutes after the restore before it saves again.
        service.get_until("/v1/summary", |summary| summary["by_state"]["invoiced"].as_u64() >= Some(8)).await;
        // A backup may take place between two answers, so a service that waits for each answer would not show that it
        // continues.
        let made = eventually("the service goes on while a backup is made", async || {
            let _ = std::fs::remove_file(&copy);
            let before = sent.answered();
            let output = backup(&home, &copy).await;
            (sent.answered().len() > before.len() || !output.status.success()).then_some((before, output))
        });
        let made = made.await;
        sent.stop.store(true, Relaxed);
        made
    };
    let load = || sent.keep_sending(&service);
    let ((before, output), ..) = tokio::join!(backing_up, load(), load(), load(), load());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(files_in(&folder), std::slice::from_ref(&copy), "nothing unfinished is left");
    let connection = open(&copy);
    let held: i64 = connection.query_row("SELECT COUNT(*) FROM orders", [], |row| row.get(0)).expect("a table");
    assert!(said(&output).contains(&format!("holds {held} orders and ")), "{}", said(&output));
    connection.close().expect("it can be closed");
    drop(service);

    let url = format!("sqlite://{}", copy.display());
    let restored = home.serve_with(&[("FORSTOK_ACCURATE_DATABASE__URL", &url)]).await;
    for id in before {
        assert_eq!(restored.get(&format!("/v1/orders/{id}")).await.status, 200, "order {id}");
    }
    // Orders that are not in the backup are sent again, and their invoices are found.
    let all = sent.answered().len() as u64;
    for id in 1..=all {
        assert_eq!(restored.send(&order(id)).await.status, 200);
    }
    restored.get_until("/v1/summary", |summary| summary["by_state"]["invoiced"] == all).await;
    assert_eq!(accurate.sandbox().invoice_count() as u64, all, "none twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_cannot_be_made_says_why_and_leaves_nothing() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let output = backup(&home, &home.path("copy.db")).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("there is no such file; correct database.url"), "{}", said(&output));
    assert!(!home.path("data").exists(), "and no database was made");

    let mut service = home.serve().await;
    service.send(&order(1)).await;
    service.order_once("1", "invoiced").await;
    std::fs::write(home.path("copy.db"), "somebody's").expect("the folder takes files");
    let output = backup(&home, &home.path("copy.db")).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("it exists already; give another name"), "{}", said(&output));
    assert_eq!(std::fs::read_to_string(home.path("copy.db")).expect("it is there"), "somebody's");
    let output = backup(&home, &home.path("nowhere/copy.db")).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("nowhere/copy.db"), "{}", said(&output));

    service.terminate();
    assert_eq!(service.exit_code().await, Some(0));
    let file = home.path("data/orders.db");
    let mut bytes = std::fs::read(&file).expect("it is there");
    let end = bytes.len();
    bytes[4096 * 3..end].fill(0x55);
    std::fs::write(&file, bytes).expect("it is ours");
    let before = files_in(&home.path(".")).len();
    let output = backup(&home, &home.path("of-damage.db")).await;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("damaged"), "{}", said(&output));
    assert_eq!(files_in(&home.path(".")).len(), before, "nothing is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_service_clears_what_has_become_old_and_still_voids() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let mut service = home.serve().await;
    for id in 1..=100 {
        assert_eq!(service.send(&order(id)).await.status, 200);
    }
    service.get_until("/v1/summary", |summary| summary["by_state"]["invoiced"] == 100).await;
    service.terminate();
    assert_eq!(service.exit_code().await, Some(0));
    let connection = open(&home.path("data/orders.db"));
    let a_year = 365_i64 * 86_400 * 1_000_000;
    let age = "UPDATE deliveries SET received_at = received_at - $1";
    connection.execute(age, [a_year]).expect("nobody else writes");

    let service = home.serve().await;
    assert_eq!(service.send(&order(101)).await.status, 200);
    eventually("the old bodies are gone", async || {
        let left = "SELECT COUNT(*) FROM deliveries WHERE body IS NOT NULL";
        let left: i64 = connection.query_row(left, [], |row| row.get(0)).expect("readable");
        (left == 1).then_some(())
    })
    .await;
    eventually("the log says so", async || {
        service.log.text().contains("100 bodies of webhooks older than 90 days were cleared").then_some(())
    })
    .await;
    let mut cancelled = order(7);
    cancelled["order"]["status"] = json!("Cancelled");
    assert_eq!(service.send(&cancelled).await.status, 200);
    service.order_once("7", "voided").await;
    service.order_once("101", "invoiced").await;
    assert_eq!(accurate.sandbox().invoice_count(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_moves_to_postgres_and_continues_there() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let mut service = home.serve().await;
    for id in 1..=30 {
        assert_eq!(service.send(&order(id)).await.status, 200);
    }
    service.get_until("/v1/summary", |summary| summary["by_state"]["invoiced"] == 30).await;
    let Database::Postgres(target) = postgres::empty_database("moved").await else { panic!("it is a server's") };
    let from = format!("sqlite://{}", home.path("data/orders.db").display());
    let copy = async |from: &str, to: &str| {
        let mut command = binary(&["store", "copy", "--from", from, "--to", to]);
        tokio::task::spawn_blocking(move || command.output().expect("it runs")).await.expect("no panic")
    };
    let to = target.expose_secret();

    let output = copy(&from, to).await;
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("stop the service and run this command again"), "{}", said(&output));
    let database = ("FORSTOK_ACCURATE_DATABASE__URL", to);
    let output = home.command(&["serve"]).env(database.0, database.1).output().expect("it runs");
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("is not finished"), "{}", said(&output));

    assert_eq!(service.send(&order(31)).await.status, 200);
    service.order_once("31", "invoiced").await;
    service.terminate();
    assert_eq!(service.exit_code().await, Some(0));
    let output = copy(&from, to).await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("Finished: every row is the same as in"), "{}", said(&output));

    let service = home.serve_with(&[database]).await;
    assert_eq!(service.count("invoiced").await, 31);
    let again = service.send(&order(31)).await.json();
    assert_eq!((&again["delivery"], &again["state"]), (&json!("repeat"), &json!("invoiced")), "{again}");
    assert_eq!(service.send(&order(32)).await.json()["delivery"], "accepted");
    service.order_once("32", "invoiced").await;
    let mut cancelled = order(7);
    cancelled["order"]["status"] = json!("Cancelled");
    cancelled["order"]["updated_at"] = json!("2024-02-02T10:00:00.000+07:00");
    assert_eq!(service.send(&cancelled).await.status, 200);
    service.order_once("7", "voided").await;
    assert_eq!(accurate.sandbox().invoice_count(), 31);

    let output = backup(&home, &home.path("copy.db")).await;
    assert_eq!(output.status.code(), Some(0), "the file is still there to go back to: {}", said(&output));
    let output = home.command(&["store", "backup", "x.db"]).env(database.0, database.1).output().expect("it runs");
    assert!(output.status.code() == Some(1) && said(&output).contains("pg_dump"), "{}", said(&output));
    for (from, to, named) in [(to, to, "--from"), (&*from, &*from, "--to"), ("mysql://u:hush@h/d", to, "--from")] {
        let output = copy(from, to).await;
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains(named) && !said(&output).contains("hush"), "{}", said(&output));
    }
}
