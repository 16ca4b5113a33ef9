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

use crate::service::{OPERATOR_TOKEN, Service, client, eventually};

/// The key of an element in the answers of `WebDriver`.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// The line that chromedriver prints once it listens.
const STARTED: &str = "was started successfully on port ";

/// The Tab key in `WebDriver`.
const TAB: char = '\u{e004}';

/// How often pressing is tried for an element that disappears at that moment.
const TRIES: usize = 20;

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
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is installed");
        let lines = BufReader::new(driver.stdout.take().expect("standard output is piped")).lines();
        let mut lines = lines.map_while(Result::ok);
        let port = lines.find_map(|line| Some(line.split_once(STARTED)?.1.trim_end_matches('.').trim().to_owned()));
        let port = port.expect("chromedriver says where it listens");
        // Reads all further output, so that chromedriver never blocks.
        std::thread::spawn(move || lines.for_each(drop));
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
        json!({"capabilities": {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}})
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
        // The next address must not be overtaken by the page that follows the sign-in.
        let is_elsewhere = async || (self.script("return location.pathname").await != "/login").then_some(());
        eventually("somebody is signed in", is_elsewhere).await;
    }

    /// Fills in the field with this id, and leaves it, which closes its list of choices.
    pub(crate) async fn types(&self, id: &str, text: &str) {
        // An earlier press may still be loading the page with the field.
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

    /// Presses the first button with this accessible name.
    pub(crate) async fn presses(&self, name: &str) {
        self.clicks(&format!("(//button[normalize-space()=\"{name}\"])[1]"), name).await;
    }

    /// Presses the button with this accessible name in the section whose heading contains these words.
    pub(crate) async fn presses_in(&self, heading: &str, name: &str) {
        let part = format!("//section[.//h2[contains(normalize-space(), \"{heading}\")]]");
        self.clicks(&format!("({part}//button[normalize-space()=\"{name}\"])[1]"), name).await;
    }

    /// Chooses the option with this text in the list with this id.
    pub(crate) async fn chooses(&self, id: &str, words: &str) {
        self.clicks(&format!("//select[@id=\"{id}\"]/option[normalize-space()=\"{words}\"]"), words).await;
    }

    /// The file that is downloaded after this button was pressed.
    pub(crate) async fn downloads(&self, button: &str, ending: &str) -> Vec<u8> {
        self.downloads_by(ending, async || self.presses(button).await).await
    }

    /// The file that is downloaded after this link was followed.
    pub(crate) async fn downloads_from(&self, link: &str, ending: &str) -> Vec<u8> {
        self.downloads_by(ending, async || self.follows(link).await).await
    }

    async fn downloads_by(&self, ending: &str, act: impl AsyncFnOnce()) -> Vec<u8> {
        let folder = self.folder.path().join(format!("downloads-{ending}"));
        std::fs::create_dir_all(&folder).expect("a folder for downloads");
        let allowed = json!({"behavior": "allow", "downloadPath": folder.display().to_string()});
        self.devtools("Browser.setDownloadBehavior", allowed).await;
        act().await;
        // An unfinished download has another file name extension.
        eventually(&format!("a file ending in {ending} arrives"), async || {
            let files = std::fs::read_dir(&folder).expect("the folder of this test").flatten();
            let mut whole = files.filter(|file| file.path().extension().is_some_and(|found| found == ending));
            // The name may be reserved before its content is there.
            std::fs::read(whole.next()?.path()).ok().filter(|content| !content.is_empty())
        })
        .await
    }

    /// Follows the first link with this text.
    pub(crate) async fn follows(&self, words: &str) {
        self.clicks(&format!("(//a[contains(normalize-space(), \"{words}\")])[1]"), words).await;
    }

    async fn clicks(&self, path: &str, what: &str) {
        // Between finding and pressing, the page may have been replaced by the next one, or refreshed.
        for _ in 0..TRIES {
            let Some(element) = self.find("xpath", path).await else { continue };
            if self.try_to_ask(&format!("/element/{element}/click"), Some(json!({}))).await.is_ok() {
                return;
            }
        }
        panic!("there is no {what:?} to press:\n{}", self.text().await);
    }

    /// Whether there is a button with this name.
    pub(crate) async fn has_button(&self, name: &str) -> bool {
        self.find("xpath", &format!("//button[normalize-space()=\"{name}\"]")).await.is_some()
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
        for _ in 0..200 {
            text = self.text().await;
            if words.iter().all(|words| text.contains(words)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{words:?} never came:\n{text}");
    }

    /// Asserts that nothing is wider than the screen. A phone zooms out to show what is, so its `innerWidth` says nothing.
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
        self.try_to_ask(path, body).await.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    async fn try_to_ask(&self, path: &str, body: Option<Value>) -> Result<Value, String> {
        let url = format!("{}{path}", self.session);
        let request = match body {
            Some(body) => self.client.post(url).header("content-type", "application/json").body(body.to_string()),
            None => self.client.get(url),
        };
        let answer = request.send().await.expect("chromedriver answers").text().await.expect("the answer has an end");
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        if answer["value"]["error"].is_null() {
            return Ok(answer["value"].clone());
        }
        Err(answer["value"]["message"].to_string())
    }
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
