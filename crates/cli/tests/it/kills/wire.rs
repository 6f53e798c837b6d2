//! The way from the gateway to its server: what comes is written down before the server gets it.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

/// An address that stays while the server behind it comes and goes.
pub(super) struct Wire {
    pub(super) address: SocketAddr,
    server: Arc<AtomicU16>,
    reached: Arc<Mutex<BTreeSet<String>>>,
}

impl Wire {
    pub(super) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (server, reached) = (Arc::new(AtomicU16::new(0)), Arc::<Mutex<BTreeSet<String>>>::default());
        let wire = Self { address, server: Arc::clone(&server), reached: Arc::clone(&reached) };
        std::thread::spawn(move || {
            for gateway in listener.incoming() {
                let (server, reached) = (server.load(Ordering::SeqCst), Arc::clone(&reached));
                std::thread::spawn(move || carry(gateway.unwrap(), server, &reached));
            }
        });
        wire
    }

    /// Where the server is from now on.
    pub(super) fn lead_to(&self, url: &str) {
        let port = url.split(':').nth(2).and_then(|rest| rest.split('/').next()).unwrap();
        self.server.store(port.parse().unwrap(), Ordering::SeqCst);
    }

    pub(super) fn reached(&self) -> BTreeSet<String> {
        self.reached.lock().unwrap().clone()
    }
}

/// One connection, until either end leaves.
fn carry(mut gateway: TcpStream, server: u16, reached: &Mutex<BTreeSet<String>>) {
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", server)) else { return };
    let (mut back, mut to) = (server.try_clone().unwrap(), gateway.try_clone().unwrap());
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut back, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
    let (mut piece, mut said) = (vec![0; 64 << 10], Vec::new());
    while let Ok(bytes @ 1..) = gateway.read(&mut piece) {
        said.extend_from_slice(&piece[..bytes]);
        note(&mut said, reached);
        if server.write_all(&piece[..bytes]).is_err() {
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Both);
    let _ = gateway.shutdown(Shutdown::Both);
}

/// Notes the calls that are named in what was said, and forgets it.
fn note(said: &mut Vec<u8>, reached: &Mutex<BTreeSet<String>>) {
    let mark = b"\"call-";
    while let Some(at) = memchr::memmem::find(said, mark) {
        let Some(end) = memchr::memchr(b'"', &said[at + mark.len()..]) else { break };
        let name = String::from_utf8(said[at + 1..at + mark.len() + end].to_vec()).unwrap();
        reached.lock().unwrap().insert(name);
        said.drain(..at + mark.len() + end);
    }
}
