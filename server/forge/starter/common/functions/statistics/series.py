"""What a series of numbers looks like."""

from statistics import fmean, pstdev


def describe(values):
    mean, spread = fmean(values), pstdev(values)
    outliers = [v for v in values if spread and abs(v - mean) > 3 * spread]
    return {"count": len(values), "mean": mean, "spread": spread, "min": min(values), "max": max(values), "outliers": outliers}
