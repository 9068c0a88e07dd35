//! The proxy settings: whether requests go through one, and why.

use super::check::Finding;
use super::examination::Examination;
use super::problem::Problem;
use super::verdict::Verdict;
use crate::error::Kind;
use url::Url;

use crate::http::{has_proxy_but_for_exceptions, proxy_for, proxy_variable};

pub(super) fn check(examination: &mut Examination) -> Verdict {
    let host = examination.base.host_str().unwrap_or_default();
    let variable = proxy_variable(&examination.base);
    let proxy = proxy_for(&examination.base);
    let verdict = match (&proxy, variable) {
        (Some(proxy), Some(variable)) => Verdict::passed(format!("{proxy} ({variable})")),
        (Some(proxy), None) => Verdict::passed(proxy),
        (None, None) => Verdict::passed(format!("none for {host}")),
        (None, Some(variable)) if has_proxy_but_for_exceptions(&examination.base) => {
            Verdict::passed(format!("none for {host}: {variable} is set, and NO_PROXY names it"))
        }
        (None, Some(variable)) => {
            let cause = format!("{variable} is set, and what it holds is not the address of a proxy: it is ignored");
            let problem = Problem::ProxySetting { variable };
            Verdict::failed(format!("{variable} cannot be used"), Finding { problem, cause, kind: Kind::Config })
                .not_in_the_way()
        }
    };
    examination.proxy = proxy.and_then(|proxy| Url::parse(&proxy).ok());
    verdict.in_no_time()
}
