/** How the embedded ECS is spoken to: both signatures, sessions, formats, limits and faults. */
import * as ecs from "@alicloud/ecs20140526";
import type { Fault } from "../../../local/wire/faults.ts";
import type { PolicyDocument } from "../../../local/wire/identities.ts";
import { account, accountId, ecsOfEachTest, region, startEmbeddedEcs } from "./embedded-ecs.ts";
import { imports } from "./error-meetings.ts";
import { genericCall } from "./generic-client.ts";
import { type HandMade, type RawAnswer, sendAcs3, sendRpcV1 } from "./hand-made-request.ts";
import { officialClient } from "./official-client.ts";

const cloud = ecsOfEachTest();

/** Leaves no letter class out that clients and servers escape differently. */
const awkward = "a b+c&d=e!'()*~/%2F平";

const session = (policies?: readonly PolicyDocument[]) =>
  cloud.identities.issueSession({
    roleName: "fc",
    accountId,
    seconds: 900,
    now: cloud.clock.now(),
    ...(policies === undefined ? {} : { policies }),
  });

describe("signatures", () => {
  it.each([undefined, "v2"] as const)(
    "of the official client are accepted, algorithm %s",
    async (signatureAlgorithm) => {
      const options = signatureAlgorithm === undefined ? {} : { signatureAlgorithm };
      for (const caller of [account, session()]) {
        const client = officialClient(cloud.endpoint, caller, options);
        const tag = [new ecs.DescribeImagesRequestTag({ key: awkward, value: awkward })];
        const { body } = await client.describeImages(new ecs.DescribeImagesRequest({ regionId: region, tag }));
        expect(body?.totalCount).toBe(0);
      }
    },
  );

  it.each<[string, HandMade]>([
    ["GET", { method: "GET" }],
    ["POST with a query", { method: "POST" }],
    ["POST with a form", { method: "POST", form: true }],
  ])("of the older RPC scheme are accepted by %s", async (_name, how) => {
    const parameters = { RegionId: region, ImageName: awkward };
    const request = { ...how, action: "DescribeImages", format: "JSON", parameters };
    const answer = await sendRpcV1(cloud.endpoint, account, request);
    expect(answer.json).toMatchObject({ TotalCount: 0, RegionId: region });
    expect((await sendRpcV1(cloud.endpoint, session(), request)).status).toBe(200);
  });

  it.each([
    ["ACS3", sendAcs3],
    ["RPC v1", sendRpcV1],
  ])("by %s are refused when forged, replayed or out of time", async (_name, send) => {
    const code = async (request: HandMade) =>
      (await send(cloud.endpoint, account, { format: "JSON", ...request })).json["Code"];
    expect(await code({ signature: "forged" })).toBe("SignatureDoesNotMatch");
    expect(await code({ nonce: "once" })).toBeUndefined();
    expect(await code({ nonce: "once" })).toBe("SignatureNonceUsed");
    expect(await code({ minutesOff: -16 })).toBe("InvalidTimeStamp.Expired");
    expect(await code({ minutesOff: 16 })).toBe("IllegalTimestamp");
    expect(await code({ minutesOff: -14 })).toBeUndefined();
    expect(await code({ minutesOff: 14 })).toBeUndefined();
  });

  it("do not let a forged request use up a nonce", async () => {
    await sendAcs3(cloud.endpoint, account, { nonce: "mine", signature: "forged" });
    expect((await sendAcs3(cloud.endpoint, account, { nonce: "mine" })).status).toBe(200);
  });

  it("of an expired session are refused, and the official client sees the code", async () => {
    const caller = session();
    cloud.clock.advance(899);
    const call = genericCall(cloud.endpoint, caller);
    expect((await call("DescribeTasks", { RegionId: region })).code).toBe("OK");
    cloud.clock.advance(1);
    expect((await call("DescribeTasks", { RegionId: region })).code).toBe("InvalidSecurityToken.Expired");
  });
});

