//! `store verify` and `store restore`.

use std::{
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
    process::Output,
};

use rusqlite::Connection;

use crate::{
    forstok::order,
    service::{Home, Service, accurate, binary},
};

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn verify(file: &Path) -> Output {
    binary(&["store", "verify", file.to_str().expect("UTF-8")]).output().expect("it runs")
}

fn restore(home: &Home, arguments: &[&str]) -> Output {
    home.command(&[&["store", "restore"], arguments].concat()).output().expect("it runs")
}

fn database(home: &Home) -> PathBuf {
    home.path("data/orders.db")
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("it is there");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("it is there").file_name().into_string().expect("UTF-8")).collect();
    names.sort();
    names
}

/// A service with three invoiced orders, and a backup of it.
async fn with_a_backup(home: &Home) -> Service {
    let service = home.serve().await;
    for id in 1..=3 {
        assert_eq!(service.send(&order(id)).await.status, 200);
    }
    service.get_until("/v1/summary", |summary| summary["by_state"]["invoiced"] == 3).await;
    let output = home.command(&["store", "backup", "backup.db"]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    service
}

async fn stop(mut service: Service) {
    service.terminate();
    assert_eq!(service.exit_code().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_backup_is_verified_without_leaving_anything_behind() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = with_a_backup(&home).await;
    let before = names_in(&home.path("."));
    // The database itself, too, while a service uses it.
    for file in [home.path("backup.db"), database(&home)] {
        let output = verify(&file);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert!(said(&output).contains("is intact, and its tables agree"), "{}", said(&output));
        assert!(said(&output).contains("It holds 3 orders, 3 invoices, 0 receipts, 0 returns"), "{}", said(&output));
        assert!(said(&output).contains(" MiB."), "{}", said(&output));
        assert!(said(&output).contains("is this version's"), "{}", said(&output));
    }
    assert_eq!(names_in(&home.path(".")), before);
    drop(service);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_or_contradictory_backup_is_reported_and_never_restored() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    stop(with_a_backup(&home).await).await;
    let now = std::fs::read(database(&home)).expect("it is there");
    let backup = home.path("backup.db");
    let whole = std::fs::read(&backup).expect("it is there");
    let change = |sql: &str| {
        std::fs::write(&backup, &whole).expect("it is ours");
        Connection::open(&backup).expect("a database").execute_batch(sql).expect("changed");
    };
    let damage = || {
        let mut bytes = whole.clone();
        bytes[8_192 * 2..8_192 * 9].fill(0x55);
        std::fs::write(&backup, bytes).expect("it is ours");
    };
    let cases: [(&dyn Fn(), &str); 9] = [
        (&damage, "damaged: "),
        (&|| std::fs::write(&backup, "not a database").expect("it is ours"), "file is not a database"),
        (&|| change("DELETE FROM documents WHERE order_id = '2'"), "invoiced orders without their invoice: 1"),
        (&|| change("UPDATE order_counts SET n = n + 1 WHERE state = 'invoiced'"), "order_counts: 1"),
        (&|| change("UPDATE receivables SET total = total + 1"), "in receivables: 1"),
        (&|| change("UPDATE owing SET hundredths = hundredths + 1"), "in owing: 3"),
        (&|| change("UPDATE day_counts SET n = n - 1 WHERE kind = 'invoiced'"), "in day_counts: 1"),
        (&|| change("DELETE FROM deliveries"), "orders whose newest webhook is missing: 3"),
        (
            &|| change("PRAGMA user_version = 9; UPDATE compatibility SET needs = 9"),
            "a newer version of forstok-accurate",
        ),
    ];
    for (make, problem) in cases {
        make();
        let output = verify(&backup);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains(problem), "{problem}: {}", said(&output));
        let output = restore(&home, &["backup.db", "--keep-aside"]);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains(problem), "{problem}: {}", said(&output));
        assert_eq!(std::fs::read(database(&home)).expect("it is there"), now, "nothing was changed");
    }
    for (file, problem) in [
        ("nowhere.db", "there is no such file; name the file that `store backup` wrote"),
        ("settings.toml", "the file is not a database; name the file that `store backup` wrote"),
        (".", "it is not a file; name the file that `store backup` wrote"),
    ] {
        for output in [verify(&home.path(file)), restore(&home, &[file, "--keep-aside"])] {
            assert_eq!(output.status.code(), Some(1), "{}", said(&output));
            assert!(said(&output).contains(problem), "{}", said(&output));
        }
    }
    let itself = database(&home);
    let output = restore(&home, &[itself.to_str().expect("UTF-8"), "--keep-aside"]);
    assert!(said(&output).contains("it is the database itself"), "{}", said(&output));
    assert_eq!(std::fs::read(&itself).expect("it is there"), now, "nothing was changed");
    assert!(!home.path("nowhere.db").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_backup_is_not_to_be_used_and_only_a_damaged_database_is_to_be_replaced() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    stop(with_a_backup(&home).await).await;
    let (backup, database) = (home.path("backup.db"), database(&home));
    let to_do = "do not use this backup: use an older one, and if the service still works, make a new one now";
    let to_do_about_the_database = "stop the service, put the newest backup in its place (`store restore`)";
    let whole = std::fs::read(&backup).expect("it is there");
    // Some pages in the middle, and the first one, without which SQLite reads nothing.
    for damaged in [8_192 * 2..8_192 * 9, 100..8_192] {
        let mut bytes = whole.clone();
        bytes[damaged].fill(0x55);
        for file in [&backup, &database] {
            std::fs::write(file, &bytes).expect("it is ours");
        }
        for output in [verify(&backup), restore(&home, &["backup.db", "--keep-aside"])] {
            let said = said(&output);
            assert_eq!(output.status.code(), Some(1), "{said}");
            assert!(said.contains(to_do) && !said.contains("stop the service"), "{said}");
        }
        let said = said(&verify(&database));
        assert!(said.contains(to_do_about_the_database) && !said.contains(to_do), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_is_refused_while_a_service_runs_or_a_database_is_there() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = with_a_backup(&home).await;
    let output = restore(&home, &["backup.db", "--keep-aside"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("another forstok-accurate works on it"), "{}", said(&output));
    stop(service).await;
    let output = restore(&home, &["backup.db"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("with --keep-aside it gets another name"), "{}", said(&output));
    assert_eq!(names_in(&home.path("data")).iter().filter(|name| name.contains("part")).count(), 0);
    let service = home.serve().await;
    assert_eq!(service.count("invoiced").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_restored_database_takes_the_place_and_the_earlier_one_is_kept_with_its_log() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let mut service = with_a_backup(&home).await;
    assert_eq!(service.send(&order(4)).await.status, 200);
    service.order_once("4", "invoiced").await;
    // The log still holds order 4.
    service.kill();
    assert!(home.path("data/orders.db-wal").exists());
    let output = restore(&home, &["backup.db", "--keep-aside"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("3 orders, 3 invoices"), "{}", said(&output));
    let names = names_in(&home.path("data"));
    let aside = names.iter().find(|name| name.contains(".before-restore-")).expect("it is kept");
    assert!(said(&output).contains(aside.as_str()), "{}", said(&output));
    assert!(!names.iter().any(|name| name == "orders.db-wal" || name.contains(".part")), "{names:?}");
    let earlier = Connection::open(home.path("data").join(aside)).expect("a database");
    let orders: i64 = earlier.query_row("SELECT COUNT(*) FROM orders", [], |row| row.get(0)).expect("a table");
    assert_eq!(orders, 4);

    let mode = std::fs::metadata(database(&home)).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "{mode:o}");
    let service = home.serve().await;
    assert_eq!(service.count("invoiced").await, 3);
    assert_eq!(service.send(&order(4)).await.json()["delivery"], "accepted");
    service.order_once("4", "invoiced").await;
    assert_eq!(accurate.sandbox().invoice_count(), 4, "it was found, not created again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_restored_into_a_new_folder_for_the_owner_of_that_folder() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    stop(with_a_backup(&home).await).await;
    std::fs::rename(home.path("data"), home.path("earlier")).expect("it is there");
    std::fs::create_dir(home.path("data")).expect("the folder takes it");
    // As root, `systemd` gives the folder to the service's user before it starts the service.
    let is_root = std::fs::metadata(home.path("data")).expect("it is there").uid() == 0;
    if is_root {
        chown(home.path("data"), Some(65_532), Some(65_532)).expect("root may");
    }
    let output = restore(&home, &["backup.db"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let owner = std::fs::metadata(home.path("data")).expect("it is there").uid();
    let files = names_in(&home.path("data"));
    assert_eq!(files, ["orders.db", "orders.db.lock"]);
    for file in files {
        let metadata = std::fs::metadata(home.path("data").join(&file)).expect("it is there");
        assert_eq!((metadata.uid(), metadata.permissions().mode() & 0o777), (owner, 0o600), "{file}");
    }
    assert_eq!(home.serve().await.count("invoiced").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_database_is_restored_by_its_own_tools() {
    let accurate = accurate().await;
    let home = Home::on(&accurate, "postgres://nobody@localhost:1/none");
    let output = restore(&home, &["backup.db"]);
    assert!(output.status.code() == Some(1) && said(&output).contains("deploy/runbook.md"), "{}", said(&output));
}
