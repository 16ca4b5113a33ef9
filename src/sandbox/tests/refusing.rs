//! Calls that are rejected, and faults, without HTTP.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Caller, invoice, read};
use crate::sandbox::{
    Action, Admission, Answer, BreachKind, Down, Fault, Host, LimitReply, Limits, On, Options, Sandbox,
};

#[test]
fn each_header_fault_has_its_text() {
    let said = |change: fn(&mut Caller)| {
        let mut caller = Caller::at_work();
        change(&mut caller);
        let (status, body) = caller.calls(Action::InvoiceList, "", &Value::Null);
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        body["d"][0].as_str().or(body["error"].as_str()).expect("a text").to_owned()
    };
    assert_eq!(said(|caller| unset(caller, "authorization")), "Unauthorized");
    assert_eq!(said(|caller| unset(caller, "x-api-timestamp")), "Header X-Api-Timestamp is required");
    assert_eq!(said(|caller| unset(caller, "x-api-signature")), "Header X-Api-Signature is required");
    assert_eq!(said(|caller| set(caller, "authorization", "Bearer other")), "invalid_token");
    assert_eq!(said(|caller| set(caller, "x-api-timestamp", "soon")), "Header X-Api-Timestamp is invalid");
    assert_eq!(said(|caller| set(caller, "x-api-signature", "AAAA")), "Header X-Api-Signature is invalid");
    assert_eq!(
        said(|caller| caller.now += SignedDuration::from_secs(601)),
        "Header X-Api Timestamp difference more than 600 seconds with Server Time"
    );
    assert_eq!(said(|caller| caller.sandbox.revoke_token()), "Invalid or Revoked API Token");
}

fn unset(caller: &mut Caller, name: &'static str) {
    caller.headers.remove(name);
}

fn set(caller: &mut Caller, name: &'static str, value: &'static str) {
    caller.headers.insert(name, HeaderValue::from_static(value));
}

#[test]
fn a_restored_token_works_again() {
    let caller = Caller::at_work();
    caller.sandbox.revoke_token();
    caller.sandbox.restore_token();
    assert_eq!(caller.gets(Action::InvoiceList, "")["s"], true);
}

#[test]
fn a_wrong_url_and_open_db_are_refused() {
    let caller = Caller::at_work();
    for (path, status, text) in
        [("/accurate/api/sales-invoice/safe.do", 404, "URL API tidak tepat"), ("/api/open-db.do", 401, "open-db.do")]
    {
        let mut request = caller.request(Action::InvoiceList, "", &Value::Null);
        path.clone_into(&mut request.path);
        let (was, body) = read(caller.sandbox.answer(&request, caller.now).answer);
        assert_eq!(was.as_u16(), status);
        assert!(body.contains(text), "{body}");
    }
}

#[test]
fn who_does_not_ask_for_json_gets_errors_as_xml() {
    let mut caller = Caller::at_work();
    caller.headers.remove("accept");
    caller.sandbox.revoke_token();
    let (_, body) = read(caller.acts(Action::InvoiceList, "", &Value::Null).answer);
    assert_eq!(body, "<Map><s>false</s><d><d>Invalid or Revoked API Token</d></d></Map>");
}

#[test]
fn a_call_above_the_limit_is_refused_in_the_chosen_form_and_counted() {
    for (reply, status) in [(LimitReply::Http429, StatusCode::TOO_MANY_REQUESTS), (LimitReply::Message, StatusCode::OK)]
    {
        let caller = Caller::new(Options::with_sample_masters());
        caller.sandbox.set_limits(Limits { reply, ..Limits::default() });
        for _ in 0..8 {
            caller.gets(Action::ItemList, "");
        }
        let (was, body) = caller.calls(Action::InvoiceSave, "", &invoice("N-1", &Value::Null));
        assert_eq!((was, &body["s"]), (status, &json!(false)));
        assert!(body["d"][0].as_str().is_some_and(|text| text.contains("request per detik")), "{body}");
        assert_eq!(caller.sandbox.breach_count(), 1);
        assert_eq!(caller.sandbox.breaches()[0].kind, BreachKind::PerSecond);
        assert_eq!((caller.sandbox.max_in_any_second(), caller.sandbox.max_in_flight()), (9, 1));
    }
}

