//! A credential helper's output: credentials, nothing, or a failure that does not quote it.

use registry_ls::auth::Credentials;
use registry_ls::keychain::internals::helper_answer;

use super::vectors;

pub fn seeds() -> Vec<Vec<u8>> {
    let file = include_str!("../../../fixtures/vectors/credentials.json");
    let mut seeds = vectors::texts(file, &["helper"]);
    for text in [
        r#"{"ServerURL":"https://reg.corp:5000/v1/","Username":"ann","Secret":"s3cret"}"#,
        r#"{"ServerURL":"other.corp","Username":"<token>","Secret":"s3cret","x":[1]}"#,
        r#"{"Username":"","Secret":""}"#,
        r#"{"Username":"a:b","Secret":"s3cret"}"#,
        "credentials not found in native keychain\n",
        "error getting credentials - err: exit status 1",
        r#"["reg","ann","s3cret"]"#,
    ] {
        seeds.push(text.into());
    }
    seeds
}

pub fn run(input: &[u8]) {
    let printed = String::from_utf8_lossy(input);
    match helper_answer(&printed, true, "reg.corp:5000") {
        Ok(Some(Credentials::Basic { username, .. })) => assert!(!username.contains(':'), "{username}"),
        Ok(Some(Credentials::IdentityToken { username, .. })) => assert_eq!(username, None),
        Ok(Some(other)) => panic!("no helper gives {other:?}"),
        Ok(None) => {}
        // What it printed may be an answer that is only half there.
        Err(why) => assert!(why.len() < 80 && !why.contains("s3cret"), "{why}"),
    }
    match helper_answer(&printed, false, "reg.corp:5000") {
        Ok(Some(_)) => panic!("a helper that failed gives nothing"),
        Ok(None) => assert!(printed.contains("credentials not found in native keychain")),
        Err(why) => {
            assert!(why.chars().count() <= 210, "{why}");
            assert!(!printed.trim().starts_with('{') || why == "failed", "{why}");
        }
    }
}
