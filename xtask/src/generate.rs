//! `cargo xtask gen`: writes the files that are made from code. `--check`
//! writes nothing and fails where a file would change.

use crate::errors;
use crate::workspace::{Verdict, Workspace, fail, verdict};

/// A tracked file that is made, not written.
struct Generated {
    path: &'static str,
    make: fn(&Workspace) -> Result<String, Vec<String>>,
}

static GENERATED: &[Generated] = &[Generated { path: errors::INDEX, make: errors::index }];

pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Verdict {
    let check = match arguments {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => return fail("takes `--check` or nothing"),
    };
    let mut problems = Vec::new();
    for file in GENERATED {
        let text = (file.make)(workspace)?;
        let path = workspace.root.join(file.path);
        let old = std::fs::read_to_string(&path).unwrap_or_default();
        if old == text {
            continue;
        }
        if check {
            problems.push(format!("{}: out of date; run `cargo xtask gen`", file.path));
        } else if let Err(cause) = std::fs::write(&path, text) {
            problems.push(format!("{}: {cause}", file.path));
        }
    }
    verdict(problems, || {
        format!("{} generated files {}", GENERATED.len(), if check { "are up to date" } else { "written" })
    })
}
