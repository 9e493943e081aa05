"""Each benchmark measures something in its smallest form; no test passes or fails by time."""

import re

import pytest

import dev
from tests.bench import __main__ as bench
from tests.bench import mailman
from tests.bench.figures import Figure
from tests.peers import require

RATIO = re.compile(r".+: .+, .+: ratio [0-9.e+-]+; bar .+")


@pytest.mark.parametrize("name", bench.BENCHES)
def test_a_benchmark_prints_its_ratio(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    if name in {"intake", "answers", "growth", "outbound", "mailman"}:
        require("postfix")
    bench.main(["--quick", name])
    machine, *figures, end = capsys.readouterr().out.splitlines()
    assert machine.startswith("machine ")
    assert figures
    if name == "rivals" and dev.find_peer("schleuder") is None:
        assert figures[0].startswith("rivals   SKIPPED: schleuder is missing; apt-get install ")
        return
    if name == "mailman" and not mailman.PROGRAMS.exists():
        assert figures[0].startswith("mailman  SKIPPED: mailman3 is missing; apt-get install ")
        return
    assert [] == [line for line in figures if not RATIO.fullmatch(line)]
    assert end.startswith(f"{name:<8} measured in ")


def test_an_unknown_name_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        bench.main(["speed"])
    assert "there is no benchmark speed" in capsys.readouterr().err


def test_a_line_tells_the_median_and_the_range() -> None:
    figure = Figure(what="work", ours="a", theirs="b", ratios=(1.5, 12.0, 0.125), bar=">= 1")
    assert "work: a, b: ratio 1.50 (0.12 to 12.0); bar >= 1" == figure.line()
