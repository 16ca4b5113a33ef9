//! Reads one row of a payout file.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{
    days::day,
    layout::Layout,
    numbers::Written,
    profile::{Content, NET, Profile, Rows},
    wrong::{Why, Wrong},
};
use crate::{
    domain::{mapping::after_sale::payout_categories, matching::spelling::without_invisible, money::Rupiah},
    spreadsheet::Cell,
};

/// Digits of a number that a spreadsheet keeps exactly.
const EXACT_DIGITS: u32 = 15;

/// Decimal places of an amount that are kept.
const MOST_PLACES: u32 = 6;

/// First words of a row that adds up other rows.
const TOTALS: [&str; 7] = ["total", "grandtotal", "subtotal", "jumlah", "totalkeseluruhan", "totaljumlah", "totals"];

/// What a row is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// Money.
    Money(Money),
    /// The sum of other rows.
    Totals,
    /// A kind of row that the profile skips.
    Skipped {
        /// Which kind.
        kind: String,
        /// Its money, if it can be read.
        net: Rupiah,
    },
}

/// A row with money: a payout, or one amount of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Money {
    /// The line of the file.
    pub line: u64,
    /// The marketplace's order number; empty for money without an order.
    pub order: String,
    /// The file's own id of the row; empty if it has none.
    pub transaction: String,
    /// The statement that it belongs to; empty if the file names none.
    pub statement: String,
    /// The kind of the row; with a row for each fee, the fee's name.
    pub kind: String,
    /// Forstok's store id; empty if nothing names it.
    pub store_id: String,
    /// The day on which the money arrived.
    pub paid_at: Date,
    /// The money of the row.
    pub net: Rupiah,
    /// Its amounts by name, as the seller feels them.
    pub amounts: Vec<(String, Rupiah)>,
}

/// Whether a row adds up others: it names no order, and its first value says so; without a day, any of its values.
pub fn is_totals(layout: &Layout, cells: &[Cell]) -> bool {
    let says_so = |text: &str| {
        let key = crate::domain::import::columns::key_of(text);
        TOTALS.contains(&key.as_str())
    };
    let order = layout.first(Content::Order, cells).map(|(_, cell)| cell.text());
    let mut texts = cells.iter().filter(|cell| !cell.is_blank()).map(Cell::text);
    let says_so_first = texts.next().is_some_and(|text| says_so(text.trim_end_matches(':')));
    // A payout has a day; in a row without one, the word may stand anywhere.
    let has_day = layout.first(Content::PaidAt, cells).is_some();
    order.is_none_or(|order| says_so(&order))
        && (says_so_first || (!has_day && texts.any(|text| says_so(text.trim_end_matches(':')))))
}

/// Reads a row; everything that is wrong with it.
pub fn read(profile: &Profile, layout: &Layout, line: u64, cells: &[Cell]) -> Result<Row, Vec<Wrong>> {
    if is_totals(layout, cells) {
        return Ok(Row::Totals);
    }
    let mut reading = Reading { layout, line, cells, wrong: Vec::new() };
    let kind = reading.text(Content::Kind);
    let fee = reading.text(Content::Fee);
    if let Some(skipped) = [&kind, &fee].into_iter().find(|kind| profile.skipped.contains_key(kind.as_str())) {
        let net = reading.amount(Content::Net).unwrap_or_default();
        return Ok(Row::Skipped { kind: skipped.clone(), net });
    }
    let row = Money {
        line,
        order: reading.order(),
        transaction: reading.text(Content::Transaction),
        statement: reading.text(Content::Statement),
        kind: if profile.rows == Rows::Fee { fee.clone() } else { kind },
        store_id: match profile.store_id.as_str() {
            "" => reading.text(Content::Store),
            of_all => of_all.to_owned(),
        },
        paid_at: reading.day(profile),
        net: Rupiah::ZERO,
        amounts: Vec::new(),
    };
    let row = match profile.rows {
        Rows::Payout => reading.payout(row),
        Rows::Fee => reading.fee(row, profile, &fee),
    };
    if reading.wrong.is_empty() { Ok(Row::Money(row)) } else { Err(reading.wrong) }
}

struct Reading<'a> {
    layout: &'a Layout,
    line: u64,
    cells: &'a [Cell],
    wrong: Vec<Wrong>,
}

