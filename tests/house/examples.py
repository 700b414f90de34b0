"""Usage examples of public headers. In the comment that a header opens with:

    // Example (const std::filesystem::path& dir, log::Logger log):
    //   #include <chrono>
    //   TRY_ASSIGN(auto cursor, journal::Cursor::open(dir, {}));

The parameters are what an example is given. Run as a program, this writes the source that compiles header and examples:
examples.py SOURCE_ROOT room/header.hpp OUTPUT
"""

import re
import sys
from pathlib import Path

EXAMPLE = re.compile(r"^// Example(?: \((?P<given>.*)\))?:\n(?P<code>(?://(?:   .*)?\n)+)", re.M)


def examples_of(text):
    """(parameters, lines of code) of each example in a header."""
    return [(match["given"] or "", [line[5:] for line in match["code"].splitlines()]) for match in EXAMPLE.finditer(text)]


def source(header, text):
    """A translation unit: the header alone and first, then each example as a function."""
    room = header.split("/")[0]
    includes, functions = [], []
    for index, (given, code) in enumerate(examples_of(text)):
        includes += [line for line in code if line.startswith("#include")]
        body = [line for line in code if not line.startswith("#include")]
        coroutine = re.search(r"\bco_(await|return)\b|\bCO_TRY", "\n".join(body))
        result = "boost::asio::awaitable<Result<>>" if coroutine else "Result<>"
        last = "co_return Result<>{};" if coroutine else "return {};"
        functions.append("\n".join([f"{result} example_{index}({given}) {{", *("  " + line for line in body), f"  {last}", "}"]))
    head = [f'#include "{header}"', f'#include "{header}"  // twice: it guards itself']
    if not functions:
        return "\n".join(head) + "\n"
    head += [*dict.fromkeys(includes), '#include "base/result.hpp"', "", f"namespace berth::{room}_example {{", ""]
    return "\n".join(head) + "\n" + "\n\n".join(functions) + f"\n\n}}  // namespace berth::{room}_example\n"


def main(root, header, output):
    text = (Path(root) / header.split("/")[0] / header).read_text()
    Path(output).write_text(source(header, text))


if __name__ == "__main__":
    main(*sys.argv[1:])
