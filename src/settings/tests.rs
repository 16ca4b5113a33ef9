//! All settings together: every error at once, placeholders, the environment.

use secrecy::ExposeSecret;

use super::*;
use crate::forstok::signature::Scheme;

const GOOD: &str = r#"
    [server]
    listen = "127.0.0.1:0"
    [forstok.webhook]
    secrets = ["one", "two"]
    [books.main]
    account_url = "http://127.0.0.1:9090"
    api_token = "t"
    signature_secret = "s"
"#;

pub(super) fn load_text(text: &str, environment: &[(&str, &str)]) -> Result<Config, Vec<Problem>> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("settings.toml");
    std::fs::write(&file, text).expect("written");
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    load(Some(&file), environment).map_err(Into::into)
}

fn errors(text: &str, environment: &[(&str, &str)]) -> String {
    let problems = load_text(text, environment).expect_err("wrong");
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_settings_file_that_is_not_toml_is_reported_by_line_and_column_and_never_quoted() {
    for (text, place) in [
        ("[server]\noperator_token = VERYSECRET", "line 2, column "),
        ("[server]\noperator_token = \"VERYSECRET", "line 2, column "),
        ("[server]\noperator_token = \"VERYSECRET\nlisten = \"\"", "line 2, column "),
        ("[server]\n  VERYSECRET\n", "line 2, column "),
        ("[server]\noperator_token = \"a\"\noperator_token = \"VERYSECRET\"", "line 3, column "),
        ("[forstok]\nwebhook = \"VERYSECRET\"", "forstok.webhook: must be a table, not a string"),
    ] {
        let problems = errors(text, &[]);
        assert!(problems.contains(place), "{problems}");
        assert!(!problems.contains("VERYSECRET"), "{problems}");
    }
}

#[test]
fn every_mistake_is_listed_at_once_and_no_secret_is_shown() {
    let problems = load_text(
        r#"
        [server]
        listen = "8080"
        operator_tokn = "hush"
        [database]
        url = "mysql://u:hush@h/d"
        keep_bodies_days = -1
        [forstok.webhook]
        scheme = "md5"
        header = "not a header"
        [books.main]
        account_url = "http://accurate.example"
        signature_secret = 5
        [mapping]
        file = "/nowhere/mapping.toml"
        "#,
        &[],
    )
    .expect_err("wrong");
    let text = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert!(!text.contains("hush"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn placeholders_of_the_example_file_are_always_refused() {
    let keys = [
        ("[server]", "[server]\noperator_token = \"change-me-a-long-random-text\"", "server.operator_token"),
        ("\"one\"", "\"Change-Me-the-webhook-key\"", "forstok.webhook.secrets"),
        ("\"t\"", "\"change-me-the-api-token\"", "books.main.api_token"),
        ("\"s\"", "\"change-me-the-signature-secret\"", "books.main.signature_secret"),
        ("[server]", "[database]\nurl = \"postgres://u:change-me@h/d\"\n[server]", "database.url"),
    ];
    for (written, placeholder, key) in keys {
        let said = errors(&GOOD.replace(written, placeholder), &[]);
        assert_eq!(said, format!("{key}: {}", strength::STILL_PLACEHOLDER));
    }
}

#[test]
fn the_example_file_is_refused_for_its_placeholders_alone() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("settings.example.toml");
    let problems = Vec::from(load(Some(&file), []).expect_err("placeholders"));
    let keys: Vec<_> = problems.iter().map(|problem| problem.key.as_str()).collect();
    let secrets =
        ["server.operator_token", "forstok.webhook.secrets", "books.main.api_token", "books.main.signature_secret"];
    assert_eq!(keys, secrets, "{problems:?}");
    assert!(problems.iter().all(|problem| problem.remedy == strength::STILL_PLACEHOLDER), "{problems:?}");
    // A command that needs no secret accepts it unchanged.
    load_offline(Some(&file), []).expect("all but the placeholders is right");
    let secrets = [
        "SERVER__OPERATOR_TOKEN",
        "FORSTOK__WEBHOOK__SECRETS",
        "BOOKS__MAIN__API_TOKEN",
        "BOOKS__MAIN__SIGNATURE_SECRET",
    ];
    let secrets = secrets.map(|name| (format!("{ENV_PREFIX}{name}"), "a-long-random-text".to_owned()));
    load(Some(&file), secrets).expect("with secrets it is right");
}

#[test]
fn a_short_secret_is_refused_unless_everything_is_on_this_machine() {
    let elsewhere =
        [("listen = \"127.0.0.1:0\"", "listen = \"0.0.0.0:8080\""), ("account_url = \"http://127.0.0.1:9090\"", "")];
    for (here, there) in elsewhere {
        let said = errors(&GOOD.replace(here, there), &[]);
        for key in ["forstok.webhook.secrets: has 3 characters", "api_token: has 1 character:", "signature_secret"] {
            assert!(said.contains(key), "{key} is not in {said}");
        }
        let long = GOOD.replace(here, there).replace("\"one\", \"two\"", "\"0123456789abcdef\"");
        let long = long.replace("\"t\"", "\"0123456789abcdef\"").replace("\"s\"", "\"0123456789abcdef\"");
        load_text(&long, &[]).expect("16 characters are enough");
    }
    load_text(GOOD, &[]).expect("on this machine they may be short");
}

#[test]
fn two_books_with_one_token_are_refused() {
    let second = "[books.second]\naccount_url = \"http://127.0.0.1:9090\"\napi_token = \"t\"\nsignature_secret = \"x\"";
    let said = errors(&format!("{GOOD}\n{second}"), &[]);
    assert!(said.starts_with("books.second.api_token: is the token of books.main too"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    load_text(&format!("{GOOD}\n{}", second.replace("\"t\"", "\"u\"")), &[]).expect("two tokens are right");
}

#[test]
fn relative_paths_count_from_the_folder_of_the_settings() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    write("mapping.toml", "");
    write("settings.toml", &format!("{GOOD}\n[mapping]\nfile = \"mapping.toml\""));
    let config = load(Some(&folder.path().join("settings.toml")), []).expect("right");
    let database = folder.path().join("data/forstok-accurate.db");
    assert!(matches!(config.database, Database::Sqlite(path) if path == database));
    assert_eq!(config.mapping.expect("it is given").path, folder.path().join("mapping.toml"));
    // A file of the same name in the working directory is not read.
    write("settings.toml", &format!("{GOOD}\n[mapping]\nfile = \"mapping.example.toml\""));
    let said = Vec::from(load(Some(&folder.path().join("settings.toml")), []).expect_err("not there"));
    assert_eq!(said[0].key, "mapping.file");
}

#[test]
fn mistakes_of_the_mapping_are_kept_apart_from_those_of_the_settings() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    write("mapping.toml", "bundels = \"parent\"");
    write("settings.toml", &format!("{GOOD}\n[mapping]\nfile = \"mapping.toml\""));
    let errors = load(Some(&folder.path().join("settings.toml")), []).expect_err("wrong");
    assert!(errors.settings.is_empty(), "{errors:?}");
    let (file, wrong) = errors.mapping.expect("it is wrong");
    assert_eq!((file, wrong[0].key.as_str()), (folder.path().join("mapping.toml"), "bundels"));
}

#[test]
fn every_key_can_come_from_the_environment_alone() {
    let environment = [
        ("FORSTOK_ACCURATE_SERVER__LISTEN", "127.0.0.1:9"),
        ("FORSTOK_ACCURATE_SERVER__OPERATOR_TOKEN", "operator-0123456789"),
        ("FORSTOK_ACCURATE_DATABASE__URL", "sqlite:///tmp/x.db"),
        ("FORSTOK_ACCURATE_DATABASE__KEEP_BODIES_DAYS", "30"),
        ("FORSTOK_ACCURATE_FORSTOK__WEBHOOK__SECRETS", "key-0123456789-a, key-0123456789-b"),
        ("FORSTOK_ACCURATE_BOOKS__MAIN__API_TOKEN", "token-0123456789"),
        ("FORSTOK_ACCURATE_BOOKS__MAIN__SIGNATURE_SECRET", "secret-0123456789"),
        ("PATH", "/bin"),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = load(None, environment).expect("right");
    assert!(matches!(config.database, Database::Sqlite(path) if path == Path::new("/tmp/x.db")));
    assert_eq!(config.keep_bodies, Some(SignedDuration::from_hours(30 * 24)));
    assert_eq!((config.webhook.scheme, config.webhook.header.as_str()), (Scheme::SharedKey, "key"), "the defaults");
    let secrets: Vec<_> = config.webhook.secrets.iter().map(ExposeSecret::expose_secret).collect();
    assert_eq!(secrets, ["key-0123456789-a", "key-0123456789-b"]);
    assert_eq!(config.books["main"].account_url.as_str(), "https://account.accurate.id/");
}

#[test]
fn a_server_is_a_database_too_and_its_password_is_never_shown() {
    let url = |url| load_text(GOOD, &[("FORSTOK_ACCURATE_DATABASE__URL", url)]);
    for right in ["postgres://u:hush@h/d", "postgresql://u:hush@h:5433/d?sslmode=require"] {
        let config = url(right).expect("right");
        assert!(matches!(&config.database, Database::Postgres(url) if url.expose_secret() == right));
        assert!(!format!("{config:?}").contains("hush"), "{config:?}");
    }
    for (wrong, remedy) in [
        ("postgres://u:hush@h:port/d", "postgres://user:password@host"),
        ("postgres://u:hush@h", "names no database"),
        ("postgres://u:hush@a,b/d", "names several hosts"),
        ("postgres://u:hush@h/d?sslmode=maybe", "sslmode is disable"),
        ("postgres://u:hush@h/d?sslmod=require", "did you mean \"sslmode\""),
    ] {
        let problems = url(wrong).expect_err("wrong");
        let text = problems[0].to_string();
        assert!(problems.len() == 1 && text.contains(remedy) && !text.contains("hush"), "{text}");
    }
}

#[test]
fn the_environment_overrides_the_file() {
    let list = ("FORSTOK_ACCURATE_FORSTOK__WEBHOOK__SECRETS", "[\"x,y\"]");
    let config = load_text(GOOD, &[list, ("FORSTOK_ACCURATE_BOOKS__MAIN__API_TOKEN", "other")]).expect("right");
    assert_eq!(config.webhook.secrets[0].expose_secret(), "x,y");
    assert_eq!(config.books["main"].api_token.expose_secret(), "other");
}

#[test]
fn another_replica_takes_over_after_5_seconds_or_as_many_as_are_set() {
    assert_eq!(load_text(GOOD, &[]).expect("right").term, Term::of_seconds(5));
    let soon = load_text(&format!("{GOOD}\n[database]\ntakeover_seconds = 2"), &[]).expect("right");
    assert_eq!(soon.term, Term::of_seconds(2));
    let said = errors(&format!("{GOOD}\n[database]\ntakeover_seconds = 1"), &[]);
    assert!(said.contains("database.takeover_seconds = 1: must be a whole number from 2 to 60"), "{said}");
}

#[test]
fn bodies_are_kept_for_90_days_or_for_ever() {
    assert_eq!(load_text(GOOD, &[]).expect("right").keep_bodies, Some(SignedDuration::from_hours(90 * 24)));
    let for_ever = load_text(&format!("{GOOD}\n[database]\nkeep_bodies_days = 0"), &[]).expect("right");
    assert_eq!(for_ever.keep_bodies, None);
}

#[test]
fn what_is_wrong_in_the_environment_is_reported_by_the_variables_name() {
    for (variable, value, remedy) in [
        ("FORSTOK_ACCURATE_SERVER__LISTN", "127.0.0.1:9", "did you mean \"listen\""),
        ("FORSTOK_ACCURATE_SERVER__LISTEN", "8080", "must be an address and a port"),
        ("FORSTOK_ACCURATE_SERVR__LISTEN", "127.0.0.1:9", "did you mean \"server\""),
        ("FORSTOK_ACCURATE_BOOKS__MAIN__API_TOKEN", "change-me", "placeholder"),
        ("FORSTOK_ACCURATE_BOOKS__MAIN__SIGNATURE_SECRET_FILE", "nowhere", "cannot be read"),
    ] {
        let said = errors(GOOD, &[(variable, value)]);
        assert!(said.starts_with(variable) && said.contains(remedy) && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn localhost_is_an_address_to_listen_on() {
    for listen in ["localhost:8080", "127.0.0.1:8080"] {
        let config = load_text(GOOD, &[("FORSTOK_ACCURATE_SERVER__LISTEN", listen)]).expect("right");
        assert_eq!(config.listen, ([127, 0, 0, 1], 8080).into());
    }
    assert!(listen_address("mylocalhost:80").is_err());
}

#[test]
fn webhooks_of_accurate_are_followed_only_where_the_settings_say_so_and_give_a_secret() {
    let with = |more: &str| load_text(&format!("{GOOD}\n{more}"), &[]);
    assert!(with("").expect("right").hints.is_empty(), "off by default");
    assert!(with("webhook = \"off\"\nwebhook_secret = \"abc\"").expect("right").hints.is_empty());
    let config = with("webhook = \"hint\"\nwebhook_secret = \"a-Z_9\"").expect("right");
    assert_eq!(config.hints["main"].expose_secret(), "a-Z_9");
    for (wrong, why) in [
        ("webhook = \"hint\"", "books.main.webhook_secret: is missing"),
        ("webhook = \"hint\"\nwebhook_secret = \"a/b\"", "is a part of an address"),
        ("webhook = \"on\"", "books.main.webhook"),
        ("webhook = \"hint\"\nwebhook_secret = \"change-me\"", "placeholder"),
    ] {
        let text = errors(&format!("{GOOD}\n{wrong}"), &[]);
        assert!(text.contains(why) && !text.contains("a/b"), "{wrong}: {text}");
    }
    let open = GOOD.replace("127.0.0.1:0", "0.0.0.0:8080");
    let short = errors(&format!("{open}\nwebhook = \"hint\"\nwebhook_secret = \"fifteen-letters\""), &[]);
    assert!(short.contains("books.main.webhook_secret") && short.contains("at least 16"), "{short}");
}
