use super::*;
use crate::domain::reason::Language;

#[test]
fn a_person_reads_what_to_book_and_where() {
    let fee = OnAccount {
        category: "shipping_difference".to_owned(),
        account: "600102".to_owned(),
        amount: Rupiah::whole(-10_000),
    };
    let about = AfterSale::ToBook { net: Rupiah::whole(-10_000), bank: "110102".to_owned(), amounts: vec![fee] };
    assert_eq!(
        about.in_words(Language::English),
        "Rp10.000 left account 110102; Shipping difference -Rp10.000 (account 600102)"
    );
    assert_eq!(
        about.in_words(Language::Indonesian),
        "Rp10.000 keluar dari akun 110102; Selisih ongkos kirim -Rp10.000 (akun 600102)"
    );
    let fee = OnAccount { category: "platform_rebate".to_owned(), account: String::new(), amount: Rupiah::whole(-500) };
    let about = AfterSale::ToBook { net: Rupiah::whole(105_000), bank: String::new(), amounts: vec![fee] };
    assert_eq!(
        about.in_words(Language::Indonesian),
        "Rp105.000 masuk ke akun Kas & Bank toko (belum dipilih di pemetaan); Rebate dari marketplace -Rp500 (akunnya \
         belum dipilih di pemetaan)"
    );
    let stored = serde_json::to_string(&about).expect("JSON");
    assert_eq!(serde_json::from_str::<AfterSale>(&stored).expect("our own JSON"), about);
}

#[test]
fn a_person_reads_the_journal_that_closes_a_credit() {
    let (customer, bank) = ("8277".to_owned(), "110102".to_owned());
    let fees = Vec::new();
    let about = AfterSale::CreditToClose { amount: Rupiah::whole(75_000), customer, bank, fees };
    assert_eq!(
        about.in_words(Language::English),
        "Rp75.000 left account 110102 for a return; close the credit with a journal voucher: debit the receivable of \
         customer 8277 Rp75.000, credit account 110102 Rp75.000"
    );
    assert_eq!(
        about.in_words(Language::Indonesian),
        "Rp75.000 keluar dari akun 110102 karena retur; tutup sisa kredit dengan Jurnal Umum: debit piutang \
         pelanggan 8277 Rp75.000, kredit akun 110102 Rp75.000"
    );
    let stored = serde_json::to_string(&about).expect("JSON");
    assert_eq!(serde_json::from_str::<AfterSale>(&stored).expect("our own JSON"), about);
}

#[test]
fn a_person_reads_the_fees_in_the_journal_that_closes_a_credit() {
    let on = |category: &str, account: &str, amount| OnAccount {
        category: category.to_owned(),
        account: account.to_owned(),
        amount: Rupiah::whole(amount),
    };
    let about = AfterSale::CreditToClose {
        amount: Rupiah::whole(75_000),
        customer: "8277".to_owned(),
        bank: "110102".to_owned(),
        fees: vec![on("service_fee", "600104", 6_000), on("shipping_difference", "600102", -10_000)],
    };
    assert_eq!(
        about.in_words(Language::English),
        "Rp79.000 left account 110102 for a return; close the credit with a journal voucher: debit the receivable of \
         customer 8277 Rp75.000, credit Service fee Rp6.000 (account 600104), debit Shipping difference Rp10.000 \
         (account 600102), credit account 110102 Rp79.000"
    );
    assert_eq!(
        about.in_words(Language::Indonesian),
        "Rp79.000 keluar dari akun 110102 karena retur; tutup sisa kredit dengan Jurnal Umum: debit piutang \
         pelanggan 8277 Rp75.000, kredit Biaya layanan Rp6.000 (akun 600104), debit Selisih ongkos kirim Rp10.000 \
         (akun 600102), kredit akun 110102 Rp79.000"
    );
}

#[test]
fn what_earlier_versions_stored_about_a_credit_can_be_read() {
    let stored = r#"{"what":"credit_to_close","amount":"75000","customer":"8277","bank":"110102"}"#;
    let about: AfterSale = serde_json::from_str(stored).expect("a finding of an earlier version");
    assert_eq!(serde_json::to_string(&about).expect("JSON"), stored);
}

#[test]
fn a_person_reads_how_much_of_an_overpayment_pays_the_invoice() {
    let to_book = AfterSale::ToBook { net: Rupiah::whole(150_500), bank: "110102".to_owned(), amounts: Vec::new() };
    let about =
        AfterSale::AboveOwed { invoice: "INV-7".into(), owed: Rupiah::whole(150_000), to_book: Box::new(to_book) };
    assert_eq!(
        about.in_words(Language::English),
        "Rp150.500 arrived on account 110102; Rp150.000 of it pays invoice INV-7, and the rest is more than is owed on it"
    );
    assert!(
        about
            .in_words(Language::Indonesian)
            .ends_with("Rp150.000 melunasi faktur INV-7, dan sisanya melebihi tagihannya")
    );
    let stored = serde_json::to_string(&about).expect("JSON");
    assert_eq!(serde_json::from_str::<AfterSale>(&stored).expect("our own JSON"), about);
}

#[test]
fn what_is_invisible_in_the_name_of_a_fee_is_written_out() {
    let about = AfterSale::FeeNames { names: vec!["commission_fee\u{200b}".to_owned()] };
    assert_eq!(about.in_words(Language::English), "\"commission_fee⟨U+200B⟩\"");
}
