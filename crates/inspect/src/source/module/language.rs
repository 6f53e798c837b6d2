//! Languages by file name: how their comments and texts are written, and which have a grammar.

use super::syntax::Grammar;

/// How a language is written, as far as counting lines needs it.
pub(super) struct Language {
    pub(super) name: &'static str,
    ends: &'static [&'static str],
    names: &'static [&'static str],
    pub(super) line: &'static [&'static str],
    pub(super) block: &'static [(&'static str, &'static str)],
    /// Block comments lie within one another.
    pub(super) nests: bool,
    pub(super) texts: &'static [Text],
    /// `'x'` is one character, and `'x` alone none.
    pub(super) chars: bool,
    /// `r#"…"#`.
    pub(super) raw: bool,
    pub(super) grammar: Option<Grammar>,
}

/// A text in code: what begins and ends it.
pub(super) struct Text {
    pub(super) mark: &'static str,
    pub(super) escapes: bool,
    pub(super) many_lines: bool,
}

const fn text(mark: &'static str, escapes: bool, many_lines: bool) -> Text {
    Text { mark, escapes, many_lines }
}

const C: &[(&str, &str)] = &[("/*", "*/")];
const QUOTES: &[Text] = &[text("\"", true, false), text("'", true, false)];
const DOUBLE: &[Text] = &[text("\"", true, false)];
const PLAIN: Language = Language {
    name: "",
    ends: &[],
    names: &[],
    line: &["//"],
    block: C,
    nests: false,
    texts: DOUBLE,
    chars: true,
    raw: false,
    grammar: None,
};
const HASH: Language = Language { line: &["#"], block: &[], texts: QUOTES, chars: false, ..PLAIN };
const SCRIPT: &[Text] = &[text("\"", true, false), text("'", true, false), text("`", true, true)];

