"""How the scripts of the examples write estimates into tables."""
import math


def interval(estimate, factor=1.0):
    """Value and 95 % interval; a dash for what the analysis refuses to say."""
    if "refused" in estimate:
        return "–"
    # As many decimals as three digits of the lower end have.
    low, high = (factor * x for x in estimate["ci95"])
    decimals = max(0, 2 - math.floor(math.log10(max(abs(low), 1e-9))))
    return f"{factor * estimate['value']:.{decimals}f} ({low:.{decimals}f} to {high:.{decimals}f})"
