use std::cell::Cell;
use std::future::pending;
use std::time::Duration;

use futures::future::join_all;
use futures::{FutureExt, poll};
use secrecy::ExposeSecret;
use tokio::sync::oneshot;

use super::*;
use crate::error::Kind;

fn token(name: &str) -> Token {
    Token::parse(format!(r#"{{"token":"{name}"}}"#).as_bytes()).expect("a token")
}

fn stale(name: &str) -> Token {
    let long_ago = Instant::now().checked_sub(Duration::from_secs(55)).expect("an instant");
    Token::parse_received(format!(r#"{{"token":"{name}"}}"#).as_bytes(), long_ago).expect("a token")
}

fn name(token: &Token) -> String {
    token.authorization().expose_secret().trim_start_matches("Bearer ").to_owned()
}

async fn unwanted() -> Result<Token> {
    panic!("must not be fetched")
}

#[tokio::test]
async fn concurrent_callers_share_one_fetch() {
    let (cache, fetches) = (TokenCache::default(), Cell::new(0));
    let fetch = || async {
        fetches.set(fetches.get() + 1);
        tokio::task::yield_now().await;
        Ok(token(&format!("t{}", fetches.get())))
    };
    let got = join_all((0..20).map(|_| cache.get_or_fetch("k", None, fetch()))).await;
    assert!(got.into_iter().all(|token| name(&token.expect("a token")) == "t1"));
    assert_eq!(fetches.get(), 1);
    assert_eq!(cache.get_fresh(&"k").map(|token| name(&token)).as_deref(), Some("t1"));
    assert!(cache.get_fresh(&"other").is_none());
}

#[tokio::test]
async fn concurrent_callers_share_one_failure_and_a_later_one_tries_again() {
    let (cache, fetches) = (TokenCache::default(), Cell::new(0));
    let fetch = || async {
        fetches.set(fetches.get() + 1);
        tokio::task::yield_now().await;
        Err(Error::new(Kind::TimedOut, format!("fetch {}", fetches.get())))
    };
    let got = join_all((0..20).map(|_| cache.get_or_fetch("k", None, fetch()))).await;
    assert!(got.into_iter().all(|failed| failed.expect_err("a failure").what() == "fetch 1"));
    assert_eq!(fetches.get(), 1);
    assert!(cache.get_fresh(&"k").is_none());
    let later = cache.get_or_fetch("k", None, async { Ok(token("later")) }).await.expect("a token");
    assert_eq!(name(&later), "later");
}

#[tokio::test]
async fn a_rejected_token_is_replaced_once() {
    let cache = TokenCache::default();
    let first = cache.get_or_fetch("k", None, async { Ok(token("first")) }).await.expect("a token");
    let got =
        join_all((0..5).map(|n| cache.get_or_fetch("k", Some(&first), async move { Ok(token(&format!("n{n}"))) })))
            .await;
    assert!(got.into_iter().all(|token| name(&token.expect("a token")) == "n0"));
    let newer = cache.get_or_fetch("k", Some(&first), unwanted()).await.expect("a token");
    assert_eq!(name(&newer), "n0");
}

#[tokio::test]
async fn an_expired_token_is_replaced() {
    let cache = TokenCache::default();
    cache.get_or_fetch("k", None, async { Ok(stale("old")) }).await.expect("a token");
    assert!(cache.get_fresh(&"k").is_none());
    let next = cache.get_or_fetch("k", None, async { Ok(token("new")) }).await.expect("a token");
    assert_eq!(name(&next), "new");
}

#[tokio::test]
async fn keys_do_not_wait_for_each_other() {
    let cache = TokenCache::default();
    let mut endless = Box::pin(cache.get_or_fetch("slow", None, pending()));
    assert!(poll!(endless.as_mut()).is_pending());
    let other = cache.get_or_fetch("fast", None, async { Ok(token("t")) }).now_or_never().expect("no waiting");
    other.expect("the token of the other key");
    assert!(cache.get_fresh(&"slow").is_none(), "asking does not wait for the fetch");
}

#[tokio::test]
async fn a_dropped_fetch_is_taken_over_by_a_waiting_caller() {
    let cache = TokenCache::default();
    let mut dropped = Box::pin(cache.get_or_fetch("k", None, pending()));
    assert!(poll!(dropped.as_mut()).is_pending());
    let (release, released) = oneshot::channel::<()>();
    let mut heir = Box::pin(cache.get_or_fetch("k", None, async {
        released.await.expect("released");
        Ok(token("heir"))
    }));
    let mut waiting = Box::pin(cache.get_or_fetch("k", None, unwanted()));
    assert!(poll!(heir.as_mut()).is_pending());
    assert!(poll!(waiting.as_mut()).is_pending());
    drop(dropped);
    assert!(poll!(heir.as_mut()).is_pending());
    release.send(()).expect("the heir fetches");
    assert_eq!(name(&heir.await.expect("a token")), "heir");
    assert_eq!(name(&waiting.await.expect("a token")), "heir");
}

#[tokio::test]
async fn the_least_recently_used_token_is_evicted_unless_awaited() {
    let cache = TokenCache::default();
    let mut fetching = Box::pin(cache.get_or_fetch(0, None, async {
        tokio::task::yield_now().await;
        Ok(token("zero"))
    }));
    assert!(poll!(fetching.as_mut()).is_pending());
    for key in 1..CAPACITY {
        cache.get_or_fetch(key, None, async { Ok(token("t")) }).await.expect("a token");
    }
    assert!(cache.get_fresh(&1).is_some());
    cache.get_or_fetch(CAPACITY, None, async { Ok(token("t")) }).await.expect("a token");
    assert!(cache.get_fresh(&2).is_none(), "2 was used longest ago");
    assert!(cache.get_fresh(&1).is_some());
    assert_eq!(name(&fetching.await.expect("a token")), "zero");
    assert_eq!(cache.get_fresh(&0).map(|token| name(&token)).as_deref(), Some("zero"));
    assert!(lock(&cache.entries).slots.len() <= CAPACITY);
}

#[test]
fn the_cache_can_be_shared_between_threads() {
    fn shareable<T: Send + Sync>(_: &T) {}
    fn sendable<T: Send>(_: &T) {}
    let cache = TokenCache::default();
    shareable(&cache);
    sendable(&cache.get_or_fetch("k", None, std::future::ready(Ok(token("t")))));
}
