//! Against Debian's docker-registry 2.8, which these tests start: `rls` does its whole job there, however clients log
//! in, with TLS and without, with deletion and without; the embedded registry behaves as it does, and it accepts the
//! embedded registry's tokens. And against the crate `container-registry`, which has as little of a registry as pushing
//! and pulling needs.
#![cfg(unix)]

mod clients;
mod combinations;
mod credentials;
mod disk;
mod docker_ls;
mod docker_plugin;
mod garbage;
mod looking;
mod parity;
mod reading;
mod recipes;
mod refusing;
mod removal;
mod setup;
mod small_registry;
mod space;
mod startup;
mod undo;
