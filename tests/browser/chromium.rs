//! A headless Chromium, controlled over `WebDriver`.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::service::{OPERATOR_TOKEN, Service, client, eventually, within};

/// The key of an element in the answers of `WebDriver`.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// The line that chromedriver prints once it listens.
const STARTED: &str = "was started successfully on port ";

/// How often chromedriver is started again if it exits immediately.
const TRIES: usize = 5;

/// The Tab key in `WebDriver`.
const TAB: char = '\u{e004}';

/// What `WebDriver` answers about an element that is not in the page any more.
const GONE: [&str; 2] = ["stale element reference", "no such element"];

/// What `WebDriver` answers when an element cannot be pressed at this moment: nothing was pressed.
const NOT_PRESSED: [&str; 4] = [GONE[0], GONE[1], "element not interactable", "element click intercepted"];

/// What the answer to a form replaces: a part of the page if the form names one, otherwise the whole page.
const REPLACED: &str = "const part = arguments[0].form?.getAttribute('hx-target');
    return part ? document.querySelector(part) : document.documentElement";

/// The longest time for an answer of chromedriver, which answers once a page is loaded. Only a failure needs it.
const LONGEST_ANSWER: Duration = Duration::from_mins(5);

/// How browsers differ.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) language: &'static str,
    pub(crate) width: u32,
    pub(crate) scripts: bool,
}

impl Kind {
    pub(crate) const ENGLISH: Self = Self { language: "en", width: 1280, scripts: true };
    pub(crate) const INDONESIAN: Self = Self { language: "id", ..Self::ENGLISH };
    pub(crate) const ENGLISH_PHONE: Self = Self { width: 390, ..Self::ENGLISH };
    pub(crate) const INDONESIAN_PHONE: Self = Self { language: "id", width: 390, scripts: false };
}

/// Starts chromedriver; returns it with its port. `None` if the port that it was given for IPv4 is taken for IPv6: then
/// it exits.
fn start() -> Option<(Child, String)> {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver is installed");
    let lines = BufReader::new(driver.stdout.take().expect("standard output is piped")).lines();
    let mut lines = lines.map_while(Result::ok);
    let port = lines.find_map(|line| Some(line.split_once(STARTED)?.1.trim_end_matches('.').trim().to_owned()));
    let Some(port) = port else {
        driver.wait().expect("it has exited");
        return None;
    };
    // Reads all further output, so that chromedriver never blocks.
    std::thread::spawn(move || lines.for_each(drop));
    Some((driver, port))
}

/// A browser with a profile of its own, which is deleted when this value is dropped.
pub(crate) struct Chromium {
    driver: Child,
    session: String,
    client: reqwest::Client,
    base: String,
    folder: TempDir,
    /// In pixels.
    width: u32,
}

