"""JUnit reports: what they say is read by a parser of XML, and what is not whole is not believed."""

import base64
import gzip
from pathlib import Path

import pytest

from codegym.episode import TestStatus
from codegym.harness.junit import MOST_DEPTH, junit_command, prints_junit, read_junit
from codegym.harness.packed import MOST_BYTES
from codegym.harness.result import TestRun
from codegym.harness.run import run_tests
from codegym.task import TestPlan
from tests.harness.boxes import open_box

PASSED, FAILED, SKIPPED = TestStatus.PASSED, TestStatus.FAILED, TestStatus.SKIPPED


def packed(*reports: str | bytes) -> str:
    contents = [report.encode() if isinstance(report, str) else report for report in reports]
    return "".join(base64.b64encode(gzip.compress(content)).decode() + "\n" for content in contents)


def suite(*cases: str) -> str:
    return f'<?xml version="1.0"?>\n<testsuites><testsuite>{"".join(cases)}</testsuite></testsuites>\n'


FAILING = '<testcase name="b" classname="a"><failure message="no"/></testcase>'


@pytest.mark.parametrize(("cases", "results"), [
    ('<testcase name="b" classname="a"/>', {"a::b": PASSED}),
    ("<testcase classname='a' name = 'b > c'></testcase>", {"a::b > c": PASSED}),
    ('<testcase name="x &lt; y &amp;&#32;&#233; #1"/>', {"x < y & é #1": PASSED}),
    ('<testcase name="b&#10;c&#x2028;d"/>', {"b c d": PASSED}),
    (FAILING, {"a::b": FAILED}),
    ('<testcase name="b"><error/></testcase>', {"b": FAILED}),
    ('<testcase name="b"><skipped/></testcase>', {"b": SKIPPED}),
    ('<testcase name="b" status="notrun"/>', {"b": SKIPPED}),
    ('<testcase name="b" status="run" result="suppressed"/>', {"b": SKIPPED}),
    ('<testcase name="b"><properties><failure/></properties></testcase>', {"b": PASSED}),
    ('<testcase name="b"><flakyFailure/></testcase>', {"b": PASSED}),
    (
        '<testcase name="b"><system-out><![CDATA[</testcase><testcase name="c"/>]]></system-out>'
        "<failure/></testcase>",
        {"b": FAILED},
    ),
    ('<testcase name="b"><!-- </testcase> --><failure/></testcase>', {"b": FAILED}),
    ('<testcase name="b"><system-out>&lt;/testcase></system-out><failure/></testcase>', {"b": FAILED}),
    (f'<testcase name="b" classname="a"/>{FAILING}<testcase name="b" classname="a"/>', {"a::b": FAILED}),
    ('<testsuite><testcase name="b"/></testsuite><testcase name="c"/>', {"b": PASSED, "c": PASSED}),
    ('<testcase name="b"><system-out>\x1b[31m\x00</system-out></testcase>', {"b": PASSED}),
])  # fmt: skip
def test_what_a_report_says(cases: str, results: dict[str, TestStatus]) -> None:
    report = read_junit(packed(suite(cases)))
    assert (report.results, report.wrong) == (results, [])


@pytest.mark.parametrize("text", [
    suite('<testcase name="b"/>')[:-30],
    suite('<testcase name="b"/>').partition("</testsuite>")[0],
    suite('<testcase name="b"><failure></testcase>'),
    suite('<testcase name="b"><system-out></testcase><testcase name="c"/></system-out></testcase>'),
    suite('<testcase name="b"/>') * 2,
    suite('<testcase name="b"><testcase name="c"/></testcase>'),
    suite('<testcase name="&b;"/>'),
    suite('<testcase name="b" name="c"/>'),
    '<testcase name="b"/>',
    '<!DOCTYPE s [<!ENTITY b "b">]><testsuite><testcase name="&b;"/></testsuite>',
    '<!DOCTYPE s SYSTEM "file:///etc/passwd"><testsuite><testcase name="b"/></testsuite>',
    "<testsuite>" * (MOST_DEPTH + 1) + '<testcase name="b"/>' + "</testsuite>" * (MOST_DEPTH + 1),
    "<testsuite><testcase name='b'/>" + " " * MOST_BYTES + "</testsuite>",
    '<?xml version="1.0" encoding="punycode"?><testsuite/>',
    suite(),
    "",
])  # fmt: skip
def test_a_report_that_is_not_whole(text: str) -> None:
    assert read_junit(packed(text)).wrong


def test_encodings() -> None:
    text = '<?xml version="1.0" encoding="{}"?><testsuite><testcase name="é"/></testsuite>'
    for encoding in ("utf-8", "iso-8859-1", "utf-16", "utf-8-sig"):
        content = text.format(encoding.removesuffix("-sig")).encode(encoding)
        assert read_junit(packed(content)).results == {"é": PASSED}


def test_several_reports_of_which_each_has_to_be_whole() -> None:
    one, other = suite('<testcase name="b"/>'), suite('<testcase name="c"/>')
    assert read_junit(packed(one, other)).results == {"b": PASSED, "c": PASSED}
    assert read_junit(packed(one, other[:40])).wrong
    assert read_junit(packed(one) + "\n").wrong == ["JUnit report 2 can't be read: there is none"]
    assert read_junit(packed(one)[:-20]).wrong
    assert read_junit("not base 64!\n").wrong


@pytest.mark.parametrize("image", ["python", "cc"])
def test_reports_come_out_of_a_box(image: str, tmp_path: Path) -> None:
    report = suite('<testcase name="b > c"/>', FAILING)
    with open_box(tmp_path, image=image, one_xml=report, two_xml=report[:-5], text_txt="what was printed") as box:

        def ran(command: str, pattern: str) -> TestRun:
            plan = TestPlan(framework="tap", fail_to_pass=(), command=junit_command(command, pattern))
            return run_tests(box, plan, timeout=20)

        for pattern, whole in (("/tmp/one.xml", True), ("/tmp/two.xml", False), ("/tmp/t*.xml", False)):
            run = ran("cp *.xml /tmp; cat text.txt; sleep 60 & false", pattern)
            assert run.complete is whole
            assert "what was printed" in run.output
        run = ran("cp one.xml /tmp", "/tmp/o*.xml")
        assert run.results == {"b > c": PASSED, "a::b": FAILED}
        assert run.failures == {"a::b": "no"}
        assert "FAILED a::b" in run.output
        assert not ran("true", "/tmp/one.xml").complete


def test_which_commands_print_reports() -> None:
    assert prints_junit(junit_command("make test", "/tmp/my report.xml"))
    assert prints_junit(junit_command("a &&\nb", "build/*.xml"))
    assert not prints_junit("make test")
