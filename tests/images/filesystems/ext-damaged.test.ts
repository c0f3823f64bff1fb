import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { openExt } from "../../../shared/inspection/filesystem/ext/open-ext.ts";
import { sourceOf } from "../../fixtures/images/open-image.ts";
import { processorTime } from "../../fixtures/images/processor-time.ts";
import { walkDamaged } from "../../unit/inspection/filesystem/walk-damaged.ts";

const corpus = ".cache/corpora/e2fsprogs";
const maximumMilliseconds = 2000;

describe("the damaged images of e2fsprogs' own tests", () => {
  let images: string[] = [];

  beforeAll(() => {
    execFileSync("tests/images/fetch-corpora.sh", { stdio: "ignore" });
    images = readdirSync(corpus, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith("image.gz"));
  });

  it("are all walked or refused, each within two seconds", async () => {
    expect(images.length).toBeGreaterThan(200);
    const slow: string[] = [];
    for (const name of images) {
      const bytes = gunzipSync(readFileSync(join(corpus, name)));
      const start = processorTime();
      // Throws on anything but the two errors that mean "malformed" and "cannot tell".
      await walkDamaged(() => openExt(sourceOf(bytes)), 3000);
      const milliseconds = processorTime() - start;
      if (milliseconds > maximumMilliseconds) slow.push(`${name}: ${milliseconds}`);
    }
    expect(slow).toEqual([]);
  });
});
