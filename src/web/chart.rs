//! Thirty days of orders and invoices, drawn here: bars for a picture, the same numbers for a table.

use jiff::{ToSpan, civil::Date};

use super::{format, order_line::rupiah};
use crate::storage::DaySum;

/// Days that are shown, today included.
pub(super) const DAYS: i64 = 30;

/// The picture's own measures.
const WIDTH: f64 = 900.0;
const LEFT: f64 = 34.0;
const FLOOR: f64 = 160.0;
const CEILING: f64 = 14.0;

/// One day, in the picture and in the table.
pub(super) struct Day {
    pub(super) date: String,
    /// `26/11`, under some of the bars.
    pub(super) label: Option<String>,
    pub(super) anchor: &'static str,
    pub(super) received: i64,
    pub(super) created: i64,
    pub(super) sum: String,
    /// Between the two bars.
    pub(super) middle: String,
    pub(super) bars: [Bar; 2],
}

/// A bar, from its upper edge down.
pub(super) struct Bar {
    pub(super) class: &'static str,
    pub(super) x: String,
    pub(super) y: String,
    pub(super) width: String,
    pub(super) height: String,
}

/// A line across the picture.
pub(super) struct Grid {
    pub(super) y: String,
    pub(super) label: String,
}

/// All of it.
pub(super) struct Chart {
    pub(super) days: Vec<Day>,
    pub(super) grid: Vec<Grid>,
}

/// The first of the days.
pub(super) fn first_day(today: Date) -> Date {
    today.saturating_sub((DAYS - 1).days())
}

impl Chart {
    pub(super) fn new(today: Date, received: &[DaySum], created: &[DaySum]) -> Self {
        let sum_of = |sums: &[DaySum], day: Date| sums.iter().find(|sum| sum.day == day).copied();
        let highest = received.iter().chain(created).map(|sum| sum.orders).max().unwrap_or(0);
        let top = rounded_up(highest.max(4));
        let height = |orders: i64| (FLOOR - CEILING) * orders as f64 / top as f64;
        let step = (WIDTH - LEFT) / DAYS as f64;
        let mut days = Vec::with_capacity(DAYS as usize);
        for place in 0..DAYS {
            let day = first_day(today).saturating_add(place.days());
            let (received, created) = (sum_of(received, day), sum_of(created, day));
            let numbers = [received, created].map(|sum| sum.map_or(0, |sum| sum.orders));
            let x = LEFT + step * place as f64;
            let width = step * 0.36;
            let bar = |class, at: f64, orders: i64| Bar {
                class,
                x: format!("{at:.1}"),
                y: format!("{:.1}", FLOOR - height(orders)),
                width: format!("{width:.1}"),
                height: format!("{:.1}", height(orders)),
            };
            days.push(Day {
                date: format::day(day),
                anchor: if place == DAYS - 1 { "end" } else { "middle" },
                label: ((DAYS - 1 - place) % 7 == 0).then(|| day.strftime("%d/%m").to_string()),
                received: numbers[0],
                created: numbers[1],
                sum: rupiah(created.map_or(0, |sum| sum.hundredths)),
                middle: format!("{:.1}", if place == DAYS - 1 { WIDTH } else { x + step / 2.0 }),
                bars: [bar("light", x + step * 0.12, numbers[0]), bar("", x + step * 0.52, numbers[1])],
            });
        }
        let line = |part: i64| Grid {
            y: format!("{:.1}", FLOOR - height(top * part / 2)),
            label: format::count(top * part / 2),
        };
        Self { days, grid: (0..=2).map(line).collect() }
    }
}

/// The next number that is easy to read, and even, so that its half is whole too.
fn rounded_up(number: i64) -> i64 {
    let mut unit = 1;
    loop {
        for factor in [4, 6, 10, 20, 30] {
            if factor * unit >= number {
                return factor * unit;
            }
        }
        unit *= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_days_end_today_and_the_highest_bar_fits() {
        let today = Date::constant(2026, 11, 26);
        let sums = [DaySum { day: today, orders: 37, hundredths: 100_000 }];
        let chart = Chart::new(today, &sums, &[]);
        assert_eq!((chart.days.len(), chart.days[0].date.as_str()), (30, "28/10/2026"));
        let last = chart.days.last().expect("a day");
        assert_eq!((last.date.as_str(), last.received, last.created), ("26/11/2026", 37, 0));
        assert_eq!(chart.grid.last().map(|line| line.label.as_str()), Some("40"));
        for bar in chart.days.iter().flat_map(|day| &day.bars) {
            assert!(bar.y.parse::<f64>().expect("a number") >= CEILING);
        }
    }

    #[test]
    fn the_scale_is_easy_to_read() {
        for (number, top) in [(4, 4), (5, 6), (11, 20), (31, 40), (999, 1_000), (1_001, 2_000)] {
            assert_eq!(rounded_up(number), top);
        }
    }
}
