//! Both engines under the one suite.

use std::sync::Arc;

use sealbook_ledger::Origin;
use sealbook_store::{Error, SqliteStore, Store};
use sealbook_testkit::contract::{self, Engine};
use sealbook_testkit::sim::{Honesty, SimDisk, SimStore};
use sealbook_testkit::{Place, Rng};

struct Sqlite(Place);

impl Engine for Sqlite {
    fn create(&self, origin: &Origin, tenant: &str) -> Result<Arc<dyn Store>, Error> {
        Ok(Arc::new(SqliteStore::create(&self.0.join("ledger.db"), origin, tenant)?))
    }

    fn open(&self) -> Result<Arc<dyn Store>, Error> {
        Ok(Arc::new(SqliteStore::open(&self.0.join("ledger.db"))?))
    }

    fn open_read_only(&self) -> Result<Arc<dyn Store>, Error> {
        Ok(Arc::new(SqliteStore::open_read_only(&self.0.join("ledger.db"))?))
    }
}

struct Simulated(Arc<SimDisk>);

impl Engine for Simulated {
    fn create(&self, origin: &Origin, tenant: &str) -> Result<Arc<dyn Store>, Error> {
        Ok(Arc::new(SimStore::create(&self.0, origin, tenant)?))
    }

    fn open(&self) -> Result<Arc<dyn Store>, Error> {
        Ok(Arc::new(SimStore::open(&self.0)?))
    }

    fn open_read_only(&self) -> Result<Arc<dyn Store>, Error> {
        Ok(Arc::new(SimStore::open_read_only(&self.0)?))
    }
}

#[test]
fn sqlite_keeps_the_contract() {
    contract::check(&|| Box::new(Sqlite(Place::new())));
}

#[test]
fn the_simulation_keeps_the_contract() {
    contract::check(&|| Box::new(Simulated(SimDisk::new(Rng::new(1), Honesty::Honest))));
}
