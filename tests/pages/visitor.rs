//! A browser without scripts.

use reqwest::{
    Client, StatusCode,
    header::{HeaderMap, HeaderName, HeaderValue},
    redirect::Policy,
};

use crate::service::{OPERATOR_TOKEN, Service};

/// A browser that stores cookies and does not follow redirects.
#[derive(Clone)]
pub(crate) struct Visitor {
    client: Client,
    base: String,
    cookies: Vec<(String, String)>,
    headers: HeaderMap,
}

impl Visitor {
    pub(crate) fn of(service: &Service) -> Self {
        Self::at(service.url(""))
    }

    pub(crate) fn at(base: String) -> Self {
        // Fails if one is already installed, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().redirect(Policy::none()).build().expect("a client can be made");
        let headers =
            HeaderMap::from_iter([(HeaderName::from_static("accept"), HeaderValue::from_static("text/html"))]);
        Self { client, base, cookies: Vec::new(), headers }
    }

    /// A browser that is signed in as the admin.
    pub(crate) async fn operator(service: &Service) -> Self {
        let mut visitor = Self::of(service);
        visitor.signs_in(OPERATOR_TOKEN).await.goes_to("/");
        visitor
    }

    /// Sends this header with every request from now on.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, value.parse().expect("a header's value"));
        self
    }

    pub(crate) async fn signs_in(&mut self, token: &str) -> Shown {
        self.post("/login", &[("token", token)]).await
    }

    pub(crate) async fn get(&mut self, path: &str) -> Shown {
        let request = self.client.get(format!("{}{path}", self.base));
        self.send(request).await
    }

    pub(crate) async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Shown {
        let body = form.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&");
        let request = self.client.post(format!("{}{path}", self.base));
        self.send(request.header("content-type", "application/x-www-form-urlencoded").body(body)).await
    }

    /// Sends a form with a file.
    pub(crate) async fn post_file(&mut self, path: &str, form: &[(String, String)], file: &[u8]) -> Shown {
        const BETWEEN: &str = "----a-boundary-that-no-file-contains";
        let mut body = Vec::new();
        for (name, value) in form {
            let head = format!("--{BETWEEN}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            body.extend(head.into_bytes());
        }
        let head = "Content-Disposition: form-data; name=\"file\"; filename=\"file\"\r\n\r\n";
        body.extend(format!("--{BETWEEN}\r\n{head}").into_bytes());
        body.extend(file);
        body.extend(format!("\r\n--{BETWEEN}--\r\n").into_bytes());
        let request = self.client.post(format!("{}{path}", self.base));
        self.send(request.header("content-type", format!("multipart/form-data; boundary={BETWEEN}")).body(body)).await
    }

    /// The cookies that are sent.
    pub(crate) fn cookie(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// Sends this cookie with every request from now on.
    pub(crate) fn forges(&mut self, name: &str, value: &str) {
        self.cookies.retain(|(other, _)| other != name);
        self.cookies.push((name.to_owned(), value.to_owned()));
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Shown {
        let mut request = request.headers(self.headers.clone());
        if !self.cookies.is_empty() {
            request = request.header("cookie", self.cookie());
        }
        let response = request.send().await.expect("the service answers");
        for header in response.headers().get_all("set-cookie") {
            let text = header.to_str().expect("a cookie is a text");
            let (name, value) = text.split(';').next().and_then(|pair| pair.split_once('=')).expect("name and value");
            self.forges(name, value);
        }
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await.expect("the answer has an end").to_vec();
        Shown { status, headers, html: String::from_utf8_lossy(&bytes).into_owned(), bytes }
    }
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

pub(crate) fn unescaped(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&#60;", "<").replace("&#62;", ">");
    let text = text.replace("&#34;", "\"").replace("&quot;", "\"").replace("&#39;", "'");
    text.replace("&#38;", "&").replace("&amp;", "&")
}

/// The answer.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) html: String,
    /// The raw bytes, for a file that is not text.
    pub(crate) bytes: Vec<u8>,
}

impl Shown {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Asserts that it redirects to this address.
    pub(crate) fn goes_to(&self, path: &str) {
        assert_eq!((self.status, self.header("location")), (StatusCode::SEE_OTHER, path), "{}", self.html);
    }

    /// The address of the form with this button and these choices, for a form that only reads.
    pub(crate) fn form_of(&self, button: &str, choices: &[(&str, &str)]) -> String {
        let forms = self.html.split("<form ").skip(1).map(|form| form.split("</form>").next().unwrap_or_default());
        let ends_with_it = format!("<button>{button}</button>");
        let form = forms.into_iter().find(|form| form.contains(&ends_with_it)).expect("a form has this button");
        let attribute = |tag: &str, name: &str| {
            let (_, value) = tag.split_once(&format!("{name}=\""))?;
            Some(unescaped(value.split('"').next()?))
        };
        assert_eq!(attribute(form, "method").as_deref(), Some("get"), "{form}");
        let hidden = form.split("<input type=\"hidden\"").skip(1);
        let hidden = hidden.filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value")?)));
        let chosen = choices.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let pairs = hidden.chain(chosen).map(|(name, value)| format!("{name}={}", encoded(&value)));
        let path = attribute(form, "action").expect("a form leads somewhere");
        format!("{path}?{}", pairs.collect::<Vec<_>>().join("&"))
    }

    /// The fields of a form by its id, with the values that a browser would send.
    pub(crate) fn fields_of(&self, form: &str) -> Vec<(String, String)> {
        let attribute = |tag: &str, name: &str| {
            let (_, value) = tag.split('>').next()?.split_once(&format!(" {name}=\""))?;
            Some(unescaped(value.split('"').next()?))
        };
        let (_, form) = self.html.split_once(&format!("id=\"{form}\"")).expect("the form is there");
        let form = form.split("</form>").next().unwrap_or_default();
        let inputs = form.split("<input").skip(1).map(|tag| (attribute(tag, "name"), attribute(tag, "value")));
        let selects = form.split("<select").skip(1).map(|select| {
            let options = select.split("</select>").next().unwrap_or_default();
            let options: Vec<_> = options.split("<option").skip(1).collect();
            let chosen = options.iter().find(|tag| tag.split('>').next().is_some_and(|tag| tag.ends_with(" selected")));
            (attribute(select, "name"), chosen.or(options.first()).and_then(|tag| attribute(tag, "value")))
        });
        inputs.chain(selects).filter_map(|(name, value)| Some((name?, value.unwrap_or_default()))).collect()
    }

    /// The visible text, with words and spaces as a browser shows them.
    pub(crate) fn text(&self) -> String {
        let body = self.html.split_once("<body").map_or(self.html.as_str(), |(_, body)| body);
        let mut text = String::new();
        for piece in body.split('<').skip(1) {
            let Some((tag, words)) = piece.split_once('>') else { continue };
            let ends = ["p", "h1", "h2", "h3", "li", "td", "th", "tr", "dt", "dd", "div", "button", "label", "summary"];
            let name = tag.trim_start_matches('/').split([' ', '\n']).next().unwrap_or_default();
            text.push_str(if ends.contains(&name) { "\n" } else { "" });
            text.push_str(words);
        }
        let text = unescaped(&text);
        let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
    }

    /// Asserts that each of these texts is visible.
    pub(crate) fn says(&self, words: &[&str]) {
        let text = self.text();
        for words in words {
            assert!(text.contains(words), "{words:?} is not shown:\n{text}");
        }
    }
}
