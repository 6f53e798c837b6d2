//! Whether a text touches a directory: its words as paths, made plain without asking any disk.

use super::shell::{any_command, program};

/// Longer texts are looked through as they are.
const TEXT_BYTES_MAX: usize = 256 * 1024;
/// Programs that move away or delete what they are given.
static TAKES_AWAY: &[&str] = &["gio", "mv", "rename", "rm", "rmdir", "shred", "srm", "trash", "trash-put", "unlink"];

/// Whether a program of that name, with these words, moves away or deletes what it is given.
fn takes_away(name: &str, words: &[String]) -> bool {
    let is_told = |option: fn(&str) -> bool| words.iter().any(|word| option(word));
    match name {
        // What it starts for what it finds stands among the words too.
        "find" => is_told(|word| word == "-delete"),
        "rsync" => is_told(|word| word.starts_with("--del") || word == "--remove-source-files"),
        name => TAKES_AWAY.contains(&name),
    }
}

/// Directories, and what lies in and above them.
#[derive(Debug, Clone)]
pub(crate) struct Places(Vec<Vec<String>>);

/// How a path lies to a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lies {
    AtOrBelow,
    Above,
}

impl Places {
    pub(crate) fn new(places: &[String]) -> Self {
        Self(places.iter().filter_map(|place| plain(place, None)).filter(|place| !place.is_empty()).collect())
    }

    /// Whether the text is a path at or below one of them, or a command line that has one in it, or takes one away
    /// with what is above it. `cwd` is where relative paths begin, where that is known.
    pub(crate) fn touched_by(&self, text: &str, cwd: Option<&str>) -> bool {
        if text.len() > TEXT_BYTES_MAX {
            return self.0.iter().any(|place| text.contains(&format!("/{}", place.join("/"))));
        }
        let cwd = cwd.and_then(|cwd| plain(cwd, None));
        if self.lies(text, cwd.as_deref()) == Some(Lies::AtOrBelow) {
            return true;
        }
        let mut here = cwd;
        any_command(text, &mut |words| {
            let takes_away = words.iter().map(|word| program(word)).find(|name| takes_away(name, words));
            let last = words.len() - 1;
            for (at, word) in words.iter().enumerate() {
                // What is moved to a place above is not taken away with it.
                let is_aim = at == last && words.len() > 2 && takes_away.as_deref() == Some("mv");
                let lies = self.lies(word, here.as_deref());
                if lies == Some(Lies::AtOrBelow) || (lies.is_some() && takes_away.is_some() && !is_aim) {
                    return true;
                }
            }
            if matches!(words, [cd, _, ..] if matches!(cd.as_str(), "cd" | "pushd")) {
                here = self.led_to(&words[words.len() - 1], here.as_deref());
            }
            false
        })
    }

    /// Whether the text is a path above one of them.
    pub(crate) fn are_below(&self, text: &str, cwd: Option<&str>) -> bool {
        let cwd = cwd.and_then(|cwd| plain(cwd, None));
        text.len() <= TEXT_BYTES_MAX && self.lies(text, cwd.as_deref()).is_some()
    }

    /// How the nearest path in a word lies.
    fn lies(&self, word: &str, cwd: Option<&[String]>) -> Option<Lies> {
        // `--file=/x`, `of=/x`, `file:///x`, `a:/b` too.
        let starts = word.match_indices(['=', ':', ',', '@']).map(|(at, _)| at + 1);
        let mut found = None;
        for start in std::iter::once(0).chain(starts) {
            let piece = &word[start..];
            let end = piece.find([',', '=']).unwrap_or(piece.len());
            for piece in [piece, &piece[..end]] {
                match self.path_lies(piece, cwd) {
                    Some(Lies::AtOrBelow) => return Some(Lies::AtOrBelow),
                    other => found = found.or(other),
                }
            }
        }
        found
    }

    /// Where a change of directory leads; the home is that of whoever has the book.
    fn led_to(&self, path: &str, cwd: Option<&[String]>) -> Option<Vec<String>> {
        let Some(rest) = below_home(path) else { return plain(path, cwd) };
        let homes = self.0.iter().find_map(|place| Some(&place[..home_of(place)?]));
        plain(rest, Some(homes?))
    }

