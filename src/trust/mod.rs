//! trust
use crate::error::{Result, Tls};
/// x
#[derive(Debug, Default)]
pub struct Options {
    /// x
    pub ca_files: Vec<std::path::PathBuf>,
    /// x
    pub client_identity: Option<ClientIdentityFiles>,
    /// x
    pub insecure: bool,
}
/// x
#[derive(Debug)]
pub struct Trust;
/// x
#[derive(Debug)]
pub struct Rejection {
    /// x
    pub fault: Tls,
    /// x
    pub cause: String,
}
impl Rejection {
    /// x
    pub fn what(&self, place: &str) -> String {
        place.into()
    }
}
impl Trust {
    /// x
    pub fn load(_: Options) -> Result<Self> {
        Ok(Self)
    }
    /// x
    pub fn offers_client_certificate(&self, _: &str, _: u16) -> bool {
        false
    }
    /// x
    pub fn client_config(&self, _: &str, _: u16) -> Result<rustls::ClientConfig> {
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        Ok(rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("x")
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth())
    }
}
/// x
pub fn explain(e: &rustls::Error, _: &str, _: bool) -> Rejection {
    Rejection { fault: Tls::Handshake, cause: e.to_string() }
}

/// x
#[derive(Debug)]
pub struct ClientIdentityFiles {
    /// x
    pub cert: std::path::PathBuf,
    /// x
    pub key: std::path::PathBuf,
}
