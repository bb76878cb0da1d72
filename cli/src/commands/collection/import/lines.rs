//! Documents as lines of text, each error with the number of its line.

use std::io::{BufRead, Read as _};

use sandglass_query::{DatabaseError, Document, extended_json};

/// Reads one document from each line that is not blank.
pub(super) struct LineDocuments<R> {
    source: R,
    line: u64,
}

impl<R: BufRead> LineDocuments<R> {
    pub(super) const fn new(source: R) -> Self {
        Self { source, line: 0 }
    }

    /// The next line without its end, nothing after the last.
    fn next_line(&mut self) -> Result<Option<String>, DatabaseError> {
        self.line += 1;
        let limit = extended_json::MAX_TEXT_BYTES as u64 + 2;
        let mut bytes = Vec::new();
        let read = self
            .source
            .by_ref()
            .take(limit)
            .read_until(b'\n', &mut bytes);
        if read.map_err(|error| self.failed(&format!("cannot be read: {error}")))? == 0 {
            return Ok(None);
        }
        while matches!(bytes.last(), Some(b'\n' | b'\r')) {
            bytes.pop();
        }
        if bytes.len() > extended_json::MAX_TEXT_BYTES {
            let most = extended_json::MAX_TEXT_BYTES;
            return Err(self.failed(&format!("is longer than {most} bytes")));
        }
        let text = String::from_utf8(bytes).map_err(|_| self.failed("is not UTF-8"))?;
        Ok(Some(text))
    }

    fn parse(&self, text: &str) -> Result<Document, DatabaseError> {
        if text.trim_start().starts_with('[') {
            return Err(self.failed(
                "begins an array; give one document on each line, as `jq -c '.[]' FILE` writes them",
            ));
        }
        extended_json::parse_document(text)
            .map_err(|error| self.failed(&format!("is not a document: {error}")))
    }

    fn failed(&self, what: &str) -> DatabaseError {
        DatabaseError::InvalidArgument(format!("line {} {what}", self.line))
    }
}

impl<R: BufRead> Iterator for LineDocuments<R> {
    type Item = Result<Document, DatabaseError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.next_line() {
                Ok(None) => return None,
                Ok(Some(text)) if text.trim().is_empty() => {}
                Ok(Some(text)) => return Some(self.parse(&text)),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &[u8], documents: usize, error: Option<&str>) {
        let mut lines = LineDocuments::new(text);
        let read = lines.by_ref().take_while(Result::is_ok).count();
        assert_eq!(read, documents, "{}", String::from_utf8_lossy(text));
        let failed = LineDocuments::new(text).find_map(Result::err);
        let failed = failed.map(|it| it.to_string());
        match (failed, error) {
            (None, None) => {}
            (Some(failed), Some(part)) => assert!(failed.contains(part), "{failed}"),
            (failed, error) => panic!("{failed:?}, not {error:?}"),
        }
    }

    #[test]
    fn every_line_is_a_document_or_an_error_with_its_number() {
        check(b"", 0, None);
        check(b"{\"_id\": 1}\n{\"_id\": 2}", 2, None);
        check(b"{\"_id\": 1}\r\n\r\n  \n{\"_id\": 2}\r\n", 2, None);
        check(
            b"{\"_id\": 1}\n{\"_id\": \n",
            1,
            Some("line 2 is not a document"),
        );
        check(b"\n\n17\n", 0, Some("line 3"));
        check(b"[{\"_id\": 1}]", 0, Some("jq -c"));
        check(b"{\"a\": \"\xff\"}", 0, Some("line 1 is not UTF-8"));
        let long = vec![b' '; extended_json::MAX_TEXT_BYTES + 1];
        check(&long, 0, Some("line 1 is longer"));
    }
}
