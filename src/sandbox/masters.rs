//! The initial data: items, accounts, warehouses and the like.

use rust_decimal::Decimal;

/// An item of goods or services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Accurate's id.
    pub id: i64,
    /// The item number that lines use.
    pub no: String,
    /// The name.
    pub name: String,
    /// Suspended, treated like an unknown item (the real message is not known, accurate.md §6).
    pub suspended: bool,
}

/// A general ledger account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Accurate's id.
    pub id: i64,
    /// The account number.
    pub no: String,
    /// The name.
    pub name: String,
    /// The type of account.
    pub account_type: AccountType,
    /// Suspended ("Non Aktif").
    pub suspended: bool,
}

/// The account types whose names are known (accurate.md §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "Accurate's own names")]
pub enum AccountType {
    CashBank,
    OtherIncome,
    OtherExpense,
    Expense,
    Revenue,
}

impl AccountType {
    /// All account types.
    pub const ALL: [Self; 5] = [Self::CashBank, Self::OtherIncome, Self::OtherExpense, Self::Expense, Self::Revenue];

    /// The name in Accurate.
    pub fn name(self) -> &'static str {
        match self {
            Self::CashBank => "CASH_BANK",
            Self::OtherIncome => "OTHER_INCOME",
            Self::OtherExpense => "OTHER_EXPENSE",
            Self::Expense => "EXPENSE",
            Self::Revenue => "REVENUE",
        }
    }

    /// The type with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A warehouse, a branch or a payment term: masters that calls identify by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Accurate's id.
    pub id: i64,
    /// The name.
    pub name: String,
    /// Suspended.
    pub suspended: bool,
}

/// A tax.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tax {
    /// Accurate's id.
    pub id: i64,
    /// The name.
    pub description: String,
    /// Percent of the amount.
    pub rate: Decimal,
}

/// The data before the first call.
///
/// Ids are assigned when a sandbox is created, in the order in which the masters were added.
#[derive(Debug, Clone, Default)]
pub struct Masters {
    pub(super) items: Vec<(String, String)>,
    pub(super) accounts: Vec<(String, String, AccountType)>,
    pub(super) warehouses: Vec<String>,
    pub(super) branches: Vec<String>,
    pub(super) payment_terms: Vec<String>,
    pub(super) taxes: Vec<(String, Decimal)>,
    pub(super) customers: Vec<(String, String)>,
}

impl Masters {
    /// Everything that the sample orders and their mapping need, except customers, which the service creates.
    pub fn sample() -> Self {
        Self::default()
            .item("AAA2002", "Sepatu Formal Hitam Pria")
            .item("KAOS-M", "Kaos Polos M")
            .item("PS015", "Pasir Gumpal 25 L")
            .item("PKTCCA10A", "Makanan Kucing 800gr (Paket 10pcs)")
            .item("8994125000125", "Makanan Kucing 800gr")
            .item("SETGEO-01", "Set Geo Clouds")
            .item("GELAS-01", "Gelas")
            .item("TAS-01", "Tas Ransel")
            .warehouse("Utama")
            .warehouse("Gudang B")
            .branch("Kantor Pusat")
            .account("700101", "Pendapatan Ongkos Kirim", AccountType::OtherIncome)
            .account("700102", "Subsidi Platform", AccountType::OtherIncome)
            .account("600101", "Voucher Penjual", AccountType::OtherExpense)
            .account("600102", "Selisih Ongkos Kirim", AccountType::OtherExpense)
            .account("600103", "Biaya Fulfillment", AccountType::OtherExpense)
            .account("600104", "Biaya Layanan", AccountType::OtherExpense)
            .account("600105", "Retur dan Potongan Penjualan", AccountType::Revenue)
            .account("400102", "Potongan Penjualan", AccountType::Revenue)
            .account("699999", "Selisih Kecil", AccountType::OtherExpense)
            .account("600199", "Selisih Pencairan", AccountType::OtherExpense)
            .account("110101", "Kas", AccountType::CashBank)
            .account("110102", "Saldo Shopee", AccountType::CashBank)
            .account("110103", "Saldo Tokopedia", AccountType::CashBank)
            .payment_term("Net 7")
            .tax("Pajak Pertambahan Nilai", Decimal::from(11))
    }

    /// With an item.
    #[must_use]
    pub fn item(mut self, no: &str, name: &str) -> Self {
        self.items.push((no.to_owned(), name.to_owned()));
        self
    }

    /// With so many further items, `ITEM-00001` and so on.
    #[must_use]
    pub fn many_items(mut self, count: usize) -> Self {
        let item = |nth: usize| (format!("ITEM-{nth:05}"), format!("Barang contoh {nth}"));
        self.items.extend((1..=count).map(item));
        self
    }

    /// With an account.
    #[must_use]
    pub fn account(mut self, no: &str, name: &str, account_type: AccountType) -> Self {
        self.accounts.push((no.to_owned(), name.to_owned(), account_type));
        self
    }

    /// With a warehouse.
    #[must_use]
    pub fn warehouse(mut self, name: &str) -> Self {
        self.warehouses.push(name.to_owned());
        self
    }

    /// With a branch.
    #[must_use]
    pub fn branch(mut self, name: &str) -> Self {
        self.branches.push(name.to_owned());
        self
    }

    /// With a payment term.
    #[must_use]
    pub fn payment_term(mut self, name: &str) -> Self {
        self.payment_terms.push(name.to_owned());
        self
    }

    /// With a tax; items are taxed by the first one (`rate` in percent).
    #[must_use]
    pub fn tax(mut self, description: &str, rate: Decimal) -> Self {
        self.taxes.push((description.to_owned(), rate));
        self
    }

    /// With a customer.
    #[must_use]
    pub fn customer(mut self, no: &str, name: &str) -> Self {
        self.customers.push((no.to_owned(), name.to_owned()));
        self
    }
}
