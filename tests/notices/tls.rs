//! E-mail over TLS, from the beginning and after STARTTLS, to a server whose certificate comes from an authority of this
//! test. The real binary sends it: it trusts the authority that `SSL_CERT_FILE` names.

use std::{path::Path, process::Command, sync::Arc};

use serde_json::Value;
use tempfile::TempDir;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

use super::{
    PASSWORD,
    receivers::{MailServer, TlsBegins},
};
use crate::service::{Home, accurate};

/// `0.0.0.0` leads to this machine too. The settings do not count it as this machine, so TLS is required.
const EXTENSIONS: &str = "
[req]
distinguished_name = name
prompt = no
[name]
CN = localhost
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = keyCertSign
[server]
basicConstraints = CA:FALSE
subjectAltName = DNS:localhost, IP:0.0.0.0
";

/// An authority, `authority.pem`, and the certificate that it gave to the mail server.
fn certificates() -> (TempDir, TlsAcceptor) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("openssl.cnf"), EXTENSIONS).expect("written");
    let openssl = |arguments: &str| {
        let key = "req -x509 -config openssl.cnf -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2";
        let arguments = format!("{key} {arguments}");
        let output = Command::new("openssl").args(arguments.split(' ')).current_dir(folder.path()).output();
        let output = output.expect("openssl is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    openssl("-extensions authority -subj /CN=authority -keyout authority.key -out authority.pem");
    openssl("-extensions server -CA authority.pem -CAkey authority.key -keyout server.key -out server.pem");
    let certificate = CertificateDer::from_pem_file(folder.path().join("server.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(folder.path().join("server.key")).expect("a key");
    let config =
        ServerConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions();
    let config = config.expect("TLS 1.2 and 1.3").with_no_client_auth().with_single_cert(vec![certificate], key);
    (folder, TlsAcceptor::from(Arc::new(config.expect("the key is the certificate's"))))
}

/// Sends a test notice to this server, trusting this authority besides nobody; returns the result for the channel.
async fn tested(server: &str, authority: &Path) -> Value {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let settings = std::fs::read_to_string(home.path("settings.toml")).expect("the settings of this test");
    let email = format!(
        "[notices.email]\nserver = \"{server}\"\nuser = \"books\"\npassword = \"{PASSWORD}\"\n\
         from = \"books@example.com\"\nto = [\"ani@example.com\"]\n"
    );
    home.write("settings.toml", &format!("{settings}\n{email}"));
    let authority = authority.to_str().expect("UTF-8");
    let service = home.serve_with(&[("SSL_CERT_FILE", authority), ("SSL_CERT_DIR", "/nowhere")]).await;
    let answer = service.post("/v1/notices/test").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["results"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_is_sent_over_tls_to_a_server_with_a_trusted_certificate_and_to_no_other() {
    let (folder, certificate) = certificates();
    let mail = MailServer::with_tls(certificate, TlsBegins::AtOnce).await;
    let server = format!("smtps://localhost:{}", mail.port);
    let result = tested(&server, &folder.path().join("authority.pem")).await;
    assert_eq!((&result["taken"], &result["answer"]), (&true.into(), &"250 2.0.0 queued as 4711".into()));
    assert_eq!(mail.mails().len(), 1);

    let (another, _) = certificates();
    let result = tested(&server, &another.path().join("authority.pem")).await;
    assert_eq!(result["taken"], false, "{result}");
    assert!(result["answer"].as_str().is_some_and(|answer| answer.contains("certificate")), "{result}");
    assert_eq!(mail.mails().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_starttls_the_password_and_the_mail_are_protected() {
    let (folder, certificate) = certificates();
    let mail = MailServer::with_tls(certificate, TlsBegins::WithStartTls).await;
    let result = tested(&format!("smtp://0.0.0.0:{}", mail.port), &folder.path().join("authority.pem")).await;
    assert_eq!((&result["taken"], &result["answer"]), (&true.into(), &"250 2.0.0 queued as 4711".into()));
    assert_eq!(mail.mails().len(), 1);
    let heard = mail.heard_in_plain();
    let commands: Vec<_> = heard.lines().map(|line| line.split(' ').next().unwrap_or_default()).collect();
    assert_eq!(commands, ["EHLO", "STARTTLS"], "nothing else is sent in plain text");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_offers_no_starttls_gets_neither_password_nor_mail() {
    let (folder, _) = certificates();
    let mail = MailServer::new().await;
    let result = tested(&format!("smtp://0.0.0.0:{}", mail.port), &folder.path().join("authority.pem")).await;
    assert_eq!(result["taken"], false, "{result}");
    assert!(mail.mails().is_empty());
    assert!(!mail.heard_in_plain().contains("AUTH"), "{}", mail.heard_in_plain());
}
