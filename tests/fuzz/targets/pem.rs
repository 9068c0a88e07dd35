//! A file with certificates or keys, in PEM, another form, or in a Kubernetes object.

use registry_ls::Kind;
use registry_ls::trust::{anchors_of_secret, inspect};

use super::with_folder;

/// A line of the private key.
const KEY: &str = "F5+N7V5EQWMdoe0a4jY9XgJGwrKIE79EmPr81XL+PxCc7i";

pub fn seeds() -> Vec<Vec<u8>> {
    let root = include_str!("../../../src/trust/fixture/weak-root.pem");
    let key = include_str!("../../../fixtures/registry/src/test-only-rsa-key.pem");
    let indented = root.replace('\n', "\n    ");
    [
        root.to_owned(),
        include_str!("../../../src/trust/fixture/version-1.pem").to_owned(),
        format!("{key}{root}"),
        format!("subject=CN = x\r\n{}", root.replace('\n', "\r\n")),
        root.replace("-----", "\u{2013}"),
        root.replace("-----BEGIN", "---- BEGIN").replace("CERTIFICATE", "TRUSTED CERTIFICATE"),
        format!("kind: ConfigMap\napiVersion: v1\ndata:\n  ca.crt: |\n    {indented}\n"),
        "kind: Secret\napiVersion: v1\ndata: {ca.crt: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t, tls.crt: x}\n".to_owned(),
        "{\"kind\":\"List\",\"items\":[{\"kind\":\"Secret\",\"stringData\":{\"tls.crt\":\"a\"}}]}".to_owned(),
    ]
    .map(String::into_bytes)
    .into_iter()
    // A store of keys, a SEQUENCE with a length of its own, and one without.
    .chain([
        b"\xfe\xed\xfe\xed\0\0\0\x02".to_vec(),
        b"\x30\x82\x01\0\x02\x01\x03".to_vec(),
        b"\x30\x80\x02\x01".to_vec(),
    ])
    .collect()
}

pub fn run(input: &[u8]) {
    with_folder(|folder| {
        let file = folder.join("file.pem");
        std::fs::write(&file, input).expect("written");
        let inspected = inspect(&[file.clone(), file.clone()]);
        let [first, second] = &inspected[..] else { panic!("a result for each file") };
        match (first, second) {
            (Ok(first), Ok(second)) => {
                assert_eq!(format!("{first:?}"), format!("{second:?}"), "the same file twice");
                assert!(!format!("{first:?}").contains(KEY), "a key is shown");
            }
            (first, second) => {
                let kinds = [first, second].map(|one| one.as_ref().err().map(|error| error.kind().clone()));
                assert_eq!(kinds, [Some(Kind::Config), Some(Kind::Config)]);
            }
        }
        match anchors_of_secret(&file) {
            Ok(anchors) => assert!(!anchors.is_empty()),
            Err(error) => assert_eq!(error.kind(), &Kind::Config, "{error}"),
        }
    });
}
