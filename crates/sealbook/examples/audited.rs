//! A small shop that keeps its book: `cargo run -p sealbook --example audited`.

#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::error::Error;
use std::path::Path;

use sealbook::{Book, Place, TargetKind, agent, audited};

#[audited(action = "price.write", book = book, target(File, path.display()), capture(cents), category(FileWrite))]
fn write_price(book: &Book, path: &Path, cents: u32) -> std::io::Result<()> {
    std::fs::write(path, cents.to_string())
}

fn main() -> Result<(), Box<dyn Error>> {
    let home = tempfile::tempdir()?;
    let book = Book::open_or_create(&Place::in_home(home.path(), "shop")?)?.acting_as(agent("pricer"));

    write_price(&book, &home.path().join("tea"), 350)?;
    let nowhere = write_price(&book, &home.path().join("no/such/place"), 350);

    let scope = book.scope("price.check").target(TargetKind::File, "tea");
    let price = scope.run(|| std::fs::read_to_string(home.path().join("tea")))?;

    println!("tea costs {price}; writing elsewhere failed: {}", nowhere.is_err());
    println!("the book holds {} records", book.size()?);
    Ok(())
}
