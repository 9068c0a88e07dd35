//! From a 401 to an `Authorization` header, without doing any input or output.
//!
//! [`challenges`] reads what the server asks for and [`preferred`] picks what to answer. For a Bearer challenge,
//! [`token_server`] decides whether the token server may have credentials, [`Scopes::for_request`] what to ask it for, and
//! [`TokenRequest::attempts`] how; [`Token::parse`] reads its reply and [`TokenCache`] keeps it. [`ChallengeForm`] answers a challenge
//! before it comes, and [`Expected`] which permissions to ask for together.
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
mod token;

pub use address::{AddressClass, may_lead_to};
pub use cache::TokenCache;
pub use challenge::{BearerChallenge, Challenge, ChallengeTemplate, challenges, preferred};
pub use claims::Claims;
pub use credentials::Credentials;
pub use grammar::{Malformed, RawChallenge, parse_line};
pub use permission::{Action, Permission};
pub use realm::token_server;
pub use request::{TokenMethod, TokenRequest};
pub use scope::{Scope, Scopes};
pub use scope_batch::{PendingScopes, ScopeBudget, TokenSize};
pub use token::Token;
