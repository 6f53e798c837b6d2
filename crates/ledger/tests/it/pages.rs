//! Every code of this crate has its page.

#[test]
fn every_code_has_its_page() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/");
    let mut codes = 0;
    for source in ["src/error.rs", "src/verify/fault.rs", "src/verify/report.rs"] {
        let text = std::fs::read_to_string(format!("{root}{source}")).unwrap();
        for line in text.lines().filter(|line| line.trim_start().starts_with("Self::")) {
            let Some(code) = line.split("=> \"").nth(1).and_then(|rest| rest.strip_suffix("\",")) else { continue };
            let page = std::fs::read_to_string(format!("{root}../../docs/errors/{code}.md"));
            let page = page.unwrap_or_else(|error| panic!("{code}: {error}"));
            assert!(page.starts_with(&format!("# {code}: ")), "{code}: the title names the code");
            codes += 1;
        }
    }
    assert!(codes > 50, "only {codes} codes were found");
}
