#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| registry_ls_fuzz::run("storage", input));
