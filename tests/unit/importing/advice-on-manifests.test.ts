import { refuseManifest } from "../../../shared/importing/not-imported.ts";
import type { Problem } from "../../../shared/manifest/problem.ts";
import { bucket, smallProduct } from "./small-product.ts";

const key = "web.raw";
const problemIn = (file: string): Problem => ({ file, line: 1, column: 1, pointer: "", message: "It is wrong." });

const correct = "Correct the manifest and upload it again: nothing else is needed.";
const again = "Upload the image again with correct metadata, or copy it onto itself with that: nothing else is needed.";

describe("the advice on an image whose manifests are not good", () => {
  it.each([
    ["its sidecar", [`${key}.import.yaml`], correct],
    ["the bucket manifest", ["image-import.yaml"], correct],
    ["its metadata", [key], again],
    ["a value from its metadata", ["metadata x-oss-meta-import-image-name"], again],
    ["its sidecar and its metadata", [`${key}.import.yaml`, key], `${correct} ${again}`],
  ])("follows from what is wrong: %s", async (_, files, advice) => {
    const product = smallProduct();
    const base = {
      subject: { region: "cn-hangzhou", bucket, key, etag: "A" },
      uploadedAt: "2026-11-23T10:00:00.000Z",
    };
    const problems = files.map(problemIn);
    await refuseManifest(
      problems,
      { base, mark: "0123abcd", occasion: "upload", current: undefined },
      product.deps("r-1"),
    );
    expect(await product.jobs(key)).toMatchObject([{ code: "manifest.invalid", advice }]);
  });
});