    fn path_lies(&self, path: &str, cwd: Option<&[String]>) -> Option<Lies> {
        let below_home = below_home(path);
        let mut found = None;
        for place in &self.0 {
            let lies = match below_home {
                Some(rest) => {
                    let Some(home) = home_of(place) else { continue };
                    lies(&plain(rest, Some(&place[..home]))?, place)
                }
                None => lies(&plain(path, cwd)?, place),
            };
            match lies {
                Some(Lies::AtOrBelow) => return lies,
                other => found = found.or(other),
            }
        }
        found
    }
}

/// What follows the user's home in a path that begins there.
fn below_home(path: &str) -> Option<&str> {
    let names = ["~", "$HOME", "${HOME}"];
    let rest = names.iter().find_map(|home| path.strip_prefix(home))?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

/// How many pieces of a path are a user's home, as systems have them.
fn home_of(place: &[String]) -> Option<usize> {
    match place.first().map(String::as_str) {
        Some("root") => Some(1),
        Some("home" | "Users") if place.len() > 2 => Some(2),
        _ => None,
    }
}

fn lies(path: &[String], place: &[String]) -> Option<Lies> {
    let same = path.iter().zip(place).all(|(wanted, name)| may_be(wanted, name));
    same.then_some(if path.len() >= place.len() { Lies::AtOrBelow } else { Lies::Above })
}

/// The pieces of a path from the root on: no empty one, no `.`, no `..`. `None` where it is relative to nobody knows
/// what, or no path.
fn plain(path: &str, cwd: Option<&[String]>) -> Option<Vec<String>> {
    let path = path.trim();
    let path = path.strip_prefix("//").filter(|_| path.starts_with("///")).unwrap_or(path);
    let mut pieces: Vec<String> = if path.starts_with('/') { Vec::new() } else { cwd?.to_vec() };
    if path.is_empty() && cwd.is_none() {
        return None;
    }
    for piece in path.split('/') {
        match piece {
            "" | "." => {}
            ".." => drop(pieces.pop()),
            _ => pieces.push(piece.to_owned()),
        }
    }
    Some(pieces)
}

/// Whether a piece, which may be a pattern of a shell, can be this name.
fn may_be(piece: &str, name: &str) -> bool {
    if !piece.contains(['*', '?', '[']) {
        return piece == name;
    }
    // A pattern fits no hidden name unless it begins with the dot.
    if name.starts_with('.') && !piece.starts_with('.') {
        return false;
    }
    let fixed = piece.find(['*', '?', '[']).unwrap_or(piece.len());
    let end = piece.rfind(['*', '?', ']']).map_or(0, |at| at + 1);
    name.starts_with(&piece[..fixed]) && name.ends_with(&piece[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: &str = "/home/u/.local/share/sealbook";

    fn touched(text: &str, cwd: Option<&str>) -> bool {
        let places = [format!("{HOME}/books/shop"), format!("{HOME}/keys"), "/srv/audit/k".to_owned()];
        Places::new(&places).touched_by(text, cwd)
    }

    #[test]
    fn a_place_is_known_by_whatever_path_leads_there() {
        for text in [
            "/srv/audit/k",
            "/srv//audit/./k/",
            "/srv/x/../audit/k/record-1.key",
            "file:///srv/audit/k/x",
            "~/.local/share/sealbook/keys",
            "cat $HOME/.local/share/sealbook/./keys/x",
            "cat ${HOME}/.local/share/sealbook/keys/x",
            "cat \"/srv/audit\"/k/x",
            "cat /srv/au\\dit/k/x",
            "tar --file=/srv/audit/k/x",
            "dd if=/dev/null of=/srv/audit/k/x",
            "cd /srv && cat audit/k/x",
            "cd ~/.local/share && rm -rf sealbook",
            "cat /srv/aud*/k",
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
            "rm -rf k",
            "cat audit/k",
            "cp -r ~/x ~/.local",
            "rm -rf /tmp/srv/audit/k",
            "",
        ] {
            assert!(!touched(text, None), "{text}");
        }
        assert!(!touched("rm -rf k", Some("/srv/work")));
        let places = Places::new(&["/srv/audit/k".to_owned()]);
        assert!(places.are_below("/srv/./", None) && places.are_below("/", None) && !places.are_below("/srv/b", None));
    }
}
