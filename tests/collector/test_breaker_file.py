"""Who answers the PVS and since when, kept in a small file that may be lost or nonsense."""
from appliance.collector.breaker_file import FILE, MAX_CHANGES, Change, Journal


def test_the_journal_keeps_the_last_changes_and_survives_nonsense(tmp_path):
    journal = Journal()
    for number in range(MAX_CHANGES + 20):
        journal.changes.append(Change(number, "open", f"reason {number}"))
        journal.save(tmp_path)
    journal.addresses = ["203.0.113.5"]
    journal.save(tmp_path)
    again = Journal.load(tmp_path)
    assert len(again.changes) == MAX_CHANGES and again.last == Change(MAX_CHANGES + 19, "open", "reason 69")
    assert again.addresses == ["203.0.113.5"]
    for text in ("", "{}", "[]", '{"changes": 3, "addresses": []}', "{" * 5000):
        (tmp_path / "collector.json").write_text(text)
        assert Journal.load(tmp_path) == Journal()


def test_a_journal_that_was_never_written_is_empty(tmp_path):
    assert Journal.load(tmp_path) == Journal() and Journal().last is None


def test_what_is_saved_is_what_is_loaded_and_the_page_may_read_it(tmp_path):
    Journal([Change(1, "closed", ""), Change(2, "open", "ü\n")], ["203.0.113.5", "203.0.113.6"]).save(tmp_path)
    assert Journal.load(tmp_path) == Journal([Change(1, "closed", ""), Change(2, "open", "ü\n")],
                                             ["203.0.113.5", "203.0.113.6"])
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o640


def test_a_folder_that_takes_nothing_costs_the_note_only(tmp_path):
    Journal([Change(1, "open", "x")]).save(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_texts_of_a_file_are_cut_to_their_bounds(tmp_path):
    Journal([Change(1, "o" * 99, "r" * 9999)], ["a" * 99] * 20).save(tmp_path)
    found = Journal.load(tmp_path)
    assert (len(found.last.state), len(found.last.reason), [len(one) for one in found.addresses]) == (16, 300, [15] * 8)
