"""Each thing that people outside are told of a date, as a form, for its golden file."""

from dataclasses import replace
from types import MappingProxyType
from typing import Final

from gatekeeper.domain.date_forms import DateLetter, DateTelling, Fault, OrderFault
from gatekeeper.domain.date_limits import Limit
from gatekeeper.domain.date_state import DateState
from gatekeeper.domain.identity import IssueId
from gatekeeper.domain.process import IssueState
from tests.domain.date_samples import DATE, EARLIER, LATER, at

_T = DateTelling
_CODE: Final = "K7QM-2XNB-V4TJ-6HRC-5DWS"
_TOLD: Final = at("2026-11-24")


def _letter(telling: DateTelling) -> DateLetter:
    """Return a letter that says no more than it has to, to somebody who signs."""
    return DateLetter(
        issue=IssueId(prefix="SEC", year=2026, number=7),
        telling=telling,
        fingerprint="0123456789ABCDEF0123456789ABCDEF01234567",
        instant=DATE,
        faults=(Fault(fault=OrderFault.NOT_SIGNED),) if telling is _T.NOT_DONE else (),
        state=IssueState.ACCEPTED if telling is _T.STATUS else None,
        until=EARLIER if telling is _T.REMINDED else None,
    )


_ALL_FAULTS: Final = tuple(
    Fault(
        fault=each,
        line=number,
        may=(DATE, EARLIER) if each in {OrderFault.NO_ZONE, OrderFault.AMBIGUOUS} else (),
    )
    for number, each in enumerate(OrderFault)
)

DATE_FORMS: Final = MappingProxyType(
    {
        "date-proposed": replace(_letter(_T.PROPOSED), predisclosure=_TOLD, code=_CODE),
        "date-proposed-to-who-signs": _letter(_T.PROPOSED),
        "date-offered": replace(_letter(_T.OFFERED), before=EARLIER),
        "date-agreed": replace(_letter(_T.AGREED), predisclosure=_TOLD),
        "date-moved": replace(_letter(_T.MOVED), predisclosure=_TOLD, before=LATER),
        "date-bound": _letter(_T.BOUND),
        "date-recorded": _letter(_T.RECORDED),
        "date-earlier": replace(_letter(_T.EARLIER), before=LATER),
        "date-later": replace(_letter(_T.LATER), before=EARLIER),
        "date-refused": replace(
            _letter(_T.REFUSED), limits=tuple(Limit), others=(EARLIER, LATER), code=_CODE
        ),
        "date-refused-for-good": replace(_letter(_T.REFUSED), limits=(Limit.NOTHING,)),
        "date-read": replace(_letter(_T.READ), others=(EARLIER, LATER), code=_CODE),
        "date-status": replace(_letter(_T.STATUS), date_state=DateState.AGREED),
        "date-status-without-date": replace(
            _letter(_T.STATUS), state=IssueState.REPORTED, instant=None
        ),
        "date-not-done": replace(_letter(_T.NOT_DONE), faults=_ALL_FAULTS, code=_CODE),
        "date-credited": _letter(_T.CREDITED),
        "date-uncredited": _letter(_T.UNCREDITED),
        "date-others": _letter(_T.OTHERS),
        "date-reminded": replace(_letter(_T.REMINDED), code=_CODE),
        "date-reminded-to-who-signs": _letter(_T.REMINDED),
        "date-others-moved": replace(_letter(_T.OTHERS), before=LATER),
    }
)
