//! The mapping's keys and values in a seller's words.

use super::form::{RULES, Values};
use crate::{
    domain::{
        mapping::{
            Bundles, InvoiceDate, Mapping, OnCancel, OnTotalDifference, TaxMode, UnknownStores, category_in_words,
            status_word,
        },
        money::Rupiah,
    },
    web::{format, page::Page},
};

/// What a revision changed in one setting.
pub(in crate::web) struct Change {
    pub(in crate::web) what: String,
    pub(in crate::web) before: String,
    pub(in crate::web) after: String,
}

/// The rules that apply to all orders, each with its meaning.
pub(super) fn rules(rules: &Mapping, page: &Page) -> Vec<(&'static str, String)> {
    let value = |key: &str, word: &str| value(key, word, page);
    let cancel = if rules.on_cancel == OnCancel::Void { "void" } else { "keep" };
    let day = if rules.invoice_date == InvoiceDate::Trigger { "trigger" } else { "ordered" };
    let bundles = match rules.bundles {
        Bundles::Parent => "parent",
        Bundles::ParentAndChildren => "parent_and_children",
        Bundles::Children => "children",
    };
    let difference = if rules.on_total_difference == OnTotalDifference::Warn { "warn" } else { "block" };
    let unknown = if rules.unknown_stores == UnknownStores::Block { "block" } else { "accept" };
    let customers = if rules.create_missing_customers { "true" } else { "false" };
    let from = rules.orders_from.map_or_else(
        || page.t("all orders", "semua pesanan").to_owned(),
        |day| page.t("orders from {} on", "pesanan mulai {}").replace("{}", &format::day(day)),
    );
    vec![
        (key("posting", page), value("posting", rules.posting.as_str())),
        (key("auto_create_at", page), value("auto_create_at", rules.auto_create_at.map_or("never", status_word))),
        (key("orders_from", page), from),
        (key("invoice_date", page), value("invoice_date", day)),
        (key("invoice_number", page), template(rules.invoice_number.as_str(), page)),
        (key("description", page), template(rules.description.as_str(), page)),
        (key("on_cancel", page), value("on_cancel", cancel)),
        (key("bundles", page), value("bundles", bundles)),
        (key("on_total_difference", page), value("on_total_difference", difference)),
        (key("unknown_stores", page), value("unknown_stores", unknown)),
        (key("create_missing_customers", page), value("create_missing_customers", customers)),
        (key("tax.mode", page), tax(rules.tax, page).to_owned()),
    ]
}

/// The rules for payouts, returns and the nightly comparison, each with its meaning.
pub(super) fn later_rules(rules: &Mapping, page: &Page) -> Vec<(&'static str, String)> {
    let values = Values::of(rules);
    let paths = RULES.into_iter().flat_map(|(of, keys)| keys.iter().map(move |key| (of, *key)));
    let in_words = |(of, name): (&str, &str)| {
        let path = format!("{of}.{name}");
        (key(&path, page), value(&path, values.get(&format!("{of}/{name}")), page))
    };
    paths.map(in_words).collect()
}

/// A template with its placeholders in words.
fn template(text: &str, page: &Page) -> String {
    text.replace("{channel_order_id}", page.t("‹marketplace number›", "‹nomor marketplace›"))
        .replace("{order_id}", page.t("‹Forstok order id›", "‹ID pesanan Forstok›"))
        .replace("{store_id}", page.t("‹Forstok store id›", "‹ID toko Forstok›"))
}

pub(in crate::web) fn tax(mode: TaxMode, page: &Page) -> &'static str {
    match mode {
        TaxMode::Off => page.t("no tax on invoices", "faktur tanpa pajak"),
        TaxMode::Inclusive => page.t("prices include PPN", "harga termasuk PPN"),
        TaxMode::Exclusive => page.t("PPN is added to the prices", "PPN ditambahkan di luar harga"),
    }
}

/// The mapping's word for a tax mode, in words.
pub(super) fn tax_word(word: &str, page: &Page) -> &'static str {
    match word {
        "inclusive" => tax(TaxMode::Inclusive, page),
        "exclusive" => tax(TaxMode::Exclusive, page),
        _ => tax(TaxMode::Off, page),
    }
}

/// What kind of amount goes to an account.
pub(in crate::web) fn category(category: &str, page: &Page) -> String {
    category_in_words(category, page.language).to_owned()
}

