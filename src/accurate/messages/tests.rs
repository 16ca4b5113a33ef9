//! A seller's text never decides what a message means.

use proptest::prelude::*;

use super::*;

/// Templates with a variable part, and what they mean whatever stands there.
fn templates() -> Vec<(&'static str, Option<Class>)> {
    let person = |reason| Some(Class::Refused(Meaning::Person(reason)));
    let taken = |taken| Some(Class::Refused(Meaning::Duplicate(taken)));
    vec![
        ("Barang & Jasa {} tidak ditemukan atau sudah dihapus", person(Reason::ItemNotFound)),
        ("Barang & Jasa {} berstatus Non Aktif", person(Reason::ItemNotFound)),
        ("Pelanggan {} tidak ditemukan atau sudah dihapus", person(Reason::CustomerNotFound)),
        ("Akun {} tidak ditemukan atau sudah dihapus", person(Reason::AccountUnmapped)),
        ("Akun {} berstatus Non Aktif. Akun ini tidak dapat digunakan", person(Reason::AccountInactive)),
        ("Gudang {} tidak ditemukan atau sudah dihapus", person(Reason::WarehouseUnmapped)),
        ("Cabang {} tidak ditemukan atau sudah dihapus", person(Reason::BranchRequired)),
        ("Syarat Pembayaran {} tidak ditemukan atau sudah dihapus", person(Reason::RefusedByAccurate)),
        ("Faktur Penjualan {} tidak ditemukan atau sudah dihapus", person(Reason::RefusedByAccurate)),
        ("Sudah ada data lain dengan No Bukti # \"{}\"", taken(Taken::Other)),
        ("tidak dapat menghapus rincian faktur {}", person(Reason::RefusedByAccurate)),
        ("Sudah ada data lain dengan No Faktur # \"{}\"", taken(Taken::InvoiceNumber)),
        ("Sudah ada data lain dengan ID Pelanggan # \"{}\"", taken(Taken::CustomerNo)),
        ("Sudah ada data lain dengan Nama # \"{}\"", taken(Taken::Other)),
        ("Tanggal transaksi tidak dapat lebih kecil dari {}", person(Reason::PeriodClosed)),
        ("Karakter yang diperbolehkan {}", person(Reason::RefusedByAccurate)),
        ("Anda tidak mempunyai hak untuk {}", Some(Class::RightMissing)),
        (
            "Header X-Api-Signature invalid: Require Application '{}' signature",
            Some(Class::Book(BookTrouble::TokenRefused)),
        ),
        ("Upsss... Telah terjadi permasalahan. Kode Referensi: {}", Some(Class::Ambiguous)),
        ("java.lang.RuntimeException: {}", Some(Class::Ambiguous)),
        // Not in accurate.md: what they quote must not make them known.
        ("Stok {} tidak mencukupi", None),
        ("Stok untuk {}", None),
        ("Nilai {} pada Kuantitas tidak tepat", None),
        ("Faktur Penjualan \"{}\" tidak dapat dihapus karena digunakan di Penerimaan Penjualan \"{}\"", None),
        ("Faktur Penjualan \"{}\" tidak dapat dihapus karena digunakan di Retur Penjualan \"{}\"", None),
        ("Faktur Penjualan \"{}\" melebihi sisa tagihan", None),
        ("Nilai Pembayaran Faktur Penjualan \"{}\" harus lebih besar dari 0", None),
        ("Kuantitas Barang & Jasa {} harus lebih besar dari 0", None),
        ("Pelanggan {} melebihi batas kredit", None),
        ("Nama Barang \"{}\" tidak tepat", None),
        ("{}-01 tidak dapat dijual", None),
    ]
}

/// What a seller may have typed: every phrase that means something elsewhere, and whole messages.
fn fragments() -> Vec<String> {
    let begins = TEMPLATES.iter().map(|template| template.begins.trim().to_owned());
    let phrases = PHRASES.iter().map(|phrase| phrase.words.to_owned());
    let ends = [GONE, ACCOUNT_INACTIVE, ITEM_INACTIVE].concat().into_iter().map(|end| end.trim().to_owned());
    let whole = templates().into_iter().map(|(template, _)| template.replace("{}", "A-1"));
    let others = [
        "kabel-paralel-2m",
        "Unauthorized-Tee",
        "Unauthorized",
        "Upsss",
        "8 request per detik",
        "Melebihi batas 8 request per detik",
        "Melebihi batas 8 proses paralel",
        "Transaksi terdeteksi terproses dua kali",
        "Nilai Pembayaran melebihi sisa tagihan",
        "Nilai Pembayaran tidak mencukupi",
        "No Faktur Maksimal 30 karakter",
        "tidak tepat. Karakter yang diperbolehkan",
        "Kode Barang harus diisi",
        "invalid_token",
        "berhasil disimpan",
    ];
    begins.chain(phrases).chain(ends).chain(whole).chain(others.map(str::to_owned)).collect()
}

