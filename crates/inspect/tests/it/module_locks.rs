//! Manifests and lock files, as the package managers' own programs wrote them (testdata/modules).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::module::{audit, sample, whole};
use crate::tree::Tree;

/// Purls of all components, or of those that the module asks for itself.
fn purls(module: &Value, direct_only: bool) -> Vec<String> {
    let bom = &module["bom"];
    let own = bom["component"]["bom-ref"].as_str().unwrap();
    let edges = bom["dependencies"].as_array().unwrap();
    let root = edges.iter().find(|edge| edge["ref"] == own).unwrap();
    let direct: Vec<&str> = root["dependsOn"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    let components = bom["components"].as_array().unwrap().iter();
    let wanted = components.filter(|it| !direct_only || direct.contains(&it["bom-ref"].as_str().unwrap()));
    let mut purls: Vec<String> = wanted.map(|it| it["purl"].as_str().unwrap_or("none").to_owned()).collect();
    purls.sort();
    purls
}

fn edges(module: &Value) -> BTreeMap<String, Vec<String>> {
    let texts = |list: &Value| list.as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect();
    let edges = module["bom"]["dependencies"].as_array().unwrap().iter();
    edges.map(|edge| (edge["ref"].as_str().unwrap().to_owned(), texts(&edge["dependsOn"]))).collect()
}

fn component<'m>(module: &'m Value, name: &str) -> &'m Value {
    module["bom"]["components"].as_array().unwrap().iter().find(|it| it["name"] == name).unwrap()
}

