#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    sealbook_testkit::fuzz::dialects(data);
});
