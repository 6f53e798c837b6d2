//! What an agent tells its hook, as a fuzz target.

use serde_json::Value;

use super::{Agent, Answer, Event, answer::Say, tool};

/// An event is read or refused, and answered in its agent's form; the first byte says which agent it is.
pub fn hooks(data: &[u8]) -> bool {
    let Some((agent, input)) = data.split_first() else { return false };
    let agent = Agent::ALL[usize::from(*agent) % Agent::ALL.len()];
    let Ok(event) = Event::parse(agent, input) else { return false };
    let input = event.input();
    if let Some(tool) = event.tool() {
        tool::deed(&tool, event.of_server(), input.as_deref());
    }
    assert!(event.around().get().starts_with('{'));
    let _ = (event.cwd(), event.session(), event.call(), event.duration_us());
    let _ = (event.outcome(), event.result(), event.error());
    for say in [Say::Pass, Say::Deny("no \"way\"".to_owned()), Say::Ask("may it?".to_owned())] {
        let answer = Answer::to(&event, &say);
        assert!(answer.stdout.is_empty() || serde_json::from_str::<Value>(&answer.stdout).is_ok(), "{answer:?}");
        let refuses = matches!(say, Say::Deny(_)) && event.can_be_refused();
        assert!(!refuses || !answer.stdout.is_empty() || answer.code != 0, "{} is let go on", event.name());
    }
    true
}
