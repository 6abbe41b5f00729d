"""A request to an address of the owner's, for line protocol and webhooks: a failure is an OutputError whose text says
what to look at and holds no secret."""
from collections.abc import Mapping
from dataclasses import dataclass

from appliance.outputs.contract import OutputError
from appliance.settings import Secret
from appliance.system import http
from appliance.system.http import Trouble

MAX_ANSWER = 16 * 1024      # bytes
MAX_WORDS = 200             # characters of the other side's words in a message
LONGEST_RETRY_S = 3600.0    # what a Retry-After may ask for
WORDS = {
    Trouble.TLS: "TLS failed: the server's certificate could not be verified",
    Trouble.UNREACHABLE: "the server could not be reached in time: is it on?",
    Trouble.SILENT: "the server did not answer in time",
    Trouble.NO_NAME: "the server's name could not be resolved: check the name, or write its IP address",
    Trouble.REFUSED: "the connection was refused: is the program running there, and is the port right?",
    Trouble.HALF: "the connection failed or was closed without an answer",
    Trouble.CLOSED: "the connection failed or was closed without an answer",
}


@dataclass(frozen=True)
class Answer:
    """Status, headers (their names ignore case), and the beginning of the body as one line."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def retry_after_s(self) -> float:
        """Seconds that the other side wants to be left alone."""
        text = self.headers.get("Retry-After", "")
        return min(LONGEST_RETRY_S, float(text)) if text.isascii() and text.isdigit() else 0.0


def request(method: str, url: str, body: bytes | None, headers: Mapping[str, str], secret: Secret) -> Answer:
    """Send one request; `secret` is kept out of whatever comes back. Raises OutputError."""
    try:
        answer = http.exchange(method, url, body, headers, MAX_ANSWER)
    except http.NoAnswer as error:
        raise OutputError(WORDS.get(error.trouble) or one_line(error.detail, secret)) from None
    return Answer(answer.status, answer.headers, one_line(answer.body.decode("utf-8", "replace"), secret))


def one_line(text: str, secret: Secret, most: int = MAX_WORDS) -> str:
    """Words from outside as they may be shown: one line, printable, short, without the secret."""
    for part in (secret.reveal(), *secret.reveal().split(":", 1)[1:]):
        if len(part) > 3:
            text = text.replace(part, "****")
    line = " ".join(text.split())
    return "".join(letter if letter.isprintable() else "?" for letter in line)[:most]
