//! What names mean, that printed names can be read back, and which registry a password belongs to.

mod namespaces;
mod passwords;
mod pasted;
mod read_back;

use registry_fixture::Running;
use registry_fixture::content::ImageSpec;

use crate::registries::empty;

/// A registry with these tags.
fn with(names: &[&str]) -> Running {
    let registry = empty();
    add(&registry, names);
    registry
}

/// Adds tags, each with an image of its own.
fn add(registry: &Running, names: &[&str]) {
    for name in names {
        let (repository, tag) = name.rsplit_once(':').expect("a tag");
        registry.push_image(repository, tag, &ImageSpec::new(name));
    }
}

/// The `Authorization` headers that a registry was sent.
fn authorizations(registry: &Running) -> Vec<String> {
    registry.requests().iter().filter_map(|request| request.authorization().map(str::to_owned)).collect()
}
