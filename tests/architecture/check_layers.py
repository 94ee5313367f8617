#!/usr/bin/env python3
"""Holds STYLE's table of allowed includes: usage check_layers.py [SRC]. Prints each include that the table forbids and exits with 1."""
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


if __name__ == "__main__":
    found = wrong_includes(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2] / "src")
    print("\n".join(found) if found else "every include follows the table")
    sys.exit(1 if found else 0)
