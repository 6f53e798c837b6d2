//! Loss of power: a real process, its real writes, and a disk that keeps no more than it must.
//!
//! A shim that is preloaded into the process writes down every write and every fsync, in order.
//! From that the disk is rebuilt as it would be found if the power had gone after any of these
//! steps, with what was not synced lost, kept or torn, and the book on it is opened and compared
//! with what the process had acknowledged until then.

mod disk;
mod journal;
pub(crate) mod program;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use sealbook_store::{Ledger, Options};
use sealbook_testkit::records::{admit, event};
use sealbook_testkit::{Place, Rng};

use crate::appender::{Ack, check, check_query};
use crate::child;
use disk::{Disk, Fate};
use journal::Step;

const FATES: [Fate; 3] = [Fate::Lost, Fate::Kept, Fate::Torn];

#[test]
fn power_can_go_at_any_moment() {
    let run = Run::new("full", 2);
    run.is_seen_whole();
    let cuts = child::share("FAULTS_CUTS", 480);
    let mut rng = Rng::new(2);
    let mut tried: BTreeMap<&str, u64> = BTreeMap::new();
    run.each_cut(cuts, &mut rng, &mut |cut, fate, found| {
        found.unwrap_or_else(|lost| panic!("power lost after step {cut}, {fate:?}: {lost}"));
        *tried
            .entry(match fate {
                Fate::Lost => "lost",
                Fate::Kept => "kept",
                Fate::Torn => "torn",
            })
            .or_default() += 1;
    });
    println!("{} steps, power lost {tried:?} times: nothing acknowledged was missing", run.steps.len());
}

/// The eyes of the test above: with less durability the same cuts must lose something.
#[test]
fn power_takes_what_was_not_synced() {
    for durability in ["off", "normal"] {
        let run = Run::new(durability, 2);
        let (mut cuts, mut losses) = (0, Vec::new());
        run.each_cut(60, &mut Rng::new(3), &mut |cut, fate, found| {
            cuts += 1;
            if let Err(lost) = found {
                losses.push(format!("{fate:?} after step {cut}: {lost}"));
            }
        });
        println!(
            "synchronous={durability}: {} of {cuts} cuts lost something, such as: {}",
            losses.len(),
            losses.first().map_or("", |l| l)
        );
        assert!(!losses.is_empty(), "the test does not see what synchronous={durability} loses");
    }
}

/// Compiles the shim that writes down what a process does to its files.
pub(crate) fn compile_shim(place: &Place) -> PathBuf {
    let shim = place.join("shim.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/power/shim.c");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o"]);
    compiler.arg(&shim).arg(source).arg("-ldl");
    child::run_to_end(&mut compiler);
    shim
}

/// One run of the program under the shim.
struct Run {
    /// Holds the root while its files are looked at.
    _place: Place,
    root: PathBuf,
    steps: Vec<Step>,
    /// The file that the answers go to; numbers are given once and never again.
    acks: u32,
}

impl Run {
    fn new(durability: &str, seed: u64) -> Self {
        let place = Place::new();
        let (root, log, shim) = (place.join("root"), place.join("journal"), compile_shim(&place));
        std::fs::create_dir(&root).unwrap();
        let mut program = child::command("lose power");
        child::at(&mut program, &root)
            .env("FAULTS_SEED", seed.to_string())
            .env("FAULTS_BATCHES", "48")
            .env("FAULTS_DURABILITY", durability)
            .env("LD_PRELOAD", &shim)
            .env("SHIM_ROOT", &root)
            .env("SHIM_LOG", &log);
        child::run_to_end(&mut program);
        let steps = journal::read(&std::fs::read(&log).unwrap(), &root);
        let acks = steps.iter().find_map(|step| match step {
            Step::Opened { file, path, .. } if path == Path::new(program::ACKS) => Some(*file),
            _ => None,
        });
        Self { _place: place, root, steps, acks: acks.expect("the program says what it did") }
    }

    /// The shim saw everything: what it makes of the whole journal is what lies on the real disk.
    fn is_seen_whole(&self) {
        let mut disk = Disk::new();
        self.steps.iter().for_each(|step| disk.take(step));
        let rebuilt = disk.after_power_loss(Fate::Kept, &mut Rng::new(0));
        let mut files = 0;
        for (path, content) in rebuilt.iter().filter(|(path, _)| !is_shared_memory(path)) {
            let real = self.root.join(path);
            match content {
                Some(content) => {
                    assert_eq!(
                        std::fs::read(&real).ok().as_ref(),
                        Some(content),
                        "{} was rebuilt otherwise",
                        path.display()
                    );
                    files += 1;
                }
                None => assert!(real.is_dir(), "{} is no directory", path.display()),
            }
        }
        let real = count_files(&self.root);
        assert!(files == real && files > 4, "{files} files were rebuilt, there are {real}");
    }

