//! Who gives the command.
//!
//! The system says which user runs the program: that is verified. Whatever `--actor` says beside
//! it is a claim, and kept as one.

use sealbook_record::{Actor, ActorKind};

use crate::args::Acting;
use crate::failure::Failure;
use crate::place::Place;

/// The actor that `--actor` or the configuration claims, else the system's user.
pub(crate) fn acting(acting: &Acting, place: &Place) -> Result<Actor, Failure> {
    let configured = place.project.as_ref().and_then(|project| project.config.actor.as_deref());
    claimed_or_own(acting.actor.as_deref().or(configured))
}

fn claimed_or_own(claimed: Option<&str>) -> Result<Actor, Failure> {
    let uid = rustix::process::getuid().as_raw();
    let mut actor = match claimed {
        Some(claimed) => {
            let mut actor = read(claimed)?;
            actor.claimed = Some(actor.id.clone());
            actor
        }
        None => Actor::new(ActorKind::User, user_name(uid).unwrap_or_else(|| format!("uid:{uid}"))),
    };
    actor.verified = Some(format!("uid:{uid}"));
    Ok(actor)
}

/// `[KIND:]ID`; a user where no kind is given.
pub(crate) fn read(text: &str) -> Result<Actor, Failure> {
    let with_kind = text.split_once(':').and_then(|(kind, id)| Some((kind.parse::<ActorKind>().ok()?, id)));
    let (kind, id) = with_kind.unwrap_or((ActorKind::User, text));
    if id.is_empty() {
        return Err(Failure::usage("--actor names nobody", "write [user:|agent:|service:|system:]ID"));
    }
    Ok(Actor::new(kind, id))
}

/// The name of a user, from the system's own list.
fn user_name(uid: u32) -> Option<String> {
    let list = std::fs::read_to_string("/etc/passwd").ok()?;
    list.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid) && !name.is_empty()).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_is_read_with_or_without_its_kind() {
        let of = |text: &str| read(text).map(|actor| (actor.kind, actor.id)).ok();
        assert_eq!(of("ci"), Some((ActorKind::User, "ci".into())));
        assert_eq!(of("agent:claude:4"), Some((ActorKind::Agent, "claude:4".into())));
        assert_eq!(of("urn:x"), Some((ActorKind::User, "urn:x".into())));
        assert_eq!(of("agent:"), None);
        assert_eq!(of(""), None);
    }

    #[test]
    fn a_claim_is_kept_apart_from_what_the_system_says() {
        let actor = claimed_or_own(Some("agent:builder")).unwrap();
        assert_eq!(actor.claimed.as_deref(), Some("builder"));
        assert!(actor.verified.unwrap().starts_with("uid:"));
        assert_eq!(claimed_or_own(None).unwrap().claimed, None);
    }
}
