//! No text makes the reader of mappings panic, and a mapping that is written out is read as the same mapping.

#![no_main]

use forstok_accurate::domain::mapping::Mapping;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Mapping::parse("mapping.toml", text) {
        Ok(mapping) => {
            let written = mapping.to_table().to_string();
            let again = Mapping::parse("mapping.toml", &written).unwrap_or_else(|problems| panic!("{problems:?}\n{written}"));
            assert_eq!(again, mapping, "{written}");
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            for problem in problems {
                assert!(!problem.to_string().is_empty());
            }
        }
    }
});
