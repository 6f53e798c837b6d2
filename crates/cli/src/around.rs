//! What a page tells beside its audit: what happened in the book, what holds, and what proves it.

use sealbook_policy::{Alert, Approval, State};
use sealbook_record::Timestamp;
use sealbook_report::{
    AlertList, ApprovalList, AssessmentDetail, AuditPage, AuditReport, AuditRun, Carried, Chronicle, Document,
    RunTally, StopList, View,
};

use crate::audit;
use crate::command::report::newest_assessment;
use crate::failure::Failure;
use crate::session::Session;
use crate::when;

/// Requests and alerts that are told, the newest.
const HELD_SHOWN: usize = 50;

pub(crate) struct Around {
    chronicle: Chronicle,
    trend: Vec<RunTally>,
    held: Vec<(&'static str, Document)>,
    assessment: Option<AuditRun>,
    carried: Option<Carried>,
}

impl Around {
    pub(crate) fn of(run: &AuditRun, session: &Session) -> Result<Self, Failure> {
        let ledger = &session.ledger;
        let assessment = match newest_assessment(session)? {
            _ if AssessmentDetail::is_one(run) => Some(run.clone()),
            Some(assessed) => audit::told(session, assessed)?.filter(AssessmentDetail::is_one),
            None => None,
        };
        Ok(Self {
            chronicle: sealbook_serve::chronicle(ledger)?,
            trend: sealbook_serve::trend(ledger, run)?,
            held: held(&session.state()?, when::now()),
            assessment,
            carried: sealbook_serve::carried(ledger, run)?,
        })
    }

    pub(crate) fn page<'a>(&'a self, report: AuditReport<'a>) -> AuditPage<'a> {
        AuditPage {
            report,
            chronicle: &self.chronicle,
            trend: &self.trend,
            held: self.held.clone(),
            assessment: self.assessment.as_ref(),
            carried: self.carried.clone(),
        }
    }
}

/// What holds, and what was asked and decided.
fn held(state: &State, now: Timestamp) -> Vec<(&'static str, Document)> {
    let mut approvals: Vec<&Approval> = state.approvals().iter().collect();
    approvals.sort_by_key(|approval| std::cmp::Reverse(approval.seq));
    approvals.truncate(HELD_SHOWN);
    let mut alerts: Vec<&Alert> = state.alerts().list();
    alerts.reverse();
    alerts.truncate(HELD_SHOWN);
    let unresolved = state.alerts().unresolved();
    vec![
        ("Stops that hold now", StopList { stops: state.stops() }.document()),
        ("Approvals", ApprovalList { approvals, now, shown: None }.document()),
        ("Alerts", AlertList { alerts, unresolved }.document()),
    ]
}
