//! A server with `https`: who vouches for it, and what becomes of calls where nobody does.

use std::io::{BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use sealbook_gate::mcp::{Authority as Certificates, HttpOptions};

use crate::fixture::Book;
use crate::http::{call, ends};
use crate::web::{Said, Web, body, head};
use crate::wire::Setup;

/// An authority, and a certificate for `localhost` that it signed.
struct Authority {
    dir: tempfile::TempDir,
}

impl Authority {
    fn new() -> Self {
        let authority = Self { dir: tempfile::tempdir().unwrap() };
        let made = |name: &str, more: &[&str]| {
            let (key, certificate) = (authority.file(&format!("{name}.key")), authority.file(&format!("{name}.pem")));
            let mut openssl = Command::new("openssl");
            openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
            openssl.args(["-days", "2", "-subj", &format!("/CN={name}"), "-keyout"]).arg(key);
            openssl.arg("-out").arg(certificate).args(more).stderr(Stdio::null());
            assert!(openssl.status().unwrap().success(), "{openssl:?}");
        };
        made("authority", &[]);
        let (ca, key) = (authority.file("authority.pem"), authority.file("authority.key"));
        let signed_by = ["-CA", ca.to_str().unwrap(), "-CAkey", key.to_str().unwrap()];
        let about = ["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"];
        made("localhost", &[signed_by, about].concat());
        authority
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A server with that certificate, which answers every call; its port, and what it saw.
    fn serve(&self) -> (u16, Arc<Mutex<Vec<Said>>>) {
        let certificates = CertificateDer::pem_file_iter(self.file("localhost.pem")).unwrap();
        let certificates = certificates.map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_file(self.file("localhost.key")).unwrap();
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(certificates, key).unwrap();
        let (config, seen) = (Arc::new(config), Arc::<Mutex<Vec<Said>>>::default());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, own) = (listener.local_addr().unwrap().port(), Arc::clone(&seen));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream = BufReader::new(StreamOwned::new(connection, stream.unwrap()));
                // Who does not believe the certificate says no more than that.
                while let Some(mut said) = head(&mut stream) {
                    said.body = body(&mut stream, &said).unwrap();
                    own.lock().unwrap().push(said);
                    let reply = "{\"id\":1, \"result\":{\"n\":0.10}}";
                    let length = reply.len();
                    let kind = "Content-Type: application/json";
                    let answer = format!("HTTP/1.1 200 OK\r\n{kind}\r\nContent-Length: {length}\r\n\r\n{reply}");
                    stream.get_mut().write_all(answer.as_bytes()).unwrap();
                    stream.get_mut().flush().unwrap();
                }
            }
        });
        (port, seen)
    }
}

fn named(file: &Path) -> Certificates {
    Certificates { name: file.display().to_string(), pem: std::fs::read(file).unwrap() }
}

fn gateway(book: &Book, upstream: String, ca: Option<&Path>) -> Web {
    let setup = Setup::default();
    let http = HttpOptions {
        listen: "127.0.0.1:0".parse().unwrap(),
        upstream,
        token: None,
        hosts: Vec::new(),
        upstream_token: None,
        upstream_ca: ca.map(named),
        deadlines: setup.deadlines,
    };
    Web::set_up(book, setup, http, "127.0.0.1:1".parse().unwrap(), Arc::default())
}

#[test]
fn a_server_for_which_the_named_authority_vouches_is_spoken_to() {
    let (book, authority) = (Book::new(), Authority::new());
    let (port, seen) = authority.serve();
    let web = gateway(&book, format!("https://localhost:{port}/mcp"), Some(&authority.file("authority.pem")));
    let said = web.post(&call(1, "a"));
    assert_eq!((said.status(), said.text().as_str()), (200, "{\"id\":1, \"result\":{\"n\":0.10}}"));
    web.end();
    let seen = seen.lock().unwrap();
    assert_eq!(String::from_utf8_lossy(&seen[0].body), call(1, "a"));
    assert_eq!(seen[0].header("host"), Some(format!("localhost:{port}").as_str()));
    assert_eq!(ends(&book), ["tools.call files/a ok"]);
}

#[test]
fn a_server_for_which_nobody_vouches_gets_no_call() {
    let authority = Authority::new();
    let (port, seen) = authority.serve();
    let own = authority.file("authority.pem");
    let other = Authority::new().dir.keep();
    // This machine's authorities, another one, and another name than the certificate has.
    let stranger = other.join("authority.pem");
    for (host, ca) in [("localhost", None), ("localhost", Some(&*stranger)), ("127.0.0.1", Some(&*own))] {
        let book = Book::new();
        let web = gateway(&book, format!("https://{host}:{port}/mcp"), ca);
        let said = web.post(&call(1, "a"));
        assert_eq!(said.status(), 502, "{host} {ca:?}");
        assert!(said.text().contains("The call did not run"), "{said:?}");
        web.end();
        assert_eq!(ends(&book), ["tools.call files/a failed"]);
    }
    assert!(seen.lock().unwrap().is_empty());
    std::fs::remove_dir_all(other).unwrap();
}

#[test]
fn a_file_that_vouches_for_nobody_is_named() {
    let (book, authority) = (Book::new(), Authority::new());
    std::fs::write(authority.file("empty"), "").unwrap();
    for name in ["empty", "localhost.key"] {
        let file = authority.file(name);
        let setup = Setup::default();
        let http = HttpOptions {
            listen: "127.0.0.1:0".parse().unwrap(),
            upstream: "https://localhost:1/mcp".to_owned(),
            token: None,
            hosts: Vec::new(),
            upstream_token: None,
            upstream_ca: Some(named(&file)),
            deadlines: setup.deadlines,
        };
        let gate = Arc::new(book.gate(setup.options));
        let failed = sealbook_gate::mcp::Http::bind(gate, Web::session(setup), http).unwrap_err();
        assert_eq!(failed.code(), "upstream_ca_unusable");
        let mut key = String::new();
        std::fs::File::open(authority.file("localhost.key")).unwrap().read_to_string(&mut key).unwrap();
        assert!(failed.to_string().contains(name) && !failed.to_string().contains(key.lines().nth(1).unwrap()));
    }
}
