//! `cargo xtask fuzz [TARGET…] [--seconds N] [--plain]`: gives the fuzz targets bytes that nobody wrote.
//!
//! With cargo-fuzz and a nightly toolchain, libFuzzer runs them and learns from the branches that are taken.
//! Without, or with `--plain`, the tests run them for as long, on the stable toolchain. Both begin with the
//! seeds in `testdata/fuzz` and keep what fails in `target/fuzz/found`.

use std::process::Stdio;

use crate::workspace::{Verdict, Workspace, fail};

/// How long each target is run where nothing is said.
const SECONDS: u64 = 60;
/// Crates that have targets, and which of their tests run them.
static PLAIN: [(&str, &[&str]); 3] = [
    ("sealbook_testkit::", &["-p", "sealbook-testkit", "--test", "it"]),
    ("sealbook_gate::", &["-p", "sealbook-gate", "--lib"]),
    ("sealbook_flow::", &["-p", "sealbook-flow", "--lib"]),
];

pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Verdict {
    let known = targets(workspace)?;
    let (mut targets, mut seconds, mut is_plain) = (Vec::new(), SECONDS, false);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--plain" => is_plain = true,
            "--seconds" => match rest.next().and_then(|number| number.parse().ok()) {
                Some(number) => seconds = number,
                None => return fail("--seconds takes a whole number"),
            },
            name if known.iter().any(|target| target == name) => targets.push(name.to_owned()),
            other => return fail(format!("no target `{other}`; there are {}", known.join(", "))),
        }
    }
    if targets.is_empty() {
        targets = known;
    }
    let has_fuzzer = !is_plain && can_fuzz(workspace);
    for target in &targets {
        println!("── {target}, {seconds} s");
        if has_fuzzer { fuzz(workspace, target, seconds)? } else { plain(workspace, target, seconds)? }
    }
    let how = if has_fuzzer { "with libFuzzer" } else { "with the plain runner" };
    Ok(format!("{} targets, {seconds} s each, {how}", targets.len()))
}

/// The targets there are. Each has seeds.
fn targets(workspace: &Workspace) -> Result<Vec<String>, Vec<String>> {
    let files = workspace.files(&[])?;
    let names = files.iter().filter_map(|path| path.strip_prefix("fuzz/fuzz_targets/")?.strip_suffix(".rs"));
    let names: Vec<String> = names.map(str::to_owned).collect();
    let bare = names.iter().filter(|name| !workspace.root.join("testdata/fuzz").join(name).is_dir());
    let bare: Vec<String> = bare.map(|name| format!("{name} has no seeds in testdata/fuzz/{name}")).collect();
    if bare.is_empty() { Ok(names) } else { Err(bare) }
}

fn can_fuzz(workspace: &Workspace) -> bool {
    let mut command = workspace.command("cargo", &["+nightly", "fuzz", "--version"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn fuzz(workspace: &Workspace, target: &str, seconds: u64) -> Result<(), Vec<String>> {
    let (corpus, found) = (format!("target/fuzz/corpus/{target}"), "target/fuzz/found");
    for dir in [corpus.as_str(), found] {
        std::fs::create_dir_all(workspace.root.join(dir)).map_err(|cause| vec![format!("{dir}: {cause}")])?;
    }
    let (seeds, time) = (format!("testdata/fuzz/{target}"), format!("-max_total_time={seconds}"));
    let found = format!("-artifact_prefix={found}/{target}-");
    let arguments = ["+nightly", "fuzz", "run", "--target-dir", "target/fuzz", target, &corpus, &seeds, "--"];
    let limits = [time.as_str(), &found, "-timeout=10", "-max_len=65536", "-print_final_stats=1", "-verbosity=0"];
    Workspace::follow(&mut workspace.command("cargo", &[&arguments[..], &limits].concat())).map(drop)
}

fn plain(workspace: &Workspace, target: &str, seconds: u64) -> Result<(), Vec<String>> {
    let source = workspace.read(&format!("fuzz/fuzz_targets/{target}.rs"))?;
    for (_, of) in PLAIN.iter().filter(|(krate, _)| source.contains(krate)) {
        let filter = ["fuzz::", "--", "--nocapture"];
        let arguments = [&["test", "--quiet", "--locked"], *of, &filter].concat();
        let mut command = workspace.command("cargo", &arguments);
        command.env("FUZZ_TARGET", target).env("FUZZ_SECONDS", seconds.to_string());
        Workspace::follow(&mut command)?;
    }
    Ok(())
}
