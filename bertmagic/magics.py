"""The magics: options in, report out, and nothing else."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import MethodType
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class, no_var_expand
from IPython.core.magic_arguments import argument, magic_arguments

from bertmagic.options import BadUse, Options, known_rules

if TYPE_CHECKING:
    from argparse import Namespace

    from bertmagic.observe.cell import Cell, Shell
    from bertmagic.report import Report

_AS_BEFORE = "names, models, optimizers and tokenizers are as before"
# MODEL INPUTS, and MODEL INPUTS LABELS.
_FORMS = (2, 3)
_F = TypeVar("_F", bound=Callable[..., Any])

# IPython's decorators have no types, or types that do not fit a method (9.18.1).
_argument: Any = argument
_magic_arguments: Any = magic_arguments
_line_cell_magic: Any = line_cell_magic
_line_magic: Any = line_magic
_ARGUMENTS = (
    _argument("objects", nargs="*", metavar="MODEL INPUTS [LABELS]", help="What to check (line form), without spaces."),
    _argument("-o", "--output", metavar="NAME", help="Bind the report to this name."),
    _argument("--run", action="store_true", help="Where nothing is wrong, `fit` really trains."),
    _argument("--device", default="auto", help="Where the forward pass runs: auto, cpu or gpu."),
    _argument("--rows", metavar="N|all", help="How many rows the forward pass runs."),
    _argument("--ignore", action="append", default=[], metavar="RULE", help="Leave this rule out; may be repeated."),
    _argument("--only", action="append", default=[], metavar="RULE", help="Ask this rule alone; may be repeated."),
    _argument("--no-probes", action="store_true", help="Ask the model nothing beyond one forward pass."),
    _argument("--strict", action="store_true", help="Raise `bertmagic.CheckError` where a finding is an error."),
    _argument("--quiet", action="store_true", help="Show nothing where nothing is wrong."),
    _argument("--no-text", action="store_true", help="Keep every word of the texts out of the report."),
    _argument("--explain", metavar="RULE", help="Print the page of this rule (line form)."),
)


def _magic(method: _F) -> _F:
    """`method` as a line and cell magic with the arguments above, its line left as the user wrote it."""
    marked: _F = _line_cell_magic(no_var_expand(method))
    for each in reversed(_ARGUMENTS):
        each(marked)
    _magic_arguments()(marked)
    return marked


# `@output_can_be_silenced` is not used: it tokenizes the untransformed body after the cell has run, and raises
# `TokenError` for an unbalanced bracket after `!` (`run_cell_magic`, IPython 9.18.1). `Cell` sees to the semicolon.
@magics_class
class BertMagics(Magics):
    """`%%bertcheck`, `%bertcheck`, `%bertfix` and `%bertwatch`."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self.watching = _Watching(shell)

    @_magic
    def bertcheck(self, line: str, cell: str | None = None) -> Any:
        """Check what a BERT-family model is given, by a dry run of a few rows.

        `%%bertcheck` runs the cell; its `fit` trains nothing and is checked instead. `%bertcheck MODEL INPUTS [LABELS]`
        checks objects that are there already; without names it finds a model and a batch, and says which.
        """
        shell: Shell = self.shell
        with _usage_errors():
            args = _parse(self.bertcheck, line)
            options = _options(args)
            _check_form(args, is_cell=cell is not None)
        if cell is not None:
            self.watching.drop()
            return _check_cell(shell, args, options, cell)
        if args.explain:
            _say(_page(args.explain), sys.stdout)
            return None
        with _usage_errors():
            report = _check_objects(shell, args, options)
        _deliver(shell, args, report)
        return None

    @_line_magic  # type: ignore[untyped-decorator]
    def bertfix(self, line: str) -> None:
        """Prove the last report's corrected cell, and put it in as the next input: `%bertfix`, `%bertfix --yes`.

        The cell runs dry and is checked again; names, models, optimizers and tokenizers are as before afterwards. What
        may not be undone is listed first, and needs `--yes`.
        """
        asked = line.split()
        if asked not in ([], ["--yes"]):
            raise UsageError(f"%bertfix takes --yes, or nothing; found {line.strip()!r}")
        self.watching.drop()
        with _usage_errors():
            _fix(self.shell, agreed=bool(asked))

    @_line_magic  # type: ignore[untyped-decorator]
    def bertwatch(self, line: str) -> None:
        """Check every cell that touches a model, silent while all is well: `%bertwatch on`, `%bertwatch off`.

        Nothing is dry: `fit` is checked and then trains. A model that passed with such inputs is not checked again.
        `%bertwatch` alone says whether it is on.
        """
        asked = line.strip()
        if asked not in ("", "on", "off"):
            raise UsageError(f"%bertwatch takes on or off; found {asked!r}")
        if asked:
            self.watching.set(asked == "on")
        _say(self.watching.said(), sys.stdout)