describe("permissions", () => {
  it("follow the caller's policies, and a refusal says what was missing", async () => {
    const resource = `acs:ecs:${region}:${accountId}:image/*`;
    const statement = { Effect: "Allow", Action: "ecs:DescribeImages", Resource: resource } as const;
    const call = genericCall(cloud.endpoint, session([{ Version: "1", Statement: [statement] }]));
    expect((await call("DescribeImages", { RegionId: region })).code).toBe("OK");
    const refused = await call("ImportImage", { RegionId: region });
    expect([refused.code, refused.status]).toEqual(["Forbidden.RAM", 403]);
    expect(refused.body["AccessDeniedDetail"]).toMatchObject({
      AuthAction: "ecs:ImportImage",
      NoPermissionType: "ImplicitDeny",
    });
  });

  it("of one image do not reach another", async () => {
    const resource = `acs:ecs:${region}:${accountId}:image/m-1`;
    const statement = { Effect: "Allow", Action: "ecs:*", Resource: resource } as const;
    const call = genericCall(cloud.endpoint, session([{ Version: "1", Statement: [statement] }]));
    expect((await call("DeleteImage", { RegionId: region, ImageId: "m-1" })).code).toBe("OK");
    expect((await call("DeleteImage", { RegionId: region, ImageId: "m-2" })).code).toBe("Forbidden.RAM");
  });
});

describe("formats", () => {
  it("are XML for an old client that asks for nothing else", async () => {
    const answer = await sendRpcV1(cloud.endpoint, account, { action: "DescribeRegions", parameters: {} });
    expect(answer.headers.get("content-type")).toBe("text/xml;charset=utf-8");
    expect(answer.text).toContain("<DescribeRegionsResponse><RequestId>");
    expect(answer.text).toContain("<Regions><Region><RegionId>cn-hangzhou</RegionId>");
    expect(answer.text).toContain("</Region><Region>");
  });

  it("hold for errors too, with the text escaped", async () => {
    const answer = await sendRpcV1(cloud.endpoint, account, { signature: "forged" });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain("<Error><RequestId>");
    expect(answer.text).toContain("<Code>SignatureDoesNotMatch</Code>");
    expect(answer.text).toContain("GET&amp;%2F&amp;");
  });

  it("put the request id into a header as well", async () => {
    const answer = await sendAcs3(cloud.endpoint, account);
    expect(answer.headers.get("x-acs-request-id")).toBe(answer.json["RequestId"]);
  });
});

