import { marked } from "marked";
import sanitize from "sanitize-html";
import semver from "semver";

const HEADING = /^## \[?v?([^\]\s]+)\]?.*$/gm;

/** Returns the releases of a Markdown changelog, newest first: [{version, markdown}]. */
export function releases(changelog) {
  const headings = [...changelog.matchAll(HEADING)].filter((match) => semver.valid(match[1]));
  return headings
    .map((match, index) => ({
      version: match[1],
      markdown: changelog.slice(match.index + match[0].length, headings[index + 1]?.index).trim(),
    }))
    .sort((one, other) => semver.rcompare(one.version, other.version));
}

/** Returns a page with the releases of a changelog; what could act in a browser is left out. */
export function page(changelog, title = "Changelog") {
  const sections = releases(changelog).map(
    ({ version, markdown }) => `<section id="v${version}">\n<h2>${version}</h2>\n${marked.parse(markdown)}</section>`,
  );
  const body = sanitize(sections.join("\n"), {
    allowedTags: [...sanitize.defaults.allowedTags, "section"],
    allowedAttributes: { a: ["href"], section: ["id"] },
  });
  const name = sanitize(title, { allowedTags: [] });
  return `<!doctype html>\n<meta charset="utf-8">\n<title>${name}</title>\n<h1>${name}</h1>\n${body}\n`;
}
