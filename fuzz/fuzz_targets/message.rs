#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| posthaste_mime::fuzz_message(data));
