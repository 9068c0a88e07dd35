//! Images in use: lists of pods, charts, compose files, in YAML, JSON or as lines.

use registry_ls::Kind;
use registry_ls::name::{Registry, Repository};
use registry_ls::retention::UsedImages;

pub fn seeds() -> Vec<Vec<u8>> {
    let digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    [
        format!(r#"{{"items":[{{"spec":{{"containers":[{{"image":"reg.corp/team/app:1.4"}}]}},"status":{{"containerStatuses":[{{"imageID":"docker-pullable://reg.corp/team/app@{digest}"}}]}}}}]}}"#),
        format!("kind: Pod\nspec:\n  containers:\n  - image: reg.corp/team/app:1.4@{digest}\n---\nstatus:\n  images: [{{names: [docker.io/library/app, {digest}]}}]\n"),
        "web: &w {registry: reg.corp, repository: team/app, tag: 1.10}\nx: *w\ny: {<<: *w, tag: 017}\nimages: [{name: a, newName: reg.corp/team/app, newTag: !!str 2}]\n".to_owned(),
        format!("# in use\nreg.corp/team/app:1.4\r\n\nteam/app@{digest}\ndocker://{digest} reg.corp/team/app:2\n"),
        "services:\n  web: {image: \"app:${TAG:-1}\", build: .}\n  db:\n    image: >-\n      reg.corp/team/app:1\n? [a, {b: c}]\n: .inf\n".to_owned(),
        r#"["reg.corp/team/app:1", {"Image": "app"}, [1e999, true, null]] {"tag": 1.10, "repository": "reg.corp/team/app"}"#.to_owned(),
    ]
    .map(String::into_bytes)
    .to_vec()
}

pub fn run(input: &[u8]) {
    let images = match UsedImages::read(input) {
        Ok(images) => images,
        Err(error) => {
            assert_eq!(error.kind(), &Kind::Config);
            return;
        }
    };
    assert!(images.ignored().count() <= 100);
    for registry in ["reg.corp", "docker.io", "http://reg.corp:5000"] {
        let registry: Registry = registry.parse().expect("a registry");
        for repository in ["team/app", "library/app"] {
            let repository: Repository = repository.parse().expect("a repository");
            let used = images.in_repository(&registry, &repository);
            assert!(used.is_empty() || images.names_registry(&registry));
        }
    }
}
