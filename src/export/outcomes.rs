//! How the rows of a payout file were recorded, as CSV.

use std::io::{self, Write};

use super::csv::{BYTE_ORDER_MARK, as_text};
use crate::domain::{payout::RowOutcome, payout_file::Made};

/// Its columns.
const COLUMNS: [&str; 7] = ["line", "source", "id", "channel_order_id", "net", "outcome", "problem"];

/// Writes a line for each payout.
pub struct Outcomes<W: Write>(::csv::Writer<W>);

impl<W: Write> Outcomes<W> {
    /// Writes the headings.
    pub fn new(mut to: W) -> io::Result<Self> {
        to.write_all(BYTE_ORDER_MARK.as_bytes())?;
        let mut writer = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(to);
        writer.write_record(COLUMNS)?;
        Ok(Self(writer))
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
            outcome.outcome.as_str().to_owned(),
            as_text(outcome.problem.clone().unwrap_or_default()),
        ];
        Ok(self.0.write_record(fields)?)
    }

    /// Ends the file.
    pub fn end(mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::{
        money::Rupiah,
        payout::{Payout, PayoutKey, Recorded},
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
        };
        let outcome = RowOutcome { key, outcome: Recorded::Refused, problem: Some("id, twice".to_owned()) };
        let mut file = Vec::new();
        let mut outcomes = Outcomes::new(&mut file).expect("written");
        outcomes.add(&Made { line: 7, payout }, &outcome).expect("written");
        outcomes.end().expect("written");
        let text = String::from_utf8(file).expect("UTF-8");
        let lines: Vec<_> = text.trim_start_matches('\u{feff}').lines().collect();
        assert_eq!(lines, [&*COLUMNS.join(","), "7,shopee,'=1+1,'@A,-12000,refused,\"id, twice\""]);
    }
}
