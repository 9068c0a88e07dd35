//! Checks the registry's challenge and the answer to it: a token for what is needed, or user name and password
//! themselves.

use std::net::IpAddr;

use http::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use jiff::Timestamp;
use url::Url;

use super::check::{Fact, Finding, Outcome};
use super::classify;
use super::context::Context;
use super::problem::Problem;
use super::tls;
use crate::auth::{BearerChallenge, Challenge, Scope, Scopes, Token, challenges, preferred, token_server};
use crate::error::{Error, Identity, Kind, Refuser, Result};
use crate::http::{AuthOutcome, Request};

/// A reply to a request without credentials.
struct Reply {
    status: u16,
    headers: HeaderMap,
    url: Url,
    peer: Option<IpAddr>,
}

/// Reads the registry's challenge to a request without credentials, and checks whether it may be answered.
pub(super) async fn challenge(context: &mut Context) -> Result<Outcome> {
    let is_asked_anew = context.setup.repository.is_some();
    let reply = anonymous_reply(context).await?;
    let timed = |outcome: Outcome| if is_asked_anew { outcome } else { outcome.untimed() };
    if reply.status != 401 {
        return Ok(timed(Outcome::passed("none: anonymous access")));
    }
    let lines: Vec<_> = reply.headers.get_all(WWW_AUTHENTICATE).iter().map(HeaderValue::as_bytes).collect();
    let offered = challenges(lines);
    let is_malformed = offered.iter().any(|challenge| matches!(challenge, Challenge::Malformed(_)));
    let challenge = match preferred(offered) {
        Ok(challenge) => challenge,
        Err(error) => {
            let problem = if is_malformed { Problem::MalformedChallenge } else { Problem::UnknownScheme };
            let finding = Finding { problem, ..classify::finding(&error, &context.base) };
            return Ok(timed(Outcome::failed("no supported scheme", finding)));
        }
    };
    let outcome = match &challenge {
        Challenge::Bearer(bearer) => match token_server(&reply.url, reply.peer, &bearer.realm) {
            Ok(server) => Outcome::passed(format!("Bearer, from {}", shown(&server))).with(parameters(bearer)),
            Err(error) => refused_realm(context, bearer, &error).with(parameters(bearer)),
        },
        Challenge::Basic { realm } => Outcome::passed(format!("Basic, realm {realm:?}")),
        Challenge::Other { .. } | Challenge::Malformed(_) => Outcome::passed("no supported scheme"),
    };
    context.challenge = Some(challenge);
    Ok(timed(outcome))
}

/// The reply for the repository or, without one, that of `/v2/`.
async fn anonymous_reply(context: &Context) -> Result<Reply> {
    if let (None, Some(base_reply)) = (&context.setup.repository, &context.base_reply) {
        let (headers, url) = (base_reply.headers.clone(), base_reply.url.clone());
        return Ok(Reply { status: base_reply.status, headers, url, peer: base_reply.peer });
    }
    let transport = context.client()?.transport();
    let response = transport.send_unauthenticated(&context.first_request()?).await?;
    let (headers, url) = (response.headers().clone(), response.url().clone());
    Ok(Reply { status: response.status(), headers, url, peer: response.peer() })
}

/// The token server's URL without its query, which may contain secrets.
fn shown(server: &Url) -> String {
    format!("{}{}", server.origin().ascii_serialization(), server.path())
}

fn parameters(bearer: &BearerChallenge) -> Vec<Fact> {
    let values =
        [("realm", Some(&bearer.realm)), ("service", bearer.service.as_ref()), ("scope", bearer.scope.as_ref())];
    let malformed = bearer.malformed.as_ref();
    values
        .into_iter()
        .filter_map(|(name, value)| Some(Fact::new(0, format!("{name} {}", value?))))
        .chain(malformed.map(|why| Fact::new(0, format!("the WWW-Authenticate header is malformed: {why}"))))
        .collect()
}

/// A token server that no credentials are sent to.
fn refused_realm(context: &Context, bearer: &BearerChallenge, error: &Error) -> Outcome {
    let finding = classify::finding(error, &context.base);
    let realm = Url::parse(&bearer.realm).ok();
    let Some(realm) = realm.filter(|realm| realm.scheme() == "http" && context.base.scheme() == "https") else {
        return Outcome::failed("unsafe token server", finding);
    };
    if realm.host_str() == context.base.host_str() {
        let cause = format!(
            "the registry names {} as its token server: a reverse proxy terminates TLS and does not forward the scheme \
             (X-Forwarded-Proto)",
            shown(&realm)
        );
        return Outcome::failed(
            "token server uses plain HTTP",
            Finding { problem: Problem::SchemeNotForwarded, cause, ..finding },
        );
    }
    let cause =
        format!("the registry names {} as its token server: credentials are not sent unencrypted", shown(&realm));
    Outcome::failed("token server uses plain HTTP", Finding { problem: Problem::PlainRealm, cause, ..finding })
}

