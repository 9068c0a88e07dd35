//! Servers that are no registries: what they send is written down byte by byte.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A listener on a free port of the loopback interface. Its thread ends with the test's process.
pub struct Wire {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Wire {
    /// Reads the head of a request, sends this, and closes the connection.
    pub fn answering(reply: &str) -> Self {
        let reply = reply.to_owned();
        Self::replying(move |_| reply.clone())
    }

    /// Reads the head of a request and sends what `reply` makes of it.
    pub fn replying(reply: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self::with(move |stream, request| {
            // A client that does not want the reply has gone.
            let _ = stream.write_all(reply(request).as_bytes());
        })
    }

    /// Reads the head of a request and hands it over, with the connection, which is closed afterwards.
    pub fn with(talk: impl Fn(&mut TcpStream, &str) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let (seen, talk) = (Arc::clone(&requests), Arc::new(talk));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let (seen, talk) = (Arc::clone(&seen), Arc::clone(&talk));
                thread::spawn(move || {
                    let request = head(&mut stream);
                    seen.lock().expect("no thread panics with it").push(request.clone());
                    talk(&mut stream, &request);
                    // It may be closed already.
                    let _ = stream.shutdown(Shutdown::Both);
                });
            }
        });
        Self { address, requests }
    }

    /// `127.0.0.1:PORT`
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The heads of the requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no thread panics with it").clone()
    }

    /// The address of a port on which nobody listens.
    pub fn closed() -> String {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        listener.local_addr().expect("it is bound").to_string()
    }
}

/// What a client sends first: up to the empty line, or as much as comes before it stops.
fn head(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => break,
            Ok(length) => bytes.extend_from_slice(&piece[..length]),
        }
        // A TLS record has no empty line; the first of them is all that is waited for.
        if bytes.windows(4).any(|window| window == b"\r\n\r\n") || bytes.first() == Some(&0x16) {
            break;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
