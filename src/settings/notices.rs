//! `[notices]`: which notices are sent, and over which channels. Without a channel, nothing is sent.

use jiff::civil::Time;
use lettre::Address;
use reqwest::Url;
use secrecy::SecretString;
use toml::Value;

use super::{is_loopback, secrets::Secrets, strength::Short};
use crate::{
    domain::{notice::Rules, reason::Language, toml_text::Section},
    notices::{EmailConfig, Encryption, NoticesConfig, TelegramConfig, WebhookConfig, webhook_key},
};

/// Where Telegram's bot API is.
const TELEGRAM: &str = "https://api.telegram.org";

/// When the daily digest is sent, unless the settings say otherwise.
const DIGEST_AT: Time = jiff::civil::time(8, 0, 0, 0);

/// `None` while no channel is on, or if there are errors. `language` is that of the pages.
pub(super) fn read(root: &Section<'_>, credentials: &Secrets<'_>, language: Language) -> Option<NoticesConfig> {
    let section = root.section("notices")?;
    let read = read_all(&section, credentials, language);
    section.finish();
    read
}

fn read_all(section: &Section<'_>, credentials: &Secrets<'_>, language: Language) -> Option<NoticesConfig> {
    let same = [("", language), ("en", Language::English), ("id", Language::Indonesian)];
    let rules = Rules { language: section.choice("language", &same), digest_at: read_digest_at(section) };
    // Mail servers and Telegram choose the length of their secrets.
    let of_others = Secrets { short: &Short::default(), ..*credentials };
    let webhook = read_webhook(section, credentials);
    let email = section.section("email").and_then(|email| {
        let read = read_email(&email, &of_others);
        email.finish();
        read
    });
    let telegram = section.section("telegram").and_then(|telegram| {
        let read = read_telegram(&telegram, &of_others);
        telegram.finish();
        read
    });
    let is_on = webhook.is_some() || email.is_some() || telegram.is_some();
    is_on.then_some(NoticesConfig { rules, webhook, email, telegram })
}

fn read_digest_at(section: &Section<'_>) -> Option<Time> {
    let Some(value) = section.value("digest") else { return Some(DIGEST_AT) };
    let text = value.as_str().map(str::trim);
    let at = text.and_then(|text| Time::strptime("%H:%M", text).ok());
    if at.is_none() && text != Some("") {
        section.problem("digest", Some(value), "must be a time in WIB such as \"08:00\", or \"\" for no digest");
    }
    at
}

fn read_webhook(section: &Section<'_>, credentials: &Secrets<'_>) -> Option<WebhookConfig> {
    let url = section.value("webhook").is_some().then(|| address(section, "webhook"));
    let secret = credentials.one(section, "secret");
    if let Ok(Some(Err(wrong))) = secret.as_ref().map(|secret| secret.as_deref().map(webhook_key)) {
        credentials.absent.add(section.path_of("secret"), None, wrong);
        return None;
    }
    let url = url??;
    if let Ok(None) = &secret {
        let remedy = "is missing: the receiver needs it to recognise notices; `echo whsec_$(openssl rand -base64 32)` \
                      prints one. Or name a file with it, secret_file";
        credentials.absent.add(section.path_of("secret"), None, remedy);
    }
    Some(WebhookConfig { url, secret: secret.ok()??.into() })
}

/// An address to which secrets may be sent.
fn address(section: &Section<'_>, key: &'static str) -> Option<Url> {
    let url = Url::parse(&section.text(key)?).ok().filter(Url::has_host);
    let safe = url.filter(|url| url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url)));
    if safe.is_none() {
        // Not shown, because the address of a webhook is often a secret.
        section.problem(key, None, "must be an https address (http only for a receiver on this machine)");
    }
    safe
}

fn read_email(section: &Section<'_>, credentials: &Secrets<'_>) -> Option<EmailConfig> {
    let server = read_server(section);
    let user = section.text("user");
    let password = credentials.one(section, "password");
    let from = section.text("from").map(|from| mailbox(section, "from", &from));
    if from.is_none() {
        section.problem("from", None, "is missing: give the e-mail address that notices come from");
    }
    let to = read_recipients(section);
    if let (Some(_), Ok(None)) = (&user, &password) {
        let remedy = "is missing: give the user's password, or name a file with it, password_file";
        credentials.absent.add(section.path_of("password"), None, remedy);
    }
    let credentials = user.zip(password.ok()?.map(SecretString::from));
    let (host, port, encryption) = server?;
    Some(EmailConfig { host, port, encryption, credentials, from: from??, to: to? })
}

