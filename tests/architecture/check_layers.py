#!/usr/bin/env python3
"""Holds the shape of the code: usage check_layers.py [PROJECT]. Prints each include that STYLE's table forbids, each file that is too long
and each word that has no place in the code, and exits with 1 where there is one."""
import pathlib, re, sys

# Each folder uses those named here, and what they use in turn.
USES = {
    "base": [],
    "device": ["base"],
    "network": ["base"],
    "testing": ["network"],
    "operators": ["testing"],
    "import": ["operators"],
    "optimize": ["operators"],
    "tactics": ["operators", "device"],
    "plan": ["operators"],
    "runtime": ["plan", "tactics"],
    "select": ["tactics"],
    "build": ["optimize", "select", "plan"],
    "api": ["import", "build", "runtime"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)
SOURCES = {".h", ".hpp", ".cpp", ".cc", ".cu", ".cuh", ".inc"}


def reachable(folder):
    found, queue = {folder}, list(USES[folder])
    while queue:
        name = queue.pop()
        if name not in found:
            found.add(name)
            queue += USES[name]
    return found


def wrong_includes(src):
    """Lines "file:line: why" for every include that the table forbids, and for folders that the table does not know."""
    wrong = []
    for path in sorted(pathlib.Path(src).rglob("*")):
        if path.suffix not in SOURCES:
            continue
        parts = path.relative_to(src).parts
        folder = parts[0]
        if len(parts) == 1 or folder not in USES:
            wrong.append(f"{path}:1: '{folder}' is not in the table of check_layers.py")
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        for match in INCLUDE.finditer(text):
            name = match.group(1)
            target = name.split("/")[0] if "/" in name else folder
            if name.startswith(".."):
                resolved = (path.parent / name).resolve()
                try:
                    target = resolved.relative_to(pathlib.Path(src).resolve()).parts[0]
                except ValueError:
                    continue
            elif target not in USES:
                continue  # a generated or foreign header, or one beside the file
            if target not in reachable(folder):
                line = text.count("\n", 0, match.start()) + 1
                wrong.append(f"{path}:{line}: {folder}/ may not include \"{name}\"; it uses {', '.join(sorted(reachable(folder) - {folder})) or 'nothing'}")
    return wrong


MOST_LINES = 700
CODE_FOLDERS = ["src", "include", "cudart", "tools", "tests", "examples", "cmake"]
EVERYWHERE = [
    (re.compile(r"\b(TODO|FIXME|XXX|HACK)\b"), "unfinished work is named in an issue, not in the code"),
    (re.compile(r"/(work|home|root)/\w"), "a path of one machine"),
    (re.compile(r"[^\x00-\x7f]"), "a character that is not ASCII"),
]
IN_SRC = [
    (re.compile(r"^\s*throw\b|[;{)]\s*throw\b"), "nothing in src/ throws; return an Error"),
    (re.compile(r"#\s*include\s*<(iostream|regex)>"), "a header that is slow to compile"),
    (re.compile(r"\bstd::(cout|cerr)\b|\bprintf\s*\("), "messages go through base/log.h"),
]


def wrong_text(project):
    """Lines "file:line: why" for long files and for words that have no place."""
    project, wrong, own = pathlib.Path(project), [], pathlib.Path(__file__).parent
    for folder in CODE_FOLDERS:
        for path in sorted((project / folder).rglob("*")):
            if path.suffix not in SOURCES | {".py", ".cmake"} and path.name != "CMakeLists.txt":
                continue
            if path.resolve().parent == own:
                continue  # these files must name what they forbid
            lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
            if len(lines) > MOST_LINES + 1:
                wrong.append(f"{path}:{MOST_LINES + 1}: the file has {len(lines) - 1} lines; {MOST_LINES} are the limit")
            for number, line in enumerate(lines, 1):
                for pattern, why in EVERYWHERE + (IN_SRC if folder == "src" else []):
                    if found := pattern.search(line):
                        wrong.append(f"{path}:{number}: '{found.group().strip()}': {why}")
    return wrong


if __name__ == "__main__":
    project = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]
    found = wrong_includes(project / "src") + wrong_text(project)
    print("\n".join(found) if found else "every include follows the table, every file is short and in plain words")
    sys.exit(1 if found else 0)
