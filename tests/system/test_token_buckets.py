"""Token buckets by sender, beside a slow twin that keeps all that was ever taken."""
from hypothesis import given
from hypothesis import strategies as st

from appliance.system.token_buckets import Bucket, TokenBuckets

KINDS = (Bucket(10, 2), Bucket(100, 5))
STEPS = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 8), st.integers(0, 12), st.integers(0, 120)),
                 max_size=40)


class Twin:
    """Fills each sender's buckets second by second."""

    def __init__(self) -> None:
        self.left: dict[str, list[float]] = {}

    def second(self) -> None:
        for left in self.left.values():
            for index, kind in enumerate(KINDS):
                left[index] = min(kind.size, left[index] + kind.per_s)

    def take(self, sender: str, amounts: tuple[int, int]) -> int | None:
        left = self.left.setdefault(sender, [kind.size for kind in KINDS])
        for index, amount in enumerate(amounts):
            if amount > left[index]:
                return index
        left[:] = [have - amount for have, amount in zip(left, amounts, strict=True)]
        return None


@given(STEPS)
def test_what_is_given_is_what_buckets_filled_second_by_second_give(steps: list[tuple[str, int, int, int]]) -> None:
    buckets, twin, now = TokenBuckets(KINDS, 2), Twin(), 0
    for sender, pause, *amounts in steps:
        now += pause
        for _ in range(pause):
            twin.second()
        assert buckets.take(sender, amounts, float(now)) == twin.take(sender, (amounts[0], amounts[1]))


def test_of_too_many_senders_the_one_that_took_least_is_forgotten() -> None:
    buckets = TokenBuckets(KINDS, 2)
    for sender, amounts in (("busy", (10, 1)), ("large", (1, 90)), ("new", (1, 1))):
        assert buckets.take(sender, amounts, 0.0) is None
    assert len(buckets) == 2 and "busy" in buckets and "large" in buckets and "new" not in buckets


def test_a_clock_that_goes_back_fills_nothing() -> None:
    buckets = TokenBuckets(KINDS, 2)
    assert buckets.take("a", (10, 0), 100.0) is None and buckets.take("a", (1, 0), 50.0) == 0
