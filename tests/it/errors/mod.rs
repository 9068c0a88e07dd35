//! Errors: what failed, why, and what to do. Each hint against a server that causes it, and every
//! exit code.

mod ca_files;
mod catalogs;
mod challenges;
mod credentials;
mod exit_codes;
mod http2;
mod large_lists;
mod limits;
mod login;
mod named_addresses;
mod network;
mod pages;
mod replies;
mod safety;
mod secrets;
mod spelling;
mod tls;
