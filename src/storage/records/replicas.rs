//! Which replica does what.

/// Who leads a duty, for example making a book's calls to Accurate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leadership {
    /// This process, for as long as it runs: no other one can work on this database.
    Sole,
    /// This replica led it and still does.
    Renewed,
    /// This replica leads it from now on: nobody did, or the leadership of another replica has ended.
    Won,
    /// Another replica leads it.
    Another {
        /// How the book is, as that replica reported it.
        report: Option<String>,
    },
}
