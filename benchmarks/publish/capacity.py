"""The computed parts of docs/capacity.md."""

from collections.abc import Callable, Sequence

from benchmarks.estimate.arithmetic import limits, monthly_cost, per_minute, rotation_cost, share_of_writes
from benchmarks.estimate.assumptions import INVOCATIONS
from benchmarks.estimate.inputs import Inputs
from benchmarks.publish.fleet import curves, growing, totals, workers
from benchmarks.result import FleetRotated, Part
from lab.documents import TextTable, replace_marked
from lab.lambda_environment.code import REPOSITORY
from lab.pairing import PAIRINGS

PAGE = REPOSITORY / "docs" / "capacity.md"
CURVES = REPOSITORY / "docs" / "fleet.svg"
FLEETS = (1_000, 10_000, 100_000)
WINDOWS_HOURS = (1, 4, 24)
DAYS, NIGHT_HOURS = 30, 4
SLOWER = 10
LEAST_SHARE = 0.01
UNITS = (("h", 3600), ("min", 60), ("s", 1))


def publish(inputs: Inputs) -> None:
    """Write the page and the fleet's curves anew."""
    PAGE.write_text(page_with(inputs, PAGE.read_text()))
    CURVES.write_text(curves(inputs.result))


def page_with(inputs: Inputs, page: str) -> str:
    """The page with every computed part as it is now."""
    return replace_marked(page, {name: part(inputs) for name, part in PARTS.items()})


def _measured(inputs: Inputs) -> str:
    result = inputs.result
    rows = [_function_measured(function, growing(result)) for function in result.fleet_functions]
    sizes = " / ".join(str(size) for size in sorted({fleet.secrets for fleet in growing(result)}))
    titles = ["Function", f"Time, ms ({sizes} secrets)", "CPU time, ms", "of it function", "of it database"]
    return _table([*titles, "Calls", "Connections at peak"], rows)


def _function_measured(function: str, fleets: list[FleetRotated]) -> list[str]:
    own = [fleet for fleet in fleets if fleet.function == function]
    series = (
        [fleet.median_seconds for fleet in own],
        [sum(fleet.cpu_seconds.values()) for fleet in own],
        [fleet.cpu_seconds[Part.FUNCTION] for fleet in own],
        [fleet.cpu_seconds[Part.DATABASE] for fleet in own],
    )
    cells = (" / ".join(_ms(seconds) for seconds in values) for values in series)
    return [PAIRINGS[function].words, *cells, f"{own[-1].calls:.0f}", str(own[-1].peak_connections)]


def _machine(inputs: Inputs) -> str:
    result = inputs.result
    versions = ", ".join(f"{name} {version}" for name, version in result.versions.items())
    rotations, failures = totals(result)
    best = f", each stage the fastest of {result.runs} runs" if result.runs > 1 else ""
    return (
        f"Measured on {result.date} with {result.cores} processors ({result.machine}){best}. In the\ntable "
        f"{workers(result)} rotations ran at once. {rotations:,} rotations, of which {failures} failed. {versions}."
    )


def _estimate(inputs: Inputs) -> str:
    rows = []
    for function in inputs.result.fleet_functions:
        fleet, cold = inputs.alone(function), inputs.result.cold_start_seconds[function]
        computes = fleet.cpu_seconds[Part.FUNCTION]
        seconds = [sum(fleet.step_seconds.values()) - computes, computes, cold, inputs.lambda_seconds(function)]
        rows.append([PAIRINGS[function].words, *(f"{value:.2f} s" for value in seconds)])
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
    return TextTable(titles, rows).markdown()


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
