//! Keys: listed, published, rotated, revoked.

use std::os::unix::fs::PermissionsExt;

use crate::fixture::Place;

#[test]
fn a_key_file_that_is_gone_is_named_with_the_mend() {
    let place = Place::new();
    place.make_approver();
    for file in std::fs::read_dir(place.home().join("keys")).unwrap() {
        let path = file.unwrap().path();
        if path.file_name().unwrap().to_str().unwrap().starts_with("record-") {
            std::fs::remove_file(path).unwrap();
        }
    }
    let ended = place.run(["append", "--action", "a", "--target", "t"]);
    assert_eq!(ended.code, 2);
    assert!(ended.err.starts_with("error[key_missing]: the record key "), "{ended:?}");
    assert!(ended.err.contains("sealbook key rotate record"), "{ended:?}");
    place.approved(&["key", "rotate", "record"]);
    place.append(&["--action", "a", "--target", "t"]);
}

fn states(place: &Place) -> Vec<(String, bool, bool)> {
    let keys = place.json(["key", "list"]);
    let keys = keys["keys"].as_array().unwrap().iter();
    keys.map(|key| {
        (key["role"].as_str().unwrap().to_owned(), key["until_seq"].is_null(), !key["revoked_since"].is_null())
    })
    .collect()
}

#[test]
fn a_rotation_retires_the_old_keys_and_is_told() {
    let place = Place::new();
    place.make_approver();
    let old = place.ok(["key", "public"]);
    place.approved(&["key", "rotate", "--reason", "yearly"]);
    let states = states(&place);
    assert_eq!(states.iter().filter(|(_, active, _)| *active).count(), 3);
    assert_eq!(states.len(), 5);
    assert_ne!(place.ok(["key", "public"]), old);
    let told = place.json(["query", "--action", "key.*", "--ascending"]);
    let actions: Vec<&str> =
        told["records"].as_array().unwrap().iter().map(|r| r["record"]["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["key.add", "key.add", "key.retire", "key.add", "key.retire"]);
    assert_eq!(told["records"][1]["record"]["reason"], "yearly");
    place.append(&["--action", "a", "--target", "t"]);
}

#[test]
fn one_role_alone_can_be_rotated_and_a_revoked_key_is_in_doubt() {
    let place = Place::new();
    place.make_approver();
    place.approved(&["key", "rotate", "record"]);
    place.append(&["--action", "a", "--target", "t"]);
    let keys = place.json(["key", "list"]);
    let active = keys["keys"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["role"] == "record" && key["until_seq"].is_null())
        .unwrap();
    let fingerprint = &active["fingerprint"].as_str().unwrap()[..8];
    // Without a record key nothing more could be sealed: the mend is named before it is too late.
    for refused in [&["key", "revoke", fingerprint, "--since", "2"][..], &["key", "retire", fingerprint]] {
        let ended = place.run(refused);
        assert_eq!(ended.code, 2);
        assert!(
            ended.err.contains("the only record key") && ended.err.contains("sealbook key rotate record"),
            "{ended:?}"
        );
    }
    place.approved(&["key", "rotate", "record"]);
    place.approved(&["key", "revoke", fingerprint, "--since", "2", "--reason", "stolen"]);
    assert_eq!(states(&place).iter().filter(|(_, _, revoked)| *revoked).count(), 1);
    place.append(&["--action", "a", "--target", "t"]);
}

#[test]
fn private_keys_are_printed_nowhere() {
    let place = Place::new();
    let seeds: Vec<String> = std::fs::read_dir(place.home().join("keys"))
        .unwrap()
        .map(|key| std::fs::read_to_string(key.unwrap().path()).unwrap())
        .filter_map(|text| text.lines().find_map(|line| line.strip_prefix("seed: ").map(str::to_owned)))
        .collect();
    assert_eq!(seeds.len(), 2);
    for arguments in [&["key", "list"][..], &["key", "public"], &["status"], &["head"], &["show", "0"]] {
        for format in ["terminal", "json"] {
            let out = place.ok(arguments.iter().chain(&["--format", format]));
            assert!(seeds.iter().all(|seed| !out.contains(seed)));
        }
    }
}

#[test]
fn changes_of_keys_need_an_approver() {
    let place = Place::new();
    for arguments in [&["key", "rotate"][..], &["key", "retire", "0000"], &["rules", "disable", "guard-files"]] {
        let ended = place.run(arguments);
        assert_eq!(ended.code, 2);
        assert!(ended.err.starts_with("error[approver_missing]") || ended.err.contains("no active"), "{ended:?}");
    }
    place.make_approver();
    let key = place.approver_file();
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    let before = place.json(["key", "list"]);
    let ended = place.run_with(["key", "rotate", "--passphrase-fd", "0"], "another one\n");
    assert!(ended.err.starts_with("error[passphrase_wrong]"), "{ended:?}");
    assert_eq!(place.json(["key", "list"]), before);
    // Without a terminal nobody is asked, and an agent is not asked at all.
    assert_eq!(place.run(["key", "rotate", "--actor", "user:boss"]).code, 2, "nobody decides under another name");
    place.configure("actor = \"agent:builder\"\n");
    let ended = place.run(["key", "rotate"]);
    assert!(ended.err.starts_with("error[approver_no_person]"), "{ended:?}");
    place.configure("actor = \"ann\"\n");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let ended = place.run_with(["key", "rotate", "--passphrase-fd", "0"], "correct horse\n");
    assert!(ended.err.starts_with("error[key_mode_loose]"), "{ended:?}");
}

#[test]
fn another_approver_is_named_by_one_who_is_believed() {
    let place = Place::new();
    place.make_approver();
    let second = place.beside("second");
    std::fs::write(&second, "second phrase\n").unwrap();
    let new = ["key", "approver", "--new-passphrase-file", second.to_str().unwrap()];
    let ended = place.run_with(new.iter().chain(&["--passphrase-fd", "0"]), "wrong phrase\n");
    assert!(ended.err.starts_with("error[passphrase_wrong]"), "{ended:?}");
    let first = place.approver_file();
    place.approved(&new);
    // The first goes; the second changes rules alone.
    let fingerprint = first.file_stem().unwrap().to_str().unwrap().strip_prefix("approver-").unwrap().to_owned();
    place.approved(&["key", "retire", &fingerprint]);
    let ended = place.run_with(["rules", "disable", "guard-files", "--passphrase-fd", "0"], "correct horse\n");
    assert!(ended.err.starts_with("error[passphrase_wrong]"), "{ended:?}");
    let ended = place.run_with(["rules", "disable", "guard-files", "--passphrase-fd", "0"], "second phrase\n");
    assert_eq!(ended.code, 0, "{ended:?}");
    let left = place.json(["key", "list"]);
    let left =
        left["keys"].as_array().unwrap().iter().find(|key| key["role"] == "approver" && key["until_seq"].is_null());
    let left = left.unwrap()["fingerprint"].as_str().unwrap()[..8].to_owned();
    let ended = place.run_with(["key", "retire", &left, "--passphrase-fd", "0"], "second phrase\n");
    assert!(ended.err.contains("last approver"), "{ended:?}");
    assert_eq!(place.run(["verify"]).code, 0);
}
