"""What an attacker in one pod gets to: the policies of all APIs, read and judged.

Pure: it needs an :class:`~pytest_k8snet.model.Application` and nothing else.
``reach`` asks, ``judging`` decides, and each API has a module that reads it
into ``rules``. Another API is one more module, which ``families`` names.
"""

from .differences import Difference, Differs, differences
from .judging import Step, Taking
from .ports import ALL, NONE, PROTOCOLS, Ports
from .reach import Edge, Foothold, Place, Reach, is_same_pod, reach_of
from .rule_ports import NamedPort
from .rules import Action, Direction, ReadPolicy, Rule
from .truth import Admission, Truth

__all__ = [
    "ALL",
    "NONE",
    "PROTOCOLS",
    "Action",
    "Admission",
    "Difference",
    "Differs",
    "Direction",
    "Edge",
    "Foothold",
    "NamedPort",
    "Place",
    "Ports",
    "Reach",
    "ReadPolicy",
    "Rule",
    "Step",
    "Taking",
    "Truth",
    "differences",
    "is_same_pod",
    "reach_of",
]
