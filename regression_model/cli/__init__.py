"""The command line. Results go to standard output, everything else to standard error.

Exit codes: 0 success; 1 a row has no prediction, a model misses its quality bar or is not promoted,
a version is too small, or what was verified is refused; 2 invalid input or arguments, or something
that cannot be verified; 130 interrupted. `monitor`: 1 drift. `compare`: 0 patch, 10 minor, 11
major.
"""

from __future__ import annotations

from .comparing import compare
from .console.commands import JobCommand, JobFunction
from .console.program import Command, app, main
from .describing import info, models, schema
from .drafting import init
from .evaluating import evaluate
from .explaining import explain
from .monitoring import monitor
from .packaging import model_main, package
from .predicting import predict
from .running import run
from .serving import serve
from .tracking import promote, rollback, runs
from .training import check, train
from .tuning import tune
from .verifying import sign, verify

__all__ = ["app", "main", "model_main"]

_COMMANDS = (
    init,
    train,
    check,
    predict,
    explain,
    evaluate,
    compare,
    monitor,
    tune,
    run,
    info,
    schema,
    serve,
    package,
    models,
    verify,
    sign,
    promote,
    rollback,
)
for _command in _COMMANDS:
    if isinstance(_command, JobFunction):
        # The function that stands here has no options yet, and is never called.
        app.command(_command.__name__, cls=JobCommand, help=_command.__doc__)(lambda: None)
    else:
        app.command(cls=Command)(_command)
app.add_typer(runs)
