//! The images that a file names, to be looked up: what is read of it are references, each once.

use registry_ls::Kind;
use registry_ls::name::{Registry, Repository};
use registry_ls::retention::{NamedImages, UsedImages};

use super::used_images;

pub fn seeds() -> Vec<Vec<u8>> {
    used_images::seeds()
}

pub fn run(input: &[u8]) {
    let named = match NamedImages::read(input) {
        Ok(named) => named,
        Err(error) => {
            assert_eq!(error.kind(), &Kind::Config);
            return;
        }
    };
    assert!(!named.images.is_empty() || named.digests > 0);
    for image in &named.images {
        assert_eq!(image.registry.to_string().parse::<Registry>().expect("a registry"), image.registry);
        assert_eq!(image.repository.as_str().parse::<Repository>().expect("a repository"), image.repository);
        assert!(image.tag.is_some() || image.number.is_some() || image.digest.is_some(), "{image:?}");
    }
    assert!(named.images.windows(2).all(|pair| pair[0] != pair[1]), "{:?}", named.images);
    // Whoever protects images in use reads the same ones.
    let used = UsedImages::read(input).expect("the same file");
    for image in &named.images {
        assert!(!used.in_repository(&image.registry, &image.repository).is_empty(), "{image:?}");
    }
}
