//! How the rows of a payout file were recorded, as CSV.

use std::io::{self, Write};

use super::{
    Headers,
    csv::{BYTE_ORDER_MARK, as_text},
};
use crate::domain::{
    payout::{Recorded, RowOutcome},
    payout_file::Made,
    reason::Language,
};

/// Its columns for programs.
const COLUMNS: [&str; 7] = ["line", "source", "id", "channel_order_id", "net", "outcome", "problem"];

/// Its columns for people.
const IN_ENGLISH: [&str; 7] = ["Line", "Source", "Id", "Order", "Money", "Outcome", "Problem"];
const IN_INDONESIAN: [&str; 7] = ["Baris", "Sumber", "ID", "Pesanan", "Dana", "Hasil", "Masalah"];

/// Writes a line for each payout.
pub struct Outcomes<W: Write> {
    writer: ::csv::Writer<W>,
    headers: Headers,
}

impl<W: Write> Outcomes<W> {
    /// Writes the headings.
    pub fn new(mut to: W, headers: Headers) -> io::Result<Self> {
        to.write_all(BYTE_ORDER_MARK.as_bytes())?;
        let mut writer = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(to);
        writer.write_record(match headers {
            Headers::Stable => COLUMNS,
            Headers::For(Language::English) => IN_ENGLISH,
            Headers::For(Language::Indonesian) => IN_INDONESIAN,
        })?;
        Ok(Self { writer, headers })
    }

    /// Writes how a payout was recorded.
    pub fn add(&mut self, made: &Made, outcome: &RowOutcome) -> io::Result<()> {
        let payout = &made.payout;
        let fields = [
            made.line.to_string(),
            as_text(payout.key.source.clone()),
            as_text(payout.key.id.clone()),
            as_text(payout.channel_order_id.clone()),
            payout.net.to_string(),
            word(outcome.outcome, self.headers).to_owned(),
            as_text(outcome.problem.clone().unwrap_or_default()),
        ];
        Ok(self.writer.write_record(fields)?)
    }

    /// Ends the file.
    pub fn end(mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

fn word(outcome: Recorded, headers: Headers) -> &'static str {
    match headers {
        Headers::Stable => outcome.as_str(),
        Headers::For(language) => outcome.in_words(language),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::{
        money::Rupiah,
        payout::{Payout, PayoutKey},
    };

    #[test]
    fn each_row_says_how_it_was_recorded_and_no_value_becomes_a_formula() {
        let key = PayoutKey { source: "shopee".to_owned(), id: "=1+1".to_owned() };
        let payout = Payout {
            key: key.clone(),
            store_id: String::new(),
            channel_order_id: "@A".to_owned(),
            paid_at: date(2026, 11, 5),
            net: Rupiah::whole(-12_000),
            amounts: [].into(),
            lines: Vec::new(),
        };
        let outcome = RowOutcome { key, outcome: Recorded::Refused, problem: Some("id, twice".to_owned()) };
        let made = Made { line: 7, payout };
        let lines = |headers| {
            let mut file = Vec::new();
            let mut outcomes = Outcomes::new(&mut file, headers).expect("written");
            outcomes.add(&made, &outcome).expect("written");
            outcomes.end().expect("written");
            let text = String::from_utf8(file).expect("UTF-8");
            text.trim_start_matches('\u{feff}').lines().map(str::to_owned).collect::<Vec<_>>()
        };
        let row = "7,shopee,'=1+1,'@A,-12000,refused,\"id, twice\"";
        assert_eq!(lines(Headers::Stable), [&COLUMNS.join(","), row]);
        let row = row.replace("refused", "ditolak");
        assert_eq!(lines(Headers::For(Language::Indonesian)), [IN_INDONESIAN.join(","), row]);
    }
}
