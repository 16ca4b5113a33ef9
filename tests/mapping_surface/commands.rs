//! `mapping show | apply | history`.

use forstok_accurate::sandbox::samples::MAPPING;

use super::{Said, apply, run, service::Home, with_store};

/// Settings without any secret: offline work needs none.
const OFFLINE: &str = "[database]\nurl = \"sqlite://data/orders.db\"\n[books.main]\n";

fn show(home: &Home) -> Said {
    run(&mut home.command(&["mapping", "show"]))
}

fn history(home: &Home) -> Said {
    run(&mut home.command(&["mapping", "history"]))
}

#[test]
fn a_mapping_is_applied_shown_and_remembered() {
    let home = Home::with_settings(OFFLINE);
    let nothing = show(&home);
    assert_eq!(nothing.code, Some(1), "{}", nothing.out);
    assert!(nothing.errors.contains("mapping apply"), "{}", nothing.errors);

    let first = apply(&home, MAPPING);
    assert_eq!(first.code, Some(0), "{}", first.errors);
    assert!(first.out.starts_with("Revision 1 is in force:"), "{}", first.out);
    let shown = show(&home);
    assert!(shown.out.starts_with("# revision 1, since "), "{}", shown.out);
    assert!(shown.out.contains("by command line") && shown.out.contains(MAPPING.trim_end()), "{}", shown.out);

    let second = apply(&home, &with_store("4711"));
    assert_eq!(second.code, Some(0), "{}", second.errors);
    assert!(second.out.contains("stores.4711.branch = \"Kantor Pusat\" (new)"), "{}", second.out);
    let history = history(&home).out;
    let revisions: Vec<_> = history.lines().filter(|line| line.starts_with("revision ")).collect();
    assert_eq!(revisions.len(), 2, "{history}");
    assert!(revisions[0].starts_with("revision 2 ") && revisions[1].starts_with("revision 1 "), "newest first");
    assert!(revisions.iter().all(|revision| revision.ends_with("command line")), "{history}");
    assert!(history.contains("  stores.4711.book = \"main\" (new)"), "{history}");
}

#[test]
fn what_is_shown_can_be_applied_and_changes_nothing() {
    let home = Home::with_settings(OFFLINE);
    apply(&home, MAPPING);
    // As shown, and once more with other spelling: neither says anything new.
    let spelled_otherwise = MAPPING.replace("[stores.\"8277\"]", "# the first\n[stores.'08277']");
    for document in [show(&home).out, spelled_otherwise] {
        let again = apply(&home, &document);
        assert_eq!(again.code, Some(0), "{}", again.errors);
        assert_eq!(again.out, "Nothing to change: revision 1 says the same.\n");
    }
    assert_eq!(history(&home).out.matches("revision ").count(), 1);
}

#[test]
fn a_mapping_with_mistakes_is_refused_whole() {
    let home = Home::with_settings(OFFLINE);
    apply(&home, MAPPING);
    let before = show(&home).out;
    let cases = [
        ("bundels = \"parent\"\n", "bundels", "did you mean \"bundles\""),
        ("on_cancel = \"vod\"\n", "on_cancel", "did you mean \"void\""),
        ("create_missing_customers = 1\n", "create_missing_customers", "must be true or false"),
        ("[stores.\"08277\"]\n[stores.8277]\n", "stores", "stands twice"),
        ("[stores.\"1\"]\nbook = \"toko\"\n", "stores.\"1\".book", "add [books.toko]"),
        ("[stores.\"1\".accounts]\nshiping = \"1\"\n", "stores.\"1\".accounts.shiping", "did you mean \"shipping\""),
        ("orders_from = \n", "line 1", ""),
    ];
    for (document, key, remedy) in cases {
        let refused = apply(&home, document);
        assert_eq!(refused.code, Some(2), "{document}: {}", refused.out);
        assert!(refused.errors.contains(key) && refused.errors.contains(remedy), "{document}: {}", refused.errors);
    }
    let all: String = cases[..3].iter().map(|(document, ..)| *document).collect();
    let refused = apply(&home, &all).errors;
    assert!(cases[..3].iter().all(|(_, key, _)| refused.contains(key)), "all at once: {refused}");
    assert_eq!(show(&home).out, before);
    assert_eq!(run(home.command(&["mapping", "apply"]).arg("nowhere.toml")).code, Some(1));
}

#[test]
fn accepting_unknown_stores_needs_the_book_that_they_go_to() {
    let home = Home::with_settings("[database]\nurl = \"sqlite://data/orders.db\"\n[books.toko]\n");
    let accepted = "unknown_stores = \"accept\"\n[stores.\"1\"]\nbook = \"toko\"\n";
    let refused = apply(&home, accepted);
    assert_eq!(refused.code, Some(2), "{}", refused.out);
    assert!(refused.errors.contains("unknown_stores") && refused.errors.contains("[books.main]"), "{}", refused.errors);
    assert_eq!(apply(&home, &accepted.replace("accept", "block")).code, Some(0));
}
