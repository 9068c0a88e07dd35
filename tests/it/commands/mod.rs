//! Each command against distribution 2.8, whole.

mod build_cache;
mod dates;
mod digest;
mod digest_headers;
mod kinds;
mod login;
mod login_storage;
mod logout;
mod manifest;
mod manifest_parts;
mod odd_configs;
mod odd_manifests;
mod platforms;
mod prune;
mod prune_rules;
mod prune_unreadable;
mod referrers;
mod repos;
mod rm;
mod rm_siblings;
mod tags;
mod tags_requests;
mod trust;
mod trust_check;
mod trust_write;
