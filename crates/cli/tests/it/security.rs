//! `sealbook security` and `sealbook suppress`: what lets others in, and what is lived with.

use serde_json::Value;

use crate::fixture::{Place, git};

/// A token of a known form, put together here so that this file holds none.
fn token() -> String {
    ["AK", "IA", "QK7ZB3WMD2LXN5VC"].concat()
}

fn shop() -> Place {
    let place = Place::new();
    place.write("deploy.sh", format!("export KEY={}\n", token()));
    place
}

fn findings(said: &Value) -> Vec<String> {
    let list = said["run"]["findings"].as_array().unwrap();
    list.iter().map(|it| it["rule"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_secret_ends_with_one_and_is_nowhere_in_what_is_said_or_sealed() {
    let place = shop();
    let ended = place.run(["security"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.out.contains("secret.aws-access-key-id") && ended.out.contains("deploy.sh"), "{}", ended.out);
    assert!(!ended.out.contains(&token()) && !ended.err.contains(&token()));
    assert!(!place.ok(["export"]).contains(&token()));
    assert_eq!(place.run(["repo", "--fail-on", "never"]).code, 0);
}

#[test]
fn no_rule_and_no_advisory_end_with_three() {
    let place = shop();
    place.write("rules.toml", "title = \"none\"\n");
    std::fs::create_dir(place.project().join("advisories")).unwrap();
    let ended = place.run(["security", "--rules", "rules.toml"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.out.contains("no_rules"), "{}", ended.out);
    let ended = place.run(["repo", "--advisories", "advisories"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.out.contains("no_advisories"), "{}", ended.out);
    let ended = place.run(["security", "--rules", "missing.toml"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.err.contains("missing.toml"), "{}", ended.err);
}

#[test]
fn a_finding_is_suppressed_with_reason_author_and_end_and_comes_back() {
    let place = shop();
    assert_eq!(findings(&place.json(["security", "--fail-on", "never"])), ["secret.aws-access-key-id"]);
    let rule = "secret.aws-access-key-id";
    let ended = place.run(["suppress", rule, "--reason", "rotated on Monday"]);
    assert_eq!(ended.code, 2, "an end is needed: {ended:?}");
    let ended = place.run(["suppress", rule, "--reason", "rotated", "--until", "2020-01-01"]);
    assert!(ended.code == 2 && ended.err.contains("past"), "{ended:?}");
    place.ok(["suppress", rule, "--path", "deploy.sh", "--reason", "rotated on Monday", "--until", "2999-01-01"]);
    let said = place.json(["security"]);
    assert_eq!(findings(&said), ["suppression"]);
    let told = said["run"]["findings"][0]["message"].as_str().unwrap();
    assert!(told.contains("rotated on Monday") && told.contains("ann") && told.contains("2999-01-01"), "{told}");
    let id = said["run"]["findings"][0]["metadata"]["suppressed"][0]["finding"].as_str().unwrap().to_owned();
    place.ok(["suppress", &id, "--lift", "--reason", "it was not rotated"]);
    assert_eq!(findings(&place.json(["security", "--fail-on", "never"])), [rule]);
    let ended = place.run(["suppress", "git.hotspot", "--reason", "x", "--until", "2999-01-01"]);
    assert!(ended.code == 2 && ended.err.contains("no finding"), "{ended:?}");
    assert_ne!(place.run(["append", "finding.suppressed"]).code, 0);
}

#[test]
fn what_is_committed_is_read_whatever_the_tree_says_and_no_ignore_reads_the_rest() {
    let place = Place::new();
    let project = place.project();
    for name in [".env", ".sealbook/deploy.sh", "build/x.sh", "other/y.sh"] {
        place.write(name, format!("export KEY={}\n", token()));
    }
    place.write(".ignore", "*\n");
    place.write(".gitignore", ".env\nbuild/\n");
    git(&project, &["init", "-q"]);
    git(&project, &["add", "-f", ".ignore", ".gitignore", ".env", ".sealbook/deploy.sh"]);
    git(&project, &["commit", "-q", "-m", "all"]);
    let paths = |said: &Value| {
        let list = said["run"]["findings"].as_array().unwrap().iter();
        let mut paths: Vec<String> = list
            .filter(|it| it["rule"] == "secret.aws-access-key-id" && it["metadata"]["in_tree"] != false)
            .map(|it| it["location"]["path"].as_str().unwrap().to_owned())
            .collect();
        paths.sort();
        paths.dedup();
        paths
    };
    let said = place.json(["security", "--fail-on", "never"]);
    assert_eq!(paths(&said), [".env", ".sealbook/deploy.sh", "other/y.sh"]);
    assert!(!said.to_string().contains("not in the tree any more"), "{said}");
    let all = [".env", ".sealbook/deploy.sh", "build/x.sh", "other/y.sh"];
    assert_eq!(paths(&place.json(["security", "--fail-on", "never", "--no-ignore"])), all);
    assert_eq!(paths(&place.json(["repo", "--fail-on", "never", "--no-ignore"])), all);
}
