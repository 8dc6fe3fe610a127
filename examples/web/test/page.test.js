import assert from "node:assert/strict";
import { test } from "node:test";

import { page, releases } from "../src/page.js";

const CHANGELOG =
  "# Changelog\n## Unreleased\n- soon\n## [1.9.0]\n- old\n## v1.10.0 (2026-11-20)\n- counts in *tens*\n";

test("releases are read newest first", () => {
  assert.deepEqual(releases(CHANGELOG), [
    { version: "1.10.0", markdown: "- counts in *tens*" },
    { version: "1.9.0", markdown: "- old" },
  ]);
});

test("a page shows each release, and nothing that acts", () => {
  const shown = page(`${CHANGELOG}<script>alert(1)</script> <img src=x onerror=alert(1)>\n`, "<b>News</b>");
  assert.match(shown, /<title>News<\/title>/);
  assert.match(shown, /<section id="v1.10.0">\n<h2>1.10.0<\/h2>\n<ul>\n<li>counts in <em>tens<\/em>/);
  assert.doesNotMatch(shown, /script|onerror/);
});
