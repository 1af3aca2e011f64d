#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| expops::split::fuzzing::parquet(bytes));