class _Watching:
    """Watches the plain cells of a shell from the next one on, while it is on."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._on = False
        self._passed: Any = None
        self._watch: Any = None
        self._take_back: Callable[[], None] = lambda: None

    def set(self, on: bool) -> None:
        """Turn it on or off; off, nothing of it is left."""
        if on != self._on:
            act = self._shell.events.register if on else self._shell.events.unregister
            act("pre_run_cell", self._before)
            act("post_run_cell", self._after)
        self._on = on
        if not on:
            self.drop()
            self._passed = None

    def said(self) -> str:
        """Its state, in a sentence."""
        if not self._on:
            return "bertwatch is off."
        passed = len(self._passed) if self._passed is not None else 0
        known = f" {passed} {'model has' if passed == 1 else 'models have'} passed." if passed else ""
        return f"bertwatch is on: cells that touch a model are checked, and `fit` trains.{known}"

    def drop(self) -> None:
        """Watch the running cell no more, and say nothing of it."""
        watch, self._watch = self._watch, None
        self._take_back()
        if watch is not None:
            watch.leave()

    def _before(self, info: Any) -> None:
        if self._watch is not None or info.raw_cell is None or info.raw_cell.lstrip().startswith("%%bertcheck"):
            return
        try:
            from bertmagic.observe.cell import hide_frames
            from bertmagic.standing import Passed, StandingWatch

            self._passed = Passed() if self._passed is None else self._passed
            watch = StandingWatch(self._shell.user_ns, self._passed)
            watch.__enter__()
            self._watch, self._take_back = watch, hide_frames(self._shell)
        except Exception as error:  # noqa: BLE001  # whatever fails in the check, the cell goes on
            _say_own_failure(error)

    def _after(self, result: Any) -> None:
        watch, self._watch = self._watch, None
        if watch is None:
            return
        self._take_back()
        raised = result.error_in_exec
        try:
            watch.__exit__(type(raised), raised, getattr(raised, "__traceback__", None))
            if watch.shows:
                from bertmagic.panel import show

                show(watch.report)
        except Exception as error:  # noqa: BLE001  # as above
            _say_own_failure(error)


def _check_cell(shell: Shell, args: Namespace, options: Options, source: str) -> Any:
    """Run the cell under watch, show the report, and end as the cell ended."""
    from bertmagic.observe.cell import COMPILE_ERRORS, compile_cell, show_as_plain_cell

    try:
        with _usage_errors():
            cell = compile_cell(shell, source)
    except COMPILE_ERRORS as error:
        _say("bertcheck: the cell does not compile, and nothing of it was run.")
        show_as_plain_cell(shell, error, frames=False)
        raise
    run = _Run(cell)
    report = None
    try:
        report = _watch(shell, run, source, options)
    except BadUse as error:
        if run.raised is None:
            raise UsageError(str(error)) from None
        _say(f"bertcheck: {error}")
    except Exception as error:  # noqa: BLE001  # whatever fails in the check, the cell goes on
        _say_own_failure(error)
    if not run.started:
        run()
    if run.raised is None:
        _deliver(shell, args, report)
        return run.value
    _show(shell, args, report)
    raised, run.raised = run.raised, None
    show_as_plain_cell(shell, raised)
    try:
        raise raised
    finally:
        # Else the exception and this frame hold each other, and with them all that the user's frames hold.
        del raised


def _watch(shell: Shell, run: _Run, source: str, options: Options) -> Report | None:
    """The report on the run; an exception that comes out of here is not the cell's."""
    from bertmagic.session import Watch

    watch = Watch(namespace=shell.user_ns, source=source, written=run.cell.written, options=options)
    try:
        with watch:
            run()
            if run.raised is not None:
                raise run.raised
    except BaseException as error:
        if error is not run.raised:
            raise
    return watch.report


