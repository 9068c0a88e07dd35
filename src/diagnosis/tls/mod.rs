//! The TLS handshake: what the server presents, who vouches for it, or what is wrong.

mod blame;
mod chain;

use std::path::Path;

use reqwest::Method;
use url::Url;

use self::blame::Refused;
use self::chain::Vouched;
use super::check::{Fact, Finding};
use super::examination::Examination;
use super::problem::{Part, Problem};
use super::verdict::Verdict;
use crate::error::{Error, Kind, Result, Tls};
use crate::http::dial;
use crate::name::Registry;
use crate::registry::{Client, Endpoint};
use crate::trust::{Gives, Presented, Source, Trust};

pub(super) async fn check(examination: &mut Examination) -> Result<Verdict> {
    let trust = match &examination.plan.trust {
        Ok(trust) => trust.for_registry(&examination.plan.registry),
        Err(error) => return Ok(super::blame::verdict(error, &examination.base).in_no_time()),
    };
    if examination.plan.registry.is_plain_http() {
        return Ok(Verdict::skipped("plain HTTP was asked for"));
    }
    let (host, port) = examination.place();
    let presented = present(examination, &trust, &examination.base).await;
    let sources = trust.sources(&host, port);
    match presented {
        Ok(presented) => Ok(judge(&presented, &sources, &host)),
        Err(error) => Ok(no_certificate(examination, &error, &sources).await),
    }
}

/// What a server presents, over a connection as a request would make it.
async fn present(examination: &Examination, trust: &Trust, url: &Url) -> Result<Presented> {
    let options = &examination.plan.options;
    let connection = dial(url, options, trust.general_config()?).await?;
    let port = url.port_or_known_default().unwrap_or_default();
    trust.presented(connection, url.host_str().unwrap_or_default(), port, options.connect_timeout).await
}

/// What another server presents, such as a token server, and what is wrong with it. `None` when there is nothing to be seen.
pub(super) async fn look_at(examination: &Examination, url: &Url) -> Option<Verdict> {
    let trust = examination.plan.trust.as_ref().ok()?.for_registry(&examination.plan.registry);
    let presented = present(examination, &trust, url).await.ok()?;
    let (host, port) = (url.host_str()?, url.port_or_known_default()?);
    Some(judge(&presented, &trust.sources(host, port), host))
}

/// The verdict on a server that showed its certificates.
fn judge(presented: &Presented, sources: &[Source], host: &str) -> Verdict {
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
    let vouched = match &presented.trust {
        Ok(voucher) => Vouched::By(voucher),
        Err(rejection) if matches!(rejection.fault, Tls::UnknownIssuer { .. }) => Vouched::ByNobody,
        Err(_) => Vouched::InVain,
    };
    let agreed = presented.agreed.iter();
    let mut facts: Vec<_> =
        agreed.map(|agreed| Fact::new(0, format!("{}, {}", agreed.version, agreed.cipher_suite))).collect();
    facts.extend(chain::facts(&presented.chain, sources, &vouched));
    facts.extend(sources.iter().filter_map(remark));
    match (rejection, &presented.agreed) {
        (Some(rejection), _) => {
            let verdict = Verdict::failed(words(&rejection.fault), refused(rejection).finding());
            let unobeyed = Source::unobeyed(sources).filter(|_| rejection.fault.is_of_certificate());
            verdict.in_spite_of(unobeyed.map(Path::to_owned))
        }
        (None, Ok(agreed)) => {
            let end = chain.first().map(|leaf| format!(", until {}", leaf.not_after.strftime("%Y-%m-%d")));
            let detail = format!("{}, {vouched}{}", agreed.version, end.unwrap_or_default());
            Verdict::passed(detail).but(blame::pinned(&chain, &vouched))
        }
        // An error is a rejection, which has been looked at.
        (None, Err(rejection)) => Verdict::failed(words(&rejection.fault), refused(rejection).finding()),
    }
    .with(facts)
}

/// What there is to say about a file, whether or not the server is trusted.
fn remark(source: &Source) -> Option<Fact> {
    let path = source.path.display();
    match &source.gives {
        Gives::Authorities(_) => None,
        Gives::ClientIdentity { certificate, .. } => {
            Some(Fact::new(0, format!("client certificate {} ({path})", certificate.subject.text)))
        }
        Gives::Insecure => {
            Some(Fact::new(0, format!("{path} asks not to verify the server's certificate, which is not obeyed")))
        }
        Gives::Nothing(why) => Some(Fact::new(0, format!("{path} is not used: {why}"))),
        // It is what the check fails with.
        Gives::Broken { .. } => None,
    }
}

