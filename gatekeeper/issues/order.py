"""One command on its way to be carried out: who orders it, of which issue, with which text."""

from dataclasses import dataclass

from gatekeeper.domain.instants import Instant
from gatekeeper.issues.acting import Actor
from gatekeeper.issues.case import Case
from gatekeeper.issues.commands import Command
from gatekeeper.issues.letterhead import Desk
from gatekeeper.store.engine import Tx
from gatekeeper.store.issues import IssueRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A command, well formed and proven to be the actor's; whether it may be done is still open.

    `about` is the issue it names, None only where its verb needs none · `text` what stands below
    the commands of the mail, which is this command's where its verb takes text · `case` the mail
    it came in, with the transaction in which it is done.
    """

    case: Case
    actor: Actor
    command: Command
    about: IssueRow | None
    text: str

    @property
    def tx(self) -> Tx:
        """The transaction in which all commands of the mail are done, or none."""
        return self.case.tx

    @property
    def desk(self) -> Desk:
        """The installation."""
        return self.case.desk

    @property
    def now(self) -> Instant:
        """When it is done."""
        return self.case.now

    @property
    def issue(self) -> IssueRow:
        """The issue it names; only for verbs that need one."""
        if self.about is None:
            message = f"{self.command.verb} names no issue"
            raise ValueError(message)
        return self.about

    @property
    def operand(self) -> str:
        """The first operand, "" when there is none or it was left out."""
        return self.command.operands[0] if self.command.operands else ""

    def value(self, key: str) -> str:
        """Return what was given for a key, "" when it was not."""
        return self.command.values.get(key, "")