pub(super) fn key(key: &str, page: &Page) -> &'static str {
    match key {
        "posting" => page.t("Invoices in Accurate", "Faktur di Accurate"),
        "auto_create_at" => page.t("Invoices are created from status", "Faktur dibuat mulai status"),
        "orders_from" => page.t("Orders that are invoiced", "Pesanan yang difakturkan"),
        "invoice_date" => page.t("Date of the invoice", "Tanggal faktur"),
        "invoice_number" => page.t("Number of the invoice", "Nomor faktur"),
        "description" => page.t("Description of the invoice", "Keterangan faktur"),
        "on_cancel" => {
            page.t("If an order is cancelled after invoicing", "Jika pesanan dibatalkan setelah difakturkan")
        }
        "bundles" => page.t("Bundles", "Bundel"),
        "on_total_difference" => {
            page.t("If the invoice and order totals differ", "Jika total faktur dan pesanan berbeda")
        }
        "unknown_stores" => page.t("Stores that are not listed below", "Toko yang tidak tercantum di bawah"),
        "create_missing_customers" => {
            page.t("If a store is not a customer in Accurate yet", "Jika toko belum menjadi pelanggan di Accurate")
        }
        "tax.mode" => page.t("Tax", "Pajak"),
        "payout.post" => page.t("Receipts are created", "Penerimaan Penjualan dibuat"),
        "payout.auto_after_days" => {
            page.t("Days until receipts are created automatically", "Jumlah hari sebelum dibuat otomatis")
        }
        "payout.delay_days" => {
            page.t("Days to wait after the marketplace paid", "Jumlah hari tunggu setelah marketplace membayar")
        }
        "payout.date" => page.t("Date of the receipt", "Tanggal penerimaan"),
        "payout.before_invoice_date" => {
            page.t("If a receipt would be dated before its invoice", "Jika tanggal penerimaan lebih awal dari faktur")
        }
        "payout.on_overpay" => {
            page.t("If a payout has more money than is owed", "Jika dana pencairan melebihi sisa tagihan")
        }
        "payout.zero_lines" => page.t("Fees of Rp0 in a payout", "Biaya Rp0 pada pencairan"),
        "payout.source" => page.t("Payouts in Forstok's webhooks", "Pencairan dana di webhook Forstok"),
        "payout.rest_limit" => {
            page.t("Largest unexplained difference accepted (Rp)", "Batas selisih tanpa keterangan (Rp)")
        }
        "returns.source" => {
            page.t("Orders that are Returned or Failed Delivery", "Pesanan berstatus Returned atau Failed Delivery")
        }
        "returns.on_status" => {
            page.t("Such an order, without details of its return", "Pesanan seperti itu tanpa rincian retur")
        }
        "returns.mode" => page.t("Sales returns", "Retur Penjualan"),
        "returns.wait_for" => page.t("Returned goods are booked once", "Retur barang dibukukan setelah"),
        "returns.refund_only" => {
            page.t("A refund while the buyer keeps the goods", "Pengembalian dana tanpa pengembalian barang")
        }
        "returns.wait_days" => {
            page.t("Days to wait before a return needs attention", "Jumlah hari tunggu sebelum perlu ditangani")
        }
        "returns.send_status" => page.t("Returns state whether goods came back", "Retur mencantumkan status barang"),
        "returns.restock" => page.t("Goods are put back into stock by", "Barang retur dikembalikan ke stok oleh"),
        "returns.send_empty_expense" => {
            page.t("Returns without expenses send an empty list", "Kirim daftar biaya kosong pada retur tanpa biaya")
        }
        "returns.tax_number" => page.t("Tax number of returns", "Nomor pajak retur"),
        "returns.closed_month" => {
            page.t("If the month of a return is closed in Accurate", "Jika bulan retur sudah ditutup di Accurate")
        }
        "returns.credit" => {
            page.t("Credit after a return of a paid invoice", "Sisa kredit setelah retur atas faktur yang sudah lunas")
        }
        "reconcile.at" => {
            page.t("Compare with Accurate every day at (WIB)", "Dibandingkan dengan Accurate setiap hari pukul (WIB)")
        }
        "reconcile.days" => page.t("Days that are compared", "Jumlah hari yang dibandingkan"),
        "book" => page.t("Accurate database", "Database Accurate"),
        "customer_no" => page.t("customer", "ID Pelanggan"),
        "branch" => page.t("branch", "cabang"),
        "bank_account" => page.t("Cash & Bank account", "akun Kas & Bank"),
        "payment_term" => page.t("payment term", "Syarat Pembayaran"),
        "enabled" => page.t("invoicing", "pembuatan faktur"),
        _ => "",
    }
}

