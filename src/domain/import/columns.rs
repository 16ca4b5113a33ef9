//! Which column of an export contains what: recognised by its heading, or chosen by a person.

use std::collections::BTreeMap;

use super::row::{self, Row};
use crate::domain::order::OrderId;

/// What a column of an export can contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are those of the order")]
pub enum Column {
    OrderId,
    ChannelOrderId,
    StoreId,
    Status,
    Total,
    UpdatedAt,
    OrderedAt,
}

/// Headings of exports, in lower case, without spaces and punctuation. The first recognised heading wins.
const HEADINGS: [(Column, &[&str]); 7] = [
    (Column::OrderId, &["orderid", "forstokid", "forstokorderid", "idforstok", "idpesananforstok", "id"]),
    (
        Column::ChannelOrderId,
        &[
            "channelorderid",
            "channelorderno",
            "channelordernumber",
            "marketplaceorderid",
            "marketplacenumber",
            "nopesananmarketplace",
            "nomorpesananmarketplace",
            "localname",
            "localid",
            "ordernumber",
            "orderno",
            "nopesanan",
            "nomorpesanan",
            "noorder",
            "nomororder",
            "idpesanan",
            "invoice",
            "invoicenumber",
            "nomorinvoice",
            "noinvoice",
        ],
    ),
    (Column::StoreId, &["storeid", "idtoko", "integrationid", "shopid"]),
    (Column::Status, &["status", "orderstatus", "statuspesanan", "statusorder"]),
    (
        Column::Total,
        &[
            "total",
            "totalprice",
            "ordertotal",
            "grandtotal",
            "totalpesanan",
            "totalharga",
            "totalamount",
            "totalpayment",
            "totalpembayaran",
            "amount",
            "nominal",
        ],
    ),
    (
        Column::UpdatedAt,
        &[
            "updatedat",
            "lastupdate",
            "lastupdated",
            "updatedon",
            "diperbarui",
            "terakhirdiperbarui",
            "tanggaldiperbarui",
            "waktudiperbarui",
        ],
    ),
    (
        Column::OrderedAt,
        &[
            "orderedat",
            "orderdate",
            "createdat",
            "date",
            "tanggal",
            "tanggalpesanan",
            "tanggalorder",
            "tanggalpembelian",
            "waktupesanandibuat",
            "waktupesanan",
            "dibuat",
        ],
    ),
];

impl Column {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::OrderId,
        Self::ChannelOrderId,
        Self::StoreId,
        Self::Status,
        Self::Total,
        Self::UpdatedAt,
        Self::OrderedAt,
    ];

    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OrderId => "order_id",
            Self::ChannelOrderId => "channel_order_id",
            Self::StoreId => "store_id",
            Self::Status => "status",
            Self::Total => "total",
            Self::UpdatedAt => "updated_at",
            Self::OrderedAt => "ordered_at",
        }
    }

    /// From that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.as_str() == word)
    }
}

/// What a person chose: for each column, its heading.
pub type Choice = BTreeMap<String, String>;

/// Where each column is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns(BTreeMap<Column, usize>);

impl Columns {
    /// The columns with these headings, as a person chose them, else as they are recognised.
    pub fn of(headings: &[String], chosen: Option<&Choice>) -> Self {
        match chosen {
            Some(chosen) => Self::chosen(headings, chosen),
            None => Self::recognised(headings),
        }
    }

    fn recognised(headings: &[String]) -> Self {
        let keys: Vec<_> = headings.iter().map(|heading| key_of(heading)).collect();
        let place = |names: &[&str]| names.iter().find_map(|name| keys.iter().position(|key| key == name));
        Self(HEADINGS.iter().filter_map(|(column, names)| Some((*column, place(names)?))).collect())
    }

    fn chosen(headings: &[String], chosen: &Choice) -> Self {
        let keys: Vec<_> = headings.iter().map(|heading| key_of(heading)).collect();
        let place = |column: Column| {
            let wanted = key_of(chosen.get(column.as_str())?);
            keys.iter().position(|key| *key == wanted && !wanted.is_empty())
        };
        Self(Column::ALL.into_iter().filter_map(|column| Some((column, place(column)?))).collect())
    }

