//! Why a payout or a return has no order, and what to do.

use crate::domain::{document::Kind, reason::Language};

/// What is known of a row without an order.
#[derive(Clone, Copy, Debug)]
pub struct Unmatched {
    /// What books it.
    pub kind: Kind,
    /// It names an order.
    pub has_number: bool,
    /// It names a store.
    pub has_store: bool,
    /// Orders with its number, in its store if it names one.
    pub orders: i64,
}

impl Unmatched {
    /// What is wrong, and what to do, in a sentence each.
    pub fn in_words(self, language: Language) -> [&'static str; 2] {
        let [english, indonesian] = match self {
            Self { has_number: false, kind: Kind::Return, .. } => [
                [
                    "The return names no order, so nothing is booked here.",
                    "Book it in Accurate, then mark the row as done by hand.",
                ],
                [
                    "Retur ini tidak menyebut pesanan, sehingga tidak dibukukan di sini.",
                    "Bukukan di Accurate, lalu tandai sudah dibuat manual.",
                ],
            ],
            Self { has_number: false, .. } => [
                [
                    "The row names no order, so nothing is booked here.",
                    "Book the money in Accurate, then mark the row as done by hand.",
                ],
                [
                    "Baris ini tidak menyebut pesanan, sehingga tidak dibukukan di sini.",
                    "Bukukan dananya di Accurate, lalu tandai sudah dibuat manual.",
                ],
            ],
            Self { orders: 2.., has_store: false, .. } => [
                [
                    "Several orders have this number, and the row names no store.",
                    "Import the file, or send the row, again with Forstok's store id.",
                ],
                [
                    "Beberapa pesanan memakai nomor ini, dan baris ini tidak menyebut tokonya.",
                    "Impor lagi berkasnya, atau kirim ulang barisnya, dengan ID toko Forstok.",
                ],
            ],
            Self { orders: 2.., .. } => [
                [
                    "Several orders of this store have this number.",
                    "Book it in Accurate on the right invoice, then mark the row as done by hand.",
                ],
                [
                    "Beberapa pesanan toko ini memakai nomor yang sama.",
                    "Bukukan di Accurate pada faktur yang benar, lalu tandai sudah dibuat manual.",
                ],
            ],
            Self { has_store: false, .. } => [
                [
                    "No order has this number.",
                    "It continues as soon as Forstok sends the order; if the number is wrong, correct it and send it again.",
                ],
                [
                    "Belum ada pesanan dengan nomor ini.",
                    "Diproses begitu Forstok mengirim pesanannya; jika nomornya keliru, perbaiki lalu kirim ulang.",
                ],
            ],
            Self { .. } => [
                [
                    "No order of this store has this number.",
                    "It continues as soon as Forstok sends the order; if the number or the store is wrong, correct it and \
                     send it again.",
                ],
                [
                    "Belum ada pesanan toko ini dengan nomor tersebut.",
                    "Diproses begitu Forstok mengirim pesanannya; jika nomor atau tokonya keliru, perbaiki lalu kirim ulang.",
                ],
            ],
        };
        match language {
            Language::English => english,
            Language::Indonesian => indonesian,
        }
    }
}
