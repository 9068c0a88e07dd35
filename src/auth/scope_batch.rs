//! Selects the permissions to request with one token: those of the next repositories, as many as fit.
//!
//! A token server usually checks a password by bcrypt for every token it issues, so that one token per repository makes
//! a listing slow. A token for very many repositories does not fit into a request: web servers refuse header lines of
//! more than 8 KiB, and some of more than 4.

use std::collections::{HashSet, VecDeque};

use super::scope::Scope;
use super::token::Token;
use crate::name::Repository;

/// The largest token that is requested, and the longest URL of a request for one, in bytes.
const MAX_SIZE: usize = 4096;

/// The size of a token without its scopes, in bytes, as long as none was received: header, subject, times, signature.
/// Many contain certificates.
const LARGE_OVERHEAD: usize = 2400;

/// Repositories that will be read, in their order.
#[derive(Debug, Default)]
pub struct PendingScopes {
    queue: VecDeque<Repository>,
    /// Those in the queue that are still pending.
    waiting: HashSet<Repository>,
}

impl PendingScopes {
    /// Adds repositories after the pending ones.
    pub fn add(&mut self, repositories: impl IntoIterator<Item = Repository>) {
        for repository in repositories {
            if self.waiting.insert(repository.clone()) {
                self.queue.push_back(repository);
            }
        }
    }

    /// Returns repositories that were taken; they come before the others.
    pub fn give_back(&mut self, repositories: impl DoubleEndedIterator<Item = Repository>) {
        for repository in repositories.rev() {
            if self.waiting.insert(repository.clone()) {
                self.queue.push_front(repository);
            }
        }
    }

    /// Removes a repository, for which no token needs to be prefetched. Returns whether it was pending.
    pub fn remove(&mut self, repository: &Repository) -> bool {
        let was_there = self.waiting.remove(repository);
        while self.queue.front().is_some_and(|front| !self.waiting.contains(front)) {
            self.queue.pop_front();
        }
        was_there
    }

    /// Takes `first`, and with it the next pending ones that fit `budget`; nothing when `first` is not pending.
    pub fn take(&mut self, first: &Repository, mut budget: ScopeBudget) -> Vec<Repository> {
        if !self.remove(first) {
            return Vec::new();
        }
        budget.add(first);
        let mut taken = vec![first.clone()];
        while let Some(next) = self.queue.pop_front() {
            if !self.waiting.contains(&next) {
                continue;
            }
            if !budget.add(&next) {
                self.queue.push_front(next);
                break;
            }
            self.waiting.remove(&next);
            taken.push(next);
        }
        taken
    }
}

/// The size of a token server's tokens.
#[derive(Debug, Clone, Copy, Default)]
pub struct TokenSize {
    overhead: Option<usize>,
}

impl TokenSize {
    /// Learns from a token with these scopes.
    pub fn learn(&mut self, token: &Token, granted: &[Scope]) {
        let entries: usize = granted.iter().map(|scope| entry(scope.name())).sum();
        let overhead = token.size().saturating_sub(entries);
        // A larger overhead than known shows that the server writes more for each scope than estimated.
        let known = self.overhead.filter(|_| granted.len() > 1).unwrap_or_default();
        self.overhead = Some(overhead.max(known));
    }

    /// The budget for a request whose URL has `address` bytes without scopes.
    pub fn budget(self, address: usize) -> ScopeBudget {
        let overhead = self.overhead.unwrap_or(LARGE_OVERHEAD);
        ScopeBudget { token: MAX_SIZE.saturating_sub(overhead), address: MAX_SIZE.saturating_sub(address) }
    }

    /// Whether a token is larger than the limit.
    pub fn is_too_large(token: &Token) -> bool {
        token.size() > MAX_SIZE
    }
}

/// The remaining size of a token and of the URL that requests it, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct ScopeBudget {
    token: usize,
    address: usize,
}

impl ScopeBudget {
    /// Reserves space for a repository; `false` when it does not fit.
    fn add(&mut self, repository: &Repository) -> bool {
        let name = repository.as_str();
        let in_address = "&scope=repository%3A%3Apull".len() + name.len() + 2 * name.matches('/').count();
        match (self.token.checked_sub(entry(name)), self.address.checked_sub(in_address)) {
            (Some(token), Some(address)) => {
                *self = Self { token, address };
                true
            }
            _ => false,
        }
    }
}

