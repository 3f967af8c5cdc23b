"""What is sent to a pod whose counters are read, and what these say."""

from __future__ import annotations

from pytest_k8snet.runtime.dial import Answer, Counted, Dial, Place, answers, rounds

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
        one, after = datagram(CLIENT, WEB), {WEB: Counted(100 + given, 7 + portless)}
        return answers([one], {}, {WEB: Counted(100, 7)}, after if counted else {})[one]

    assert answer(7, 0) is Answer.OPEN
    assert answer(1, 6) is Answer.OPEN  # its first sender is its only client from then on
    assert answer(0, 7) is Answer.TURNED_AWAY
    assert answer(2, 0) is Answer.SILENT  # by chance, from somebody else
    assert answer(7, 0, counted=False) is Answer.SILENT  # the pod is gone


def test_connections_to_a_pod_are_made_together_and_each_has_to_be_accounted_for() -> None:
    one, other = (Dial(CLIENT, "10.0.0.1", port, targets=(WEB,)) for port in (80, 81))
    both = Dial(CLIENT, "10.96.0.1", 80, targets=(WEB, DB))
    assert list(rounds([one, datagram(DB, WEB), both, other])) == [
        [one, other],
        [datagram(DB, WEB)],
        [both],
    ]

    def said(turned_away: int, made: int = 0) -> list[Answer]:
        after = {WEB: Counted(turned_away=5 + turned_away)}
        found = answers([one, other], {one: made} if made else {}, {WEB: Counted(0, 0, 5)}, after)
        return [found[one], found[other]]

    assert said(6) == [Answer.TURNED_AWAY, Answer.TURNED_AWAY]
    assert said(5) == [Answer.SILENT, Answer.SILENT]  # which of them has not arrived?
    assert said(5, made=1) == [Answer.OPEN, Answer.TURNED_AWAY]
    assert said(2, made=3) == [Answer.OPEN, Answer.SILENT]
