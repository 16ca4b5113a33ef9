//! Values of a statement that is put together piece by piece.

use crate::storage::{dialect::Value, rows::storable};

/// Values in the order of their numbers in the statement.
#[derive(Clone, Debug, Default)]
pub(in crate::storage) struct Binds(Vec<Bind>);

#[derive(Clone, Debug)]
enum Bind {
    Number(i64),
    Text(String),
}

impl Binds {
    /// Adds a number and returns its place, for example `$3`.
    pub(in crate::storage) fn number(&mut self, number: i64) -> String {
        self.0.push(Bind::Number(number));
        format!("${}", self.0.len())
    }

    /// Adds a text and returns its place.
    pub(in crate::storage) fn text(&mut self, text: &str) -> String {
        self.0.push(Bind::Text(storable(text).into_owned()));
        format!("${}", self.0.len())
    }

    /// As the database wants them.
    pub(in crate::storage) fn values(&self) -> Vec<Value<'_>> {
        let value = |bind| match bind {
            &Bind::Number(number) => Value::Number(number),
            Bind::Text(text) => Value::Text(text),
        };
        self.0.iter().map(value).collect()
    }
}
