"""What bench/kernels.py found, as a table, a plot (SVG), JSON and CSV, and which of the bars hold."""

import csv
import dataclasses
import json
import math
import xml.sax.saxutils

# Twine's work over that of a native build for the same processor (engine native-v3).
MEAN_BAR = 1.10  # geometric mean of the numeric kernels
NUMERIC_BAR = 1.6  # each numeric kernel
SQLITE_BAR = 1.5
WASM2C_BAR = 1.03  # each kernel, over wasm2c

REFERENCE = "native-v3"


def geometric_mean(values):
    values = [value for value in values if value is not None]
    return math.exp(math.fsum(map(math.log, values)) / len(values)) if values else None


@dataclasses.dataclass
class Result:
    """A kernel's seconds by engine, and what went wrong."""

    kernel: str
    group: str
    work: dict
    process: dict
    faults: list

    def ratio(self, engine, base, of="work"):
        times = getattr(self, of)
        if self.faults or base not in times or engine not in times:
            return None
        return times[engine] / times[base]


def reference_of(names):
    """What ratios are taken to: native code for the same processor, else the first engine."""
    return REFERENCE if REFERENCE in names else names[0]


def print_table(results, names):
    """Milliseconds of work by engine, then ratios of the work, group by group; the last column is Twine's whole process."""
    base = reference_of(names)
    others = [name for name in names if name != base]

    def cell(value):
        return f"{value:>11.2f}" if value is not None else f"{'-':>11}"

    header = f"{'kernel':<20}" + "".join(f"{name[:10]:>11}" for name in names) + "   " + "".join(f"{name[:10]:>11}" for name in others)
    print(f"{'':<20}{'work, ms':>{11 * len(names)}}   {'work / ' + base:>{11 * len(others)}}")
    print(header)
    for group in dict.fromkeys(result.group for result in results):
        print("-" * len(header))
        members = [result for result in results if result.group == group]
        for result in members:
            row = f"{result.kernel:<20}"
            row += "".join(f"{result.work[name] * 1e3:>11.1f}" if name in result.work else f"{'-':>11}" for name in names)
            row += "   " + "".join(cell(result.ratio(name, base)) for name in others)
            print(row + ("   FAILED" if result.faults else ""))
        if len(members) > 1:
            means = "".join(cell(geometric_mean(result.ratio(name, base) for result in members)) for name in others)
            print(f"{group + ', mean':<20}" + " " * (11 * len(names) + 3) + means)


def print_markdown(results, names):
    """The same as a Markdown table, for docs/performance.md: milliseconds of the reference, the others' ratios to it; then the bars."""
    base = reference_of(names)
    others = [name for name in names if name != base]
    print("| " + " | ".join(["kernel", f"{base}, ms", *others]) + " |")
    print("|---|" + "--:|" * (1 + len(others)))

    def cell(value):
        return f"{value:.2f}" if value is not None else "-"

    for group in dict.fromkeys(result.group for result in results):
        members = [result for result in results if result.group == group]
        for result in members:
            time = f"{result.work[base] * 1e3:.0f}" if base in result.work else "-"
            print("| " + " | ".join([result.kernel, time, *(cell(result.ratio(name, base)) for name in others)]) + " |")
        if len(members) > 1:
            means = [geometric_mean(result.ratio(name, base) for result in members) for name in others]
            print("| " + " | ".join([f"*{group}, geometric mean*", "", *(f"*{cell(mean)}*" for mean in means)]) + " |")
    print()
    for sentence, holds in bars(results):
        print(f"- **{'holds' if holds else 'missed'}**: {sentence}")
    print()


def bars(results, engine="twine"):
    """(sentence, holds) for each bar that the engines measured can decide."""
    found = []
    numeric = {result.kernel: result.ratio(engine, REFERENCE) for result in results if result.group == "numeric"}
    numeric = {kernel: ratio for kernel, ratio in numeric.items() if ratio is not None}
    if numeric:
        mean = geometric_mean(numeric.values())
        found.append((f"geometric mean of {len(numeric)} numeric kernels {mean:.3f}, at most {MEAN_BAR:.2f}", mean <= MEAN_BAR))
        worst = max(numeric, key=numeric.get)
        above = [kernel for kernel, ratio in numeric.items() if ratio > NUMERIC_BAR]
        found.append((f"slowest numeric kernel {worst} {numeric[worst]:.2f}, at most {NUMERIC_BAR:.1f}"
                      + (f"; above: {', '.join(above)}" if len(above) > 1 else ""), not above))
    for result in results:
        ratio = result.ratio(engine, REFERENCE)
        if result.group == "sqlite" and ratio is not None:
            found.append((f"SQLite in memory {ratio:.2f}, at most {SQLITE_BAR:.1f}", ratio <= SQLITE_BAR))
    to_wasm2c = {result.kernel: result.ratio(engine, "wasm2c") for result in results}
    to_wasm2c = {kernel: ratio for kernel, ratio in to_wasm2c.items() if ratio is not None}
    if to_wasm2c:
        slower = [f"{kernel} {ratio:.2f}" for kernel, ratio in to_wasm2c.items() if ratio > WASM2C_BAR]
        found.append((f"within 3 % of wasm2c or faster on {len(to_wasm2c) - len(slower)} of {len(to_wasm2c)} kernels"
                      + (f"; slower on {', '.join(slower)}" if slower else ""), not slower))
    return found


