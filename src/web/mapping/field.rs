//! One field of the mapping's form, and what is said beneath it.

/// One field.
pub(super) struct Field {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) label: String,
    pub(super) value: String,
    pub(super) input: Input,
    /// What is wrong with the value.
    pub(super) mistake: String,
    /// What looks wrong with it.
    pub(super) warning: String,
    /// What another person entered meanwhile.
    pub(super) theirs: String,
    pub(super) hint: String,
    /// The value is a suggestion.
    pub(super) is_suggested: bool,
}

/// How a field is filled.
pub(super) enum Input {
    /// Text, with choices from this list.
    Text(Option<ListOf>),
    Day,
    Choice(Vec<Choice>),
}

/// The list of a text field.
#[derive(Clone)]
pub(super) struct ListOf {
    pub(super) id: String,
    /// Where the browser asks for more, if the list is too long for the page.
    pub(super) more: Option<String>,
}

/// One choice of a field.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) text: String,
    pub(super) is_chosen: bool,
}

/// A list of Accurate's for text fields.
pub(super) struct OptionList {
    pub(super) id: String,
    /// Value, and what else is shown with it.
    pub(super) rows: Vec<(String, String)>,
}

impl Field {
    /// Whether something is said beneath it.
    pub(super) fn is_described(&self) -> bool {
        [&self.mistake, &self.theirs, &self.warning, &self.hint].into_iter().any(|text| !text.is_empty())
    }
}
