"""E-mail by the address in notify.url: mailto:YOU@example.org?smtp=smtp://USER@HOST:587 (channel has all forms).

A password never travels without TLS: where there is a user, a server without STARTTLS is an error.
"""
import smtplib
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from appliance.outputs import http
from appliance.outputs.contract import OutputError
from appliance.outputs.notify.message import Message
from appliance.settings import Secret

MAIL_S = 30.0               # for each answer of a mail server


def mail(parts: SplitResult, password: Secret) -> Callable[[Message, str, float], None]:
    """How a message goes to the address of `parts`; what is returned raises OutputError where it is not taken."""
    to = unquote(parts.path)
    server = urlsplit(parse_qs(parts.query)["smtp"][0])
    user = unquote(server.username or "")
    secure = server.scheme == "smtps"
    host, port = server.hostname or "", server.port or (465 if secure else 587)

    def send(message: Message, site: str, now: float) -> None:
        letter = EmailMessage()
        letter["Subject"], letter["To"], letter["From"] = message.title, to, user if "@" in user else to
        letter["Date"] = format_datetime(datetime.fromtimestamp(now, UTC))
        letter["Message-ID"] = make_msgid(domain="suntap.invalid")
        letter.set_content(message.text)
        try:
            with _session(host, port, secure, bool(user)) as session:
                if user:
                    session.login(user, password.reveal())
                session.send_message(letter)
        except smtplib.SMTPAuthenticationError as error:
            raise OutputError(f"the mail server refuses user or password: {_words(error, password)}") from None
        except (smtplib.SMTPException, OSError, ValueError) as error:
            words = _words(error, password)
            raise OutputError(f"the mail server {host}:{port} did not take the message: {words}") from None
    return send


def _session(host: str, port: int, secure: bool, needs_tls: bool) -> smtplib.SMTP:
    """A greeted session, with TLS where it is offered, and always where a password will follow."""
    context = ssl.create_default_context()
    if secure:
        return smtplib.SMTP_SSL(host, port, timeout=MAIL_S, context=context)
    session = smtplib.SMTP(host, port, timeout=MAIL_S)
    try:
        session.ehlo()
        if needs_tls or session.has_extn("starttls"):
            session.starttls(context=context)
            session.ehlo()
    except BaseException:
        session.close()
        raise
    return session


def _words(error: Exception, password: Secret) -> str:
    """What went wrong, in the server's words where it has any."""
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        text = f"{error.smtp_code} {said.decode('utf-8', 'replace') if isinstance(said, bytes) else said}"
    elif isinstance(error, smtplib.SMTPRecipientsRefused):
        text = "; ".join(f"{code} {words.decode('utf-8', 'replace')}" for code, words in error.recipients.values())
    elif isinstance(error, ssl.SSLError):
        text = "TLS failed: its certificate could not be verified"
    elif isinstance(error, socket.gaierror):
        text = "its name could not be resolved"
    else:
        text = str(error) or type(error).__name__
    return http.one_line(text, password)
