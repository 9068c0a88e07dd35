//! One run of the program against a fault, and its expected result.

use std::any::Any;
use std::fmt;

use registry_fixture::Tls;
use test_support::tls::ServerCertificate;
use test_support::{Reply, Request, Rls, Server};

use super::Case;
use super::deviations;
use crate::canary;
use crate::canary::Echo as _;
use crate::proxy;
use crate::runner::{Canaries as _, Holder, Outcome, Stdout, Verbosity, program};

/// A case, and in which of its runs it is.
#[derive(Debug)]
pub struct Setup {
    pub case: Case,
    pub holder: Holder,
    pub verbosity: Verbosity,
    /// Whether the way to the registry leads through a proxy.
    pub proxied: bool,
}

impl Setup {
    /// The program at a plain HTTP server, with credentials for it.
    pub fn rls(&self, server: &Server) -> Rls {
        self.at(&server.url(), &server.host())
    }

    /// An address of this machine as the program is given it: a proxy is used for names only.
    pub fn name(&self, address: &str) -> String {
        if self.proxied { address.replace("127.0.0.1", proxy::NAME) } else { address.to_owned() }
    }

    /// A valid certificate for this machine, also under the name that a proxy is used for.
    pub fn certificate(&self) -> ServerCertificate {
        ServerCertificate::for_names(Tls::Issued, &[proxy::NAME])
    }

    /// The program at a registry, with credentials for it.
    pub fn at(&self, registry: &str, host: &str) -> Rls {
        self.asking(registry).holding(self.holder, &self.name(host))
    }

    /// The program at a registry, without credentials for it.
    pub fn asking(&self, registry: &str) -> Rls {
        let rls = program().env("RLS_REGISTRY", self.name(registry));
        if self.proxied { rls.through(&proxy::authority()) } else { rls }
    }

    /// The same with credentials that are exchanged for a token, rather than being one.
    pub fn exchanging(&self, registry: &str, host: &str) -> Rls {
        let holder = if self.holder == Holder::RegistryToken { Holder::AuthField } else { self.holder };
        self.asking(registry).holding(holder, &self.name(host))
    }

    /// A script before which one has to log in, and which says back what it was sent.
    pub fn guarded(
        &self,
        mut script: impl FnMut(&Request) -> Reply + Send + 'static,
    ) -> impl FnMut(&Request) -> Reply + Send + 'static {
        let scheme = self.holder.scheme();
        move |request| match request.authorization() {
            _ if request.is_for_token() => canary::token(canary::TOKEN).echoing(request),
            None => scheme.challenge("/token"),
            Some(_) => script(request).echoing(request),
        }
    }

    /// A number in what the vector expects.
    pub fn expected(&self, name: &str) -> u64 {
        self.case.expect[name].as_u64().unwrap_or_else(|| panic!("{name} is no number"))
    }

    /// `rls tags team/app` at a server with this script behind a login.
    pub fn tags(&self, script: impl FnMut(&Request) -> Reply + Send + 'static) -> Scenario {
        let server = Server::start(self.guarded(script));
        let rls = self.rls(&server).words("tags team/app");
        Scenario::new(rls).saying("HOST:PORT", server.host()).keeping(server)
    }
}

impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { case: Case { id, kind, input, expect }, holder, verbosity, proxied } = self;
        let proxy = if *proxied { ", through a proxy" } else { "" };
        write!(f, "{id} ({kind}) {input} should give {expect}, with {holder:?} and {verbosity:?}{proxy}")
    }
}

/// What else must hold.
type Check = Box<dyn FnOnce(&Outcome)>;

/// A run, and what must come of it.
pub struct Scenario {
    /// Which variant of the case it is.
    pub name: String,
    rls: Rls,
    /// What stands for a word of the vector's.
    says: Vec<(&'static str, String)>,
    /// What of the vector's words is in a hint or a warning.
    hinted: Vec<&'static str>,
    stdout: Stdout,
    meanwhile: Box<dyn FnOnce(u32)>,
    checks: Vec<Check>,
    kept: Vec<Box<dyn Any>>,
}

impl Scenario {
    pub fn new(rls: Rls) -> Self {
        Self {
            name: String::new(),
            rls,
            says: Vec::new(),
            hinted: Vec::new(),
            stdout: Stdout::default(),
            meanwhile: Box::new(|_| {}),
            checks: Vec::new(),
            kept: Vec::new(),
        }
    }

    pub fn named(mut self, name: impl fmt::Display) -> Self {
        self.name = name.to_string();
        self
    }

    /// More of the run.
    pub fn with(mut self, more: impl FnOnce(Rls) -> Rls) -> Self {
        self.rls = more(self.rls);
        self
    }

    pub fn words(self, words: &str) -> Self {
        self.with(|rls| rls.words(words))
    }

    /// What stands for a word of the vector's.
    pub fn saying(mut self, word: &'static str, text: impl Into<String>) -> Self {
        self.says.push((word, text.into()));
        self
    }

    /// What of the vector's words is in a hint or a warning, and so not there with `-q`.
    pub fn hinting(mut self, words: &[&'static str]) -> Self {
        self.hinted.extend(words);
        self
    }

    /// The target of standard output.
    pub fn stdout(self, stdout: Stdout) -> Self {
        Self { stdout, ..self }
    }

    /// What is done while it runs, with the process ID.
    pub fn meanwhile(mut self, meanwhile: impl FnOnce(u32) + 'static) -> Self {
        self.meanwhile = Box::new(meanwhile);
        self
    }

    /// What else must hold.
    pub fn check(mut self, check: impl FnOnce(&Outcome) + 'static) -> Self {
        self.checks.push(Box::new(check));
        self
    }

    /// A server that has to live as long.
    pub fn keeping(mut self, server: impl Any) -> Self {
        self.kept.push(Box::new(server));
        self
    }

    /// Runs it: the exit code and the words that the vector names, no secret, and what else must hold.
    pub fn play(self, setup: &Setup) {
        // One run in five has to make do with 64 MiB of addresses.
        let rls = if setup.verbosity == Verbosity::Requests { self.rls.within(64) } else { self.rls };
        let outcome = rls.telling(setup.verbosity).observe_while(self.stdout, self.meanwhile);
        outcome.is_clean();
        let expected = deviations::expected(&setup.case, &self.name);
        let code = outcome.code.or(outcome.signal.map(|signal| 128 + signal));
        assert_eq!(code, Some(expected.exit), "{outcome}");
        let is_quiet = setup.verbosity == Verbosity::Quiet;
        for words in &expected.says {
            let (with_hints, without) = (outcome.messages(true), outcome.messages(false));
            let text =
                self.says.iter().fold(words.clone(), |text, (word, meant)| text.replace(word, &setup.name(meant)));
            let is_hinted = self.hinted.contains(&words.as_str());
            let is_printed = if is_hinted { with_hints.contains(&text) } else { without.contains(&text) };
            assert_eq!(is_printed, !(is_quiet && is_hinted), "{text:?} in the output: {outcome}");
        }
        if is_quiet {
            assert_eq!(outcome.messages(true), outcome.messages(false), "hints with -q: {outcome}");
        }
        self.checks.into_iter().for_each(|check| check(&outcome));
    }
}
