//! The same order again.

use serde_json::json;

use crate::{
    forstok::sample,
    service::{Home, accurate},
};

#[tokio::test(flavor = "multi_thread")]
async fn the_same_order_again_is_answered_with_its_state_and_its_invoice() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let body = sample("01-shopee-simple").json();

    let first = service.send(&body).await;
    assert_eq!((first.status.as_u16(), first.kind.as_str()), (200, "application/json"));
    let expected = json!({
        "message": "Success", "order_id": "138163394", "delivery": "accepted", "state": "received", "invoice": null,
    });
    assert_eq!(first.json(), expected);

    service.order_once("138163394", "invoiced").await;
    let standing = accurate.sandbox().invoices_numbered("231127PECAFY4J");
    let again = service.send(&body).await;
    assert_eq!(again.status, 200);
    let expected = json!({
        "message": "Success", "order_id": "138163394", "delivery": "repeat", "state": "invoiced",
        "invoice": {"number": "231127PECAFY4J", "id": standing[0].id},
    });
    assert_eq!(again.json(), expected);

    // A later snapshot is not a repeat, and does not change the invoice.
    let mut later = body;
    later["order"]["status"] = json!("Shipped");
    later["order"]["updated_at"] = json!("2023-11-29T10:00:00.000+07:00");
    let answer = service.send(&later).await.json();
    assert_eq!((&answer["delivery"], &answer["state"]), (&json!("accepted"), &json!("invoiced")));
    assert_eq!(answer["invoice"], expected["invoice"]);
    assert_eq!(accurate.sandbox().invoice_count(), 1);
    assert_eq!(accurate.sandbox().breach_count(), 0);
}
