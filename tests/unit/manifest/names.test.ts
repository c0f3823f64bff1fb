import fc from "fast-check";
import { diskPathFault, resolveDiskKey } from "../../../shared/manifest/disk-key.ts";
import { imageNameFault, validImageName } from "../../../shared/manifest/image-name.ts";
import {
  imageKeyOf,
  isBucketManifestKey,
  isSidecarKey,
  isStatusFileKey,
  manifestConflict,
  sidecarNamesOf,
} from "../../../shared/manifest/manifest-names.ts";
import { expandPlaceholders, modifiedText, placeholdersOfKey } from "../../../shared/manifest/placeholders.ts";

describe("the names of manifests", () => {
  it("lead from an image to its sidecars and back", () => {
    const names = sidecarNamesOf("a/web.qcow2");
    expect(names).toEqual(["a/web.qcow2.import.yaml", "a/web.qcow2.import.yml", "a/web.qcow2.import.json"]);
    expect(names.map(imageKeyOf)).toEqual(["a/web.qcow2", "a/web.qcow2", "a/web.qcow2"]);
  });

  it.each([
    ".import.yaml",
    "a/.import.json",
    "web.yaml",
    "web.import.yaml.bak",
    "web.import-status.json",
    "WEB.IMPORT.YAML",
  ])("do not take %s for a sidecar", (key) => {
    expect(isSidecarKey(key)).toBe(false);
  });

  it("take a bucket manifest at the root only", () => {
    const keys = [
      "image-import.yaml",
      "image-import.yml",
      "image-import.json",
      "a/image-import.yaml",
      "Image-Import.yaml",
    ];
    expect(keys.filter(isBucketManifestKey)).toEqual(keys.slice(0, 3));
  });

  it("tell the product's own status files", () => {
    expect(isStatusFileKey("a/web.qcow2.import-status.json")).toBe(true);
    expect(isStatusFileKey("a/web.qcow2.import.json")).toBe(false);
  });

  it("conflict when there are several for one image", () => {
    expect(manifestConflict([])).toBeUndefined();
    expect(manifestConflict(["a.import.yaml"])).toBeUndefined();
    expect(manifestConflict(["a.import.yaml", "a.import.json"])).toBe(
      'There are 2 manifests for the same thing: "a.import.yaml" and "a.import.json". Keep one of them.',
    );
  });
});

describe("the key of a disk", () => {
  it.each([
    ["data.raw", "db/system.qcow2.import.yaml", "db/data.raw"],
    ["disks/data.raw", "db/system.qcow2.import.yaml", "db/disks/data.raw"],
    ["/shared/data.raw", "db/system.qcow2.import.yaml", "shared/data.raw"],
    ["data.raw", "image-import.yaml", "data.raw"],
    ["数据 +%2B.raw", "a/b/c.import.json", "a/b/数据 +%2B.raw"],
    ["...raw", "a/b.import.yaml", "a/...raw"],
  ])("%s in %s is %s", (ossObject, manifestKey, key) => {
    expect(resolveDiskKey(ossObject, manifestKey)).toEqual({ key });
  });

  it.each([
    "..",
    "../a",
    "a/../b",
    "/../a",
    ".",
    "./a",
    "a//b",
    "//a",
    "/",
    "a/",
    "",
    "a\\b",
    "a\nb",
    "a\u0000b",
    "a\u202eb",
    "a\u200bb",
    "a\ud800",
  ])("%j is refused with a sentence", (ossObject) => {
    expect(resolveDiskKey(ossObject, "db/a.import.yaml")).toEqual({
      fault: expect.stringMatching(/^A disk's key .*\.$/),
    });
  });

  it("is refused when it has more bytes than OSS takes, alone or with its folder", () => {
    expect(diskPathFault("a".repeat(1023))).toBeUndefined();
    expect(diskPathFault("数".repeat(342))).toBeDefined();
    expect(resolveDiskKey("a".repeat(1023), "b/c.import.yaml")).toHaveProperty("fault");
  });

  it("never leaves the manifest's folder without a leading slash", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(fc.constantFrom("..", ".", "/", "a", "\\", "%2e")).map((parts) => parts.join("")),
        ),
        (path) => {
          const resolved = resolveDiskKey(path, "team/a.import.yaml");
          return "fault" in resolved || path.startsWith("/") || resolved.key.startsWith("team/");
        },
      ),
    );
  });
});

