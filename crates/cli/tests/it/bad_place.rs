//! A disk that is full, a book that cannot be written, a book from a newer version: said, and nothing lost.
//!
//! The first two are real, in a mount namespace of their own, so that nothing of them is left on the
//! machine. Where the machine lets nobody mount, these two end at once; `store` has the same with a
//! disk that is played.

use std::os::unix::fs::FileExt;
use std::process::Command;

use crate::fixture::{Ended, Place, end};

/// Runs a shell line in a namespace in which one may mount; `None` where nobody may.
fn in_namespace(place: &Place, line: &str) -> Option<Ended> {
    let shell = |line: &str| {
        let program = place.command([""; 0]);
        let mut command = Command::new("unshare");
        command.args(["-rm", "/bin/sh", "-c", line]).arg(program.get_program());
        command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.env("PLACE", place.beside("")).current_dir(place.project());
        end(&mut command, b"")
    };
    if shell("mount -t tmpfs -o size=1m none /mnt").code != 0 {
        return None;
    }
    Some(shell(line))
}

#[test]
fn a_full_disk_is_said_and_the_book_verifies() {
    let place = Place::empty();
    let line =
        |n| format!("{{\"action\":\"a\",\"target\":\"t{n}\",\"actor\":\"ann\",\"input\":\"{}\"}}\n", "x".repeat(2_000));
    place.write("many.jsonl", (0..5_000).map(line).collect::<String>());
    // 10 MB of records on a disk of 8; room is made in the end.
    let script = r#"
        mkdir -p "$SEALBOOK_HOME" && mount -t tmpfs -o size=8m none "$SEALBOOK_HOME" || exit 90
        "$0" init --quiet || exit 91
        head -c 2000000 /dev/zero > "$SEALBOOK_HOME/ballast"
        "$0" import many.jsonl; echo "import $?"
        "$0" import many.jsonl 2>/dev/null; echo "again $?"
        cat /dev/zero > "$SEALBOOK_HOME/rest" 2>/dev/null
        "$0" append --action a --target t; echo "one more $?"
        "$0" verify --format json > verified.json; echo "verify $?"
        "$0" head --quiet > /dev/null; echo "head $?"
        "$0" query --limit 1 --quiet > /dev/null; echo "query $?"
        "$0" export --quiet > exported.jsonl; echo "export $?"
        rm "$SEALBOOK_HOME/ballast" "$SEALBOOK_HOME/rest"
        "$0" append --action a --target t --quiet > /dev/null; echo "append $?"
        "$0" verify --quiet > /dev/null; echo "in the end $?"
    "#;
    let Some(ended) = in_namespace(&place, script) else { return };
    assert_eq!(ended.err.matches("error[disk_full]: ").count(), 2, "of the import and the one more: {ended:?}");
    assert_eq!(ended.err.matches("help: make room and try again").count(), 2, "{ended:?}");
    for said in
        ["import 2", "again 2", "one more 2", "verify 0", "head 0", "query 0", "export 0", "append 0", "in the end 0"]
    {
        assert!(ended.out.contains(said), "{said}: {ended:?}");
    }
    let verified = std::fs::read(place.project().join("verified.json")).unwrap();
    let verified: serde_json::Value = serde_json::from_slice(&verified).unwrap();
    assert_eq!((&verified["valid"], &verified["verified_entries"]), (&true.into(), &verified["size"]));
    let size = verified["size"].as_u64().unwrap();
    let exported = std::fs::read_to_string(place.project().join("exported.jsonl")).unwrap();
    assert_eq!(exported.lines().count() as u64, size - 1, "all that was sealed can be taken along");
    assert!((10..5_000).contains(&size), "some were sealed before the disk was full: {size}");
}

#[test]
fn a_read_only_book_is_read_and_not_written() {
    let place = Place::new();
    place.append(&["--action", "a", "--target", "t"]);
    let script = r#"
        mount --bind "$SEALBOOK_HOME" "$SEALBOOK_HOME" && mount -o remount,ro,bind "$SEALBOOK_HOME" || exit 90
        "$0" append --action b --target t; echo "append $?"
        echo '{"action":"b","target":"t"}' | "$0" import -; echo "import $?"
        "$0" verify --quiet > /dev/null; echo "verify $?"
        "$0" query --action a --format jsonl; echo "query $?"
    "#;
    let Some(ended) = in_namespace(&place, script) else { return };
    assert_eq!(ended.err.matches("error[book_read_only]: ").count(), 2, "{ended:?}");
    assert_eq!(ended.err.matches("\nhelp: ").count(), 2, "{ended:?}");
    for said in ["append 2", "import 2", "verify 0", "\"action\":\"a\"", "query 0"] {
        assert!(ended.out.contains(said), "{said}: {ended:?}");
    }
    assert_eq!(place.json(["verify"])["size"], 2);
    place.append(&["--action", "b", "--target", "t"]);
}

