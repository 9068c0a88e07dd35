//! The file with a run's removals: whatever it contains, parsed names are valid, and nothing is used that does not
//! match its digest.

use registry_ls::Kind;
use registry_ls::error::Danger;
use registry_ls::name::{Digest, Registry, Repository, Tag};
use registry_ls::removal::{Archive, Limits, RunId};

use super::with_folder;

const RUN: &str = "20261130T015018-4f2a9c";

/// An index that lists nothing, which the archive has, and its digest.
const BODY: &[u8] = br#"{"schemaVersion":2,"manifests":[]}"#;
const DIGEST: &str = "sha256:bc5857ac9458293d5111ab85c952172cd7f56bceb4e3014ddc4cafac8927b313";

const HEADER: &str = "{\"version\":1,\"time\":\"2026-11-30T01:50:18.5Z\"}\n";

pub fn seeds() -> Vec<Vec<u8>> {
    let line = format!(
        r#"{{"registry":"http://reg.corp:5000","repository":"team/app","tag":"1.4.0","digest":"{DIGEST}","mediaType":"application/vnd.oci.image.index.v1+json","time":"2026-11-30T01:50:18Z"}}"#
    );
    [
        format!("{HEADER}{line}\n"),
        format!("{HEADER}{line}\n{}\n", line.replace("\"1.4.0\"", "null")),
        format!("{HEADER}\n{{}}\n{line}\r\n{}", &line[..60]),
        format!("{HEADER}{}\n", line.replace(DIGEST, &format!("sha512:{}", "0a".repeat(64)))),
        format!("{HEADER}{}\n{line}\n", line.replace("team/app", "../../etc/passwd").replace("http://", "http://a:b@")),
        format!("{HEADER}{}\n{line}\n", "x".repeat(9000)),
        HEADER.replace('1', "2"),
    ]
    .map(String::into_bytes)
    .to_vec()
}

pub fn run(input: &[u8]) {
    with_folder(|folder| {
        let folder = folder.join("removed");
        let path = folder.join(format!("runs/{RUN}.jsonl"));
        if std::fs::write(&path, input).is_err() {
            let digest: Digest = DIGEST.parse().expect("a digest");
            for folder in ["runs", "bodies/sha256"].map(|name| folder.join(name)) {
                std::fs::create_dir_all(folder).expect("created");
            }
            std::fs::write(&path, input).expect("written");
            std::fs::write(folder.join("bodies/sha256").join(digest.encoded()), BODY).expect("written");
        }
        let archive = Archive::at(folder, Limits::default());
        let id = RunId::parse(RUN).expect("a run");
        let runs = archive.runs().expect("the folder can be read");
        let entries = match archive.entries(&id) {
            Ok(entries) => entries.collect::<Vec<_>>(),
            Err(error) => {
                assert_eq!(*error.kind(), Kind::Config, "{error}");
                assert!(runs.is_empty());
                return;
            }
        };
        assert_eq!(runs.iter().map(|run| &run.id).collect::<Vec<_>>(), [&id]);
        let lines = input.iter().filter(|byte| **byte == b'\n').count();
        assert!(entries.len() < lines, "each is a line of its own, after the header");
        let summary = archive.summary(&id).expect("it was read a moment ago");
        assert_eq!(
            summary.iter().map(|summary| summary.tags).sum::<usize>(),
            entries.iter().filter(|entry| entry.tag.is_some()).count()
        );
        for entry in entries {
            assert_eq!(entry.registry.to_string().parse::<Registry>().expect("a registry"), *entry.registry);
            assert_eq!(entry.repository.as_str().parse::<Repository>().expect("a repository"), *entry.repository);
            let tag = entry.tag.as_ref().map(|tag| tag.as_str().parse::<Tag>().expect("a tag"));
            assert_eq!(tag, entry.tag);
            assert!(entry.media_type.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{}", entry.media_type);
            match archive.manifest(&entry) {
                Ok(manifest) => assert!(manifest.bytes == BODY && manifest.digest.as_str() == DIGEST, "{manifest:?}"),
                Err(error) => assert_eq!(*error.kind(), Kind::Safety(Danger::DamagedCopy), "{error}"),
            }
        }
    });
}
