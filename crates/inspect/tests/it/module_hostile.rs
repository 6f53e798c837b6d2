//! What strangers may put into a tree: each is a gap that is told, and none costs much.

use std::fs::File;

use crate::module::{audit, try_audit, whole};
use crate::tree::Tree;
use sealbook_inspect::ModuleOptions;

const NAMES: [&str; 15] = [
    "Cargo.toml",
    "Cargo.lock",
    "pyproject.toml",
    "uv.lock",
    "poetry.lock",
    "package.json",
    "package-lock.json",
    "pnpm-lock.yaml",
    "yarn.lock",
    "go.mod",
    "go.sum",
    "pom.xml",
    "gradle.lockfile",
    "requirements.txt",
    "npm-shrinkwrap.json",
];

#[test]
fn garbage_under_every_name_is_told_and_nothing_is_lost() {
    for garbage in [&b"\xff\xfe\x00garbage\x00\n"[..], b"{{{{[[[[ <<<< \x00", b"<a><b></a>", b"[package\nname = 1"] {
        let tree = Tree::new();
        for name in NAMES {
            tree.write(name, garbage);
        }
        tree.write("lib.py", "def f():\n    return 1\n");
        let audited = audit(tree.path(), whole());
        assert!(!audited.coverage.is_complete());
        assert!(audited.coverage.skipped_total() >= 13, "{garbage:?}: {:?}", audited.skipped());
        assert_eq!(audited.modules[0]["lines"]["code"], 2);
        assert_eq!(audited.modules[0]["complete"], false);
        assert_eq!(audited.modules[0]["bom"]["aggregate"], "unknown");
    }
}

#[test]
fn a_manifest_of_100_mib_is_not_read() {
    let tree = Tree::new();
    for name in ["Cargo.toml", "package-lock.json", "pnpm-lock.yaml", "pom.xml"] {
        tree.write(name, "");
        File::options().write(true).open(tree.at(name)).unwrap().set_len(100 << 20).unwrap();
    }
    let audited = audit(tree.path(), whole());
    assert_eq!(
        audited.skipped(),
        ["too_large Cargo.toml", "too_large package-lock.json", "too_large pnpm-lock.yaml", "too_large pom.xml"]
    );
}

#[test]
fn deep_nesting_ends_in_a_gap_and_not_in_a_crash() {
    let tree = Tree::new();
    let deep = 200_000;
    tree.write("package.json", format!("{{\"dependencies\":{{\"a\":{}1{}}}}}", "[".repeat(deep), "]".repeat(deep)));
    tree.write(
        "package-lock.json",
        format!("{{\"dependencies\":{}{}}}", "{\"a\":{\"dependencies\":".repeat(deep), "}}".repeat(deep)),
    );
    tree.write("Cargo.toml", format!("a = {}1{}", "[".repeat(deep), "]".repeat(deep)));
    tree.write("pnpm-lock.yaml", format!("packages: {}", "[".repeat(deep)));
    tree.write("pom.xml", format!("<project>{}", "<a>".repeat(deep)));
    let audited = audit(tree.path(), whole());
    assert_eq!(audited.coverage.skipped_total(), 5, "{:?}", audited.skipped());
}

#[test]
fn entities_and_aliases_are_not_expanded() {
    let tree = Tree::new();
    let entities: String = (1..40).map(|n| format!("<!ENTITY a{n} \"&a{};&a{};\">", n - 1, n - 1)).collect();
    let bomb = format!("<!DOCTYPE p [<!ENTITY a0 \"x\">{entities}]><project><name>&a39;</name></project>");
    tree.write("pom.xml", &bomb);
    tree.write("coverage.xml", bomb.replace("project", "coverage"));
    tree.write("evil/pom.xml", "<project><name>&outside;</name></project>");
    let aliases: String = (1..30).map(|n| format!("a{n}: &a{n} [*a{}, *a{}]\n", n - 1, n - 1)).collect();
    tree.write("yaml/pnpm-lock.yaml", format!("a0: &a0 x\n{aliases}packages: {{}}\n"));
    let audited = audit(tree.path(), whole());
    assert_eq!(
        audited.skipped(),
        [
            "lock_unreadable yaml/pnpm-lock.yaml",
            "manifest_unreadable evil/pom.xml",
            "manifest_unreadable pom.xml",
            "report_unreadable coverage.xml"
        ]
    );
}

