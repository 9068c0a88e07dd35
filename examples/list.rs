//! Lists the tags of a repository as they arrive:
//!
//! ```sh
//! cargo run --example list -- registry.corp:5000 team/app
//! ```

#![expect(clippy::print_stdout, reason = "an example prints what it finds")]

use std::error::Error;

use futures::TryStreamExt;
use registry_ls::keychain::{self, Keychain};
use registry_ls::name::{Registry, Repository};
use registry_ls::registry::Client;
use registry_ls::trust::{self, Trust};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let registry: Registry = arguments.next().ok_or("missing the registry")?.parse()?;
    let repository: Repository = arguments.next().ok_or("missing the repository")?.parse()?;

    // Credentials and CAs as docker, podman and Kubernetes have them on this machine.
    let client = Client::builder(registry)
        .credentials(Keychain::discover(keychain::Options::from_env()))
        .trust(Trust::load(trust::Options::from_env())?)
        .build()?;

    let mut tags = client.repository(&repository).tags();
    while let Some(tag) = tags.try_next().await? {
        println!("{tag}");
    }
    Ok(())
}
