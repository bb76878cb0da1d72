//! A mail as the bytes of RFC 5322: the only place that knows headers.

use lettre::{
    Address, Message,
    message::{
        Attachment, Mailbox, MessageBuilder, MultiPart, SinglePart,
        header::{ContentType, HeaderName, HeaderValue},
    },
};

use super::{Mail, MailAddress, MailError};

/// The message with its envelope. Recipients of `bcc` stand in the envelope alone.
pub(super) fn compose(mail: &Mail) -> Result<Message, MailError> {
    let mut builder = Message::builder()
        .from(mailbox(&mail.from)?)
        .subject(mail.subject.clone())
        .message_id(Some(format!("<{}>", mail.message_id)))
        .date(mail.date.into())
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ));
    builder = each(builder, &mail.to, MessageBuilder::to)?;
    builder = each(builder, &mail.cc, MessageBuilder::cc)?;
    builder = each(builder, &mail.bcc, MessageBuilder::bcc)?;
    if let Some(reply_to) = &mail.reply_to {
        builder = builder.reply_to(mailbox(reply_to)?);
    }
    let message = match (body(mail), mail.attachments.is_empty()) {
        (Body::Single(part), true) => builder.singlepart(part),
        (Body::Both(parts), true) => builder.multipart(parts),
        (Body::Single(part), false) => {
            builder.multipart(attached(MultiPart::mixed().singlepart(part), mail)?)
        }
        (Body::Both(parts), false) => {
            builder.multipart(attached(MultiPart::mixed().multipart(parts), mail)?)
        }
    };
    message.map_err(refused)
}

enum Body {
    Single(SinglePart),
    Both(MultiPart),
}

fn body(mail: &Mail) -> Body {
    match (mail.text.clone(), mail.html.clone()) {
        (Some(text), Some(html)) => Body::Both(MultiPart::alternative_plain_html(text, html)),
        (None, Some(html)) => Body::Single(SinglePart::html(html)),
        (text, None) => Body::Single(SinglePart::plain(text.unwrap_or_default())),
    }
}

fn attached(mut parts: MultiPart, mail: &Mail) -> Result<MultiPart, MailError> {
    for attachment in &mail.attachments {
        let content_type = ContentType::parse(&attachment.content_type).map_err(refused)?;
        let file = Attachment::new(attachment.name.clone());
        parts = parts.singlepart(file.body(attachment.bytes.clone(), content_type));
    }
    Ok(parts)
}

fn each(
    mut builder: MessageBuilder,
    addresses: &[MailAddress],
    add: fn(MessageBuilder, Mailbox) -> MessageBuilder,
) -> Result<MessageBuilder, MailError> {
    for address in addresses {
        builder = add(builder, mailbox(address)?);
    }
    Ok(builder)
}

fn mailbox(address: &MailAddress) -> Result<Mailbox, MailError> {
    let address: Address = address.as_str().parse().map_err(refused)?;
    Ok(Mailbox::new(None, address))
}

fn refused(error: impl std::fmt::Display) -> MailError {
    MailError::Refused {
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::super::testing::mail;
    use super::*;

    #[test]
    fn a_mail_as_it_is_sent() {
        let message = compose(&mail()).unwrap();
        let text = String::from_utf8(message.formatted()).unwrap();
        insta::assert_snapshot!(text.replace('\r', ""));
        let envelope: Vec<String> = message
            .envelope()
            .to()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            envelope,
            ["ada@example.org", "bob@example.org", "eve@example.org"]
        );
    }

    #[test]
    fn no_text_of_a_guest_becomes_a_header() {
        let mut hostile = mail();
        hostile.subject = "Hi\r\nBcc: mallory@example.org".to_owned();
        hostile.text = Some(".\r\nMAIL FROM:<x@y>\r\n".to_owned());
        let text = String::from_utf8(compose(&hostile).unwrap().formatted()).unwrap();
        let (headers, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(
            !headers.lines().any(|line| line.starts_with("Bcc")),
            "{headers}"
        );
    }

    #[test]
    fn bodies_and_attachments_are_parts() {
        let mut rich = mail();
        rich.html = Some("<p>Hello</p>".to_owned());
        rich.attachments = vec![super::super::Attachment {
            name: "report.csv".to_owned(),
            content_type: "text/csv".to_owned(),
            bytes: b"a,b\n1,2\n".to_vec(),
        }];
        let text = String::from_utf8(compose(&rich).unwrap().formatted()).unwrap();
        for part in [
            "multipart/mixed",
            "multipart/alternative",
            "text/html",
            "report.csv",
        ] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
    }
}
