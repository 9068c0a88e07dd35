//! Records what a server presents in a TLS handshake, trusted or not.
//!
//! The handshake is that of a real connection: the same versions, client certificate and verification of the server's
//! certificates. The result is only recorded, so that the handshake completes. No application data is sent.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::ResolvesClientCert;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::sign::CertifiedKey;
use rustls::{ProtocolVersion, SignatureScheme};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::certificate::{Certificate, Name};
use super::configure::Trust;
use super::explain::Rejection;
use super::identity::Identities;
use super::trust_source::{Presented, ReportingVerifier, TrustSource};
use crate::error::{Error, Kind, Network, Result, Tls};

/// What a server presented. Texts may come from the server: programs must escape them before printing.
#[derive(Debug, Clone)]
pub struct PresentedChain {
    /// The certificates in the order in which they were sent, the server's own first. Never empty.
    pub chain: Vec<PresentedCertificate>,
    /// Why the server is trusted, or why not.
    pub trust: Result<TrustSource, Rejection>,
    /// The server's request for a client certificate, if any.
    pub client_certificate: Option<ClientCertificateRequest>,
    /// The negotiated parameters, or why the handshake failed after the certificates were sent.
    pub agreed: Result<Agreed, Rejection>,
}

/// A certificate that the server sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresentedCertificate {
    /// Its DER encoding.
    pub der: CertificateDer<'static>,
    /// Its description; `None` when it cannot be parsed.
    pub certificate: Option<Certificate>,
}

/// A server's request for a client certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificateRequest {
    /// The certificate that was presented; `None` when the client has none.
    pub shown: Option<Certificate>,
    /// The issuers that the server accepts, if it lists any.
    pub authorities: Vec<Name>,
}

/// The negotiated parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreed {
    /// `TLS 1.2` or `TLS 1.3`.
    pub version: &'static str,
    /// The cipher suite, by its IANA name.
    pub cipher_suite: String,
    /// The protocol chosen by ALPN, for instance `h2`; `None` when the server chose none.
    pub protocol: Option<String>,
}

impl Trust {
    /// Makes a handshake over `stream`, which is connected to `host` at `port`, and returns what the server presented.
    /// `limit` is the time limit.
    ///
    /// # Errors
    ///
    /// Why the handshake failed, when no certificate was received; [`Kind::Config`](crate::error::Kind::Config) when a
    /// client certificate configured for this server cannot be used.
    pub async fn presented<S>(&self, stream: S, host: &str, port: u16, limit: Duration) -> Result<PresentedChain>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let place = format!("{host}:{port}");
        let (verifier, identities) = self.verifier_and_identities(host, port)?;
        let recorder = Arc::new(RecordingVerifier { verifier, identities, seen: Mutex::default() });
        let config = self.configure(Arc::clone(&recorder) as _, Arc::clone(&recorder) as _)?;
        let name = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let name = ServerName::try_from(name.to_owned())
            .map_err(|error| Error::config(format!("{host:?} is not a valid TLS server name")).because(error))?;
        let end = Instant::now() + limit;
        let handshake = TlsConnector::from(Arc::new(config)).connect(name, stream);
        let mut outcome =
            timeout_at(end, handshake).await.map(|outcome| outcome.map(|stream| (Agreed::by(&stream), stream)));
        let seen = recorder.take();
        if let Ok(Ok((_, stream))) = &mut outcome
            && seen.client_certificate.is_some()
            && let Ok(Err(error)) = timeout_at(end, close(stream)).await
        {
            outcome = Ok(Err(error));
        }
        let late = || format!("handshake not complete after {} s", limit.as_secs_f32());
        if seen.chain.is_empty() {
            return Err(match outcome {
                Err(_) => {
                    let what = format!("TLS handshake with {place} timed out");
                    Error::new(Kind::Network(Network::HandshakeTimeout), what).because(late())
                }
                // Every client refuses a server without a certificate.
                Ok(Ok(_)) => rejected(&Rejection::new(Tls::Handshake, "the server sent no certificate"), &place),
                Ok(Err(error)) => rejected(&self.broken(&error, host, port), &place),
            });
        }
        let agreed = match outcome {
            Ok(outcome) => outcome.map(|(agreed, _)| agreed).map_err(|error| self.broken(&error, host, port)),
            Err(_) => Err(Rejection::new(Tls::Handshake, late())),
        };
        let Seen { chain, trust, client_certificate } = seen;
        let trust = trust.map_err(|error| self.explain(&error, host, port));
        Ok(PresentedChain { chain, trust, client_certificate, agreed })
    }

    /// Why a handshake was interrupted.
    fn broken(&self, error: &io::Error, host: &str, port: u16) -> Rejection {
        if let Some(error) = rustls_error(error) {
            return self.explain(error, host, port);
        }
        let cause = match error.kind() {
            io::ErrorKind::UnexpectedEof => "the server closed the connection".to_owned(),
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
                "connection reset by the server".to_owned()
            }
            _ => error.to_string(),
        };
        Rejection::new(Tls::Handshake, cause)
    }
}

