//! Checks the TLS handshake: what the server presents, and why it is trusted or not.

mod chain;
mod refused;

use std::path::Path;

use http::Method;
use url::Url;

use self::chain::TrustedBy;
use self::refused::Refused;
use super::check::{Fact, Finding, Outcome};
use super::classify::{self, tls_problem};
use super::context::Context;
use super::problem::Problem;
use crate::error::{Error, Kind, Result, Tls};
use crate::http::{Proxy, connect};
use crate::name::Registry;
use crate::registry::{Client, Endpoint};
use crate::trust::{PresentedChain, Provides, Rejection, Source, Trust};

/// Makes a TLS handshake and evaluates what the server presents.
pub(super) async fn check(context: &mut Context) -> Result<Outcome> {
    let trust = match &context.setup.trust {
        Ok(trust) => trust.for_registry(&context.setup.registry),
        Err(error) => return Ok(classify::outcome(error, &context.base).untimed()),
    };
    if context.setup.registry.is_plain_http() {
        return Ok(Outcome::skipped("plain HTTP was requested"));
    }
    let (host, port) = context.place();
    let presented = present(context, &trust, &context.base).await;
    let sources = trust.sources(&host, port);
    match presented {
        Ok(presented) => {
            let outcome = through(context.proxy.as_ref(), evaluate(&presented, &sources, &host));
            context.presented = Some(presented.chain);
            Ok(outcome)
        }
        Err(error) => Ok(no_certificate(context, &error, &sources).await),
    }
}

/// Adds to an unknown issuer that it may be the proxy's: proxies of companies and virus scanners intercept TLS.
fn through(proxy: Option<&Proxy>, mut outcome: Outcome) -> Outcome {
    if let (Some(proxy), Some(finding)) = (proxy, &mut outcome.finding) {
        let issued = match &finding.problem {
            Problem::UnknownIssuer { issuer, .. } | Problem::ChainNotSent { issuer } => {
                format!("issued by \"{issuer}\", which is not trusted here")
            }
            Problem::SelfSigned => finding.cause.clone(),
            _ => return outcome,
        };
        let proxy = proxy.route();
        finding.cause = format!("{issued}: the proxy {proxy} may intercept TLS and present a certificate of its own");
        finding.problem = Problem::Interception { proxy: proxy.url };
    }
    outcome
}

/// What a server presents, over the same kind of connection as a request would use.
async fn present(context: &Context, trust: &Trust, url: &Url) -> Result<PresentedChain> {
    let options = &context.setup.options;
    let connection = connect(url, options, trust).await?;
    let port = url.port_or_known_default().unwrap_or_default();
    trust.presented(connection, url.host_str().unwrap_or_default(), port, options.connect_timeout).await
}

/// What another server presents, such as a token server, and what is wrong with it. `None` when it presents nothing.
pub(super) async fn inspect(context: &Context, url: &Url) -> Option<Outcome> {
    let trust = context.setup.trust.as_ref().ok()?.for_registry(&context.setup.registry);
    let presented = present(context, &trust, url).await.ok()?;
    let (host, port) = (url.host_str()?, url.port_or_known_default()?);
    Some(evaluate(&presented, &trust.sources(host, port), host))
}

/// The outcome for a server that sent its certificates.
fn evaluate(presented: &PresentedChain, sources: &[Source], host: &str) -> Outcome {
    let chain: Vec<_> = presented.chain.iter().filter_map(|sent| sent.certificate.clone()).collect();
    let refused = |rejection| Refused {
        rejection,
        chain: &chain,
        sources,
        host,
        request: presented.client_certificate.as_ref(),
        was_trusted: presented.trust.is_ok(),
    };
    let rejection = presented.trust.as_ref().err().or(presented.agreed.as_ref().err());
    let trusted_by = match &presented.trust {
        Ok(trust_source) => TrustedBy::Source(trust_source),
        Err(rejection) if matches!(rejection.fault, Tls::UnknownIssuer { .. }) => TrustedBy::UnknownIssuer,
        Err(_) => TrustedBy::Refused,
    };
    let agreed = presented.agreed.iter();
    let mut facts: Vec<_> =
        agreed.map(|agreed| Fact::new(0, format!("{}, {}", agreed.version, agreed.cipher_suite))).collect();
    facts.extend(chain::facts(&presented.chain, sources, &trusted_by));
    facts.extend(sources.iter().filter_map(remark));
    match (rejection, &presented.agreed) {
        (Some(rejection), _) => {
            let mut finding = refused(rejection).finding();
            if let Some(next) = after_trust(presented, rejection, host) {
                finding.cause += &format!("; trusting the CA would not be enough: {}", refused(&next).finding().cause);
            }
            let outcome = Outcome::failed(words(&rejection.fault), finding);
            let ignored_skip_verify =
                Source::ignored_skip_verify(sources).filter(|_| rejection.fault.is_of_certificate());
            outcome.with_ignored_skip_verify(ignored_skip_verify.map(Path::to_owned))
        }
        (None, Ok(agreed)) => {
            let end = chain.first().map(|leaf| format!(", until {}", leaf.not_after.strftime("%Y-%m-%d")));
            let detail = format!("{}, {trusted_by}{}", agreed.version, end.unwrap_or_default());
            Outcome::passed(detail).with_finding(refused::pinned(&chain, &trusted_by))
        }
        // Unreachable: an error of `agreed` is a rejection, which is handled above.
        (None, Err(rejection)) => Outcome::failed(words(&rejection.fault), refused(rejection).finding()),
    }
    .with(facts)
}

