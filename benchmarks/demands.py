"""What the package is held to: the rows of the table, and the limits of each."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DEMANDS", "Demand"]


@dataclass(frozen=True)
class Demand:
    """A limit for one figure of a row."""

    text: str
    limit: float
    at_least: bool = False

    def is_met(self, value: float) -> bool:
        """Say whether a measured value keeps to the limit."""
        return value >= self.limit if self.at_least else value <= self.limit


def faster_than_peer(times: float) -> Demand:
    """The peer's time over ours."""
    return Demand(f"at least {times:g}× faster than the peer", times, at_least=True)


def bare_session(times: float) -> Demand:
    """Our time over that of the bare session."""
    return Demand(f"at most {times:g}× the bare session", times)


ONE_P50 = "one row (a dict in a list), p50"
ONE_P99 = "one row (a dict in a list), p99"
MANY = "102,130 rows, DataFrame"
START = "new process to first price"
MEMORY = "new process, peak memory"
DISK = "base install on disk, pip and setuptools aside"
TRAINING = "training, data to model file"
EXPLANATION = "explanation of one price (`Model.explain`), median"
MODEL_FILE = "model file"
IMPORT = "`import regression_model`, beyond a bare interpreter"
STREAM_CSV = "1,000,000 rows of CSV, with the extra batch"
STREAM_PARQUET = "1,000,000 rows of Parquet"
STREAM_BASE = "1,000,000 rows of CSV, base install"
STREAM_LONG = "10,000,000 rows of Parquet"

DEMANDS: dict[str, tuple[Demand, ...]] = {
    ONE_P50: (faster_than_peer(200), bare_session(5)),
    ONE_P99: (faster_than_peer(200), bare_session(5)),
    MANY: (faster_than_peer(15), bare_session(2)),
    START: (faster_than_peer(4),),
    MEMORY: (Demand("at most half of the peer's", 0.5),),
    DISK: (Demand("at most 45% of the peer's", 0.45),),
    TRAINING: (Demand("under 60 s", 60.0),),
    IMPORT: (Demand("under 50 ms", 0.050),),
    EXPLANATION: (Demand("under 50 ms", 0.050),),
    MODEL_FILE: (Demand("under 1 MB", 1e6),),
    STREAM_CSV: (Demand("at most 12 s", 12.0), Demand("at most 600 MB", 600e6)),
    STREAM_PARQUET: (Demand("at most 4 s", 4.0),),
    STREAM_BASE: (Demand("under 30 s", 30.0), Demand("under 1 GB", 1e9)),
    STREAM_LONG: (Demand("at most 10% more memory than 1,000,000", 1.1),),
}
