//! Plugs in credentials from a source of one's own, such as Vault or a cloud's token service. This one reads a
//! command's output, once for each registry:
//!
//! ```sh
//! cargo run --example credential_provider -- registry.corp:5000 team/app aws ecr get-login-password
//! ```

#![expect(clippy::print_stdout, reason = "an example prints what it finds")]

use std::error::Error;

use futures::future::BoxFuture;
use futures::{FutureExt, TryStreamExt};
use registry_ls::auth::Credentials;
use registry_ls::keychain::{CredentialMatch, CredentialProvider};
use registry_ls::name::{Registry, Repository};
use registry_ls::registry::Client;

#[derive(Debug)]
struct Command(Vec<String>);

impl CredentialProvider for Command {
    fn credentials<'a>(
        &'a self,
        _registry: &'a Registry,
        _repository: Option<&'a Repository>,
    ) -> BoxFuture<'a, registry_ls::Result<Vec<CredentialMatch>>> {
        async {
            let failed = || registry_ls::Error::config(format!("{} failed", self.0[0]));
            let output = tokio::process::Command::new(&self.0[0]).args(&self.0[1..]).output().await;
            let output = output.map_err(|error| failed().caused_by(error))?;
            let password = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            if !output.status.success() || password.is_empty() {
                return Err(failed());
            }
            // Where the credentials are from is shown in errors.
            Ok(vec![CredentialMatch::new(Credentials::basic("AWS", password)?, self.0.join(" "))])
        }
        .boxed()
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let registry: Registry = arguments.next().ok_or("missing the registry")?.parse()?;
    let repository: Repository = arguments.next().ok_or("missing the repository")?.parse()?;
    let command: Vec<_> = arguments.collect();
    if command.is_empty() {
        return Err("missing the command".into());
    }
    let client = Client::builder(registry).credentials(Command(command)).build()?;
    let tags: Vec<_> = client.repository(&repository).tags().try_collect().await?;
    tags.iter().for_each(|tag| println!("{tag}"));
    Ok(())
}