pub(super) fn value(key: &str, word: &str, page: &Page) -> String {
    match (key, word) {
        ("posting", "on") => page.t("created and deleted automatically", "dibuat dan dihapus otomatis"),
        ("posting", "shadow") => page.t(
            "nothing is sent; drafts are only compared (shadow mode)",
            "tidak ada yang dikirim; draf hanya dibandingkan (mode bayangan)",
        ),
        ("auto_create_at", "never") => page.t("never automatically", "tidak pernah otomatis"),
        ("invoice_date", "trigger") => page.t("the day it reached that status", "tanggal status itu tercapai"),
        ("invoice_date", "ordered") => page.t("the day the buyer ordered", "tanggal pembeli memesan"),
        ("on_cancel", "void") => page.t("its invoice is deleted in Accurate", "fakturnya dihapus di Accurate"),
        ("on_cancel", "keep") => page.t("its invoice stays, with a warning", "faktur tetap ada, dengan peringatan"),
        ("bundles", "parent") => page.t("the bundle alone", "hanya bundelnya"),
        ("bundles", "parent_and_children") => {
            page.t("bundle at its price, contents at Rp0", "bundel dengan harganya, isinya Rp0")
        }
        ("bundles", "children") => page.t("contents, sharing the bundle's price", "isinya, berbagi harga bundelnya"),
        ("on_total_difference", "warn") => {
            page.t("the invoice is created with a warning", "faktur dibuat dengan peringatan")
        }
        ("on_total_difference" | "unknown_stores", "block") => {
            page.t("the order needs attention", "pesanan perlu ditangani")
        }
        ("unknown_stores", "accept") => page.t("their orders are invoiced too", "pesanannya juga difakturkan"),
        ("create_missing_customers", "true") => page.t("it is created automatically", "dibuat otomatis"),
        ("create_missing_customers", "false") => {
            page.t("the order waits until it exists", "pesanan menunggu pelanggannya ada")
        }
        ("payout.kinds", word) => return category(word, page),
        ("tax.mode", word) => tax_word(word, page),
        ("payout.post", "approve") => page.t("after the payout is approved", "setelah pencairannya disetujui"),
        ("payout.post", "auto") => page.t("automatically", "otomatis"),
        ("payout.source", "file") => page.t("are not used as payouts", "tidak dipakai sebagai data pencairan"),
        ("payout.source", "webhook") => page.t("are used as payouts", "dipakai sebagai data pencairan"),
        ("payout.date", "paid_at") => page.t("the day the marketplace paid", "tanggal marketplace membayar"),
        ("payout.date", "recorded") => {
            page.t("the day the payout arrived here", "tanggal data pencairan masuk ke layanan ini")
        }
        ("returns.source", "off") => page.t("get no return record", "tidak dibuatkan data retur"),
        ("returns.source", "status") => page.t("get a return record", "dibuatkan data retur"),
        ("returns.on_status", "full") => page.t("comes back as a whole", "dianggap kembali seluruhnya"),
        ("returns.send_empty_expense", "false") => page.t("no", "tidak"),
        ("returns.mode", "list") => {
            page.t("only listed; you create them in Accurate", "hanya ditampilkan; Anda yang membuat")
        }
        ("returns.mode", "approve") => page.t("created after they are approved", "dibuat setelah disetujui"),
        ("returns.mode", "auto") => page.t("created automatically", "dibuat otomatis"),
        ("returns.wait_for", "received") => page.t("they have arrived", "barang sudah sampai"),
        ("returns.wait_for", "accepted") => page.t("the request is accepted", "permintaan retur disetujui"),
        ("returns.refund_only", "discount") => page.t("is a discount on the receipt", "menjadi diskon pada penerimaan"),
        ("returns.refund_only", "not_returned") => {
            page.t("is a sales return that adds no stock", "menjadi Retur Penjualan tanpa menambah stok")
        }
        ("returns.restock", "accurate") => page.t("Accurate, with the return", "Accurate, melalui returnya"),
        ("returns.restock", "forstok") => {
            page.t("Forstok; the return only reduces what is owed", "Forstok; retur hanya mengurangi tagihan")
        }
        ("returns.send_status" | "returns.send_empty_expense", "true") => page.t("yes", "ya"),
        ("returns.send_status", "false") => {
            page.t("no, for Accurate versions without that field", "tidak, untuk versi Accurate tanpa isian itu")
        }
        ("payout.before_invoice_date", "block") => {
            page.t("it is not sent, and needs attention", "tidak dikirim dan perlu ditangani")
        }
        ("payout.before_invoice_date", "pass") => {
            page.t("Accurate is asked to accept it", "Accurate diminta menerimanya")
        }
        ("payout.on_overpay", "negative_discount") => {
            page.t("negative discount, where explained", "diskon negatif, sejauh dijelaskan")
        }
        ("payout.on_overpay", "block") => {
            page.t("it is not booked, and needs attention", "tidak dibukukan dan perlu ditangani")
        }
        ("payout.zero_lines", "omit") => page.t("are left out", "tidak dicantumkan"),
        ("payout.zero_lines", "send") => page.t("are discounts of Rp0", "dicantumkan sebagai diskon Rp0"),
        ("returns.closed_month" | "returns.on_status", "block") => page.t("it needs attention", "perlu ditangani"),
        ("returns.closed_month", "next_open") => page.t(
            "it is dated on the first day of the next open month",
            "diberi tanggal hari pertama bulan berikutnya yang masih terbuka",
        ),
        ("returns.credit", "leave") => page.t("stays with the customer", "tetap menjadi kredit pelanggan"),
        ("returns.credit", "journal") => page.t(
            "is closed by you, with the journal voucher shown here",
            "Anda tutup dengan Jurnal Umum yang ditampilkan di sini",
        ),
        ("payout.rest_limit", number) => {
            return Rupiah::parse(number).map_or_else(|_| number.to_owned(), Rupiah::in_words);
        }
        ("reconcile.at", "") => page.t("never", "tidak pernah"),
        ("enabled", "true") => page.t("on", "aktif"),
        ("enabled", "false") => page.t("off", "nonaktif"),
        ("invoice_number" | "description", text) => return template(text, page),
        (_, text) => return text.to_owned(),
    }
    .to_owned()
}

