//! Failures of the machine: a full disk, and files that are read-only, locked, damaged or deleted. Nothing is answered
//! with 2xx that is not stored, `/readyz` names the cause, and the service recovers automatically once the cause is
//! gone, where that is possible.

mod damaged;

use std::{
    fs::Permissions,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use rusqlite::Connection;

use crate::{
    forstok::order,
    service::{Home, Service, accurate, eventually},
};

/// Root may write regardless of permissions. Without these two capabilities, root is restricted like every other user.
const WITHOUT_ROOTS_RIGHTS: &str = r#"
    if setpriv --bounding-set -dac_override,-dac_read_search true 2> /dev/null; then
        exec setpriv --bounding-set -dac_override,-dac_read_search "$0" "$@"
    fi
    exec "$0" "$@""#;

/// A disk of 12 MiB for the service, which a process fills and empties again on request.
const SMALL_DISK: &str = r#"
    set -e
    mkdir data
    mount -t tmpfs -o size=12m tmpfs data
    head -c 8M /dev/zero > data/filler
    (while kill -0 $$ && [ ! -e make-room ]; do sleep 0.05; done; rm data/filler) > /dev/null 2>&1 &
    exec "$0" "$@""#;

fn sh(script: &str) {
    let status = Command::new("sh").args(["-c", script]).status().expect("every Unix has sh");
    assert!(status.success(), "{script}");
}

fn database(home: &Home) -> PathBuf {
    home.path("data/orders.db")
}

/// Makes the database, its companion files and their folder read-only, or writable again.
fn set_writable(home: &Home, writable: bool) {
    let (file, folder) = if writable { (0o644, 0o755) } else { (0o444, 0o555) };
    let set = |path: &Path, mode| std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
    for entry in std::fs::read_dir(home.path("data")).expect("it is there") {
        set(&entry.expect("it is there").path(), file);
    }
    set(&home.path("data"), folder);
}

/// A process that writes to the database and does not finish.
fn somebody_else(home: &Home) -> Connection {
    let somebody_else = Connection::open(database(home)).expect("the file is there");
    somebody_else.execute_batch("BEGIN EXCLUSIVE").expect("nobody writes now");
    somebody_else
}

impl Service {
    /// Sends orders, which are accepted.
    async fn takes(&self, ids: std::ops::RangeInclusive<u64>) {
        for id in ids {
            let answer = self.send(&order(id)).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
    }

    /// Sends an order that cannot be stored.
    async fn cannot_take(&self, id: u64) {
        let answer = self.send(&order(id)).await;
        answer.problem(503, "not_stored");
        assert_eq!(answer.retry_after, "5", "the sender hears when to come again");
    }

    /// Expects `/readyz` to answer 503 with this cause.
    async fn is_not_ready(&self, why: &str) {
        self.is_not_ready_for_one_of(&[why]).await;
    }

    /// The same if one of several causes may be found first.
    async fn is_not_ready_for_one_of(&self, why: &[&str]) {
        let ready = self.get("/readyz").await;
        assert_eq!(ready.status, 503, "{}", ready.text);
        let detail = ready.json()["database"]["detail"].to_string();
        assert!(why.iter().any(|why| detail.contains(why)), "{detail}");
        assert_eq!(self.get("/healthz").await.status, 200, "it is still alive");
    }

    async fn is_ready_again(&self) {
        eventually("it is ready again", async || (self.get("/readyz").await.status == 200).then_some(())).await;
    }

    /// Exactly the orders with these ids exist.
    async fn knows_exactly(&self, ids: std::ops::RangeInclusive<u64>) {
        let mut known = 0;
        for id in ids {
            assert_eq!(self.get(&format!("/v1/orders/{id}")).await.status, 200, "order {id} was taken and is lost");
            known += 1;
        }
        assert_eq!(self.get("/v1/summary").await.json()["orders"], known);
    }
}

/// The service exits with 1; returns its message.
fn refuses_to_start(home: &Home) -> String {
    let output = home.command_by(WITHOUT_ROOTS_RIGHTS).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("data/orders.db"), "the file is named: {said}");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_may_not_grow_is_503_until_it_may() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = home.serve().await;
    let limit = |most: &str| sh(&format!("prlimit --pid {} --fsize={most}:", service.id()));
    service.takes(1..=5).await;
    limit("0");
    service.cannot_take(6).await;
    service.is_not_ready("a limit of file sizes").await;
    limit("unlimited");
    service.is_ready_again().await;
    service.knows_exactly(1..=5).await;
    service.takes(6..=10).await;
    // In the middle of a page, a little after its start.
    let log = std::fs::metadata(home.path("data/orders.db-wal")).expect("it is there").len();
    limit(&(log + 10_001).to_string());
    let mut taken = 10;
    while service.send(&order(taken + 1)).await.status == 200 {
        taken += 1;
    }
    service.is_not_ready("a limit of file sizes").await;
    limit("unlimited");
    service.is_ready_again().await;
    service.knows_exactly(1..=taken).await;
    service.get_until("/v1/summary", |summary| summary["by_state"]["invoiced"] == taken).await;
    assert_eq!(accurate.sandbox().invoice_count() as u64, taken);
    assert_eq!(accurate.sandbox().breach_count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_503_until_there_is_room() {
    let Some(alone) = ["unshare --mount", "unshare --user --map-root-user --mount"].into_iter().find(|alone| {
        let tried = format!("exec 2> /dev/null; {alone} mount -t tmpfs tmpfs /mnt");
        Command::new("sh").args(["-c", &tried]).status().is_ok_and(|status| status.success())
    }) else {
        // Past the test's own output, which is shown only on failure.
        let said = "nobody may mount a disk here: a full one is tried by a limit of file sizes alone\n";
        return std::io::stderr().write_all(said.as_bytes()).expect("somebody listens");
    };
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    std::fs::write(home.path("disk.sh"), SMALL_DISK).expect("there is room");
    let service = home.serve_by(&format!("exec {alone} sh -c \"$(cat disk.sh)\" \"$0\" \"$@\"")).await;
    let mut taken = 0;
    while service.send(&order(taken + 1)).await.status == 200 {
        taken += 1;
    }
    assert!(taken > 0, "there was room for some");
    service.cannot_take(taken + 1).await;
    service.is_not_ready("the disk is full: make room").await;
    std::fs::write(home.path("make-room"), "").expect("this disk has room");
    service.is_ready_again().await;
    service.takes(taken + 1..=taken + 5).await;
    service.knows_exactly(1..=taken + 5).await;
    service.order_once("1", "invoiced").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn read_only_files_are_reported_and_used_again_once_they_are_writable() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let mut service = home.serve_by(WITHOUT_ROOTS_RIGHTS).await;
    service.takes(1..=3).await;
    for id in ["1", "2", "3"] {
        // Nothing else may be written while the file is locked.
        service.order_once(id, "invoiced").await;
    }
    let holding = somebody_else(&home);
    set_writable(&home, false);
    // The failed connection is replaced, and the new one has the current permissions.
    service.cannot_take(4).await;
    holding.execute_batch("ROLLBACK").expect("a transaction is open");
    drop(holding);
    service.cannot_take(4).await;
    service.is_not_ready("is read-only").await;
    set_writable(&home, true);
    service.is_ready_again().await;
    service.takes(4..=5).await;
    service.knows_exactly(1..=5).await;

    service.terminate();
    assert_eq!(service.exit_code().await, Some(0));
    set_writable(&home, false);
    let said = refuses_to_start(&home);
    assert!(said.contains("let the service's user write"), "{said}");
    set_writable(&home, true);
    home.serve_by(WITHOUT_ROOTS_RIGHTS).await.knows_exactly(1..=5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_another_process_has_locked_is_503_until_it_is_unlocked() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = home.serve().await;
    service.takes(1..=3).await;
    let holding = somebody_else(&home);
    for _ in 0..2 {
        let service = &service;
        // Concurrently, in two groups one after the other.
        tokio::join!(
            service.cannot_take(10),
            service.cannot_take(11),
            service.cannot_take(12),
            service.cannot_take(13)
        );
    }
    service.is_not_ready("another process holds the file").await;
    holding.execute_batch("ROLLBACK").expect("a transaction is open");
    service.is_ready_again().await;
    service.knows_exactly(1..=3).await;
    service.takes(4..=5).await;
    service.order_once("5", "invoiced").await;
}
