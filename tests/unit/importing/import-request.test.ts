import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import * as ecs from "@alicloud/ecs20140526";
import fc from "fast-check";
import {
  attemptToken,
  fingerprintOf,
  type ImportImageRequest,
  wireParameters,
} from "../../../shared/importing/import-request.ts";
import { officialClient } from "../../contract/ecs/official-client.ts";
import definitions from "../../fixtures/ecs-api/parameter-names.json" with { type: "json" };

const everything: ImportImageRequest = {
  RegionId: "cn-hangzhou",
  ImageName: "系统-1",
  Description: "说明 a+b&c=d!*'()~",
  Architecture: "x86_64",
  OSType: "linux",
  Platform: "Rocky Linux",
  BootMode: "UEFI",
  LicenseType: "Auto",
  RoleName: "AliyunECSImageImportDefaultRole",
  ResourceGroupId: "rg-bp67acfmxazb4p",
  StorageLocationArn: "arn:acs:cloudbox:cn-hangzhou:123456:cloudbox/cb-bp1abc",
  DetectionStrategy: "Standard",
  Features: { NvmeSupport: "supported", ImdsSupport: "v2" },
  DiskDeviceMapping: [
    { OSSBucket: "images-prod", OSSObject: "in/系统 1+2%.qcow2", Format: "QCOW2", DiskImageSize: 40 },
    { OSSBucket: "images-prod", OSSObject: "in/data.raw" },
  ],
  Tag: [
    { Key: "team", Value: "" },
    { Key: "源", Value: "a&b=c" },
  ],
  ClientToken: "0".repeat(64),
  DryRun: false,
};

/** The same request for the official typed client, whose models name everything in lowerCamelCase. */
const asSdkRequest = (request: ImportImageRequest): ecs.ImportImageRequest => {
  const lower = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(lower);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [
        name.replace(/^(OSS|OS|[A-Z])/, (start) => start.toLowerCase()),
        lower(inner),
      ]),
    );
  };
  const { diskDeviceMapping, tag, features, ...scalars } = lower(request) as Record<string, object>;
  const { OSSBucket: _, ...names } = ecs.ImportImageRequestDiskDeviceMapping.names();
  expect(names["OSSObject"]).toBe("OSSObject");
  const disks = (diskDeviceMapping as Record<string, unknown>[]).map(
    ({ ossBucket, ossObject, ...rest }) =>
      new ecs.ImportImageRequestDiskDeviceMapping({ ...rest, OSSBucket: ossBucket, OSSObject: ossObject }),
  );
  return new ecs.ImportImageRequest({
    ...scalars,
    OSType: request.OSType,
    diskDeviceMapping: disks,
    tag: (tag as object[]).map((one) => new ecs.ImportImageRequestTag(one)),
    ...(features ? { features: new ecs.ImportImageRequestFeatures(features) } : {}),
  });
};

