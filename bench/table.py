"""Rows of a benchmark: samples in, medians, spread, ratio and target out; as a table and as JSON."""

import json
import statistics


def percentile(samples, share):
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def summary(samples):
    return {"p50": statistics.median(samples), "p95": percentile(samples, 0.95), "p99": percentile(samples, 0.99),
            "n": len(samples)}


class Table:
    """Collects rows {bench, metric, value, unit, peer, peer_value, ratio, target, met} plus spread for people."""

    def __init__(self):
        self.rows = []

    def add(self, bench, metric, value, unit, peer="", peer_value=None, target="", met=None, spread=""):
        ratio = round(value / peer_value, 3) if peer_value else None
        self.rows.append({"bench": bench, "metric": metric, "value": round(value, 3), "unit": unit, "peer": peer,
                          "peer_value": None if peer_value is None else round(peer_value, 3), "ratio": ratio,
                          "target": target, "met": met, "spread": spread})

    def text(self):
        heads = ["bench", "metric", "value", "unit", "spread", "peer", "peer value", "ratio", "target", "met"]
        keys = ["bench", "metric", "value", "unit", "spread", "peer", "peer_value", "ratio", "target", "met"]

        def show(key, value):
            if value is None:
                return "-"
            if key == "met":
                return "yes" if value else "NO"
            return str(value)

        lines = [heads] + [[show(k, row[k]) for k in keys] for row in self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
        out = []
        for number, line in enumerate(lines):
            out.append("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |")
            if number == 0:
                out.append("|" + "|".join("-" * (width + 2) for width in widths) + "|")
        return "\n".join(out)

    def json_lines(self):
        return "\n".join(json.dumps(row) for row in self.rows)