/// Answers the challenge as a normal request would.
pub(super) async fn token(context: &mut Context) -> Result<Outcome> {
    let Some(challenge) = context.challenge.clone() else {
        return Ok(Outcome::skipped("not required"));
    };
    let request = context.first_request()?;
    let transport = context.client()?.transport();
    let outcome = transport.send(&request).await.map(drop);
    let login = transport.auth_outcome(&request);
    context.is_anonymous = login.identity.is_none();
    match challenge {
        Challenge::Bearer(bearer) => {
            let mut outcome = bearer_answered(context, &request, &bearer, outcome, login).await?;
            if let Some(finding) = outcome.finding.as_mut().filter(|finding| finding.kind == Kind::UnusableChallenge) {
                finding.problem = Problem::MalformedChallenge;
            }
            Ok(outcome)
        }
        _ => Ok(basic_answered(context, &request, outcome, login.identity)),
    }
}

/// Whether an error is about the requested resource, so that access was granted.
fn is_granted(error: &Error) -> bool {
    matches!(error.kind(), Kind::NotFound(_) | Kind::Unsupported(_))
}

fn basic_answered(context: &Context, request: &Request, outcome: Result<()>, identity: Option<Identity>) -> Outcome {
    let error = match outcome {
        Err(error) if !is_granted(&error) => error,
        _ => return Outcome::passed(format!("not required: {}", access_of(identity.as_ref()))),
    };
    let is_401 = error.reply().is_some_and(|reply| reply.status == 401);
    match (error.kind(), identity) {
        (Kind::Unauthenticated, _) => no_credentials(&error),
        (Kind::Denied(denial), identity) if denial.accepted => missing_permission(context, request, &error, identity),
        (Kind::Denied(_), Some(identity)) if is_401 => wrong_credentials(context, &error, identity),
        (Kind::Denied(_), identity) => missing_permission(context, request, &error, identity),
        _ => classify::outcome(&error, &context.base),
    }
}

async fn bearer_answered(
    context: &Context,
    request: &Request,
    bearer: &BearerChallenge,
    outcome: Result<()>,
    login: AuthOutcome,
) -> Result<Outcome> {
    let requested = bearer.scopes(request.context.permission.as_ref());
    // A token server may write into a token what it was sent.
    let transport = context.client()?.transport();
    let mut facts = facts(&requested, login.token.as_deref());
    facts.iter_mut().for_each(|fact| fact.text = transport.masked(&fact.text));
    let error = match outcome {
        Err(error) if !is_granted(&error) => error,
        _ => return Ok(Outcome::passed(transport.masked(&granted(&login))).with(facts)),
    };
    if error.is_during_login() {
        return Ok(no_token(context, bearer, &error, login.identity).await);
    }
    let outcome = match (error.kind(), &login.token) {
        (Kind::Unauthenticated, _) => no_credentials(&error),
        (Kind::Denied(_), Some(token)) => refused_token(context, request, &error, token, login.identity),
        (Kind::Denied(_), None) => match login.identity {
            Some(identity) => wrong_credentials(context, &error, identity),
            None => missing_permission(context, request, &error, None),
        },
        _ => classify::outcome(&error, &context.base),
    };
    Ok(outcome.with(facts))
}

fn name(identity: &Identity) -> String {
    identity.username.clone().unwrap_or_else(|| "the bearer of a token".to_owned())
}

fn access_of(identity: Option<&Identity>) -> String {
    identity.map_or_else(|| "anonymous access".to_owned(), |identity| format!("access granted to {}", name(identity)))
}

/// What the token grants, in short.
fn granted(login: &AuthOutcome) -> String {
    let who = login.identity.as_ref().map_or_else(|| "anonymous".to_owned(), name);
    match login.token.as_deref() {
        None => format!("not required: {}", access_of(login.identity.as_ref())),
        Some(token) => match token.granted() {
            None => format!("{who}; the token does not name its scopes"),
            Some(scopes) if scopes.is_empty() => format!("{who}, no permissions granted"),
            Some(scopes) => format!("{who}, {} (signature not checked)", listed(&scopes)),
        },
    }
}