#[test]
fn whatever_is_quoted_the_class_is_the_templates() {
    for (template, class) in templates() {
        for fragment in fragments() {
            let message = template.replace("{}", &fragment);
            // A message that begins with a seller's text can begin with any template.
            let is_another = template.starts_with("{}") && class_of(&fragment).is_some();
            if !is_another {
                assert_eq!(class_of(&message), class, "{message}");
            }
        }
    }
}

proptest! {
    #[test]
    fn whatever_stands_around_a_quoted_fragment_the_class_is_the_templates(
        template in proptest::sample::select(templates()),
        fragment in proptest::sample::select(fragments()),
        before in "[ -~]{0,12}",
        after in "[ -~]{0,12}",
    ) {
        let (template, class) = template;
        prop_assume!(!template.starts_with("{}"));
        let message = template.replace("{}", &format!("{before}{fragment}{after}"));
        prop_assert_eq!(class_of(&message), class, "{}", message);
    }
}

#[test]
fn only_a_message_that_begins_with_the_phrase_speaks_for_the_book() {
    let table = [
        ("Unauthorized", Some(Class::Book(BookTrouble::TokenRefused))),
        ("Unauthorized. Silakan masuk", Some(Class::Book(BookTrouble::TokenRefused))),
        ("Unauthorized-Tee", None),
        ("Unauthorized Tee tidak mencukupi", None),
        ("Permintaan anda melebihi batas 8 request per detik", Some(Class::SlowDown)),
        ("Permintaan anda melebihi batas 8 proses paralel", Some(Class::SlowDown)),
        ("Kabel melebihi batas 8 request per detik", None),
        ("paralel", None),
        ("proses paralel", None),
        ("Upsss-Tee", None),
        ("Nilai Pembayaran tidak mencukupi", Some(REFUSED)),
        ("Nilai Pembayaran tidak mencukupi untuk KAOS", None),
        ("Pembayaran melebihi sisa tagihan", Some(REFUSED)),
        ("Nilai Pembayaran melebihi sisa tagihan KAOS", None),
        ("sisa tagihan", None),
        ("Upsss... Telah terjadi permasalahan", Some(Class::Ambiguous)),
        ("  Upsss…", Some(Class::Ambiguous)),
    ];
    for (message, class) in table {
        assert_eq!(class_of(message), class, "{message}");
    }
}

#[test]
fn several_messages_mean_what_leaves_most_open() {
    let item = "Barang & Jasa X tidak ditemukan atau sudah dihapus";
    let customer = "Pelanggan 1 tidak ditemukan atau sudah dihapus";
    let person = |reason| Some(Class::Refused(Meaning::Person(reason)));
    let table: [(&[&str], _); 8] = [
        (&[item, "Upsss... Kode Referensi: 1"], Some(Class::Ambiguous)),
        (&[item, "Unauthorized"], Some(Class::Book(BookTrouble::TokenRefused))),
        (
            &[item, "Sudah ada data lain dengan No Faktur"],
            Some(Class::Refused(Meaning::Duplicate(Taken::InvoiceNumber))),
        ),
        (&[item, customer], person(Reason::CustomerNotFound)),
        (&[item, customer, "Something nobody has seen"], person(Reason::ItemNotFound)),
        (&[customer, "Something nobody has seen"], None),
        (&["Something nobody has seen", item], person(Reason::ItemNotFound)),
        (&[], None),
    ];
    for (messages, class) in table {
        let messages: Vec<_> = messages.iter().map(|message| (*message).to_owned()).collect();
        assert_eq!(all_of(&messages, MessagesRead::All), class, "{messages:?}");
    }
    assert_eq!(
        all_of(&[customer.to_owned()], MessagesRead::Some),
        None,
        "a message that was not kept may speak against it"
    );
}