def _fix(shell: Shell, *, agreed: bool) -> None:
    """Run the proposed cell dry, show what came out, and put it in as the next input where it works."""
    from bertmagic.finding import NEEDS_RESTART
    from bertmagic.observe.cell import COMPILE_ERRORS, compile_cell
    from bertmagic.panel import show
    from bertmagic.repair.risks import told
    from bertmagic.session import keep_last, last
    from bertmagic.whole import proposed, prove

    report = last()
    finding, fix = proposed(report)
    assert report is not None
    assert fix.cell is not None
    following = fix.cell.removesuffix("\n")  # the line end that a front end's cell has not, and a cell magic's body has
    if fix.proof == NEEDS_RESTART:
        shell.set_next_input(following)
        _say(
            f"bertfix: {finding.rule}: the corrected cell is the next input; {fix.proof.ran}: it {fix.proof.result}.",
            sys.stdout,
        )
        return
    try:
        cell = compile_cell(shell, fix.cell)
    except COMPILE_ERRORS as error:
        raise BadUse(f"the corrected cell does not compile: {_one_line(error)}") from None
    risks = told(cell.written, shell.user_ns)
    if risks and not agreed:
        _say(risks, sys.stdout)
        return
    try:
        proved = prove(report, cell.run, cell.written, shell.user_ns, Options())
    except Exception as error:  # noqa: BLE001  # bertmagic's own failure is one line
        _say_own_failure(error)
        return
    keep_last(proved.proposal)
    show(proved.report)
    if proved.raised is not None:
        shell.showtraceback((type(proved.raised), proved.raised, proved.raised.__traceback__), exception_only=True)
    if not proved.works:
        _say(f"bertfix: the correction for {finding.rule} does not work, and is not put in; {_AS_BEFORE}.")
        return
    shell.set_next_input(following)
    _say(
        f"bertfix: the corrected cell runs, and nothing wrong is found. It is the next input; {_AS_BEFORE}.", sys.stdout
    )


def _check_objects(shell: Shell, args: Namespace, options: Options) -> Report | None:
    try:
        from bertmagic.objects import check_objects, find_pair

        names = list(args.objects)
        if not names:
            pair = find_pair(shell.user_ns)
            _say(pair.said, sys.stdout)
            names = [name for name in (pair.model, pair.inputs, pair.labels) if name is not None]
        model, inputs, labels = (*names, None)[:3]
        return check_objects(
            _value(shell, model),
            _value(shell, inputs),
            None if labels is None else _value(shell, labels),
            names=(model, inputs, labels),
            namespace=shell.user_ns,
            options=options,
        )
    except BadUse:
        raise
    except Exception as error:  # noqa: BLE001  # bertmagic's own failure is one line
        _say_own_failure(error)
        return None


def _value(shell: Shell, expression: str) -> Any:
    try:
        return shell.ev(expression)
    except Exception as error:  # noqa: BLE001  # the user's expression may raise anything
        raise BadUse(f"`{expression}` has no value here: {_one_line(error)}") from None


def _deliver(shell: Shell, args: Namespace, report: Report | None) -> None:
    """Show the report, and raise `CheckError` where `--strict` asks for it."""
    _show(shell, args, report)
    if report is None or not args.strict:
        return
    from bertmagic.observe.cell import show_as_plain_cell
    from bertmagic.report import CheckError

    try:
        report.raise_for_findings("error")
    except CheckError as error:
        show_as_plain_cell(shell, error, frames=False)
        raise


