use super::*;

fn all(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    any_command(text, &mut Room::default(), &mut |words, targets| {
        all.extend(Some([words, targets].concat().join("|")).filter(|words| !words.is_empty()));
        false
    });
    all
}

fn runs(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    any_run(text, &mut Room::default(), &mut |run| {
        if !run.is_code {
            all.push(run.words.join("|") + if run.is_open { "…" } else { "" });
        }
        false
    });
    all
}

#[test]
fn quotes_escapes_and_continued_lines_hide_nothing() {
    for (text, commands) in [
        ("a b", &["a|b"][..]),
        ("a \\\n  b; c", &["a|b", "c"]),
        ("a'b'\"c\" 'd e'", &["abc|d e"]),
        ("x=1 s\\ealbook && y >z", &["x=1|sealbook", "y|z"]),
        ("git commit -m \"a b\"", &["git|commit|-m|a b"]),
        ("bash -lc \"a 'b c'\"", &["bash|-lc|a 'b c'", "a|b c", "b|c"]),
        ("ls \"$(a b)\"", &["ls|$", "a|b"]),
        ("ls $(a \")\" b) c", &["ls|$|c", "a|)|b"]),
        ("ls `a b` c", &["ls|$|c", "a|b"]),
        ("ls ${HOME}/x a${IFS}b", &["ls|$HOME/x|a|b"]),
        ("ls a{b,c{d,e}}f {} {g}", &["ls|abf|acdf|acef|{}|{g}"]),
        ("a # it's\nb", &["a", "b"]),
        ("a >&2 b 2>/dev/null <in <(c d)", &["a|b|2|/dev/null", "c|d"]),
        ("sh <<'E' | x\na b\nE\nc", &["sh", "a|b", "x", "a|b", "c"]),
        ("'open", &["open"]),
        ("", &[]),
    ] {
        assert_eq!(all(text), commands, "{text}");
    }
    let braces = "{a,b}".repeat(10_000);
    assert_eq!(all(&braces).len(), 1);
    assert!(all(&"$(".repeat(10_000)).len() < 100);
}

#[test]
fn programs_that_run_others_hide_nothing() {
    for (text, ran) in [
        ("env -i A=b p q", &["p|q"][..]),
        ("A=b sudo -u x nice -n 5 timeout -k 3 10 p q", &["p|q"]),
        ("sudo --strange x p", &["x|p", "p"]),
        ("if ! p; then q; fi", &["p", "q", "fi"]),
        (
            "find . -name x -exec p {} q \\; -o -delete",
            &["find|.|-name|x|-exec|p|{}|q|;|-o|-delete", "p|{}|q…", "p|.|-name|x|q…"],
        ),
        ("echo a b | xargs -n 1 p", &["echo|a|b", "p…", "p|a|b…"]),
        ("echo 'p q' | sh", &["echo|p q", "p|q", "p|q"]),
        ("sh <<E\np q\nE", &["p|q"]),
        ("cat <<E\np q\nE", &["cat"]),
        ("ssh -p 22 host 'p q'", &["p|q"]),
        ("bash -lc 'p q'", &["p|q"]),
        ("eval p q", &["p|q"]),
        ("x $(p q)", &["p|q", "x|$"]),
        ("cargo run -q -p sealbook-cli -- p q", &["cargo|run|-q|-p|sealbook-cli|--|p|q", "sealbook|p|q"]),
        ("git -c alias.x='!p q' x", &["git|-c|alias.x=!p q|x", "p|q"]),
        ("sealbook exec -- p q", &["sealbook|exec|--|p|q", "p|q"]),
        ("man p q", &["man|p|q"]),
    ] {
        assert_eq!(runs(text), ran, "{text}");
    }
}

