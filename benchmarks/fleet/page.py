"""``python -m benchmarks.fleet.page`` computes the tables of docs/capacity.md anew."""

import re
from collections.abc import Callable, Sequence

from benchmarks.fleet.capacity import INVOCATIONS, limits, monthly_cost, per_minute, rotation_cost, share_of_writes
from benchmarks.fleet.cpu import Part
from benchmarks.fleet.inputs import Inputs
from benchmarks.fleet.plot import NAMES, plot, workers
from benchmarks.fleet.result import Row
from lab.lambda_environment.code import REPOSITORY

PAGE = REPOSITORY / "docs" / "capacity.md"
CURVES = REPOSITORY / "docs" / "fleet.svg"
FLEETS = (1_000, 10_000, 100_000)
WINDOWS_HOURS = (1, 4, 24)
DAYS, NIGHT_HOURS = 30, 4
SLOWER = 10
LEAST_SHARE = 0.01
UNITS = (("h", 3600), ("min", 60), ("s", 1))
COMPUTED = re.compile(r"(<!-- computed: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def computed(text: str, inputs: Inputs) -> str:
    """The page with every computed part as it is now."""
    return COMPUTED.sub(lambda found: f"{found[1]}{PARTS[found[2]](inputs)}\n{found[3]}", text)


def _measured(inputs: Inputs) -> str:
    result = inputs.result
    growing = [row for row in result.rows if row.at_once == min(row.secrets, workers(result))]
    rows = [_function_measured(function, growing) for function in result.functions]
    fleets = " / ".join(str(size) for size in sorted({row.secrets for row in growing}))
    titles = ["Function", f"Time, ms ({fleets} secrets)", "CPU time, ms", "of it function", "of it database"]
    return _table([*titles, "Calls", "Connections at peak"], rows)


def _function_measured(function: str, growing: list[Row]) -> list[str]:
    own = [row for row in growing if row.function == function]
    series = (
        [row.median_seconds for row in own],
        [sum(row.cpu_seconds.values()) for row in own],
        [row.cpu_seconds[Part.FUNCTION] for row in own],
        [row.cpu_seconds[Part.DATABASE] for row in own],
    )
    cells = (" / ".join(_ms(seconds) for seconds in values) for values in series)
    return [NAMES[function], *cells, f"{own[-1].calls:.0f}", str(own[-1].peak_connections)]


def _machine(inputs: Inputs) -> str:
    result = inputs.result
    versions = ", ".join(f"{name} {version}" for name, version in result.versions.items())
    rotations, failures = sum(row.rotations for row in result.rows), sum(row.failures for row in result.rows)
    best = f", each stage the fastest of {result.runs} runs" if result.runs > 1 else ""
    return (
        f"Measured on {result.date} with {result.cores} processors ({result.machine}){best}. In the\ntable "
        f"{workers(result)} rotations ran at once. {rotations:,} rotations, of which {failures} failed. {versions}."
    )


def _estimate(inputs: Inputs) -> str:
    rows = []
    for function in inputs.result.functions:
        row, cold = inputs.alone(function), inputs.result.cold_start_seconds[function]
        computes = row.cpu_seconds[Part.FUNCTION]
        seconds = [sum(row.step_seconds.values()) - computes, computes, cold, inputs.lambda_seconds(function)]
        rows.append([NAMES[function], *(f"{value:.2f} s" for value in seconds)])
    return _table(["Function", "Waits", "Computes", "Cold start", f"Estimate, {inputs.stack.memory_mb} MB"], rows)


def _limits(inputs: Inputs) -> str:
    rows = [
        [limit.name, f"{limit.quota:,}", f"{limit.need:.2g}", f"{limit.rotations_per_second:,.0f}"]
        for limit in limits(inputs.quotas, inputs.effort)
    ]
    return _table(["Quota", "Default", "A rotation needs", "Rotations a second"], rows)


def _emergency(inputs: Inputs) -> str:
    rate, share = _tightest(inputs), inputs.use.share_of_writes
    rows = [[f"{secrets:,}", _duration(secrets / rate), _duration(secrets / (rate * share))] for secrets in FLEETS]
    return _table(["Secrets", "With the whole quota", f"With {share:.0%} of it"], rows)


def _at_once(inputs: Inputs) -> str:
    at_once = _tightest(inputs) * inputs.effort.seconds
    return (
        f"With the whole quota, about {at_once:,.0f} functions run at the same time, whatever the fleet's size; about "
        f"{at_once * SLOWER:,.0f}\nif a rotation took {SLOWER} times as long as estimated. Lambda's default is "
        f"{inputs.quotas.concurrent_executions:,}."
    )


def _tightest(inputs: Inputs) -> float:
    return limits(inputs.quotas, inputs.effort)[0].rotations_per_second


def _windows(inputs: Inputs) -> str:
    rows = []
    for secrets in FLEETS:
        rates = [per_minute(secrets, hours) for hours in WINDOWS_HOURS]
        nightly = per_minute(-(-secrets // DAYS), NIGHT_HOURS)
        rows.append([f"{secrets:,}", *(_rate(rate, inputs) for rate in (*rates, nightly))])
    windows = [f"in {hours} h" for hours in WINDOWS_HOURS]
    return _table(["Secrets", *windows, f"over {DAYS} nights of {NIGHT_HOURS} h"], rows)


def _costs(inputs: Inputs) -> str:
    terms = (inputs.effort, inputs.prices, inputs.use, inputs.stack)
    once = rotation_cost(*terms)
    bills = [monthly_cost(secrets, *terms) for secrets in FLEETS]
    rows = [[item, _once(once.get(item)), *(_dollars(bill[item]) for bill in bills)] for item in bills[0]]
    sums = [_once(sum(once.values())), *(_dollars(sum(bill.values())) for bill in bills)]
    rows.append([f"**{cell}**" for cell in ("Together", *sums)])
    return _table(["A month", "One rotation", *(f"{secrets:,} secrets" for secrets in FLEETS)], rows)


def _prices(inputs: Inputs) -> str:
    prices, effort = inputs.prices, inputs.effort
    return (
        f"Prices of {prices.as_of} in {prices.region}; rotations of each secret a month: "
        f"{inputs.use.rotations_a_month:g}.\nA rotation is {effort.demand.calls} calls and {INVOCATIONS} invocations "
        f"of {effort.seconds:.1f} s together with {inputs.stack.memory_mb} MB."
    )


PARTS: dict[str, Callable[[Inputs], str]] = {
    "at_once": _at_once,
    "costs": _costs,
    "emergency": _emergency,
    "estimate": _estimate,
    "limits": _limits,
    "machine": _machine,
    "measured": _measured,
    "prices": _prices,
    "windows": _windows,
}


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = "|---|" + "---:|" * (len(titles) - 1)
    head, *body = (f"| {' | '.join(cells)} |" for cells in (titles, *rows))
    return "\n".join([head, rule, *body])


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f}"


def _duration(seconds: float) -> str:
    unit, size = next(((unit, size) for unit, size in UNITS if seconds >= 2 * size), UNITS[-1])
    return f"{seconds / size:.{1 if unit == 'h' else 0}f} {unit}"


def _rate(rate: float, inputs: Inputs) -> str:
    share = share_of_writes(rate, inputs.quotas, inputs.effort.demand)
    percent = "<1%" if share < LEAST_SHARE else f"{share:.0%}"
    return f"{rate:,.1f} a minute, {percent}" + (": too many" if share > 1 else "")


def _once(amount: float | None) -> str:
    return "" if amount is None else f"${amount:.7f}"


def _dollars(amount: float) -> str:
    return f"${amount:,.2f}"


if __name__ == "__main__":
    current = Inputs.read()
    PAGE.write_text(computed(PAGE.read_text(), current))
    CURVES.write_text(plot(current.result))