#[test]
fn code_that_no_person_writes_costs_little() {
    let tree = Tree::new();
    let deep = 30_000;
    tree.write("deep.py", format!("x = {}1{}\n", "(".repeat(deep), ")".repeat(deep)));
    tree.write("deep.js", format!("{}{}\n", "if (a) {".repeat(deep), "}".repeat(deep)));
    tree.write("deep.rs", format!("use {}a{};\n", "a::{".repeat(deep), "}".repeat(deep)));
    tree.write("open.go", "((((((((((".repeat(5_000));
    tree.write("open.java", "class A { void f() { if ".repeat(3_000));
    tree.write("long.ts", format!("const a = \"{}\";\n", "x".repeat(3 << 20)));
    tree.write("nul.py", b"x = 1\0\n");
    let audited = audit(tree.path(), whole());
    let skipped = audited.skipped();
    for gap in ["not_parsed long.ts", "not_parsed open.go", "not_parsed open.java", "not_text nul.py"] {
        assert!(skipped.iter().any(|it| it == gap), "{gap}: {skipped:?}");
    }
    assert_eq!(audited.modules[0]["files"], 6, "their lines were counted");
}

#[test]
fn links_are_not_followed_and_loops_do_not_hold_it_up() {
    let outside = Tree::new();
    outside.write("Cargo.toml", "[package]\nname = \"outside\"\n");
    outside.write("secret.py", "x = 1\n");
    let tree = Tree::new();
    tree.write("a/b/mod.py", "x = 1\n");
    tree.link("a/b/loop", "../..");
    tree.link("Cargo.toml", &outside.at("Cargo.toml").display().to_string());
    tree.link("secret.py", &outside.at("secret.py").display().to_string());
    tree.link("coverage", &outside.path().display().to_string());
    let audited = audit(tree.path(), whole());
    assert_eq!(audited.skipped(), ["link Cargo.toml"]);
    assert_eq!(audited.modules.len(), 1);
    assert_eq!(audited.modules[0]["files"], 1);
}

#[test]
fn a_module_that_is_not_there_is_an_error_with_its_mend() {
    let tree = Tree::new();
    tree.write("a/Cargo.toml", "[package]\nname = \"shop\"\n");
    tree.write("b/package.json", "{\"name\": \"shop\"}");
    tree.write("c/util/x.py", "x = 1\n");
    let named = |name: &str| ModuleOptions { name: Some(name.to_owned()), ..ModuleOptions::default() };
    let error = try_audit(tree.path(), named("nope")).err().unwrap();
    assert_eq!(error.code(), "unknown_module");
    assert!(error.to_string().contains("shop"), "{error}");
    let error = try_audit(tree.path(), named("shop")).err().unwrap();
    assert_eq!(error.code(), "module_ambiguous");
    assert!(error.to_string().contains("\"a\", \"b\""), "{error}");
    assert_eq!(audit(tree.path(), named("./b")).names(), ["shop"]);
    assert_eq!(audit(tree.path(), named("c/util")).names(), ["c/util"], "a directory without a manifest, by its path");
    assert_eq!(try_audit(tree.path(), named("../a")).err().unwrap().code(), "unknown_module");
    assert_eq!(
        try_audit(&tree.at("c/util/x.py"), ModuleOptions::default()).err().unwrap().code(),
        "target_unsupported"
    );
}

#[test]
fn a_record_holds_what_it_is_given_however_much_it_is() {
    let tree = Tree::new();
    let long = "n".repeat(900);
    let wanted: Vec<String> = (0..3_000).map(|n| format!("\"{long}{n}\": \"*\"")).collect();
    tree.write("a/package.json", format!("{{\"name\": \"a\", \"dependencies\": {{{}}}}}", wanted.join(",")));
    tree.write("b/package.json", format!("{{\"name\": \"{}\"}}", "n".repeat(2_000)));
    // Circles, long names and complex functions, more than a record could list.
    let ways = "if a: a = 1\n    ".repeat(30);
    for n in 0..600 {
        let path = format!("p/{}/{}/m{n}", "d".repeat(200), "e".repeat(200)).replace('/', ".");
        let next = path.replace(&format!("m{n}"), &format!("m{}", n ^ 1));
        tree.write(
            format!("{}.py", path.replace('.', "/")),
            format!("import {next}\ndef {}(a):\n    {ways}pass\n", "f".repeat(180)),
        );
    }
    let audited = audit(tree.path(), whole());
    assert_eq!(audited.skipped(), ["manifest_unreadable b/package.json"]);
    let root = audited.modules.iter().find(|module| module["path"] == ".").unwrap();
    assert_eq!(root["imports"]["count"], 300);
    assert!(root["imports"]["cycles"].as_array().unwrap().len() < 300);
    assert_eq!(audited.module("a")["dependencies"]["direct"], 3_000);
    assert!(audited.module("a")["bom"]["pages"].as_u64().unwrap() > 3);
}
