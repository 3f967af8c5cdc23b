"""How names, labels and port names have to be written.

Each function says what is wrong with a text, as a phrase that follows it, or
"" where Kubernetes takes it. The rules are those of
https://kubernetes.io/docs/concepts/overview/working-with-objects/names/,
https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
and, for port names, RFC 6335, section 5.1.
"""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?\Z")
_DNS_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\Z")
_ENDS = "or no letter or digit at either end"


@lru_cache(maxsize=1 << 12)
def label_value_problem(value: str) -> str:
    """Of a label's value, which may be empty."""
    if not value or (_WORD.match(value) and len(value) <= 63):
        return ""
    return _too_long(value, 63) or f"has other characters than letters, digits, -, _ and ., {_ENDS}"


@lru_cache(maxsize=1 << 12)
def label_key_problem(key: str) -> str:
    """Of a label's key: a name, after a DNS name and a slash or not."""
    prefix, slash, name = key.rpartition("/")
    if slash and (problem := object_name_problem(prefix)):
        return f"{problem} before the /"
    if _WORD.match(name):
        return _too_long(name, 63)
    return f"has other characters than letters, digits, -, _ and ., {_ENDS}"


def dns_label_problem(name: str) -> str:
    """Of a container's or a Service port's name."""
    if _DNS_LABEL.match(name):
        return _too_long(name, 63)
    return f"has other characters than a-z, 0-9 and -, {_ENDS}"


def service_name_problem(name: str) -> str:
    """Of a Service's name, which has to begin with a letter."""
    return dns_label_problem(name) or ("" if name[0].isalpha() else "does not begin with a letter")


def object_name_problem(name: str) -> str:
    """Of an object's name in general: labels of DNS, with dots between them."""
    if all(map(_DNS_LABEL.match, name.split("."))):
        return _too_long(name, 253)
    if not name:
        return "is empty"
    return f"has other characters than a-z, 0-9, - and ., {_ENDS}"


def port_name_problem(name: str) -> str:
    """Of a container port's name, and of a targetPort that is one."""
    if not _DNS_LABEL.match(name):
        return f"has other characters than a-z, 0-9 and -, {_ENDS}"
    if "--" in name:
        return "has two - in a row"
    return _too_long(name, 15) or ("" if re.search("[a-z]", name) else "has no letter")


def _too_long(text: str, most: int) -> str:
    return "" if len(text) <= most else f"has {len(text)} characters, and {most} are allowed"
