//! Prints the digest of each reference; the requests run concurrently, each on a task of its own:
//!
//! ```sh
//! cargo run --example resolve -- registry.corp:5000 team/app:1.4.0 team/app:latest
//! ```

#![expect(clippy::print_stdout, reason = "an example prints what it finds")]

use std::error::Error;

use registry_ls::name::{Reference, Registry};
use registry_ls::registry::Client;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let registry: Registry = arguments.next().ok_or("missing the registry")?.parse()?;
    let client = Client::new(registry)?;

    let mut tasks = Vec::new();
    for argument in arguments {
        let reference: Reference = argument.parse()?;
        let repository = client.repository(reference.repository());
        tasks.push(tokio::spawn(async move {
            let resolved = repository.try_resolve(reference.target()).await;
            (reference, resolved)
        }));
    }
    for task in tasks {
        match task.await? {
            (reference, Ok(Some(resolved))) => println!("{reference} {}", resolved.digest),
            (reference, Ok(None)) => println!("{reference} does not exist"),
            (reference, Err(error)) => println!("{reference}: {error}"),
        }
    }
    Ok(())
}
