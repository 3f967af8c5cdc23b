"""Fail where a test was skipped: docker, kind, both Helms and a browser are here."""

import sys
import xml.etree.ElementTree as ET

cases = ET.parse(sys.argv[1]).getroot().findall(".//testcase")
skipped = [case for case in cases if case.find("skipped") is not None]
for case in skipped:
    reason = case.find("skipped").get("message")
    print(f"skipped: {case.get('classname')}::{case.get('name')}: {reason}")
print(f"{len(cases)} tests, {len(skipped)} skipped")
sys.exit(not cases or bool(skipped))
