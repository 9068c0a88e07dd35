//! What the registry wants to know from a stranger, and whether it may be told.

use reqwest::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use url::Url;

use super::check::{Fact, Finding};
use super::classify;
use super::context::Context;
use super::outcome::Outcome;
use super::problem::Problem;
use crate::auth::{BearerChallenge, Challenge, challenges, preferred, token_server};
use crate::error::{Error, Result};

/// A reply to a stranger.
struct Reply {
    status: u16,
    headers: HeaderMap,
    url: Url,
    peer: Option<std::net::IpAddr>,
}

pub(super) async fn check(context: &mut Context) -> Result<Outcome> {
    let is_asked_anew = context.repository().is_some();
    let reply = reply(context).await?;
    let timed = |outcome: Outcome| if is_asked_anew { outcome } else { outcome.untimed() };
    if reply.status != 401 {
        return Ok(timed(Outcome::passed("none: open to everybody")));
    }
    let lines: Vec<_> = reply.headers.get_all(WWW_AUTHENTICATE).iter().map(HeaderValue::as_bytes).collect();
    let challenge = match preferred(challenges(lines)) {
        Ok(challenge) => challenge,
        Err(error) => {
            let finding = Finding { problem: Problem::UnknownScheme, ..classify::finding(&error, &context.base) };
            return Ok(timed(Outcome::failed("it cannot be answered", finding)));
        }
    };
    let outcome = match &challenge {
        Challenge::Bearer(bearer) => match token_server(&reply.url, reply.peer, &bearer.realm) {
            Ok(server) => Outcome::passed(format!("Bearer, from {}", shown(&server))).with(asked_for(bearer)),
            Err(error) => refused(context, bearer, &error).with(asked_for(bearer)),
        },
        Challenge::Basic { realm } => Outcome::passed(format!("Basic, realm {realm:?}")),
        Challenge::Other { .. } | Challenge::Malformed(_) => Outcome::passed("none that is known"),
    };
    context.challenge = Some(challenge);
    Ok(timed(outcome))
}

/// What a stranger is told about the repository or, without one, was told by `/v2/`.
async fn reply(context: &Context) -> Result<Reply> {
    if let (None, Some(look)) = (context.repository(), &context.look) {
        let (headers, url) = (look.headers.clone(), look.url.clone());
        return Ok(Reply { status: look.status, headers, url, peer: look.peer });
    }
    let transport = context.client()?.transport();
    let response = transport.send_unauthenticated(&context.first_request()?).await?;
    let (headers, url) = (response.headers().clone(), response.url().clone());
    Ok(Reply { status: response.status(), headers, url, peer: response.peer() })
}

/// The token server's address without what may be secret in it.
fn shown(server: &Url) -> String {
    format!("{}{}", server.origin().ascii_serialization(), server.path())
}

fn asked_for(bearer: &BearerChallenge) -> Vec<Fact> {
    let parameters =
        [("realm", Some(&bearer.realm)), ("service", bearer.service.as_ref()), ("scope", bearer.scope.as_ref())];
    parameters.into_iter().filter_map(|(name, value)| Some(Fact::new(0, format!("{name} {}", value?)))).collect()
}

/// A token server to which nothing is sent.
fn refused(context: &Context, bearer: &BearerChallenge, error: &Error) -> Outcome {
    let finding = classify::finding(error, &context.base);
    let realm = Url::parse(&bearer.realm).ok();
    let Some(realm) = realm.filter(|realm| realm.scheme() == "http" && context.base.scheme() == "https") else {
        return Outcome::failed("its token server is refused", finding);
    };
    if realm.host_str() == context.base.host_str() {
        let cause = format!(
            "it names {} as its token server: a proxy in front of it ends TLS and does not tell it that it is reached by https \
             (X-Forwarded-Proto)",
            shown(&realm)
        );
        return Outcome::failed(
            "its token server is named by http",
            Finding { problem: Problem::ForgottenScheme, cause, ..finding },
        );
    }
    let cause = format!("it names {} as its token server: credentials are not sent in the clear", shown(&realm));
    Outcome::failed("its token server is named by http", Finding { problem: Problem::PlainRealm, cause, ..finding })
}