static LANGUAGES: &[Language] = &[
    Language {
        name: "Rust",
        ends: &["rs"],
        nests: true,
        texts: &[text("\"", true, true)],
        raw: true,
        grammar: Some(Grammar::Rust),
        ..PLAIN
    },
    Language {
        name: "Python",
        ends: &["py", "pyi", "pyw"],
        texts: &[text("\"\"\"", true, true), text("'''", true, true), text("\"", true, false), text("'", true, false)],
        grammar: Some(Grammar::Python),
        ..HASH
    },
    Language {
        name: "TypeScript",
        ends: &["ts", "mts", "cts"],
        texts: SCRIPT,
        chars: false,
        grammar: Some(Grammar::TypeScript),
        ..PLAIN
    },
    Language { name: "TSX", ends: &["tsx"], texts: SCRIPT, chars: false, grammar: Some(Grammar::Tsx), ..PLAIN },
    // The grammar of TSX takes in all of JavaScript and JSX.
    Language {
        name: "JavaScript",
        ends: &["js", "mjs", "cjs", "jsx"],
        texts: SCRIPT,
        chars: false,
        grammar: Some(Grammar::Tsx),
        ..PLAIN
    },
    Language {
        name: "Go",
        ends: &["go"],
        texts: &[text("\"", true, false), text("`", false, true)],
        grammar: Some(Grammar::Go),
        ..PLAIN
    },
    Language {
        name: "Java",
        ends: &["java"],
        texts: &[text("\"\"\"", true, true), text("\"", true, false)],
        grammar: Some(Grammar::Java),
        ..PLAIN
    },
    Language { name: "C", ends: &["c", "h"], ..PLAIN },
    Language { name: "C++", ends: &["cc", "cpp", "cxx", "c++", "hh", "hpp", "hxx", "inl", "ipp"], ..PLAIN },
    Language { name: "C#", ends: &["cs"], ..PLAIN },
    Language { name: "Objective-C", ends: &["m", "mm"], ..PLAIN },
    Language { name: "CUDA", ends: &["cu", "cuh"], ..PLAIN },
    Language { name: "Kotlin", ends: &["kt", "kts"], nests: true, ..PLAIN },
    Language { name: "Scala", ends: &["scala", "sc"], nests: true, ..PLAIN },
    Language { name: "Groovy", ends: &["groovy", "gradle"], names: &["Jenkinsfile"], texts: QUOTES, chars: false, ..PLAIN },
    Language { name: "Swift", ends: &["swift"], nests: true, ..PLAIN },
    Language { name: "Dart", ends: &["dart"], texts: QUOTES, chars: false, ..PLAIN },
    Language { name: "Zig", ends: &["zig"], block: &[], ..PLAIN },
    Language { name: "D", ends: &["d"], ..PLAIN },
    Language { name: "Solidity", ends: &["sol"], texts: QUOTES, chars: false, ..PLAIN },
    Language { name: "Protocol Buffers", ends: &["proto"], texts: QUOTES, chars: false, ..PLAIN },
    Language { name: "GLSL", ends: &["glsl", "vert", "frag", "geom", "comp", "wgsl", "hlsl", "metal"], ..PLAIN },
    Language { name: "PHP", ends: &["php"], line: &["//", "#"], texts: QUOTES, chars: false, ..PLAIN },
    Language { name: "CSS", ends: &["css"], line: &[], texts: QUOTES, chars: false, ..PLAIN },
    Language { name: "Sass", ends: &["scss", "sass", "less", "styl"], texts: QUOTES, chars: false, ..PLAIN },
    Language {
        name: "HTML",
        ends: &["html", "htm", "xhtml", "vue", "svelte", "astro"],
        line: &[],
        block: &[("<!--", "-->")],
        texts: &[],
        chars: false,
        ..PLAIN
    },
    Language { name: "Shell", ends: &["sh", "bash", "zsh", "ksh", "fish", "bats"], ..HASH },
    Language { name: "PowerShell", ends: &["ps1", "psm1", "psd1"], block: &[("<#", "#>")], ..HASH },
    Language { name: "Batch", ends: &["bat", "cmd"], line: &["REM ", "rem ", "::"], block: &[], texts: &[], chars: false, ..PLAIN },
    Language { name: "Ruby", ends: &["rb", "rake", "gemspec", "ru"], names: &["Rakefile", "Gemfile", "Podfile", "Vagrantfile"], block: &[("=begin", "=end")], ..HASH },
    Language { name: "Perl", ends: &["pl", "pm", "t"], ..HASH },
    Language { name: "R", ends: &["r", "R"], ..HASH },
    Language { name: "Julia", ends: &["jl"], block: &[("#=", "=#")], nests: true, ..HASH },
    Language { name: "Elixir", ends: &["ex", "exs"], ..HASH },
    Language { name: "Erlang", ends: &["erl", "hrl"], line: &["%"], ..HASH },
    Language { name: "Nix", ends: &["nix"], block: C, ..HASH },
    Language { name: "Terraform", ends: &["tf", "tfvars", "hcl"], line: &["#", "//"], block: C, ..HASH },
    Language { name: "Makefile", ends: &["mk", "mak"], names: &["Makefile", "makefile", "GNUmakefile"], texts: &[], ..HASH },
    Language { name: "CMake", ends: &["cmake"], names: &["CMakeLists.txt"], ..HASH },
    Language { name: "Dockerfile", ends: &["dockerfile"], names: &["Dockerfile", "Containerfile"], texts: &[], ..HASH },
    Language { name: "Starlark", ends: &["bzl", "bazel", "star"], names: &["BUILD", "WORKSPACE"], ..HASH },
    Language { name: "GraphQL", ends: &["graphql", "gql"], ..HASH },
    Language { name: "Tcl", ends: &["tcl"], texts: DOUBLE, ..HASH },
    Language { name: "AWK", ends: &["awk"], texts: DOUBLE, ..HASH },
    Language { name: "SQL", ends: &["sql"], line: &["--"], texts: &[text("'", false, true)], chars: false, ..PLAIN },
    Language { name: "Lua", ends: &["lua"], line: &["--"], block: &[("--[[", "]]")], texts: QUOTES, chars: false, ..PLAIN },
    Language { name: "Haskell", ends: &["hs", "lhs"], line: &["--"], block: &[("{-", "-}")], nests: true, ..PLAIN },
    Language { name: "Elm", ends: &["elm"], line: &["--"], block: &[("{-", "-}")], nests: true, ..PLAIN },
    Language { name: "Ada", ends: &["adb", "ads"], line: &["--"], block: &[], ..PLAIN },
    Language { name: "VHDL", ends: &["vhd", "vhdl"], line: &["--"], block: &[], ..PLAIN },
    Language { name: "Verilog", ends: &["v", "sv", "svh"], chars: false, ..PLAIN },
    Language { name: "OCaml", ends: &["ml", "mli"], line: &[], block: &[("(*", "*)")], nests: true, ..PLAIN },
    Language { name: "F#", ends: &["fs", "fsi", "fsx"], block: &[("(*", "*)")], ..PLAIN },
    Language { name: "Lisp", ends: &["lisp", "cl", "el", "scm", "rkt", "clj", "cljs", "cljc", "edn"], line: &[";"], block: &[("#|", "|#")], nests: true, chars: false, ..PLAIN },
    Language { name: "Assembly", ends: &["s", "S", "asm"], line: &[";", "#", "//"], chars: false, ..PLAIN },
    Language { name: "Fortran", ends: &["f", "f77", "f90", "f95", "f03", "f08"], line: &["!"], block: &[], texts: QUOTES, chars: false, ..PLAIN },
    Language { name: "Pascal", ends: &["pas", "pp", "dpr"], block: &[("{", "}"), ("(*", "*)")], texts: &[text("'", false, false)], chars: false, ..PLAIN },
    Language { name: "MATLAB", ends: &["mat"], line: &["%"], block: &[("%{", "%}")], texts: DOUBLE, chars: false, ..PLAIN },
    Language { name: "LaTeX", ends: &["tex", "sty", "cls"], line: &["%"], block: &[], texts: &[], chars: false, ..PLAIN },
    Language { name: "Vim script", ends: &["vim"], line: &["\""], block: &[], texts: &[], chars: false, ..PLAIN },
    Language { name: "Visual Basic", ends: &["vb", "vbs", "bas"], line: &["'"], block: &[], texts: DOUBLE, chars: false, ..PLAIN },
    Language { name: "CEL", ends: &["cel"], ..PLAIN },
];

