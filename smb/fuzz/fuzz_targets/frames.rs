#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| smb_fuzz::frames(data));
