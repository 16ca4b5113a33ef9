//! Pages of a list: how many rows, where they begin, and where the next page begins.

use super::{params::shortened, problem::Problem, wrong_field::WrongField};

/// How many rows a list shows at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageSize {
    /// Unless asked otherwise.
    pub(crate) usual: i64,
    /// At most.
    pub(crate) most: i64,
}

impl PageSize {
    /// The number of rows that `name` asks for; the usual one if it is empty.
    pub(crate) fn read(self, name: &'static str, limit: Option<&str>) -> Result<i64, Problem> {
        let Some(text) = limit.filter(|text| !text.is_empty()) else { return Ok(self.usual) };
        let is_possible = |number: &i64| (1..=self.most).contains(number);
        text.parse()
            .ok()
            .filter(is_possible)
            .ok_or_else(|| WrongField::Outside { name, text: shortened(text), most: self.most }.into())
    }
}

/// The row that `name` continues after; `None` on the first page, which an empty cursor asks for too.
pub(crate) fn read_cursor<T>(
    name: &'static str,
    cursor: Option<&str>,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Problem> {
    let Some(cursor) = cursor.filter(|cursor| !cursor.is_empty()) else { return Ok(None) };
    let wrong = || WrongField::NotAPlace { name, cursor: cursor.to_owned() }.into();
    parse(cursor).map(Some).ok_or_else(wrong)
}

/// Rows of a list whose place is their id, newest first.
#[derive(Debug)]
pub(crate) struct Page<T> {
    /// The rows of this page.
    pub(crate) rows: Vec<T>,
    /// The id after which the next page begins; `None` on the last page.
    pub(crate) next: Option<i64>,
}

impl<T> Page<T> {
    /// Cuts off the one row that was read beyond the limit: it only shows that there is another page.
    pub(crate) fn cut(mut rows: Vec<T>, limit: i64, id: impl Fn(&T) -> i64) -> Self {
        let has_next = rows.len() as i64 > limit;
        rows.truncate(limit as usize);
        let next = rows.last().filter(|_| has_next).map(id);
        Self { rows, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: PageSize = PageSize { usual: 2, most: 5 };

    #[test]
    fn a_page_has_the_usual_size_unless_asked_otherwise_and_never_more_than_the_most() {
        assert_eq!(SIZE.read("limit", None), Ok(2));
        assert_eq!(SIZE.read("limit", Some("")), Ok(2));
        assert_eq!(SIZE.read("limit", Some("5")), Ok(5));
        for wrong in ["0", "-1", "6", "abc", "1.5", "99999999999999999999"] {
            let problem = SIZE.read("limit", Some(wrong)).expect_err("outside");
            assert_eq!(problem.to_string(), format!("limit: {wrong:?} is not a whole number from 1 to 5"));
        }
    }

    #[test]
    fn a_cursor_that_no_page_gave_is_refused_under_its_own_name() {
        let number = |text: &str| text.parse::<i64>().ok();
        assert_eq!(read_cursor("cursor", None, number), Ok(None));
        assert_eq!(read_cursor("cursor", Some(""), number), Ok(None));
        assert_eq!(read_cursor("cursor", Some("7"), number), Ok(Some(7)));
        let problem = read_cursor("timeline_cursor", Some("x"), number).expect_err("not a number");
        assert_eq!(problem.to_string(), "timeline_cursor: \"x\" is not a timeline_next_cursor of an earlier page");
    }

    #[test]
    fn the_row_beyond_the_limit_is_cut_off_and_says_that_there_is_another_page() {
        let page = Page::cut(vec![9, 8, 7], 2, |id| *id);
        assert_eq!((page.rows, page.next), (vec![9, 8], Some(8)));
        let page = Page::cut(vec![9, 8], 2, |id| *id);
        assert_eq!((page.rows, page.next), (vec![9, 8], None));
    }
}
