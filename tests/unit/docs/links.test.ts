import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

const pages = execFileSync("git", ["ls-files", "*.md"], { encoding: "utf8" }).split("\n").filter(Boolean);

interface Link {
  readonly page: string;
  readonly target: string;
}

const withoutCode = (text: string): string => text.replace(/^```.*?^```/gms, "").replace(/`[^`\n]*`/g, "code");

const links: readonly Link[] = pages.flatMap((page) =>
  [...withoutCode(readFileSync(page, "utf8")).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => ({
    page,
    target,
  })),
);

/** The anchor that GitHub gives a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(" ", "-");

const anchorsOf = (page: string): readonly string[] =>
  [
    ...readFileSync(page, "utf8")
      .replace(/^```.*?^```/gms, "")
      .matchAll(/^#+ +(.+)$/gm),
  ].map(([, heading = ""]) => anchorOf(heading));

const inside = links.filter(({ target }) => !/^[a-z]+:/i.test(target));

describe("the pages", () => {
  it("are found, and link to each other", () => {
    expect(pages).toEqual(expect.arrayContaining(["README.md", "docs/deploy.md", "docs/manifest.md"]));
    expect(inside.length).toBeGreaterThan(10);
  });

  it.each(inside.map(({ page, target }) => [page, target]))(
    "%s links to %s, which is there",
    (page = "", target = "") => {
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? page : normalize(join(dirname(page), path));
      expect([file, existsSync(file)]).toEqual([file, true]);
      if (anchor !== undefined) expect(anchorsOf(file)).toContain(anchor);
    },
  );

  it.each(links.filter((link) => !inside.includes(link)).map(({ page, target }) => [page, target]))(
    "%s links to the world by https: %s",
    (_, target) => {
      expect(target).toMatch(/^https:\/\//);
    },
  );
});
