//! What whole replies say about their calls.

use super::*;
use crate::{
    accurate::{
        outcome::{Meaning, Refusal, Taken},
        wire::WireFault,
    },
    domain::reason::Reason,
};

const SAVE: &str = "sales-invoice/save";

/// The record of a saved invoice, as far as these tests look at it.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Saved {
    id: Whole,
}

fn sent_back(status: u16, body: &str) -> WireReply {
    WireReply { status, location: None, date: None, body: body.to_owned().into() }
}

fn reply(status: u16, body: &str) -> Result<Envelope<Skipped, Saved>, Failure> {
    read(SAVE, &sent_back(status, body), &Secrets::default())
}

fn said(message: &str) -> Failure {
    reply(200, &serde_json::json!({"s": false, "d": [message]}).to_string()).expect_err("a failure")
}

#[test]
fn every_message_of_the_fact_sheet_leads_to_its_outcome() {
    let person = |reason: Reason| format!("refused {reason}");
    let table = [
        ("Sudah ada data lain dengan No Faktur # \"231127PECAFY4J\"", "number taken".to_owned()),
        ("Sudah ada data lain dengan ID Pelanggan # \"8277\"", "customer exists".to_owned()),
        ("Sudah ada data lain dengan Nama # \"Toko\"", "something taken".to_owned()),
        ("Barang & Jasa AAA tidak ditemukan atau sudah dihapus", person(Reason::ItemNotFound)),
        ("Pelanggan 8277 tidak ditemukan atau sudah dihapus", person(Reason::CustomerNotFound)),
        ("Akun 700101 tidak ditemukan atau sudah dihapus", person(Reason::AccountUnmapped)),
        ("Gudang Utama tidak ditemukan atau sudah dihapus", person(Reason::WarehouseUnmapped)),
        ("Cabang Pusat tidak ditemukan atau sudah dihapus", person(Reason::BranchRequired)),
        ("Akun X berstatus Non Aktif. Akun ini tidak dapat digunakan", person(Reason::AccountInactive)),
        ("Barang & Jasa AAA berstatus Non Aktif", person(Reason::ItemNotFound)),
        ("Faktur Penjualan tidak tepat", "refused not found".to_owned()),
        ("Kode Barang harus diisi", person(Reason::RefusedByAccurate)),
        ("Profil pengguna anda memiliki akses ke lebih dari satu cabang", person(Reason::BranchRequired)),
        ("Tanggal transaksi tidak dapat lebih kecil dari 01/01/2020", person(Reason::PeriodClosed)),
        ("Diskon tidak boleh melebihi nilai sub total", person(Reason::DiscountAboveSubtotal)),
        ("Detail dari transaksi belum diisi!", person(Reason::NoLines)),
        ("Karakter yang diperbolehkan a-z", person(Reason::RefusedByAccurate)),
        ("No Faktur Maksimal 30 karakter", person(Reason::RefusedByAccurate)),
        ("Transaksi terdeteksi terproses dua kali", "ambiguous".to_owned()),
        ("Anda tidak mempunyai hak untuk membuat Faktur Penjualan", "right_missing".to_owned()),
        ("Unable to acquire JDBC Connection", "ambiguous".to_owned()),
        ("java.lang.RuntimeException: x", "ambiguous".to_owned()),
        ("Upsss... Telah terjadi permasalahan. Kode Referensi: 1", "ambiguous".to_owned()),
        ("Melebihi batas 8 request per detik", "slow_down".to_owned()),
        ("Melebihi batas proses paralel", "slow_down".to_owned()),
        ("Invalid or Revoked API Token", "book token_refused".to_owned()),
        ("Header X-Api-Signature is required", "book token_refused".to_owned()),
        ("Header X-Api-Signature invalid: Require Application 'x' signature", "book token_refused".to_owned()),
        ("Header X-Api-Timestamp is invalid", "book wrong_clock".to_owned()),
        ("Header X-Api Timestamp difference more than 600 seconds with Server Time", "book wrong_clock".to_owned()),
        ("Data Session Key tidak tepat", "book token_refused".to_owned()),
        ("Something nobody has seen", "unknown_text".to_owned()),
    ];
    for (message, expected) in table {
        let failure = said(message);
        let seen = match &failure {
            Failure::Refused(Refusal { meaning: Meaning::Person(reason), .. }) => person(*reason),
            Failure::Refused(Refusal { meaning: Meaning::Duplicate(taken), .. }) => match taken {
                Taken::InvoiceNumber => "number taken".to_owned(),
                Taken::CustomerNo => "customer exists".to_owned(),
                Taken::Other => "something taken".to_owned(),
            },
            Failure::Refused(Refusal { meaning: Meaning::NotFound, .. }) => "refused not found".to_owned(),
            Failure::BookRefused(refusal) => format!("book {}", refusal.trouble.code()),
            other => other.class().to_owned(),
        };
        assert_eq!(seen, expected, "{message}");
        assert_eq!(failure.words(), message, "the words must be shown as they came");
    }
}

