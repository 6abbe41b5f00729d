"""A child process that is really killed with -9 after a random time."""
import os
import signal
import time
import traceback
from collections.abc import Callable


def run_and_kill(work: Callable[[], object], after_s: float) -> bool:
    """Run `work` in a forked child and kill it with -9 after `after_s`; whether it had finished by itself.

    Raises AssertionError when the child failed in another way.
    """
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    time.sleep(after_s)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    finished = os.WIFEXITED(status)
    assert not finished or os.WEXITSTATUS(status) == 0, "the child failed: its traceback is above"
    return finished
