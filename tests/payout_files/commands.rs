//! `payout import` and `payout profiles`.

use std::process::Command;

use serde_json::Value;

use crate::service::{Home, accurate};

use super::example;

/// Exit code, output, errors.
fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let output = command.env("LC_ALL", "C").output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_a_file_contains_and_what_the_mapping_lacks() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    home.write("income.csv", &String::from_utf8(example("shopee-income.csv")).expect("UTF-8"));
    let file = home.path("income.csv");
    let import = |more: &[&str]| run(home.command(&["payout", "import"]).arg(&file).args(more));
    let dry = ["--profile", "shopee-income", "--dry-run"];
    let (code, _, errors) = import(&dry);
    assert_eq!(code, Some(1), "there is no database yet: {errors}");
    let _service = home.serve().await;
    let (code, out, errors) = import(&dry);
    assert_eq!(code, Some(0), "{errors}");
    for words in [
        "(unproven: its headings are a guess)",
        "4 rows: 4 payouts for 3 orders, 2026-11-05 to 2026-11-06, Rp314.500 in total",
        "-Rp22.500,50  commission_fee  not in the mapping",
        "\"Biaya Baru\" has numbers in 1 row and is not in the profile",
        "1 whose amounts do not add up to their money, the first in line 6",
        "Nothing was recorded: this was a dry run.",
    ] {
        assert!(out.contains(words), "{words:?} is not in {out}");
    }
    let (_, out, _) = import(&["--profile", "shopee-income", "--dry-run", "--json"]);
    let summary: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((&summary["payouts"]["sum"], &summary["orders"]), (&314_500.into(), &3.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_recorded_once_and_each_payout_has_an_outcome() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    home.write("income.csv", &String::from_utf8(example("shopee-income.csv")).expect("UTF-8"));
    let service = home.serve().await;
    let import = || {
        let outcome = format!("--outcome={}", home.path("outcome.csv").display());
        let mut command = home.command(&["payout", "import", "--profile", "shopee-income"]);
        run(command.arg(outcome).arg(home.path("income.csv")))
    };
    let (code, out, errors) = import();
    assert_eq!(code, Some(0), "{errors}");
    assert!(out.contains("Recorded: 4 accepted, 0 known already, 0 corrected, 0 refused"), "{out}");
    let outcomes = std::fs::read_to_string(home.path("outcome.csv")).expect("it is written");
    assert_eq!(outcomes.lines().filter(|line| line.contains("accepted")).count(), 4, "{outcomes}");
    let payouts = service.get("/v1/payouts").await.json();
    assert_eq!(payouts["payouts"].as_array().map(Vec::len), Some(4), "{payouts}");
    let (_, out, _) = import();
    assert!(out.contains("Recorded: 0 accepted, 4 known already, 0 corrected, 0 refused"), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_never_changes_how_the_next_import_reads_money() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    home.write("own.csv", "Kode;Hari;Dana\nA;05/11/2026;12.000\n");
    let file = home.path("own.csv");
    let _service = home.serve().await;
    let columns =
        ["--profile", "generic", "--column", "order=Kode", "--column", "paid_at=Hari", "--column", "net=Dana"];
    let import = |more: &[&str]| run(home.command(&["payout", "import"]).arg(&file).args(columns).args(more));
    let (code, out, errors) = import(&["--dry-run", "--numbers", "en"]);
    assert_eq!(code, Some(0), "{errors}");
    assert!(out.contains("Rp12 in total"), "{out}");
    let (code, _, errors) = import(&[]);
    assert_eq!(code, Some(1), "the dry run has answered nothing");
    assert!(errors.contains("--numbers id"), "it asks: {errors}");
    let (code, out, errors) = import(&["--numbers", "id"]);
    assert_eq!(code, Some(0), "{errors}");
    assert!(out.contains("Rp12.000 in total"), "{out}");
    let (_, out, _) = import(&[]);
    assert!(out.contains("Rp12.000 in total"), "the answer for an imported file is remembered: {out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_counts_for_one_file_and_a_column_adds_to_those_that_are_recognised() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    home.write("own.csv", "No. Pesanan;Tanggal;Dana Diterima;subtotal;Biaya\nA;05/11/2026;138000;150000;12000\n");
    let file = home.path("own.csv");
    let service = home.serve().await;
    let import = |more: &[&str]| run(home.command(&["payout", "import", "--profile", "generic"]).arg(&file).args(more));
    let (code, out, errors) = import(&["--column", "taken.service_fee=Biaya"]);
    assert_eq!(code, Some(0), "{errors}");
    assert!(out.contains("-Rp12.000  service_fee\n") && out.contains("Rp150.000  subtotal\n"), "{out}");
    let accepted = |out: &str| out.contains("Recorded: 1 accepted");
    assert!(accepted(&import(&["--source", "another-shop"]).1), "the same file of another source is another payout");
    let (_, out, _) = import(&[]);
    assert!(out.contains("Recorded: 0 accepted, 1 known already"), "the source was that of one file: {out}");
    let payouts = service.get("/v1/payouts").await.json();
    let sources: Vec<_> =
        payouts["payouts"].as_array().expect("a list").iter().map(|one| one["source"].clone()).collect();
    assert_eq!(sources, ["another-shop", "file"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_are_chosen_once_and_a_profile_beside_the_settings_is_used() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    home.write("own.csv", "Kode;Hari;Dana;Biaya\nA;05/11/2026;12.000;1.000\n");
    let file = home.path("own.csv");
    let _service = home.serve().await;
    let import = |more: &[&str]| run(home.command(&["payout", "import"]).arg(&file).args(more));
    let (code, _, errors) = import(&["--profile", "generic"]);
    assert_eq!(code, Some(1));
    assert!(errors.contains("The headings are: Kode, Hari, Dana, Biaya"), "{errors}");
    let columns = ["order=Kode", "paid_at=Hari", "net=Dana", "taken.service_fee=Biaya"];
    let mut chosen = vec!["--profile", "generic"];
    for column in &columns {
        chosen.extend(["--column", column]);
    }
    let (code, _, errors) = import(&chosen);
    assert_eq!(code, Some(1));
    assert!(errors.contains("--numbers id"), "it asks: {errors}");
    chosen.extend(["--numbers", "id"]);
    let (code, out, errors) = import(&chosen);
    assert_eq!(code, Some(0), "{errors}");
    assert!(out.contains("-Rp1.000  service_fee\n"), "{out}");
    let (code, out, errors) = import(&["--profile", "generic", "--dry-run"]);
    assert_eq!(code, Some(0), "the columns and the answer are remembered: {errors}");
    assert!(out.contains("-Rp1.000  service_fee\n"), "{out}");
    assert_eq!(import(&["--profile", "generic", "--column", "net=Uang"]).0, Some(1), "there is no such heading");
    assert_eq!(import(&["--profile", "generic", "--column", "money=Dana"]).0, Some(2));
    assert_eq!(import(&["--profile", "unheard-of"]).0, Some(2));

    let folder = run(home.command(&["payout", "import", "--profile", "generic"]).arg(home.path(".")));
    assert!(folder.0 == Some(1) && folder.2.contains("is a folder; name a file"), "{}", folder.2);

    let (code, printed, errors) = run(&mut home.command(&["payout", "profiles", "lazada"]));
    assert_eq!(code, Some(0), "{errors}");
    home.write("lazada.toml", &printed.replace("title = \"Lazada", "title = \"Our Lazada"));
    let (_, list, _) = run(&mut home.command(&["payout", "profiles"]));
    assert!(list.contains("Our Lazada") && list.contains("unproven"), "{list}");
}