    /// Whether a row can be assigned to an order.
    pub fn are_enough(&self) -> bool {
        self.0.contains_key(&Column::OrderId) || self.0.contains_key(&Column::ChannelOrderId)
    }

    /// Where this column is.
    pub fn place(&self, column: Column) -> Option<usize> {
        self.0.get(&column).copied()
    }

    /// The same as a person would choose them.
    pub fn choice(&self, headings: &[String]) -> Choice {
        let named = |(column, at): (&Column, &usize)| Some((column.as_str().to_owned(), headings.get(*at)?.clone()));
        self.0.iter().filter_map(named).collect()
    }

    /// Reads a row; what is wrong with one that names no order.
    pub fn read(&self, cells: &[String]) -> Result<Row, String> {
        let text = |column| self.place(column).and_then(|at| cells.get(at)).map(|text| text.trim()).unwrap_or_default();
        let id = text(Column::OrderId);
        let row = Row {
            order_id: OrderId::parse(id),
            channel_order_id: text(Column::ChannelOrderId).to_owned(),
            store_id: text(Column::StoreId).to_owned(),
            status: text(Column::Status).to_owned(),
            totals: row::amounts(text(Column::Total)),
            updated_at: row::moment(text(Column::UpdatedAt)),
            ordered_at: row::moment(text(Column::OrderedAt)),
        };
        if row.order_id.is_some() || !row.channel_order_id.is_empty() {
            Ok(row)
        } else if id.is_empty() {
            Err("names no order".to_owned())
        } else {
            Err(format!("{:?} is not an order id (digits)", id.chars().take(60).collect::<String>()))
        }
    }
}

/// A heading as it is recognised: its letters and digits, in lower case.
pub(crate) fn key_of(heading: &str) -> String {
    heading.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Rupiah;

    fn texts(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn headings_are_recognised_in_both_languages() {
        for headings in [
            ["Order ID", "Order Number", "Status", "Total Price", "Updated At"],
            ["ID Forstok", "No. Pesanan", "Status Pesanan", "Total Pesanan", "Terakhir diperbarui"],
            ["order_id", "channel_order_id", "status", "total", "updated_at"],
        ] {
            let columns = Columns::of(&texts(&headings), None);
            let places: Vec<_> =
                [Column::OrderId, Column::ChannelOrderId, Column::Status, Column::Total, Column::UpdatedAt]
                    .map(|column| columns.place(column))
                    .to_vec();
            assert_eq!(places, (0..5).map(Some).collect::<Vec<_>>(), "{headings:?}");
            assert!(columns.are_enough());
        }
        assert!(!Columns::of(&texts(&["Produk", "Status"]), None).are_enough());
    }

    #[test]
    fn the_marketplaces_number_is_preferred_to_that_of_an_invoice() {
        for headings in [["invoice_number", "marketplace_number"], ["Nomor invoice", "Nomor pesanan marketplace"]] {
            assert_eq!(Columns::of(&texts(&headings), None).place(Column::ChannelOrderId), Some(1), "{headings:?}");
        }
    }

    #[test]
    fn what_a_person_chose_wins_over_what_is_recognised() {
        let headings = texts(&["id", "Kode Transaksi", "Harga"]);
        let chosen = [("channel_order_id", "kode transaksi"), ("total", "Harga"), ("status", "not there")];
        let chosen: Choice = chosen.map(|(column, heading)| (column.to_owned(), heading.to_owned())).into();
        let columns = Columns::of(&headings, Some(&chosen));
        assert_eq!(columns.place(Column::OrderId), None);
        let row = columns.read(&texts(&["7", " INV-7 ", "Rp80.000,00"])).expect("it names an order");
        assert_eq!((row.channel_order_id.as_str(), row.totals), ("INV-7", vec![Rupiah::whole(80_000)]));
    }

    #[test]
    fn a_row_without_an_order_is_reported() {
        let columns = Columns::of(&texts(&["Order ID", "Status"]), None);
        assert_eq!(columns.read(&texts(&["12a", "Open"])), Err("\"12a\" is not an order id (digits)".to_owned()));
        assert_eq!(columns.read(&texts(&["", "Open"])), Err("names no order".to_owned()));
        assert_eq!(columns.read(&[]), Err("names no order".to_owned()));
    }
}
