//! Look-ups that lag behind.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::Value;

use super::{Caller, invoice};
use crate::sandbox::Action;

const DETAIL: u64 = 30;
const LIST: u64 = 60;

fn at_work() -> Caller {
    let caller = Caller::at_work();
    caller.sandbox.change_settings(|settings| {
        settings.detail_lag = Duration::from_secs(DETAIL);
        settings.list_lag = Duration::from_secs(LIST);
    });
    caller
}

/// Whether the detail by number, the detail by id, and the list show invoice N-1 with id 1.
fn shown(caller: &Caller) -> [bool; 3] {
    let detail = |query| caller.gets(Action::InvoiceDetail, query)["s"] == true;
    let rows = |query| caller.gets(Action::InvoiceList, query)["sp"]["rowCount"] == 1;
    assert_eq!(rows(""), rows("filter.number.val=N-1"));
    assert_eq!(rows(""), rows("filter.transDate.val=27/11/2023"));
    [detail("number=N-1"), detail("id=1"), rows("")]
}

fn later(caller: &mut Caller, seconds: i64) {
    caller.now += SignedDuration::from_secs(seconds);
}

#[test]
fn a_saved_invoice_shows_in_details_and_in_lists_when_their_time_has_come() {
    let mut caller = at_work();
    assert_eq!(caller.saves(&invoice("N-1", &Value::Null))["s"], true);
    assert_eq!(shown(&caller), [false; 3]);
    assert_eq!(caller.saves(&invoice("N-1", &Value::Null))["s"], false, "its number is taken at once");
    later(&mut caller, 29);
    assert_eq!(shown(&caller), [false; 3]);
    later(&mut caller, 1);
    assert_eq!(shown(&caller), [true, true, false]);
    later(&mut caller, 30);
    assert_eq!(shown(&caller), [true; 3]);
}

#[test]
fn a_deleted_invoice_lingers_as_long() {
    let mut caller = at_work();
    caller.saves(&invoice("N-1", &Value::Null));
    later(&mut caller, 120);
    assert_eq!(caller.calls(Action::InvoiceDelete, "id=1", &Value::Null).1["s"], true);
    assert_eq!((shown(&caller), caller.sandbox.invoice_count()), ([true; 3], 0));
    assert_eq!(caller.calls(Action::InvoiceDelete, "id=1", &Value::Null).1["s"], false, "it is gone for all but looks");
    later(&mut caller, 30);
    assert_eq!(shown(&caller), [false, false, true]);
    later(&mut caller, 30);
    assert_eq!(shown(&caller), [false; 3]);
}

#[test]
fn a_renumbered_invoice_is_shown_under_its_old_number_for_a_while() {
    let mut caller = at_work();
    caller.saves(&invoice("N-1", &Value::Null));
    later(&mut caller, 120);
    let now = caller.now;
    let number = "N-2".to_owned();
    caller.sandbox.core().books.edit_invoice(now, 1, |invoice| invoice.number = number);
    assert_eq!(shown(&caller), [true; 3]);
    assert_eq!(caller.gets(Action::InvoiceDetail, "id=1")["d"]["number"], "N-1");
    later(&mut caller, 60);
    assert_eq!(caller.gets(Action::InvoiceDetail, "number=N-1")["s"], false);
    assert_eq!(caller.gets(Action::InvoiceDetail, "id=1")["d"]["number"], "N-2");
}
