//! `mapping show | apply | history`.

use forstok_accurate::{
    sandbox::samples::MAPPING,
    storage::{Sqlite, Storage},
};

use serde_json::json;

use super::{Said, apply, run, with_store};
use crate::{
    forstok::order,
    service::{Home, accurate},
};

/// Settings without any secret: offline commands need none.
const OFFLINE: &str = "[database]\nurl = \"sqlite://data/orders.db\"\n[books.main]\n";

/// A folder whose database exists, as after the first start of the service.
async fn home(settings: &str) -> Home {
    let home = Home::with_settings(settings);
    let database = Sqlite::open(&home.path("data/orders.db")).await.expect("a database can be made");
    database.close().await;
    home
}

fn show(home: &Home) -> Said {
    run(&mut home.command(&["mapping", "show"]))
}

fn history(home: &Home) -> Said {
    run(&mut home.command(&["mapping", "history"]))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_is_applied_shown_and_remembered() {
    let home = home(OFFLINE).await;
    let nothing = show(&home);
    assert_eq!(nothing.code, Some(1), "{}", nothing.out);
    assert!(nothing.errors.contains("mapping apply"), "{}", nothing.errors);

    let first = apply(&home, MAPPING);
    assert_eq!(first.code, Some(0), "{}", first.errors);
    assert!(
        first.out.starts_with(&format!("Revision 1 is now active in {}:", home.path("data/orders.db").display())),
        "{}",
        first.out
    );
    let shown = show(&home);
    assert!(shown.out.starts_with("# revision 1, since "), "{}", shown.out);
    assert!(shown.out.contains(&format!("# Database: {}\n", home.path("data/orders.db").display())), "{}", shown.out);
    assert!(shown.out.contains("by command line") && shown.out.contains(MAPPING.trim_end()), "{}", shown.out);

    let second = apply(&home, &with_store("4711"));
    assert_eq!(second.code, Some(0), "{}", second.errors);
    assert!(second.out.contains("stores.4711.branch = \"Kantor Pusat\" (new)"), "{}", second.out);
    let history = history(&home).out;
    let revisions: Vec<_> = history.lines().filter(|line| line.starts_with("revision ")).collect();
    assert_eq!(revisions.len(), 2, "{history}");
    assert!(revisions[0].starts_with("revision 2 ") && revisions[1].starts_with("revision 1 "), "newest first");
    assert!(revisions.iter().all(|revision| revision.ends_with("command line (budi)")), "{history}");
    assert!(history.contains("  stores.4711.book = \"main\" (new)"), "{history}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_can_be_applied_and_changes_nothing() {
    let home = home(OFFLINE).await;
    apply(&home, MAPPING);
    // The printed mapping, and the same with other spelling: neither changes anything.
    let spelled_otherwise = MAPPING.replace("[stores.\"8277\"]", "# the first\n[stores.'08277']");
    for document in [show(&home).out, spelled_otherwise] {
        let again = apply(&home, &document);
        assert_eq!(again.code, Some(0), "{}", again.errors);
        let path = home.path("data/orders.db");
        assert_eq!(again.out, format!("Nothing to change in {}: revision 1 is the same.\n", path.display()));
    }
    assert_eq!(history(&home).out.matches("\nrevision ").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_with_mistakes_is_refused_whole() {
    let home = home(OFFLINE).await;
    apply(&home, MAPPING);
    let before = show(&home).out;
    let cases = [
        ("bundels = \"parent\"\n", "bundels", "did you mean \"bundles\""),
        ("on_cancel = \"vod\"\n", "on_cancel", "did you mean \"void\""),
        ("create_missing_customers = 1\n", "create_missing_customers", "must be true or false"),
        ("[stores.\"08277\"]\n[stores.8277]\n", "stores", "appears twice"),
        ("[stores.\"1\"]\nbook = \"toko\"\n", "stores.\"1\".book", "add [books.toko]"),
        ("[stores.\"1\".accounts]\nshiping = \"1\"\n", "stores.\"1\".accounts.shiping", "did you mean \"shipping\""),
        ("orders_from = \n", "line 1", ""),
    ];
    for (document, key, remedy) in cases {
        let refused = apply(&home, document);
        assert_eq!(refused.code, Some(2), "{document}: {}", refused.out);
        assert!(refused.errors.contains(key) && refused.errors.contains(remedy), "{document}: {}", refused.errors);
    }
    let refused = apply(&home, "bundels = \"parent\"\n").errors;
    assert!(refused.starts_with("The mapping was not changed: 1 error.\nIn the mapping "), "{refused}");
    let all: String = cases[..3].iter().map(|(document, ..)| *document).collect();
    let refused = apply(&home, &all).errors;
    assert!(cases[..3].iter().all(|(_, key, _)| refused.contains(key)), "all at once: {refused}");
    assert_eq!(show(&home).out, before);
    assert_eq!(run(home.command(&["mapping", "apply"]).arg("nowhere.toml")).code, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn accepting_unknown_stores_needs_the_book_that_they_go_to() {
    let home = home("[database]\nurl = \"sqlite://data/orders.db\"\n[books.toko]\n").await;
    let accepted = "unknown_stores = \"accept\"\n[stores.\"1\"]\nbook = \"toko\"\n";
    let refused = apply(&home, accepted);
    assert_eq!(refused.code, Some(2), "{}", refused.out);
    assert!(refused.errors.contains("unknown_stores") && refused.errors.contains("[books.main]"), "{}", refused.errors);
    assert_eq!(apply(&home, &accepted.replace("accept", "block")).code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_database_every_command_refuses_and_makes_none() {
    let home = Home::with_settings(OFFLINE);
    let path = home.path("data/orders.db").display().to_string();
    for said in [show(&home), history(&home), apply(&home, MAPPING)] {
        assert_eq!(said.code, Some(1), "{}", said.out);
        assert!(said.errors.contains(&path) && said.errors.contains("there is no such file"), "{}", said.errors);
    }
    assert!(!home.path("data").exists(), "no database was made");
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_count_from_the_settings_whatever_folder_a_command_runs_in() {
    let home = home(OFFLINE).await;
    apply(&home, MAPPING);
    let elsewhere = tempfile::tempdir().expect("a folder");
    let shown = run(home.command(&["mapping", "show"]).current_dir(elsewhere.path()));
    assert!(shown.out.contains("revision 1"), "{}", shown.errors);
    assert_eq!(std::fs::read_dir(elsewhere.path()).expect("readable").count(), 0, "nothing was made there");

    // Without --config: the variable, then the working directory.
    let settings = home.path("settings.toml");
    let mut by_variable = crate::service::binary(&["mapping", "show"]);
    by_variable.env("FORSTOK_ACCURATE_CONFIG", &settings).current_dir(elsewhere.path());
    assert!(run(&mut by_variable).out.contains("revision 1"));
    let mut by_folder = crate::service::binary(&["mapping", "show"]);
    assert!(run(by_folder.current_dir(home.path("."))).out.contains("revision 1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_where_earlier_versions_looked_for_it_is_not_left_behind() {
    let home = home(OFFLINE).await;
    std::fs::create_dir(home.path("etc")).expect("the folder takes folders");
    std::fs::write(home.path("etc/settings.toml"), OFFLINE).expect("the folder takes files");
    let mut command = crate::service::binary(&["mapping", "show", "--config", "etc/settings.toml"]);
    let refused = run(command.current_dir(home.path(".")));
    assert_eq!(refused.code, Some(2), "{}", refused.out);
    assert!(refused.errors.contains("relative paths count from the settings file's folder"), "{}", refused.errors);
    assert!(!home.path("etc/data").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_mapping_is_shown_and_restored_by_its_revision() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    drop(home.serve().await);
    assert_eq!(apply(&home, &with_store("4711")).code, Some(0));
    let shown = run(home.command(&["mapping", "show", "--revision", "1"]).env("USER", "budi"));
    assert_eq!(shown.code, Some(0));
    assert!(shown.out.starts_with("# revision 1") && !shown.out.contains("4711"), "{}", shown.out);
    let restored = run(home.command(&["mapping", "restore", "1"]).env("USER", "budi").env_remove("SUDO_USER"));
    assert_eq!(restored.code, Some(0), "{}", restored.errors);
    assert!(restored.out.starts_with("Revision 3 is now active"), "{}", restored.out);
    assert!(restored.out.contains("stores.4711.branch = \"Kantor Pusat\" (removed)"), "{}", restored.out);
    let history = run(&mut home.command(&["mapping", "history"])).out;
    assert!(history.contains("restored revision 1") && history.contains("command line (budi)"), "{history}");
    for action in [["mapping", "show", "--revision", "9"].as_slice(), &["mapping", "restore", "9"]] {
        let missing = run(&mut home.command(action));
        assert_eq!(missing.code, Some(1));
        assert!(missing.errors.contains("There is no revision 9 in"), "{}", missing.errors);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_reports_what_a_mapping_would_change_and_changes_nothing() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = home.serve().await;
    service.send(&order(1)).await;
    service.order_once("1", "invoiced").await;
    let mut unknown = order(2);
    unknown["order"]["store_id"] = json!(4711);
    service.send(&unknown).await;
    service.order_once("2", "blocked").await;
    let dry_run = |document: &str| {
        let file = home.path("candidate.toml");
        std::fs::write(&file, document).expect("the folder takes files");
        run(home.command(&["mapping", "apply", "--dry-run"]).arg(file))
    };
    let report = dry_run(
        &with_store("4711")
            .replace("[stores.\"8277\"]\nbranch = \"Kantor Pusat\"", "[stores.\"8277\"]\nbranch = \"Timur\""),
    );
    assert_eq!(report.code, Some(0), "{} {}", report.out, report.errors);
    for line in [
        "Tried on 2 past orders; nothing was saved.",
        "1 order (Rp80.000): blocked (store_unmapped) → invoice",
        "waiting, and moved as soon as the mapping is applied: 1",
        "1 invoice would be different; existing ones, which stay as they are: 1",
        "branch: Kantor Pusat → Timur",
    ] {
        assert!(report.out.contains(line), "{line:?} is missing:\n{}", report.out);
    }
    assert!(!report.out.contains("posting"), "{}", report.out);
    let in_shadow = dry_run(&format!("posting = \"shadow\"\n{}", with_store("4711")));
    assert!(
        in_shadow.out.contains("posting = \"shadow\": invoices are only drafted, and nothing is sent"),
        "{}",
        in_shadow.out
    );
    let mut missing = order(3);
    missing["order"]["item_lines"][0]["sku"] = json!("BARU-01");
    service.send(&missing).await;
    service.order_once("3", "blocked").await;
    let other = dry_run(&format!("{MAPPING}\n[reconcile]\ndays = 9\n"));
    let again = "1 blocked order (Rp80.000), for example refused by Accurate: attempted again";
    assert!(other.out.contains(again) && !other.out.contains("Nothing would change"), "{}", other.out);
    let file = home.path("candidate.toml");
    let on_days = |from: &str, to: &str| {
        let arguments = ["mapping", "apply", "--dry-run", "--from", from, "--to", to];
        run(home.command(&arguments).arg(&file))
    };
    let [early, all] = [on_days("2020-01-01", "2020-01-31"), on_days("2020-01-01", "2030-01-31")];
    assert!(early.out.contains("Tried on 0 past orders"), "{} {}", early.out, early.errors);
    assert!(all.out.contains("Tried on 3 past orders"), "{} {}", all.out, all.errors);
    let swapped = on_days("2020-01-31", "2020-01-01");
    assert!(swapped.code == Some(2) && swapped.errors.contains("--from"), "{:?} {}", swapped.code, swapped.errors);
    let blocks = dry_run("bundles = \"parent\"\n");
    assert_eq!(blocks.code, Some(1), "orders that would be blocked are a finding");
    assert!(blocks.out.contains("With this mapping, no order would get an invoice any more."), "{}", blocks.out);
    assert_eq!(service.get("/v1/mapping").await.json()["revision"], 1);
}