/// Host, port and encryption of `smtps://host:465` or `smtp://host:587`.
fn read_server(section: &Section<'_>) -> Option<(String, u16, Encryption)> {
    let wrong = "must be smtps://host (TLS, port 465) or smtp://host (STARTTLS, port 587), with another port if needed: \
                 smtp://host:2525";
    let text = section.text("server");
    // Nothing of it is shown: somebody may write user and password into it.
    let url = text.and_then(|text| Url::parse(&text).ok()).filter(Url::has_host);
    let bare = url.filter(|url| url.username().is_empty() && ["", "/"].contains(&url.path()) && url.query().is_none());
    let read = bare.and_then(|url| {
        let encryption = match url.scheme() {
            "smtps" => Encryption::Tls,
            "smtp" if is_loopback(&url) => Encryption::None,
            "smtp" => Encryption::StartTls,
            _ => return None,
        };
        let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']').to_owned();
        Some((host, url.port().unwrap_or(if encryption == Encryption::Tls { 465 } else { 587 }), encryption))
    });
    if read.is_none() {
        section.problem("server", None, wrong);
    }
    read
}

/// A list, or (from the environment) one text, separated by commas.
fn read_recipients(section: &Section<'_>) -> Option<Vec<Address>> {
    let texts: Vec<String> = match section.value("to") {
        Some(Value::Array(values)) => {
            values.iter().map(|value| value.as_str().unwrap_or_default().to_owned()).collect()
        }
        Some(Value::String(text)) => text.split(',').map(|part| part.trim().to_owned()).collect(),
        _ => Vec::new(),
    };
    if texts.is_empty() {
        section.problem("to", None, "is missing: give the recipients' addresses, to = [\"ani@example.com\"]");
        return None;
    }
    texts.iter().map(|text| mailbox(section, "to", text)).collect()
}

fn mailbox(section: &Section<'_>, key: &str, text: &str) -> Option<Address> {
    let address = text.parse::<Address>().ok().filter(|_| text.is_ascii());
    if address.is_none() {
        section.problem(key, Some(&Value::String(text.to_owned())), "is not an e-mail address such as ani@example.com");
    }
    address
}