    /// Cuts the power after many a step, each fate in turn, and says how the book was found.
    fn each_cut(&self, cuts: u64, rng: &mut Rng, told: &mut dyn FnMut(usize, Fate, Result<(), String>)) {
        let chosen = self.choose(cuts as usize, rng);
        let mut disk = Disk::new();
        let mut said = String::new();
        let mut taken = 0;
        for (at, cut) in chosen.into_iter().enumerate() {
            for step in &self.steps[taken..cut] {
                disk.take(step);
                said.push_str(&self.says(step));
                taken += 1;
            }
            let fate = FATES[at % FATES.len()];
            let image = disk.after_power_loss(fate, rng);
            told(cut, fate, find(&image, &said, at % 16 == 0));
        }
    }

    /// The steps after which power goes: around every answer and every fsync there is most to
    /// lose, so most of them are there.
    fn choose(&self, cuts: usize, rng: &mut Rng) -> Vec<usize> {
        if cuts >= self.steps.len() * FATES.len() {
            // Enough for all there are: behind every step, each fate.
            return (1..=self.steps.len()).flat_map(|cut| [cut; FATES.len()]).collect();
        }
        let mut near: Vec<usize> = Vec::new();
        for (at, step) in self.steps.iter().enumerate() {
            let said = !self.says(step).is_empty();
            if said || matches!(step, Step::Synced { .. } | Step::Cut { .. } | Step::Removed { .. }) {
                near.extend([at, at + 1]);
            }
        }
        let mut chosen: Vec<usize> = (0..cuts)
            .map(|n| if n % 3 == 0 { rng.index(self.steps.len()) } else { near[rng.index(near.len())] })
            .collect();
        chosen.sort_unstable();
        chosen
    }

    /// What a step says to the one who waits for the answers.
    fn says(&self, step: &Step) -> String {
        match step {
            Step::Written { file, bytes, .. } if *file == self.acks => String::from_utf8(bytes.clone()).unwrap(),
            _ => String::new(),
        }
    }
}

/// Puts the disk's files somewhere and looks whether all that was said is true.
fn find(image: &BTreeMap<PathBuf, Option<Vec<u8>>>, said: &str, signatures: bool) -> Result<(), String> {
    let place = Place::new();
    for (path, content) in image.iter().filter(|(path, _)| !is_shared_memory(path)) {
        let path = place.path().join(path);
        match content {
            None => std::fs::create_dir_all(&path).unwrap(),
            Some(content) => put_private(&path, content),
        }
    }
    let open = || Ledger::open(place.layout(), Options::default());
    let ledger = match open() {
        Ok(ledger) => ledger,
        Err(e) if said.contains("created") => return Err(format!("the book does not open: {e}")),
        // Nothing was promised yet; but the place must not be spoilt for the next attempt.
        Err(first) => Ledger::create(place.layout(), "default", Options::default(), None)
            .map_err(|e| format!("the book does not open ({first}), and none can be made in its place: {e}"))?,
    };
    let acks: Vec<Ack> = said.lines().filter_map(Ack::parse).collect();
    let book = check(place.path(), &acks, signatures)?;
    for line in said.lines() {
        let seq = line.strip_prefix("erased ").map(|seq| seq.parse::<usize>().unwrap());
        if seq.is_some_and(|seq| book.rows[seq].parts["input"].is_some()) {
            return Err(format!("what was erased is back: {line}"));
        }
    }
    check_query(&ledger, &book, program::ACTOR);
    // Life goes on, from where the book is.
    let next = admit(event(ledger.next_id(), ledger.now(), "after", "file.write", "0"));
    let sealed = ledger.append(vec![next]).map_err(|e| e.to_string())?.remove(0).map_err(|e| e.to_string())?;
    if sealed.seq == book.rows.len() as u64 {
        Ok(())
    } else {
        Err(format!("{sealed:?} does not follow on {}", book.rows.len()))
    }
}

/// SQLite's shared memory does not outlive a machine; `shim.c` does not follow it.
fn is_shared_memory(path: &Path) -> bool {
    path.to_string_lossy().ends_with("-shm")
}

fn put_private(path: &Path, content: &[u8]) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, content).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn count_files(directory: &Path) -> usize {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| !is_shared_memory(path)).map(|path| if path.is_dir() { count_files(&path) } else { 1 }).sum()
}
