//! The release that `make dist` builds, in the hands of those who install it: in fresh systems, in an empty root, and
//! built a second time. `make dist-test` runs these tests. Those that need root, for chroot and port 53, or a mirror of
//! Debian's packages, say so and are left out where these are missing.
#![cfg(target_os = "linux")]

mod archive;
mod crates;
mod debian;
mod image;
mod install;
mod red_hat;
mod release;
mod reproducible;
