//! Secrets. Each is given in the settings itself, or in a file that the settings name under the same key with `_file`
//! appended.

use std::path::{Path, PathBuf};

use super::{
    paths::beside_settings,
    strength::{STILL_PLACEHOLDER, Short, is_placeholder},
};
use crate::domain::toml_text::{Problems, Section};

/// Some editors write it at the beginning of a text file; it is not part of the secret.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The value is wrong, and the error has been recorded.
#[derive(Debug)]
pub(super) struct Noted;

/// Reads secrets of one settings file.
pub(super) struct Secrets<'a> {
    /// The folder of the settings file.
    pub(super) folder: Option<&'a Path>,
    /// Collects missing or unusable secrets; a command that needs no secrets ignores them.
    pub(super) absent: &'a Problems,
    /// Collects missing secrets that the setup page can ask for.
    pub(super) to_set_up: &'a Problems,
    /// Collects short secrets.
    pub(super) short: &'a Short,
}

impl Secrets<'_> {
    /// One secret; `None` if neither the key nor its file is given.
    pub(super) fn one(&self, section: &Section<'_>, key: &str) -> Result<Option<String>, Noted> {
        let written = section.value(key).is_some();
        let secret = section.secret(key);
        let Some(file) = self.file_instead(section, key, secret.as_slice())? else {
            // Empty counts as absent; a value that is not a text has been recorded as an error.
            if secret.is_none() && written && !section.is_text(key) {
                return Err(Noted);
            }
            return secret.map(|secret| self.examined(section, key, secret)).transpose();
        };
        let text = self.read(section, &file)?;
        if text.lines().count() > 1 {
            return Err(self.wrong(section, &file, "has more than one line: it must contain only the secret"));
        }
        self.examined(section, &file.key, text).map(Some)
    }

    /// Secrets of which any one is accepted; a file has one per line.
    pub(super) fn many(&self, section: &Section<'_>, key: &str) -> Result<Vec<String>, Noted> {
        let written = section.value(key).is_some_and(|value| value.as_array().is_none_or(|list| !list.is_empty()));
        let secrets = section.secrets(key);
        let Some(file) = self.file_instead(section, key, &secrets)? else {
            if secrets.is_empty() && written {
                return Err(Noted);
            }
            return secrets.into_iter().map(|secret| self.examined(section, key, secret)).collect();
        };
        let text = self.read(section, &file)?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.map(|line| self.examined(section, &file.key, line.to_owned())).collect()
    }

    /// The secret, unless it is a placeholder.
    fn examined(&self, section: &Section<'_>, key: &str, secret: String) -> Result<String, Noted> {
        let key = section.path_of(key);
        if is_placeholder(&secret) {
            self.absent.add(key, None, STILL_PLACEHOLDER);
            return Err(Noted);
        }
        self.short.note(key, &secret);
        Ok(secret)
    }

    /// The file that is given instead of the key; `given` are the secrets under the key itself.
    fn file_instead(&self, section: &Section<'_>, key: &str, given: &[String]) -> Result<Option<File>, Noted> {
        let key_of_file = format!("{key}_file");
        let Some(written) = section.text(&key_of_file) else { return Ok(None) };
        if !given.is_empty() {
            let remedy = format!("is given beside {}: keep one of the two", section.path_of(key));
            section.problem(&key_of_file, section.value(&key_of_file), remedy);
            return Err(Noted);
        }
        Ok(Some(File { path: beside_settings(self.folder, &written), key: key_of_file }))
    }

    /// The content of the file, without a byte order mark and a trailing newline.
    fn read(&self, section: &Section<'_>, file: &File) -> Result<String, Noted> {
        let text = std::fs::read_to_string(&file.path);
        match text.as_deref().map(|text| text.trim_start_matches(BYTE_ORDER_MARK).trim()) {
            Ok("") => Err(self.wrong(section, file, "is empty: write the secret into this file")),
            Ok(text) => Ok(text.to_owned()),
            Err(error) => {
                let remedy =
                    format!("cannot be read ({error}): give the path of a file that the service's user may read");
                Err(self.wrong(section, file, &remedy))
            }
        }
    }

    fn wrong(&self, section: &Section<'_>, file: &File, remedy: &str) -> Noted {
        self.absent.add(section.path_of(&file.key), Some(format!("\"{}\"", file.path.display())), remedy);
        Noted
    }
}

/// A file that contains secrets, and the key that names it.
struct File {
    key: String,
    path: PathBuf,
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::super::{Config, load, load_offline};
    use crate::domain::toml_text::Problem;

    const FILES: &str = r#"
        [server]
        operator_token_file = "operator"
        [database]
        url_file = "database"
        [forstok.webhook]
        secrets_file = "webhook"
        [books.main]
        account_url = "http://127.0.0.1:9090"
        api_token_file = "token"
        signature_secret_file = "signature"
    "#;