impl Chromium {
    /// Opens a browser for the pages of this service.
    pub(crate) async fn open(service: &Service, kind: Kind) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the profile");
        let (driver, port) = (0..TRIES).find_map(|_| start()).expect("chromedriver starts and says where it listens");
        let mut browser = Self {
            driver,
            session: format!("http://127.0.0.1:{port}/session"),
            client: client(),
            base: service.url(""),
            folder,
            width: kind.width,
        };
        let answer = browser.ask("", Some(browser.capabilities(kind))).await;
        let id = answer["sessionId"].as_str().expect("a session").to_owned();
        browser.session = format!("{}/{id}", browser.session);
        let size = json!({"width": kind.width, "height": 900, "deviceScaleFactor": 1, "mobile": kind.width < 600});
        browser.devtools("Emulation.setDeviceMetricsOverride", size).await;
        browser
    }

    fn capabilities(&self, kind: Kind) -> Value {
        let profile = format!("--user-data-dir={}", self.folder.path().join("profile").display());
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            profile.as_str(),
        ];
        let scripts = if kind.scripts { 1 } else { 2 };
        let preferences = json!({
            "intl.accept_languages": kind.language,
            "profile.managed_default_content_settings.javascript": scripts,
        });
        let options = json!({"args": arguments, "prefs": preferences});
        let milliseconds = LONGEST_ANSWER.as_millis();
        let timeouts = json!({"script": milliseconds, "pageLoad": milliseconds});
        let wanted = json!({"browserName": "chrome", "goog:chromeOptions": options, "timeouts": timeouts});
        json!({"capabilities": {"alwaysMatch": wanted}})
    }

    pub(crate) async fn goes_to(&self, path: &str) {
        self.ask("/url", Some(json!({"url": format!("{}{path}", self.base)}))).await;
    }

    /// Signs in as the admin, with the button of this name.
    pub(crate) async fn signs_in(&self, button: &str) {
        self.signs_in_with(OPERATOR_TOKEN, button).await;
    }

    pub(crate) async fn signs_in_with(&self, token: &str, button: &str) {
        self.goes_to("/login").await;
        self.types("token", token).await;
        self.presses(button).await;
    }

    /// Fills in the field with this id, and leaves it, which closes its list of choices.
    pub(crate) async fn types(&self, id: &str, text: &str) {
        let what = format!("there is a field {id}");
        let field = eventually(&what, async || self.find("css selector", &format!("#{id}")).await).await;
        self.ask(&format!("/element/{field}/value"), Some(json!({"text": format!("{text}{TAB}")}))).await;
    }

    /// Chooses a file of this content in the field with this id.
    pub(crate) async fn picks(&self, id: &str, name: &str, content: &[u8]) {
        let file = self.folder.path().join(name);
        std::fs::write(&file, content).expect("the folder of this test");
        let what = format!("there is a field {id}");
        let field = eventually(&what, async || self.find("css selector", &format!("#{id}")).await).await;
        self.ask(&format!("/element/{field}/value"), Some(json!({"text": file.display().to_string()}))).await;
    }

    /// Ticks the box with this label.
    pub(crate) async fn ticks(&self, label: &str) {
        self.clicks(&format!("//label[normalize-space()=\"{label}\"]"), label).await;
    }

    /// Presses the first button with this accessible name, and waits for the answer.
    pub(crate) async fn presses(&self, name: &str) {
        self.clicks_and_waits(&button(name), name).await;
    }

    /// Presses the button with this accessible name in the section whose heading contains these words, and waits for
    /// the answer.
    pub(crate) async fn presses_in(&self, heading: &str, name: &str) {
        let part = format!("//section[.//h2[contains(normalize-space(), \"{heading}\")]]");
        self.clicks_and_waits(&format!("({part}//button[normalize-space()=\"{name}\"])[1]"), name).await;
    }

    /// Chooses the option with this text in the list with this id.
    pub(crate) async fn chooses(&self, id: &str, words: &str) {
        self.clicks(&format!("//select[@id=\"{id}\"]/option[normalize-space()=\"{words}\"]"), words).await;
    }

    /// The file that is downloaded after this button was pressed.
    pub(crate) async fn downloads(&self, button: &str, ending: &str) -> Vec<u8> {
        self.downloads_by(ending, &self::button(button), button).await
    }

    /// The file that is downloaded after this link was followed.
    pub(crate) async fn downloads_from(&self, link: &str, ending: &str) -> Vec<u8> {
        self.downloads_by(ending, &self::link(link), link).await
    }

    async fn downloads_by(&self, ending: &str, path: &str, what: &str) -> Vec<u8> {
        let folder = self.folder.path().join(format!("downloads-{ending}"));
        std::fs::create_dir_all(&folder).expect("a folder for downloads");
        let allowed = json!({"behavior": "allow", "downloadPath": folder.display().to_string()});
        self.devtools("Browser.setDownloadBehavior", allowed).await;
        self.clicks(path, what).await;
        // An unfinished download has another file name extension.
        eventually(&format!("a file ending in {ending} arrives"), async || {
            let files = std::fs::read_dir(&folder).expect("the folder of this test").flatten();
            let mut whole = files.filter(|file| file.path().extension().is_some_and(|found| found == ending));
            // The name may be reserved before its content is there.
            std::fs::read(whole.next()?.path()).ok().filter(|content| !content.is_empty())
        })
        .await
    }

    /// Follows the first link with this text, and waits for the page behind it.
    pub(crate) async fn follows(&self, words: &str) {
        self.clicks_and_waits(&link(words), words).await;
    }

    /// Follows the first link in a row that contains these words, and waits for the page behind it.
    pub(crate) async fn follows_row(&self, words: &str) {
        self.clicks_and_waits(&format!("(//li[contains(normalize-space(), \"{words}\")]//a)[1]"), words).await;
    }

    /// Returns once what the answer replaces is gone. Until then, the next step would still meet the old page, which
    /// may have a button of the same name.
    async fn clicks_and_waits(&self, path: &str, what: &str) {
        let replaced = self.clicks(path, what).await;
        let gone = async || self.is_gone(&replaced).await.then_some(());
        let is_answered = within(1, gone).await.is_some();
        assert!(is_answered, "{what:?} was pressed, and nothing came of it:\n{}", self.text().await);
    }

    /// Clicks an element once it is there; returns what the answer replaces if this submits a form or follows a link.
    async fn clicks(&self, path: &str, what: &str) -> String {
        let clicked = within(1, async || {
            let element = self.find("xpath", path).await?;
            let script = json!({"script": REPLACED, "args": [{ELEMENT: element}]});
            // The page may be replaced or refreshed between these steps.
            let replaced = self.unless(&GONE, "/execute/sync", script).await?;
            self.unless(&NOT_PRESSED, &format!("/element/{element}/click"), json!({})).await?;
            Some(replaced[ELEMENT].as_str().expect("every page has a root").to_owned())
        });
        match clicked.await {
            Some(replaced) => replaced,
            None => panic!("there is no {what:?} to press:\n{}", self.text().await),
        }
    }

    async fn is_gone(&self, element: &str) -> bool {
        let answer = self.try_to_ask(&format!("/element/{element}/name"), None).await;
        answer.is_err_and(|refusal| GONE.contains(&&*refusal.error))
    }

    /// Whether there is a button with this name.
    pub(crate) async fn has_button(&self, name: &str) -> bool {
        self.find("xpath", &button(name)).await.is_some()
    }

    /// The visible text of the page, read in one step, because an element of a replaced page can no longer be read.
    /// `None` while the page changes.
    pub(crate) async fn text(&self) -> String {
        let script = json!({"script": "return document.body ? document.body.innerText : ''", "args": []});
        let text = self.try_to_ask("/execute/sync", Some(script)).await;
        text.ok().and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Waits until the page contains all of these texts.
    pub(crate) async fn shows(&self, words: &[&str]) {
        let mut text = String::new();
        let shown = within(1, async || {
            text = self.text().await;
            words.iter().all(|words| text.contains(words)).then_some(())
        });
        assert!(shown.await.is_some(), "{words:?} never came:\n{text}");
    }

    /// Asserts that nothing is wider than the screen. A phone zooms out to show what is, so its `innerWidth` says
    /// nothing.
    pub(crate) async fn fits_the_screen(&self) {
        let width = self.script("return document.documentElement.scrollWidth").await;
        assert!(width.as_u64().is_some_and(|width| width <= self.width.into()), "the page is {width} pixels wide");
    }

    /// Runs a script and returns its result.
    pub(crate) async fn script(&self, script: &str) -> Value {
        self.ask("/execute/sync", Some(json!({"script": script, "args": []}))).await
    }

    /// Runs a script that calls its last argument when it is done.
    pub(crate) async fn script_until(&self, script: &str) -> Value {
        self.ask("/execute/async", Some(json!({"script": script, "args": []}))).await
    }

    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.ask("/goog/cdp/execute", Some(json!({"cmd": command, "params": parameters}))).await
    }

    /// Saves a picture of the whole page in the folder that the variable `PICTURES` names, if it is set: for people who
    /// want to see what a test sees.
    pub(crate) async fn is_pictured(&self, name: &str) {
        let Some(folder) = std::env::var_os("PICTURES") else { return };
        let size = self.devtools("Page.getLayoutMetrics", json!({})).await["cssContentSize"].clone();
        let clip = json!({"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1});
        let options = json!({"captureBeyondViewport": true, "clip": clip});
        let picture = self.devtools("Page.captureScreenshot", options).await;
        let bytes = STANDARD.decode(picture["data"].as_str().expect("a picture")).expect("base64");
        std::fs::write(std::path::Path::new(&folder).join(format!("{name}.png")), bytes).expect("the folder is there");
    }

    /// The browser's error messages, for example about a violation of the content security policy.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let log = self.ask("/se/log", Some(json!({"type": "browser"}))).await;
        log.as_array().into_iter().flatten().map(|entry| entry["message"].to_string()).collect()
    }

    async fn find(&self, using: &str, value: &str) -> Option<String> {
        let found = self.ask("/elements", Some(json!({"using": using, "value": value}))).await;
        found.as_array()?.first()?[ELEMENT].as_str().map(str::to_owned)
    }

    async fn ask(&self, path: &str, body: Option<Value>) -> Value {
        self.try_to_ask(path, body).await.unwrap_or_else(|refusal| refusal.ends_the_test(path))
    }

    /// The answer, or `None` if it is one of these errors.
    async fn unless(&self, errors: &[&str], path: &str, body: Value) -> Option<Value> {
        match self.try_to_ask(path, Some(body)).await {
            Ok(answer) => Some(answer),
            Err(refusal) if errors.contains(&&*refusal.error) => None,
            Err(refusal) => refusal.ends_the_test(path),
        }
    }

    async fn try_to_ask(&self, path: &str, body: Option<Value>) -> Result<Value, Refusal> {
        let url = format!("{}{path}", self.session);
        let request = match body {
            Some(body) => self.client.post(url).header("content-type", "application/json").body(body.to_string()),
            None => self.client.get(url),
        };
        let request = request.timeout(LONGEST_ANSWER);
        let answer = request.send().await.expect("chromedriver answers").text().await.expect("the answer has an end");
        let mut answer: Value = serde_json::from_str(&answer).expect("JSON");
        let value = answer["value"].take();
        match value["error"].as_str() {
            None => Ok(value),
            Some(error) => Err(Refusal { error: error.to_owned(), message: value["message"].to_string() }),
        }
    }
}

