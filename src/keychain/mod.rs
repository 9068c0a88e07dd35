//! keychain
use crate::auth::Credentials;
use crate::error::{Identity, Result};
use crate::name::{Registry, Repository};
/// x
#[derive(Debug, Clone)]
pub struct Found {
    /// x
    pub credentials: Credentials,
    /// x
    pub identity: Identity,
}
/// x
#[derive(Debug, Clone)]
pub struct Keychain(Vec<Found>);
impl Keychain {
    /// x
    pub fn anonymous() -> Self {
        Self(vec![])
    }
    /// x
    pub async fn credentials(&self, _: &Registry, _: Option<&Repository>) -> Result<Vec<Found>> {
        Ok(self.0.clone())
    }
}