/// Ends of names that mean text or data, not code.
static DATA: &[&str] = &[
    "md", "markdown", "mdx", "rst", "adoc", "asciidoc", "txt", "text", "log", "csv", "tsv", "json", "jsonl", "ndjson",
    "json5", "jsonc", "geojson", "ipynb", "har", "yaml", "yml", "toml", "ini", "cfg", "conf", "config", "properties",
    "env", "lock", "lockfile", "sum", "mod", "work", "xml", "xsd", "xsl", "xslt", "wsdl", "plist", "svg", "rss", "pom",
    "snap", "golden", "diff", "patch", "pem", "crt", "cer", "key", "pub", "asc", "sig", "sha256", "map", "po", "pot",
    "template", "tmpl", "tpl", "j2", "jinja", "jinja2", "hbs", "mustache", "ejs", "erb", "in", "example", "sample",
    "bib", "dot", "puml", "mmd", "drawio", "service", "socket", "timer", "target", "mount", "desktop", "rules", "list",
    "editorconfig", "gitignore", "gitattributes", "gitmodules", "dockerignore", "npmignore", "npmrc", "nvmrc",
    "prettierrc", "eslintrc", "eslintignore", "babelrc", "browserslistrc", "typed", "manifest", "spec", "cabal", "nuspec",
    "csproj", "fsproj", "vbproj", "vcxproj", "sln", "props", "targets", "resx", "xaml", "storyboard", "xib", "pbxproj",
    "strings", "entitlements", "cue", "dhall", "avsc", "thrift", "asn1", "proptest-regressions", "out", "err", "stdout",
    "stderr", "expected", "bak", "orig", "http", "rest", "jks", "p12", "version", "cff", "1", "2", "3", "4", "5", "6", "7", "8",
];

/// What a file's name says of it.
pub(super) enum Means {
    Code(&'static Language),
    /// Text or data that is not code, or has no end that says what it is.
    Data,
    /// It has an end that nobody here knows.
    Unknown,
}

/// What a file of this name is.
pub(super) fn of(name: &str) -> Means {
    if let Some(language) = LANGUAGES.iter().find(|language| language.names.contains(&name)) {
        return Means::Code(language);
    }
    let Some((stem, end)) = name.rsplit_once('.') else { return Means::Data };
    if let Some(language) = with_end(end).or_else(|| with_end(&end.to_ascii_lowercase())) {
        return Means::Code(language);
    }
    let end = end.to_ascii_lowercase();
    // `.name` alone configures something.
    if stem.is_empty() || DATA.contains(&end.as_str()) { Means::Data } else { Means::Unknown }
}

fn with_end(end: &str) -> Option<&'static Language> {
    LANGUAGES.iter().find(|language| language.ends.contains(&end))
}

