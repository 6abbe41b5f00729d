"""The errors of suntap: one line for whoever must act, and on the class what they mean to a shell and to a browser.

Invariant: the text is one sentence that says what is wrong, where, and what to do; it holds no secret. Whoever meets an
error reads `exit_code` or `http_status` from it, never its class's name and never its words. spcore imports nothing of
ours: its CaptureError has the attribute `exit_code` of its own. This module imports nothing, because `suntap records`
pays for every import.
"""
DONE, FAILED, USAGE, WAITING = 0, 1, 2, 3   # exit codes: done, failed, usage or unreadable input, something still waits


class SuntapError(Exception):
    """Base of all errors that a person is meant to read."""

    exit_code = FAILED
    http_status = 500


class CommandError(SuntapError):
    """A command cannot go on; `exit_code` is the command's choice."""

    def __init__(self, message: str, exit_code: int = FAILED) -> None:
        super().__init__(message)
        self.exit_code = exit_code