fn listed(scopes: &[Scope]) -> String {
    scopes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn facts(requested: &Scopes, token: Option<&Token>) -> Vec<Fact> {
    let mut facts = Vec::new();
    if !requested.is_empty() {
        facts.push(Fact::new(0, format!("requested {requested}")));
    }
    let Some(token) = token else { return facts };
    match token.claims() {
        None => facts.push(Fact::new(0, "opaque token (not a JSON Web Token)")),
        Some(claims) => {
            let scopes = match claims.granted.as_deref() {
                None => "unknown scopes".to_owned(),
                Some([]) => "nothing".to_owned(),
                Some(scopes) => listed(scopes),
            };
            let subject = claims.subject.map(|subject| format!(" to {subject}")).unwrap_or_default();
            let end = claims.expires.map(|end| format!(" until {end}")).unwrap_or_default();
            facts.push(Fact::new(0, format!("granted {scopes}{subject}{end} (signature not checked)")));
        }
    }
    facts
}

fn no_credentials(error: &Error) -> Outcome {
    let cause = format!("not logged in; this registry requires login: {}", classify::first_cause(error));
    let finding = Finding { problem: Problem::NoCredentials, cause, kind: error.kind().clone() };
    Outcome::failed("login required", finding)
}

fn wrong_credentials(context: &Context, error: &Error, identity: Identity) -> Outcome {
    let by = match error.kind() {
        Kind::Denied(denial) => match &denial.by {
            Refuser::TokenServer(place) => format!("token server {place}"),
            Refuser::OtherServer(place) => place.clone(),
            Refuser::Registry => context.setup.registry.to_string(),
        },
        _ => context.setup.registry.to_string(),
    };
    let oddity = match error.kind() {
        Kind::Denied(denial) => denial.oddity.as_ref().map(|oddity| format!("; {oddity}")).unwrap_or_default(),
        _ => String::new(),
    };
    let cause = format!("{by} rejected the credentials of {identity}: {}{oddity}", classify::first_cause(error));
    let finding = Finding { problem: Problem::WrongCredentials { identity }, cause, kind: error.kind().clone() };
    Outcome::failed("credentials rejected", finding)
}

fn missing_permission(context: &Context, request: &Request, error: &Error, identity: Option<Identity>) -> Outcome {
    let permission = request.context.permission.clone();
    let finding = classify::finding(error, &context.base);
    Outcome::failed(error.what(), Finding { problem: Problem::MissingPermission { permission, identity }, ..finding })
}

/// A token that was issued and refused.
fn refused_token(
    context: &Context,
    request: &Request,
    error: &Error,
    token: &Token,
    identity: Option<Identity>,
) -> Outcome {
    let now = Timestamp::now();
    if let Some(ended) = token.expires().filter(|ended| *ended <= now) {
        let cause = format!(
            "the token expired at {ended}, and this machine's clock says {}: a clock is wrong, here or on the token server",
            now.strftime("%Y-%m-%dT%H:%M:%SZ")
        );
        let finding = Finding { problem: Problem::Clock, cause, kind: error.kind().clone() };
        return Outcome::failed("the token has already expired on arrival", finding);
    }
    let permission = request.context.permission.as_ref();
    let grants =
        |scopes: Vec<Scope>| permission.is_none_or(|permission| scopes.iter().any(|scope| scope.allows(permission)));
    if token.granted().is_none_or(|scopes| !grants(scopes)) {
        return missing_permission(context, request, error, identity);
    }
    let cause = format!(
        "the token grants the required scope, and the registry refuses it: it does not trust the token server's key or \
         issuer, or their clocks differ ({})",
        classify::first_cause(error)
    );
    let finding = Finding { problem: Problem::RefusedToken, cause, kind: error.kind().clone() };
    Outcome::failed("token rejected", finding)
}

/// No token was issued.
async fn no_token(context: &Context, bearer: &BearerChallenge, error: &Error, identity: Option<Identity>) -> Outcome {
    match (error.kind(), identity) {
        (Kind::Unauthenticated, _) | (Kind::Denied(_), None) => return no_credentials(error),
        (Kind::Denied(_), Some(identity)) => return wrong_credentials(context, error, identity),
        (Kind::RateLimited | Kind::UnusableChallenge, _) => return classify::outcome(error, &context.base),
        _ => {}
    }
    let Ok(server) = token_server(&context.base, None, &bearer.realm) else {
        return classify::outcome(error, &context.base);
    };
    let host = server.host_str().unwrap_or_default();
    // Without a port it is that of https.
    let port = server.port().or((server.scheme() == "http").then_some(80));
    let place = port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let mut finding = classify::finding(error, &server);
    let mut facts = Vec::new();
    if matches!(error.kind(), Kind::Tls(_))
        && let Some(seen) = tls::inspect(context, &server).await
    {
        facts = seen.facts;
        finding = seen.finding.unwrap_or(finding);
    }
    let problem = match finding.problem {
        Problem::Other => Problem::ServerError,
        problem => problem,
    };
    let cause = format!("token server {place}: {}", finding.cause);
    let problem = Problem::TokenServer { place, problem: Box::new(problem) };
    let finding = Finding { problem, cause, ..finding };
    Outcome::failed(error.what(), finding).with(facts)
}
