//! The register as CSV (RFC 4180), safe to open in a spreadsheet.

use super::Capability;

/// The names of the columns, as the first line.
pub const CSV_HEADER: &str = "state,job_id,job_name,job_enabled,template_type,template_version,\
    interface,operation,target,text,destructive,declared,imported,granted,allowed,used_count,\
    used_last_at,denied_count,denied_last_at,granted_as,saved_by,saved_at\r\n";

impl Capability {
    /// It as a line of CSV.
    #[must_use]
    pub fn csv_line(&self) -> String {
        let yes_or_no = |it: bool| if it { "yes" } else { "no" }.to_owned();
        let moment = |it: Option<jiff::Timestamp>| it.map_or_else(String::new, |at| at.to_string());
        let fields = [
            self.state.as_str().to_owned(),
            self.job_id.to_string(),
            self.job_name.clone(),
            yes_or_no(self.job_enabled),
            self.template_type.to_string(),
            self.template_version.clone(),
            self.interface.as_str().to_owned(),
            self.operation.as_str().to_owned(),
            self.target.clone(),
            self.text.clone(),
            yes_or_no(self.destructive),
            yes_or_no(self.declared),
            yes_or_no(self.imported),
            yes_or_no(self.granted),
            yes_or_no(self.allowed),
            self.used.count.to_string(),
            moment(self.used.last_at),
            self.denied.count.to_string(),
            moment(self.denied.last_at),
            self.granted_as.as_str().to_owned(),
            self.saved_by.to_string(),
            self.saved_at.to_string(),
        ];
        fields.map(|it| field(&it)).join(",") + "\r\n"
    }
}

/// A text as a field. What a spreadsheet would take for a formula begins with an apostrophe (OWASP, "CSV
/// Injection").
fn field(text: &str) -> String {
    let is_formula =
        text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let guard = if is_formula { "'" } else { "" };
    match is_formula || text.contains([',', '"', '\r', '\n']) {
        true => format!("\"{guard}{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_field_is_a_formula_or_ends_before_its_end() {
        let check = |text: &str, expect: &str| assert_eq!(field(text), expect);
        check("users", "users");
        check("", "");
        check("a, b", "\"a, b\"");
        check("say \"hi\"", "\"say \"\"hi\"\"\"");
        check("two\nlines", "\"two\nlines\"");
        check("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\"");
        check("+1", "\"'+1\"");
        check("-1", "\"'-1\"");
        check("@SUM(A1)", "\"'@SUM(A1)\"");
        check("\t=1", "\"'\t=1\"");
        check("*@acme.example", "*@acme.example");
    }
}