/// Why chromedriver did not do something.
struct Refusal {
    /// In the words of `WebDriver`.
    error: String,
    message: String,
}

impl Refusal {
    fn ends_the_test(self, path: &str) -> ! {
        panic!("{path}: {}: {}", self.error, self.message)
    }
}

/// The first button with this accessible name.
fn button(name: &str) -> String {
    format!("(//button[normalize-space()=\"{name}\"])[1]")
}

/// The first link that contains these words.
fn link(words: &str) -> String {
    format!("(//a[contains(normalize-space(), \"{words}\")])[1]")
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // Chromium outlives a chromedriver that is killed, so it is closed first.
        if let Err(error) = self.close() {
            eprintln!("the browser could not be closed: {error}");
        }
        // Both fail if the process has already exited, which is fine.
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

impl Chromium {
    /// Ends the session. Written as blocking code, because `drop` cannot await.
    fn close(&self) -> std::io::Result<()> {
        let (host, path) = self.session.trim_start_matches("http://").split_once('/').expect("an address with a path");
        let mut connection = TcpStream::connect(host)?;
        connection.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(connection, "DELETE /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
        // chromedriver answers once Chromium is closed, and keeps the connection open nevertheless.
        BufReader::new(connection).read_line(&mut String::new()).map(|_| ())
    }
}