/// A setting by its full path, in words; and the last part of the path, which decides what its value means.
fn path_in_words(path: &str, page: &Page) -> (String, String) {
    let named = |what: &str, of: &str| (format!("{what} {of}"), String::new());
    if let Some(category_of) = path.strip_prefix("accounts.") {
        return (format!("{}: {}", page.t("Account", "Akun"), category(category_of, page)), String::new());
    }
    if let Some(id) = path.strip_prefix("warehouses.") {
        return named(page.t("Warehouse", "Gudang"), id);
    }
    if let Some(fee) = path.strip_prefix("payout.kinds.") {
        return (format!("{} “{fee}”", page.t("Fee", "Biaya")), "payout.kinds".to_owned());
    }
    if let Some(sku) = path.strip_prefix("skus.") {
        return named(page.t("Item for SKU", "Kode Barang untuk SKU"), sku);
    }
    if let Some((id, rest)) = path.strip_prefix("stores.").and_then(|rest| rest.split_once('.')) {
        let (what, last) = path_in_words(rest, page);
        return (format!("{} {id}: {what}", page.t("Store", "Toko")), last);
    }
    let words = key(path, page);
    (if words.is_empty() { path.to_owned() } else { words.to_owned() }, path.to_owned())
}

/// What a check looked at, for example `book main` or `stores."8277".branch`.
pub(in crate::web) fn part(part: &str, page: &Page) -> String {
    if let Some(name) = part.strip_prefix("book ") {
        return format!("{} “{name}”", page.t("Accurate database", "Database Accurate"));
    }
    let path = part.replace('"', "");
    match path.strip_prefix("stores.") {
        _ if path == "stores" => page.t("Stores", "Toko").to_owned(),
        _ if path == "warehouses" => page.t("Warehouses", "Gudang").to_owned(),
        _ if path == "skus" => "SKU".to_owned(),
        Some(id) if !id.contains('.') => format!("{} {id}", page.t("Store", "Toko")),
        _ => path_in_words(&path, page).0,
    }
}

/// One change as [`Mapping::changes_since`] writes it: `key = value (new)`, `key = value (removed)`, `key: old → new`.
pub(in crate::web) fn change(line: &str, page: &Page) -> Change {
    let unquoted = |text: &str| text.trim_matches('"').replace("\\\"", "\"");
    if let Some((path, new)) = line.strip_suffix(" (new)").and_then(|line| line.split_once(" = ")) {
        let (what, last) = path_in_words(path, page);
        return Change { what, before: String::new(), after: value(&last, &unquoted(new), page) };
    }
    if let Some((path, old)) = line.strip_suffix(" (removed)").and_then(|line| line.split_once(" = ")) {
        let (what, last) = path_in_words(path, page);
        return Change { what, before: value(&last, &unquoted(old), page), after: String::new() };
    }
    let both = line.split_once(": ").and_then(|(path, both)| Some((path, both.split_once(" → ")?)));
    let Some((path, (old, new))) = both else {
        return Change { what: line.to_owned(), before: String::new(), after: String::new() };
    };
    let (what, last) = path_in_words(path, page);
    Change { what, before: value(&last, &unquoted(old), page), after: value(&last, &unquoted(new), page) }
}
