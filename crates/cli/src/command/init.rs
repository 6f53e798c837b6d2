//! `sealbook init`: makes a book, and the project's pointer to it.

use std::path::{Path, PathBuf};

use sealbook_report::HeadDetail;
use sealbook_store::Error;

use super::Context;
use crate::args::Acting;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::place::Place;
use crate::project::{Pointer, Project, bare_root};
use crate::session::Session;
use crate::who;

/// Make a book for a project, or one of its own with --book
///
/// In the project it leaves `.sealbook/`, which holds a pointer to the book and the configuration
/// and ignores itself. The book and its keys lie elsewhere, so that cleaning the project deletes
/// no evidence. With --book NAME the book belongs to no project. Nothing is put into a bare
/// repository: its book is named after its path.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook init                       a book for the project in this directory
  sealbook init ../shop               a book for another project
  sealbook init --book ops            a book of its own, used with --book ops")]
pub(crate) struct Args {
    /// The project's directory
    #[arg(value_name = "DIR", default_value = ".")]
    project: PathBuf,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let root = canonical(context, &args.project)?;
    if !root.is_dir() {
        let what = format!("{} is not a directory", root.display());
        return Err(Failure::usage(what, "name the project's directory"));
    }
    let session = if context.global.book.is_some() {
        let place = Place::find(&context.environment, &context.global, &root)?;
        let actor = who::acting(&Acting::default(), &place)?;
        Session::create(place, actor)?
    } else {
        match make_for(context, &root, &Acting::default())? {
            Made::New(session) => session,
            Made::Found(session) => return Err(Error::BookExists { path: session.place.layout.book.clone() }.into()),
        }
    };
    tell_made(context, &session);
    context.out.show(&HeadDetail { head: &session.ledger.head()? })?;
    Ok(Exit::Clean)
}

/// A project's book.
pub(crate) enum Made {
    /// It was made now.
    New(Session),
    /// It was there, or another process made it meanwhile.
    Found(Session),
}

/// Makes the book of the project at `root`, and `.sealbook/` there; of two processes that begin at once, one.
///
/// A pointer that is there is followed, unless a stranger wrote it: its book may have been lost with the home
/// directory. A bare repository is left as it is: its book is found by the repository's path.
pub(crate) fn make_for(context: &Context, root: &Path, acting: &Acting) -> Result<Made, Failure> {
    if bare_root(root).is_some() && Project::find(root)?.is_none_or(|project| !root.starts_with(&project.root)) {
        return make_at(Place::find(&context.environment, &context.global, root)?, acting);
    }
    // First what may be forbidden: a book without its pointer would be lost.
    let making = Project::prepare(root)?;
    let found = Place::find(&context.environment, &context.global, root)?;
    let strange = found.is_strange();
    let own = found.by_pointer && !strange && found.project.as_ref().is_some_and(|project| project.root == root);
    if strange {
        context.note(&format!(
            "the pointer that was here was not written for this home, and is replaced: it named the book {}",
            found.book
        ));
    }
    let place = if own { found } else { Place::new_for(&context.environment, &context.global, root)? };
    let actor = who::acting(acting, &place)?;
    if place.exists() {
        return Session::open(place, actor).map(Made::Found);
    }
    let mut session = Session::create(place, actor)?;
    if own && is_further_tenant(&session) {
        // A further tenant's ledger of the same book: the project keeps its own.
        return Ok(Made::New(session));
    }
    let mut pointer = match session.place.project.take().filter(|_| own) {
        Some(project) => project.pointer,
        None => Pointer {
            book: session.place.book.clone(),
            tenant: session.place.tenant.clone(),
            origins: Vec::new(),
            marks: Vec::new(),
        },
    };
    pointer.origins.push(session.ledger.origin().to_string());
    pointer.marks.push(session.place.new_mark(root)?);
    let project = Project::point(root, pointer)?;
    if let Some(text) = project.disbelief() {
        context.note(&text);
    }
    drop(making);
    context.note(&format!(
        "made {}, which holds the pointer to the book and ignores itself",
        root.join(".sealbook").display()
    ));
    session.place.project = Some(project);
    Ok(Made::New(session))
}

/// The same where nobody asked for a book, and one is needed: nothing is put into what is no project.
pub(crate) fn make_unasked(context: &Context, root: &Path, acting: &Acting) -> Result<Made, Failure> {
    let is_project = root.join(".git").exists() || root.join(".sealbook").exists() || bare_root(root).is_some();
    if is_project {
        return make_for(context, root, acting);
    }
    make_at(Place::of_path(&context.environment, &context.global, root)?, acting)
}

fn make_at(place: Place, acting: &Acting) -> Result<Made, Failure> {
    let actor = who::acting(acting, &place)?;
    match Session::create(place.clone(), actor.clone()) {
        Err(Failure::Store(Error::BookExists { .. })) => Session::open(place, actor).map(Made::Found),
        made => made.map(Made::New),
    }
}

/// Says where a new book is.
pub(crate) fn tell_made(context: &Context, session: &Session) {
    context.note(&format!("made the book {} in {}", session.place.book, session.place.layout.book.display()));
}

/// Whether the project's pointer names another tenant than this ledger's.
fn is_further_tenant(session: &Session) -> bool {
    session.place.project.as_ref().is_some_and(|project| project.pointer.tenant != session.place.tenant)
}

/// The path from the root on, links resolved.
pub(crate) fn canonical(context: &Context, path: &Path) -> Result<PathBuf, Failure> {
    let path = context.environment.absolute(path);
    let failed = |cause| Failure::Input { name: path.display().to_string(), cause };
    path.canonicalize().map_err(failed)
}
