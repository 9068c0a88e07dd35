//! Turns a 401 into an `Authorization` header, without doing any input or output.
//!
//! [`challenges`] parses what the server asks for and [`preferred`] chooses what to answer. For a Bearer challenge,
//! [`token_server`] decides whether the token server may have credentials, [`BearerChallenge::scopes`] which scopes to
//! request, and [`TokenRequest::attempts`] how; [`Token::parse`] reads its reply and `TokenCache` stores it.
//! `ChallengeTemplate` predicts a registry's next challenge, and `PendingScopes` selects permissions to request
//! with one token. `secrets` masks in the texts of servers what they must not make visible.
//!
//! ```
//! use registry_ls::auth::{Challenge, Permission, challenges, preferred};
//!
//! let header = br#"Bearer realm="https://auth.corp/token",service="registry.corp",scope="registry:catalog:*""#;
//! let Challenge::Bearer(challenge) = preferred(challenges([&header[..]]))? else { unreachable!() };
//! assert_eq!(challenge.realm, "https://auth.corp/token");
//! assert_eq!(challenge.scopes(Some(&Permission::catalog())).to_string(), "registry:catalog:*");
//! # Ok::<(), registry_ls::Error>(())
//! ```
//!
//! The specifications: RFC 9110 §11 (challenges), RFC 7617 (Basic), RFC 6750 (Bearer), and of the distribution project
//! "Token Authentication Specification", "Oauth2 Token Authentication" and "Token Scope Documentation".

mod address;
mod cache;
mod challenge;
mod claims;
mod credentials;
mod grammar;
mod permission;
mod realm;
mod request;
mod scope;
mod scope_batch;
mod scopes;
mod secrets;
mod token;

pub(crate) use address::{AddressLimit, may_lead_to};
pub(crate) use cache::TokenCache;
pub use challenge::{BearerChallenge, Challenge, challenges, preferred};
pub(crate) use challenge::{ChallengeTemplate, descriptions, failed_after_malformed};
pub use claims::Claims;
pub use credentials::Credentials;
pub use grammar::Malformed;
pub use permission::{Action, Permission};
pub use realm::token_server;
pub(crate) use realm::without_user;
pub use request::{TokenMethod, TokenRequest};
pub use scope::Scope;
pub(crate) use scope_batch::{PendingScopes, ScopeBudget, TokenSize};
pub use scopes::Scopes;
pub(crate) use secrets::{MASK, Origin as SecretOrigin, Secrets, is_harmless};
pub use token::Token;

/// What fuzz targets and test vectors call directly. Not part of the interface.
#[cfg(feature = "__internals")]
#[doc(hidden)]
pub mod internals {
    pub use super::grammar::{RawChallenge, parse_line};
}
