"""How a message leaves: a webhook or e-mail, by the address in notify.url.

    https://ntfy.sh/TOPIC                            ntfy's form: the text as body, title and priority as headers
    https://push.example.org/TOPIC?form=ntfy         the same, where the host's name does not begin with "ntfy"
    https://example.org/hook                         JSON: title, text, content, urgent, over, site, time
    mailto:YOU@example.org?smtp=smtp://USER@HOST:587 e-mail; smtps: TLS from the start (465), smtp: STARTTLS

"text" is what Slack, Mattermost and the like read, "content" what Discord does. E-mail's library is loaded only where
the address is one (mail).
"""
import json
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

from appliance.outputs import http
from appliance.outputs.contract import OutputError
from appliance.outputs.notify.message import Message
from appliance.settings import Notify, Secret

Send = Callable[[Message, str, float], None]
"""(message, site, UTC seconds): delivered when it returns. Raises OutputError."""


def channel(notify: Notify) -> Send:
    """The way of these settings, their url not empty."""
    parts = urlsplit(notify.url)
    if parts.scheme == "mailto":
        from appliance.outputs.notify.mail import mail
        return mail(parts, notify.token)
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
