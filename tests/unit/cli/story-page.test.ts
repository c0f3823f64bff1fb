import type { Story } from "../../../cli/ops/run-explain.ts";
import { storyText } from "../../../cli/ops/story-text.ts";

const story = (changes: Partial<Story>): string =>
  storyText(
    { bucket: "images", key: "web.qcow2", object: null, jobs: [], ...changes },
    { colour: false, width: Infinity },
  );
const object = (size: number) => ({ size, etag: "E", uploadedAt: "2026-11-23T10:00:00.000Z" });

describe("the story of an object", () => {
  it.each([
    [1, "1 byte, uploaded"],
    [512, "512 bytes, uploaded"],
    [573_964_288, "547 MiB (573964288 bytes), uploaded"],
  ])("tells the size of %d bytes to the byte", (size, expected) => {
    expect(story({ object: object(size) })).toContain(`  ${expected}`);
  });

  it("offers what was never seen for replay as it is only where that would make an image", () => {
    const finding = { code: "format.unsupported", severity: "error", message: "It is text.", fix: "Mend it." } as const;
    const rejected = story({
      object: object(4),
      forecast: { decision: "reject", reason: "It is text.", findings: [finding] },
    });
    expect(rejected).toContain("The function would reject it:\n");
    expect(rejected).toContain("Once that is mended:\n      oss-image-import replay oss://images/web.qcow2\n");
    const imported = story({ object: object(4), forecast: { decision: "import", reason: "nothing", findings: [] } });
    expect(imported).toContain("To have that done now:\n      oss-image-import replay oss://images/web.qcow2\n");
  });

  it("names a key that cannot be shown so that its command can be pasted all the same", () => {
    const odd = story({
      key: "a\nb.raw",
      object: object(4),
      forecast: { decision: "import", reason: "", findings: [] },
    });
    expect(odd).toContain("oss://images/a\\u000ab.raw\n");
    expect(odd).toContain("      oss-image-import replay $'oss://images/a\\012b.raw'\n");
  });
});
