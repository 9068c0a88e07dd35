//! The proxy settings: whether requests go through one, and why.

use super::check::Finding;
use super::context::Context;
use super::outcome::Outcome;
use super::problem::Problem;
use crate::error::Kind;
use url::Url;

use crate::http::{has_proxy_but_for_exceptions, proxy_for, proxy_variable};

pub(super) fn check(context: &mut Context) -> Outcome {
    let host = context.base.host_str().unwrap_or_default();
    let variable = proxy_variable(&context.base);
    let proxy = proxy_for(&context.base);
    let outcome = match (&proxy, variable) {
        (Some(proxy), Some(variable)) => Outcome::passed(format!("{proxy} ({variable})")),
        (Some(proxy), None) => Outcome::passed(proxy),
        (None, None) => Outcome::passed(format!("none for {host}")),
        (None, Some(variable)) if has_proxy_but_for_exceptions(&context.base) => {
            Outcome::passed(format!("none for {host}: {variable} is set, and NO_PROXY names it"))
        }
        (None, Some(variable)) => {
            let cause = format!("{variable} is set, and what it holds is not the address of a proxy: it is ignored");
            let problem = Problem::ProxySetting { variable };
            Outcome::failed(format!("{variable} cannot be used"), Finding { problem, cause, kind: Kind::Config })
                .without_blocking()
        }
    };
    context.proxy = proxy.and_then(|proxy| Url::parse(&proxy).ok());
    outcome.untimed()
}
