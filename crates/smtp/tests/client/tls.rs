use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use posthaste_smtp::client::Tls;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::clock::Real;
use crate::peer::never;

/// An authority of our own and a certificate for 127.0.0.1, made with the `openssl` command.
struct House {
    folder: TempDir,
}

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let openssl = |arguments: &str| {
            let done = Command::new("openssl")
                .args(arguments.split(' '))
                .current_dir(folder.path())
                .stdin(Stdio::null())
                .output()
                .expect("these tests need the openssl command");
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        };
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30";
        openssl(&format!("req -x509 {key} -keyout ca.key -out ca.pem -subj /CN=House"));
        openssl(&format!(
            "req -x509 {key} -CA ca.pem -CAkey ca.key -keyout relay.key -out relay.pem -subj /CN=relay -addext \
             subjectAltName=IP:127.0.0.1,DNS:relay.test -addext basicConstraints=critical,CA:FALSE -addext \
             extendedKeyUsage=serverAuth"
        ));
        Self { folder }
    }

    fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    fn acceptor(&self) -> TlsAcceptor {
        let file = |name: &str| self.folder.path().join(name);
        let certificates =
            CertificateDer::pem_file_iter(file("relay.pem")).unwrap().map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_file(file("relay.key")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(certificates, key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }

    async fn peer(&self, script: &str) -> Peer {
        Peer::with_tls(&[script], Some(self.acceptor())).await
    }
}

fn secured(peer: &Peer, tls: Tls, verify: bool, ca_file: Option<&Path>) -> Arc<Pool> {
    let relay = Relay { tls, verify, ca_file: ca_file.map(Path::to_path_buf), ..relay(peer) };
    Pool::new(relay, Arc::new(Real::default()))
}

/// EHLO, STARTTLS, and EHLO again: what was said before counts for nothing.
fn starttls(after: &str) -> String {
    let offer = HELLO.replace("S: 250-PIPELINING", "S: 250-STARTTLS\nS: 250-SIZE 1");
    let again: String = HELLO.split_inclusive('\n').skip(1).collect();
    format!("{offer}C: STARTTLS\nS: 220 go\n{after}tls\n{again}{DELIVERY}{DELIVERY}")
}

#[tokio::test]
async fn smtps_and_starttls_deliver() {
    let house = House::new();
    let smtps = format!("tls\n{HELLO}{DELIVERY}{DELIVERY}");
    for (script, tls) in [(smtps, Tls::Smtps), (starttls(""), Tls::StartTls)] {
        for (verify, ca) in [(false, None), (true, Some(house.ca()))] {
            let peer = house.peer(&script).await;
            let pool = secured(&peer, tls, verify, ca.as_deref());
            for _ in 0..2 {
                assert!(delivered(&send(&pool, &["a"]).await), "{tls:?} {verify}");
            }
            assert_eq!(peer.accepted(), 1);
            peer.check(1).await;
        }
    }
}

#[tokio::test]
async fn a_message_of_many_megabytes_goes_through_tls() {
    let house = House::new();
    let line = "z".repeat(76);
    let body = format!("{line}\r\n").repeat(100_000);
    let heard = format!("C: {line}\n").repeat(100_000);
    let script = format!("tls\n{HELLO}{DELIVERY}").replace("C: ..x\n", &format!("C: ..x\n{heard}"));
    let peer = house.peer(&script).await;
    let mut batch = batch(&["a"]);
    batch.message.push(body.into());
    let result = patient(secured(&peer, Tls::Smtps, false, None).send(batch, &never())).await;
    assert!(delivered(&result), "{result:?}");
}

#[tokio::test]
async fn an_unknown_certificate_gets_no_mail() {
    let house = House::new();
    let wrong_name = |peer: &Peer| {
        let relay = Relay {
            host: "localhost".into(),
            tls: Tls::Smtps,
            verify: true,
            ca_file: Some(house.ca()),
            ..relay(peer)
        };
        Pool::new(relay, Arc::new(Real::default()))
    };
    // The handshake fails, so the relay's half of it fails as well: it plays nothing and complains.
    for case in 0..3 {
        let peer = house.peer("tls\nclose").await;
        let pool = match case {
            0 => secured(&peer, Tls::Smtps, true, None),
            1 => wrong_name(&peer),
            _ => secured(&peer, Tls::Smtps, true, Some(Path::new("/nonexistent/ca.pem"))),
        };
        let cancel = never();
        let sending = tokio::spawn({
            let (pool, cancel) = (Arc::clone(&pool), cancel.clone());
            async move { pool.send(batch(&["a"]), &cancel).await }
        });
        until("trouble", || pool.state().last_error.is_some()).await;
        cancel.cancel();
        patient(sending).await.unwrap().unwrap_err();
        let why = pool.state().last_error.unwrap();
        assert!(why.contains(if case == 2 { "/nonexistent/ca.pem" } else { "certificate" }), "{case}: {why}");
        peer.forgive();
    }
}

#[tokio::test]
async fn starttls_is_never_left_out() {
    let peer = Peer::new(&[HELLO]).await;
    let refusing = HELLO.replace("S: 250-PIPELINING", "S: 250-STARTTLS") + "C: STARTTLS\nS: 454 no\n";
    let refusing = Peer::new(&[&refusing]).await;
    for (peer, expected) in [(peer, "does not offer STARTTLS"), (refusing, "refused STARTTLS: 454")] {
        let pool = secured(&peer, Tls::StartTls, false, None);
        let cancel = never();
        let sending = tokio::spawn({
            let (pool, cancel) = (Arc::clone(&pool), cancel.clone());
            async move { pool.send(batch(&["a"]), &cancel).await }
        });
        until("trouble", || pool.state().last_error.is_some()).await;
        cancel.cancel();
        patient(sending).await.unwrap().unwrap_err();
        assert!(pool.state().last_error.unwrap().contains(expected));
    }
}

/// Somebody in the middle adds replies behind the one to STARTTLS: they are not taken for the relay's (RFC 3207 §6).
#[tokio::test]
async fn what_was_injected_before_tls_is_not_heard() {
    let house = House::new();
    let peer = house.peer(&starttls("S: 250-evil\nS: 250 SIZE 1\nS: 550 5.7.1 nobody\n")).await;
    let pool = secured(&peer, Tls::StartTls, false, None);
    assert!(delivered(&send(&pool, &["a"]).await));
}
