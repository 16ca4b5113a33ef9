//! The database's files are damaged, cut short, replaced or removed.

use std::{
    fs::Permissions,
    io::{Seek, SeekFrom, Write},
    os::unix::fs::{FileExt, PermissionsExt},
    path::Path,
};

use rusqlite::Connection;

use super::{database, refuses_to_start};
use crate::{
    forstok::order,
    service::{Home, accurate, eventually},
};

/// Overwrites a file in place with noise, from this position on.
fn damage(file: &Path, from: u64) {
    let length = std::fs::metadata(file).expect("it is there").len();
    let mut chance = fastrand::Rng::with_seed(length);
    let noise: Vec<u8> = std::iter::repeat_with(|| chance.u8(..)).take((length - from) as usize).collect();
    let mut file = std::fs::File::options().write(true).open(file).expect("it is ours");
    file.seek(SeekFrom::Start(from)).expect("it is long enough");
    file.write_all(&noise).expect("there is room");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_refused_at_start_with_what_to_do() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let mut service = home.serve().await;
    service.takes(1..=20).await;
    service.terminate();
    assert_eq!(service.exit_code().await, Some(0));
    let backup = home.path("backup.db");
    std::fs::copy(database(&home), &backup).expect("there is room");
    // The whole file, everything except the first page, and only the last pages.
    let length = std::fs::metadata(&backup).expect("it is there").len();
    for from in [0, 4096, length - 3 * 4096] {
        damage(&database(&home), from);
        let said = refuses_to_start(&home);
        assert!(said.contains("put the newest backup in its place"), "{said}");
        assert_eq!(std::fs::metadata(database(&home)).expect("it is there").len(), length, "it was left alone");
        std::fs::copy(&backup, database(&home)).expect("there is room");
    }
    home.serve().await.knows_exactly(1..=20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_damaged_while_in_use_is_503_from_then_on_with_what_to_do() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = home.serve().await;
    service.takes(1..=50).await;
    // Later changes are written as whole pages from memory, so nothing more may be written to these pages.
    service.get_until("/v1/summary", |summary| summary["by_state"]["invoiced"] == 50).await;
    // The header is kept, because a different header would be noticed immediately.
    for (file, from) in [("data/orders.db", 100), ("data/orders.db-wal", 0)] {
        damage(&home.path(file), from);
    }
    // The damage cannot be noticed until a page is read that is not in memory; a write makes readers discard their
    // pages.
    let mut id = 50;
    eventually("the damage is met", async || {
        id += 1;
        let _ = service.send(&order(id)).await;
        let _ = service.get("/v1/orders?limit=500").await;
        let _ = service.get(&format!("/v1/orders/{}", id % 50 + 1)).await;
        (service.get("/readyz").await.status == 503).then_some(())
    })
    .await;
    service.is_not_ready("put the newest backup in its place").await;
    service.cannot_take(9_999).await;
    service.is_not_ready("the file is damaged").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_cut_short_meanwhile_are_noticed_and_nothing_more_is_acknowledged() {
    let accurate = accurate().await;
    for file in ["data/orders.db-wal", "data/orders.db"] {
        let home = Home::new(&accurate);
        let service = home.serve().await;
        service.takes(1..=5).await;
        service.get_until("/v1/summary", |summary| summary["by_state"]["invoiced"] == 5).await;
        std::fs::File::options().write(true).open(home.path(file)).expect("it is ours").set_len(0).expect("cut");
        service.cannot_take(6).await;
        service.is_not_ready("it was cut short or overwritten while the service runs").await;
        service.cannot_take(7).await;
        assert!(service.log.text().contains("cut short"), "{}", service.log.text());
    }
}

/// Overwrites the beginning of a file with the content of another one; the length does not change.
fn write_over(file: &Path, other: &Path) {
    let bytes = std::fs::read(other).expect("it is there");
    let length = std::fs::metadata(file).expect("it is there").len();
    assert!(bytes.len() as u64 <= length, "{} bytes over {length}", bytes.len());
    let target = std::fs::File::options().write(true).open(file).expect("it is ours");
    target.write_all_at(&bytes, 0).expect("it takes bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_written_over_with_another_of_its_length_is_noticed() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let mut service = home.serve().await;
    service.takes(1..=5).await;
    service.terminate();
    assert_eq!(service.exit_code().await, Some(0));
    std::fs::copy(database(&home), home.path("earlier.db")).expect("it is there");
    for other in ["earlier.db", "backup.db"] {
        let mut service = home.serve().await;
        service.takes(1..=6).await;
        if other == "backup.db" {
            let backup = home.command(&["store", "backup", other]).output().expect("it runs");
            assert!(backup.status.success(), "{}", String::from_utf8_lossy(&backup.stderr));
        }
        service.takes(7..=7).await;
        write_over(&database(&home), &home.path(other));
        service.cannot_take(8).await;
        // Whichever is found first: the file's mark differs, or its tables are inconsistent.
        let either = ["it was cut short or overwritten while the service runs", "the file is damaged"];
        service.is_not_ready_for_one_of(&either).await;
        service.kill();
        for companion in ["data/orders.db-wal", "data/orders.db-shm"] {
            std::fs::remove_file(home.path(companion)).expect("it is there");
        }
        std::fs::copy(home.path("earlier.db"), database(&home)).expect("it takes the place");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_somebody_else_has_moved_into_the_database_is_not_taken_for_one_that_was_cut() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = home.serve().await;
    service.takes(1..=5).await;
    service.get_until("/v1/summary", |summary| summary["by_state"]["invoiced"] == 5).await;
    let shell = Connection::open(database(&home)).expect("the file is there");
    eventually("the log is empty", async || {
        shell.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("run");
        (std::fs::metadata(home.path("data/orders.db-wal")).expect("it is there").len() == 0).then_some(())
    })
    .await;
    service.takes(6..=10).await;
    service.knows_exactly(1..=10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_vanish_take_nothing_with_them_that_was_answered() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let mut service = home.serve().await;
    service.takes(1..=5).await;
    // Removed and restored.
    std::fs::rename(database(&home), home.path("elsewhere.db")).expect("it is there");
    service.cannot_take(6).await;
    service.is_not_ready("was removed or replaced while the service runs").await;
    std::fs::rename(home.path("elsewhere.db"), database(&home)).expect("it is there");
    service.is_ready_again().await;
    service.takes(6..=7).await;

    // The log and its index permanently.
    for companion in ["data/orders.db-wal", "data/orders.db-shm"] {
        std::fs::remove_file(home.path(companion)).expect("it is there");
    }
    service.cannot_take(8).await;
    // Either of them may be found missing first.
    let missing =
        ["orders.db-wal", "orders.db-shm"].map(|file| format!("{file} cannot be used as a database: it was removed"));
    service.is_not_ready_for_one_of(&missing.each_ref().map(String::as_str)).await;
    service.kill();
    let service = home.serve().await;
    service.knows_exactly(1..=7).await;
    service.takes(8..=8).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_missing_while_its_log_exists_is_not_created_again() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let mut service = home.serve().await;
    service.takes(1..=5).await;
    service.kill();
    let whole = std::fs::read(database(&home)).expect("it is there");
    std::fs::File::create(database(&home)).expect("it is ours");
    assert!(refuses_to_start(&home).contains("its log"), "emptied");
    std::fs::remove_file(database(&home)).expect("it is there");
    assert!(refuses_to_start(&home).contains("its log"), "removed");
    std::fs::write(database(&home), whole).expect("there is room");
    home.serve().await.knows_exactly(1..=5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_program_is_refused_and_left_unchanged() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let mode = |path: &Path| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o7777;
    std::fs::create_dir_all(database(&home)).expect("the folder takes it");
    std::fs::set_permissions(database(&home), Permissions::from_mode(0o1777)).expect("it is ours");
    assert!(refuses_to_start(&home).contains("it is not a file"));
    assert_eq!(mode(&database(&home)), 0o1777);
    assert!(!home.path("data/orders.db.lock").exists());
    std::fs::remove_dir(database(&home)).expect("it is empty");
    let foreign = Connection::open(database(&home)).expect("the folder takes it");
    foreign.execute_batch("CREATE TABLE kasir (a)").expect("made");
    drop(foreign);
    std::fs::set_permissions(database(&home), Permissions::from_mode(0o664)).expect("it is ours");
    assert!(refuses_to_start(&home).contains("did not make"));
    assert_eq!(mode(&database(&home)), 0o664);
    let backup = home.command(&["store", "backup", "copy.db"]).output().expect("it runs");
    assert!(String::from_utf8_lossy(&backup.stderr).contains("did not make"), "{backup:?}");
}