#[test]
fn six_lock_files_of_one_package_say_the_same() {
    for (directory, has_hashes, is_dev_known) in [
        ("npm-v1", true, true),
        ("npm-v2", true, true),
        ("npm-v3", true, true),
        ("pnpm", true, true),
        ("yarn1", true, true),
        ("yarn4", false, true),
    ] {
        let audited = audit(&sample(directory), whole());
        assert!(audited.coverage.is_complete(), "{directory}: {:?}", audited.skipped());
        let module = audited.module("@shop/basket");
        assert_eq!(module["version"], "1.2.0");
        let direct = ["pkg:npm/debug@4.4.3", "pkg:npm/is-odd@3.0.1", "pkg:npm/left-pad@1.3.0", "pkg:npm/mkdirp@1.0.4"];
        assert_eq!(purls(module, true), direct, "{directory}");
        let mut all = direct.to_vec();
        all.extend(["pkg:npm/is-number@6.0.0", "pkg:npm/ms@2.1.3"]);
        all.sort_unstable();
        assert_eq!(purls(module, false), all, "{directory}");
        let edges = edges(module);
        assert_eq!(edges["pkg:npm/debug@4.4.3"], ["pkg:npm/ms@2.1.3"], "{directory}");
        assert_eq!(edges["pkg:npm/is-odd@3.0.1"], ["pkg:npm/is-number@6.0.0"], "{directory}");
        let odd = component(module, "is-odd");
        if has_hashes {
            assert_eq!(odd["hashes"][0]["alg"], "SHA-512", "{directory}");
            let hex = odd["hashes"][0]["content"].as_str().unwrap();
            assert!(hex.starts_with("090a6758fac3c2") && hex.len() == 128, "{directory}: {hex}");
        } else {
            assert!(odd.get("hashes").is_none(), "the digest of yarn's own archive is not the package's");
        }
        assert_eq!(component(module, "mkdirp")["scope"] == "excluded", is_dev_known, "{directory}");
        assert!(audited.findings.is_empty(), "{directory}: {:?}", audited.findings);
    }
    // Licences stand in npm's own lock file, from its second version on.
    let npm = audit(&sample("npm-v3"), whole());
    let licence = &component(npm.module("@shop/basket"), "debug")["licenses"];
    assert_eq!(licence.to_string(), r#"[{"license":{"id":"MIT"}}]"#);
}

#[test]
fn without_being_asked_the_bill_lists_what_the_module_asks_for() {
    let audited = audit(&sample("npm-v3"), sealbook_inspect::ModuleOptions::default());
    let module = audited.module("@shop/basket");
    assert_eq!(purls(module, false).len(), 4);
    assert_eq!(module["dependencies"]["direct"], 4);
    assert_eq!(module["dependencies"]["all"], 6);
    assert_eq!(module["bom"]["aggregate"], "incomplete");
    let all = audit(&sample("npm-v3"), whole());
    assert_eq!(all.module("@shop/basket")["bom"]["aggregate"], "complete");
}

#[test]
fn cargo_locks_give_versions_digests_and_duplicates() {
    let audited = audit(&sample("cargo"), whole());
    let module = audited.module("basket");
    assert_eq!(module["bom"]["component"]["licenses"].to_string(), r#"[{"expression":"MIT OR Apache-2.0"}]"#);
    let direct = purls(module, true);
    assert_eq!(direct.len(), 5, "{direct:?}");
    assert!(direct.iter().filter(|purl| purl.starts_with("pkg:cargo/hashbrown@0.1")).count() == 2, "{direct:?}");
    for component in module["bom"]["components"].as_array().unwrap() {
        assert_eq!(component["hashes"][0]["alg"], "SHA-256");
    }
    assert_eq!(component(module, "either")["scope"], "excluded");
    let duplicate = &audited.of("module.dependency.duplicate")[0];
    assert_eq!(duplicate.metadata["packages"][0]["name"], "hashbrown");
    assert_eq!(duplicate.location.as_ref().unwrap().path, "Cargo.lock");
}

#[test]
fn uv_poetry_and_lists_of_requirements_are_read() {
    let uv = audit(&sample("uv"), whole());
    let module = uv.module("basket");
    assert_eq!(module["version"], "2.0.0");
    let purls = purls(module, false);
    for purl in ["pkg:pypi/click@8.1.8", "pkg:pypi/click@8.5.1", "pkg:pypi/sortedcontainers@2.4.0"] {
        assert!(purls.iter().any(|it| it == purl), "{purl} is not in {purls:?}");
    }
    assert!(purls.iter().any(|purl| purl.starts_with("pkg:pypi/typing-extensions@")), "{purls:?}");
    assert_eq!(component(module, "iniconfig")["scope"], "excluded");
    assert!(uv.of("module.dependency.missing").is_empty());

    let listed = audit(&sample("requirements"), whole());
    let module = listed.module("requirements");
    let click = component(module, "click");
    assert_eq!(click["hashes"].as_array().unwrap().len(), 2);
    assert_eq!(click["purl"], "pkg:pypi/click@8.1.8");
    assert!(listed.findings.is_empty(), "all of it is pinned: {:?}", listed.findings);

    let tree = Tree::new();
    tree.write("pyproject.toml", std::fs::read(sample("poetry/pyproject.toml")).unwrap());
    tree.write(
        "poetry.lock",
        "[[package]]\nname = \"click\"\nversion = \"8.1.8\"\ngroups = [\"main\"]\nfiles = [{file = \"click.whl\", hash = \
         \"sha256:63c132bbbed01578a06712a2d1f497bb62d9c1c0d329b7903a866228027263b2\"}]\n\n[package.dependencies]\n\
         Colorama = {version = \"*\", markers = \"x\"}\n\n[[package]]\nname = \"colorama\"\nversion = \"0.4.6\"\n\n\
         [[package]]\nname = \"typing_extensions\"\nversion = \"4.1.0\"\n\n[[package]]\nname = \"iniconfig\"\n\
         version = \"2.0.0\"\ngroups = [\"dev\"]\n\n[metadata]\nlock-version = \"2.1\"\n",
    );
    let poetry = audit(tree.path(), whole());
    let module = poetry.module("basket");
    assert_eq!(edges(module)["pkg:pypi/click@8.1.8"], ["pkg:pypi/colorama@0.4.6"]);
    assert_eq!(module["dependencies"]["direct"], 3);
    assert!(poetry.findings.is_empty(), "{:?}", poetry.findings);
}

#[test]
fn go_modules_are_read_with_their_sums() {
    let audited = audit(&sample("go"), whole());
    let module = audited.module("example.org/basket");
    assert_eq!(
        purls(module, true),
        ["pkg:golang/github.com/google/uuid@v1.6.0", "pkg:golang/github.com/spf13/cobra@v1.8.0"]
    );
    assert_eq!(purls(module, false).len(), 4);
    assert_eq!(component(module, "uuid")["hashes"][0]["content"].as_str().unwrap().len(), 64);
    assert!(audited.findings.is_empty(), "{:?}", audited.findings);
}

#[test]
fn maven_projects_are_read_with_properties_and_managed_versions() {
    let tree = Tree::new();
    tree.write(
        "pom.xml",
        r#"<?xml version="1.0"?><project xmlns="http://maven.apache.org/POM/4.0.0">
        <groupId>org.example</groupId><artifactId>shop</artifactId><version>${revision}</version>
        <properties><revision>3.1</revision><slf4j>2.0.13</slf4j><self>${self}</self></properties>
        <licenses><license><name>Apache-2.0</name></license></licenses>
        <dependencyManagement><dependencies><dependency><groupId>junit</groupId><artifactId>junit</artifactId>
          <version>4.13.2</version></dependency></dependencies></dependencyManagement>
        <dependencies>
          <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-api</artifactId><version>${slf4j}</version></dependency>
          <dependency><groupId>junit</groupId><artifactId>junit</artifactId><scope>test</scope></dependency>
          <dependency><groupId>org.example</groupId><artifactId>moves</artifactId><version>1.0-SNAPSHOT</version></dependency>
          <dependency><groupId>org.example</groupId><artifactId>odd</artifactId><version>${self}</version></dependency>
        </dependencies></project>"#,
    );
    let audited = audit(tree.path(), whole());
    let module = audited.module("org.example:shop");
    assert_eq!(module["version"], "3.1");
    let purls = purls(module, true);
    assert!(purls.contains(&"pkg:maven/org.slf4j/slf4j-api@2.0.13".to_owned()), "{purls:?}");
    assert_eq!(component(module, "junit")["version"], "4.13.2");
    assert_eq!(component(module, "junit")["scope"], "excluded");
    let unpinned = audited.of("module.dependency.unpinned");
    assert_eq!(unpinned[0].metadata["packages"][0]["name"], "org.example:moves");
    assert_eq!(unpinned.len(), 1);

    tree.write(
        "gradle.lockfile",
        "# c\norg.slf4j:slf4j-api:2.0.13=compileClasspath\njunit:junit:4.13.2=testRuntimeClasspath\nempty=\n",
    );
    assert!(audit(tree.path(), whole()).coverage.is_complete());
    std::fs::remove_file(tree.at("gradle.lockfile")).unwrap();
    tree.write(
        "lockfile.json",
        r#"{"groupId":"org.example","artifactId":"shop","dependencies":[{"groupId":"org.slf4j","artifactId":"slf4j-api",
        "version":"2.0.13","checksumAlgorithm":"SHA-256","checksum":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "scope":"compile","children":[{"groupId":"a","artifactId":"b","version":"1"}]}]}"#,
    );
    let locked = audit(tree.path(), whole());
    assert_eq!(edges(locked.module("org.example:shop"))["pkg:maven/org.slf4j/slf4j-api@2.0.13"], ["pkg:maven/a/b@1"]);
}

