//! The page of shadow mode: what it says, who may end it, and what happens then.

use forstok_accurate::sandbox::{OldIntegration, samples::SAMPLES};
use reqwest::StatusCode;
use serde_json::json;

use super::{
    after_sale::{payout, sends},
    visitor::Visitor,
};
use crate::{
    forstok::order,
    service::{Home, OPERATOR_TOKEN, Service, accurate, mapping},
};

const READER: &str = "token-of-somebody-who-reads";

fn old_integration() -> OldIntegration {
    OldIntegration {
        customers: [("7600".to_owned(), "TOKPED-JKT".to_owned())].into(),
        skus: [("SET-GEO".to_owned(), "SETGEO-01".to_owned())].into(),
        warehouses: [("834".to_owned(), "Utama".to_owned())].into(),
        branch: Some("Kantor Pusat".to_owned()),
        shipping_account: None,
    }
}

/// A service in shadow mode; the samples are booked by the other integration, one more order is not.
async fn in_shadow_mode() -> (forstok_accurate::sandbox::Running, Service) {
    let accurate = accurate().await;
    for sample in SAMPLES {
        accurate.sandbox().old_integration_books(&old_integration(), &sample.json());
    }
    let home = Home::new(&accurate);
    home.write("mapping.toml", &format!("posting = \"shadow\"\n{}", mapping()));
    let settings = std::fs::read_to_string(home.path("settings.toml")).expect("readable");
    home.write("settings.toml", &format!("{settings}\n[operators.ani]\ntoken = \"{READER}\"\nrole = \"read\"\n"));
    let service = home.serve().await;
    service.send_all_samples().await;
    service.send(&order(7)).await;
    service
        .get_until("/v1/shadow", |shadow| {
            shadow["waiting"]["count"] == 0 && shadow["equal"]["count"] == 4 && shadow["absent"]["count"] == 1
        })
        .await;
    (accurate, service)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_names_each_difference_and_ends_shadow_mode_only_for_an_admin() {
    let (accurate, service) = in_shadow_mode().await;
    let sums = service.get("/v1/shadow").await.json();
    assert_eq!((&sums["posting"], &sums["differs"]["count"]), (&json!("shadow"), &json!(6)));
    let early = sums["differences"].as_array().expect("a list").iter().find(|one| one["kind"] == "date_earlier");
    assert_eq!(early.expect("it is there")["count"], 3);
    let listed = service.get("/v1/shadow/differences?kind=date_earlier&limit=2").await.json();
    assert_eq!(listed["differences"].as_array().expect("a list").len(), 2);
    let cursor = listed["next_cursor"].as_str().expect("there is another page").to_owned();
    let rest = service.get(&format!("/v1/shadow/differences?kind=date_earlier&cursor={cursor}")).await.json();
    assert_eq!((rest["differences"].as_array().expect("a list").len(), &rest["next_cursor"]), (1, &json!(null)));
    assert_eq!(service.get("/v1/shadow/differences?kind=nonsense").await.status, 400);
    let summary = service.get("/v1/summary").await.json();
    assert_eq!((&summary["oldest_due_seconds"], &summary["queue"]["orders"]), (&json!(0.0), &json!(0)));

    let mut reader = Visitor::of(&service);
    reader.signs_in(READER).await.goes_to("/");
    let page = reader.get("/mapping/shadow").await;
    page.says(&["Shadow mode", "4 equal, 6 differ, 1 not in Accurate yet", "Second price lost", "28/11/2023", "N7"]);
    assert!(!page.text().contains("Start creating invoices"), "only an admin may");
    assert_eq!(reader.post("/mapping/shadow/start", &[]).await.status, StatusCode::FORBIDDEN);
    reader.get("/").await.says(&[
        "Shadow mode:",
        "nothing is sent to Accurate",
        "11 invoices are drafted and not sent",
    ]);
    let of_order =
        ["Draft only", "The draft and the invoice in Accurate", "Date too early", "28/11/2023", "27/11/2023"];
    reader.get("/orders/138163402").await.says(&of_order);
    reader.get("/mapping/shadow?kind=date_earlier").await.says(&["Date too early", "3 orders"]);

    let mut admin = Visitor::of(&service);
    admin.signs_in(OPERATOR_TOKEN).await.goes_to("/");
    let fields = admin.get("/mapping").await.fields_of("mapping");
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let nothing_is_sent = "Shadow mode is on: invoices are only drafted, and nothing is sent to Accurate.";
    admin.post("/mapping/try", &fields).await.says(&["Tried on past orders; nothing is saved yet", nothing_is_sent]);
    let form = [
        "Switch the other integration off first.",
        "1 order without an invoice in Accurate: the invoice is created now.",
        "4 orders with an equal invoice: that invoice is used, and none is created.",
        "6 orders with a different invoice: nothing is created or changed.",
    ];
    let row = json!([payout("row-1", "N7", 70_000, &json!({"subtotal": 80_000, "service_fee": -10_000}))]);
    sends(&service, "/v1/payouts", row).await;
    admin.get("/mapping/shadow?form=start").await.says(&form);
    let setup = admin.get("/setup").await;
    setup.says(&["As soon as you start:"]);
    setup.says(&form[1..]);
    let invoices = accurate.sandbox().invoice_count();
    admin.post("/mapping/shadow/start", &[]).await.goes_to("/mapping/shadow?done=started");
    service.get_until("/v1/summary", |summary| summary["by_state"]["invoiced"] == 5).await;
    service.get_until("/v1/summary", |summary| summary["by_reason"]["number_conflict"] == 6).await;
    assert_eq!(accurate.sandbox().invoice_count(), invoices + 1);
    admin.get("/mapping/shadow").await.says(&["Shadow mode is off"]);
    assert!(!admin.get("/").await.text().contains("Shadow mode:"));
    admin.get("/mapping/history").await.says(&["operator", "created and deleted automatically"]);
    admin.get("/problems").await.says(&["6 orders"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_indonesian_no_english_is_left_on_the_pages_of_shadow_mode() {
    let (_accurate, service) = in_shadow_mode().await;
    let mut reader = Visitor::operator(&service).await.with("accept-language", "id");
    for path in ["/", "/mapping/shadow", "/mapping/shadow?form=start", "/orders/138163402", "/orders/7", "/mapping"] {
        let page = reader.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        let text = page.text();
        for english in [" the ", " is ", " of ", " and ", " not ", " order ", " invoice ", " draft ", " differs"] {
            assert!(!text.contains(english), "{english:?} on {path}:\n{text}");
        }
    }
}
