use super::*;

const HOME: &str = "/home/u/.local/share/sealbook";

fn touched(text: &str, cwd: Option<&str>) -> bool {
    let places = [format!("{HOME}/books/shop"), format!("{HOME}/keys"), "/srv/audit/k".to_owned()];
    Places::new(&places, &[]).touched_by(text, cwd, &mut Room::default())
}

#[test]
fn a_place_is_known_by_whatever_path_leads_there() {
    for text in [
        "/srv/audit/k",
        "/srv//audit/./k/",
        "/srv/x/../audit/k/record-1.key",
        "file:///srv/audit/k/x",
        "file:///srv/%61udit/k/x",
        "file://localhost/srv/audit%2fk/x",
        "~/.local/share/sealbook/keys",
        "cat $HOME/.local/share/sealbook/./keys/x",
        "cat ${HOME}/.local/share/sealbook/keys/x",
        "cat \"/srv/audit\"/k/x",
        "cat /srv/au\\dit/k/x",
        "tar --file=/srv/audit/k/x",
        "dd if=/dev/null of=/srv/audit/k/x",
        "cd /srv && cat audit/k/x",
        "cd ~/.local/share && rm -rf sealbook",
        "cd ~ 2>/dev/null; rm -rf .local",
        "echo ~/.local | xargs rm -rf",
        "find ~/.local -type f | xargs -0 rm",
        "git -C ~ clean -xdff",
        "cd ~/.local && find -delete",
        "cd ~/.local && git clean -xdf",
        "if cd ~/.local; then rm -rf share; fi",
        "echo > /srv/audit/k/x",
        "cat /srv/aud*/k",
        "cat /srv/**/*.key",
        "cat /srv/**",
        "cat ~/.local/**/*.key",
        "cat ~/**/record-*.key",
        "sh -c 'rm -rf /srv/audit'",
        "rm -rf ~/.local/share",
        "rm -rf ~/.local/share/seal*",
        "rm -rf /srv",
        "mv /srv/audit /tmp/x",
        "find /srv -delete",
        "find /srv -name k -exec rm -rf {} +",
        "rsync -a --delete /empty/ /srv/",
        "rsync -a --remove-source-files /srv/audit /tmp/x",
    ] {
        assert!(touched(text, None), "{text}");
    }
    assert!(touched("rm -rf ../audit", Some("/srv/work")) && touched("k", Some("/srv/audit")));
    assert!(touched("rm -rf share", Some("~/.local")));
}

#[test]
fn what_lies_beside_a_place_is_let_be() {
    for text in [
        "/srv/audit/keys",
        "/srv/auditor",
        "ls /srv",
        "ls ~",
        "find / -name foo.c",
        "sudo find / -maxdepth 2 -perm -4000",
        "cd /; find . -type f | wc -l",
        "rsync -a /srv/ /backup/",
        "rm -rf ~/work/k",
        "rm -rf ~/*",
        "mv a.txt ~/",
        "mv a.txt /srv",
        "find ~ -type f | xargs grep x",
        "cd ~/work && git clean -xdf",
        "git -C ~ clean -n",
        "rm -rf k",
        "cat audit/k",
        "cat ~/**/*.md /srv/**/*.c",
        "ls ~/**",
        "cp -r ~/x ~/.local",
        "rm -rf /tmp/srv/audit/k",
        "",
    ] {
        assert!(!touched(text, None), "{text}");
    }
    assert!(!touched("rm -rf k", Some("/srv/work")));
    let places = Places::new(&["/srv/audit/k".to_owned()], &[]);
    assert!(places.are_below("/srv/./", None) && places.are_below("/", None) && !places.are_below("/srv/b", None));
}

#[test]
fn places_are_known_by_the_variables_that_name_what_is_above() {
    let places = ["/srv/people/kim/.local/share/sealbook/keys".to_owned(), "/data/state/sealbook/books".to_owned()];
    let variables = ["HOME=/srv/people/kim".to_owned(), "XDG_STATE_HOME=/data/state".to_owned()];
    let places = Places::new(&places, &variables);
    for text in [
        "rm -rf ~",
        "rm -rf $HOME",
        "rm -rf \"${HOME}\"",
        "rm -rf ${HOME:?}",
        "rm -rf ~kim",
        "rm -rf ~/.local",
        "rm -rf /srv/people/kim",
        "rm -rf /srv/people",
        "rm -rf $XDG_STATE_HOME/sealbook",
        "rm -rf ${XDG_STATE_HOME:-$HOME/.local/state}/sealbook",
        "cat ~/.local/share/sealbook/keys/x",
        "cat ~kim/.local/share/sealbook/keys/x",
        "cat $XDG_STATE_HOME/sealbook/books/x",
        "cd && rm -rf .local",
        "cd $XDG_STATE_HOME; ls sealbook/books",
    ] {
        assert!(places.touched_by(text, None, &mut Room::default()), "{text}");
    }
    for text in
        ["rm -rf ~/work", "rm -rf $HOMEWORK", "rm -rf ~ann", "ls ~", "rm -rf $XDG_STATE_HOME/other", "rm -rf ~/*"]
    {
        assert!(!places.touched_by(text, None, &mut Room::default()), "{text}");
    }
    assert!(places.are_below("~", None) && places.are_below("$HOME/.local", None) && !places.are_below("~/x", None));
}