#[test]
fn what_nothing_pins_is_found_once_by_manifest() {
    let tree = Tree::new();
    tree.write("api/package.json", r#"{"name":"api","dependencies":{"a":"^1.0.0","b":"*"}}"#);
    tree.write("web/package.json", r#"{"name":"web","dependencies":{"c":"1.0.0","new":"2.0.0"}}"#);
    tree.write(
        "web/package-lock.json",
        r#"{"lockfileVersion":3,"packages":{"":{"dependencies":{"c":"1.0.0"}},"node_modules/c":{"version":"1.0.0"}}}"#,
    );
    tree.write("tool/requirements.txt", "flask\nrequests>=2\nclick==8.1.8\ngit+https://example.org/x.git#egg=x\n");
    let audited = audit(tree.path(), whole());
    assert_eq!(audited.of("module.dependency.unlocked").len(), 1);
    assert_eq!(audited.of("module.dependency.unlocked")[0].location.as_ref().unwrap().path, "api/package.json");
    assert_eq!(audited.of("module.dependency.missing")[0].metadata["packages"][0]["name"], "new");
    let unpinned = audited.of("module.dependency.unpinned");
    let manifests: Vec<&str> = unpinned.iter().map(|it| it.location.as_ref().unwrap().path.as_str()).collect();
    assert_eq!(manifests, ["api/package.json", "tool/requirements.txt"]);
    assert_eq!(audited.module("api")["bom"]["aggregate"], "unknown");
    let tool = audited.module("tool");
    assert_eq!(tool["bom"]["aggregate"], "unknown", "nothing says which version of requests that is");
    assert_eq!(component(tool, "requests")["properties"][0]["value"], ">=2");
    assert_eq!(component(tool, "click")["evidence"]["occurrences"][0]["location"], "tool/requirements.txt");
    assert!(component(tool, "click").get("properties").is_none());
}

#[test]
fn a_lock_file_speaks_of_the_members_of_its_workspace_alone() {
    let tree = Tree::new();
    tree.write("pyproject.toml", "[project]\nname = \"shop\"\nversion = \"1\"\ndependencies = [\"click\"]\n");
    tree.write(
        "uv.lock",
        "version = 1\n[[package]]\nname = \"shop\"\nversion = \"1\"\nsource = { editable = \".\" }\ndependencies = \
         [{ name = \"click\" }]\n[[package]]\nname = \"part\"\nversion = \"1\"\nsource = { editable = \"part\" }\n\
         dependencies = [{ name = \"click\" }]\n[[package]]\nname = \"click\"\nversion = \"8.1.8\"\nsource = { registry = \
         \"https://example.org/simple\" }\n",
    );
    let other = |name: &str| format!("[project]\nname = \"{name}\"\nversion = \"1\"\ndependencies = [\"celery\"]\n");
    tree.write("queue/pyproject.toml", other("queue"));
    tree.write("queue/requirements.txt", "celery==5.2.7\n");
    tree.write("part/pyproject.toml", other("part"));
    tree.write("web/package.json", r#"{"name":"web","dependencies":{"c":"1.0.0"}}"#);
    tree.write(
        "package-lock.json",
        r#"{"lockfileVersion":3,"packages":{"":{"dependencies":{}},"ui":{"name":"ui","dependencies":{}}}}"#,
    );
    let audited = audit(tree.path(), whole());
    let missing = audited.of("module.dependency.missing");
    let paths: Vec<&str> = missing.iter().map(|it| it.location.as_ref().unwrap().path.as_str()).collect();
    assert_eq!(paths, ["part/pyproject.toml"], "what is a member, and is not in the lock file");
    assert!(purls(audited.module("queue"), true).contains(&"pkg:pypi/celery@5.2.7".to_owned()));
}

#[test]
fn what_pnpm_9_brings_for_developers_alone_is_excluded() {
    let tree = Tree::new();
    tree.write("package.json", r#"{"name":"shop","dependencies":{"a":"1.0.0"},"devDependencies":{"d":"1.0.0"}}"#);
    tree.write(
        "pnpm-lock.yaml",
        "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a: {specifier: 1.0.0, version: 1.0.0}\n    \
         devDependencies:\n      d: {specifier: 1.0.0, version: 1.0.0}\npackages:\n  a@1.0.0: {resolution: {}}\n  b@1.0.0: \
         {resolution: {}}\n  d@1.0.0: {resolution: {}}\n  e@1.0.0: {resolution: {}}\nsnapshots:\n  a@1.0.0:\n    \
         dependencies: {b: 1.0.0}\n  b@1.0.0: {}\n  d@1.0.0:\n    dependencies: {b: 1.0.0, e: 1.0.0}\n  e@1.0.0: {}\n",
    );
    let audited = audit(tree.path(), whole());
    let scope = |name: &str| component(audited.module("shop"), name)["scope"].as_str().unwrap().to_owned();
    assert_eq!(["a", "b", "d", "e"].map(scope), ["required", "required", "excluded", "excluded"]);
}

#[test]
fn members_share_the_lock_file_above_them() {
    let tree = Tree::new();
    tree.write("Cargo.toml", "[workspace]\nmembers = [\"a\", \"b\"]\n");
    tree.write(
        "a/Cargo.toml",
        "[package]\nname = \"a\"\nversion = \"0.1.0\"\n[dependencies]\nb = { path = \"../b\" }\nitoa = \"1\"\n",
    );
    tree.write("a/src/lib.rs", "pub fn a() {}\n");
    tree.write("b/Cargo.toml", "[package]\nname = \"b\"\nversion.workspace = true\n");
    tree.write("b/src/lib.rs", "pub fn b() {}\n");
    tree.write(
        "Cargo.lock",
        "version = 4\n[[package]]\nname = \"a\"\nversion = \"0.1.0\"\ndependencies = [\"b\", \"itoa\"]\n[[package]]\nname = \
         \"b\"\nversion = \"0.9.0\"\n[[package]]\nname = \"itoa\"\nversion = \"1.0.1\"\nsource = \
         \"registry+https://github.com/rust-lang/crates.io-index\"\n",
    );
    let audited = audit(tree.path(), whole());
    assert_eq!(audited.names(), ["a", "b"], "what only holds others together is none");
    assert_eq!(
        purls(audited.module("a"), true),
        ["none", "pkg:cargo/itoa@1.0.1"],
        "a package of the tree is in no registry"
    );
    assert_eq!(audited.module("b")["version"], "0.9.0");
    assert!(audited.findings.is_empty(), "{:?}", audited.findings);
}

#[test]
fn what_lies_at_an_address_makes_no_bill_complete() {
    let tree = Tree::new();
    let pinned = "click==8.1.8\n";
    tree.write("a/requirements.txt", pinned);
    tree.write("b/requirements.txt", format!("{pinned}jinja2 @ https://example.org/Jinja2-2.10.tar.gz\n"));
    let commit = "c".repeat(40);
    tree.write("c/requirements.txt", format!("{pinned}git+https://example.org/x.git@{commit}#egg=jinja2\n"));
    let audited = audit(tree.path(), whole());
    let said: Vec<&Value> = ["a", "b", "c"].iter().map(|name| &audited.module(name)["bom"]["aggregate"]).collect();
    assert_eq!(said, ["complete", "unknown", "unknown"]);
}
