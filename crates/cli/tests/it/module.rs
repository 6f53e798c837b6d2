//! Audits of modules, from the command line to the bill of materials.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::fixture::{Place, git};
use crate::peers::tool;

const LOCK: &str = "version = 4\n\n[[package]]\nname = \"api\"\nversion = \"0.2.0\"\ndependencies = [\"itoa\"]\n\n[[package]]\n\
                    name = \"itoa\"\nversion = \"1.0.18\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n\
                    checksum = \"8f42a60cbdf9a97f5d2305f08a87dc4e09308d1276d28c869c684d7777685682\"\ndependencies = [\"deep\"]\n\n\
                    [[package]]\nname = \"deep\"\nversion = \"0.1.0\"\n\
                    source = \"registry+https://github.com/rust-lang/crates.io-index\"\n";

fn shop() -> Place {
    let place = Place::empty();
    git(&place.project(), &["init", "--quiet"]);
    place.write("Cargo.toml", "[workspace]\nmembers = [\"crates/api\"]\n");
    place.write("Cargo.lock", LOCK);
    place.write(
        "crates/api/Cargo.toml",
        "[package]\nname = \"api\"\nversion = \"0.2.0\"\n[dependencies]\nitoa = \"1\"\n",
    );
    place.write("crates/api/src/lib.rs", "//! It.\n\npub fn a(b: bool) -> u8 {\n    if b { 1 } else { 2 }\n}\n");
    place.write("crates/api/tests/it.rs", "#[test]\nfn t() {}\n");
    place
}

fn bom_of(place: &Place, arguments: &[&str]) -> Value {
    serde_json::from_str(&place.ok(arguments)).unwrap()
}

