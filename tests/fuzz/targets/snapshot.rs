//! A snapshot of tags, as JSON or lines.

use registry_ls::Kind;
use registry_ls::analysis::read_saved_tags;

pub fn seeds() -> Vec<Vec<u8>> {
    let digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let record = format!(
        r#"{{"registry":"http://reg:5000","reference":"x","repository":"team/app","tag":"1.0","digest":"{digest}"}}"#
    );
    vec![
        format!("[\n  {record},\n  {record}\n]\n").into_bytes(),
        format!("{record}\n{record}\n").into_bytes(),
        format!("# made today\nreg:5000/team/app:1.0\t{digest}\nhttp://reg/app:2 -\n").into_bytes(),
        b"[]".to_vec(),
        b"localhost/app:1\n".to_vec(),
        b"docker.io/alpine:3 -\n".to_vec(),
    ]
}

pub fn run(input: &[u8]) {
    match read_saved_tags(input) {
        Ok(saved) => {
            // What was read reads back the same as lines.
            let digest = |saved: &registry_ls::analysis::SavedTag| match &saved.digest {
                Some(digest) => digest.to_string(),
                None => "-".to_owned(),
            };
            let plain = saved.iter().filter(|saved| saved.registry.prefix().is_none());
            let lines: Vec<_> = plain
                .clone()
                .map(|saved| {
                    let name = saved.registry.qualify(format!("{}:{}", saved.repository, saved.tag));
                    format!("{name}\t{}", digest(saved))
                })
                .collect();
            if !lines.is_empty() {
                let again = read_saved_tags(lines.join("\n").as_bytes()).expect("what was printed is read");
                assert!(again.iter().eq(plain), "{lines:?}");
            }
        }
        Err(error) => assert_eq!(error.kind(), &Kind::Config),
    }
}