describe("the wire form of a request", () => {
  let server: Server;
  let seen: Record<string, string> = {};

  beforeAll(async () => {
    server = createServer((request, response) => {
      const url = new URL(request.url ?? "", "http://localhost");
      let body = "";
      request.on("data", (chunk) => {
        body += chunk;
      });
      request.on("end", () => {
        seen = Object.fromEntries([...url.searchParams, ...new URLSearchParams(body)]);
        response.setHeader("content-type", "application/json").end('{"RequestId":"R","ImageId":"m-1","TaskId":"t-1"}');
      });
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  });
  afterAll(() => new Promise((done) => server.close(done)));

  const sentByOfficialClient = async (request: ImportImageRequest): Promise<Record<string, string>> => {
    const { port } = server.address() as AddressInfo;
    const client = officialClient(`127.0.0.1:${port}`, { accessKeyId: "LTAItestak", accessKeySecret: "testsecret" });
    await client.importImage(asSdkRequest(request));
    return seen;
  };

  it("is what the official typed client sends, with every parameter", async () => {
    expect(wireParameters(everything)).toEqual(await sentByOfficialClient(everything));
  });

  it("is what the official typed client sends, with the least", async () => {
    const least: ImportImageRequest = {
      RegionId: "cn-hangzhou",
      ImageName: "web",
      DiskDeviceMapping: [{ OSSBucket: "b", OSSObject: "o.raw" }],
      Tag: [],
    };
    expect(wireParameters(least)).toEqual(await sentByOfficialClient(least));
  });

  it("has every parameter that ImportImage is defined with, and no other", () => {
    const names = new Set(Object.keys(wireParameters(everything)).map((name) => name.split(".")[0]));
    expect([...names].sort()).toEqual([...definitions.operations.ImportImage].sort());
  });
});

const text = fc.string({ maxLength: 12 });
const optional = { requiredKeys: ["RegionId", "ImageName", "DiskDeviceMapping", "Tag"] as const };
const anyRequest: fc.Arbitrary<ImportImageRequest> = fc
  .record(
    {
      RegionId: text,
      ImageName: text,
      Description: text,
      Architecture: text,
      BootMode: text,
      DiskDeviceMapping: fc.array(fc.record({ OSSBucket: text, OSSObject: text, DiskImageSize: fc.nat() }), {
        maxLength: 3,
      }),
      Tag: fc.array(fc.record({ Key: text, Value: text }), { maxLength: 3 }),
    },
    { requiredKeys: [...optional.requiredKeys] },
  )
  .map((request) => request as ImportImageRequest);

/** The same object with its keys in another order, all the way down. */
const reversed = <T>(value: T): T => {
  if (Array.isArray(value)) return value.map(reversed) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, reversed(inner)]),
  ) as T;
};

describe("the fingerprint of a request", () => {
  it("does not depend on the order in which parameters are said", () => {
    fc.assert(
      fc.property(anyRequest, fc.array(text), (request, etags) => {
        expect(fingerprintOf(reversed(request), etags)).toBe(fingerprintOf(request, etags));
      }),
    );
  });

  it("is the same for two requests only when their wire forms and disks are", () => {
    fc.assert(
      fc.property(anyRequest, anyRequest, fc.array(text), fc.array(text), (a, b, etagsOfA, etagsOfB) => {
        const sorted = (request: ImportImageRequest) => Object.entries(wireParameters(request)).sort();
        const same = JSON.stringify([sorted(a), etagsOfA]) === JSON.stringify([sorted(b), etagsOfB]);
        expect(fingerprintOf(a, etagsOfA) === fingerprintOf(b, etagsOfB)).toBe(same);
      }),
    );
  });

  it.each(Object.keys(wireParameters(everything)))("changes with %s", (name) => {
    const change = (value: unknown): unknown =>
      typeof value === "number" ? value + 1 : typeof value === "boolean" ? !value : `${value}x`;
    const copy = structuredClone(everything);
    const path = name.split(".").map((part) => (/^\d+$/.test(part) ? Number(part) - 1 : part));
    const last = path.pop() ?? "";
    const holder = path.reduce<Record<string | number, unknown>>(
      (part, step) => part[step] as Record<string, unknown>,
      copy as unknown as Record<string, unknown>,
    );
    holder[last] = change(holder[last]);
    expect(fingerprintOf(copy, ["A"])).not.toBe(fingerprintOf(everything, ["A"]));
  });

  it("changes with the version and the order of the disks", () => {
    const prints = [["A", "B"], ["B", "A"], ["A"], ["A", "C"], ["AB"]].map((etags) => fingerprintOf(everything, etags));
    expect(new Set(prints).size).toBe(5);
  });
});

describe("the token of an attempt", () => {
  it("is one that ECS takes, and another for each job, attempt and request", () => {
    const hex = (length: number) =>
      fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: length, maxLength: length });
    const parts = fc.tuple(hex(32), fc.integer({ min: 1, max: 9999 }), hex(64));
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        expect(attemptToken(...a)).toMatch(/^[0-9a-f]{64}$/);
        expect(attemptToken(...a)).toBe(attemptToken(...a));
        expect(attemptToken(...a) === attemptToken(...b)).toBe(JSON.stringify(a) === JSON.stringify(b));
        expect(attemptToken(a[0], a[1] + 1, a[2])).not.toBe(attemptToken(...a));
      }),
    );
  });
});
