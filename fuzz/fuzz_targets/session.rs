#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| posthaste_smtp::server::fuzz_session(data));