describe("hostile requests", () => {
  const raw = async (path: string, init: RequestInit = {}): Promise<RawAnswer["status"]> =>
    (await fetch(`http://${cloud.endpoint}${path}`, init)).status;

  it.each([
    ["no action", "/"],
    ["a malformed escape", "/?Action=%zz"],
    ["an action of the prototype", "/?Action=constructor"],
    ["an unknown path", "/etc/passwd?Action=DescribeTasks"],
    ["a thousand parameters too many", `/?${"a=1&".repeat(1100)}`],
  ])("with %s are refused", async (_name, path) => {
    const status = await raw(path);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
  });

  it("with an authorization of another kind are refused", async () => {
    const headers = { authorization: "Bearer x", "x-acs-action": "DescribeTasks", "x-acs-version": "2014-05-26" };
    expect(await raw("/", { method: "POST", headers })).toBe(400);
  });

  it("with parameters named as properties of objects change nothing", async () => {
    await imports(cloud);
    const describe = async (more: Readonly<Record<string, string>>) => {
      const parameters = { RegionId: region, Status: "Waiting,Creating", ...more };
      const { status, json } = await sendAcs3(cloud.endpoint, account, { action: "DescribeImages", parameters });
      return { ...json, status, RequestId: undefined };
    };
    const usual = await describe({});
    expect(usual).toMatchObject({ status: 200, TotalCount: 1 });
    const odd = { ["__proto__"]: "1", "Filter.__proto__.Key": "1", "__proto__.1.ImageName": "1", constructor: "1" };
    expect(await describe(odd)).toEqual(usual);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

describe("limits", () => {
  it("on requests per second come with the time to wait", async () => {
    cloud.server.settings.requestsPerSecond = { DescribeTasks: 2 };
    const statuses = [];
    let last: RawAnswer | undefined;
    for (let count = 0; count < 3; count += 1) {
      last = await sendAcs3(cloud.endpoint, account);
      statuses.push(last.status);
    }
    expect(statuses).toEqual([200, 200, 400]);
    expect(last?.json["Code"]).toBe("Throttling.User");
    expect(Number(last?.headers.get("x-acs-retry-after"))).toBeGreaterThan(0);
    cloud.clock.advance(1);
    expect((await sendAcs3(cloud.endpoint, account)).status).toBe(200);
  });
});

describe("faults", () => {
  const call = () => genericCall(cloud.endpoint, account)("DescribeTasks", { RegionId: region });

  it("are asked for with the operation, the caller and the parameters", async () => {
    const seen: unknown[] = [];
    cloud.faults.plan = (request) => void seen.push(request);
    await call();
    expect(seen).toEqual([
      {
        service: "ecs",
        operation: "DescribeTasks",
        accessKeyId: account.accessKeyId,
        number: 1,
        parameters: expect.objectContaining({ RegionId: region }),
      },
    ]);
  });

  it("can be any refusal, with its headers", async () => {
    const headers = { "x-acs-retry-after": "1500" };
    cloud.faults.plan = () => ({ kind: "refuse", status: 429, code: "Throttling", message: "Slow down.", headers });
    expect(await call()).toMatchObject({ code: "Throttling", status: 429, body: { Message: "Slow down." } });
    expect((await sendAcs3(cloud.endpoint, account)).headers.get("x-acs-retry-after")).toBe("1500");
  });

  it("can be credentials that are taken for expired", async () => {
    cloud.faults.plan = () => ({ kind: "expired-credentials" });
    expect((await call()).code).toBe("InvalidSecurityToken.Expired");
  });

  it.each<Fault["kind"]>(["lost-answer", "reset-in-body", "truncated-200"])(
    "of kind %s lose the answer but not the import",
    async (kind) => {
      cloud.faults.plan = () => ({ kind }) as Fault;
      await expect(imports(cloud)).rejects.toThrow();
      expect(cloud.server.snapshot().tasks).toHaveLength(1);
    },
  );

  it("let the same ClientToken find the import whose answer was lost", async () => {
    const importImage = () => imports(cloud, { ClientToken: "token" });
    cloud.faults.plan = ({ number }) => (number === 1 ? { kind: "lost-answer" } : undefined);
    await expect(importImage()).rejects.toThrow();
    const { body } = await importImage();
    expect(cloud.server.snapshot().tasks.map(({ TaskId }) => TaskId)).toEqual([body["TaskId"]]);
  });

  it("of kind html-502 process nothing", async () => {
    cloud.faults.plan = () => ({ kind: "html-502" });
    await expect(call()).rejects.toThrow();
  });
});

describe("the server", () => {
  it("shows tasks and images in the words of its own API", async () => {
    const { body } = await imports(cloud);
    cloud.clock.advance(5);
    expect(cloud.server.snapshot()).toMatchObject({
      tasks: [{ TaskId: body["TaskId"], TaskStatus: "Processing", progress: 50, region }],
      images: [{ ImageId: body["ImageId"], ImageName: "web-1", Status: "Creating", RegionId: region }],
    });
  });

  it("says so when its port is taken", async () => {
    const port = Number(cloud.endpoint.split(":")[1]);
    const other = await startEmbeddedEcs();
    await other.server.close();
    await expect(other.server.listen(port)).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});