#[test]
fn a_ninth_call_in_flight_is_refused_with_its_own_text() {
    let caller = Caller::new(Options::with_sample_masters());
    caller.sandbox.set_limits(Limits { per_second: None, in_flight: Some(8), reply: LimitReply::Message });
    let request = caller.request(Action::ItemList, "", &Value::Null);
    let mut open: Vec<Admission> = (0..8).map(|_| caller.sandbox.begin(&request, caller.now)).collect();
    let refused = caller.gets(Action::ItemList, "");
    assert!(refused["d"][0].as_str().is_some_and(|text| text.contains("paralel")), "{refused}");
    caller.sandbox.finish(open.pop().expect("eight").ticket);
    assert_eq!(caller.gets(Action::ItemList, "")["s"], true);
    assert_eq!(caller.sandbox.breaches()[0].kind, BreachKind::InFlight);
}

#[test]
fn what_a_caller_sees_and_whether_the_invoice_exists() {
    let cases = [
        (Fault::DroppedBefore, "cut", false),
        (Fault::DroppedAfter, "cut", true),
        (Fault::Error5xxBefore, "5", false),
        (Fault::Error5xxAfter, "5", true),
        (Fault::HtmlBefore, "<html>", false),
        (Fault::HtmlAfter, "<html>", true),
        (Fault::UpsssBefore, "Upsss... Telah terjadi permasalahan", false),
        (Fault::UpsssAfter, "Upsss... Telah terjadi permasalahan", true),
        (Fault::DatabaseTrouble, "Unable to acquire JDBC Connection", false),
        (Fault::Limit429, "429", false),
        (Fault::LimitMessage, "p", false),
        (Fault::Slow(Duration::from_secs(9)), "berhasil disimpan", true),
        (Fault::Late(Duration::from_secs(9)), "berhasil disimpan", true),
    ];
    for (fault, seen, stands) in cases {
        let caller = Caller::at_work();
        caller.sandbox.next(Action::InvoiceSave, fault, 1);
        let acted = caller.acts(Action::InvoiceSave, "", &invoice("N-1", &Value::Null));
        let answer = match acted.answer {
            Answer::Dropped => "cut".to_owned(),
            answer @ Answer::Reply { .. } => {
                let (status, text) = read(answer);
                format!("{} {text}", status.as_u16())
            }
        };
        assert!(answer.contains(seen), "{fault:?}: {answer}");
        assert_eq!((caller.sandbox.invoice_count() == 1, acted.changed), (stands, stands), "{fault:?}");
        assert_eq!(acted.delay, if let Fault::Slow(slow) = fault { slow } else { Duration::ZERO });
        assert_eq!(caller.sandbox.fault_counts()[fault.name()], 1);
        assert_eq!(caller.sandbox.breach_count(), 0, "a fault is not the caller's breach");
        let noted = caller.sandbox.calls().pop().expect("it was noted");
        assert_eq!((noted.fault, noted.changed), (Some(fault.name()), stands));
    }
}

#[test]
fn the_reply_that_is_lost_is_that_of_a_save_that_really_saved() {
    let caller = Caller::at_work();
    caller.sandbox.lose_next_reply_after_saving();
    assert_eq!(caller.saves(&invoice("N-1", &json!({ "customerNo": "9" })))["s"], false);
    let customer = json!({ "name": "N", "transDate": "27/11/2023" });
    assert_eq!(caller.calls(Action::CustomerSave, "", &customer).1["s"], true);
    let bulk = json!({ "data": [invoice("N-1", &Value::Null)] });
    assert_eq!(caller.acts(Action::InvoiceBulkSave, "", &bulk).answer, Answer::Dropped);
    assert_eq!(caller.sandbox.invoices_numbered("N-1").len(), 1);
    assert_eq!(caller.saves(&invoice("N-2", &Value::Null))["s"], true);
}

#[test]
fn late_work_waits_and_latency_is_spent_on_both_sides() {
    let caller = Caller::at_work();
    caller.sandbox.set_latency(Duration::from_millis(100));
    caller.sandbox.next(On::Any, Fault::Late(Duration::from_secs(1)), 1);
    let request = caller.request(Action::InvoiceSave, "", &invoice("N-1", &Value::Null));
    let Admission { ticket, plan } = caller.sandbox.begin(&request, caller.now);
    assert_eq!((plan.wait, caller.sandbox.invoice_count()), (Duration::from_millis(1_050), 0));
    let acted = caller.sandbox.act(&plan, &request, caller.now);
    assert_eq!((acted.delay, caller.sandbox.invoice_count()), (Duration::from_millis(50), 1));
    caller.sandbox.finish(ticket);
}

