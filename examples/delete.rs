//! Removes tags by a plan: nothing else is removed, and what was removed is verified to be gone.
//!
//! ```sh
//! cargo run --example delete -- registry.corp:5000 team/app 1.4.0 1.3.9
//! ```

#![expect(clippy::print_stdout, reason = "an example prints what it finds")]

use std::error::Error;
use std::pin::pin;

use futures::TryStreamExt;
use registry_ls::keychain::{self, Keychain};
use registry_ls::name::{Registry, Repository, Tag};
use registry_ls::registry::Client;
use registry_ls::removal::{self, Options, Outcome, PlanOptions, RemovalRequest, Target};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let registry: Registry = arguments.next().ok_or("missing the registry")?.parse()?;
    let repository: Repository = arguments.next().ok_or("missing the repository")?.parse()?;
    let tags = arguments.map(|tag| tag.parse()).collect::<Result<Vec<Tag>, _>>()?;

    let client = Client::builder(registry).credentials(Keychain::discover(keychain::Options::from_env())).build()?;
    let requests = tags.into_iter().map(|tag| RemovalRequest::new(Target::Tag(tag))).collect();
    let plan = removal::plan(&client.repository(&repository), requests, PlanOptions::default()).await?;
    for item in plan.items() {
        match &item.method {
            Ok(method) => println!("{:?}: {method:?}", item.request.target),
            Err(error) => println!("{:?} stays: {error}", item.request.target),
        }
    }

    // Ends with an error if anything is gone that should have stayed.
    let mut outcomes = pin!(plan.execute(Options::default()).into_stream());
    while let Some((item, outcome)) = outcomes.try_next().await? {
        match outcome {
            Outcome::Removed(_) => println!("removed {:?}", item.request.target),
            other => println!("{:?}: {other:?}", item.request.target),
        }
    }
    Ok(())
}