#[test]
fn success_hands_out_the_envelope() {
    let envelope = reply(200, r#"{"s":true,"d":["Faktur berhasil disimpan"],"r":{"id":1}}"#).expect("success");
    assert_eq!(envelope.r, Some(Saved { id: Whole(Some(1)) }));
}

#[test]
fn statuses_without_a_known_message_have_their_outcome() {
    let table = [
        (429, "", "slow_down"),
        (401, r#"{"error":"invalid_token"}"#, "book_refused"),
        (401, "<html>", "book_refused"),
        (403, r#"{"error":"insufficient_scope"}"#, "right_missing"),
        (404, r#"{"s":false,"d":["URL API tidak tepat"]}"#, "not_sent"),
        (404, "<html>Not Found</html>", "ambiguous"),
        (308, "", "not_sent"),
        (500, "", "ambiguous"),
        (502, "<html>Bad Gateway</html>", "ambiguous"),
        (503, r#"{"s":false,"d":["Sudah ada data lain dengan No Faktur"]}"#, "ambiguous"),
        (200, "<html>maintenance</html>", "ambiguous"),
        (200, "", "ambiguous"),
        (200, r#"{"s":"#, "ambiguous"),
        (500, r#"{"s":true}"#, "ambiguous"),
    ];
    for (status, body, expected) in table {
        assert_eq!(reply(status, body).expect_err("a failure").class(), expected, "{status} {body}");
    }
}

#[test]
fn whether_anything_was_sent_is_kept_apart() {
    assert_eq!(Failure::from(WireFault::NotSent("refused".to_owned())), Failure::NotSent("refused".to_owned()));
    assert_eq!(Failure::from(WireFault::Lost("cut".to_owned())), Failure::Ambiguous("cut".to_owned()));
}

#[test]
fn what_proves_nothing_about_a_save_leaves_doubt() {
    let doubtful = [
        (401, r#"{"error":"invalid_token"}"#),
        (401, "<html>"),
        (403, "<html>"),
        (500, ""),
        (200, r#"{"s":false,"d":["Something nobody has seen"]}"#),
    ];
    for (status, body) in doubtful {
        assert!(reply(status, body).expect_err("a failure").leaves_doubt(), "{status} {body}");
    }
    // Accurate says that it refused the call, whatever else it says.
    for certain in ["Invalid or Revoked API Token", "Anda tidak mempunyai hak untuk x", "Kode Barang harus diisi"] {
        assert!(!said(certain).leaves_doubt(), "{certain}");
    }
}

fn many(status: u16, body: &str) -> Result<Vec<Element<Saved>>, Failure> {
    read_many(SAVE, &sent_back(status, body), &Secrets::default(), 2)
}

#[test]
fn each_element_of_a_bulk_has_its_own_outcome_whatever_the_whole_says() {
    let good = r#"{"s":true,"d":["berhasil disimpan"],"r":{"id":1}}"#;
    let bad = r#"{"s":false,"d":["Sudah ada data lain dengan No Faktur"]}"#;
    for whole in ["true", "false"] {
        let results = many(200, &format!(r#"{{"s":{whole},"d":[{good},{bad}]}}"#)).expect("told one by one");
        assert_eq!(
            results[0].as_ref().map(|element| element.r.as_ref().map(|saved| saved.id)),
            Ok(Some(Whole(Some(1))))
        );
        assert_eq!(results[1].as_ref().expect_err("refused").class(), "refused");
    }
}

#[test]
fn a_bulk_whose_elements_are_not_told_apart_is_never_taken_for_saved() {
    let table = [
        (200, r#"{"s":false,"d":["data harus diisi"]}"#, "refused"),
        (200, r#"{"s":true,"d":["berhasil disimpan"]}"#, "ambiguous"),
        (200, r#"{"s":true,"d":[]}"#, "ambiguous"),
        (200, r#"{"s":true,"d":[{"s":true}]}"#, "ambiguous"),
        (200, "<html>", "ambiguous"),
        (200, r#"{"s":false,"d":["Upsss..."]}"#, "ambiguous"),
        (502, "", "ambiguous"),
        (429, "", "slow_down"),
        (404, r#"{"s":false,"d":["URL API tidak tepat"]}"#, "not_sent"),
    ];
    for (status, body, class) in table {
        assert_eq!(many(status, body).expect_err("all of them").class(), class, "{status} {body}");
    }
    let unclear = many(200, r#"{"s":false,"d":[{},{"s":true}]}"#).expect("told one by one");
    assert_eq!(unclear[0].as_ref().expect_err("unclear").class(), "ambiguous");
}

#[test]
fn replies_are_read_whatever_their_form() {
    let odd = [
        "\u{feff}{\"s\":true,\"r\":{\"id\":1}}",
        r#" {"r" : {"more":[[{}]], "id": 1} , "s" : true , "d":[{}, null, 3]}"#,
        r#"{"s":true,"d":"berhasil disimpan","r":{"id":1,"id2":"\ud83d"},"sp":[]}"#,
    ];
    for body in odd {
        assert_eq!(reply(200, body).map(|envelope| envelope.r), Ok(Some(Saved { id: Whole(Some(1)) })), "{body}");
    }
    for unreadable in [r#"{"s":true,"r":[1]}"#, r#"{"s":true,"r":null}"#, r#"{"s":true}"#] {
        assert_eq!(reply(200, unreadable).map(|envelope| envelope.r), Ok(None), "{unreadable}");
    }
    assert_eq!(said("half a pair: \u{fffd}").words(), "half a pair: \u{fffd}");
    let half = reply(200, r#"{"s":false,"d":["half a pair: \ud83d."]}"#).expect_err("a failure");
    assert_eq!(half.words().chars().filter(char::is_ascii).collect::<String>(), "half a pair: .");
}

#[test]
fn a_long_text_is_cut_outside_of_characters_and_escapes() {
    for filler in ["a", "ä", r"\n", r"\\", r#"\""#, r"\u00e4", r"\ud83d\ude00"] {
        let whole = format!("\"{}\"", filler.repeat(40));
        for most in 2..40 {
            let raw: &RawValue = serde_json::from_str(&whole).expect("JSON");
            let cut = text(raw, most).expect("still a text");
            let all = unescaped(&whole).expect("a text");
            let kept = cut.trim_end_matches('\u{fffd}');
            assert!(all.starts_with(kept) && cut.len() < all.len(), "{whole} cut at {most} is {cut:?}");
        }
    }
}

#[test]
fn amounts_keep_their_digits_and_rows_are_told_from_what_is_none() {
    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Amount {
        amount: Text,
    }
    let body = r#"{"s":true,"d":[{"amount":80000.5000},{"amount":"7"},{"amount":[1]},3],"sp":{"pageCount":2}}"#;
    let envelope = read::<Rows<Amount>, Skipped>("x/list", &sent_back(200, body), &Secrets::default()).expect("a list");
    let amounts: Vec<_> = envelope.d.rows.iter().map(|row| row.amount.0.as_str()).collect();
    assert_eq!((amounts, envelope.d.complete), (vec!["80000.5000", "7", ""], false));
    assert_eq!(envelope.pages, Some(2));
}

#[test]
fn a_web_page_of_a_proxy_is_named_by_its_title() {
    let page = b"<html>\r\n<head><TITLE>502 Bad\n Gateway</TITLE></head><body><h1>502 Bad Gateway</h1></body></html>";
    let said = |status, body: &[u8]| {
        let failure = reply(status, std::str::from_utf8(body).expect("a text")).expect_err("no success");
        failure.words().to_owned()
    };
    assert_eq!(said(502, page), "HTTP 502: 502 Bad Gateway");
    assert_eq!(said(502, b"<html><title></title>no title</html>"), "HTTP 502: <html><title></title>no title</html>");
}