/// The verdict where the handshake did not come as far as the server's certificate.
async fn no_certificate(examination: &Examination, error: &Error, sources: &[Source]) -> Verdict {
    let kind = error.kind().clone();
    let finding = |problem, cause| Finding { problem, cause, kind: kind.clone() };
    let broken = sources.iter().find_map(|source| match source.gives {
        Gives::Broken { is_authority, .. } => Some((source.path.clone(), is_authority)),
        _ => None,
    });
    let verdict = match (&kind, broken) {
        (Kind::Config, Some((path, is_authority))) => {
            let cause = if is_authority {
                format!(
                    "{} is the certificate of a CA; a name that ends in .cert means a client certificate",
                    path.display()
                )
            } else {
                super::blame::cause(error)
            };
            Verdict::failed(error.what(), finding(Problem::ClientCertificateFile { path, is_authority }, cause))
        }
        (Kind::Tls(Tls::PlainHttp), _) if speaks_http(examination).await => {
            let cause = "the port answers in plain HTTP, and not to TLS";
            Verdict::failed("plain HTTP on this port", finding(Problem::SpeaksHttp, cause.to_owned()))
        }
        (Kind::Tls(Tls::PlainHttp), _) => {
            let cause = "the port answers neither in TLS nor in HTTP: it belongs to something else";
            Verdict::failed("neither TLS nor HTTP", finding(Problem::SpeaksNeither, cause.to_owned()))
        }
        (Kind::Tls(fault), _) => Verdict::failed(words(fault), finding(problem(fault), super::blame::cause(error))),
        _ => super::blame::verdict(error, &examination.base),
    };
    verdict.with(sources.iter().filter_map(remark))
}

/// Whether the port of the registry answers in plain HTTP. Nothing secret is sent to find out.
async fn speaks_http(examination: &Examination) -> bool {
    let (host, port) = examination.place();
    let Ok(registry) = format!("http://{host}:{port}").parse::<Registry>() else { return false };
    let client = Client::builder(registry).options(examination.plan.options.clone()).build();
    let Ok(client) = client else { return false };
    let request = client.request(Method::GET, Endpoint::Base);
    match client.transport().look(&request).await {
        Ok(_) => true,
        // It answered, if with something that is not followed.
        Err(error) => !matches!(error.kind(), Kind::Network(_) | Kind::TimedOut | Kind::Protocol(_)),
    }
}

/// Whether a port that is to speak plain HTTP speaks TLS.
pub(super) async fn speaks_tls(examination: &Examination) -> bool {
    let (host, port) = examination.place();
    let Ok(trust) = &examination.plan.trust else { return false };
    let Ok(url) = Url::parse(&format!("https://{host}:{port}/")) else { return false };
    match present(examination, &trust.for_registry(&examination.plan.registry), &url).await {
        Ok(_) => true,
        Err(error) => matches!(error.kind(), Kind::Tls(Tls::Version | Tls::ClientCertificate { .. })),
    }
}

/// What went wrong in a few words.
pub(super) fn words(fault: &Tls) -> &'static str {
    match fault {
        Tls::UnknownIssuer { self_signed: true, .. } => "self-signed and not known here",
        Tls::UnknownIssuer { .. } => "unknown issuer",
        Tls::Expired { .. } => "expired",
        Tls::NotYetValid { .. } => "not yet valid",
        Tls::WrongName { .. } => "wrong name",
        Tls::BadCertificate => "unusable certificate",
        Tls::PlainHttp => "no TLS on this port",
        Tls::ClientCertificate { offered: false } => "client certificate wanted",
        Tls::ClientCertificate { offered: true } => "client certificate refused",
        Tls::Version => "no TLS version in common",
        Tls::Downgrade { .. } => "redirected to plain HTTP",
        Tls::Handshake => "the handshake failed",
    }
}

/// What a fault means where no more is known than it says.
pub(super) fn problem(fault: &Tls) -> Problem {
    match fault {
        Tls::UnknownIssuer { self_signed: true, .. } => Problem::SelfSigned,
        Tls::UnknownIssuer { issuer, leaf_only, .. } => {
            Problem::UnknownIssuer { issuer: issuer.clone(), is_alone: *leaf_only }
        }
        Tls::Expired { .. } => Problem::Expired { part: Part::Server },
        Tls::NotYetValid { .. } => Problem::NotYetValid,
        Tls::WrongName { names } if names.is_empty() => Problem::OnlyCommonName,
        Tls::WrongName { names } => Problem::WrongName { names: names.clone() },
        Tls::BadCertificate => Problem::UnusableCertificate,
        Tls::PlainHttp => Problem::SpeaksHttp,
        Tls::ClientCertificate { offered: false } => Problem::ClientCertificateWanted { authorities: Vec::new() },
        Tls::ClientCertificate { offered: true } => {
            Problem::ClientCertificateRefused { authorities: Vec::new(), path: None }
        }
        Tls::Version => Problem::OldTls,
        Tls::Downgrade { .. } => Problem::ForgottenScheme,
        Tls::Handshake => Problem::Handshake,
    }
}
