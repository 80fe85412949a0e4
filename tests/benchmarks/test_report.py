"""The table: medians, ranges, ratios, goals met and missed."""

from benchmarks.measure import Results
from benchmarks.report import table


def _cells(results: Results) -> dict[str, list[str]]:
    lines = [line.strip("| ").split("|") for line in table(results).splitlines()[2:]]
    return {cells[0].strip(): [cell.strip() for cell in cells[1:]] for cells in lines}


def test_goals_are_met_or_missed_by_the_median_in_the_direction_that_counts() -> None:
    results = Results()
    for value in (4.0, 9.0, 4.2):
        results.add("first_p50_ms", "pantheon", value)
    results.add("first_p50_ms", "apart", 7.5)
    results.add("first_p50_ms", "proxy", 2.1)
    results.add("step_turns_s", "pantheon", 48.0)
    results.add("cpu_burst_ms", "pantheon", 6.9)
    cells = _cells(results)
    first = cells["added before the first token, p50, ms"]
    assert first == ["≤ 4.5 / 7", "2.1", "", "4.2 (4.0–9.0)", "2.0", "7.5", "missed: apart"]
    assert cells["32 sessions in step (ideal 58.7), turns/s"][-1] == "missed: pantheon"
    assert cells["CPU per turn, burst, ms"][-1] == "met"


def test_what_was_not_measured_has_no_line() -> None:
    results = Results()
    results.add("readers", "pantheon", 128)
    results.add("fake_share", "pantheon", 0.1)
    assert list(_cells(results)) == ["readers until the added p95 doubles"]
