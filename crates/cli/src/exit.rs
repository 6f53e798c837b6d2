//! How the program ends.

use std::process::ExitCode;

/// What a script can tell from the end of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is well.
    Clean,
    /// There are findings at or above `--fail-on`.
    Findings,
    /// The command could not be understood or carried out.
    Failure,
    /// Something that should have been read was not.
    Incomplete,
    /// A seal is broken.
    Broken,
    /// What a program that was run ended with.
    Child(u8),
}

/// Said in the long help of every command.
pub(crate) const CODES: &str = "\
Exit codes:
  0  clean
  1  findings at or above --fail-on
  2  wrong usage, or the command failed
  3  coverage is incomplete: something that should have been read was not
  4  integrity is broken
  Where several hold, the first of 4, 2, 3, 1 is given.";

impl Exit {
    /// The code that the shell sees.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Findings => 1,
            Self::Failure => 2,
            Self::Incomplete => 3,
            Self::Broken => 4,
            Self::Child(code) => code,
        }
    }

    /// Of two, the one that must be said: 4, 2, 3, 1, 0.
    pub(crate) fn or_worse(self, other: Self) -> Self {
        if self.rank() >= other.rank() { self } else { other }
    }

    const fn rank(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Findings => 1,
            Self::Incomplete => 2,
            Self::Failure | Self::Child(_) => 3,
            Self::Broken => 4,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

#[cfg(test)]
mod tests {
    use super::Exit::{Broken, Clean, Failure, Findings, Incomplete};

    #[test]
    fn the_worst_is_said() {
        let order = [Clean, Findings, Incomplete, Failure, Broken];
        for (place, better) in order.iter().enumerate() {
            for worse in &order[place..] {
                assert_eq!(better.or_worse(*worse), *worse);
                assert_eq!(worse.or_worse(*better), *worse);
            }
        }
        assert_eq!(order.map(super::Exit::code), [0, 1, 3, 2, 4]);
    }
}
