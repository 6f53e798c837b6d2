use super::*;

fn all(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    any_command(text, &mut |words| {
        all.push(words.join("|"));
        false
    });
    all
}

fn runs(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    any_run(text, &mut |run| {
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
