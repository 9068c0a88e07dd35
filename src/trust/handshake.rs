//! Detects whether a handshake has started: that distinguishes a server that does not answer the handshake from one
//! that is unreachable.
//!
//! The HTTP client has one time-out for TCP and TLS together. Just before a handshake, rustls reads the cache of former
//! sessions, whatever the connection goes through: so the cache notes the time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use rustls::NamedGroup;
use rustls::client::{ClientSessionMemoryCache, ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::pki_types::ServerName;

/// The size of the session cache: rustls' default.
const MAX_SESSIONS: usize = 256;

/// When the last handshake with a server started.
#[derive(Debug, Default)]
pub(super) struct HandshakeStarts(Mutex<Option<Instant>>);

impl HandshakeStarts {
    /// Whether that was at `then` or later.
    pub fn is_since(&self, then: Instant) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|last| last >= then)
    }

    fn now(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}

/// The session cache of one configuration.
#[derive(Debug)]
pub(super) struct Sessions {
    host: String,
    begun: Arc<HandshakeStarts>,
    kept: ClientSessionMemoryCache,
}

impl Sessions {
    /// For connections to `host`, in the form of a URL.
    pub fn with(host: &str, begun: Arc<HandshakeStarts>) -> Self {
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Self { host, begun, kept: ClientSessionMemoryCache::new(MAX_SESSIONS) }
    }
}

impl ClientSessionStore for Sessions {
    fn set_kx_hint(&self, server: ServerName<'static>, group: NamedGroup) {
        self.kept.set_kx_hint(server, group);
    }

    fn kx_hint(&self, server: &ServerName<'_>) -> Option<NamedGroup> {
        // A TLS connection to a proxy uses the same configuration.
        if server.to_str() == self.host {
            self.begun.now();
        }
        self.kept.kx_hint(server)
    }

    fn set_tls12_session(&self, server: ServerName<'static>, session: Tls12ClientSessionValue) {
        self.kept.set_tls12_session(server, session);
    }

    fn tls12_session(&self, server: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.kept.tls12_session(server)
    }

    fn remove_tls12_session(&self, server: &ServerName<'static>) {
        self.kept.remove_tls12_session(server);
    }

    fn insert_tls13_ticket(&self, server: ServerName<'static>, ticket: Tls13ClientSessionValue) {
        self.kept.insert_tls13_ticket(server, ticket);
    }

    fn take_tls13_ticket(&self, server: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.kept.take_tls13_ticket(server)
    }
}
