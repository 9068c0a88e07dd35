//! What one repository stores, as `rls du --resume` notes it: whatever a file contains, no part is more than the whole.

use registry_ls::analysis::{RepositoryStorage, StorageUsage};

pub fn seeds() -> Vec<Vec<u8>> {
    [
        r#"{"tags":[["1.0",110],["latest",110]],"blobs":[["00112233445566778899aabbccddeeff",100,null],["ff112233445566778899aabbccddeeff",10,0]]}"#,
        r#"{"tags":[["old",null]],"blobs":[]}"#,
        r#"{"tags":[],"blobs":[["00112233445566778899aabbccddeeff",18446744073709551615,7]]}"#,
        r#"{"tags":[["1.0",1],["1.0",2]],"blobs":[["00112233445566778899aabbccddeeff",1,0],["00112233445566778899aabbccddeeff",2,1]]}"#,
        r#"{"tags":[[".",1]],"blobs":[["00",1,0]]}"#,
        "{}",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into()
}

pub fn run(input: &[u8]) {
    let Ok(storage) = serde_json::from_slice::<RepositoryStorage>(input) else { return };
    let text = serde_json::to_string(&storage).expect("JSON");
    let again: RepositoryStorage = serde_json::from_str(&text).expect("what was written is read");
    let mut usage = StorageUsage::default();
    assert_eq!((usage.add(storage), usage.add(again)), (0, 1));
    let report = usage.report();
    // The other repository has the same blobs, so that each is shared.
    assert_eq!(report.size, report.shared);
    for repository in &report.repositories {
        assert!(repository.unique == 0 && repository.tags.iter().all(|tag| tag.unique == 0));
        assert!(repository.size >= report.size);
    }
}
