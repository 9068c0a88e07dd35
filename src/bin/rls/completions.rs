pub fn script(_: clap_complete::Shell) -> Vec<u8> {
    Vec::new()
}
