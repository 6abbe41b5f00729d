"""Python's search for circles of objects is put off, and is afterwards as it was."""
import gc

import pytest

from appliance.system.collection import without_collection


@pytest.mark.parametrize("was_on", [True, False])
def test_it_is_afterwards_as_it_was_even_if_the_work_fails(was_on: bool) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if was_on else gc.disable)()
        with pytest.raises(ValueError, match="fails"), without_collection():
            assert not gc.isenabled()
            raise ValueError("fails")
        assert gc.isenabled() == was_on
    finally:
        (gc.enable if before else gc.disable)()