    /// Settings, in a folder with these other files.
    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new(settings: &str, files: &[(&str, &str)]) -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            for (name, content) in files.iter().chain(&[("settings.toml", settings)]) {
                std::fs::write(folder.path().join(name), content).expect("written");
            }
            Self(folder)
        }

        fn load(&self, environment: &[(&str, &str)]) -> Result<Config, Vec<Problem>> {
            let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            load(Some(&self.0.path().join("settings.toml")), environment).map_err(Into::into)
        }

        /// The errors, without the folder's random name.
        fn errors(&self) -> String {
            let problems = self.load(&[]).expect_err("wrong");
            let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
            lines.join("\n").replace(&self.0.path().display().to_string(), "FOLDER")
        }
    }

    const GOOD: &[(&str, &str)] = &[
        ("operator", "of the operator\n"),
        ("database", "sqlite:///tmp/x.db\n"),
        ("webhook", "old\n\n  new  \n"),
        ("token", "t\r\n"),
        ("signature", "s"),
    ];

    #[test]
    fn each_secret_may_stand_in_a_file_beside_the_settings() {
        let config = Folder::new(FILES, GOOD).load(&[]).expect("right");
        let token = config.operator_token.as_ref().map(ExposeSecret::expose_secret);
        assert_eq!(token, Some("of the operator"));
        assert_eq!(config.database.to_string(), "/tmp/x.db");
        let secrets: Vec<_> = config.webhook.secrets.iter().map(ExposeSecret::expose_secret).collect();
        assert_eq!(secrets, ["old", "new"], "one a line");
        assert_eq!(config.books["main"].api_token.expose_secret(), "t");
        assert_eq!(config.books["main"].signature_secret.expose_secret(), "s");
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_secret() {
        let marked: Vec<_> = GOOD.iter().map(|(name, content)| (*name, format!("\u{feff}{content}"))).collect();
        let marked: Vec<_> = marked.iter().map(|(name, content)| (*name, content.as_str())).collect();
        let config = Folder::new(FILES, &marked).load(&[]).expect("right");
        assert_eq!(config.books["main"].api_token.expose_secret(), "t");
        assert_eq!(config.webhook.secrets[0].expose_secret(), "old");
        assert_eq!(config.database.to_string(), "/tmp/x.db");
        // The settings file and the mapping file may also begin with a byte order mark.
        let folder = Folder::new(&format!("\u{feff}{FILES}[mapping]\nfile = \"mapping.toml\""), GOOD);
        std::fs::write(folder.0.path().join("mapping.toml"), "\u{feff}bundles = \"parent\"").expect("written");
        folder.load(&[]).expect("right");
    }

    #[test]
    fn a_file_may_be_named_by_the_environment() {
        let folder = Folder::new(&FILES.replace("api_token_file = \"token\"", ""), GOOD);
        let path = folder.0.path().join("token").display().to_string();
        let config = folder.load(&[("FORSTOK_ACCURATE_BOOKS__MAIN__API_TOKEN_FILE", &path)]).expect("right");
        assert_eq!(config.books["main"].api_token.expose_secret(), "t");
    }

    #[test]
    fn a_secret_of_the_environment_goes_before_the_files_whichever_way_each_is_given() {
        let folder = Folder::new(FILES, GOOD);
        let config = folder.load(&[("FORSTOK_ACCURATE_BOOKS__MAIN__API_TOKEN", "e")]).expect("right");
        assert_eq!(config.books["main"].api_token.expose_secret(), "e");

        let folder = Folder::new(&FILES.replace("url_file = \"database\"", "url = \"sqlite://other.db\""), GOOD);
        let path = folder.0.path().join("database").display().to_string();
        let url_file = ("FORSTOK_ACCURATE_DATABASE__URL_FILE", path.as_str());
        assert_eq!(folder.load(&[url_file]).expect("right").database.to_string(), "/tmp/x.db");
        let both = [url_file, ("FORSTOK_ACCURATE_DATABASE__URL", "sqlite://other.db")];
        assert!(folder.load(&both).is_err(), "of two in the environment neither goes before the other");
    }

    #[test]
    fn a_secret_that_stands_in_both_places_is_told_with_both_keys() {
        let both = FILES
            .replace("[server]", "[server]\noperator_token = \"hush\"")
            .replace("[database]", "[database]\nurl = \"sqlite://hush.db\"")
            .replace("[forstok.webhook]", "[forstok.webhook]\nsecrets = [\"hush\"]")
            .replace("[books.main]", "[books.main]\napi_token = \"hush\"\nsignature_secret = \"hush\"");
        insta::assert_snapshot!(Folder::new(&both, GOOD).errors());
    }

    #[test]
    fn a_file_that_does_not_hold_its_secret_is_told_with_key_path_and_remedy() {
        let files = [("operator", "\n"), ("webhook", " \n"), ("token", "one\ntwo\n")];
        insta::assert_snapshot!(Folder::new(FILES, &files).errors());
    }

    #[test]
    fn what_needs_no_credential_does_not_mind_that_its_file_cannot_be_read() {
        let folder = Folder::new(FILES, &[("database", "sqlite:///tmp/x.db")]);
        let offline = |folder: &Folder| load_offline(Some(&folder.0.path().join("settings.toml")), []);
        assert_eq!(offline(&folder).expect("right").database.to_string(), "/tmp/x.db");
        let problems = offline(&Folder::new(FILES, &[])).expect_err("no database");
        assert_eq!(
            problems.settings.iter().map(|problem| problem.key.as_str()).collect::<Vec<_>>(),
            ["database.url_file"]
        );
    }
}
