//! What is said when something fails: what, why, what to do; each hint against a server that deserves it, and every
//! exit code.

mod catalogs;
mod exit_codes;
mod limits;
mod login;
mod network;
mod replies;
mod safety;
mod secrets;
mod tls;
