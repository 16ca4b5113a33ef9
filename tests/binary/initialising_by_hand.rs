//! `init` in a terminal, answered by a person who types.

use std::{
    fs,
    io::{Read, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Mutex},
};

use crate::service::{accurate, binary, eventually};

/// A terminal of 80 columns in which the binary runs.
struct Terminal {
    child: Child,
    keys: ChildStdin,
    screen: Arc<Mutex<Vec<u8>>>,
    /// How much of the screen was read.
    seen: usize,
}

impl Terminal {
    /// `script` of util-linux makes the terminal.
    fn open(folder: &std::path::Path, arguments: &str) -> Self {
        let program = binary(&[]);
        let program = program.get_program().to_str().expect("a path");
        let mut child = Command::new("script")
            .args(["-qec", &format!("stty cols 80; exec {program} init {arguments}"), "/dev/null"])
            .current_dir(folder)
            .env("NO_COLOR", "1")
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("util-linux is installed");
        let screen = Arc::new(Mutex::new(Vec::new()));
        let (keys, mut output) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        let shown = screen.clone();
        std::thread::spawn(move || {
            let mut bytes = [0; 1024];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                shown.lock().expect("not poisoned").extend(&bytes[..count]);
            }
        });
        Self { child, keys, screen, seen: 0 }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().expect("not poisoned")).replace("\r\n", "\n")
    }

    /// Waits for a question, then types the answer.
    async fn answers(&mut self, question: &str, answer: &str) {
        let seen = self.seen;
        let what = format!("{question:?} is asked");
        let asked = eventually(&what, async || {
            let text = self.text();
            text[seen..].find(question).map(|place| seen + place + question.len())
        });
        self.seen = asked.await;
        // The question ends its line before the answer is read.
        self.keys.write_all(format!("{answer}\n").as_bytes()).expect("the terminal takes keys");
    }

    /// The exit code, and everything that was shown.
    async fn ends(mut self) -> (Option<i32>, String) {
        let code = eventually("it ends", async || self.child.try_wait().expect("our own child")).await.code();
        (code, self.text())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_answers_in_a_terminal_and_is_asked_again_after_a_mistake() {
    let accurate = accurate().await;
    let folder = tempfile::tempdir().expect("a folder");
    let mut terminal = Terminal::open(folder.path(), &format!("--folder service --account-url {}", accurate.url()));
    terminal.answers("[127.0.0.1:8080]:", "nonsense").await;
    terminal.answers("[127.0.0.1:8080]:", "").await;
    terminal.answers("(empty: none):", "").await;
    terminal.answers("Database [sqlite://data/forstok-accurate.db]:", "").await;
    terminal.answers("API Token of your Accurate database (not shown):", "of-somebody-else").await;
    terminal.answers("Signature secret of your app (not shown):", "sandbox-secret").await;
    terminal.answers("API Token of your Accurate database (not shown):", "sandbox-token").await;
    terminal.answers("Signature secret of your app (not shown):", "sandbox-secret").await;
    terminal.answers("First day", "2026-12-01").await;
    terminal.answers("Forstok's ids of your stores", "8277, 7600").await;
    terminal.answers("Customer in Accurate for store 8277", "").await;
    terminal.answers("Cash & Bank account for the payouts of store 8277", "110102").await;
    terminal.answers("Customer in Accurate for store 7600", "TOKPED-JKT").await;
    terminal.answers("Cash & Bank account for the payouts of store 7600", "").await;
    terminal.answers("Account for shipping", "999").await;
    terminal.answers("Account for shipping", "700101").await;
    terminal.answers("Payment term of the invoices", "Net 7").await;
    terminal.answers("Forstok's ids of your warehouses", "834").await;
    terminal.answers("Warehouse in Accurate for warehouse 834", "Gudang Z").await;
    terminal.answers("Warehouse in Accurate for warehouse 834", "Utama").await;
    let (code, shown) = terminal.ends().await;
    println!("{shown}");
    assert_eq!(code, Some(0), "{shown}");
    for words in [
        "copy both from Accurate again",
        "Accurate accepts the credentials.",
        "700101  Pendapatan Ongkos Kirim",
        "110102  Saldo Shopee",
        "This is not an active warehouse in Accurate: choose one of Utama, Gudang B.",
    ] {
        assert!(shown.contains(words), "{words:?} is missing:\n{shown}");
    }
    for secret in ["sandbox-token", "sandbox-secret", "of-somebody-else"] {
        assert!(!shown.contains(secret), "{secret} is shown:\n{shown}");
    }
    let is_wide = |line: &&str| line.chars().count() > 80 && !line.contains('/');
    assert_eq!(shown.lines().find(is_wide), None, "a line is too long");
    let mapping = fs::read_to_string(folder.path().join("service/mapping.toml")).expect("it was written");
    for words in [
        "[stores.\"7600\"]",
        "customer_no = \"TOKPED-JKT\"",
        "bank_account = \"110102\"",
        "payment_term = \"Net 7\"",
        "\"834\" = \"Utama\"",
        "orders_from = 2026-12-01",
        "shipping = \"700101\"",
        "posting = \"shadow\"",
    ] {
        assert!(mapping.contains(words), "{words}:\n{mapping}");
    }
}
