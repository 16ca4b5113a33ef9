//! The forms of replies (accurate.md §3).

use std::str::FromStr;

use axum::{
    body::Bytes,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{ACCEPT, CONTENT_TYPE},
    },
};
use rust_decimal::Decimal;
use serde_json::{Number, Value, json};

use super::Answer;

/// An exact JSON number: 24500.5, never 24500.500000000004.
pub(super) fn number(amount: Decimal) -> Value {
    let digits = amount.normalize().to_string();
    Value::Number(Number::from_str(&digits).expect("a decimal's digits are a JSON number"))
}

/// `"s":false` with messages: a business error, HTTP 200.
pub(super) fn refusal(messages: &[String]) -> Value {
    json!({ "s": false, "d": messages })
}

pub(super) fn json_answer(status: StatusCode, body: &Value) -> Answer {
    answer(status, "application/json;charset=UTF-8", body.to_string())
}

pub(super) fn html_answer(status: StatusCode) -> Answer {
    let title = match status {
        StatusCode::OK => "Under Maintenance".to_owned(),
        status => status.to_string(),
    };
    let page = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
         <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    );
    answer(status, "text/html", page)
}

pub(super) fn text_answer(status: StatusCode, text: &str) -> Answer {
    answer(status, "text/plain", text.to_owned())
}

/// An error outside the envelope's HTTP 200: XML if the caller did not ask for JSON (accurate.md §1).
///
/// The XML's element names are a guess.
pub(super) fn error_answer(request_headers: &HeaderMap, status: StatusCode, body: &Value) -> Answer {
    if asks_for_json(request_headers) {
        return json_answer(status, body);
    }
    let text = match body {
        Value::Object(fields) => fields.get("error").or_else(|| fields.get("d")?.get(0)).and_then(Value::as_str),
        _ => None,
    };
    let text = text.unwrap_or_default().replace('&', "&amp;").replace('<', "&lt;");
    answer(status, "application/xml;charset=UTF-8", format!("<Map><s>false</s><d><d>{text}</d></d></Map>"))
}

/// A JSON object of this many bytes: a list of numbers precedes its content.
pub(super) fn padded(body: &str, bytes: usize) -> String {
    let Some(rest) = body.strip_prefix('{') else { return body.to_owned() };
    let (before, number, after) = (r#"{"padding":["#, "24500.5,", "0],");
    let room = bytes.saturating_sub(before.len() + after.len() + rest.len());
    let spaces = " ".repeat(room % number.len());
    [before, &number.repeat(room / number.len()), after, rest, &spaces].concat()
}

fn asks_for_json(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT).iter().any(|value| value.to_str().is_ok_and(|value| value.contains("application/json")))
}

fn answer(status: StatusCode, content_type: &'static str, body: String) -> Answer {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    Answer::Reply { status, headers, body: Bytes::from(body) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_padded_reply_has_the_size_and_says_the_same() {
        let padded = padded(r#"{"s":true,"d":[1]}"#, 1_000);
        let body: Value = serde_json::from_str(&padded).expect("JSON");
        assert_eq!((padded.len(), &body["d"]), (1_000, &json!([1])));
    }

    #[test]
    fn amounts_are_exact_json_numbers() {
        for (amount, shown) in [("24500.50", "24500.5"), ("80000.00", "80000"), ("0", "0"), ("-0.1", "-0.1")] {
            let amount: Decimal = amount.parse().expect("a decimal");
            assert_eq!(number(amount).to_string(), shown);
        }
    }
}
