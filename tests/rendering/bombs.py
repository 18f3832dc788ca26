"""Define texts that cost time or memory. As a program, render each of them, whole and in pieces.

The program's argument is the length of a text that repeats a sign, in characters.
"""

from __future__ import annotations

import random
import resource
import sys
import time

from chat import rendering

SIZE = 100_000
MEMORY = 1024 * 1024 * 1024
PROCESSOR = 100
MIXED = "** * ` [ ]( ](a) ) < ![ $ \\( \\) [^1] a@b.c |\n |-|\n - 1. >"

REPEATED = [
    *("[", "]", "![", "[](", "[a](", "[a](<", '[a](b "', "[a][", "[a][b]", "][", "[^", "[^1]", "[^a]: ", "[^1]: a\n\n"),
    *(
        "`",
        "`a",
        "*",
        "**",
        "*a_ ",
        "*a **a ",
        "_a*b",
        "a**b",
        "~a ",
        "~~a",
        "*a* ",
        "**你**",
        "x²*",
        "(a)*",
        'א**"',
        "\\",
        "\\[a]",
    ),
    *("http://a.bc ", "www.", "http://", "a@", "a@b.cd ", "a@b.cd\n", "mailto:", "@", "a."),
    *("&", "&a", "&amp;", "&#1234567;", "$", "$a", "$a ", "$$a", "\\(", "\\[", "\\(a\\)", "$x^2$ ", "$\\quux$ "),
    *(
        ">",
        "> ",
        "- ",
        "- * + ",
        "1. ",
        "1) ",
        "- x\n",
        "-\n",
        ">\n",
        ">a\nb",
        "- a\n\n",
        "-     a\n",
        "  - a\n    b\n\n",
    ),
    *(
        "<!-- ",
        "<?",
        "<!A ",
        "<![CDATA[",
        "<a ",
        '<a href="',
        "</",
        "<",
        "<http:",
        "<script>\n",
        "<div>\n\n",
        "<br>",
        '"',
    ),
    *(
        "---\n",
        "=\n",
        "a\n=\n",
        "- - - -\n",
        "#",
        "# a\n",
        "a  \n",
        " ",
        "\t",
        "\n",
        "\r",
        "\0",
        "\ud800",
        "a\n\n",
        "😀",
        "a\u0301",
    ),
    *(
        "```\n",
        "~~~\n",
        "~~~a\n",
        "````a\n",
        "```math\nx\n```\n",
        "```python\nx=1\n```\n",
        "```java\nclass class class\n```\n",
    ),
    *(
        "|",
        "|a\n",
        "|-|\n",
        "a|b\n-|-\n",
        "|a|\n|-|\n|1|\n\n",
        "> [!NOTE]\n",
        "> [!NOTE]\n> a\n\n",
        "- [ ] a\n",
        "> a\n\n",
    ),
    *("[a](http://b.c) ", "![a](http://b.c) ", "[![a](http://b.c)](http://d.e) "),
]

BUILT = {
    "one long word": "a" * 140_000,
    "too long a text": "hello world\n" * 100_000,
    "nested links": "[" * 30_000 + "a" + "](" * 30_000,
    "nested images": "![" * 20_000 + "a" + "](b)" * 20_000,
    "nested emphasis": "*_" * 20_000 + "a" + "_*" * 20_000,
    "growing code spans": "".join("`" * length + " " for length in range(440)),
    "brackets after an address": "http://a.b" + ")" * SIZE,
    "a host without end": "www." + "a." * 50_000,
    "a name before an at": "a" * SIZE + "@",
    "many notes": "".join(f"[^{n}]" for n in range(8000)) + "".join(f"\n\n[^{n}]: a" for n in range(5000)),
    "notes of notes": "\n".join(f"[^{n}]: [^{n + 1}]\n" for n in range(5000)) + "\n[^0]",
    "one note, many marks": "[^1]" * 990 + "\n\n[^1]: a",
    "many definitions": "".join(f"[{n}]: x\n" for n in range(9000)),
    "a long address by reference": "[a]: http://" + "x" * 50_000 + "\n\n" + "[a]" * 20_000,
    "deep lists": "\n".join(" " * (2 * depth) + "- a" for depth in range(350)),
    "deeper lists": "\n".join(" " * (64 * depth) + "- " * 32 + "a" for depth in range(60)),
    "lists in quotations": "\n".join("> " * 32 + " " * (2 * depth) + "- a" for depth in range(300)),
    "quotations in lists": "\n".join(" " * (2 * depth) + "- " + "> " * 31 + "a" for depth in range(300)),
    "deep quotations": ("> " * 1000 + "a\n") * 50,
    "a wide table": "|a" * 2500 + "|\n" + "|-" * 2500 + "|\n" + "|\n" * 2500,
    "many tables": ("|a" * 140 + "|\n" + "|-" * 140 + "|\n" + "|\n" * 138 + "\n") * 120,
    "a table of one column": "|a|\n|-|\n" + "|\n" * 50_000,
    "a table in a quotation": "> " + "|a" * 2500 + "|\n> " + "|-" * 2500 + "|\n" + "> |\n" * 2500,
    "matrices": ("$\\begin{matrix}" + "a&" * 450 + "\\end{matrix}$ ") * 100,
    "braces": ("$" + "{" * 490 + "}" * 490 + "$ ") * 100,
    "macros": "$\\def\\a{\\a\\a}\\a$ " * 5000,
    "blanks after a fence's mark": "```\n```" + " " * SIZE + "`",
    "a long mark that closes nothing": "~~~\n" + "~" * SIZE + "`",
    "an open code block": "```python\n" + "(" * 140_000,
    "code of all languages": "".join(
        f"```{name}\n{sign * 2000}\n```\n" for name in ("java", "lua", "perl", "make", "c#") for sign in "(<a.: "
    ),
    "random signs": "".join(random.Random(1).choices("*_`[]()<>!|$\\#-+>~ \n\tab1.@:/&;\"'^=", k=SIZE)),
    "random constructs": "".join(
        random.Random(2).choices([*MIXED.split(" "), " ", "\n", "\n\n", "    ", "```\n"], k=SIZE // 2)
    ),
}  # fmt: skip


def repeat(size: int) -> dict[str, str]:
    """Repeat each sign up to a length."""
    return {repr(sign): sign * (size // len(sign)) for sign in REPEATED}


BOMBS = repeat(SIZE) | BUILT


def render(text: str) -> None:
    """Render a text whole, and as it grows."""
    rendering.render(text, "m1")
    growing = rendering.IncrementalRenderer("m1")
    list(growing.begin([], 0))
    for second in range(20):
        growing.feed(text[second * len(text) // 20 : (second + 1) * len(text) // 20], second)
    growing.end()


def main() -> None:
    """Render every bomb within limits of memory and CPU; exit with the name of the first slow one."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR, PROCESSOR))
    size = int(sys.argv[1])
    for name, text in (BUILT | repeat(size)).items():
        start = time.process_time()
        render(text)
        if time.process_time() - start > (3 if name in BUILT else 3 * size / SIZE):
            sys.exit(f"{name} takes {time.process_time() - start:.1f} s of CPU.")


if __name__ == "__main__":
    main()
