import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createOssServer } from "../../../local/oss/server.ts";
import { noFaults } from "../../../local/wire/faults.ts";
import { systemClock } from "../../../shared/clock.ts";
import { ossContract } from "./oss-contract.ts";

describe("the embedded OSS", () => {
  ossContract(async () => {
    const directory = await mkdtemp(join(tmpdir(), "oss-"));
    const identity = { accessKeyId: "LTAItest", accessKeySecret: "secret", accountId: "1234567890123456" };
    const server = await createOssServer({
      clock: systemClock,
      identities: {
        find: (id) => (id === identity.accessKeyId ? identity : undefined),
        issueSession: () => identity,
      },
      faults: noFaults(),
      dataDirectory: directory,
      region: "cn-hangzhou",
      accountId: identity.accountId,
    });
    await server.createBucket("contract-bucket");
    const { endpoint } = await server.listen(0);
    return {
      options: { ...identity, endpoint, region: "oss-cn-hangzhou", bucket: "contract-bucket" },
      dispose: async () => {
        await server.close();
        await rm(directory, { recursive: true });
      },
    };
  });
});
