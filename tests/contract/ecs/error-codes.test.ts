/** Walks the whole table of error codes and meets every one: by its real cause where it has one, else by a script. */
import { type EcsErrorCode, ecsErrors } from "../../../local/ecs/errors.ts";
import { imageImportRole } from "../../../local/ram/roles.ts";
import { account, ecsOfEachTest } from "./embedded-ecs.ts";
import { imports, meetings, withRolePolicy } from "./error-meetings.ts";
import type { Seen } from "./generic-client.ts";
import { sendRpcV1 } from "./hand-made-request.ts";

const codes = Object.keys(ecsErrors) as EcsErrorCode[];

describe("every error code of the table", () => {
  const cloud = ecsOfEachTest();

  it.each(codes)("%s can be met", async (code) => {
    const meeting = meetings[code];
    let seen: Seen;
    if (meeting === "script") {
      cloud.server.failNext("ImportImage", code);
      seen = await imports(cloud);
      expect((await imports(cloud)).code).toBe("OK");
    } else {
      seen = await meeting(cloud);
    }
    expect([seen.code, seen.status]).toEqual([code, ecsErrors[code].status]);
    expect(seen.body["Message"]).not.toContain("%s");
  });

  it.each(codes)("%s says whether only a script brings it about", (code) => {
    expect(ecsErrors[code].met === undefined).toBe(meetings[code] === "script");
  });

  it("includes the good import, which meets none", async () => {
    expect((await imports(cloud)).code).toBe("OK");
  });

  it("meets NoSetRole… for a role that does not trust ECS, or lacks one action", async () => {
    cloud.roles.set("Untrusting", { ...imageImportRole, trustedServices: ["fc.aliyuncs.com"] });
    expect((await imports(cloud, { RoleName: "Untrusting" })).code).toBe("NoSetRoletoECSServiceAcount");
    const read = { Effect: "Allow", Action: "oss:GetObject", Resource: "*" } as const;
    expect((await withRolePolicy(read)(cloud)).code).toBe("NoSetRoletoECSServiceAcount");
  });

  it("echoes the string to sign to an old client, too", async () => {
    const { status, json } = await sendRpcV1(cloud.endpoint, account, { signature: "forged", format: "JSON" });
    expect(status).toBe(400);
    expect(json).toMatchObject({
      Code: "SignatureDoesNotMatch",
      Message: expect.stringContaining("GET&%2F&AccessKeyId%3DLTAItestak"),
    });
  });
});
