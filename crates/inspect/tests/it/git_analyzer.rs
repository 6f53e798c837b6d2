//! What the git analyzer makes of a history that is known.

use sealbook_inspect::{GitOptions, Prior, Scope, Selection, Silent, analyzer};
use sealbook_record::{Finding, Severity, Timestamp};

use crate::book::Book;
use crate::git_repo::Repo;

/// Audits the repository once more and analyses all that the book holds, some days after the last commit.
fn analyse(repo: &Repo, book: &Book) -> Vec<Finding> {
    book.git(&repo.path, GitOptions::default());
    let git = analyzer("git").unwrap();
    let selection = Selection { source: Some("git"), actions: git.metadata().actions, ..Selection::default() };
    let mut records = Prior::records(book, &selection).unwrap();
    let now = Timestamp::from_micros((1_600_000_000 + 10 * 86_400) * 1_000_000);
    git.analyze(&mut records, &Scope { project: None, now, since_baseline: None, suppressed: None }, &Silent).unwrap()
}

fn of<'f>(findings: &'f [Finding], rule: &str) -> Vec<&'f Finding> {
    assert!(analyzer("git").unwrap().metadata().rules.contains(&rule));
    findings.iter().filter(|finding| finding.rule == rule).collect()
}

fn path(finding: &Finding) -> &str {
    &finding.location.as_ref().unwrap().path
}

#[test]
fn hotspots_and_coupling_survive_renames_and_runs() {
    let mut repo = Repo::new();
    let book = Book::new();
    for at in 0..15 {
        repo.write("src/core.rs", format!("{at}\n{}", "same\n".repeat(20)));
        repo.write("docs/rules.md", format!("{at}\n"));
        repo.write(format!("other/{at}"), "x\n");
        repo.write("Cargo.lock", format!("{at}\n"));
        repo.commit("Change the core and its rules");
    }
    let first = analyse(&repo, &book);
    assert_eq!(of(&first, "git.hotspot").len(), 2, "a lock file is none");
    repo.git(&["mv", "src/core.rs", "src/engine.rs"]);
    repo.commit("Rename the core");
    for at in 0..15 {
        repo.write("src/engine.rs", format!("{at} again\n{}", "same\n".repeat(20)));
        repo.write("docs/rules.md", format!("{at} again\n"));
        repo.commit("Change the engine and its rules");
    }
    let findings = analyse(&repo, &book);
    let hot = of(&findings, "git.hotspot");
    assert_eq!(path(hot[0]), "src/engine.rs");
    assert_eq!(hot[0].metadata["changes"], 31, "{}", hot[0].message);
    assert_eq!(hot[0].severity, Severity::Warning);
    assert_eq!(path(hot[1]), "docs/rules.md");
    assert!(!hot[0].evidence.is_empty());

    let coupled = of(&findings, "git.coupling");
    assert_eq!(coupled.len(), 1);
    assert_eq!((path(coupled[0]), coupled[0].metadata["other"].as_str()), ("docs/rules.md", Some("src/engine.rs")));

    // What a commit did is counted once, however often it is sealed.
    book.git(&repo.path, GitOptions { authors: vec!["ann".to_owned()], ..GitOptions::default() });
    let again = analyse(&repo, &book);
    assert_eq!(of(&again, "git.hotspot")[0].metadata["changes"], 31);

    std::fs::remove_file(repo.path.join("docs/rules.md")).unwrap();
    repo.commit("Drop the rules");
    let gone = analyse(&repo, &book);
    assert!(of(&gone, "git.coupling").is_empty(), "a file that is gone is not coupled");
    let hot: Vec<_> = of(&gone, "git.hotspot").iter().map(|finding| finding.message.clone()).collect();
    assert_eq!(hot.len(), 1, "{hot:?}");
}

#[test]
fn people_frequency_and_signatures_are_counted() {
    let mut repo = Repo::new();
    for at in 0..30 {
        repo.write("f", format!("{at}\n"));
        repo.git(&["add", "-A"]);
        repo.tick();
        let (name, email) = match at {
            0..20 => ("Ann", "ann@example.org"),
            20..26 => ("Béa", "BEA@example.org"),
            26..28 => ("Béa B.", "bea@example.org"),
            _ => ("dependabot[bot]", "1+dependabot[bot]@users.noreply.github.com"),
        };
        let mut commit = repo.command();
        commit
            .args(["commit", "-q", "-m", "Count one more"])
            .env("GIT_AUTHOR_NAME", name)
            .env("GIT_AUTHOR_EMAIL", email);
        assert!(commit.status().unwrap().success());
    }
    let findings = analyse(&repo, &Book::new());
    let contribution = of(&findings, "git.contribution")[0];
    assert_eq!(contribution.metadata["people"], 2, "{}", contribution.message);
    assert_eq!(contribution.metadata["commits"], 28);
    assert_eq!(contribution.metadata["automatic"], 2);
    assert_eq!(contribution.metadata["half_by"], 1);
    assert_eq!(contribution.severity, Severity::Warning, "one person writes half of it");
    assert!(contribution.message.contains("Ann 71%"), "{}", contribution.message);
    let frequency = of(&findings, "git.frequency")[0];
    assert_eq!(frequency.metadata["commits"], 30);
    assert_eq!(frequency.metadata["recent"], 30);
    assert!(frequency.message.contains("2020-09-13"), "{}", frequency.message);
    assert_eq!(of(&findings, "git.signature")[0].metadata["signed"], 0);
}

