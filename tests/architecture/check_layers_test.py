#!/usr/bin/env python3
"""Plants wrong includes and expects check_layers to name them, and right ones and expects silence."""
import pathlib, sys, tempfile, unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from check_layers import MOST_LINES, wrong_includes, wrong_text


class CheckLayers(unittest.TestCase):
    def check(self, files, look=wrong_includes):
        with tempfile.TemporaryDirectory() as src:
            for name, text in files.items():
                path = pathlib.Path(src, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return look(src)

    def test_includes_of_the_table_are_silent(self):
        self.assertEqual(self.check({"optimize/a.cpp": '#include "operators/b.h"\n#include "network/c.h"\n#include "base/d.h"\n#include <vector>\n'}), [])

    def test_a_stage_may_not_look_ahead(self):
        found = self.check({"optimize/a.cpp": '// a pass\n#include "tactics/tactic.h"\n'})
        self.assertEqual(len(found), 1)
        self.assertIn("a.cpp:2: optimize/ may not include \"tactics/tactic.h\"", found[0])

    def test_runtime_may_not_select(self):
        self.assertEqual(len(self.check({"runtime/a.h": '#include "select/select.h"\n#  include "plan/plan.h"\n'})), 1)

    def test_a_way_around_by_dots_is_seen(self):
        self.assertEqual(len(self.check({"base/a.h": '#include "../network/network.h"\n'})), 1)

    def test_base_uses_nothing(self):
        self.assertIn("uses nothing", self.check({"base/a.h": '#include "network/network.h"\n'})[0])

    def test_a_new_folder_needs_a_line_in_the_table(self):
        self.assertIn("is not in the table", self.check({"extras/a.h": ""})[0])

    def test_a_long_file_is_named(self):
        self.assertEqual(self.check({"src/base/a.h": "x\n" * MOST_LINES}, wrong_text), [])
        found = self.check({"src/base/a.h": "x\n" * (MOST_LINES + 1)}, wrong_text)
        self.assertIn(f"the file has {MOST_LINES + 1} lines", found[0])

    def test_words_without_a_place_are_named(self):
        lines = {"// TODO later": "issue", 'open("/home/me/x");': "one machine", "// \u2014": "not ASCII", "  throw x;": "throws",
                 "#include <regex>": "slow to compile", "std::cerr << x;": "base/log.h"}
        for line, why in lines.items():
            found = self.check({"src/base/a.cpp": f"int x;\n{line}\n"}, wrong_text)
            self.assertEqual(len(found), 1, line)
            self.assertIn("a.cpp:2: ", found[0])
            self.assertIn(why, found[0])

    def test_programs_outside_of_src_print(self):
        self.assertEqual(self.check({"tools/a.cpp": 'std::cout << 1; printf("");\n', "src/base/a.cpp": "// rethrow nothing\n"}, wrong_text), [])


if __name__ == "__main__":
    unittest.main()