/// The size of a pull scope in a token: JSON in base64.
fn entry(name: &str) -> usize {
    let json = r#"{"type":"repository","class":"","name":"","actions":["pull"]},"#.len() + name.len();
    json.div_ceil(3) * 4
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(name: &str) -> Repository {
        name.parse().expect(name)
    }

    fn names(taken: &[Repository]) -> Vec<&str> {
        taken.iter().map(Repository::as_str).collect()
    }

    fn token(length: usize) -> Token {
        Token::parse(format!(r#"{{"token":"{}"}}"#, "t".repeat(length)).as_bytes()).expect("a token")
    }

    fn budget_for(count: usize) -> ScopeBudget {
        ScopeBudget { token: count * entry("a"), address: MAX_SIZE }
    }

    #[test]
    fn pending_repositories_are_taken_in_order_and_once() {
        let mut expected = PendingScopes::default();
        expected.add(["a", "b", "c", "d", "b", "e"].map(repository));
        assert_eq!(names(&expected.take(&repository("c"), budget_for(3))), ["c", "a", "b"]);
        assert_eq!(names(&expected.take(&repository("a"), budget_for(3))), [""; 0], "it was taken");
        assert_eq!(names(&expected.take(&repository("x"), budget_for(3))), [""; 0], "it is not pending");
        assert!(expected.remove(&repository("d")));
        assert_eq!(names(&expected.take(&repository("e"), budget_for(3))), ["e"]);
    }

    #[test]
    fn returned_repositories_come_first() {
        let mut expected = PendingScopes::default();
        expected.add(["a", "b", "c", "d"].map(repository));
        expected.take(&repository("a"), budget_for(3));
        expected.give_back(["b", "c"].map(repository).into_iter());
        assert_eq!(names(&expected.take(&repository("d"), budget_for(9))), ["d", "b", "c"]);
    }

    #[test]
    fn one_that_exceeds_the_budget_is_taken_alone() {
        let mut expected = PendingScopes::default();
        expected.add(["a", "b"].map(repository));
        assert_eq!(names(&expected.take(&repository("a"), budget_for(0))), ["a"]);
        assert_eq!(names(&expected.take(&repository("b"), budget_for(9))), ["b"]);
    }

    #[test]
    fn token_and_address_are_bounded_both() {
        let many = || {
            let mut expected = PendingScopes::default();
            expected.add((0..500).map(|number| repository(&format!("group/team/app-{number:03}"))));
            expected
        };
        let first = repository("group/team/app-000");
        for (overhead, address) in [(600, 100), (1200, 100), (3000, 100), (600, 3000)] {
            let taken = many().take(&first, TokenSize { overhead: Some(overhead) }.budget(address));
            let token: usize = overhead + taken.iter().map(|taken| entry(taken.as_str())).sum::<usize>();
            let query: String = taken.iter().fold(String::new(), |query, taken| {
                let scope: String =
                    url::form_urlencoded::byte_serialize(format!("repository:{taken}:pull").as_bytes()).collect();
                query + "&scope=" + &scope
            });
            assert!(taken.len() > 1 && token <= MAX_SIZE && address + query.len() <= MAX_SIZE, "{overhead} {address}");
            let more = entry(first.as_str()).max(60);
            assert!(
                token + more > MAX_SIZE || address + query.len() + more > MAX_SIZE,
                "more had fitted: {}",
                taken.len()
            );
        }
    }

    #[test]
    fn overhead_is_learnt_from_tokens() {
        let scope: Scope = "repository:team/app:pull".parse().expect("a scope");
        let mut size = TokenSize::default();
        size.learn(&token(700 + entry("team/app")), std::slice::from_ref(&scope));
        assert_eq!(size.overhead, Some(700));
        size.learn(&token(900 + 2 * entry("team/app")), &[scope.clone(), scope.clone()]);
        assert_eq!(size.overhead, Some(900), "each takes more than was thought");
        size.learn(&token(800 + 2 * entry("team/app")), &[scope.clone(), scope]);
        assert_eq!(size.overhead, Some(900));
        assert!(TokenSize::is_too_large(&token(MAX_SIZE + 1)) && !TokenSize::is_too_large(&token(MAX_SIZE)));
    }
}