def print_bars(results):
    for sentence, holds in bars(results):
        print(f"bar {'holds ' if holds else 'missed'}: {sentence}")


# The plot: a row for each kernel, a mark for each engine at its time over the reference, on a logarithmic axis.
WIDTH, LEFT, RIGHT, TOP, ROW = 900, 170, 20, 64, 20
LOW, HIGH = 0.25, 8.0
COLOURS = {"native": "#888888", "unfused": "#bbaa66", "node": "#3a9d4a", "node-simd": "#9bd3a4", "wasm2c": "#d9822b",
           "twine": "#1f5fbf", "twine-simd": "#8a3fbf"}


def x_of(ratio):
    inside = min(max(ratio, LOW), HIGH)
    return LEFT + (WIDTH - LEFT - RIGHT) * math.log(inside / LOW) / math.log(HIGH / LOW)


def mark(engine, ratio, y):
    """A circle; one that lies outside the axis is hollow, at its end. Twine's is larger."""
    colour = COLOURS.get(engine, "#000000")
    outside = not LOW <= ratio <= HIGH
    radius = 5.5 if engine == "twine" else 4
    fill = "none" if outside else colour
    title = xml.sax.saxutils.escape(f"{engine}: {ratio:.2f}")
    return (f'<circle cx="{x_of(ratio):.1f}" cy="{y:.1f}" r="{radius}" fill="{fill}" stroke="{colour}" fill-opacity="0.85">'
            f"<title>{title}</title></circle>")


def plot(results, names, caption):
    """The SVG's text."""
    base = reference_of(names)
    others = [name for name in names if name != base]
    height = TOP + ROW * len(results) + 40
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="12">',
             f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
             f'<text x="12" y="20" font-size="14">{xml.sax.saxutils.escape(caption)}</text>']
    stripes = []  # under everything else
    for i, engine in enumerate(others):
        x = LEFT + 95 * i
        parts.append(f'<circle cx="{x}" cy="40" r="5" fill="{COLOURS.get(engine, "#000000")}"/><text x="{x + 9}" y="44">{engine}</text>')
    bottom = TOP + ROW * len(results)
    for ratio in (0.25, 0.5, 1, 2, 4, 8):
        x = x_of(ratio)
        parts.append(f'<line x1="{x:.1f}" y1="{TOP - 6}" x2="{x:.1f}" y2="{bottom}" stroke="{"#555" if ratio == 1 else "#ddd"}"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{ratio:g}</text>')
    bar = x_of(NUMERIC_BAR)
    parts.append(f'<line x1="{bar:.1f}" y1="{TOP - 6}" x2="{bar:.1f}" y2="{bottom}" stroke="#c33" stroke-dasharray="4 3"/>')
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{bottom + 34}" text-anchor="middle">time / {base}, logarithmic (less is faster); '
                 f'dashed: the bar of {NUMERIC_BAR}; hollow: beyond the axis</text>')
    for i, result in enumerate(results):
        y = TOP + ROW * i + ROW / 2
        if i % 2 == 1:
            stripes.append(f'<rect x="12" y="{y - ROW / 2}" width="{WIDTH - RIGHT - 12}" height="{ROW}" fill="#f4f6f9"/>')
        if i and results[i - 1].group != result.group:
            parts.append(f'<line x1="12" y1="{y - ROW / 2}" x2="{WIDTH - RIGHT}" y2="{y - ROW / 2}" stroke="#999"/>')
        parts.append(f'<text x="{LEFT - 10}" y="{y + 4}" text-anchor="end">{result.kernel}</text>')
        for engine in sorted(others, key=lambda name: name != "twine"):  # Twine's mark is larger: the others stay visible on it
            ratio = result.ratio(engine, base)
            if ratio is not None:
                parts.append(mark(engine, ratio, y))
    return "\n".join([*parts[:2], *stripes, *parts[2:], "</svg>"]) + "\n"


def write_json(path, results, heading):
    document = {**heading, "unit": "seconds", "kernels": [dataclasses.asdict(result) for result in results],
                "bars": [{"bar": sentence, "holds": holds} for sentence, holds in bars(results)]}
    path.write_text(json.dumps(document, indent=2) + "\n")


def write_csv(path, results, names):
    base = reference_of(names)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["kernel", "group", "engine", "work_seconds", "process_seconds", f"work_over_{base}"])
        for result in results:
            for name in names:
                if name in result.work:
                    writer.writerow([result.kernel, result.group, name, result.work[name], result.process[name], result.ratio(name, base)])