impl Reading<'_> {
    fn text(&self, content: Content) -> String {
        self.layout.first(content, self.cells).map(|(_, cell)| cell.text()).unwrap_or_default()
    }

    fn wrong(&mut self, content: Content, value: &str, why: Why) {
        self.wrong.push(Wrong::new(self.line, self.layout.heading(content), value, why));
    }

    fn order(&mut self) -> String {
        let mut named =
            self.layout.filled(Content::Order, self.cells).map(|(_, cell)| (order_number(&cell.text()), cell));
        let Some((order, cell)) = named.find(|(order, _)| !order.is_empty()) else { return String::new() };
        let is_number = matches!(cell, Cell::Number(_));
        if (is_number && order.len() > EXACT_DIGITS as usize) || is_scientific(&order) {
            self.wrong(Content::Order, &order, Why::LostDigits);
        }
        order
    }

    fn day(&mut self, profile: &Profile) -> Date {
        let found = self.layout.first(Content::PaidAt, self.cells);
        match found.map(|(_, cell)| day(cell, profile.days)) {
            Some(Some(day)) => return day,
            Some(None) => self.wrong(Content::PaidAt, &self.text(Content::PaidAt), Why::NoDay),
            None => self.wrong(Content::PaidAt, "", Why::Missing),
        }
        Date::default()
    }

    fn amount(&mut self, content: Content) -> Option<Rupiah> {
        let found = self.layout.first(content, self.cells);
        if found.is_none() {
            self.wrong(content, "", Why::Missing);
        }
        self.amount_at(found?.0)
    }

    /// The amount in a column; `None` if there is none or it cannot be read.
    fn amount_at(&mut self, column: usize) -> Option<Rupiah> {
        let cell = self.cells.get(column)?;
        let text = cell.text();
        let amount = match cell {
            Cell::Number(number) => Rupiah::parse(number).ok(),
            Cell::Date(_) => None,
            Cell::Text(_) => match Written::of(&text) {
                Written::Nothing => return None,
                written => written.amount(self.layout.notation(column)),
            },
        };
        let why = if amount.is_none() { Some(Why::NoAmount) } else { is_too_fine(cell).then_some(Why::TooFine) };
        if let Some(why) = why {
            self.wrong.push(Wrong::new(self.line, &self.layout.headings[column], &text, why));
            return None;
        }
        amount
    }

    /// A row that is a payout. Without a column for the money, it is the sum of the amounts.
    fn payout(&mut self, mut row: Money) -> Money {
        for place in &self.layout.amounts {
            let Some(amount) = self.amount_at(place.column) else { continue };
            let amount = if place.is_reversed { Rupiah::ZERO - amount } else { amount };
            if amount != Rupiah::ZERO || is_category(&place.fee) {
                row.amounts.push((place.fee.clone(), amount));
            }
        }
        row.net = if self.layout.has(Content::Net) {
            self.amount(Content::Net).unwrap_or_default()
        } else {
            row.amounts.iter().map(|(_, amount)| *amount).sum()
        };
        row
    }

    /// A row that is one amount of a payout.
    fn fee(&mut self, mut row: Money, profile: &Profile, fee: &str) -> Money {
        if fee.is_empty() {
            self.wrong(Content::Fee, "", Why::Missing);
        }
        row.net = self.amount(Content::Net).unwrap_or_default();
        let name = profile.fees.get(fee).map_or(fee, String::as_str);
        if name != NET {
            row.amounts.push((name.to_owned(), row.net));
        }
        row
    }
}

/// Whether an amount has more than six decimal places, so that it would be rounded. A number's digits after the
/// fifteenth are noise of the spreadsheet's arithmetic.
fn is_too_fine(cell: &Cell) -> bool {
    match cell {
        Cell::Number(number) => {
            let seen = number.parse::<Decimal>().ok().and_then(|number| number.round_sf(EXACT_DIGITS));
            seen.is_some_and(|seen| seen != seen.round_dp(MOST_PLACES))
        }
        Cell::Text(text) => {
            // More digits than a group of thousands has are decimals in either notation.
            let fraction = text.rsplit_once(['.', ',']).map_or("", |(_, fraction)| fraction);
            let digits = fraction.chars().take_while(char::is_ascii_digit);
            digits.skip(MOST_PLACES as usize).any(|digit| digit != '0')
        }
        Cell::Date(_) => false,
    }
}

/// Whether the contract knows this name: its amounts count even if they are 0, because the row names them.
fn is_category(fee: &str) -> bool {
    payout_categories().any(|category| category == fee)
}

/// An order number without what protects it from being read as a figure, `="123"` or `'123`, and without anything
/// invisible; empty if the file writes that there is none: `-`, or `/` as TikTok does.
fn order_number(text: &str) -> String {
    let seen = without_invisible(text);
    let formula = seen.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    let number = formula.unwrap_or(&seen).trim_start_matches('\'').trim();
    if number.chars().all(|letter| matches!(letter, '-' | '–' | '—' | '/')) {
        String::new()
    } else {
        number.to_owned()
    }
}

/// `5.76461E+17`.
fn is_scientific(text: &str) -> bool {
    let Some((number, power)) = text.split_once(['E', 'e']) else { return false };
    let power = power.strip_prefix('+').unwrap_or_default();
    !power.is_empty()
        && power.bytes().all(|byte| byte.is_ascii_digit())
        && number.contains(['.', ','])
        && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b',')
}