def _show(shell: Shell, args: Namespace, report: Report | None) -> None:
    """Bind the report to the name asked for and show it; a failure in doing so is one line."""
    if report is None:
        return
    if args.output:
        shell.user_ns[args.output] = report
    if args.quiet and report.verdict == "pass":
        return
    try:
        from bertmagic.panel import show

        show(report)
    except Exception as error:  # noqa: BLE001  # whatever fails in the panel, the cell goes on
        _say_own_failure(error)


class _Run:
    """One run of a cell, and how it ended: called at most once, and it raises nothing itself."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.started = False
        self.value: Any = None
        self.raised: BaseException | None = None

    def __call__(self) -> None:
        self.started = True
        try:
            self.value = self.cell.run()
        except BaseException as error:  # noqa: BLE001  # handed on by `_check_cell`
            self.raised = error


@contextmanager
def _usage_errors() -> Iterator[None]:
    """`BadUse` as the error that IPython shows in one line."""
    try:
        yield
    except BadUse as error:
        raise UsageError(str(error)) from None


def _parse(magic: Any, line: str) -> Namespace:
    try:
        # Not `parse_argstring`: it refuses names on both sides of an option.
        parsed: Namespace = magic.parser.parse_intermixed_args(shlex.split(line, posix=False))
    except ValueError as error:
        raise BadUse(f"{line.strip()!r} cannot be read: {str(error).lower()}") from None
    return parsed


def _options(args: Namespace) -> Options:
    rows = args.rows
    return Options(
        run=args.run,
        device=args.device,
        rows=int(rows) if rows is not None and rows.isdecimal() else rows,
        ignore=frozenset(args.ignore),
        only=frozenset(args.only),
        probes=not args.no_probes,
        text=not args.no_text,
    )


def _check_form(args: Namespace, *, is_cell: bool) -> None:
    """Raise `BadUse` for what the cell form has and the line form has not, and the other way round."""
    from keyword import iskeyword

    if args.output is not None and (not args.output.isidentifier() or iskeyword(args.output)):
        raise BadUse(f"-o takes a variable's name; found {args.output!r}")
    if args.explain:
        known_rules([args.explain])
    if is_cell and args.explain:
        raise BadUse(f"--explain is for the line form: `%bertcheck --explain {args.explain}`")
    if is_cell and args.objects:
        raise BadUse(f"%%bertcheck takes options only, and checks what its cell does; found {args.objects[0]!r}")
    if not is_cell and args.run:
        raise BadUse("--run is for the cell form: %bertcheck calls no `fit`")
    if not is_cell and args.objects and len(args.objects) not in _FORMS:
        raise BadUse(f"%bertcheck takes MODEL INPUTS [LABELS], or no names at all; found {len(args.objects)}")


def _page(rule: str) -> str:
    from bertmagic.rules import RULES

    page: str = RULES[rule].page()
    return page


def _one_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


def _say_own_failure(error: Exception) -> None:
    _say(f"bertmagic: the check itself failed ({_one_line(error)}).")


def _say(text: str, stream: TextIO | None = None) -> None:
    print(text, file=stream or sys.stderr)


def load(ipython: Shell) -> None:
    """Register the magics."""
    ipython.register_magics(BertMagics)


def unload(ipython: Shell) -> None:
    """Take out of the shell's tables whatever `load` put there; IPython has no call for it (9.18.1)."""
    mine = ipython.magics_manager.registry.pop(BertMagics.__name__, None)
    if mine is not None:
        mine.watching.set(False)
    for table in ipython.magics_manager.magics.values():
        # The type is looked at first: any attribute of a magic that IPython has not imported yet would import it.
        for name in [name for name, magic in table.items() if isinstance(magic, MethodType) and magic.__self__ is mine]:
            del table[name]
