import { authenticateFc2, fc2StringToSign } from "../../../../local/fc/fc2-signature.ts";
import { createIdentities } from "../../../../local/ram/identities.ts";

// Captured from @alicloud/fc2 2.6.6 with a made-up key: an asynchronous invocation with the body {"a":1}.
const captured = {
  method: "POST",
  path: "/2016-08-15/services/svc/functions/fn/invocations",
  headers: {
    date: "Mon, 23 Nov 2026 10:31:50 GMT",
    host: "127.0.0.1",
    "x-fc-account-id": "123456",
    "x-fc-invocation-type": "Async",
    "x-fc-stateful-async-invocation-id": "id-1",
    "content-type": "application/octet-stream",
    "content-length": "7",
    "content-md5": "YmI2Y2I1YzY4ZGY0NjUyOTQxY2FmNjUyYTM2NmYyZDg=",
    authorization: "FC LTAItestak:OFg0ZqV47WbQbCu306de1qeJfYQfLDIGvb977V/tm0s=",
  },
  body: Buffer.from('{"a":1}'),
};
const identity = { accessKeyId: "LTAItestak", accessKeySecret: "testsecret", accountId: "123456" };
const gate = (signingNow = "2026-11-23T10:32:00Z") => ({
  identities: createIdentities([identity]),
  now: new Date("2026-11-23T10:32:00Z"),
  signingNow: new Date(signingNow),
});
const withHeaders = (headers: Record<string, string | undefined>) => ({
  ...captured,
  headers: { ...captured.headers, ...headers },
});

describe("the FC 2.0 signature", () => {
  it("is computed over what the official client signs", () => {
    expect(fc2StringToSign(captured)).toBe(
      "POST\nYmI2Y2I1YzY4ZGY0NjUyOTQxY2FmNjUyYTM2NmYyZDg=\napplication/octet-stream\nMon, 23 Nov 2026 10:31:50 GMT\nx-fc-account-id:123456\nx-fc-invocation-type:Async\nx-fc-stateful-async-invocation-id:id-1\n/2016-08-15/services/svc/functions/fn/invocations",
    );
  });

  it("accepts the official client's request", () => {
    expect(authenticateFc2(captured, gate())).toBe(identity);
  });

  it.each([
    ["another method", { ...captured, method: "GET" }, "SignatureNotMatch"],
    ["another path", { ...captured, path: `${captured.path}x` }, "SignatureNotMatch"],
    ["another x-fc- header", withHeaders({ "x-fc-invocation-type": "Sync" }), "SignatureNotMatch"],
    ["an x-fc- header more", withHeaders({ "x-fc-log-type": "Tail" }), "SignatureNotMatch"],
    ["another body", { ...captured, body: Buffer.from('{"a":2}') }, "InvalidArgument"],
    ["no signature", withHeaders({ authorization: undefined }), "MissingRequiredHeader"],
    ["a signature that is too short", withHeaders({ authorization: "FC LTAItestak:OFg0" }), "SignatureNotMatch"],
    ["no date", withHeaders({ date: undefined }), "MissingRequiredHeader"],
    ["a token that the key has not", withHeaders({ "x-fc-security-token": "t" }), "InvalidSecurityToken"],
  ])("refuses %s", (_, request, code) => {
    expect(authenticateFc2(request, gate())).toMatchObject({ code });
  });

  it.each([
    ["2026-11-23T10:46:50Z", undefined],
    ["2026-11-23T10:46:51Z", "RequestTimeTooSkewed"],
    ["2026-11-23T10:16:49Z", "RequestTimeTooSkewed"],
  ])("at %s answers %s", (now, code) => {
    const outcome = authenticateFc2(captured, gate(now));
    expect("code" in outcome ? outcome.code : undefined).toBe(code);
  });

  it("refuses a session that has expired", () => {
    const identities = createIdentities([]);
    const now = new Date("2026-11-23T10:32:00Z");
    const session = identities.issueSession({ roleName: "r", accountId: "1", seconds: 60, now });
    const headers = {
      authorization: `FC ${session.accessKeyId}:x`,
      "x-fc-security-token": session.securityToken ?? "",
    };
    const later = new Date(now.getTime() + 60_000);
    expect(authenticateFc2(withHeaders(headers), { identities, now: later, signingNow: now })).toMatchObject({
      code: "SecurityTokenExpired",
    });
  });
});