#[test]
fn messages_that_say_nothing_and_changes_without_a_reason() {
    let mut repo = Repo::new();
    for (at, message) in ["wip", "fix", "Add the parser", "update", "fixes", "Explain errors", "..."].iter().enumerate()
    {
        repo.save("f", format!("{at}\n"), message);
    }
    let large = repo.save("g", "line\n".repeat(900), "Import everything");
    repo.save("h", "line\n".repeat(900), "Import the rest\n\nBecause it is needed.");
    let findings = analyse(&repo, &Book::new());
    let vague = of(&findings, "git.message.vague")[0];
    assert_eq!(vague.metadata["vague"], 5, "{}", vague.message);
    assert_eq!(vague.severity, Severity::Warning);
    let unexplained = of(&findings, "git.message.unexplained")[0];
    assert_eq!(unexplained.metadata["unexplained"], 1);
    assert!(unexplained.message.contains(&large[..10]), "{}", unexplained.message);
}

#[test]
fn large_files_weigh_by_their_size() {
    let mut repo = Repo::new();
    repo.write("small.bin", vec![0; 1 << 19]);
    repo.write("large.bin", vec![0; 2 << 20]);
    repo.write("huge.bin", vec![0; 12 << 20]);
    repo.commit("Add binaries");
    repo.save("huge.bin", vec![1; 12 << 20], "Change one");
    let findings = analyse(&repo, &Book::new());
    let large = of(&findings, "git.large_file");
    assert_eq!(large.iter().map(|finding| path(finding)).collect::<Vec<_>>(), ["huge.bin", "large.bin"]);
    assert_eq!((large[0].severity, large[1].severity), (Severity::Warning, Severity::Info));
    assert_eq!(large[0].metadata["versions"], 2);
}

#[test]
fn forgeries_rewrites_and_wrong_clocks_come_first() {
    let mut repo = Repo::new();
    repo.save("f", "1\n", "First");
    repo.save("f", "2\n", "Second");
    let book = Book::new();
    analyse(&repo, &book);
    repo.git(&["reset", "-q", "--hard", "HEAD~1"]);
    repo.write("f", "3\n");
    repo.git(&["add", "-A"]);
    let later = repo
        .command()
        .args(["commit", "-q", "-m", "From the future"])
        .env("GIT_COMMITTER_DATE", "4000000000 +0000")
        .status();
    assert!(later.unwrap().success());
    let blob = repo.line(&["rev-parse", "HEAD:f"]);
    std::fs::write(repo.path.join("forgery"), "4\n").unwrap();
    let other = repo.line(&["hash-object", "-w", "forgery"]);
    std::fs::remove_file(repo.loose(&blob)).unwrap();
    std::fs::rename(repo.loose(&other), repo.loose(&blob)).unwrap();
    let findings = analyse(&repo, &book);
    assert_eq!(findings[0].rule, "git.forged");
    assert_eq!(findings[0].severity, Severity::Critical);
    assert_eq!(path(&findings[0]), "f");
    let record = &book.records()[findings[0].evidence[0].0 as usize];
    assert_eq!((record.action.as_str(), record.target.id.as_str()), ("git.forged", blob.as_str()));
    let forced = of(&findings, "git.ref.forced");
    assert_eq!(forced.iter().map(|finding| path(finding)).collect::<Vec<_>>(), ["refs/heads/main"]);
    assert_eq!(of(&findings, "git.clock")[0].metadata["commits"], 1);

    let calm = analyse(&repo, &book);
    assert!(of(&calm, "git.ref.forced").is_empty(), "told in the run that saw it");
    assert_eq!(of(&calm, "git.forged").len(), 1, "stands until it is resolved");
    assert_eq!(calm[0].id, findings[0].id);
}

#[test]
fn nothing_read_gives_no_findings() {
    let repo = Repo::new();
    assert!(analyse(&repo, &Book::new()).is_empty());
}
