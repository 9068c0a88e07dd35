//! Against Debian's docker-registry 2.8, which these tests start: `rls` does its whole job there, however clients log in, with TLS
//! and without, with deletion and without; the embedded registry behaves as it does, and it accepts the embedded registry's tokens.
#![cfg(unix)]

mod alike;
mod clients;
mod combinations;
mod finding;
mod place;
mod program;
mod reading;
mod refusing;
mod removing;
mod server;
mod started;
mod storage;
