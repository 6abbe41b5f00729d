"""How a message leaves: a webhook or e-mail, by the address in notify.url.

    https://ntfy.sh/TOPIC                            ntfy's form: the text as body, title and priority as headers
    https://push.example.org/TOPIC?form=ntfy         the same, where the host's name does not begin with "ntfy"
    https://example.org/hook                         JSON: title, text, content, urgent, over, site, time
    mailto:YOU@example.org?smtp=smtp://USER@HOST:587 e-mail; smtps: TLS from the start (465), smtp: STARTTLS

"text" is what Slack, Mattermost and the like read, "content" what Discord does. A password never travels without
TLS: where there is a user, a server without STARTTLS is an error.
"""
import json
import smtplib
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from urllib.parse import SplitResult, parse_qs, parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from appliance.outputs import http
from appliance.outputs.contract import OutputError
from appliance.outputs.notify.message import Message
from appliance.settings import Notify, Secret

MAIL_S = 30.0               # for each answer of a mail server

Send = Callable[[Message, str, float], None]
"""(message, site, UTC seconds): delivered when it returns. Raises OutputError."""


def channel(notify: Notify) -> Send:
    """The way of these settings, their url not empty."""
    parts = urlsplit(notify.url)
    if parts.scheme == "mailto":
        return _mail(parts, notify.token)
    query = dict(parse_qsl(parts.query))
    if (parts.hostname or "").startswith("ntfy") or query.get("form") == "ntfy":
        return _ntfy(_without(parts, "form"), notify.token)
    return _json(notify.url, notify.token)


def _without(parts: SplitResult, name: str) -> str:
    kept = [(key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True) if key != name]
    return urlunsplit(parts._replace(query=urlencode(kept)))


def _ntfy(url: str, token: Secret) -> Send:
    def send(message: Message, site: str, now: float) -> None:
        headers = {"Title": message.title, "Priority": "high" if message.urgent else "default",
                   "Tags": "white_check_mark" if message.over else "sunny", **_bearer(token)}
        _accepted(http.request("POST", url, message.text.encode(), headers, token))
    return send


def _json(url: str, token: Secret) -> Send:
    def send(message: Message, site: str, now: float) -> None:
        words = f"{message.title}\n{message.text}"
        body = {"title": message.title, "text": words, "content": words, "urgent": message.urgent, "over": message.over,
                "site": site, "time": datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds")}
        headers = {"Content-Type": "application/json", **_bearer(token)}
        _accepted(http.request("POST", url, json.dumps(body).encode(), headers, token))
    return send


def _bearer(token: Secret) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.reveal()}"} if token else {}


def _accepted(answer: http.Answer) -> None:
    if not 200 <= answer.status < 300:
        hint = {401: ": check the token", 403: ": check the token", 404: ": check the address",
                429: ": too many messages there"}.get(answer.status, "")
        raise OutputError(f"the webhook answered {answer.status}{hint} {answer.text}".rstrip(), answer.retry_after_s)


def _mail(parts: SplitResult, password: Secret) -> Send:
    to = unquote(parts.path)
    server = urlsplit(parse_qs(parts.query)["smtp"][0])
    user = unquote(server.username or "")
    secure = server.scheme == "smtps"
    host, port = server.hostname or "", server.port or (465 if secure else 587)

    def send(message: Message, site: str, now: float) -> None:
        mail = EmailMessage()
        mail["Subject"], mail["To"], mail["From"] = message.title, to, user if "@" in user else to
        mail["Date"] = format_datetime(datetime.fromtimestamp(now, UTC))
        mail["Message-ID"] = make_msgid(domain="suntap.invalid")
        mail.set_content(message.text)
        try:
            with _session(host, port, secure, bool(user)) as session:
                if user:
                    session.login(user, password.reveal())
                session.send_message(mail)
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
