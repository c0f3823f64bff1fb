import { readFileSync } from "node:fs";
import { authenticate } from "../../../local/oss/authentication.ts";
import { isRefusal } from "../../../local/oss/errors.ts";
import { resolveTarget } from "../../../local/oss/request-target.ts";
import { stringToSignV1 } from "../../../local/oss/signature-v1.ts";
import { canonicalRequestV4 } from "../../../local/oss/signature-v4.ts";
import { type EmbeddedOss, owner, session, settableClock, startEmbeddedOss } from "./embedded-target.ts";
import { sendRaw } from "./signed-request.ts";

interface Captured {
  readonly name: string;
  readonly client: string;
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly stringToSign: string;
  readonly canonicalRequest?: string;
}

/** Requests of an unmodified ali-oss 6.23.0, recorded byte for byte; keys and tokens are synthetic. */
const captured: Captured[] = JSON.parse(readFileSync("tests/fixtures/wire/oss/ali-oss-requests.json", "utf8"));
const capturedAt = new Date("2026-11-23T10:33:36Z");

const identities = {
  find: (id: string) => [owner, session].find(({ accessKeyId }) => accessKeyId === id),
  issueSession: () => session,
};

const signableOf = ({ method, url, headers }: Captured) => {
  const byName = new Map(headers.map(([name, value]) => [name.toLowerCase(), value]));
  const target = resolveTarget(byName.get("host"), url);
  if (isRefusal(target)) throw new Error("The captured request has no target.");
  return { method, headers: byName, ...target };
};

const verify = (request: Captured) =>
  authenticate(signableOf(request), { identities, now: capturedAt, region: "cn-hangzhou" });

describe.each(captured)("the captured request $name", (request) => {
  it("is signed by whom it says", () => {
    expect(verify(request)).toMatchObject({ identity: { accessKeyId: expect.stringMatching(/testak$/) } });
  });

  it("comes to the same string to sign as the client's", () => {
    const signable = signableOf(request);
    if (request.canonicalRequest === undefined) {
      expect(stringToSignV1(signable, signable.headers.get("x-oss-date") ?? "")).toBe(request.stringToSign);
    } else {
      expect(canonicalRequestV4(signable, [])).toBe(request.canonicalRequest);
    }
  });

  it("is refused when its path, a signed header or its method is changed", () => {
    const withHeader: Captured = { ...request, headers: [...request.headers, ["x-oss-meta-added", "1"]] };
    const method = request.method === "GET" ? "HEAD" : "GET";
    const path = request.url.replace(/^\/[^?]*/, (path) => `${path}x`);
    for (const tampered of [withHeader, { ...request, method }, { ...request, url: path }]) {
      expect(verify(tampered)).toMatchObject({ refused: "SignatureDoesNotMatch" });
    }
  });
});

describe("captured requests against the server", () => {
  let oss: EmbeddedOss;
  beforeAll(async () => {
    oss = await startEmbeddedOss({ clock: settableClock(capturedAt) });
  });
  afterAll(() => oss.close());

  it.each(captured.filter(({ name }) => name.endsWith("head-404") || name.endsWith("no-bucket")))(
    "answers $name as OSS does",
    async ({ method, url, headers }) => {
      const answer = await sendRaw({ endpoint: oss.endpoint, method, path: url, headers: Object.fromEntries(headers) });
      const document = Buffer.from(String(answer.headers["x-oss-err"]), "base64").toString();
      expect(answer.status).toBe(404);
      expect(document).toMatch(/<Code>(?:NoSuchKey|NoSuchBucket)<\/Code>/);
      expect(document).toContain(`<RequestId>${answer.headers["x-oss-request-id"]}</RequestId>`);
      expect(document).toContain(`<EC>${answer.headers["x-oss-ec"]}</EC>`);
    },
  );
});
