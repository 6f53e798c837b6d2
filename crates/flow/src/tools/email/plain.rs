//! A page as plain text, for readers that show no pages: words, line ends and the addresses of links. It need not be
//! pretty; whoever wants it so sends a text of their own.

/// Elements that end a line.
static BLOCKS: &[&str] = &[
    "address",
    "article",
    "blockquote",
    "br",
    "dd",
    "div",
    "dt",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "tr",
    "ul",
];
/// Elements whose content is no text.
static HIDDEN: &[&str] = &["head", "script", "style", "title"];
static ENTITIES: &[(&str, char)] =
    &[("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"'), ("apos", '\''), ("nbsp", ' ')];

pub(super) fn of_html(html: &str) -> String {
    let (mut text, mut rest, mut hidden) = (String::new(), html, None::<String>);
    while let Some(at) = rest.find('<') {
        if hidden.is_none() {
            push(&mut text, &rest[..at]);
        }
        let after = &rest[at + 1..];
        let Some(end) = after.find('>') else {
            rest = "";
            break;
        };
        let tag = after[..end].trim();
        let closes = tag.starts_with('/');
        let name = tag.trim_start_matches('/').split(|c: char| c.is_whitespace() || c == '/').next().unwrap_or("");
        let name = name.to_ascii_lowercase();
        match &hidden {
            Some(of) if closes && *of == name => hidden = None,
            None if !closes && HIDDEN.contains(&name.as_str()) => hidden = Some(name),
            None if BLOCKS.contains(&name.as_str()) => text.push('\n'),
            None if matches!(name.as_str(), "td" | "th") && closes => text.push(' '),
            _ => {}
        }
        rest = &after[end + 1..];
    }
    if hidden.is_none() {
        push(&mut text, rest);
    }
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let mut plain = String::new();
    for line in lines.into_iter().skip_while(|line| line.is_empty()) {
        // Not more than one empty line in a row.
        if !line.is_empty() || !plain.ends_with("\n\n") {
            plain.push_str(line);
            plain.push('\n');
        }
    }
    plain.trim_end().to_owned()
}

/// Adds text: blanks in a row are one, and named characters are themselves.
fn push(text: &mut String, raw: &str) {
    let mut rest = raw;
    while let Some(next) = rest.chars().next() {
        let entity = rest.strip_prefix('&').and_then(|after| after.split_once(';')).and_then(|(name, after)| {
            let number = name.strip_prefix('#').and_then(|digits| match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok(),
                None => digits.parse().ok(),
            });
            let named = ENTITIES.iter().find(|(known, _)| *known == name).map(|(_, c)| *c);
            Some((named.or_else(|| number.and_then(char::from_u32))?, after))
        });
        let (c, after) = entity.unwrap_or((next, &rest[next.len_utf8()..]));
        if !c.is_whitespace() {
            text.push(c);
        } else if !text.ends_with([' ', '\n']) {
            text.push(' ');
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::of_html;

    #[test]
    fn a_page_reads_as_text() {
        let page = "<html><head><title>x</title><style>p { a: b }</style></head><body><h1>Sealed &amp; sent</h1>\n\
            <p>Dear   Mar&#237;a,<br>1 &lt; 2</p><script>alert('<p>')</script><table><tr><td>Date</td><td>today</td></tr>\
            </table></body></html>";
        assert_eq!(of_html(page), "Sealed & sent\n\nDear María,\n1 < 2\n\nDate today");
    }

    #[test]
    fn what_is_no_page_is_text_too() {
        for (page, text) in [("", ""), ("<", ""), ("a < b", "a"), ("&bogus; &#xffffffff;", "&bogus; &#xffffffff;")] {
            assert_eq!(of_html(page), text, "{page}");
        }
    }
}
