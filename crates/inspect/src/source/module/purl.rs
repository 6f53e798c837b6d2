//! Package URLs (ECMA-427): one name for a package, whatever its ecosystem.

use super::package::{Ecosystem, Origin, Package};

/// The package's URL; none for what no registry knows.
pub(super) fn of(ecosystem: Ecosystem, package: &Package) -> Option<String> {
    let (kind, name) = match ecosystem {
        Ecosystem::Cargo => ("cargo", encoded(&package.name)),
        Ecosystem::Python => ("pypi", encoded(&package.name.to_ascii_lowercase().replace('_', "-"))),
        Ecosystem::Npm => ("npm", segments(&package.name)),
        Ecosystem::Go => ("golang", segments(&package.name.to_ascii_lowercase())),
        Ecosystem::Maven => ("maven", segments(&package.name.replace(':', "/"))),
    };
    let mut purl = format!("pkg:{kind}/{name}");
    if let Some(version) = &package.version {
        purl.push('@');
        purl.push_str(&encoded(version));
    }
    match &package.origin {
        Origin::Registry => {}
        Origin::Git(url) => {
            let url = if url.starts_with("git") { url.clone() } else { format!("git+{url}") };
            purl.push_str("?vcs_url=");
            purl.push_str(&encoded(&url));
        }
        Origin::Url(url) => {
            purl.push_str("?download_url=");
            purl.push_str(&encoded(url));
        }
        Origin::Local => return None,
    }
    Some(purl)
}

/// A name with namespaces in it.
fn segments(name: &str) -> String {
    name.split('/').filter(|part| !part.is_empty()).map(encoded).collect::<Vec<_>>().join("/")
}

/// All but letters, digits, `.`, `-`, `_`, `~` and `:` as `%XX`. Passwords and tokens go before: once they are
/// encoded, nobody would know them again.
fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let text = sealbook_policy::redact_text(text);
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b".-_~:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("a string takes all");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purl(ecosystem: Ecosystem, name: &str, version: &str, origin: Origin) -> Option<String> {
        of(ecosystem, &Package { name: name.into(), version: Some(version.into()), origin, ..Package::default() })
    }

    #[test]
    fn each_ecosystem_has_its_form() {
        let registry =
            |ecosystem, name, version| purl(ecosystem, name, version, Origin::Registry).expect("a registry's");
        assert_eq!(registry(Ecosystem::Cargo, "serde", "1.0.2"), "pkg:cargo/serde@1.0.2");
        assert_eq!(registry(Ecosystem::Python, "Typing_Extensions", "4.1"), "pkg:pypi/typing-extensions@4.1");
        assert_eq!(registry(Ecosystem::Npm, "@types/node", "20.1.0"), "pkg:npm/%40types/node@20.1.0");
        assert_eq!(
            registry(Ecosystem::Go, "github.com/BurntSushi/toml", "v1.2.0+incompatible"),
            "pkg:golang/github.com/burntsushi/toml@v1.2.0%2Bincompatible"
        );
        assert_eq!(registry(Ecosystem::Maven, "org.slf4j:slf4j-api", "2.0"), "pkg:maven/org.slf4j/slf4j-api@2.0");
        let git = Origin::Git("https://example.org/x?rev=1#abc".into());
        assert_eq!(
            purl(Ecosystem::Cargo, "x", "0.1.0", git).expect("a repository's"),
            "pkg:cargo/x@0.1.0?vcs_url=git%2Bhttps:%2F%2Fexample.org%2Fx%3Frev%3D1%23abc"
        );
        assert_eq!(purl(Ecosystem::Cargo, "x", "0.1.0", Origin::Local), None);
    }
}
