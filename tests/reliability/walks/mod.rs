//! Random walks through lists that fail on the way: the result is the whole list or an error, never a part of
//! it that looks whole.
//!
//! A walk has a number, by which it is the same every time. What cannot be known is left out: a registry that forgets
//! the rest of its list and says nothing has a shorter list.

mod plan;
mod registry;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::TryStreamExt as _;
use registry_ls::http::Options;
use registry_ls::keychain::Keychain;
use registry_ls::registry::{CatalogOptions, Client};
use registry_ls::{Error, Kind};

use crate::scale;
use plan::{Login, Plan, Style};
use registry::{Registry, Verdict};
use test_support::{Rls, Server};

/// What came out of a walk.
struct Outcome {
    names: Vec<String>,
    error: Option<Error>,
}

#[test]
fn a_list_is_complete_or_an_error() {
    let counts = many(scale::of("WALKS", 1_500), |number| {
        let plan = Plan::draw(number, false);
        let registry = Arc::new(Mutex::new(Registry::new(plan.clone())));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let outcome = runtime.block_on(walk(&plan, &registry));
        let registry = registry.lock().expect("no panic");
        let is_error = outcome.error.is_some();
        compare_walk(&plan, &registry, &outcome.names, is_error, outcome.error.as_ref());
        is_error
    });
    scale::say(&counts);
}

async fn walk(plan: &Plan, registry: &Arc<Mutex<Registry>>) -> Outcome {
    let script = Arc::clone(registry);
    let server = Server::start(move |request| script.lock().expect("no panic").answer(request));
    let keychain = match plan.login {
        Login::None => Keychain::anonymous(),
        Login::Basic | Login::Bearer => Keychain::explicit("ann", "secret", "the test"),
    };
    let options = Options { first_wait: Duration::from_micros(1), ..Options::default() };
    let address = server.url().parse().expect("a registry");
    let client = Client::builder(address).credentials(keychain).options(options).build().expect("a client");
    let mut names = Vec::new();
    let options = CatalogOptions::default().with_page_size(plan.page_size);
    let walked = client.catalog(&options).try_for_each(|name| {
        names.push(name.to_string());
        std::future::ready(Ok(()))
    });
    let error = walked.await.err();
    Outcome { names, error }
}

/// Compares the result with the replies.
#[track_caller]
fn compare_walk(plan: &Plan, registry: &Registry, names: &[String], is_error: bool, error: Option<&Error>) {
    let say = |what: &str| {
        panic!("walk {}: {what}\n{names:?}\n{error:?}\n{}\n{plan:?}", plan.number, registry.log.join("\n"));
    };
    match registry.verdict() {
        Verdict::Whole if is_error => say("an error although everything passes"),
        Verdict::Error if !is_error => say("no error"),
        _ if !is_error && names != plan.names => say("not the list"),
        // The names before the error are the beginning of the list.
        _ if !plan.names.starts_with(names) => say("not the beginning of the list"),
        _ => {}
    }
    if let Some(error) = error {
        let is_incomplete = matches!(error.kind(), Kind::Incomplete | Kind::ForeignPage { .. });
        if !names.is_empty() && !is_incomplete {
            say("a partial list has an error of another kind");
        }
    }
}

/// Runs this many walks on all processors; returns how many ended in an error.
fn many(count: u64, walk: impl Fn(u64) -> bool + Sync) -> String {
    let (next, errors) = (AtomicU64::new(0), AtomicU64::new(0));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        break;
                    }
                    errors.fetch_add(walk(number).into(), Ordering::Relaxed);
                }
            });
        }
    });
    let errors = errors.into_inner();
    // Were there none of one sort, the walks would show nothing.
    assert!(errors > count / 20 && errors < count / 2, "{errors} errors in {count} walks");
    format!("{count} walks, {errors} of them to an error")
}

/// The program says by its exit code which it is.
#[test]
fn the_program_exits_with_6_after_a_partial_list() {
    let counts = many(scale::of("PROGRAM_WALKS", 120), |number| {
        let mut plan = Plan::draw(number + 1_000_000, true);
        // The program asks for 1000, and a page that is not as long is a last one.
        if plan.style == Style::Silent {
            plan.style = Style::Whole;
        }
        let registry = Arc::new(Mutex::new(Registry::new(plan.clone())));
        let script = Arc::clone(&registry);
        let server = Server::start(move |request| script.lock().expect("no panic").answer(request));
        let mut rls = Rls::new().words("repos -q").env("RLS_REGISTRY", server.url());
        if plan.login != Login::None {
            rls = rls.user("ann", "secret");
        }
        let outcome = rls.run();
        let names: Vec<_> = outcome.stdout.lines().map(str::to_owned).collect();
        let registry = registry.lock().expect("no panic");
        let is_error = outcome.code != Some(0);
        compare_walk(&plan, &registry, &names, is_error, None);
        assert!(!is_error || names.is_empty() || outcome.code == Some(6), "walk {number}: {outcome}");
        assert!(!is_error || outcome.stderr.starts_with("error: "), "walk {number}: {outcome}");
        is_error
    });
    scale::say(&counts);
}
