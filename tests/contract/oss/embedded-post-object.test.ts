import { owner } from "./embedded-target.ts";
import { ossOfEachTest } from "./oss-of-each-test.ts";

/** Form uploads: the policy is signed by ali-oss, the form is sent as a browser would. */
interface PolicySigner {
  calculatePostSignature(policy: object): Record<string, string>;
  signPostObjectPolicyV4(policy: object, date: Date): string;
}

const now = new Date("2026-11-23T10:00:00Z");
const { oss, startAt } = ossOfEachTest();
beforeEach(() => startAt(now));

const policyWith = (...conditions: readonly unknown[]) => ({ expiration: "2026-11-23T11:00:00.000Z", conditions });

const signer = () => oss.client() as unknown as PolicySigner;

const post = async (fields: Record<string, string>, file: string | Uint8Array = "bytes"): Promise<Response> => {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("file", new Blob([file]), "disk.raw");
  return fetch(`${oss.endpoint}/images-prod`, { method: "POST", body: form });
};

const stored = async (key: string) => {
  const found = await oss.server.lookup.object("images-prod", key);
  return found && String(await found.read(0, found.size));
};

describe("a form upload", () => {
  it("stores the file under the key that the form gives, with its metadata", async () => {
    const policy = policyWith(
      { bucket: "images-prod" },
      ["starts-with", "$key", "in/"],
      ["content-length-range", 1, 100],
    );
    const answer = await post({
      ...signer().calculatePostSignature(policy),
      // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how a form writes it.
      key: "in/${filename}",
      "x-oss-meta-name": "web",
      success_action_status: "201",
    });
    expect([answer.status, await answer.text()]).toEqual([201, expect.stringContaining("<Key>in/disk.raw</Key>")]);
    expect(await stored("in/disk.raw")).toBe("bytes");
    expect(oss.events.map(({ eventName }) => eventName)).toEqual(["ObjectCreated:PostObject"]);
  });

  it("takes a policy that is signed with version 4", async () => {
    const credential = `${owner.accessKeyId}/20261123/cn-hangzhou/oss/aliyun_v4_request`;
    const policy = policyWith(["eq", "$key", "a"], { "x-oss-credential": credential });
    const fields = {
      policy: Buffer.from(JSON.stringify(policy)).toString("base64"),
      "x-oss-signature-version": "OSS4-HMAC-SHA256",
      "x-oss-credential": credential,
      "x-oss-date": "20261123T100000Z",
      "x-oss-signature": signer().signPostObjectPolicyV4(policy, now),
    };
    expect((await post({ ...fields, key: "a" })).status).toBe(204);
    expect((await post({ ...fields, key: "b" })).status).toBe(403);
  });

  it("streams a file of any bytes, the form's own boundary marks among them", async () => {
    const bytes = Buffer.concat([Buffer.from("\r\n--"), Buffer.alloc(3_000_000, "\r\n-"), Buffer.from("\r\n-----")]);
    await post({ ...signer().calculatePostSignature(policyWith(["eq", "$key", "a"])), key: "a" }, bytes);
    expect((await oss.server.lookup.object("images-prod", "a"))?.size).toBe(bytes.length);
  });

  it.each([
    ["is not signed", {}, [["eq", "$key", "a"]], 403, "AccessDenied"],
    ["is signed by another", { Signature: "AAAA" }, [["eq", "$key", "a"]], 403, "SignatureDoesNotMatch"],
    ["breaks its policy", undefined, [["eq", "$key", "b"]], 403, "AccessDenied"],
    ["is larger than its policy allows", undefined, [["content-length-range", 0, 4]], 400, "EntityTooLarge"],
    ["is smaller than its policy asks", undefined, [["content-length-range", 6, 9]], 400, "EntityTooSmall"],
    ["has a condition that nobody knows", undefined, [["almost", "$key", "a"]], 400, "InvalidPolicyDocument"],
  ])("is refused when it %s", async (_, change, conditions, status, code) => {
    const signature = signer().calculatePostSignature(policyWith(...conditions));
    const fields = change === undefined ? signature : "Signature" in change ? { ...signature, ...change } : {};
    const answer = await post({ ...fields, key: "a" });
    expect([answer.status, await answer.text()]).toEqual([status, expect.stringContaining(`<Code>${code}</Code>`)]);
    expect(await stored("a")).toBeUndefined();
  });

  it.each([
    ["that is no form", "text/plain", "x"],
    ["without a boundary", "multipart/form-data", "x"],
    ["that does not start", "multipart/form-data; boundary=b", "x"],
    [
      "without a file",
      "multipart/form-data; boundary=b",
      '--b\r\nContent-Disposition: form-data; name="key"\r\n\r\na\r\n--b--\r\n',
    ],
    [
      "with endless fields",
      "multipart/form-data; boundary=b",
      `--b\r\nContent-Disposition: form-data; name="key"\r\n\r\n${"a".repeat(100_000)}\r\n--b--`,
    ],
  ])("is refused with a body %s", async (_, type, body) => {
    const answer = await fetch(`${oss.endpoint}/images-prod`, {
      method: "POST",
      headers: { "content-type": type },
      body,
    });
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining("MalformedPOSTRequest")]);
  });
});