#[test]
fn reader_and_shell_agree_on_what_is_quoted() {
    for (text, ran) in [
        ("a $'it\\'s' && p 1", &["a|it's", "p|1"][..]),
        ("$'\\160 \\x71\\u0072'", &["p qr"]),
        ("a \"$(cat <<'E'\nDon't\nE\n)\"; p 1", &["cat", "a|$", "p|1"]),
        ("a \"$(cat <<'E'\n1) Quote \"x\np now\nE\n)\"", &["cat", "a|$"]),
        ("a \"${x%\"${x#?}\"}\"; p 1", &["a|$x", "p|1"]),
        ("x=${1:-\"${2:-a}\"}; p 1", &["p|1"]),
        ("((x=1<<3))\np 1", &["p|1"]),
        ("for ((i=1<<2;i<9;i++)); do :; done\np 1", &["i", "i++", "for", ":", "done", "p|1"]),
        ("a $((1<<2)) $[1<<3]\np 1", &["a|$|$", "p|1"]),
        ("cat <<E\n$(p 1) `q 2` \"\nE\nr", &["p|1", "q|2", "cat", "r"]),
        ("cat <<'E'\n$(p 1)\nE", &["cat"]),
        ("a \"${X:-$(p 1)}\"", &["p|1", "a|$X|$"]),
        ("cat <<E\n E\n'\nE\np 1\n'", &["cat", "p|1", ""]),
        ("a $(case x in y) p 1;; esac) b; q", &["case|x|in|y", "p|1", "esac", "a|$|b", "q"]),
        ("bash -c \"a it\\'s; p 1\"", &["a|it's", "p|1"]),
        ("a $( (b); p 1 ) c", &["b", "p|1", "a|$|c"]),
    ] {
        let mut found = runs(text);
        found.dedup();
        assert_eq!(found, ran, "{text}");
    }
}

#[test]
fn what_is_too_much_to_read_is_not_judged() {
    let is_over = |text: &str| {
        let mut room = Room::default();
        any_run(text, &mut room, &mut |_| false);
        room.is_over()
    };
    for text in [
        format!("{}{}", "x".repeat(800_000), "{a,b}".repeat(12)),
        format!("{}{}\n", "x".repeat(1_000), "{a,b}".repeat(12)).repeat(600),
        "find . -exec ".repeat(1_000),
        "x|xargs ".repeat(16_000),
        "$(".repeat(100_000),
        "((".repeat(100_000),
        "${".repeat(100_000),
        "${x:-\"".repeat(50_000),
        "<(".repeat(100_000),
        "nice ".repeat(100),
        format!("find {}-exec {}", "x ".repeat(1_000), "{} ".repeat(100_000)),
        format!("docker {}", "sealbook ".repeat(100_000)),
        format!("xargs sh -c '{}'", "{} ".repeat(100_000)) + &"|xargs".repeat(9),
        "x<<E\n".repeat(100_000),
        "a|".repeat(200_000),
        format!("echo {{{}}}", "a,".repeat(1_000)),
    ] {
        assert!(is_over(&text), "{}", &text[..16]);
    }
    for text in [
        "{a,b}".repeat(12),
        "{a,b}".repeat(200),
        "$(".repeat(1_000),
        "nice ".repeat(100) + "p",
        "find . -exec ".repeat(1_000),
        "x".repeat(2 << 20),
    ] {
        assert_eq!(is_over(&text), text != "{a,b}".repeat(12), "{}", &text[..5]);
    }
    // Long, and read to the end within the same room: nothing of them is built twice.
    for text in [
        format!("cat <<E{}\n{}\nE\n", "|a".repeat(100_000), "x".repeat(100_000)),
        "python -c ".repeat(90_000),
        "`\\`".repeat(100_000),
        "for c in a b; do ".repeat(20_000),
        format!("for c in a b; do {}", "x $c;".repeat(10_000)),
        "$'\\x41".repeat(100_000),
    ] {
        assert!(!is_over(&text), "{}", &text[..16]);
    }
    for text in ["a b\n".repeat(60_000), format!("rm {}", "a.txt ".repeat(60_000)), "it's { \"".repeat(10_000)] {
        assert!(!is_over(&text), "{}", &text[..5]);
    }
}

#[test]
fn a_loop_whose_values_are_known_is_taken_apart() {
    for (text, ran) in [
        ("for c in a b; do p $c; done", &["for|c|in|a|b", "p|a", "p|b", "done"][..]),
        ("for c in a b; do p \"$c\" > ${c}; done; p $c", &["for|c|in|a|b", "p|a", "p|b", "done", "p|$c"]),
        ("for c in a; do for d in b; do p $c $d; done; done", &["for|c|in|a", "for|d|in|b", "p|a|b", "done"]),
        ("for c in a; do c=b; p $c; done", &["for|c|in|a", "p|$c", "done"]),
        ("for c in $x; do p $c; done", &["for|c|in|$x", "p|$c", "done"]),
        ("for c in a; do p x$c; done", &["for|c|in|a", "p|x$c", "done"]),
        ("while p; do for c in a; do q $c; done; r $c; done", &["p", "for|c|in|a", "q|a", "done", "r|$c", "done"]),
    ] {
        let mut found = runs(text);
        found.dedup();
        assert_eq!(found, ran, "{text}");
    }
}
