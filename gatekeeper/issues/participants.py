"""Who outside wrote a message, of those who take part in its issue, and what is told of it."""

from gatekeeper.domain.participants import Part
from gatekeeper.issues.case import Case
from gatekeeper.store import correspondents
from gatekeeper.store.correspondents import Correspondent
from gatekeeper.store.issues import IssueRow


def author_of(case: Case, issue: IssueRow) -> Correspondent | None:
    """Return which of the issue's correspondents wrote a message, None when nothing shows it.

    First whose pinned key signed the whole of it; then whose address is its From's; then to whose
    reply address it came. Only the signature proves anything.
    """
    known = sorted(
        correspondents.of_issue(case.tx, issue.id), key=lambda each: each.removed_at is not None
    )
    signed = {signer.id for signer in case.signers}
    by_address = [each for each in known if _is_from(case, each)]
    by_route = [each for each in known if each.route == case.arrival.classified.route]
    by_key = [each for each in (*by_address, *known) if each.id in signed]
    return next(iter((*by_key, *by_address, *by_route)), None)


def _is_from(case: Case, known: Correspondent) -> bool:
    return case.sender is not None and case.sender.key == known.address.key


def remarks(case: Case, author: Correspondent) -> tuple[str, ...]:
    """Return what the team's copy says of mail by somebody who takes part beside the reporter."""
    if author.name == Part.REPORTER:
        return ()
    if author.removed_at is not None:
        said = (
            f"it came in the name of the {author.name}, who takes part no more and is not answered"
        )
        return (said,)
    if any(signer.id == author.id for signer in case.signers):
        return (f"it is from the {author.name} of this issue: their pinned key signed it",)
    sender = f"from {case.sender}" if case.sender is not None else "without one sender in From"
    said = (
        f"it came {sender}, as if by the {author.name} of this issue; their pinned key did not"
        " sign it, so anybody may have written it"
    )
    return (said,)