impl Agreed {
    fn by<S>(stream: &TlsStream<S>) -> Self {
        let (_, connection) = stream.get_ref();
        let version = match connection.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
            _ => "TLS 1.3",
        };
        let suite = connection.negotiated_cipher_suite().map(|suite| format!("{:?}", suite.suite()));
        // rustls names the suites of TLS 1.3 with a prefix of its own.
        let cipher_suite = suite.unwrap_or_default().replace("TLS13_", "TLS_");
        let protocol = connection.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned());
        Self { version, cipher_suite, protocol }
    }
}

/// Closes a connection and waits for the server to do so too. A TLS 1.3 server verifies the client's certificate only
/// after the client has completed its part of the handshake: its refusal follows.
async fn close<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut TlsStream<S>) -> io::Result<()> {
    if let Err(error) = stream.shutdown().await {
        tracing::debug!("the connection did not wait for its end: {error}");
    }
    loop {
        match stream.read(&mut [0; 1024]).await {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            // Many servers close the connection without a TLS alert.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

fn rejected(rejection: &Rejection, place: &str) -> Error {
    Error::new(Kind::Tls(rejection.fault.clone()), rejection.what(place)).because(&rejection.cause)
}

fn rustls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// Records what the server sends, and the result of the real verifier.
#[derive(Debug)]
struct RecordingVerifier {
    /// The verifier whose result is recorded.
    verifier: Arc<dyn ReportingVerifier>,
    identities: Identities,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    chain: Vec<PresentedCertificate>,
    trust: Result<TrustSource, rustls::Error>,
    client_certificate: Option<ClientCertificateRequest>,
}

impl Default for Seen {
    /// For a server that sends no certificate.
    fn default() -> Self {
        Self { chain: Vec::new(), trust: Err(rustls::Error::NoCertificatesPresented), client_certificate: None }
    }
}

impl RecordingVerifier {
    fn note(&self, note: impl FnOnce(&mut Seen)) {
        note(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn take(&self) -> Seen {
        std::mem::take(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ReportingVerifier for RecordingVerifier {
    fn trust_source(&self, presented: &Presented<'_>) -> Result<TrustSource, rustls::Error> {
        let trust = self.verifier.trust_source(presented);
        let sent = |der: &CertificateDer<'_>| PresentedCertificate {
            certificate: Certificate::parse(der),
            der: der.clone().into_owned(),
        };
        self.note(|seen| {
            seen.chain = std::iter::once(presented.leaf).chain(presented.intermediates).map(sent).collect();
            seen.trust = trust;
        });
        Ok(TrustSource::Unverified)
    }

    fn accepts_any_form(&self) -> bool {
        true
    }
}

impl ResolvesClientCert for RecordingVerifier {
    fn resolve(&self, authorities: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let chosen = self.identities.resolve(authorities, schemes);
        let shown = chosen.as_ref().and_then(|key| Certificate::parse(key.cert.first()?));
        let authorities = authorities.iter().filter_map(|der| Name::parse(der)).collect();
        self.note(|seen| seen.client_certificate = Some(ClientCertificateRequest { shown, authorities }));
        chosen
    }

    fn has_certs(&self) -> bool {
        self.identities.has_certs()
    }
}

#[cfg(test)]
mod tests;
