//! `/v2/`: whether it is a registry that answers.

use reqwest::header::{HeaderMap, HeaderName, WWW_AUTHENTICATE};
use reqwest::{Method, Version};
use url::Url;

use super::blame;
use super::check::{Fact, Finding};
use super::examination::Examination;
use super::problem::Problem;
use super::tls;
use super::verdict::Verdict;
use crate::error::{Error, Fault, Kind, Network, Result};
use crate::http::{Request, Response};
use crate::registry::Endpoint;

/// The header by which distribution and its kin say what they are.
const API_VERSION: HeaderName = HeaderName::from_static("docker-distribution-api-version");

/// As much of the body of `/v2/` as is looked at, in bytes.
const START: usize = 4096;

/// What a stranger is told by `/v2/`.
#[derive(Debug)]
pub(super) struct Look {
    pub status: u16,
    pub headers: HeaderMap,
    pub url: Url,
    pub peer: Option<std::net::IpAddr>,
    /// When it came, by this machine's clock.
    pub seen: std::time::SystemTime,
}

pub(super) async fn check(examination: &mut Examination) -> Result<Verdict> {
    let client = examination.client()?;
    let request = client.request(Method::GET, Endpoint::Base);
    match client.transport().look(&request).await {
        Ok(response) => look(examination, response, &request).await,
        Err(error) => Ok(no_reply(examination, &error).await),
    }
}

async fn look(examination: &mut Examination, mut response: Response, request: &Request) -> Result<Verdict> {
    let transport = examination.client()?.transport();
    let look = Look {
        status: response.status(),
        headers: response.headers().clone(),
        url: response.url().clone(),
        peer: transport.peer(&response),
        seen: std::time::SystemTime::now(),
    };
    let api_version = response.header(&API_VERSION).map(str::to_owned);
    let version = response.version();
    let verdict = match look.status {
        200 => {
            let start = response.start(START).await;
            if let Some(error) = response.not_json(&request.subject, &start) {
                return Ok(page(&error, examination));
            }
            let is_json = serde_json::from_slice::<serde_json::Value>(&start).is_ok();
            if api_version.is_none() && !is_json {
                return Ok(not_a_registry(answered(200), Kind::Protocol(Fault::Malformed)));
            }
            answers(version, api_version.as_deref())
        }
        401 if api_version.is_some() || look.headers.contains_key(WWW_AUTHENTICATE) => {
            answers(version, api_version.as_deref())
        }
        _ => match transport.judge(response, &request.subject).await {
            Ok(_) => not_a_registry(answered(look.status), Kind::Protocol(Fault::Status(look.status))),
            Err(error) => refused(&error, examination).await,
        },
    };
    let verdict = if look.url.origin() == examination.base.origin() {
        verdict
    } else {
        verdict.with([Fact::new(0, format!("redirected to {}", look.url.origin().ascii_serialization()))])
    };
    examination.look = Some(look);
    Ok(verdict)
}

fn answers(version: Version, api_version: Option<&str>) -> Verdict {
    let version = match version {
        Version::HTTP_2 => "HTTP/2",
        Version::HTTP_10 => "HTTP/1.0",
        _ => "HTTP/1.1",
    };
    Verdict::passed(format!("a registry ({}), {version}", api_version.unwrap_or("it does not say which")))
}

fn answered(status: u16) -> String {
    format!("/v2/ answers {status}, and not as a registry does")
}

fn not_a_registry(cause: String, kind: Kind) -> Verdict {
    Verdict::failed("not a registry", Finding { problem: Problem::NotARegistry, cause, kind })
}

/// A page for people: something stands where the registry should be, or before it.
fn page(error: &Error, examination: &Examination) -> Verdict {
    Verdict::failed("a page for people", blame::finding(error, &examination.base))
}

/// The verdict on a status that no registry gives here.
async fn refused(error: &Error, examination: &Examination) -> Verdict {
    match error.kind() {
        Kind::NotFound(_) => not_a_registry(format!("/v2/ answers {}", blame::cause(error)), error.kind().clone()),
        Kind::Protocol(Fault::Html) => page(error, examination),
        Kind::Protocol(Fault::TlsPort) => Verdict::failed("TLS on this port", speaks_tls()),
        Kind::Protocol(Fault::Status(400)) if is_plain(examination) && tls::speaks_tls(examination).await => {
            Verdict::failed("TLS on this port", speaks_tls())
        }
        _ => blame::verdict(error, &examination.base),
    }
}

fn speaks_tls() -> Finding {
    let cause = "the port speaks TLS, and plain HTTP was asked for".to_owned();
    Finding { problem: Problem::SpeaksTls, cause, kind: Kind::Protocol(Fault::TlsPort) }
}

/// The verdict where nothing came that is HTTP.
async fn no_reply(examination: &Examination, error: &Error) -> Verdict {
    let is_broken = matches!(error.kind(), Kind::Protocol(Fault::NotHttp) | Kind::Network(Network::Reset));
    if is_broken && is_plain(examination) && tls::speaks_tls(examination).await {
        return Verdict::failed("TLS on this port", speaks_tls());
    }
    match error.kind() {
        Kind::Protocol(Fault::NotHttp) => {
            let cause = "the port answers, and not in HTTP: it belongs to something else".to_owned();
            let kind = error.kind().clone();
            Verdict::failed("not HTTP", Finding { problem: Problem::SpeaksNeither, cause, kind })
        }
        Kind::Tls(_) if blame::finding(error, &examination.base).problem == Problem::ForgottenScheme => {
            Verdict::failed("redirected to plain HTTP", forgotten_scheme(error, examination))
        }
        _ => blame::verdict(error, &examination.base),
    }
}

/// The finding about a registry that names itself by http.
pub(super) fn forgotten_scheme(error: &Error, examination: &Examination) -> Finding {
    let finding = blame::finding(error, &examination.base);
    let cause = format!(
        "{}: a proxy in front of it ends TLS and does not tell it that it is reached by https (X-Forwarded-Proto)",
        finding.cause
    );
    Finding { cause, ..finding }
}

fn is_plain(examination: &Examination) -> bool {
    examination.plan.registry.is_plain_http()
}
