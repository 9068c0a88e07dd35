//! Logging in: every way over plain HTTP and over TLS with a private CA, how often tokens are fetched, and where
//! credentials go.

mod all_ways;
mod anonymous;
mod basic;
mod origins;
mod tokens;
