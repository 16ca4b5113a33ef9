//! `[operators.NAME]`: the people who may sign in besides the admin of `server.operator_token`, with their roles.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};

use super::secrets::Secrets;
use crate::domain::{
    operator::{OPERATOR, Role},
    toml_text::Section,
};

/// The longest name: it is shown with every action of its operator.
const LONGEST_NAME: usize = 60;

/// One person or tool that may sign in.
#[derive(Clone, Debug)]
pub struct OperatorConfig {
    /// Signs in on the pages, and is the bearer token for `/v1`.
    pub token: SecretString,
    /// The operator's role.
    pub role: Role,
}

impl OperatorConfig {
    /// Whether both have the same token and role.
    pub(super) fn same_as(&self, other: &Self) -> bool {
        self.role == other.role && self.token.expose_secret() == other.token.expose_secret()
    }
}

/// Reads all operators. Two operators must not share a token, because it would not be clear who acts.
pub(super) fn read(
    root: &Section<'_>,
    credentials: &Secrets<'_>,
    operator_token: Option<&SecretString>,
) -> BTreeMap<String, OperatorConfig> {
    let mut operators: BTreeMap<String, OperatorConfig> = BTreeMap::new();
    for (name, section) in root.sections("operators") {
        let role = section.choice("role", &[("read", Role::Read), ("work", Role::Work), ("admin", Role::Admin)]);
        let token = credentials.one(&section, "token");
        if let Some(remedy) = wrong_name(&name) {
            section.problem("token", None, remedy);
        }
        match token {
            Err(_) => {}
            Ok(None) => credentials.absent.add(
                section.path_of("token"),
                None,
                "is missing: give this operator a long random text to sign in with, or name a file with it, token_file",
            ),
            Ok(Some(token)) => {
                let others = operators.values().map(|operator| &operator.token).chain(operator_token);
                if others.into_iter().any(|other| other.expose_secret() == token) {
                    section.problem("token", None, "is another operator's too: give each a token of their own");
                }
                operators.insert(name, OperatorConfig { token: token.into(), role });
            }
        }
        section.finish();
    }
    operators
}

/// The error in a name, if any.
fn wrong_name(name: &str) -> Option<String> {
    if name == OPERATOR {
        return Some(format!("{OPERATOR:?} is the admin of server.operator_token: choose another name"));
    }
    let right = !name.trim().is_empty() && name.chars().count() <= LONGEST_NAME && !name.chars().any(char::is_control);
    (!right).then(|| {
        format!(
            "belongs to a name that cannot be used: 1 to {LONGEST_NAME} characters, none of them control characters"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::load_text;
    use crate::domain::operator::Role;

    const SETTINGS: &str = r#"
        [server]
        operator_token = "token-of-the-admin"
        [forstok.webhook]
        secrets = ["secret-of-the-webhook"]
        [books.main]
        api_token = "token-of-accurate"
        signature_secret = "secret-of-accurate"
    "#;

    fn problems(operators: &str) -> String {
        let problems = load_text(&format!("{SETTINGS}\n{operators}"), &[]).expect_err("wrong");
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn operators_have_a_role_and_may_only_read_unless_told_otherwise() {
        let operators = r#"
            [operators.accounting]
            token = "token-of-accounting"
            role = "work"
            [operators."Bu Sari"]
            token = "token-of-bu-sari"
        "#;
        let environment = [("FORSTOK_ACCURATE_OPERATORS__BOSS__TOKEN", "token-of-the-boss")];
        let config = load_text(&format!("{SETTINGS}\n{operators}"), &environment).expect("right");
        let roles: Vec<_> = config.operators.iter().map(|(name, operator)| (name.as_str(), operator.role)).collect();
        assert_eq!(roles, [("Bu Sari", Role::Read), ("accounting", Role::Work), ("boss", Role::Read)]);
    }

    #[test]
    fn what_is_wrong_with_an_operator_is_reported_without_its_token() {
        let both = problems("[operators.a]\ntoken = \"token-of-the-admin\"");
        assert!(both.contains("operators.a.token") && both.contains("another operator's"), "{both}");
        assert!(!both.contains("token-of-the-admin"), "{both}");
        let taken = problems("[operators.operator]\ntoken = \"hush-hush-hush-hush\"");
        assert!(taken.contains("choose another name") && !taken.contains("hush"), "{taken}");
        assert!(problems("[operators.a]\nrole = \"read\"").contains("operators.a.token: is missing"));
        assert!(
            problems("[operators.a]\ntoken = \"hush-hush-hush-hush\"\nrole = \"chief\"").contains("read, work, admin")
        );
    }
}