#[test]
fn a_book_from_a_newer_version_is_left_alone() {
    let place = Place::new();
    place.append(&["--action", "a", "--target", "t"]);
    let path = place.book().join("ledger.db");
    for beside in ["ledger.db-wal", "ledger.db-shm"] {
        let _ = std::fs::remove_file(place.book().join(beside));
    }
    // The format is SQLite's `user_version`: four bytes at offset 60 of the file.
    let write = |format: u32| {
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.write_all_at(&format.to_be_bytes(), 60).unwrap();
    };
    write(99);
    let before = std::fs::read(&path).unwrap();
    for arguments in [
        &["append", "--action", "b", "--target", "t"][..],
        &["query"],
        &["verify"],
        &["status"],
        &["repo"],
        &["export"],
    ] {
        let ended = place.run(arguments);
        assert_eq!(ended.code, 2, "{arguments:?}: {ended:?}");
        assert!(ended.err.contains("error[book_too_new]: ") && ended.err.contains("format 99"), "{ended:?}");
        assert!(ended.err.contains("help: use a newer sealbook"), "{ended:?}");
        assert_eq!(std::fs::read(&path).unwrap(), before, "{arguments:?} touched it");
    }
    write(2);
    assert_eq!(place.json(["verify"])["size"], 2);
    place.append(&["--action", "b", "--target", "t"]);
}

#[test]
fn a_gateway_that_begins_on_a_full_disk_refuses_and_says_so_to_the_client() {
    let place = Place::empty();
    // The server writes down what reaches it, and answers nothing.
    let script = r#"
        mkdir -p "$SEALBOOK_HOME" && mount -t tmpfs -o size=8m none "$SEALBOOK_HOME" || exit 90
        "$0" init --quiet || exit 91
        "$0" append --action a --target t --quiet > /dev/null || exit 92
        cat /dev/zero > "$SEALBOOK_HOME/rest" 2>/dev/null
        call='{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"drop"}}'
        echo "$call" | "$0" wrap -- sh -c 'cat > reached' > answers; echo "wrap $?"
        # What the gateway gave back when it ended is taken too.
        cat /dev/zero >> "$SEALBOOK_HOME/rest" 2>/dev/null
        size() { "$0" head 2>/dev/null | sed -n 2p; }
        before=$(size)
        echo '{"hook_event_name":"PreToolUse","session_id":"s","tool_use_id":"u","tool_name":"Bash","tool_input":{"command":"ls"}}' | "$0" hook claude-code > hook.out 2> hook.err; echo "hook $? $(( $(size) - before ))"
        rm "$SEALBOOK_HOME/rest"
        echo "$call" | "$0" wrap -- sh -c 'cat > reached.later' > /dev/null; echo "later $?"
        "$0" verify --quiet > /dev/null; echo "verify $?"
    "#;
    let Some(ended) = in_namespace(&place, script) else { return };
    let answers = std::fs::read_to_string(place.project().join("answers")).unwrap();
    assert!(
        answers.contains("\"id\":1") && answers.contains("\"isError\":true") && answers.contains("disk_full"),
        "{answers} {ended:?}"
    );
    assert_eq!(std::fs::read(place.project().join("reached")).unwrap(), b"", "the server saw it");
    assert!(std::fs::read_to_string(place.project().join("reached.later")).unwrap().contains("drop"));
    // The book's own files may have room left: then it is on record, and else it is refused.
    let hook = std::fs::read_to_string(place.project().join("hook.out")).unwrap();
    let is_refused = hook.contains("\"deny\"") && hook.contains("disk_full") && ended.out.contains("hook 0 0");
    assert!(is_refused || ended.out.contains("hook 0 1"), "{hook} {ended:?}");
    for said in ["wrap 0", "later 0", "verify 0"] {
        assert!(ended.out.contains(said), "{said}: {ended:?}");
    }
}
