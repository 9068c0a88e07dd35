//! What a server presents in a TLS handshake, whoever it turns out to be.
//!
//! The handshake is that of a real connection: the same versions, the same client certificate, the same judgement of the
//! server's certificates. Only, the judgement is written down and not acted on, so that the handshake goes on to its end.
//! Nothing is ever sent above TLS.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, ProtocolVersion, SignatureScheme};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::certificate::{Certificate, Name};
use super::configure::Trust;
use super::explain::Rejection;
use super::identity::Identities;
use super::insecure::AcceptAny;
use super::trust_source::{ReportingVerifier, TrustSource};
use crate::error::{Error, Kind, Network, Result, Tls};

/// What a server presented. Its texts may hold what the server sent: whoever prints them must escape them.
#[derive(Debug, Clone)]
pub struct PresentedChain {
    /// The certificates, in the order in which they were sent: the server's own comes first. Never empty.
    pub chain: Vec<PresentedCertificate>,
    /// Who vouches for the server, or why its certificates are not trusted.
    pub trust: Result<TrustSource, Rejection>,
    /// Whether the server asked for a client certificate, and what it got.
    pub client_certificate: Option<ClientCertificateRequest>,
    /// What both sides agreed on, or why the handshake did not come to its end after the certificates had been sent.
    pub agreed: Result<Agreed, Rejection>,
}

/// One certificate as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresentedCertificate {
    /// Its encoding.
    pub der: CertificateDer<'static>,
    /// What it says; `None` when it cannot be read.
    pub certificate: Option<Certificate>,
}

/// A server's wish for a client certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificateRequest {
    /// The certificate that was shown; `None` when there was none to show.
    pub shown: Option<Certificate>,
    /// From whom the server wants it to be, as far as it says so.
    pub authorities: Vec<Name>,
}

/// What client and server agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreed {
    /// `TLS 1.2` or `TLS 1.3`.
    pub version: &'static str,
    /// The cipher suite, by its name in the IANA's register.
    pub cipher_suite: String,
    /// The protocol chosen by ALPN, for instance `h2`; `None` when the server chose none.
    pub protocol: Option<String>,
}

impl Trust {
    /// Makes a handshake over `stream`, which leads to `host` at `port`, and says what the server presented. `limit` is for
    /// all of it.
    ///
    /// # Errors
    ///
    /// When no certificate came, with what [`explain()`](super::explain()) says of it; and as [`Trust::client_config`].
    pub async fn presented<S>(&self, stream: S, host: &str, port: u16, limit: Duration) -> Result<PresentedChain>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let place = format!("{host}:{port}");
        let (judge, identities) = self.judge_and_identities(host, port)?;
        let any = self.accept_any();
        let witness = Arc::new(RecordingVerifier { judge, any, identities, seen: Mutex::default() });
        let config = self.configure(Arc::clone(&witness) as _, Arc::clone(&witness) as _)?;
        let name = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let name = ServerName::try_from(name.to_owned())
            .map_err(|error| Error::config(format!("{host:?} is not a name that TLS knows")).because(error))?;
        let end = Instant::now() + limit;
        let handshake = TlsConnector::from(Arc::new(config)).connect(name, stream);
        let mut outcome =
            timeout_at(end, handshake).await.map(|outcome| outcome.map(|stream| (Agreed::by(&stream), stream)));
        let seen = witness.take();
        if let Ok(Ok((_, stream))) = &mut outcome
            && seen.client_certificate.is_some()
            && let Ok(Err(error)) = timeout_at(end, close(stream)).await
        {
            outcome = Ok(Err(error));
        }
        let late = || format!("handshake timed out after {} s", limit.as_secs_f32());
        if seen.chain.is_empty() {
            return Err(match outcome {
                Err(_) => {
                    let what = format!("no end of the TLS handshake with {place}");
                    Error::new(Kind::Network(Network::HandshakeTimeout), what).because(late())
                }
                // A server that sends no certificate is refused by every client.
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

    /// Why a handshake broke off.
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
        // rustls spells the suites of TLS 1.3 with a prefix of its own.
        let cipher_suite = suite.unwrap_or_default().replace("TLS13_", "TLS_");
        let protocol = connection.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned());
        Self { version, cipher_suite, protocol }
    }
}

/// Ends a connection and waits for the server to end it too. A server of TLS 1.3 judges a client's certificate only after
/// the client has done its part of the handshake: its refusal is all that can come.
async fn close<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut TlsStream<S>) -> io::Result<()> {
    if let Err(error) = stream.shutdown().await {
        tracing::debug!("the connection did not wait for its end: {error}");
    }
    loop {
        match stream.read(&mut [0; 1024]).await {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            // Many servers end a connection without saying so in TLS.
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

/// Looks on at a handshake: it writes down what the server sends, and what would have been said of it.
#[derive(Debug)]
struct RecordingVerifier {
    /// The judge whose verdict is written down.
    judge: Arc<dyn ReportingVerifier>,
    any: AcceptAny,
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
    /// Of a server that sends no certificate, nothing is known.
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

impl ServerCertVerifier for RecordingVerifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let trust = self.judge.trust_source(leaf, intermediates, name, now);
        let sent = |der: &CertificateDer<'_>| PresentedCertificate {
            certificate: Certificate::parse(der),
            der: der.clone().into_owned(),
        };
        self.note(|seen| {
            seen.chain = std::iter::once(leaf).chain(intermediates).map(sent).collect();
            seen.trust = trust;
        });
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.any.verify_tls12_signature(message, leaf, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.any.verify_tls13_signature(message, leaf, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.any.supported_verify_schemes()
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