/// The language that a first line `#!…` names.
pub(super) fn of_shebang(content: &[u8]) -> Option<&'static Language> {
    let line = content.strip_prefix(b"#!")?;
    let line = &line[..line.iter().position(|byte| *byte == b'\n').unwrap_or(line.len()).min(256)];
    let line = std::str::from_utf8(line).ok()?;
    let program = line.split_ascii_whitespace().find(|word| !word.ends_with("/env") && !word.starts_with('-'))?;
    let program = program.rsplit('/').next()?.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let end = match program {
        "python" | "pypy" => "py",
        "node" | "nodejs" => "js",
        "deno" | "bun" | "ts-node" | "tsx" => "ts",
        "sh" | "bash" | "dash" | "zsh" | "ksh" | "fish" | "ash" => "sh",
        "ruby" => "rb",
        "perl" => "pl",
        "lua" => "lua",
        "php" => "php",
        "awk" | "gawk" => "awk",
        "tclsh" | "expect" => "tcl",
        "make" => "mk",
        "Rscript" => "r",
        _ => return None,
    };
    with_end(end)
}

/// Whether a path (below the module) is of tests, or of what they use.
pub(super) fn is_of_tests(path: &str) -> bool {
    const DIRECTORIES: [&str; 10] = [
        "test", "tests", "__tests__", "testdata", "test-data", "test_data", "fixtures", "__fixtures__", "__mocks__",
        "__snapshots__",
    ];
    let (directories, name) = path.rsplit_once('/').unwrap_or(("", path));
    if directories.split('/').any(|part| DIRECTORIES.contains(&part)) {
        return true;
    }
    let (stem, end) = name.split_once('.').unwrap_or((name, ""));
    match end {
        "go" => stem.ends_with("_test"),
        "py" => stem.starts_with("test_") || stem.ends_with("_test") || stem == "conftest",
        "rs" => stem == "tests" || stem.ends_with("_test") || stem.ends_with("_tests"),
        _ => end.starts_with("test.") || end.starts_with("spec."),
    }
}

/// Whether a program wrote the file: its name, or its head, says so.
pub(super) fn is_generated(name: &str, content: &[u8]) -> bool {
    const MARKS: [&[u8]; 4] = [b"@generated", b"DO NOT EDIT", b"Do not edit", b"autogenerated by"];
    if [".min.js", ".min.css", ".bundle.js", "_pb2.py", "_pb2_grpc.py", ".pb.go", ".d.ts.map"].iter().any(|end| name.ends_with(end)) {
        return true;
    }
    let head = &content[..content.len().min(1_024)];
    MARKS.iter().any(|mark| {
        memchr::memmem::find_iter(head, mark).any(|at| {
            // In a comment at the beginning of a line, and not in code about such files.
            let line = head[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            let before = head[line..at].trim_ascii_start();
            before.starts_with(b"//") || before.starts_with(b"#") || before.starts_with(b"*") || before.starts_with(b"/*")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(file: &str) -> &'static str {
        match of(file) {
            Means::Code(language) => language.name,
            Means::Data => "data",
            Means::Unknown => "unknown",
        }
    }

    #[test]
    fn names_say_what_files_are() {
        let seen = ["a.rs", "a.PY", "x.test.tsx", "Makefile", "LICENSE", ".gitignore", "a.json", "a.qqq", "a.d.ts", "x.R"];
        let said = ["Rust", "Python", "TSX", "Makefile", "data", "data", "data", "unknown", "TypeScript", "R"];
        assert_eq!(seen.map(name), said);
        assert_eq!(of_shebang(b"#!/usr/bin/env -S python3.11 -u\n").map(|language| language.name), Some("Python"));
        assert_eq!(of_shebang(b"#!/bin/sh\n").map(|language| language.name), Some("Shell"));
        assert!(of_shebang(b"#!/opt/other\n").is_none() && of_shebang(b"text").is_none());
    }

    #[test]
    fn tests_are_told_by_their_place_and_name() {
        for path in ["tests/a.rs", "a/testdata/x.go", "x_test.go", "a/test_x.py", "x.spec.ts", "src/test/java/A.java", "src/tests.rs"] {
            assert!(is_of_tests(path), "{path}");
        }
        for path in ["src/latest.rs", "contest/a.py", "testing.go", "attest/x.ts", "test.rs"] {
            assert!(!is_of_tests(path), "{path}");
        }
    }

    #[test]
    fn generated_files_say_so_in_a_comment() {
        assert!(is_generated("a.go", b"// Code generated by x. DO NOT EDIT.\n"));
        assert!(is_generated("x.min.js", b""));
        assert!(!is_generated("a.rs", b"let mark = \"DO NOT EDIT\";\n"));
    }
}
