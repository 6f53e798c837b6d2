//! lcov's tracefiles (geninfo(1)).

use super::Report;

pub(super) fn read(text: &str) -> Result<Report, String> {
    let mut report = Report { format: "lcov", ..Report::default() };
    let mut file: Option<&str> = None;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(path) = line.strip_prefix("SF:") {
            file = Some(path);
            report.files.entry(path.to_owned()).or_default();
        } else if let Some(data) = line.strip_prefix("DA:") {
            let wrong = || format!("line {} is not `DA:LINE,COUNT` of a file", number + 1);
            let mut fields = data.split(',');
            let line = fields.next().and_then(|line| line.parse().ok()).ok_or_else(wrong)?;
            let ran = fields.next().map(|count| !matches!(count.trim(), "0" | "-" | "")).ok_or_else(wrong)?;
            report.files.get_mut(file.ok_or_else(wrong)?).ok_or_else(wrong)?.add(line, ran);
        } else if line == "end_of_record" {
            file = None;
        }
    }
    if report.files.is_empty() {
        return Err("it names no file (`SF:`)".to_owned());
    }
    Ok(report)
}
