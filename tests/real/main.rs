//! Against Debian's docker-registry 2.8, which these tests start: the embedded registry behaves as it does, and it accepts
//! the embedded registry's tokens.

mod alike;
mod server;
mod started;
