//! The link that the demo prints.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Stdio},
};

use super::visitor::Visitor;
use crate::service::binary;

/// The demo as a process. It is killed when this value is dropped.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        // Both fail if the process has already exited, which is fine.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demos_link_signs_in_once() {
    let mut command = binary(&["demo", "--listen", "127.0.0.1:0"]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    let mut demo = Demo(child);
    let mut lines = BufReader::new(demo.0.stdout.take().expect("standard output is piped")).lines();
    let link = lines.by_ref().map_while(Result::ok).find(|line| line.contains("/login/once/")).expect("a link");
    // Reads all further output, so that the demo never blocks.
    std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
    let (base, code) = link.trim().split_once("/login/once/").expect("an address with a path");
    let path = format!("/login/once/{code}");

    let mut visitor = Visitor::at(base.to_owned());
    let wrong = visitor.get(&format!("{path}0")).await;
    assert_eq!(wrong.header("set-cookie"), "", "a wrong code signs nobody in");
    let first = visitor.get(&path).await;
    first.goes_to("/");
    assert!(first.header("set-cookie").contains("HttpOnly"), "{}", first.header("set-cookie"));
    visitor.get("/").await.says(&["Today", "Sign out"]);

    let mut second = Visitor::at(base.to_owned());
    let again = second.get(&path).await;
    again.goes_to("/");
    assert_eq!(again.header("set-cookie"), "", "the link works once");
    second.get("/").await.goes_to("/login");
}