fn names(bom: &Value) -> Vec<&str> {
    bom["components"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect()
}

#[test]
fn a_module_is_audited_by_its_name_and_by_its_path() {
    let place = shop();
    let told = place.json(["module", "api"]);
    let module = &told["observed"][0]["record"];
    assert_eq!(module["target"]["id"], "api");
    assert_eq!(told["audit"]["run"]["complete"], true);
    let page = place.json(["query", "--action", "module.audited"]);
    let id = page["records"][0]["record"]["id"].as_str().unwrap();
    let result = place.json(["show", id])["record"]["result"].clone();
    assert_eq!(result["path"], "crates/api");
    assert_eq!(result["lines"]["code"], 3);
    assert_eq!(result["left_out"]["tests"], 1);
    assert_eq!(place.json(["query", "--module", "api"])["records"].as_array().unwrap().len(), 1);

    let with_tests = place.ok(["module", "crates/api", "--include-tests"]);
    assert!(with_tests.contains("crates/api"), "{with_tests}");
    let newest = place.json(["query", "--action", "module.audited", "--limit", "1"]);
    let id = newest["records"][0]["record"]["id"].as_str().unwrap();
    assert_eq!(place.json(["show", id])["record"]["result"]["lines"]["code"], 5);

    let direct = bom_of(&place, &["module", "api", "--format", "cyclonedx"]);
    assert_eq!(names(&direct), ["itoa"]);
    let all = bom_of(&place, &["module", "api", "--include-dependencies", "--format", "cyclonedx"]);
    assert_eq!(names(&all), ["deep", "itoa"]);
    assert_eq!(all["metadata"]["component"]["name"], "api");
    let told_again = bom_of(&place, &["report", "--format", "cyclonedx"]);
    assert_eq!(told_again, all, "a report says what was sealed");

    let repo = bom_of(&place, &["repo", "--sources", "module", "--format", "cyclonedx"]);
    assert_eq!(names(&repo), ["itoa"], "there is one module: it is what the document is about");
    let markdown = place.ok(["module", "api", "--format", "markdown"]);
    assert!(markdown.contains("| Module |") && markdown.contains("crates/api"), "{markdown}");
}

#[test]
fn what_was_not_read_and_what_was_found_decide_the_exit() {
    let place = shop();
    place.write("crates/api/src/odd.rs", "fn (((\n");
    let ended = place.run(["module", "api"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.out.contains("not_parsed") && ended.out.contains("INCOMPLETE"), "{}", ended.out);
    std::fs::remove_file(place.project().join("crates/api/src/odd.rs")).unwrap();
    std::fs::remove_file(place.project().join("Cargo.lock")).unwrap();
    let ended = place.run(["module", "api", "--fail-on", "info"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.out.contains("module.dependency.unlocked"), "{}", ended.out);
    let ended = place.run(["module", "nobody", "--format", "json"]);
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("unknown_module") && ended.err.contains("api"), "{}", ended.err);
}

#[test]
fn only_what_has_a_bill_of_materials_writes_one() {
    let place = shop();
    for command in [&["verify"][..], &["file", "."], &["repo"], &["git"]] {
        let ended = place.run(command.iter().copied().chain(["--format", "cyclonedx"]));
        assert_eq!(ended.code, 2, "{command:?}: {ended:?}");
        assert!(ended.err.contains("bill of materials"), "{command:?}: {}", ended.err);
    }
    place.ok(["file", "."]);
    let ended = place.run(["report", "--format", "cyclonedx"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.err.contains("no module"), "{}", ended.err);
}

#[test]
fn a_password_in_a_lock_file_reaches_neither_the_book_nor_the_bill() {
    let place = shop();
    place.write("web/package.json", "{\"name\": \"web\", \"dependencies\": {\"a\": \"1.0.0\"}}");
    place.write(
        "web/package-lock.json",
        r#"{"lockfileVersion":3,"packages":{"":{"dependencies":{"a":"1.0.0"}},"node_modules/a":{"version":"1.0.0",
        "resolved":"https://ann:hunter2xyzzy@private.example.org/a.tgz"}}}"#,
    );
    place.write(
        "web/requirements.txt",
        "https://ann:hunter2xyzzy@private.example.org/x.whl\ngit+https://hunter2xyzzy@private.example.org/y.git\n",
    );
    let bom = bom_of(&place, &["module", "web", "--format", "cyclonedx"]).to_string();
    assert!(bom.contains("private.example.org") && !bom.contains("hunter2xyzzy"), "{bom}");
    let book = std::fs::read(place.book().join("ledger.db")).unwrap();
    assert!(!book.windows(12).any(|bytes| bytes == b"hunter2xyzzy"));
}

/// Bills of materials of real lock files, held to the schema that its authors publish.
#[test]
fn bills_of_materials_meet_the_official_schema() {
    const CHECK: &str = "\
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read())
print(wrong or 'valid')";
    let validate = |bom: &str| {
        let mut python = Command::new(tool("modules/bin/python"));
        let mut child = python.args(["-B", "-c", CHECK]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), bom.as_bytes()).unwrap();
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap().trim().to_owned()
    };
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/modules");
    let place = shop();
    let mut copied = 0;
    for directory in
        std::fs::read_dir(&samples).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir())
    {
        let name = directory.file_name().unwrap().to_str().unwrap().to_owned();
        for file in std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()) {
            let below: PathBuf = Path::new(&name).join(file.file_name().unwrap());
            place.write(below.to_str().unwrap(), std::fs::read(&file).unwrap());
        }
        copied += 1;
        let bom =
            place.ok(["module", &format!("{name}/"), "--include-dependencies", "--no-verify", "--format", "cyclonedx"]);
        assert_eq!(validate(&bom), "valid", "{name}: {bom}");
    }
    assert!(copied > 10, "{copied}");
    let whole = place.ok(["repo", "--sources", "module", "--format", "cyclonedx", "--no-verify"]);
    assert_eq!(validate(&whole), "valid");
    let broken = whole.replacen("\"CycloneDX\"", "\"Other\"", 1);
    assert_ne!(validate(&broken), "valid", "the validator finds what is wrong");
}
