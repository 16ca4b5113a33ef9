//! `orders import`.

use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

use forstok_accurate::sandbox::ForstokSandbox;
use serde_json::Value;

use super::lines;
use crate::{
    forstok::order as order_of_forstok,
    pages::visitor::Visitor,
    service::{Home, accurate, eventually},
    world::order,
};

/// Exit code, output, errors.
fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (status.code(), text(stdout), text(stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_imported_beside_a_running_service() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = home.serve().await;
    home.write("orders.jsonl", &lines(&[order("1").ready_to_ship(), order("2").ready_to_ship()]));
    let file = home.path("orders.jsonl");
    let import = |more: &[&str]| run(home.command(&["orders", "import"]).arg(&file).args(more));
    let (code, out, errors) = import(&[]);
    assert_eq!(code, Some(1), "{errors}");
    assert!(out.starts_with(&format!("2 lines compared with {}", home.path("data/orders.db").display())), "{out}");
    for words in
        ["       2  not known here", "line 1: order 1, INV-1 is not known here (Ready to Ship, Rp80.000", "--ingest"]
    {
        assert!(out.contains(words), "{words:?} is not in {out}");
    }
    assert_eq!(service.get("/v1/orders/1").await.status, 404);
    let (code, out, errors) = import(&["--ingest"]);
    assert_eq!(code, Some(0), "{errors}");
    assert!(out.contains("2 snapshots taken in"), "{out}");
    // Webhooks are taken as before.
    assert_eq!(service.send(&order_of_forstok(3)).await.status, 200);
    service.order_once("3", "invoiced").await;
    let answer = service.order_once("1", "invoiced").await;
    assert_eq!(answer["snapshots"][0]["origin"], "import");
    assert_eq!(answer["timeline"][0]["event"]["origin"], "import");
    let (code, out, _) = import(&["--json"]);
    let answer: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((code, &answer["same"], &answer["kind"]), (Some(0), &2.into(), &"bodies".into()));

    let mut from_stdin = home.command(&["orders", "import", "-"]);
    let mut child = from_stdin.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it runs");
    let body = lines(&[order("1").shipped()]);
    child.stdin.take().expect("piped").write_all(body.as_bytes()).expect("it reads");
    let out = child.wait_with_output().expect("it ends");
    assert!(String::from_utf8_lossy(&out.stdout).contains("       1  newer than what is known"));
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_that_arrive_during_an_import_are_accepted_and_the_import_continues() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = home.serve().await;
    let orders: Vec<_> = (1_000..3_000).map(|id| order(&id.to_string()).open()).collect();
    home.write("orders.jsonl", &lines(&orders));
    let mut command = home.command(&["orders", "import", "--ingest"]);
    command.arg(home.path("orders.jsonl"));
    let import = tokio::task::spawn_blocking(move || run(&mut command));
    let mut sent = 0;
    while !import.is_finished() {
        sent += 1;
        assert_eq!(service.send(&order_of_forstok(sent)).await.status, 200);
    }
    let (code, out, errors) = import.await.expect("it ends");
    assert_eq!(code, Some(0), "{out} {errors}");
    assert!(out.contains("2000 snapshots taken in"), "{out}");
    for id in [1_000, 2_999] {
        service.order_once(&id.to_string(), "watching").await;
    }
    service.order_once(&sent.to_string(), "invoiced").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_are_named_on_the_command_line_and_a_database_must_exist() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    home.write("export.csv", "Kode;Keadaan\n1;Open\n");
    let file = home.path("export.csv");
    let import = |more: &[&str]| run(home.command(&["orders", "import"]).arg(&file).args(more));
    let (code, _, errors) = import(&[]);
    assert_eq!(code, Some(1));
    assert!(errors.contains("orders.db"), "{errors}");
    assert!(!home.path("data/orders.db").exists(), "only the service creates a database");
    let _service = home.serve().await;
    let (code, _, errors) = import(&[]);
    assert_eq!(code, Some(1));
    assert!(errors.contains("The headings are: Kode, Keadaan"), "{errors}");
    assert_eq!(import(&["--column", "kode=Kode"]).0, Some(2));
    let (code, out, errors) = import(&["--column", "order_id=Kode"]);
    assert_eq!(code, Some(1), "{errors}");
    assert!(out.contains("Columns: order_id=\"Kode\""), "{out}");
    assert!(import(&[]).1.contains("line 2: order 1 is not known here\n"), "remembered");
    home.write("export.csv", "Kode;Keadaan;Jml\n1;Open;50000\n");
    import(&["--column", "order_id=Kode"]);
    let (_, out, _) = import(&["--column", "total=Jml"]);
    assert!(out.contains("order_id=\"Kode\"") && out.contains("total=\"Jml\""), "it is added: {out}");
    home.write("export.csv", "Kode;Keadaan\n");
    let (code, out, _) = import(&[]);
    assert_eq!(code, Some(1));
    assert!(out.contains("The file contains no orders") && !out.contains("Nothing is missing"), "{out}");
}

/// Settings of the stand-in for Forstok that listens beside the sandbox.
fn forstok_settings(url: &str) -> String {
    format!(
        "[forstok.api]\nbase_url = \"{url}/forstok\"\nauth_url = \"{url}/forstok{}\"\norders_path = \"{}\"\nid = \
         \"{}\"\nsecret_key = \"{}\"\nuser_id = \"{}\"\n[backfill]\ncalls_per_minute = 600\n[database]",
        ForstokSandbox::AUTH_PATH,
        ForstokSandbox::ORDERS_PATH,
        ForstokSandbox::ID,
        ForstokSandbox::SECRET_KEY,
        ForstokSandbox::USER_ID,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_of_forstok_are_compared_beside_a_running_service_and_taken_in() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let (code, _, errors) = run(&mut home.command(&["orders", "backfill"]));
    assert_eq!(code, Some(1), "there is no database yet: {errors}");
    let service = home.serve().await;
    let (code, _, errors) = run(&mut home.command(&["orders", "backfill"]));
    assert_eq!(code, Some(2));
    assert!(errors.contains("forstok.api.orders_path"), "{errors}");
    drop(service);

    home.change_settings("[database]", &forstok_settings(&accurate.url()));
    accurate.sandbox().forstok().lists(&order("1").ready_to_ship().body_json());
    let service = home.serve().await;
    let period = ["orders", "backfill", "--from", "2023-11-27", "--to", "2023-11-27"];
    let backfill = |more: &[&str]| run(home.command(&period).args(more));
    let reversed = ["orders", "backfill", "--from", "2023-11-28", "--to", "2023-11-27"];
    let (code, _, errors) = run(&mut home.command(&reversed));
    assert_eq!(code, Some(2), "otherwise nothing would seem to be missing");
    assert!(errors.contains("--to: 2023-11-27 is before --from, 2023-11-28"), "{errors}");
    // The service itself asks after its start; meanwhile the command is refused.
    let mut visitor = Visitor::operator(&service).await;
    eventually("the service has asked", async || {
        let page = visitor.get("/orders/import").await;
        (!page.text().contains("has not been read yet")).then_some(())
    })
    .await;
    let (code, out, errors) = backfill(&[]);
    assert_eq!(code, Some(1), "{errors}");
    assert!(out.starts_with("1 order of Forstok, 2023-11-27 00:00:00 WIB to 2023-11-28 00:00:00 WIB"), "{out}");
    assert!(out.contains("order 1, INV-1 is not known here (Ready to Ship, Rp80.000"), "{out}");
    let (code, out, errors) = backfill(&["--ingest", "--json"]);
    let answer: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out} {errors}"));
    assert_eq!((code, &answer["ingested"], &answer["complete"]), (Some(0), &1.into(), &true.into()));
    assert_eq!(service.order_once("1", "invoiced").await["snapshots"][0]["origin"], "backfill");
    let page = visitor.get("/orders/import").await;
    page.says(&[
        "Orders that Forstok lists",
        "0 orders are missing here, 0 are out of date. The service only reports them",
    ]);
    for id in 2..60 {
        accurate.sandbox().forstok().lists(&order(&id.to_string()).ready_to_ship().body_json());
    }
    accurate.sandbox().forstok().behaves(|one| one.ignores_pages = true);
    let (code, _, errors) = backfill(&[]);
    assert_eq!(code, Some(3), "{errors}");
    assert!(errors.contains("Not read to the end, so there may be more: Forstok lists the same page"), "{errors}");
}
