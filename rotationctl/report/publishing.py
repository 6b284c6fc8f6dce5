"""A report in its forms, and how the command ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rotationctl.exits import Exit, Failure
from rotationctl.output import columns, say, write, write_json
from rotationctl.report import page, plain, spreadsheet
from rotationctl.report.document import Report
from rotationctl.report.files import require_writable, write_whole
from rotationctl.text import plural, printable
from secret_rotation.commands import shell_line


@dataclass(frozen=True, slots=True)
class Publication:
    """Where a report goes.

    Attributes:
        page: the file of the page; None for none.
        spreadsheet: the file of CSV, in the same way.
        may_fail: whether findings make the command fail.
    """

    page: Path | None
    spreadsheet: Path | None
    as_json: bool
    may_fail: bool

    def check(self) -> None:
        """See that the files can be written.

        Raises:
            Failure: they cannot.
        """
        for path in filter(None, (self.page, self.spreadsheet)):
            require_writable(path)
        if self.page and self.spreadsheet and self.page.resolve() == self.spreadsheet.resolve():
            raise Failure("--html and --csv name the same file. Name two.", Exit.USAGE)

    def publish(self, report: Report, options: Sequence[str]) -> Exit:
        """Write the files, print the report, and say how the command ends.

        Args:
            report: what to publish.
            options: with which AWS was reached, for the command that comes next.

        Raises:
            Failure: a file could not be written.
        """
        if self.page:
            write_whole(self.page, page.lines(report))
        if self.spreadsheet:
            write_whole(self.spreadsheet, spreadsheet.lines(report))
        if self.as_json:
            write_json(report.json())
        else:
            write(plain.lines(report, columns()))
        for path in filter(None, (self.page, self.spreadsheet)):
            say(f"Written: {printable(str(path))}")
        say(_summary(report, options))
        return self._exit(report)

    def _exit(self, report: Report) -> Exit:
        if self.may_fail and not report.is_fine:
            return Exit.NOT_FINE
        return Exit.PARTLY if report.scope.is_partial else Exit.FINE


def _summary(report: Report, options: Sequence[str]) -> str:
    counts = ", ".join(f"{number} {result}" for result, number in report.counts().items())
    following = "" if report.is_fine else f" What to type: `{shell_line(['rotationctl', 'status', *options])}`."
    return f"{plural(len(report.entries), 'secret')}: {counts}; {len(report.excluded)} left out.{following}"
