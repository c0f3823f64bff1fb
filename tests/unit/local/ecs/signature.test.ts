import { authenticate, type Gate } from "../../../../local/ecs/authentication.ts";
import { isRefusal } from "../../../../local/ecs/errors.ts";
import { parseRequest, type WireRequest } from "../../../../local/ecs/request.ts";
import type { Identity } from "../../../../local/wire/identities.ts";
import captures from "../../../fixtures/wire/ecs/signed-requests.json" with { type: "json" };

type Capture = (typeof captures)[number];

/** What the capture holds, as our own server sees it. */
const wire = ({ method, url, headers, body }: Capture): WireRequest => ({
  method,
  url,
  headers: headers as Record<string, string>,
  body: Buffer.from(body),
});

const token = (capture: Capture): string | undefined =>
  (capture.headers as Record<string, string>)["x-acs-security-token"];

const gate = (capture: Capture): Gate => {
  const securityToken = token(capture);
  const identity: Identity = {
    accessKeyId: capture.accessKeyId,
    accessKeySecret: capture.accessKeySecret,
    accountId: "1",
    ...(securityToken === undefined ? {} : { securityToken }),
  };
  return {
    identities: {
      find: (id) => (id === identity.accessKeyId ? identity : undefined),
      issueSession: () => identity,
    },
    nonces: new Map(),
    now: new Date("2026-11-23T10:02:00Z"),
    signingNow: new Date("2026-11-23T10:02:00Z"),
  };
};

const verdict = (request: WireRequest, at: Gate): string => {
  const parsed = parseRequest(request);
  if (isRefusal(parsed)) return parsed.code;
  const caller = authenticate(parsed, at);
  return isRefusal(caller) ? caller.code : caller.accessKeyId;
};

describe("requests captured from official clients", () => {
  it("cover both schemes, session credentials and both generations of clients", () => {
    expect(captures.length).toBeGreaterThanOrEqual(9);
    expect(captures.some((capture) => capture.url.includes("SignatureMethod=HMAC-SHA1"))).toBe(true);
    expect(captures.some((capture) => token(capture) !== undefined)).toBe(true);
  });

  describe.each(captures.map((capture) => [capture.name, capture] as const))("%s", (_name, capture) => {
    it("is accepted once, and its repetition refused", () => {
      const at = gate(capture);
      expect(verdict(wire(capture), at)).toBe(capture.accessKeyId);
      expect(verdict(wire(capture), at)).toBe("SignatureNonceUsed");
    });

    it("is refused when a parameter was changed on the way", () => {
      const tampered = { ...wire(capture), url: capture.url.replace("cn-hangzhou", "cn-shanghai") };
      expect(tampered.url).not.toBe(capture.url);
      expect(verdict(tampered, gate(capture))).toBe("SignatureDoesNotMatch");
    });

    it("is refused when a parameter was added", () => {
      const tampered = { ...wire(capture), url: `${capture.url}&Force=true` };
      expect(verdict(tampered, gate(capture))).toBe("SignatureDoesNotMatch");
    });

    it("is refused with another method or with the key of somebody else", () => {
      expect(verdict({ ...wire(capture), method: "GET" }, gate(capture))).toBe("SignatureDoesNotMatch");
      const stranger = gate({ ...capture, accessKeySecret: "other" });
      expect(verdict(wire(capture), stranger)).toBe("SignatureDoesNotMatch");
      expect(verdict(wire(capture), gate({ ...capture, accessKeyId: "LTAIother" }))).toBe(
        "InvalidAccessKeyId.NotFound",
      );
    });

    it("is refused 15 minutes after or before its time", () => {
      const late = { ...gate(capture), signingNow: new Date("2026-11-23T10:17:00Z") };
      const early = { ...gate(capture), signingNow: new Date("2026-11-23T09:45:00Z") };
      expect(verdict(wire(capture), late)).toBe("InvalidTimeStamp.Expired");
      expect(verdict(wire(capture), early)).toBe("IllegalTimestamp");
    });
  });

  const signedInHeaders = captures.filter(({ headers }) => "Authorization".toLowerCase() in headers);
  describe.each(signedInHeaders.map((capture) => [capture.name, capture] as const))("%s, by ACS3", (_name, capture) => {
    const headers = capture.headers as Record<string, string>;
    const change = (name: string, value: string): WireRequest => ({
      ...wire(capture),
      headers: { ...headers, [name]: value },
    });

    it.each(["host", "x-acs-action", "x-acs-signature-nonce", "x-acs-credentials-provider"])(
      "is refused with another %s",
      (name) => {
        expect(verdict(change(name, "other"), gate(capture))).toBe("SignatureDoesNotMatch");
      },
    );

    it("is refused with a body that it was not signed for", () => {
      const tampered = { ...wire(capture), body: Buffer.from("Force=true") };
      expect(verdict(tampered, gate(capture))).toBe("IncompleteSignature");
    });

    it("is refused when the action is not among the signed headers", () => {
      const authorization = (headers["authorization"] ?? "").replace("x-acs-action;", "");
      expect(verdict(change("authorization", authorization), gate(capture))).toBe("IncompleteSignature");
    });
  });

  it("stay refused as repetitions after others came, and are forgotten once too old to be repeated", () => {
    const [first, second, third] = captures;
    if (first === undefined || second === undefined || third === undefined) throw new Error("no captures");
    const { nonces } = gate(first);
    expect(verdict(wire(first), { ...gate(first), nonces })).toBe(first.accessKeyId);
    expect(verdict(wire(second), { ...gate(second), nonces })).toBe(second.accessKeyId);
    expect(verdict(wire(first), { ...gate(first), nonces })).toBe("SignatureNonceUsed");
    const old = new Map([["long ago", Date.parse("2026-11-23T09:00:00Z")], ...nonces]);
    expect(verdict(wire(third), { ...gate(third), nonces: old })).toBe(third.accessKeyId);
    expect([...old.keys()]).toHaveLength(3);
  });

  it("tell the developer what the server would have signed", () => {
    const [capture] = captures;
    if (capture === undefined) throw new Error("no captures");
    const parsed = parseRequest(wire(capture));
    if (isRefusal(parsed)) throw new Error(parsed.code);
    const caller = authenticate(parsed, gate({ ...capture, accessKeySecret: "other" }));
    expect(caller).toMatchObject({ message: expect.stringContaining("ACS3-HMAC-SHA256\n") });
    expect(caller).toMatchObject({ message: expect.stringContaining("POST\n/\n") });
  });
});
