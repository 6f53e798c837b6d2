//! What others count on the same files: lizard, functions; tokei, lines.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

use crate::module::{audit, sample, tool};
use sealbook_inspect::ModuleOptions;

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn complexity_is_lizards() {
    let directory = sample("complexity");
    let told = output(Command::new(tool("modules/bin/lizard")).arg("--csv").arg(".").current_dir(&directory));
    let mut theirs = BTreeMap::new();
    for line in told.lines() {
        let fields: Vec<&str> = line.split(',').map(|field| field.trim_matches('"')).collect();
        let name = fields[7].rsplit([':', '.']).next().unwrap();
        theirs.insert(
            (fields[6].trim_start_matches("./").to_owned(), name.to_owned()),
            fields[1].parse::<u64>().unwrap(),
        );
    }
    assert!(theirs.len() > 20);
    // Only complex functions are told by name: what is added to each makes all of them complex, by as much.
    let tree = crate::tree::Tree::new();
    for entry in std::fs::read_dir(&directory).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        tree.write(&name, std::fs::read(entry.path()).unwrap());
    }
    let audited = audit(tree.path(), ModuleOptions::default());
    let functions = &audited.modules[0]["functions"];
    assert_eq!(functions["count"], theirs.len());
    assert_eq!(functions["complexity"], theirs.values().sum::<u64>());
    assert_eq!(functions["complexity_max"], *theirs.values().max().unwrap());
    let band = |most: u64, least: u64| theirs.values().filter(|it| (least..=most).contains(*it)).count();
    assert_eq!(functions["bands"], serde_json::json!([band(5, 1), band(10, 6), band(20, 11), 0, 0]));
    // And each file by itself, so that two mistakes do not make up for one another.
    for name in ["basket.rs", "basket.py", "basket.ts", "basket.js", "basket.go", "Basket.java"] {
        let alone = crate::tree::Tree::new();
        alone.write(name, std::fs::read(directory.join(name)).unwrap());
        let audited = audit(alone.path(), ModuleOptions::default());
        assert!(audited.coverage.is_complete(), "{name}: {:?}", audited.skipped());
        let own: Vec<u64> = theirs.iter().filter(|((file, _), _)| file == name).map(|(_, number)| *number).collect();
        let functions = &audited.modules[0]["functions"];
        assert_eq!(functions["count"], own.len(), "{name}");
        assert_eq!(functions["complexity"], own.iter().sum::<u64>(), "{name}");
        assert_eq!(functions["complexity_max"], *own.iter().max().unwrap(), "{name}");
    }
}

/// Code of this project, and the samples: what tokei counts is what is counted here.
#[test]
fn lines_are_tokeis() {
    let tokei = tool("tokei/bin/tokei");
    let crates = sample("../../crates");
    for directory in
        [sample("complexity"), crates.join("ledger/src"), crates.join("policy/src"), crates.join("gate/src")]
    {
        let told = output(Command::new(&tokei).args(["--output", "json", "--no-ignore"]).arg(&directory));
        let told: Value = serde_json::from_str(&told).unwrap();
        let name = directory.file_name().unwrap().to_str().unwrap().to_owned();
        let options = ModuleOptions { name: Some(".".to_owned()), include_tests: true, ..ModuleOptions::default() };
        let audited = audit(&directory, options);
        for language in ["Rust", "Python", "TypeScript", "JavaScript", "Go", "Java"] {
            let Some(theirs) = told.get(language) else { continue };
            let ours = &audited.modules[0]["languages"][language];
            // tokei takes what documents code for text of a language of its own.
            let reports = theirs["reports"].as_array().unwrap().iter();
            let blobs = reports.flat_map(|report| report["stats"]["blobs"].as_object().unwrap().values());
            let documents: u64 =
                blobs.flat_map(|blob| ["code", "comments", "blanks"].map(|field| blob[field].as_u64().unwrap())).sum();
            let own = |field: &str| ours[field].as_u64().unwrap();
            let their = |field: &str| theirs[field].as_u64().unwrap();
            // Empty lines within such a text stand among its lines there.
            let pairs = [
                ("code", own("code"), their("code")),
                ("rest", own("comments") + own("blank"), their("comments") + their("blanks") + documents),
            ];
            let all: u64 = pairs.iter().map(|(_, own, _)| own).sum();
            for (what, own, other) in pairs {
                // tokei takes some quotes of Rust for the beginning of a text, and what follows for code.
                let most = if name == "complexity" { 0 } else { all / 50 };
                assert!(own.abs_diff(other) <= most, "{name} {language} {what}: {own} here, {other} there");
            }
        }
    }
}