describe("placeholders", () => {
  const values = { ...placeholdersOfKey("a/b/debian-12.5.qcow2"), etag8: "5B3C1A2E", region: "cn-hangzhou" };

  it("come from the key", () => {
    expect(placeholdersOfKey("a/b/debian-12.5.QCOW2")).toEqual({
      name: "debian-12.5.QCOW2",
      stem: "debian-12.5",
      folder: "a-b",
    });
    expect(placeholdersOfKey(".raw")).toEqual({ name: ".raw", stem: ".raw", folder: "" });
    expect(placeholdersOfKey("image")).toMatchObject({ stem: "image" });
  });

  it("show the time in UTC", () => {
    expect(modifiedText(new Date("2026-01-02T03:04:05.678Z"))).toBe("20260102030405");
  });

  it("are replaced, several times too", () => {
    expect(expandPlaceholders("{folder}-{stem}-{etag8}-{stem}", values)).toEqual({
      text: "a-b-debian-12.5-5B3C1A2E-debian-12.5",
    });
  });

  it("insert a value as it is: braces in it are not expanded, dollar signs mean nothing", () => {
    expect(expandPlaceholders("x{stem}", { stem: "{region}$&$1", region: "r" })).toEqual({ text: "x{region}$&$1" });
  });

  it.each([
    ["{date}", "There is no placeholder {date}."],
    ["{Stem}", "There is no placeholder {Stem}."],
    ["{constructor}", "There is no placeholder {constructor}."],
    ["{}", "There is no placeholder {}."],
    ["a{stem", "A brace stands alone: placeholders are written {like} this."],
    ["{{stem}}", "A brace stands alone: placeholders are written {like} this."],
  ])("%s is refused", (template, fault) => {
    expect(expandPlaceholders(template, values)).toEqual({ faults: [fault] });
  });

  it("say why they have no value, each once", () => {
    expect(expandPlaceholders("{version}{version}{folder}", { folder: "" })).toEqual({
      faults: [
        "The placeholder {version} has no value here: it was not detected in the image.",
        "The placeholder {folder} has no value here: the image lies at the root of the bucket.",
      ],
    });
  });
});

describe("image names", () => {
  it.each(["ab", "Web-1.2:3_4", "网站", "a".repeat(128)])("%s is good", (name) => {
    expect(imageNameFault(name)).toBeUndefined();
    expect(validImageName(name)).toBe(name);
  });

  it.each([
    "",
    "a",
    "1web",
    "-web",
    "aliyun-web",
    "acs:web",
    "my web",
    "a/b",
    "http://a",
    "a{b}",
    "é",
    "a".repeat(129),
  ])("%j is refused, and can be made valid", (name) => {
    expect(imageNameFault(name)).toMatch(/^An image name .*\.$/);
    expect(imageNameFault(validImageName(name))).toBeUndefined();
  });

  it.each([
    ["2024 web", "image-2024-web"],
    ["my  web/1", "my-web-1"],
    ["aliyun_3", "image-aliyun_3"],
    ["", "image-"],
  ])("%j is made %s", (text, name) => {
    expect(validImageName(text)).toBe(name);
  });

  it("keep both ends of a text that is too long", () => {
    const name = validImageName(`start${"a".repeat(200)}20260102030405`);
    expect(name).toMatch(/^starta+-a+20260102030405$/);
    expect(name).toHaveLength(128);
  });

  it("are valid whatever text they are made of", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.string({ minLength: 120, maxLength: 200 })), (text) => {
        return imageNameFault(validImageName(text)) === undefined;
      }),
    );
  });
});
