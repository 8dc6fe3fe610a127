#!/usr/bin/env node
import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";

import { page } from "./page.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { title: { type: "string" }, watch: { type: "boolean" } },
});
const [source, target] = positionals;
if (!source || !target) {
  console.error("usage: changelog-page CHANGELOG.md PAGE.html [--title TEXT] [--watch]");
  process.exit(2);
}

const write = async () => writeFile(target, page(await readFile(source, "utf8"), values.title));
await write();
if (values.watch) {
  // An optional dependency: where it is not installed, everything but --watch works.
  const { watch } = await import("chokidar");
  watch(source).on("change", write);
}
