"""Senders of datagrams come one after the other where one pod counts them."""

from __future__ import annotations

from pytest_k8snet.runtime.dial import Answer, Counted, Dial, Place, answer_of, rounds

WEB, DB, CLIENT = (Place("node", name) for name in ("web", "db", "client"))


def datagram(source: Place, *targets: Place, port: int = 53) -> Dial:
    return Dial(source, "10.0.0.1", port, "UDP", targets)


def test_each_target_has_one_sender_in_a_round_and_none_is_left_out() -> None:
    dials = [
        datagram(CLIENT, WEB),
        datagram(DB, WEB),
        datagram(CLIENT, DB),
        datagram(CLIENT, WEB, DB, port=54),
        datagram(WEB, DB),
    ]
    found = list(rounds(dials))
    assert sorted(one for some in found for one in some) == sorted(dials)
    for some in found:
        targets = [place for one in some for place in one.targets]
        assert len(targets) == len(set(targets))
    assert len(found) == 4


def test_what_the_counters_say() -> None:
    def answer(given: int, portless: int, *, counted: bool = True) -> Answer:
        after = {WEB: Counted(100 + given, 7 + portless)} if counted else {}
        return answer_of(datagram(CLIENT, WEB), {WEB: Counted(100, 7)}, after)

    assert answer(7, 0) is Answer.OPEN
    assert answer(1, 6) is Answer.OPEN  # its first sender is its only client from then on
    assert answer(0, 7) is Answer.REFUSED
    assert answer(2, 0) is Answer.SILENT  # by chance, from somebody else
    assert answer(7, 0, counted=False) is Answer.SILENT  # the pod is gone
