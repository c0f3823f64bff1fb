import type { ObjectFacts } from "../../../shared/cloud/ports.ts";
import { objectFindings } from "../../../shared/importing/object-findings.ts";
import { importRouted } from "../../../shared/importing/route-object.ts";
import { factsOf } from "./planned-disk.ts";
import { smallProduct } from "./small-product.ts";

const codes = (facts: Partial<ObjectFacts>, expect?: Parameters<typeof objectFindings>[2]): readonly string[] =>
  objectFindings("in/web.qcow2", factsOf(facts), expect).map(({ code }) => code);

describe("what HeadObject tells against an import", () => {
  it("is nothing for a plain object", () => {
    expect(codes({})).toEqual([]);
  });

  it.each<[string, Partial<ObjectFacts>, readonly string[]]>([
    ["Standard storage", { storageClass: "Standard" }, []],
    ["infrequent access", { storageClass: "IA" }, []],
    ["the archive", { storageClass: "Archive" }, ["object.archived"]],
    ["the cold archive", { storageClass: "ColdArchive" }, ["object.archived"]],
    ["the deep cold archive", { storageClass: "DeepColdArchive" }, ["object.archived"]],
    ["the archive, restored", { storageClass: "Archive", restored: true }, []],
    ["encryption by OSS", { encryption: "AES256" }, ["object.encrypted"]],
    ["encryption by KMS", { encryption: "KMS" }, ["object.encrypted"]],
    ["a symbolic link", { type: "Symlink" }, ["object.symlink"]],
    ["an appended object", { type: "Appendable" }, []],
    ["several at once", { type: "Symlink", encryption: "KMS" }, ["object.encrypted", "object.symlink"]],
  ])("%s", (_, facts, expected) => {
    expect(codes(facts)).toEqual(expected);
  });

  it.each<[string, Parameters<typeof objectFindings>[2], number]>([
    ["the size it has", { size: 1_048_576 }, 0],
    ["another size", { size: 1_048_577 }, 1],
    ["the CRC-64 it has", { crc64: "9223372036854775807" }, 0],
    ["another CRC-64", { crc64: "1" }, 1],
    ["the ETag it has", { etag: "0F343B0931126A20F133D67C2B018A3B" }, 0],
    ["its ETag in lower case and in quotes", { etag: '"0f343b0931126a20f133d67c2b018a3b"' }, 0],
    ["another ETag", { etag: "0F343B0931126A20F133D67C2B018A3C" }, 1],
    ["three other things", { size: 1, crc64: "1", etag: "1" }, 3],
    ["nothing", {}, 0],
  ])("expects %s", (_, expected, unmet) => {
    const found = codes({}, expected);
    expect(found).toEqual(Array(unmet).fill("object.unexpected"));
  });

  it("says both values of what was expected and is not so", () => {
    const [finding] = objectFindings("in/web.qcow2", factsOf({ crc64: undefined }), { crc64: "77" });
    expect(finding).toMatchObject({
      severity: "error",
      message: "in/web.qcow2 should have the CRC-64 77, but has none.",
    });
  });
});

it.each<[string, Partial<ObjectFacts>]>([
  ["object.archived", { storageClass: "Archive" }],
  ["object.encrypted", { encryption: "KMS" }],
  ["object.symlink", { type: "Symlink" }],
])("An image that the function may not be able to read is rejected with %s, unread", async (code, facts) => {
  const { deps, upload, jobs } = smallProduct();
  const { objects, ...others } = deps("r-1");
  await upload("web.raw", "system");
  const stat: typeof objects.stat = async (object) => {
    const found = await objects.stat(object);
    return found && { ...found, ...facts };
  };
  const inspect = () => Promise.reject(new Error("it was read"));
  await importRouted("web.raw", "upload", { ...others, objects: { ...objects, stat }, inspect });
  expect(await jobs("web.raw")).toMatchObject([{ state: "rejected", findings: [{ code }] }]);
});
