//! The orders and invoices of the last days: bars for a picture, and the same numbers for a table.

use super::{format, order_line::rupiah};
use crate::engine::days;

/// The picture's measures, in its own units.
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

/// Picture and table.
pub(super) struct Chart {
    pub(super) days: Vec<Day>,
    pub(super) grid: Vec<Grid>,
}

impl Chart {
    /// Draws these days, the last of which is today.
    pub(super) fn new(days: &[days::Day]) -> Self {
        let highest = days.iter().flat_map(|day| [day.received, day.invoiced]).max().unwrap_or(0);
        let top = rounded_up(highest.max(4));
        let height = |orders: i64| (FLOOR - CEILING) * orders as f64 / top as f64;
        let step = (WIDTH - LEFT) / days.len() as f64;
        let width = step * 0.36;
        let bar = |class, at: f64, orders: i64| Bar {
            class,
            x: format!("{at:.1}"),
            y: format!("{:.1}", FLOOR - height(orders)),
            width: format!("{width:.1}"),
            height: format!("{:.1}", height(orders)),
        };
        let drawn = |(place, day): (usize, &days::Day)| {
            let x = LEFT + step * place as f64;
            let is_today = place + 1 == days.len();
            Day {
                date: format::day(day.day),
                anchor: if is_today { "end" } else { "middle" },
                label: (days.len() - 1 - place).is_multiple_of(7).then(|| day.day.strftime("%d/%m").to_string()),
                received: day.received,
                created: day.invoiced,
                sum: rupiah(day.invoiced_hundredths),
                middle: format!("{:.1}", if is_today { WIDTH } else { x + step / 2.0 }),
                bars: [bar("light", x + step * 0.12, day.received), bar("", x + step * 0.52, day.invoiced)],
            }
        };
        let line = |part: i64| Grid {
            y: format!("{:.1}", FLOOR - height(top * part / 2)),
            label: format::count(top * part / 2),
        };
        Self { days: days.iter().enumerate().map(drawn).collect(), grid: (0..=2).map(line).collect() }
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
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_days_end_today_and_the_highest_bar_fits() {
        let day = |day, received| days::Day { day, received, invoiced: 0, invoiced_hundredths: 0 };
        let chart = Chart::new(&[day(date(2026, 11, 25), 0), day(date(2026, 11, 26), 37)]);
        let dates: Vec<_> = chart.days.iter().map(|day| day.date.as_str()).collect();
        assert_eq!(dates, ["25/11/2026", "26/11/2026"]);
        let today = &chart.days[1];
        assert_eq!((today.received, today.created, today.anchor), (37, 0, "end"));
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