/// What else is wrong with a certificate of an unknown authority, and would show once that is trusted.
fn after_trust(presented: &PresentedChain, rejection: &Rejection, host: &str) -> Option<Rejection> {
    let (anchor, _) = matches!(rejection.fault, Tls::UnknownIssuer { .. }).then(|| presented.anchor())??;
    let next = presented.is_trusted_by(&[anchor], host).err()?;
    (!matches!(next.fault, Tls::UnknownIssuer { .. })).then_some(next)
}

/// A note on a file, whether or not the server is trusted.
fn remark(source: &Source) -> Option<Fact> {
    let path = source.path.display();
    match &source.provides {
        Provides::Authorities(_) => None,
        Provides::ClientIdentity { certificate, .. } => {
            Some(Fact::new(0, format!("client certificate {} ({path})", certificate.subject.text)))
        }
        Provides::Insecure => {
            Some(Fact::new(0, format!("{path} asks to skip certificate verification, which is ignored")))
        }
        Provides::Nothing(why) => Some(Fact::new(0, format!("{path} is not used: {why}"))),
        // The check fails with it.
        Provides::Broken { .. } => None,
    }
}

/// The outcome where the handshake failed before the server sent its certificate.
async fn no_certificate(context: &Context, error: &Error, sources: &[Source]) -> Outcome {
    let kind = error.kind().clone();
    let finding = |problem, cause| Finding { problem, cause, kind: kind.clone() };
    let broken = sources.iter().find_map(|source| match source.provides {
        Provides::Broken { is_authority, .. } => Some((source.path.clone(), is_authority)),
        _ => None,
    });
    let outcome = match (&kind, broken) {
        (Kind::Config, Some((path, is_authority))) => {
            let cause = if is_authority {
                format!("{} is a CA certificate; files named .cert are client certificates", path.display())
            } else {
                classify::cause(error)
            };
            Outcome::failed(error.what(), finding(Problem::ClientCertificateFile { path, is_authority }, cause))
        }
        (Kind::Tls(Tls::PlainHttp), _) if speaks_http(context).await => {
            let cause = "got a plain HTTP response";
            Outcome::failed("plain HTTP on this port", finding(Problem::SpeaksHttp, cause.to_owned()))
        }
        (Kind::Tls(Tls::PlainHttp), _) => {
            let cause = "the port speaks neither TLS nor HTTP: another service listens there";
            Outcome::failed("neither TLS nor HTTP", finding(Problem::SpeaksNeither, cause.to_owned()))
        }
        (Kind::Tls(fault), _) => Outcome::failed(words(fault), finding(tls_problem(fault), classify::cause(error))),
        _ => classify::outcome(error, &context.base),
    };
    outcome.with(sources.iter().filter_map(remark))
}

/// Whether the registry's port answers in plain HTTP. Nothing secret is sent.
async fn speaks_http(context: &Context) -> bool {
    let (host, port) = context.place();
    let Ok(registry) = format!("http://{host}:{port}").parse::<Registry>() else { return false };
    let client = Client::builder(registry).options(context.setup.options.clone()).build();
    let Ok(client) = client else { return false };
    let request = client.request(Method::GET, Endpoint::Base);
    match client.transport().send_unauthenticated(&request).await {
        Ok(_) => true,
        // It answered, although with an error.
        Err(error) => !matches!(error.kind(), Kind::Network(_) | Kind::TimedOut | Kind::Protocol(_)),
    }
}

/// Whether a port that was meant to speak plain HTTP speaks TLS.
pub(super) async fn speaks_tls(context: &Context) -> bool {
    let (host, port) = context.place();
    let Ok(trust) = &context.setup.trust else { return false };
    let Ok(url) = Url::parse(&format!("https://{host}:{port}/")) else { return false };
    match present(context, &trust.for_registry(&context.setup.registry), &url).await {
        Ok(_) => true,
        Err(error) => matches!(error.kind(), Kind::Tls(Tls::Version | Tls::ClientCertificate { .. })),
    }
}

/// The fault in a few words.
fn words(fault: &Tls) -> &'static str {
    match fault {
        Tls::UnknownIssuer { self_signed: true, .. } => "self-signed and not trusted",
        Tls::UnknownIssuer { .. } => "unknown authority (x509)",
        Tls::Expired { .. } => "expired",
        Tls::NotYetValid { .. } => "not yet valid",
        Tls::WrongName { .. } => "wrong name",
        Tls::BadCertificate => "unusable certificate",
        Tls::PlainHttp => "no TLS on this port",
        Tls::ClientCertificate { offered: false } => "client certificate required",
        Tls::ClientCertificate { offered: true } => "client certificate refused",
        Tls::Version => "no TLS version in common",
        Tls::Downgrade { .. } => "redirected to plain HTTP",
        Tls::Handshake => "handshake failed",
    }
}
