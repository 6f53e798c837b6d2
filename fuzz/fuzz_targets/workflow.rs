#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    sealbook_flow::workflow::fuzz::workflow(data);
});
