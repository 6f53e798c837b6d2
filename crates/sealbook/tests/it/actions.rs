//! Actions as the older audit manager kept them.

use sealbook::{ActionLog, Category, ENTRIES_DEFAULT, NewAction, Timestamp};
use serde_json::json;

use crate::fixture::Shop;

fn names(entries: &[sealbook::ActionEntry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.action_name.as_str()).collect()
}

#[test]
fn an_action_is_pending_then_well_or_badly_ended_and_only_once() {
    let shop = Shop::new();
    let log = ActionLog::new(shop.book.clone()).retention("appointments");
    let booking = NewAction::of(Category::Booking, "create_booking").user("ann").agent("router").conversation("c1");
    let booking = booking.input(json!({"time": "14:30"})).tag("web");
    let booking = booking.compensated_by("google_calendar", json!({"action": "delete_booking", "event_id": "e1"}));
    let id = log.log_action(&booking).unwrap();
    let pending = log.entry(id).unwrap().unwrap();
    assert_eq!((pending.status.as_str(), pending.compensable, pending.duration_ms), ("pending", true, None));
    log.mark_success(id, &json!({"event_id": "e1"}), 812).unwrap();
    let ended = log.entry(id).unwrap().unwrap();
    assert_eq!((ended.status.as_str(), ended.duration_ms), ("ok", Some(812.0)));
    assert_eq!((ended.user_id.as_deref(), ended.agent_name.as_deref()), (Some("ann"), Some("router")));
    assert_eq!((ended.conversation_id.as_deref(), &ended.tags[..]), (Some("c1"), &["web".to_owned()][..]));
    assert_eq!((ended.input_params, ended.result), (Some(json!({"time": "14:30"})), Some(json!({"event_id": "e1"}))));
    assert!(ended.compensable && ended.error_message.is_none());
    assert_eq!(log.mark_failed(id, "no", 1).unwrap_err().code(), "action_ended");
    let mail = log.log_action(&NewAction::of(Category::Notification, "send_email").user("ann")).unwrap();
    log.mark_failed(mail, "the server refused it", 90).unwrap();
    let failed = log.entry(mail).unwrap().unwrap();
    assert_eq!((failed.status.as_str(), failed.error_message.as_deref()), ("failed", Some("the server refused it")));
    assert!(!failed.compensable);
    let nobody = "01944c2f-0000-7000-8000-000000000001".parse().unwrap();
    assert_eq!(log.mark_success(nobody, &json!(1), 1).unwrap_err().code(), "action_missing");
    assert!(log.entry(nobody).unwrap().is_none());
    let stored = shop.book.ledger().reader().unwrap().by_id(id).unwrap().unwrap().record.unwrap();
    assert_eq!(stored.retention.as_deref(), Some("appointments"));
}

#[test]
fn actions_are_found_by_user_sort_and_time_and_one_without_a_user_is_marked() {
    let shop = Shop::new();
    let log = ActionLog::new(shop.book.clone());
    for (category, name) in [
        (Category::Booking, "create_booking"),
        (Category::Notification, "send_sms"),
        (Category::Ticket, "create_ticket"),
        (Category::RagSearch, "knowledge_base"),
        (Category::ApiCall, "lookup"),
    ] {
        log.log_action(&NewAction::of(category, name).user("ann")).unwrap();
    }
    log.log_action(&NewAction::of(Category::Booking, "move_booking").agent("router").user("ann")).unwrap();
    let unknown = log.log_action(&NewAction::of(Category::Booking, "delete_booking")).unwrap();
    let of_ann = log.user_actions("ann", ENTRIES_DEFAULT).unwrap();
    assert_eq!(of_ann.len(), 6);
    assert_eq!(names(&of_ann[..2]), ["move_booking", "lookup"]);
    assert_eq!(names(&log.user_actions("ann", 1).unwrap()), ["move_booking"]);
    assert!(log.user_actions("bob", 5).unwrap().is_empty());
    let bookings = log.actions_by_type(Category::Booking, 2).unwrap();
    assert_eq!(names(&bookings), ["delete_booking", "move_booking"]);
    let entry = log.entry(unknown).unwrap().unwrap();
    assert_eq!((entry.user_id, entry.agent_name, &entry.tags[..]), (None, None, &["actor_unknown".to_owned()][..]));
    let (first, last) = (of_ann.last().unwrap().timestamp, entry.timestamp);
    assert_eq!(log.actions_between(first, last, ENTRIES_DEFAULT).unwrap().len(), 7);
    let before = |us: i64| Timestamp::from_micros(first.as_micros() - us);
    assert!(log.actions_between(before(9), before(5), 5).unwrap().is_empty());
    assert_eq!(log.tally(Category::Booking).unwrap().mean_ms(), None);
}
