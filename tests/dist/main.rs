//! The release that `make dist` builds, in the hands of those who install it: in fresh systems, in an empty root, and
//! built a second time. `make dist-test` runs these tests; they need root, for chroot and port 53.
#![cfg(target_os = "linux")]

mod archive;
mod crates;
mod debian;
mod image;
mod install;
mod red_hat;
mod release;
mod reproducible;
