import pytest
from tinyini import IniError, parse

GOOD = {
    "empty": ("", {}),
    "only-comments": ("# a\n  ; b = 1\n\t\n", {}),
    "empty-section": ("[ a b ]", {"a b": {}}),
    "section-comment": ("[a]#x\n[b]  ; y", {"a": {}, "b": {}}),
    "section-names-keep-case": ("[A]\n[a]", {"A": {}, "a": {}}),
    "section-reopened": ("[a]\nx=1\n[b]\n[a]\ny=2", {"a": {"x": "1", "y": "2"}, "b": {}}),
    "same-key-elsewhere": ("x=0\n[a]\nx=1\n[b]\nx=2", {"": {"x": "0"}, "a": {"x": "1"}, "b": {"x": "2"}}),
    "first-equals-splits": ("a = b = c", {"": {"a": "b = c"}}),
    "key-with-blanks-inside": ("  Top Speed\t=  9 kn  ", {"": {"top speed": "9 kn"}}),
    "key-with-hash": ("a#b = 1", {"": {"a#b": "1"}}),
    "empty-value": ("a =", {"": {"a": ""}}),
    "empty-value-comment": ("a = # nothing\nb =\t;", {"": {"a": "", "b": ""}}),
    "glued-hash": ("a =#1\nb = x#y;z", {"": {"a": "#1", "b": "x#y;z"}}),
    "comment-after-tab": ("a = x\t;y", {"": {"a": "x"}}),
    "first-comment-wins": ("a = x ; y # z", {"": {"a": "x"}}),
    "inner-quote-is-plain": ('a = say "hi" # x', {"": {"a": 'say "hi"'}}),
    "crlf": ("[a]\r\nx = 1\r\n  2\r\ny = \"q\"\r\n", {"a": {"x": "1\n2", "y": "q"}}),
    "quoted-empty": ('a = ""', {"": {"a": ""}}),
    "quoted-blanks": ('a = "  x  "  ', {"": {"a": "  x  "}}),
    "quoted-comment-signs": ('a = " # ; "', {"": {"a": " # ; "}}),
    "quoted-then-comment": ('a="x"#y\nb="z"  ;w', {"": {"a": "x", "b": "z"}}),
    "escapes": (r'a = "\"\\\n\t"', {"": {"a": '"\\\n\t'}}),
    "escaped-backslash-before-n": (r'a = "c:\\new"', {"": {"a": "c:\\new"}}),
    "escape-then-close": (r'a = "x\\" # "', {"": {"a": "x\\"}}),
    "plain-backslash": (r"a = c:\new", {"": {"a": r"c:\new"}}),
    "continuation-chain": ("a = 1\n 2 # x\n\t3\nb = 4", {"": {"a": "1\n2\n3", "b": "4"}}),
    "continuation-with-equals": ("a = 1\n b = 2", {"": {"a": "1\nb = 2"}}),
    "continuation-with-bracket": ("a = 1\n [b]", {"": {"a": "1\n[b]"}}),
    "continuation-with-quote": ('a = 1\n "b"', {"": {"a": '1\n"b"'}}),
    "continuation-of-empty": ("a =\n  1", {"": {"a": "\n1"}}),
    "blank-ends-continuation": ("a = 1\n\n  b = 2", {"": {"a": "1", "b": "2"}}),
    "comment-ends-continuation": ("a = 1\n  # c\n  b = 2", {"": {"a": "1", "b": "2"}}),
    "indented-after-quoted": ('a = "1"\n  b = 2\n 3', {"": {"a": "1", "b": "2\n3"}}),
    "indented-section": ("\n  [a]\n  b = 1", {"a": {"b": "1"}}),
    "unicode-line-breaks-are-characters": ("a = x\u2028y\x0cz", {"": {"a": "x\u2028y\x0cz"}}),
    "nbsp-begins-a-key": ("a = 1\n\xa0b = 2", {"": {"a": "1", "\xa0b": "2"}}),
    "nbsp-is-not-blank": ("a = \xa0x\xa0", {"": {"a": "\xa0x\xa0"}}),
}

BAD = {
    "no-equals": ("a = 1\nb", 2),
    "empty-key": (" = 1", 1),
    "empty-section-name": ("\n[  ]", 2),
    "section-not-closed": ("[a\nb = 1", 1),
    "section-with-tail": ("[a] b", 1),
    "duplicate": ("[s]\na = 1\nA = 2", 3),
    "duplicate-after-reopening": ("[s]\na=1\n[t]\n[s]\na=1", 5),
    "duplicate-with-continuation": ("a = 1\n 2\na = 3", 3),
    "not-closed": ('x = 1\na = "b', 2),
    "not-closed-by-escape": (r'a = "b\"', 1),
    "ends-with-backslash": ('a = "b\\', 1),
    "unknown-escape": (r'a = "\r"', 1),
    "text-after-quote": ('a = "b" c', 1),
    "two-quoted": ('a = "b""c"', 1),
    "quote-not-continued": ('a = "b\n c"', 1),
    "continuation-after-blank": ("a = 1\n\n 2", 3),
    "continuation-after-section": ("[a]\n b", 2),
    "continuation-after-quoted": ('a = "1"\n 2', 2),
    "bad-in-crlf": ("a = 1\r\nb\r\n", 2),
}


@pytest.mark.parametrize("name", list(GOOD))
def test_good(name):
    text, expected = GOOD[name]
    assert parse(text) == expected


@pytest.mark.parametrize("name", list(BAD))
def test_bad(name):
    text, line = BAD[name]
    with pytest.raises(IniError) as caught:
        parse(text)
    assert caught.value.line == line
    assert str(caught.value).startswith(f"line {line}: ")


def test_order_is_kept():
    sections = parse("[z]\nb=1\na=2\n[a]\n[z]\nc=3")
    assert list(sections) == ["z", "a"]
    assert list(sections["z"]) == ["b", "a", "c"]