#[test]
fn the_old_host_points_to_the_new_one_with_path_and_query() {
    let mut caller = Caller::at_work();
    caller.sandbox.move_host();
    let acted = caller.acts(Action::InvoiceDetail, "number=N-1", &Value::Null);
    let Answer::Reply { status, headers, .. } = acted.answer else { panic!("a reply") };
    assert_eq!(status, StatusCode::PERMANENT_REDIRECT);
    assert_eq!(headers["location"], "https://hera.accurate.id/accurate/api/sales-invoice/detail.do?number=N-1");
    caller.host = Host::Second;
    assert_eq!(caller.gets(Action::InvoiceDetail, "number=N-1")["s"], false);
}

#[test]
fn a_server_that_is_down_does_nothing_until_it_is_back() {
    let caller = Caller::at_work();
    let body = invoice("N-1", &Value::Null);
    caller.sandbox.go_down(Down::Page503);
    let (status, page) = read(caller.acts(Action::InvoiceSave, "", &body).answer);
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.contains("<html>"));
    for down in [Down::Dropped, Down::Refused] {
        caller.sandbox.go_down(down);
        assert_eq!(caller.acts(Action::InvoiceSave, "", &body).answer, Answer::Dropped);
    }
    assert_eq!(caller.sandbox.invoice_count(), 0);
    caller.sandbox.come_back();
    assert_eq!(caller.saves(&body)["s"], true);
}

#[test]
fn the_same_seed_meets_the_same_faults() {
    let run = |seed| {
        let faults = vec![(Fault::DroppedAfter, 0.2), (Fault::HtmlBefore, 0.2), (Fault::Error5xxAfter, 0.2)];
        let masters = crate::sandbox::Masters::sample().customer("8277", "Toko");
        let options = Options { faults, seed, limits: Limits::OFF, masters, ..Options::default() };
        let caller = Caller::new(options);
        let answers: Vec<Answer> = (0..50)
            .map(|n| caller.acts(Action::InvoiceSave, "", &invoice(&format!("N-{n}"), &Value::Null)).answer)
            .collect();
        (answers, caller.sandbox.fault_counts())
    };
    assert_eq!(run(3), run(3));
    assert_ne!(run(3).0, run(4).0);
    assert_eq!(run(3).1.len(), 3, "each fault fired");
}

#[test]
fn a_reset_forgets_everything_but_the_masters_it_began_with() {
    let caller = Caller::at_work();
    let request = caller.request(Action::InvoiceSave, "", &invoice("N-1", &Value::Null));
    let old = caller.sandbox.begin(&request, caller.now);
    caller.saves(&invoice("N-1", &Value::Null));
    caller.sandbox.add_item("NEW", "Baru");
    caller.sandbox.revoke_token();
    caller.sandbox.set_probability(Fault::DroppedBefore, 1.0);
    caller.sandbox.reset();
    assert_eq!((caller.sandbox.invoice_count(), caller.sandbox.calls().len()), (0, 0));
    assert_eq!(caller.gets(Action::ItemList, "")["sp"]["rowCount"], 8);
    let new = caller.sandbox.begin(&request, caller.now);
    caller.sandbox.finish(old.ticket);
    caller.sandbox.set_limits(Limits { per_second: None, in_flight: Some(1), reply: LimitReply::Http429 });
    let (status, _) = caller.calls(Action::ItemList, "", &Value::Null);
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "a ticket from before the reset frees no place after it");
    caller.sandbox.finish(new.ticket);
}

#[test]
fn a_panicking_test_does_not_take_the_sandbox_with_it() {
    let sandbox = Sandbox::new(Options::default());
    let other = sandbox.clone();
    let panicked = std::thread::spawn(move || other.change_settings(|_| panic!("on purpose"))).join();
    assert!(panicked.is_err());
    assert_eq!(sandbox.invoice_count(), 0);
}
