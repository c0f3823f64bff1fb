import { systemClock } from "../../../shared/clock.ts";
import { owner, startEmbeddedOss } from "./embedded-target.ts";
import { ossContract } from "./oss-contract.ts";

const session = {
  ...owner,
  accessKeyId: "STS.live",
  securityToken: "CAISlive",
  expiresAt: new Date(systemClock.now().getTime() + 3_600_000),
};

describe("the embedded OSS", () => {
  ossContract(async () => {
    const oss = await startEmbeddedOss({ clock: systemClock, identityList: [owner, session] });
    const where = { endpoint: oss.endpoint, region: "oss-cn-hangzhou", bucket: oss.bucket };
    const { accessKeyId, accessKeySecret } = owner;
    return {
      keys: { ...where, accessKeyId, accessKeySecret },
      session: {
        ...where,
        accessKeyId: session.accessKeyId,
        accessKeySecret: session.accessKeySecret,
        stsToken: session.securityToken,
        // Without these two ali-oss prints a warning.
        refreshSTSToken: () => Promise.reject(new Error("The session outlives the test.")),
        refreshSTSTokenInterval: 3_600_000,
      },
      dispose: oss.close,
    };
  });
});
