"""Results: pairs of figures, their ratios, and the one table of them all."""

import csv
import json
import statistics


class Row:
    """What is measured beside what. `limit` is the target of the ratio (or of the figure itself when nothing stands beside
    it); `at_least`: the more the better."""

    def __init__(self, key, what, unit, limit=None, at_least=False, beside="", digits=2, target=""):
        self.key, self.what, self.unit, self.beside = key, what, unit, beside
        self.limit, self.at_least, self.digits = limit, at_least, digits
        self.target = target or ("" if limit is None else f"{'≥' if at_least else '≤'} {limit:g}")
        self.ours, self.others, self.values = [], [], []
        self.note = ""

    def add(self, ours, other=None, value=None):
        """One repetition. The value that is judged: `value`, else the ratio, else the figure itself."""
        self.ours.append(ours)
        if other is not None:
            self.others.append(other)
        self.values.append(value if value is not None else ours if other is None else ours / other)

    def judged(self):
        return statistics.median(self.values) if self.values else None

    def reached(self):
        if self.limit is None or not self.values:
            return None
        return self.judged() >= self.limit if self.at_least else self.judged() <= self.limit

    def record(self):
        return {"row": self.key, "what": self.what, "unit": self.unit, "beside": self.beside, "ours": self.ours,
                "ceiling": self.others, "values": self.values, "median": self.judged(), "target": self.target,
                "limit": self.limit, "at_least": self.at_least, "reached": self.reached(), "note": self.note}

    def cells(self):
        if not self.values:
            return [self.key, self.what, "-", "-", "-", "-", self.target, self.note or "not measured"]
        middle = lambda figures: f"{statistics.median(figures):.{self.digits}f} {self.unit}"
        spread = f"{min(self.values):.2f}..{max(self.values):.2f}"
        reached = {None: "", True: "reached", False: "NOT REACHED"}[self.reached()]
        beside = f"{middle(self.others)} ({self.beside})" if self.others else "-"
        return [self.key, self.what, middle(self.ours), beside, f"{self.judged():.2f}", spread, self.target,
                " ".join(filter(None, [reached, self.note]))]


HEAD = ["row", "what", "ours", "beside", "ratio or figure", "spread", "target", ""]


def text(rows):
    lines = [HEAD] + [row.cells() for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)


def write(rows, machine, path):
    """PATH.json with every figure, PATH.csv with a line a repetition."""
    with open(f"{path}.json", "w", encoding="utf-8") as file:
        json.dump({"schema_version": 1, "machine": machine, "rows": [row.record() for row in rows]}, file, indent=1)
    with open(f"{path}.csv", "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["row", "what", "unit", "repetition", "ours", "ceiling", "value", "target"])
        for row in rows:
            for index, value in enumerate(row.values):
                other = row.others[index] if row.others else ""
                out.writerow([row.key, row.what, row.unit, index + 1, row.ours[index], other, value, row.target])
