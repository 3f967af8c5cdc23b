"""Dial in a cluster whose nodes nobody can enter: from pods of our own.

An ephemeral container of the pod that stands there makes the dials and says in its
log what came of them. Only from our own pods, but for what these do not get to: then
the pod is asked from inside. Nobody has to answer a datagram, so it says something only
where it is refused: a host tells the sender that there is no socket for it (RFC 1122,
3.2.2.1: ICMP, port unreachable).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import count

from .api import Api, Object, Refused
from .dial import Answer, Dial, Place
from .footholds import RESTRICTED
from .waiting import wait_for

_SECONDS = 30.0  # for the container to start and to end
_SCRIPT = """
for target; do
  {
    if said=$(/agnhost connect --timeout=1s --protocol="${target%% *}" "${target#* }" 2>&1)
    then echo "open $target"
    elif [ "${said#REFUSED}" != "$said" ]; then echo "refused $target"
    fi
  } &
done
wait
echo end
"""


class PodDialler:
    """Dials from pods whose image does not matter.

    :param image: agnhost, which connects and says so, with a shell.
    """

    def __init__(self, api: Api, image: str) -> None:
        self._api = api
        self._image = image
        self._numbers = count()

    def __call__(self, dials: Iterable[Dial]) -> dict[Dial, Answer]:
        """What comes of each dial."""
        found = dict.fromkeys(dials, Answer.SILENT)
        by_source: dict[Place, list[Dial]] = defaultdict(list)
        for one in found:
            by_source[one.source].append(one)
        names = {place: self._begin(place, some) for place, some in by_source.items()}
        for place, name in names.items():
            lines = self._lines(place, name)
            for one in by_source[place]:
                for answer in (Answer.OPEN, Answer.REFUSED):
                    if f"{answer.value} {_target(one)}" in lines:
                        found[one] = answer
        return found

    def _begin(self, place: Place, dials: Iterable[Dial]) -> str:
        name = f"k8snet-dial-{next(self._numbers)}"
        targets = sorted({_target(one) for one in dials})
        container: Object = {
            "name": name,
            "image": self._image,
            "command": ["sh", "-c", _SCRIPT, "sh", *targets],
            "securityContext": RESTRICTED,
        }
        try:
            self._api.add_ephemeral(place.namespace, place.pod, container)
        except Refused:
            return ""
        return name

    def _lines(self, place: Place, name: str) -> list[str]:
        """What the container said, as soon as it has said all of it."""

        def said() -> list[str]:
            lines = self._api.logs(place.namespace, place.pod, name).splitlines()
            return lines if lines[-1:] == ["end"] else []

        return wait_for(said, _SECONDS) if name else []


def _target(one: Dial) -> str:
    host = f"[{one.address}]" if ":" in one.address else one.address
    return f"{one.protocol.lower()} {host}:{one.port}"
