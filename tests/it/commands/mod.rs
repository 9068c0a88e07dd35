//! Each command against distribution 2.8, whole.

mod digest;
mod login;
mod logout;
mod manifest;
mod prune;
mod repos;
mod rm;
mod rm_siblings;
mod tags;
mod trust;
mod trust_check;