fn read_telegram(section: &Section<'_>, credentials: &Secrets<'_>) -> Option<TelegramConfig> {
    let base_url = match section.value("base_url") {
        None => Url::parse(TELEGRAM).ok(),
        Some(_) => address(section, "base_url"),
    };
    let token = credentials.one(section, "token");
    if let Ok(None) = &token {
        let remedy = "is missing: @BotFather gives it when you create a bot. Or name a file with it, token_file";
        credentials.absent.add(section.path_of("token"), None, remedy);
    }
    if let Ok(Some(token)) = &token
        && !token.chars().all(|letter| letter.is_ascii_alphanumeric() || [':', '_', '-'].contains(&letter))
    {
        credentials.absent.add(section.path_of("token"), None, "is not a bot's token, such as 123456:ABC-DEF");
        return None;
    }
    let chat = match section.value("chat") {
        Some(Value::Integer(chat)) => Some(chat.to_string()),
        _ => section.text("chat"),
    };
    if chat.is_none() {
        section.problem("chat", None, "is missing: give the chat's number, or @name of a channel");
    }
    Some(TelegramConfig { base_url: base_url?, token: token.ok()??.into(), chat: chat? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::tests::load_text;

    const REST: &str = "[forstok.webhook]\nsecrets = [\"0123456789abcdef\"]\n[books.main]\napi_token = \
                        \"0123456789abcdef\"\nsignature_secret = \"0123456789abcdef\"\n";

    const ALL: &str = r#"
        [notices]
        language = "id"
        webhook = "https://hooks.example.com/secret-path"
        secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        digest = "18:30"
        [notices.email]
        server = "smtp://mail.example.com"
        user = "books"
        password = "short"
        from = "books@example.com"
        to = ["ani@example.com", "budi@example.com"]
        [notices.telegram]
        token = "123:abc"
        chat = -1001
    "#;

    #[test]
    fn every_channel_is_off_until_it_is_named() {
        assert!(load_text(REST, &[]).expect("right").notices.is_none());
        let off = load_text(&format!("{REST}[notices]\ndigest = \"\"\n"), &[]).expect("right");
        assert!(off.notices.is_none(), "a digest alone leads nowhere");
    }

    #[test]
    fn all_channels_are_read_with_their_defaults() {
        let read = load_text(&format!("{REST}{ALL}"), &[]).expect("right").notices.expect("it is on");
        assert_eq!(
            read.rules,
            Rules { language: Language::Indonesian, digest_at: Some(jiff::civil::time(18, 30, 0, 0)) }
        );
        let email = read.email.as_ref().expect("e-mail");
        assert_eq!(
            (email.host.as_str(), email.port, email.encryption),
            ("mail.example.com", 587, Encryption::StartTls)
        );
        assert_eq!(email.to.len(), 2);
        let telegram = read.telegram.as_ref().expect("Telegram");
        assert_eq!((telegram.base_url.as_str(), telegram.chat.as_str()), ("https://api.telegram.org/", "-1001"));
        let to = ("FORSTOK_ACCURATE_NOTICES__EMAIL__TO", "citra@example.com, dewi@example.com");
        let other = load_text(&format!("{REST}{ALL}"), &[to]).expect("right").notices.expect("it is on");
        assert_eq!(other.email.as_ref().map(|email| email.to[1].to_string()).as_deref(), Some("dewi@example.com"));
        assert!(read.same_as(&read.clone()) && !read.same_as(&other), "a change is noticed");
    }

    #[test]
    fn the_example_of_every_channel_is_right_once_its_secrets_are_replaced() {
        let example = include_str!("../../settings.example.toml");
        let (_, rest) = example.split_once("# [notices]\n").expect("it has notices");
        let (notices, _) = rest.split_once("\n[log]\n").expect("the log comes behind them");
        let is_setting = |line: &&str| line.starts_with('[') || line.contains(" = ");
        let lines: Vec<_> = notices.lines().filter_map(|line| line.strip_prefix("# ")).filter(is_setting).collect();
        let text = format!("{REST}[notices]\n{}\n", lines.join("\n"));
        assert!(load_text(&text, &[]).is_err(), "placeholders are refused");
        let text = text.replace("whsec_change-me", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let text = text.replace("change-me-the-bot-token", "1:a").replace("change-me", "x");
        let read = load_text(&text, &[]).expect("right").notices.expect("it is on");
        assert!(read.webhook.is_some() && read.email.is_some() && read.telegram.is_some());
        assert_eq!(read.rules, Rules { language: Language::English, digest_at: Some(DIGEST_AT) });
    }

    #[test]
    fn what_would_send_secrets_unprotected_or_cannot_work_is_reported_without_secrets() {
        let text = ALL
            .replace("https://hooks", "http://hooks")
            .replace("whsec_", "hush_")
            .replace("18:30", "soon")
            .replace("smtp://mail", "http://hush:hush@mail")
            .replace("\"ani@example.com\"", "\"ani\\r\\nBcc: x\"")
            .replace("123:abc", "hush/../x")
            .replace("chat = -1001", "base_url = \"http://telegram.example\"");
        let problems = load_text(&format!("{REST}{text}"), &[]).expect_err("wrong");
        let shown = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert!(!shown.contains("hush") && !shown.contains("secret-path"), "{shown}");
        let keys: Vec<_> = problems.iter().map(|problem| problem.key.as_str()).collect();
        for key in ["webhook", "secret", "digest", "email.server", "email.to", "telegram.token", "telegram.base_url"] {
            assert!(keys.contains(&format!("notices.{key}").as_str()), "{key} is not in {keys:?}");
        }
    }

    #[test]
    fn a_channel_without_what_it_needs_is_reported() {
        let text = "[notices]\nwebhook = \"https://x.example\"\n[notices.email]\nuser = \"u\"\n[notices.telegram]\n";
        let problems = load_text(&format!("{REST}{text}"), &[]).expect_err("wrong");
        let keys: Vec<_> = problems.iter().map(|problem| problem.key.as_str()).collect();
        for key in
            ["secret", "email.server", "email.from", "email.to", "email.password", "telegram.token", "telegram.chat"]
        {
            assert!(keys.contains(&format!("notices.{key}").as_str()), "{key} is not in {keys:?}");
        }
    }
}
